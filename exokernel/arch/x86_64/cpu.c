/* SPDX-License-Identifier: MIT */
#include "arch/x86_64/cpu.h"

#include "arch/x86_64/gdt.h"
#include "panic.h"

/* WB WT UC- UC, twice: bit 7 of a large page's entry, which is PAT in a small one's, must not matter. */
#define PAT_VALUE 0x0007040600070406ul

/* What SYSCALL must clear: user space chooses none of the kernel's flags (SDM 3, 5.8.8). */
#define SYSCALL_FLAGS (RFLAGS_TF | RFLAGS_IF | RFLAGS_DF | RFLAGS_IOPL | RFLAGS_NT | RFLAGS_AC)

struct cpu_features cpu;

extern const char syscall_entry[]; /* entry.asm */

struct cpuid cpuid(uint32_t leaf, uint32_t subleaf) {
    struct cpuid r;
    __asm__ volatile("cpuid" : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx) : "a"(leaf & 0xffff0000), "c"(0));
    if (r.eax < leaf || (r.eax ^ leaf) >> 16)
        return (struct cpuid){0};
    __asm__ volatile("cpuid" : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx) : "a"(leaf), "c"(subleaf));
    return r;
}

static bool offers(uint32_t leaf, unsigned reg, unsigned bit) {
    struct cpuid r = cpuid(leaf, leaf == 0xd);
    const uint32_t regs[] = {r.eax, r.ebx, r.ecx, r.edx};
    return regs[reg] >> bit & 1;
}

void cpu_detect(void) {
#define X(name, leaf, reg, bit) cpu.name = offers(leaf, reg, bit);
    CPU_FEATURES(X)
#undef X
    cpu.phys_bits = cpuid(0x80000008, 0).eax & 0xff;
    if (cpu.phys_bits < 32 || cpu.phys_bits > 52)
        cpu.phys_bits = 36;
    if (!cpu.nx || !cpu.apic || !cpu.fxsr || !cpu.sse)
        panic("the CPU lacks NX, a local APIC or SSE");
}

void cpu_init(uint32_t id) {
    /* A bit that CPUID does not offer would fault, or hang some emulators. */
    const struct {
        bool offered;
        uint64_t bit;
    } cr4[] = {
        {cpu.de, CR4_DE},           {cpu.mce, CR4_MCE},   {cpu.pge, CR4_PGE},     {cpu.fsgsbase, CR4_FSGSBASE},
        {cpu.smep, CR4_SMEP},       {cpu.smap, CR4_SMAP}, {cpu.umip, CR4_UMIP},   {cpu.pku, CR4_PKE},
        {cpu.xsave, CR4_OSXSAVE},   {true, CR4_OSFXSR},   {true, CR4_OSXMMEXCPT},
    };
    uint64_t bits = read_cr4();
    for (unsigned i = 0; i < sizeof cr4 / sizeof cr4[0]; i++)
        bits |= cr4[i].offered ? cr4[i].bit : 0;
    write_cr4(bits);
    write_cr0((read_cr0() & ~(CR0_EM | CR0_TS)) | CR0_MP | CR0_NE | CR0_WP | CR0_AM);

    wrmsr(MSR_PAT, PAT_VALUE);
    wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SCE | EFER_NXE);
    /* SYSRET loads SS from the upper selector + 8 and CS from it + 16 (SDM 2, SYSRET). */
    wrmsr(MSR_STAR, (uint64_t)(SEL_USER_DATA - 8) << 48 | (uint64_t)SEL_KERNEL_CODE << 32);
    wrmsr(MSR_LSTAR, (uint64_t)syscall_entry);
    wrmsr(MSR_FMASK, SYSCALL_FLAGS);
    if (cpu.rdtscp)
        wrmsr(MSR_TSC_AUX, id);
}
