/* SPDX-License-Identifier: MIT
 *
 * An ELF file's headers, checked: what is kept of them can be mapped without a
 * further look.
 */
#include "core/note.h"
#include "posix/linux.h"
#include "proc/elf.h"
#include "proc/exec.h"
#include "vm/vm.h"

#define PAGE 4096ul
#define LOWEST 0x10000ul        /* page zero and its neighbours stay empty */
#define HEADERS_MAX 64
#define NOTE_MAX 1024ul
#define STAYS_BELOW 0x0000600000000000ul /* of a program that is placed by us */

static bool read_all(struct file *f, void *buf, size_t n, uint64_t offset)
{
	return file_read(f, buf, n, offset) == (long)n;
}

static bool header_good(const struct elf_header *h)
{
	static const uint8_t ident[7] = { 0x7f, 'E', 'L', 'F', 2, 1, 1 };

	return !memcmp(h->ident, ident, sizeof ident) && h->machine == MACHINE_X86_64
		&& (h->type == ET_EXEC || h->type == ET_DYN)
		&& h->phentsize == sizeof(struct elf_segment) && h->phnum && h->phnum <= HEADERS_MAX;
}

/* Whether the note is ours: 1; another libOS's layout: -ENOEXEC; else 0. */
static int note_check(struct file *f, const struct elf_segment *s)
{
	struct exo_note n;

	for (uint64_t at = 0; s->filesz <= NOTE_MAX && at + sizeof n <= s->filesz;) {
		if (!read_all(f, &n, sizeof n, s->offset + at))
			return -ENOEXEC;
		if (n.type == EXO_NOTE_TYPE && n.name_size == sizeof n.name && !memcmp(n.name, EXO_NOTE_NAME, sizeof n.name))
			return n.hash == EXO_LAYOUT_HASH && n.version == EXO_ABI_VERSION ? 1 : -ENOEXEC;
		if (n.name_size > NOTE_MAX || n.desc_size > NOTE_MAX)
			return 0;
		at += 12 + ((n.name_size + 3) & ~3u) + ((n.desc_size + 3) & ~3u);
	}
	return 0;
}

static int segment_add(struct exec_image *im, const struct elf_segment *s, uint64_t bias)
{
	struct exec_segment *to = &im->segment[im->segments];

	if (!s->memsz)
		return 0;
	if (im->segments == EXEC_SEGMENTS || s->filesz > s->memsz || s->vaddr + s->memsz < s->vaddr
	    || s->offset + s->filesz < s->offset || s->offset + s->filesz > file_size(im->file)
	    || (s->offset ^ s->vaddr) & (PAGE - 1))
		return -ENOEXEC;
	to->vaddr = s->vaddr + bias;
	to->memsz = s->memsz;
	to->filesz = s->filesz;
	to->offset = s->offset;
	to->prot = (s->flags & PF_R ? VM_READ : 0) | (s->flags & PF_W ? VM_WRITE : 0) | (s->flags & PF_X ? VM_EXEC : 0);
	im->segments++;
	return 0;
}

/* The application's segments lie below the libOS, or all of them where a program without
 * a place of its own is put; the libOS's only in an image that brings one. */
static bool place_good(const struct exec_image *im, const struct exec_segment *s, bool pie)
{
	uint64_t end = s->vaddr + s->memsz;

	if (pie)
		return s->vaddr >= EXEC_PIE_BASE && end <= STAYS_BELOW;
	if (im->linked && s->vaddr >= EXO_LIBOS_BASE)
		return end <= EXO_LIBOS_END;
	return s->vaddr >= LOWEST && end <= EXO_LIBOS_BASE;
}

static int places_check(struct exec_image *im, bool pie)
{
	bool entry = false;

	for (unsigned i = 0; i < im->segments; i++) {
		const struct exec_segment *s = &im->segment[i];

		if (!place_good(im, s, pie))
			return -ENOEXEC;
		for (unsigned k = 0; k < i; k++)
			if ((s->vaddr & -PAGE) < im->segment[k].vaddr + im->segment[k].memsz
			    && (im->segment[k].vaddr & -PAGE) < s->vaddr + s->memsz)
				return -ENOEXEC;
		if ((s->vaddr < EXO_LIBOS_BASE || pie) && s->vaddr + s->memsz > im->brk)
			im->brk = s->vaddr + s->memsz;
		if (s->prot & VM_EXEC && im->entry - s->vaddr < s->memsz && (!im->linked || s->vaddr >= EXO_LIBOS_BASE))
			entry = true;
	}
	return entry ? 0 : -ENOEXEC;
}

/* Where the program headers are seen in memory. */
static uint64_t find_phdr(const struct exec_image *im, uint64_t phoff)
{
	for (unsigned i = 0; i < im->segments; i++)
		if (phoff >= im->segment[i].offset && phoff - im->segment[i].offset < im->segment[i].filesz)
			return im->segment[i].vaddr + phoff - im->segment[i].offset;
	return 0;
}

static int segments_read(struct exec_image *im, const struct elf_header *h, uint64_t bias)
{
	struct elf_segment s;
	int error = 0;

	for (unsigned i = 0; i < h->phnum && error >= 0; i++) {
		if (!read_all(im->file, &s, sizeof s, h->phoff + i * sizeof s))
			return -ENOEXEC;
		if (s.type == PT_INTERP)
			return -ENOENT;         /* the dynamic linker that it names */
		if (s.type == PT_LOAD)
			error = segment_add(im, &s, bias);
		if (s.type == PT_NOTE && !im->linked) {
			error = note_check(im->file, &s);
			im->linked = error > 0;
		}
	}
	return error < 0 ? error : 0;
}

int elf_read(struct exec_image *im)
{
	struct elf_header h;
	uint64_t bias;
	int error;

	if (!read_all(im->file, &h, sizeof h, 0) || !header_good(&h))
		return -ENOEXEC;
	bias = h.type == ET_DYN ? EXEC_PIE_BASE : 0;
	im->entry = h.entry + bias;
	error = segments_read(im, &h, bias);
	if (error == 0 && im->linked && bias)
		error = -ENOEXEC;
	if (error == 0)
		error = places_check(im, bias != 0);
	im->phdr = find_phdr(im, h.phoff);
	im->phent = h.phentsize;
	im->phnum = h.phnum;
	return error;
}
