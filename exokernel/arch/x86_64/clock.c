/* SPDX-License-Identifier: MIT */
#include "arch/x86_64/clock.h"

#include "arch/x86_64/acpi.h"
#include "arch/x86_64/apic.h"
#include "arch/x86_64/cpu.h"
#include "arch/x86_64/mmu.h"
#include "panic.h"

#define PIT_HZ 1193182ul
#define PIT_COMMAND 0x43
#define PIT_CHANNEL2 0x42
#define PIT_GATE 0x61 /* bit 0: channel 2 counts; bit 1: the speaker */

#define HPET_CONFIG (0x10 / 4)
#define HPET_COUNTER (0xf0 / 4)

uint64_t tsc_khz;
const char *clock_source;

static uint64_t lapic_per_tsc; /* 32.32 fixed point; 0 in TSC-deadline mode */
static volatile uint32_t *hpet;

static uint32_t hpet_read(void) {
    return hpet[HPET_COUNTER];
}

static uint64_t hpet_start(void) {
    if (!machine.hpet)
        return 0;
    hpet = device_map(machine.hpet);
    uint32_t period = hpet[1]; /* in femtoseconds; at most 100 ns (HPET specification, 2.3.4) */
    if (period == 0 || period > 100000000)
        return 0;
    hpet[HPET_CONFIG] |= 1;
    return 1000000000000000ul / period;
}

/* Counts down from 0xffff; turned around, for a clock that grows. */
static uint32_t pit_read(void) {
    outb(PIT_COMMAND, 0x80); /* latch channel 2 */
    uint32_t low = inb(PIT_CHANNEL2);
    return 0xffff - (low | (uint32_t)inb(PIT_CHANNEL2) << 8);
}

static uint64_t pit_start(void) {
    outb(PIT_GATE, (inb(PIT_GATE) & ~2) | 1);
    outb(PIT_COMMAND, 0xb0); /* channel 2, both bytes, mode 0 */
    outb(PIT_CHANNEL2, 0xff);
    outb(PIT_CHANNEL2, 0xff);
    return PIT_HZ;
}

static uint32_t lapic_timer_read(void) {
    return -lapic_timer_count();
}

/* A machine without the other two is virtual, and its local APIC's timer counts nanoseconds. */
static uint64_t lapic_timer_hz(void) {
    return 1000000000;
}

/* The better one comes first. */
static const struct reference {
    const char *name;
    uint64_t (*start)(void); /* its rate in Hz, 0 if it is not there */
    uint32_t (*read)(void);
    uint32_t mask;
} references[] = {
    {"HPET", hpet_start, hpet_read, UINT32_MAX},
    {"PIT", pit_start, pit_read, 0xffff},
    {"local APIC", lapic_timer_hz, lapic_timer_read, UINT32_MAX},
};

struct sample {
    uint32_t reference, lapic;
    uint64_t tsc;
};

/* All three clocks at one moment, as far as the quickest of three tries can tell. */
static struct sample sample(const struct reference *r) {
    struct sample best = {0};
    uint64_t shortest = UINT64_MAX;
    for (int i = 0; i < 3; i++) {
        uint64_t before = rdtsc();
        uint32_t value = r->read();
        uint64_t after = rdtsc();
        if (after - before < shortest) {
            shortest = after - before;
            best = (struct sample){value, lapic_timer_count(), before + shortest / 2};
        }
    }
    return best;
}

/* Sets tsc_khz and lapic_per_tsc by 0.9 ms of this reference; false if it does not run. */
static bool measure(const struct reference *r) {
    uint64_t hz = r->start();
    if (!hz)
        return false;
    struct sample first = sample(r);
    uint32_t wanted = hz * 9 / 10000, last = first.reference;
    for (unsigned stuck = 0; ((last - first.reference) & r->mask) < wanted;) {
        /* A port or a device register is slow to read in an emulator, and instructions are its time. */
        for (unsigned spin = 0; spin < 200; spin++)
            __asm__ volatile("");
        uint32_t now = r->read();
        stuck = now == last ? stuck + 1 : 0;
        if (stuck == 1000)
            return false;
        last = now;
    }
    struct sample end = sample(r);
    uint64_t ticks = (end.reference - first.reference) & r->mask, tsc = end.tsc - first.tsc;
    tsc_khz = tsc * hz / ticks / 1000;
    lapic_per_tsc = tsc ? ((uint64_t)(first.lapic - end.lapic) << 32) / tsc : 0;
    clock_source = r->name;
    return tsc_khz != 0;
}

/* CPUID's rate is exact where it is true: emulators copy these leaves from a real CPU, but not its clock. */
static void refine(uint64_t khz) {
    if (khz > tsc_khz - tsc_khz / 100 && khz < tsc_khz + tsc_khz / 100) {
        tsc_khz = khz;
        clock_source = "CPUID";
    }
}

void clock_init(void) {
    lapic_timer(false);
    lapic_timer_start(UINT32_MAX);
    for (unsigned i = 0; !measure(&references[i]); i++)
        if (i == sizeof references / sizeof references[0] - 1)
            panic("no clock runs");
    lapic_timer_start(0);
    struct cpuid core = cpuid(0x15, 0);
    refine(core.eax ? (uint64_t)core.ecx * core.ebx / core.eax / 1000 : 0);
    refine(cpu.hypervisor ? cpuid(0x40000010, 0).eax : 0);
    if (cpu.tsc_deadline) {
        lapic_per_tsc = 0;
        lapic_timer(true);
    }
}

void timer_arm(uint64_t tsc_deadline) {
    if (!lapic_per_tsc) {
        wrmsr(MSR_TSC_DEADLINE, tsc_deadline ? tsc_deadline : 1);
        return;
    }
    int64_t left = tsc_deadline - rdtsc();
    uint64_t count = left > 0 ? (unsigned __int128)left * lapic_per_tsc >> 32 : 0;
    lapic_timer_start(count > UINT32_MAX ? UINT32_MAX : count + (count == 0));
}

void timer_stop(void) {
    if (!lapic_per_tsc)
        wrmsr(MSR_TSC_DEADLINE, 0);
    else
        lapic_timer_start(0);
}
