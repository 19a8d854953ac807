/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "profile/elf_symbols.h"

#include <errno.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/xalloc.h"

/* A table of symbols is followed by few others; a hostile file may name as many as it likes. */
#define SECTIONS_MAX 4096

static void take_segments(struct elf_symbols *e, Elf *elf)
{
	size_t n = 0;

	if (elf_getphdrnum(elf, &n) < 0)
		return;
	for (size_t i = 0; i < n && i < INT32_MAX && e->segments < ELF_SEGMENTS_MAX; i++) {
		GElf_Phdr h;

		if (!gelf_getphdr(elf, (int)i, &h))
			return;
		if (h.p_type == PT_LOAD)
			e->segment[e->segments++] = (struct elf_segment){
				.offset = h.p_offset, .size = h.p_filesz, .address = h.p_vaddr
			};
	}
}

static void take_symbol(struct elf_symbols *e, Elf *elf, size_t names, const GElf_Sym *sym)
{
	unsigned type = GELF_ST_TYPE(sym->st_info);
	const char *name;

	if ((type != STT_FUNC && type != STT_GNU_IFUNC) || sym->st_shndx == SHN_UNDEF ||
	    sym->st_value == 0)
		return;
	name = elf_strptr(elf, names, sym->st_name);
	if (name)
		symbols_add(&e->symbols, sym->st_value, sym->st_size, slice_of(name),
		    (struct slice){ "", 0 }, GELF_ST_BIND(sym->st_info) == STB_GLOBAL);
}

static void take_section(struct elf_symbols *e, Elf *elf, Elf_Scn *section)
{
	GElf_Shdr h;
	Elf_Data *data;
	size_t entry = gelf_fsize(elf, ELF_T_SYM, 1, EV_CURRENT), n;

	if (!gelf_getshdr(section, &h) || (h.sh_type != SHT_SYMTAB && h.sh_type != SHT_DYNSYM) ||
	    entry == 0)
		return;
	data = elf_getdata(section, NULL);
	if (!data || data->d_type != ELF_T_SYM)
		return;
	n = data->d_size / entry;
	for (size_t i = 0; i < n && i < SYMBOLS_MAX; i++) {
		GElf_Sym sym;

		if (!gelf_getsym(data, (int)i, &sym))
			return;
		take_symbol(e, elf, h.sh_link, &sym);
	}
}

int elf_symbols_parse(struct elf_symbols *e, char *image, size_t len)
{
	Elf_Scn *section = NULL;
	size_t sections = 0;
	Elf *elf;

	if (len < EI_NIDENT || elf_version(EV_CURRENT) == EV_NONE)
		return -ENOEXEC;
	elf = elf_memory(image, len);
	if (!elf || elf_kind(elf) != ELF_K_ELF) {
		elf_end(elf);
		return -ENOEXEC;
	}
	take_segments(e, elf);
	while (sections++ < SECTIONS_MAX && (section = elf_nextscn(elf, section)))
		take_section(e, elf, section);
	elf_end(elf);
	symbols_sort(&e->symbols);
	return 0;
}

static int read_all(int fd, char *image, size_t len)
{
	for (size_t at = 0; at < len;) {
		ssize_t n = pread(fd, image + at, len - at, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return -EIO;
		at += (size_t)n;
	}
	return 0;
}

int elf_symbols_read(struct elf_symbols *e, int fd)
{
	struct stat st;
	char *image;
	int r;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	if (st.st_size < EI_NIDENT)
		return -ENOEXEC;
	if ((uint64_t)st.st_size > ELF_FILE_MAX)
		return -EFBIG;
	image = xmalloc((size_t)st.st_size);
	r = read_all(fd, image, (size_t)st.st_size);
	if (r == 0)
		r = elf_symbols_parse(e, image, (size_t)st.st_size);
	free(image);
	return r;
}

void elf_symbols_done(struct elf_symbols *e)
{
	symbols_done(&e->symbols);
	e->segments = 0;
}

const struct symbol *elf_symbols_find(const struct elf_symbols *e, uint64_t offset)
{
	for (size_t i = 0; i < e->segments; i++) {
		const struct elf_segment *g = &e->segment[i];

		if (offset >= g->offset && offset - g->offset < g->size)
			return symbols_find(&e->symbols, g->address + (offset - g->offset));
	}
	return NULL;
}
