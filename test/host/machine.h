/* SPDX-License-Identifier: MIT */
/* The machine that the kernel's core runs on in these tests: an arena of physical memory, a first environment that holds
 * everything, and counters in the place of the devices.
 *
 * Frames that the kernel has no business to touch (plain memory that is not pinned, and what nobody owns) are poisoned for
 * the address sanitizer after each call; pfn 0, at which a forgotten "none" would end, is among them. */
#pragma once

#include "shim/arch.h"

#include "cap.h"
#include "env.h"
#include "exo/abi/info.h"
#include "frame.h"
#include "percpu.h"

/* What is where (pfn). */
enum {
    AT_PUPPET_ENV = 8, AT_PUPPET_VCPU = 9, /* for acting as any table; belong to no capability */
    AT_TABLE = 16, TABLE_FRAMES = 4,
    AT_ENV = 32, AT_VCPU = 40, AT_ROOT = 41,
    AT_INFO = 48, INFO_FRAMES = EXO_INFO_FRAMES + 1,
    AT_DEVICE = 56, DEVICE_FRAMES = 4, /* device memory below the end of RAM */
    AT_RAM = 64,                       /* from here on it is plain memory */
};

/* The first table's slots. */
enum { SLOT_RAM = EXO_BOOT_REST, SLOT_DEVICE, SLOT_HIGH_DEVICE, SLOT_SLICES, SLOT_IRQS, SLOT_PORTS, SLOT_FREE };
enum { HIGH_DEVICE_FRAMES = 64, PORTS = 0xcf8, IRQS = 24 };
#define RAM_RIGHTS (EXO_R_READ | EXO_R_WRITE | EXO_R_EXEC | EXO_R_RETYPE | EXO_R_GRANT)

/* Handles of the first generation. */
#define H(slot) EXO_HANDLE(slot, 1)

/* Call once in a process. */
void machine_start(uint32_t chunks);
/* Poisons what the kernel may not touch; after each change by the kernel. */
void machine_settle(void);
/* Lets the kernel zero what it is about to retype. */
void machine_expose(uint64_t pfn, uint64_t n);

struct table *first_table(void);
struct vcpu *first_vcpu(void);
/* The calls that follow are made by an environment bound to this table. */
void act_as(struct table *t);

extern uint64_t machine_now;    /* the TSC */
extern uint64_t machine_work;   /* basic blocks of the kernel that were run */
extern uint32_t machine_flushes; /* of the TLB */
extern uint64_t machine_timer;  /* what the timer was set to; 0: stopped */
extern uint64_t machine_cr3;
extern unsigned machine_ports;  /* open to ring 3, by the bitmap that is in force */
extern uint8_t irq_masked[IRQS];
/* Called when the kernel idles; by default the time of the timer comes. */
extern void (*machine_idle)(void);

/* Pointers that no user has access to. */
#define BAD_POINTER ((void *)8)

/* A copy of all that the kernel knows: frame table, objects, pinned pages and information pages. */
struct snapshot;
struct snapshot *snapshot_take(void);
/* Compares with now and frees: NULL, or what differs. Generations and what else only grows counts if `exact`. */
const char *snapshot_differs(struct snapshot *before, bool exact);
void snapshot_free(struct snapshot *s);
