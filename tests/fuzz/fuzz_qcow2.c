/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Headers of images, which guests and strangers write. */
#include "collectors/qcow2.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct qcow2_header h;
	char text[96];

	if (qcow2_parse(data, size, &h) < 0)
		return 0;
	PROMISE(h.cluster_bytes >= 512 && h.cluster_bytes <= 2 << 20);
	PROMISE(qcow2_l2_needed(&h) / 16 <= h.size_bytes / h.cluster_bytes + 1);
	PROMISE(qcow2_l2_cache(&h, 0, 0) >= 2 * h.cluster_bytes);
	PROMISE(qcow2_l2_cache(&h, UINT64_MAX, 0) >= 2 * h.cluster_bytes);
	qcow2_features(&h, text, sizeof(text));
	PROMISE(memchr(text, '\0', sizeof(text)) && text[0] == 'v');
	return 0;
}
