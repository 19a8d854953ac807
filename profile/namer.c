/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "profile/namer.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/root.h"
#include "base/xalloc.h"
#include "profile/elf_symbols.h"
#include "profile/guest_files.h"
#include "profile/kallsyms.h"
#include "profile/maps.h"

/* A process maps few programs and libraries. */
#define FILES_MAX 512
/* What the symbols of all files may take; a program with all that it needs has a tenth of it. */
#define FILES_BYTES_MAX ((size_t)256 << 20)
/* An address that is mapped nowhere may be in a library that has just been loaded. */
#define MAPS_AGAIN_NS NS_PER_SEC

struct file {
	uint64_t device, inode;
	struct elf_symbols symbols; /* empty where the file could not be read */
};

struct namer {
	const struct root *root;
	uint32_t pid;
	const struct guest_symbols *guest;
	struct symbols kernel;
	const char *problem;
	struct maps maps;
	uint64_t maps_ns; /* when they were read */
	struct file *file;
	size_t files, cap;
	size_t bytes; /* that the symbols of files take */
};

static void read_kernel(struct namer *n)
{
	struct kallsyms_facts facts;
	struct text text = { 0 };
	int r = root_read_all(n->root, "proc/kallsyms", &text);

	if (r == 0)
		r = kallsyms_parse(&n->kernel, text.p ? text.p : "", text.len, &facts);
	text_done(&text);
	symbols_sort(&n->kernel);
	if (r == -EPERM)
		n->problem = "The host's kernel hides its addresses: they take CAP_SYSLOG, or "
			     "kernel.kptr_restrict=0.";
	else if (r < 0)
		n->problem = "The host's kernel tells no symbols (CONFIG_KALLSYMS).";
}

static void read_maps(struct namer *n)
{
	struct text text = { 0 };
	char path[40];

	snprintf(path, sizeof(path), "proc/%u/maps", n->pid);
	n->maps_ns = clock_mono_ns();
	/* Of a process that has ended the last ones still hold. */
	if (root_read_all(n->root, path, &text) == 0 && text.len) {
		maps_done(&n->maps);
		maps_parse(&n->maps, text.p, text.len);
	}
	text_done(&text);
}

struct namer *namer_new(const struct root *root, uint32_t pid, const struct guest_symbols *guest)
{
	struct namer *n = xcalloc(1, sizeof(*n));

	n->root = root;
	n->pid = pid;
	n->guest = guest;
	read_kernel(n);
	if (pid)
		read_maps(n);
	return n;
}

void namer_free(struct namer *n)
{
	if (!n)
		return;
	for (size_t i = 0; i < n->files; i++)
		elf_symbols_done(&n->file[i].symbols);
	free(n->file);
	maps_done(&n->maps);
	symbols_done(&n->kernel);
	free(n);
}

/* The very file that is mapped, even if it was deleted since; that takes CAP_SYS_ADMIN. */
static int open_mapped(const struct namer *n, const struct mapping *m)
{
	char path[96];

	snprintf(
	    path, sizeof(path), "proc/%u/map_files/%" PRIx64 "-%" PRIx64, n->pid, m->start, m->end);
	return root_open_file(n->root, path);
}

/* The file of that name as the process sees it, should it still be the same. */
static int open_named(const struct namer *n, const struct mapping *m)
{
	char directory[40];
	struct stat st;
	int fd;

	if (m->path[0] != '/' || m->path[1] == '\0')
		return -ENOENT;
	snprintf(directory, sizeof(directory), "proc/%u/root", n->pid);
	fd = root_open_below(n->root, directory, m->path + 1);
	if (fd < 0)
		return fd;
	/* Devices differ on file systems that lie on others; inodes hardly do. */
	if (fstat(fd, &st) < 0 || st.st_ino != m->inode) {
		close(fd);
		return -ESTALE;
	}
	return fd;
}

static struct file *find_file(struct namer *n, const struct mapping *m)
{
	struct file *f;
	int fd;

	for (size_t i = 0; i < n->files; i++)
		if (n->file[i].inode == m->inode && n->file[i].device == m->device)
			return &n->file[i];
	if (n->files == FILES_MAX || n->bytes >= FILES_BYTES_MAX)
		return NULL;
	n->file = xgrow(n->file, n->files, &n->cap, sizeof(*n->file));
	f = &n->file[n->files++];
	*f = (struct file){ .device = m->device, .inode = m->inode };
	fd = open_mapped(n, m);
	if (fd < 0)
		fd = open_named(n, m);
	if (fd < 0)
		return f;
	f->symbols.symbols.max_bytes = FILES_BYTES_MAX - n->bytes;
	if (elf_symbols_read(&f->symbols, fd) < 0)
		elf_symbols_done(&f->symbols);
	n->bytes += symbols_bytes(&f->symbols.symbols);
	close(fd);
	return f;
}

static struct named name_user(struct namer *n, uint64_t ip)
{
	const struct mapping *m = maps_find(&n->maps, ip);
	const struct symbol *symbol;
	struct named named = { "[unknown]", NULL, ip };
	const char *slash;
	struct file *f;

	if (!m && n->pid && clock_mono_ns() > n->maps_ns + MAPS_AGAIN_NS) {
		read_maps(n);
		m = maps_find(&n->maps, ip);
	}
	if (!m)
		return named;
	slash = strrchr(m->path, '/');
	named.object = slash ? slash + 1 : m->path[0] ? m->path : "[code]";
	f = m->inode ? find_file(n, m) : NULL;
	if (f)
		named.address = ip - m->start + m->offset;
	symbol = f ? elf_symbols_find(&f->symbols, named.address) : NULL;
	if (symbol)
		named.symbol = symbol_name(&f->symbols.symbols, symbol);
	return named;
}

static struct named name_kernel(const struct symbols *s, uint64_t ip, const char *object)
{
	const struct symbol *symbol = symbols_find(s, ip);
	struct named named = { object, NULL, ip };

	if (!symbol)
		return named;
	named.symbol = symbol_name(s, symbol);
	if (*symbol_object(s, symbol))
		named.object = symbol_object(s, symbol);
	return named;
}

static struct named name_guest(const struct namer *n, uint64_t ip)
{
	struct named named = name_kernel(&n->guest->kernel, ip, "[guest kernel]");
	const struct symbol *module;

	if (named.symbol)
		return named;
	module = symbols_find(&n->guest->modules, ip);
	if (module)
		named.object = symbol_name(&n->guest->modules, module);
	return named;
}

struct named namer_name(struct namer *n, enum cpu_mode mode, uint64_t ip)
{
	switch (mode) {
	case CPU_GUEST_KERNEL:
		return name_guest(n, ip);
	case CPU_GUEST_USER:
		return (struct named){ "[guest user]", NULL, ip };
	case CPU_HOST_KERNEL:
		return name_kernel(&n->kernel, ip, "[kernel]");
	case CPU_HOST_USER:
		return name_user(n, ip);
	default:
		return (struct named){ "[unknown]", NULL, ip };
	}
}

const char *namer_problem(const struct namer *n)
{
	return n->problem;
}
