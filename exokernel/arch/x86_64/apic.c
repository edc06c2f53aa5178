/* SPDX-License-Identifier: MIT */
#include "arch/x86_64/apic.h"

#include "arch/x86_64/acpi.h"
#include "arch/x86_64/cpu.h"
#include "arch/x86_64/mmu.h"
#include "percpu.h"

/* SDM 3, table 11-1 */
enum {
    LAPIC_ID = 0x20, LAPIC_VERSION = 0x30, LAPIC_TPR = 0x80, LAPIC_EOI = 0xb0, LAPIC_SPURIOUS = 0xf0,
    LAPIC_LVT_CMCI = 0x2f0, LAPIC_LVT_TIMER = 0x320, LAPIC_LVT_THERMAL = 0x330, LAPIC_LVT_COUNTERS = 0x340,
    LAPIC_LVT_LINT0 = 0x350, LAPIC_LVT_LINT1 = 0x360, LAPIC_LVT_ERROR = 0x370,
    LAPIC_TIMER_START = 0x380, LAPIC_TIMER_COUNT = 0x390, LAPIC_TIMER_DIVIDE = 0x3e0,
};

#define APIC_BASE_X2 (1ul << 10)
#define APIC_BASE_ON (1ul << 11)
#define LVT_MASKED (1u << 16)
#define LVT_DEADLINE (2u << 17)
#define LVT_NMI (4u << 8)
#define ROUTE_LEVEL (1u << 15)
#define ROUTE_LOW (1u << 13)

static bool x2apic;
static volatile uint32_t *lapic;
static volatile uint32_t *ioapic[IOAPICS_MAX];

static uint32_t lapic_read(uint32_t reg) {
    return x2apic ? rdmsr(MSR_X2APIC + reg / 16) : lapic[reg / 4];
}

static void lapic_write(uint32_t reg, uint32_t value) {
    if (x2apic)
        wrmsr(MSR_X2APIC + reg / 16, value);
    else
        lapic[reg / 4] = value;
}

void lapic_eoi(void) {
    lapic_write(LAPIC_EOI, 0);
}

void lapic_timer(bool deadline_mode) {
    lapic_write(LAPIC_TIMER_DIVIDE, 0xb); /* by 1 */
    lapic_write(LAPIC_LVT_TIMER, VEC_TIMER | (deadline_mode ? LVT_DEADLINE : 0));
    /* The write above may still be on its way to memory when WRMSR sets a deadline (SDM 3, 11.5.4.1). */
    __asm__ volatile("mfence" : : : "memory");
}

void lapic_timer_start(uint32_t count) {
    lapic_write(LAPIC_TIMER_START, count);
}

uint32_t lapic_timer_count(void) {
    return lapic_read(LAPIC_TIMER_COUNT);
}

static void lapic_init(void) {
    uint64_t base = rdmsr(MSR_APIC_BASE);
    x2apic = cpu.x2apic;
    wrmsr(MSR_APIC_BASE, base | APIC_BASE_ON); /* from off to x2APIC takes two steps (SDM 3, 11.12.5) */
    if (x2apic)
        wrmsr(MSR_APIC_BASE, base | APIC_BASE_ON | APIC_BASE_X2);
    machine.lapic = base & PTE_ADDRESS;
    lapic = device_map(machine.lapic);

    /* In the order in which CPUs got them: the version register tells how many there are. */
    static const uint16_t lvt[] = {LAPIC_LVT_TIMER, LAPIC_LVT_LINT0, LAPIC_LVT_LINT1, LAPIC_LVT_ERROR,
                                   LAPIC_LVT_COUNTERS, LAPIC_LVT_THERMAL, LAPIC_LVT_CMCI};
    uint32_t highest = lapic_read(LAPIC_VERSION) >> 16 & 0xff;
    for (unsigned i = 0; i < sizeof lvt / sizeof lvt[0] && i <= highest; i++)
        lapic_write(lvt[i], LVT_MASKED | VEC_SPURIOUS);
    lapic_write(LAPIC_LVT_LINT1, LVT_NMI);
    lapic_write(LAPIC_TPR, 0);
    lapic_write(LAPIC_SPURIOUS, 0x100 | VEC_SPURIOUS);
    lapic_write(LAPIC_LVT_ERROR, VEC_APIC_ERROR);
    this_cpu()->apic_id = lapic_read(LAPIC_ID) >> (x2apic ? 0 : 24);
    if (!machine.cpus)
        machine.apic_id[machine.cpus++] = this_cpu()->apic_id;
}

/* Remapped before they are masked, so that a late spurious interrupt does not look like an exception. */
static void pic_mask(void) {
    for (int i = 0; i < 2; i++) {
        uint16_t port = i ? 0xa0 : 0x20;
        outb(port, 0x11);
        outb(port + 1, VEC_PIC + 8 * i);
        outb(port + 1, i ? 2 : 4);
        outb(port + 1, 1);
        outb(port + 1, 0xff);
    }
}

static uint32_t ioapic_read(unsigned i, uint32_t reg) {
    ioapic[i][0] = reg;
    return ioapic[i][4];
}

static void ioapic_write(unsigned i, uint32_t reg, uint32_t value) {
    ioapic[i][0] = reg;
    ioapic[i][4] = value;
}

static void ioapic_init(void) {
    if (!machine.ioapics)
        machine.ioapic[machine.ioapics++].address = 0xfec00000;
    for (unsigned i = 0; i < machine.ioapics; i++) {
        uint32_t first = machine.ioapic[i].first_gsi;
        ioapic[i] = device_map(machine.ioapic[i].address);
        uint32_t version = ioapic_read(i, 1), count = (version >> 16 & 0xff) + 1;
        if (version == UINT32_MAX || first >= IRQ_MAX)
            count = 0; /* nothing there, or no vectors left for it */
        machine.ioapic[i].count = count > IRQ_MAX - first ? IRQ_MAX - first : count;
        for (uint32_t gsi = 0; gsi < machine.ioapic[i].count; gsi++)
            ioapic_mask(first + gsi, true);
    }
}

/* The I/O APIC of a source and the first register of its entry. */
static bool find_route(uint32_t gsi, unsigned *i, uint32_t *reg) {
    for (*i = 0; *i < machine.ioapics; ++*i) {
        *reg = 0x10 + 2 * (gsi - machine.ioapic[*i].first_gsi);
        if (gsi >= machine.ioapic[*i].first_gsi && gsi - machine.ioapic[*i].first_gsi < machine.ioapic[*i].count)
            return true;
    }
    return false;
}

uint32_t irq_sources(void) {
    uint32_t end = 0;
    for (unsigned i = 0; i < machine.ioapics; i++)
        if (machine.ioapic[i].count && machine.ioapic[i].first_gsi + machine.ioapic[i].count > end)
            end = machine.ioapic[i].first_gsi + machine.ioapic[i].count;
    return end;
}

void ioapic_route(uint32_t gsi, uint8_t vector, uint8_t apic_id, bool level, bool low) {
    unsigned i;
    uint32_t reg;
    if (!find_route(gsi, &i, &reg))
        return;
    ioapic_mask(gsi, true);
    ioapic_write(i, reg + 1, (uint32_t)apic_id << 24);
    ioapic_write(i, reg, LVT_MASKED | (level ? ROUTE_LEVEL : 0) | (low ? ROUTE_LOW : 0) | vector);
}

void ioapic_mask(uint32_t gsi, bool masked) {
    unsigned i;
    uint32_t reg;
    if (find_route(gsi, &i, &reg)) {
        uint32_t entry = ioapic_read(i, reg) & ~LVT_MASKED;
        ioapic_write(i, reg, entry | (masked ? LVT_MASKED : 0));
    }
}

void apic_init(void) {
    pic_mask();
    lapic_init();
    ioapic_init();
}
