/* SPDX-License-Identifier: MIT */
#include "panic.h"

#include <stdbool.h>

#include "arch/x86_64/cpu.h"
#include "arch/x86_64/mmu.h"
#include "kprintf.h"
#include "main.h"
#include "trap.h"

#define STOP_FAILURE 0x7f

_Noreturn void machine_stop(uint8_t value) {
    serial_drain();
    outb(0xf4, value);
    for (const char *c = "Shutdown"; *c; c++)
        outb(0x8900, *c);
    for (;;)
        hlt();
}

/* Return addresses only: the host has the symbols. */
static void backtrace(const uint64_t *fp) {
    for (int depth = 0; depth < 32; depth++) {
        uint64_t at = (uint64_t)fp;
        if (at < (uint64_t)data_start || at > (uint64_t)kernel_end - 16 || at % 8)
            break;
        if (fp[1] < KERNEL_BASE)
            break;
        kprintf("exo: bt 0x%016lx\n", fp[1]);
        if (fp[0] <= at)
            break;
        fp = (const uint64_t *)fp[0];
    }
}

/* A panic within a panic must not start all over. */
static void begin(void) {
    static bool panicking;
    cli();
    if (panicking)
        machine_stop(STOP_FAILURE);
    panicking = true;
    kprintf("\nexo: panic after boot phase %s\n", boot_phase_count ? boot_phases[boot_phase_count - 1].name : "none");
}

_Noreturn void panic(const char *format, ...) {
    va_list args;
    begin();
    backtrace(__builtin_frame_address(0));
    va_start(args, format);
    kprintf("exo: verdict panic ");
    kvprintf(format, args);
    kprintf("\n");
    va_end(args);
    machine_stop(STOP_FAILURE);
}

_Noreturn void panic_regs(const struct exo_regs *f) {
    begin();
    kprintf("exo: vector %lu error 0x%lx cs 0x%lx ss 0x%lx rflags 0x%lx\n", f->vector, f->error, f->cs, f->ss, f->rflags);
    kprintf("exo: cr0 0x%lx cr2 0x%016lx cr3 0x%lx cr4 0x%lx\n", read_cr0(), read_cr2(), read_cr3(), read_cr4());
    const struct {
        const char *name;
        uint64_t value;
    } regs[] = {
        {"rip", f->rip}, {"rsp", f->rsp}, {"rax", f->rax}, {"rbx", f->rbx}, {"rcx", f->rcx}, {"rdx", f->rdx},
        {"rsi", f->rsi}, {"rdi", f->rdi}, {"rbp", f->rbp}, {"r8 ", f->r8},  {"r9 ", f->r9},  {"r10", f->r10},
        {"r11", f->r11}, {"r12", f->r12}, {"r13", f->r13}, {"r14", f->r14}, {"r15", f->r15},
    };
    unsigned n = sizeof regs / sizeof regs[0];
    for (unsigned i = 0; i < n; i++)
        kprintf("%s%s 0x%016lx%s", i % 3 ? "  " : "exo: ", regs[i].name, regs[i].value, i % 3 == 2 || i == n - 1 ? "\n" : "");
    if (!(f->cs & 3)) {
        kprintf("exo: bt 0x%016lx\n", f->rip);
        backtrace((const uint64_t *)f->rbp);
    }
    kprintf("exo: verdict panic exception %lu at 0x%lx\n", f->vector, f->rip);
    machine_stop(STOP_FAILURE);
}
