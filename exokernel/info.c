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
_Static_assert(BOOT_PHASES_MAX <= EXO_PHASES_MAX && ACPI_TABLES_MAX <= EXO_ACPI_MAX && MAX_CPUS <= EXO_CPUS_MAX, "info.h");

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
    const struct framebuffer *fb = &bootinfo.fb;

    if (fb->type == FB_RGB || fb->type == FB_TEXT)
        info->framebuffer = (struct exo_framebuffer){fb->address, fb->pitch, fb->width, fb->height, fb->bpp, fb->type, fb->red_at,
                                                     fb->red_bits, fb->green_at, fb->green_bits, fb->blue_at, fb->blue_bits};
    info->module_count = bootinfo.modules;
    for (uint32_t i = 0; i < bootinfo.modules; i++)
        info->module[i] = (struct exo_span){bootinfo.module[i].base, bootinfo.module[i].size};
    info->mem_count = bootinfo.ranges;
    for (uint32_t i = 0; i < bootinfo.ranges; i++)
        info->mem[i] = (struct exo_mem){bootinfo.range[i].base, bootinfo.range[i].size, bootinfo.range[i].type, 0};
    info->acpi_count = machine.tables;
    for (uint32_t i = 0; i < machine.tables; i++)
        info->acpi[i] = (struct exo_span){machine.table[i].address, machine.table[i].size};
    info->rsdp = bootinfo.rsdp;
    memcpy(info->loader, bootinfo.loader, sizeof info->loader);
    memcpy(info->cmdline, bootinfo.cmdline, sizeof info->cmdline);
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
    info->phase_count = boot_phase_count;
    for (uint32_t i = 0; i < boot_phase_count; i++) {
        for (uint32_t k = 0; k < sizeof info->phase[i].name - 1 && boot_phases[i].name[k]; k++)
            info->phase[i].name[k] = boot_phases[i].name[k];
        info->phase[i].tsc = boot_phases[i].tsc;
    }
    cpu_info_init((struct exo_cpu_info *)((char *)info + EXO_INFO_FRAMES * 4096), 0);
}
