/* SPDX-License-Identifier: MIT */
/* Interrupt controllers: the local APIC of each CPU, and the I/O APICs. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "trap.h" /* vectors */

/* Finds and masks everything; the local APIC of this CPU is on afterwards. */
void apic_init(void);

void lapic_eoi(void);

/* The timer's registers, for clock.c. */
void lapic_timer(bool deadline_mode);
void lapic_timer_start(uint32_t count);
uint32_t lapic_timer_count(void);

/* Interrupt sources (GSIs) are numbered from 0 to irq_sources() - 1, at most IRQ_MAX. Those in a gap do nothing. */
uint32_t irq_sources(void);
/* Leaves the source masked. */
void ioapic_route(uint32_t gsi, uint8_t vector, uint8_t apic_id, bool level, bool low);
void ioapic_mask(uint32_t gsi, bool masked);
