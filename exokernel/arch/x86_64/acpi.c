/* SPDX-License-Identifier: MIT */
/* ACPI 6.4, 5.2. Nothing in the tables is believed before its bounds and its checksum hold. */
#include "arch/x86_64/acpi.h"

#include "arch/x86_64/mmu.h"
#include "bootmem.h"
#include "lib.h"

#define EARLY_LIMIT (1ul << 32) /* boot/entry.asm maps this much */
#define TABLE_SIZE_MAX (4u << 20)
#define HEADER_SIZE 36

struct machine machine;

static uint32_t get32(const uint8_t *at) {
    uint32_t v;
    memcpy(&v, at, sizeof v);
    return v;
}

static uint64_t get64(const uint8_t *at) {
    return get32(at) | (uint64_t)get32(at + 4) << 32;
}

static bool sums_to_zero(const uint8_t *at, uint32_t size) {
    uint8_t sum = 0;
    while (size--)
        sum += *at++;
    return sum == 0;
}

/* A whole table within reach, or NULL. */
static const uint8_t *table_at(uint64_t phys, uint32_t *size) {
    if (!phys || phys > EARLY_LIMIT - HEADER_SIZE)
        return NULL;
    const uint8_t *t = phys_to_virt(phys);
    *size = get32(t + 4);
    bool good = *size >= HEADER_SIZE && *size <= TABLE_SIZE_MAX && *size <= EARLY_LIMIT - phys;
    return good && sums_to_zero(t, *size) ? t : NULL;
}

static void parse_madt(const uint8_t *t, uint32_t size) {
    for (uint32_t at = 44; at + 2 <= size && t[at + 1] >= 2 && at + t[at + 1] <= size; at += t[at + 1]) {
        const uint8_t *e = t + at;
        if (e[0] == 0 && e[1] >= 8 && (get32(e + 4) & 1) && machine.cpus < MAX_CPUS) {
            machine.apic_id[machine.cpus++] = e[3];
        } else if (e[0] == 9 && e[1] >= 16 && (get32(e + 8) & 1) && machine.cpus < MAX_CPUS) {
            machine.apic_id[machine.cpus++] = get32(e + 4);
        } else if (e[0] == 1 && e[1] >= 12 && machine.ioapics < IOAPICS_MAX) {
            machine.ioapic[machine.ioapics].address = get32(e + 4);
            machine.ioapic[machine.ioapics++].first_gsi = get32(e + 8);
        }
    }
}

static void add_table(uint64_t phys) {
    uint32_t size, n = machine.tables;
    const uint8_t *t = table_at(phys, &size);
    if (!t || n == ACPI_TABLES_MAX)
        return;
    machine.table[n].address = phys;
    machine.table[n].size = size;
    memcpy(machine.table[n].signature, t, 4);
    machine.tables++;
    boot_hold(phys, size); /* some firmware leaves them in usable memory */

    if (!memcmp(t, "APIC", 4)) {
        parse_madt(t, size);
    } else if (!memcmp(t, "HPET", 4) && size >= 52 && t[40] == 0) {
        machine.hpet = get64(t + 44);
    } else if (!memcmp(t, "FACP", 4) && size >= 44) {
        uint64_t wide = size >= 148 ? get64(t + 140) : 0;
        add_table(wide ? wide : get32(t + 40)); /* the DSDT */
    }
}

static bool rsdp_at(uint64_t phys) {
    if (!phys || phys > EARLY_LIMIT - HEADER_SIZE)
        return false;
    const uint8_t *r = phys_to_virt(phys);
    return !memcmp(r, "RSD PTR ", 8) && sums_to_zero(r, 20);
}

/* Without one from the loader: in the BIOS's memory (5.2.5.1), where UEFI has nothing to say. */
static uint64_t find_rsdp(void) {
    if (rsdp_at(bootinfo.rsdp))
        return bootinfo.rsdp;
    for (uint64_t at = 0xe0000; at < 0x100000 && !bootinfo.efi; at += 16)
        if (rsdp_at(at))
            return at;
    return 0;
}

void acpi_init(void) {
    uint32_t size;
    bootinfo.rsdp = find_rsdp();
    if (!bootinfo.rsdp)
        return;
    const uint8_t *rsdp = phys_to_virt(bootinfo.rsdp);
    bool wide = rsdp[15] >= 2 && get64(rsdp + 24) && sums_to_zero(rsdp, 36);
    uint64_t phys = wide ? get64(rsdp + 24) : get32(rsdp + 16);
    add_table(phys);
    const uint8_t *root = table_at(phys, &size);
    for (uint32_t at = HEADER_SIZE, step = wide ? 8 : 4; root && at + step <= size; at += step)
        add_table(wide ? get64(root + at) : get32(root + at));
}
