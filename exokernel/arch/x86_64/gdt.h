/* SPDX-License-Identifier: MIT */
/* Segments, task state and the stacks of each CPU. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define SEL_KERNEL_CODE 0x08
#define SEL_KERNEL_DATA 0x10
#define SEL_USER_DATA 0x1b
#define SEL_USER_CODE 0x23
#define SEL_TSS 0x28

#define IST_DF 1
#define IST_NMI 2
#define IST_MC 3
#define IST_DB 4

#define PORT_BITMAP_SIZE 8192

/* Page sized parts: mmu_init unmaps the guards, so that an overflow faults instead of overwriting. */
struct cpu_stack {
    uint8_t guard[4096];
    uint8_t kernel[3 * 4096];
    uint8_t ist[4][4096];
};
extern struct cpu_stack cpu_stacks[];

/* GDT, TSS and %gs of the CPU that calls it. */
void gdt_init(uint32_t id);
void idt_init(void);

/* The I/O permission bitmap of ring 3 on this CPU (set bit: no access): bytes [begin, end) from `bitmap`, or all ones
   if it is NULL; and whether it counts, or every port faults. */
void tss_ports_copy(const uint8_t *bitmap, uint32_t begin, uint32_t end);
void tss_ports_on(bool on);
