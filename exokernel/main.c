/* SPDX-License-Identifier: MIT */
#include "main.h"

#include "arch/x86_64/acpi.h"
#include "arch/x86_64/apic.h"
#include "arch/x86_64/clock.h"
#include "arch/x86_64/cpu.h"
#include "arch/x86_64/fpu.h"
#include "arch/x86_64/gdt.h"
#include "arch/x86_64/mmu.h"
#include "bootmem.h"
#include "kprintf.h"
#include "panic.h"

struct exo_phase boot_phases[EXO_PHASES_MAX];
uint32_t boot_phase_count;

void boot_phase(const char *name) {
    static uint32_t printed;
    struct exo_phase *phase = &boot_phases[boot_phase_count++];
    ASSERT(boot_phase_count <= EXO_PHASES_MAX);
    for (unsigned i = 0; i < sizeof phase->name - 1 && name[i]; i++)
        phase->name[i] = name[i];
    phase->tsc = rdtsc();
    for (; tsc_khz && printed < boot_phase_count; printed++) {
        uint64_t us = (boot_phases[printed].tsc - bootinfo.entry_tsc) * 1000 / tsc_khz;
        kprintf("exo: [%5lu.%03lu ms] phase %s\n", us / 1000, us % 1000, boot_phases[printed].name);
    }
}

static void splash(void) {
    kprintf("\n"
            "  ___              ___  ___\n"
            " | __|_ _____  ___/ _ \\/ __|\n"
            " | _|\\ \\ / _ \\|___| (_) \\__ \\   an exokernel:\n"
            " |___/_\\_\\___/     \\___/|___/   your program is its own operating system\n\n");
}

static void report(void) {
    uint64_t usable = 0;
    for (uint32_t i = 0; i < bootinfo.ranges; i++)
        usable += bootinfo.range[i].type == MEM_USABLE ? bootinfo.range[i].size : 0;
    kprintf("exo: loader %s, %lu KiB of memory, %u modules, %u CPUs, %u IRQ sources, %u ACPI tables\n", bootinfo.loader,
            usable >> 10, bootinfo.modules, machine.cpus, irq_sources(), machine.tables);
    kprintf("exo: TSC %lu kHz by %s, vector state 0x%lx in %u bytes, features", tsc_khz, clock_source, fpu_mask, fpu_area_size);
#define X(name, leaf, reg, bit) kprintf("%s", cpu.name ? " " #name : "");
    CPU_FEATURES(X)
#undef X
    kprintf("\nexo: command line: %s\n", bootinfo.cmdline);
}

/* From boot/entry.asm, on CPU 0's kernel stack, interrupts off. */
_Noreturn void kernel_main(uint32_t magic, uint64_t info_phys, uint64_t entry_tsc) {
    serial_init();
    gdt_init(0);
    idt_init(); /* from here on a fault is a report */
    boot_phase("traps");
    bootinfo_parse(magic, info_phys, entry_tsc);
    splash();
    boot_phase("loader");
    cpu_detect();
    cpu_init(0);
    fpu_init();
    boot_phase("cpu");
    bootmem_init();
    acpi_init();
    boot_phase("acpi");
    mmu_init();
    boot_phase("memory");
    apic_init();
    boot_phase("interrupts");
    clock_init();
    boot_phase("clock");
    report();
    first_env();
}
