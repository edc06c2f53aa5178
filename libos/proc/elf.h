/* SPDX-License-Identifier: MIT
 *
 * ELF64 as far as exec reads it (System V ABI, chapters 4 and 5).
 */
#ifndef LIBOS_ELF_H
#define LIBOS_ELF_H
#include <stdint.h>

enum { ET_EXEC = 2, ET_DYN = 3, MACHINE_X86_64 = 62 };
enum { PT_LOAD = 1, PT_INTERP = 3, PT_NOTE = 4, PT_PHDR = 6 };
enum { PF_X = 1, PF_W = 2, PF_R = 4 };

struct elf_header {
	uint8_t ident[16];
	uint16_t type, machine;
	uint32_t version;
	uint64_t entry, phoff, shoff;
	uint32_t flags;
	uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

struct elf_segment {
	uint32_t type, flags;
	uint64_t offset, vaddr, paddr, filesz, memsz, align;
};
#endif
