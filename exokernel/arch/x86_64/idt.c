/* SPDX-License-Identifier: MIT */
#include "arch/x86_64/gdt.h"
#include "trap.h"

/* SDM 3, 6.14.1 */
struct gate {
    uint16_t offset_low, selector;
    uint8_t ist, type;
    uint16_t offset_mid;
    uint32_t offset_high, reserved;
};
_Static_assert(sizeof(struct gate) == 16, "IDT gate");

extern const uint64_t trap_stubs[256]; /* entry.asm */

static struct gate idt[256]; /* one for all CPUs */

static void gate_set(unsigned vector, uint8_t ist, uint8_t dpl) {
    uint64_t stub = trap_stubs[vector];
    idt[vector] = (struct gate){
        .offset_low = stub & 0xffff,
        .offset_mid = stub >> 16 & 0xffff,
        .offset_high = stub >> 32,
        .selector = SEL_KERNEL_CODE,
        .ist = ist,
        .type = 0x8e | dpl << 5, /* interrupt gate: IF is clear whenever ring 0 runs */
    };
}

void idt_init(void) {
    for (unsigned v = 0; v < 256; v++)
        gate_set(v, 0, v == VEC_BP || v == VEC_OF ? 3 : 0);
    gate_set(VEC_DF, IST_DF, 0);
    gate_set(VEC_NMI, IST_NMI, 0);
    gate_set(VEC_MC, IST_MC, 0);
    gate_set(VEC_DB, IST_DB, 0);

    struct {
        uint16_t limit;
        uint64_t base;
    } __attribute__((packed)) pointer = {sizeof idt - 1, (uint64_t)idt};
    __asm__ volatile("lidt %0" : : "m"(pointer));
}
