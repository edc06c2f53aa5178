/* SPDX-License-Identifier: MIT */
/* What ring 0 needs of ACPI: CPUs, interrupt controllers, HPET, and where the tables lie; the libOS reads the rest. */
#pragma once

#include <stdint.h>

#include "percpu.h"

#define ACPI_TABLES_MAX 32
#define IOAPICS_MAX 8

/* Written by acpi_init, read-only afterwards. The memory of the devices in it stays the kernel's. */
struct machine {
    uint32_t cpus, ioapics, tables;
    uint32_t apic_id[MAX_CPUS]; /* of the enabled CPUs, as ACPI orders them; none without ACPI */
    struct {
        uint64_t address;
        uint32_t first_gsi, count; /* count is set by apic_init */
    } ioapic[IOAPICS_MAX];
    uint64_t lapic, hpet; /* physical; hpet is 0 if there is none */
    struct {
        uint64_t address;
        uint32_t size;
        char signature[4];
    } table[ACPI_TABLES_MAX]; /* raw, with RSDT or XSDT first */
};
extern struct machine machine;

/* Before mmu_init: the tables may lie in memory that the final map leaves out. */
void acpi_init(void);
