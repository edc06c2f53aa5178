/* SPDX-License-Identifier: MIT
 *
 * Capabilities: types, rights, handles and what a range means for each type.
 *
 * A capability is rights over a range [base, base+count) of units of one
 * resource. It lives in a kernel-held table; user space names it by a handle,
 * slot in the low 32 bits and generation in the high 32. A slot's generation
 * grows each time the slot is emptied, so an old handle is refused
 * (EXO_ESTALE). Handle 0 names nothing; slot 0 is never used.
 */
#ifndef EXO_ABI_RIGHTS_H
#define EXO_ABI_RIGHTS_H

/* type                 unit, and how base encodes it                        */
#define EXO_FRAME  1 /* frame of 4 KiB; base = page frame number             */
#define EXO_PTE    2 /* page-table entry; base = table's pfn * 512 + index    */
#define EXO_SLICE  3 /* slot of a slice vector; base = cpu * EXO_SLOTS + slot */
#define EXO_IRQ    4 /* interrupt source; base = global system interrupt      */
#define EXO_PORT   5 /* I/O port; base = port number                         */
#define EXO_ENV    6 /* environment; base = pfn of the object, count = 1     */
#define EXO_VCPU   7 /* bit of a vCPU's pending word; base = pfn * 64 + bit  */
#define EXO_TABLE  8 /* capability table; base = pfn of the object, count = 1 */
#define EXO_CAP_TYPES 9

/* right             what it allows                                          */
#define EXO_R_READ    0x001 /* FRAME: map; TABLE: inspect                       */
#define EXO_R_WRITE   0x002 /* FRAME: map writable; PTE: change entries;
                             * TABLE: derive into, and act for (see calls)      */
#define EXO_R_EXEC    0x004 /* FRAME: map executable                            */
#define EXO_R_RETYPE  0x008 /* FRAME: make kernel objects of the frames         */
#define EXO_R_GRANT   0x010 /* any: derive into another table than one's own    */
#define EXO_R_BIND    0x020 /* SLICE, IRQ: bind; PORT: enable; VCPU: be bound   */
#define EXO_R_RING    0x040 /* VCPU: set bits of the pending word               */
#define EXO_R_YIELD   0x080 /* VCPU: be the target of a directed yield          */
#define EXO_R_CONTROL 0x100 /* ENV, VCPU: configure, start, stop, read registers */
#define EXO_R_ALL     0x1ff

#define EXO_DEPTH_MAX 31   /* longest derivation path, the roots being depth 0 */
#define EXO_SLOTS     128  /* slots in each CPU's slice vector                 */
#define EXO_CAPS_PER_FRAME 64 /* slots that each frame of a table holds; the
                               * first frame's first EXO_TABLE_HEAD are the
                               * table's own head and cannot be used         */
#define EXO_TABLE_HEAD 4
#define EXO_TABLE_FRAMES_MAX 256

#define EXO_HANDLE(slot, gen) ((uint64_t)(gen) << 32 | (uint32_t)(slot))
#define EXO_HANDLE_SLOT(h)    ((uint32_t)(h))
#define EXO_HANDLE_GEN(h)     ((uint32_t)((uint64_t)(h) >> 32))

/* What the first environment is started with, at these slots of its table
 * (generation 1); every further one is found with cap_inspect. */
#define EXO_BOOT_TABLE 4 /* its own capability table                */
#define EXO_BOOT_ENV   5 /* its environment                         */
#define EXO_BOOT_VCPU  6 /* its vCPU                                */
#define EXO_BOOT_ROOT  7 /* all entries of its level-4 page table   */
#define EXO_BOOT_INFO  8 /* the information pages (struct exo_info) */
#define EXO_BOOT_REST  9 /* the rest, without a gap                 */

#endif
