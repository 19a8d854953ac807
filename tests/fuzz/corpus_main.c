/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls a fuzz target once for every file that is named, or that lies in a directory that is named:
 * so what fuzzing found once is tested in every build, with any compiler.
 */
#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>

#include "tests/fuzz/fuzz.h"

#define INPUT_MAX (16U << 20)

static int run_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t *data = NULL;
	struct stat st;
	size_t size;
	int r = 0;

	if (file == NULL)
		return -errno;
	if (fstat(fileno(file), &st) < 0 || st.st_size > INPUT_MAX) {
		r = -EFBIG;
		goto out;
	}
	size = (size_t)st.st_size;
	/* Memory of just this size, so that a step beyond it is seen. */
	data = malloc(size > 0 ? size : 1);
	if (data == NULL || fread(data, 1, size, file) != size) {
		r = -EIO;
		goto out;
	}
	LLVMFuzzerTestOneInput(data, size);
out:
	free(data);
	fclose(file);
	return r;
}

static int run_counted(const char *path, unsigned int *n_run)
{
	int r = run_file(path);

	if (r < 0)
		fprintf(stderr, "%s: %s\n", path, strerror(-r));
	else
		++*n_run;
	return r;
}

static int run_directory(const char *path, unsigned int *n_run)
{
	struct dirent **entries;
	int n = scandir(path, &entries, NULL, alphasort), r = 0;

	if (n < 0)
		return -errno;
	for (int i = 0; i < n; i++) {
		char file[4096];

		snprintf(file, sizeof(file), "%s/%s", path, entries[i]->d_name);
		if (entries[i]->d_name[0] != '.' && run_counted(file, n_run) < 0)
			r = -EIO;
		free(entries[i]);
	}
	free(entries);
	return r;
}

int main(int argc, char **argv)
{
	unsigned int n_run = 0;
	int failed = 0;

	for (int i = 1; i < argc; i++) {
		struct stat st;
		int r;

		if (stat(argv[i], &st) == 0 && S_ISDIR(st.st_mode))
			r = run_directory(argv[i], &n_run);
		else
			r = run_counted(argv[i], &n_run);
		if (r < 0)
			failed = 1;
	}
	printf("%u inputs\n", n_run);
	if (n_run == 0)
		fprintf(stderr, "no input was found\n");
	return failed != 0 || n_run == 0 ? 1 : 0;
}
