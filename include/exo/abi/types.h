/* SPDX-License-Identifier: MIT
 *
 * Arguments of the exokernel calls that travel in memory, and their constants.
 */
#ifndef EXO_ABI_TYPES_H
#define EXO_ABI_TYPES_H
#include <stdint.h>

#define EXO_ABI_VERSION 1
#define EXO_CALL_BASE 0x45584f00 /* "EXO": %rax of call n is this plus n; any
                                  * other value in %rax is reflected         */
typedef uint64_t exo_cap_t;

#define EXO_PAGE_SIZE 4096
/* User addresses end here: level-4 slot 255 is the read-only self-map, and
 * slots 256 to 511 are the kernel's. */
#define EXO_SELF_SLOT 255
#define EXO_USER_END  0x00007f8000000000ul
#define EXO_SELF_MAP  0x00007f8000000000ul

/* create: kinds of objects; the count of frames is in bits 8 and up. */
#define EXO_KIND_PT1   1 /* page table of level 1; one frame. arg = 0         */
#define EXO_KIND_PT2   2
#define EXO_KIND_PT3   3
#define EXO_KIND_PT4   4 /* a root: kernel half and self-map are installed    */
#define EXO_KIND_TABLE 5 /* capability table, 1..EXO_TABLE_FRAMES_MAX frames  */
#define EXO_KIND_ENV   6 /* environment; 1 frame, or 3: with an I/O bitmap;
                          * arg = its capability table, 0 = the acting table  */
#define EXO_KIND_VCPU  7 /* one frame; arg = its environment                  */
#define EXO_CREATE(kind, frames) ((uint64_t)(kind) | (uint64_t)(frames) << 8)

/* One entry of a pte_update batch. `value` is the entry as the CPU defines it
 * (SDM vol. 3, 4.5): P W A D PS, the protection key, NX and the bits that are
 * ignored by the CPU (9-11, 52-58) are the caller's; U is forced on, G, PWT,
 * PCD and PAT follow from the frame's type. P = 0 clears: bits 12-51 must then
 * be zero. */
struct exo_pte {
	exo_cap_t table;  /* a PTE capability that covers `index`, WRITE          */
	exo_cap_t object; /* present leaf: the FRAME capability that covers it;
	                   * present link: the PTE capability of all 512 entries
	                   * of the lower table; clone: of the source table;
	                   * cleared: 0                                           */
	uint64_t value;
	uint32_t index;   /* entry number within the table, 0..511                */
	uint32_t op;      /* EXO_PTE_SET, EXO_PTE_CLONE                           */
};
#define EXO_PTE_SET   0
#define EXO_PTE_CLONE 1 /* copy `object`'s table into this empty one of the same
                         * level, write bits cleared in the copy and, with
                         * value = EXO_CLONE_PROTECT, in the source as well;
                         * index = 0. Level 1 to 3 */
#define EXO_CLONE_PROTECT 1
#define EXO_PTE_BATCH_MAX 512
#define EXO_PTE_SYNC 1 /* flag: return after every CPU has flushed            */

/* bits of an entry */
#define EXO_P   0x001ul
#define EXO_W   0x002ul
#define EXO_U   0x004ul
#define EXO_A   0x020ul
#define EXO_D   0x040ul
#define EXO_PS  0x080ul
#define EXO_NX  (1ul << 63)
#define EXO_PTE_ADDR 0x000ffffffffff000ul
#define EXO_PTE_SOFT (0xe00ul | 0x7ful << 52)
#define EXO_PTE_KEY  (0xful << 59)

/* cap_inspect */
struct exo_cap_info {
	exo_cap_t handle;
	uint64_t base, count;
	uint16_t rights;
	uint8_t type;       /* 0: the slot is empty                               */
	uint8_t depth;      /* 0: a root                                          */
	uint32_t flags;     /* EXO_CAP_*                                          */
	exo_cap_t parent;   /* 0: a root, or a parent in another table            */
};
#define EXO_CAP_REVOKING 1 /* revoke has begun on it                         */
#define EXO_CAP_OBJECT   2 /* made by create: dropping it ends the object    */
#define EXO_CAP_PARENT   4 /* something is derived from it                   */
#define EXO_CAP_FOREIGN  8 /* its parent is in another table                 */

/* env_set: what */
#define EXO_ENV_ROOT   1 /* cap = PTE, all entries of a level-4 table, WRITE   */
#define EXO_ENV_KEEPER 2 /* cap = VCPU with RING, arg = bit; cap 0: no keeper */

/* slice vector */
#define EXO_SLOT_NS  1000000 /* one slot                                      */
#define EXO_GRACE_NS 50000   /* between a slot's end and the stop by force    */

/* yield: flags */
#define EXO_YIELD_WAIT 1 /* stop being runnable until pending & enabled is not
                          * zero or the clock reaches wake_at                 */

/* irq_bind: flags (SDM vol. 3, 11.5; I/O APIC redirection entries) */
#define EXO_IRQ_LEVEL 1
#define EXO_IRQ_LOW   2

/* set_base: which */
#define EXO_BASE_FS 0
#define EXO_BASE_GS 1

#endif
