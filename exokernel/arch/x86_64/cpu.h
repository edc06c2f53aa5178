/* SPDX-License-Identifier: MIT */
/* The processor: privileged instructions as inline functions, register bits, and what CPUID offers. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { CR0_MP = 1 << 1, CR0_EM = 1 << 2, CR0_TS = 1 << 3, CR0_NE = 1 << 5, CR0_WP = 1 << 16, CR0_AM = 1 << 18 };
enum {
    CR4_DE = 1 << 3, CR4_MCE = 1 << 6, CR4_PGE = 1 << 7, CR4_OSFXSR = 1 << 9, CR4_OSXMMEXCPT = 1 << 10, CR4_UMIP = 1 << 11,
    CR4_FSGSBASE = 1 << 16, CR4_OSXSAVE = 1 << 18, CR4_SMEP = 1 << 20, CR4_SMAP = 1 << 21, CR4_PKE = 1 << 22,
};
enum { EFER_SCE = 1 << 0, EFER_NXE = 1 << 11 };
enum {
    RFLAGS_TF = 1 << 8, RFLAGS_IF = 1 << 9, RFLAGS_DF = 1 << 10, RFLAGS_IOPL = 3 << 12, RFLAGS_NT = 1 << 14,
    RFLAGS_AC = 1 << 18,
};
enum { MSR_APIC_BASE = 0x1b, MSR_PAT = 0x277, MSR_TSC_DEADLINE = 0x6e0, MSR_X2APIC = 0x800 };
enum {
    MSR_EFER = 0xc0000080, MSR_STAR = 0xc0000081, MSR_LSTAR = 0xc0000082, MSR_FMASK = 0xc0000084, MSR_FS_BASE = 0xc0000100,
    MSR_GS_BASE = 0xc0000101, MSR_KERNEL_GS_BASE = 0xc0000102, MSR_TSC_AUX = 0xc0000103,
};

/* name, CPUID leaf, register (0 eax, 1 ebx, 2 ecx, 3 edx), bit. Sub-leaf 0, but 1 for leaf 0xd. */
#define CPU_FEATURES(X)                                                        \
    X(fpu, 1, 3, 0) X(de, 1, 3, 2) X(mce, 1, 3, 7) X(apic, 1, 3, 9)            \
    X(pge, 1, 3, 13) X(fxsr, 1, 3, 24) X(sse, 1, 3, 25) X(pcid, 1, 2, 17)      \
    X(x2apic, 1, 2, 21) X(tsc_deadline, 1, 2, 24) X(xsave, 1, 2, 26)           \
    X(avx, 1, 2, 28) X(hypervisor, 1, 2, 31) X(arat, 6, 0, 2)                  \
    X(fsgsbase, 7, 1, 0) X(smep, 7, 1, 7) X(avx512, 7, 1, 16)                  \
    X(smap, 7, 1, 20) X(umip, 7, 2, 2) X(pku, 7, 2, 3) X(xsaveopt, 0xd, 0, 0)  \
    X(nx, 0x80000001, 3, 20) X(page1g, 0x80000001, 3, 26)                      \
    X(rdtscp, 0x80000001, 3, 27) X(invariant_tsc, 0x80000007, 3, 8)

/* Written once by cpu_detect on CPU 0; read-only afterwards. */
struct cpu_features {
#define X(name, leaf, reg, bit) bool name;
    CPU_FEATURES(X)
#undef X
    uint8_t phys_bits; /* width of a physical address */
};
extern struct cpu_features cpu;

void cpu_detect(void);
/* The control registers and MSRs of the CPU that calls it. */
void cpu_init(uint32_t id);

struct cpuid {
    uint32_t eax, ebx, ecx, edx;
};

/* All zero for a leaf that the CPU does not have (real ones answer with their highest leaf instead). */
struct cpuid cpuid(uint32_t leaf, uint32_t subleaf);

static inline uint64_t rdmsr(uint32_t msr) {
    uint32_t low, high;
    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr) : "memory");
    return (uint64_t)high << 32 | low;
}

static inline void wrmsr(uint32_t msr, uint64_t value) {
    __asm__ volatile("wrmsr" : : "c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)) : "memory");
}

#define CONTROL_REGISTER(name)                                              \
    static inline uint64_t read_##name(void) {                              \
        uint64_t value;                                                     \
        __asm__ volatile("mov %%" #name ", %0" : "=r"(value) : : "memory"); \
        return value;                                                       \
    }                                                                       \
    static inline void write_##name(uint64_t value) {                       \
        __asm__ volatile("mov %0, %%" #name : : "r"(value) : "memory");     \
    }
CONTROL_REGISTER(cr0)
CONTROL_REGISTER(cr2)
CONTROL_REGISTER(cr3)
CONTROL_REGISTER(cr4)
#undef CONTROL_REGISTER

static inline void xsetbv(uint64_t value) {
    __asm__ volatile("xsetbv" : : "c"(0), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)) : "memory");
}

static inline uint8_t inb(uint16_t port) {
    uint8_t value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static inline void outb(uint16_t port, uint8_t value) {
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline uint64_t rdtsc(void) {
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high) : : "memory");
    return (uint64_t)high << 32 | low;
}

static inline uint64_t read_fs_base(void) {
    uint64_t base;
    if (!cpu.fsgsbase)
        return rdmsr(MSR_FS_BASE);
    __asm__ volatile("rdfsbase %0" : "=r"(base));
    return base;
}

static inline void write_fs_base(uint64_t base) {
    if (cpu.fsgsbase)
        __asm__ volatile("wrfsbase %0" : : "r"(base));
    else
        wrmsr(MSR_FS_BASE, base);
}

static inline void pause(void) {
    __asm__ volatile("pause" : : : "memory");
}

static inline void cli(void) {
    __asm__ volatile("cli" : : : "memory");
}

static inline void hlt(void) {
    __asm__ volatile("hlt" : : : "memory");
}

/* Around each access to user memory; without SMAP there is nothing to open. */
static inline void stac(void) {
    if (cpu.smap)
        __asm__ volatile("stac" : : : "memory", "cc");
}

static inline void clac(void) {
    if (cpu.smap)
        __asm__ volatile("clac" : : : "memory", "cc");
}
