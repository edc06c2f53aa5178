/* SPDX-License-Identifier: MIT
 *
 * The read-only pages that the kernel exports. EXO_BOOT_INFO covers first one
 * struct exo_info (EXO_INFO_FRAMES frames), then for each CPU one frame with a
 * struct exo_cpu_info. Each begins with magic, version and size: a reader that
 * knows less than is there reads on, one that wants more looks at `size`.
 */
#ifndef EXO_ABI_INFO_H
#define EXO_ABI_INFO_H
#include <stdint.h>
#include "rights.h"

#define EXO_INFO_MAGIC     0x4f464e49304f5845ul /* "EXO0INFO" */
#define EXO_CPU_INFO_MAGIC 0x30555043304f5845ul /* "EXO0CPU0" */
#define EXO_INFO_FRAMES 3
#define EXO_CPUS_MAX    8
#define EXO_MEM_MAX     128
#define EXO_MODULES_MAX 8
#define EXO_PHASES_MAX  24
#define EXO_ACPI_MAX    32

struct exo_mem  { uint64_t base, size; uint32_t type, node; }; /* E820 types   */
struct exo_span { uint64_t base, size; };                      /* bytes        */
struct exo_phase { char name[24]; uint64_t tsc; };  /* when the phase ended    */

struct exo_framebuffer {
	uint64_t base;               /* physical; 0: none                         */
	uint32_t pitch, width, height;
	uint8_t bpp, type;           /* Multiboot2: 1 RGB, 2 EGA text             */
	uint8_t red_pos, red_size, green_pos, green_size, blue_pos, blue_size;
};

struct exo_info {
	uint64_t magic;
	uint32_t version, size;
	/* clock: TSC ticks a millisecond; TSC at the kernel's first instruction */
	uint64_t tsc_khz, tsc_entry;
	uint64_t slot_ticks, grace_ticks;
	/* CPU */
	uint32_t cpus, cpus_running;
	uint32_t apic_id[EXO_CPUS_MAX];
	uint32_t features;           /* EXO_CPU_*                                 */
	uint32_t irq_sources;
	uint64_t xsave_mask;         /* XCR0                                      */
	uint32_t xsave_size;         /* bytes of a standard-format area           */
	uint32_t phys_bits;
	/* memory and what the loader left; addresses are physical */
	uint64_t frames_total;       /* frames of RAM                             */
	uint64_t frames_kernel;      /* of them, kept by the kernel               */
	struct exo_span first;       /* memory that the first environment was built in:
	                              * its objects, page tables and image         */
	uint64_t rsdp;
	uint32_t mem_count, module_count, phase_count, acpi_count;
	struct exo_framebuffer framebuffer;
	struct exo_span module[EXO_MODULES_MAX];
	struct exo_span acpi[EXO_ACPI_MAX];
	struct exo_phase phase[EXO_PHASES_MAX];
	struct exo_mem mem[EXO_MEM_MAX];
	char loader[64];
	char cmdline[2048];
	char log[2048];              /* the kernel's boot log, cut at the end      */
};

#define EXO_CPU_FSGSBASE 0x01 /* rdfsbase .. wrgsbase in ring 3               */
#define EXO_CPU_PKU      0x02 /* protection keys                              */
#define EXO_CPU_XSAVE    0x04
#define EXO_CPU_XSAVEOPT 0x08
#define EXO_CPU_SMEP     0x10
#define EXO_CPU_SMAP     0x20
#define EXO_CPU_UMIP     0x40
#define EXO_CPU_RDTSCP   0x80

struct exo_slot { uint64_t label; uint32_t vcpu; uint32_t table; }; /* pfns; 0: free */

struct exo_cpu_info {
	uint64_t magic;
	uint32_t version, size;
	uint64_t epoch;              /* the last flush epoch this CPU has passed  */
	uint64_t slot_base;          /* TSC at which slot 0 first began           */
	uint64_t idle_ticks;
	uint64_t switches, upcalls, interrupts, forced_stops;
	struct exo_slot slot[EXO_SLOTS];
};
#endif
