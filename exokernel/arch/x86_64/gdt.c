/* SPDX-License-Identifier: MIT */
#include "arch/x86_64/gdt.h"

#include "arch/x86_64/cpu.h"
#include "lib.h"
#include "percpu.h"

/* SDM 3, 8.7. The byte after the bitmap must be all ones, as the CPU reads two bytes at a time. */
struct tss_block {
    uint32_t reserved0;
    uint64_t rsp[3];
    uint64_t reserved1;
    uint64_t ist[7];
    uint64_t reserved2;
    uint16_t reserved3, ports_offset;
    uint8_t ports[PORT_BITMAP_SIZE];
    uint8_t ports_end;
} __attribute__((packed));

#define PORTS_ON offsetof(struct tss_block, ports)
#define PORTS_OFF sizeof(struct tss_block) /* beyond the segment's limit: every port faults */
_Static_assert(PORTS_ON == 104, "TSS layout");
_Static_assert(offsetof(struct cpu_stack, ist) == 16384, "KERNEL_STACK_END in boot/entry.asm");

struct cpu_stack cpu_stacks[MAX_CPUS] __attribute__((aligned(4096)));
struct percpu percpu[MAX_CPUS];
static struct tss_block tss[MAX_CPUS] __attribute__((aligned(64)));
static uint64_t gdt[MAX_CPUS][8];

void gdt_init(uint32_t id) {
    struct percpu *p = &percpu[id];
    struct tss_block *t = &tss[id];
    uint64_t base = (uint64_t)t, limit = sizeof *t - 1;

    *p = (struct percpu){.self = p, .id = id, .tss = t, .kernel_stack = (uint64_t)cpu_stacks[id].ist};
    t->rsp[0] = p->kernel_stack;
    for (int i = 0; i < 4; i++)
        t->ist[i] = (uint64_t)cpu_stacks[id].ist[i + 1];
    t->ports_offset = PORTS_OFF;
    memset(t->ports, 0xff, PORT_BITMAP_SIZE + 1);

    uint64_t *g = gdt[id];
    g[SEL_KERNEL_CODE / 8] = 0x00af9b000000ffff;
    g[SEL_KERNEL_DATA / 8] = 0x00cf93000000ffff;
    g[SEL_USER_DATA / 8] = 0x00cff3000000ffff;
    g[SEL_USER_CODE / 8] = 0x00affb000000ffff;
    g[SEL_TSS / 8] = (limit & 0xffff) | (base & 0xffffff) << 16 | 0x89ul << 40 | (base >> 24 & 0xff) << 56;
    g[SEL_TSS / 8 + 1] = base >> 32;

    struct {
        uint16_t limit;
        uint64_t base;
    } __attribute__((packed)) pointer = {sizeof gdt[id] - 1, (uint64_t)g};
    __asm__ volatile("lgdt %0\n\t"
                     "pushq %1\n\t"
                     "leaq 1f(%%rip), %%rax\n\t"
                     "pushq %%rax\n\t"
                     "lretq\n"
                     "1:\tmovl %2, %%ds\n\t"
                     "movl %2, %%es\n\t"
                     "movl %2, %%ss\n\t"
                     "movl %3, %%fs\n\t"
                     "movl %3, %%gs\n\t"
                     "ltr %w4"
                     : : "m"(pointer), "i"(SEL_KERNEL_CODE), "r"(SEL_KERNEL_DATA), "r"(0), "r"(SEL_TSS)
                     : "rax", "memory");
    wrmsr(MSR_GS_BASE, (uint64_t)p);
    wrmsr(MSR_KERNEL_GS_BASE, 0);
}

void tss_ports_copy(const uint8_t *bitmap, uint32_t begin, uint32_t end) {
    uint8_t *ports = this_cpu()->tss->ports;
    if (begin >= end)
        return;
    if (bitmap)
        memcpy(ports + begin, bitmap + begin, end - begin);
    else
        memset(ports + begin, 0xff, end - begin);
}

void tss_ports_on(bool on) {
    this_cpu()->tss->ports_offset = on ? PORTS_ON : PORTS_OFF;
}
