/* SPDX-License-Identifier: MIT
 *
 * A machine for libos/vm on the host: frames in a memory file, page tables that the
 * mocked kernel writes, and a TLB made of real mappings: an access that has none is
 * translated by walking the tables, and what they refuse goes to vm_fault.
 */
#ifndef TEST_VM_MOCK_H
#define TEST_VM_MOCK_H
#include "vm/internal.h"

#define FRAMES 16384u   /* 64 MiB */

struct file {           /* what libos/proc/proc.h promises of one */
	uint64_t size, frames[64];
	unsigned access, refs;
};

void machine_start(uint64_t frames);     /* boots: arena, pool                     */
extern unsigned faults;                  /* calls of vm_fault outside the window    */
extern unsigned large_mappings;
struct file *file_make(uint64_t size);   /* byte i of page p is p + 1               */
void file_delete(struct file *);
uint64_t free_frames(void);
/* Whether one access at addr is let through. */
bool can_read(uint64_t addr);
bool can_write(uint64_t addr);
uint64_t kernel_mapped(void);            /* leaf mappings that the kernel counts     */
extern unsigned slots_used;
int test_calls(void);                    /* calls_test.c; 0: all passed            */
#endif
