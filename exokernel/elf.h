/* SPDX-License-Identifier: MIT */
/* The part of ELF64 that the first environment's image needs (System V ABI, chapters 4 and 5). */
#pragma once

#include <stdint.h>

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
    uint64_t offset, address, physical, file_size, mem_size, align;
};

enum { ELF_EXEC = 2, ELF_X86_64 = 62, ELF_LOAD = 1, ELF_X = 1, ELF_W = 2 };
