/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Command lines of guests and names of threads, which any local process may choose. */
#include "base/uuid.h"
#include "collectors/vmm.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct guest_config c;
	char role[ROLE_SIZE], *text;
	uint32_t pid = 0;
	int vcpu;

	guest_config_parse((const char *)data, size, &c);
	PROMISE(memchr(c.name, '\0', sizeof(c.name)) && memchr(c.uuid, '\0', sizeof(c.uuid)));
	PROMISE(memchr(c.vmm, '\0', sizeof(c.vmm)) &&
		memchr(c.memory_path, '\0', sizeof(c.memory_path)));
	PROMISE(!c.uuid[0] || uuid_is_valid(c.uuid));
	text = fuzz_text(data, size);
	thread_role(text, false, role, &vcpu);
	PROMISE(memchr(role, '\0', sizeof(role)) && role[0] && vcpu >= -1);
	PROMISE(!kernel_thread_guest(text, &pid, role) || pid > 0);
	free(text);
	return 0;
}
