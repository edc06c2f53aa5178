/* SPDX-License-Identifier: MIT */
#include "info.h"

#include "arch/x86_64/acpi.h"
#include "arch/x86_64/apic.h"
#include "arch/x86_64/clock.h"
#include "arch/x86_64/cpu.h"
#include "arch/x86_64/fpu.h"
#include "bootinfo.h"
#include "exo/abi/types.h"
#include "frame.h"
#include "kprintf.h"
#include "lib.h"
#include "main.h"
#include "percpu.h"

_Static_assert(sizeof(struct exo_info) <= EXO_INFO_FRAMES * 4096, "info.h");
_Static_assert(sizeof(struct exo_cpu_info) <= 4096, "info.h");
_Static_assert(ACPI_TABLES_MAX <= EXO_ACPI_MAX && MAX_CPUS <= EXO_CPUS_MAX, "info.h");

uint64_t slot_ticks, grace_ticks;

static uint32_t features(void) {
    return (cpu.fsgsbase ? EXO_CPU_FSGSBASE : 0) | (cpu.pku ? EXO_CPU_PKU : 0) | (cpu.xsave ? EXO_CPU_XSAVE : 0) |
           (cpu.xsaveopt ? EXO_CPU_XSAVEOPT : 0) | (cpu.smep ? EXO_CPU_SMEP : 0) | (cpu.smap ? EXO_CPU_SMAP : 0) |
           (cpu.umip ? EXO_CPU_UMIP : 0) | (cpu.rdtscp ? EXO_CPU_RDTSCP : 0);
}

static void cpu_info_init(struct exo_cpu_info *info, uint32_t id) {
    info->magic = EXO_CPU_INFO_MAGIC;
    info->version = 1;
    info->size = sizeof *info;
    info->slot_base = rdtsc();
    percpu[id].info = info;
}

static void loader_info(struct exo_info *info) {
    info->framebuffer = bootinfo.fb;
    info->module_count = bootinfo.modules;
    memcpy(info->module, bootinfo.module, sizeof info->module);
    info->mem_count = bootinfo.ranges;
    memcpy(info->mem, bootinfo.range, sizeof info->mem);
    info->acpi_count = machine.tables;
    for (uint32_t i = 0; i < machine.tables; i++)
        info->acpi[i] = (struct exo_span){machine.table[i].address, machine.table[i].size};
    info->rsdp = bootinfo.rsdp;
    memcpy(info->loader, bootinfo.loader, sizeof info->loader);
    memcpy(info->cmdline, bootinfo.cmdline, sizeof info->cmdline);
    info->phase_count = boot_phase_count;
    memcpy(info->phase, boot_phases, sizeof info->phase);
    memcpy(info->log, kernel_log, sizeof info->log);
}

void info_init(struct exo_info *info) {
    slot_ticks = tsc_khz * EXO_SLOT_NS / 1000000;
    grace_ticks = tsc_khz * EXO_GRACE_NS / 1000000;
    *info = (struct exo_info){.magic = EXO_INFO_MAGIC, .version = 1, .size = sizeof *info};
    info->tsc_khz = tsc_khz;
    info->tsc_entry = bootinfo.entry_tsc;
    info->slot_ticks = slot_ticks;
    info->grace_ticks = grace_ticks;
    info->cpus = machine.cpus ? machine.cpus : 1;
    info->cpus_running = 1;
    memcpy(info->apic_id, machine.apic_id, sizeof machine.apic_id);
    info->features = features();
    info->irq_sources = irq_sources();
    info->xsave_mask = fpu_mask;
    info->xsave_size = fpu_area_size;
    info->phys_bits = cpu.phys_bits;
    loader_info(info);
    cpu_info_init((struct exo_cpu_info *)((char *)info + EXO_INFO_FRAMES * 4096), 0);
}
