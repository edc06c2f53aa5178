/* SPDX-License-Identifier: MIT */
#include "arch/x86_64/fpu.h"

#include "arch/x86_64/cpu.h"
#include "lib.h"

#define XCR0_X87_SSE 0x3ul
#define XCR0_AVX 0x4ul
#define XCR0_AVX512 0xe0ul
#define XCR0_PKRU 0x200ul

uint32_t fpu_area_size = 512;
uint64_t fpu_mask;

void fpu_init(void) {
    if (!cpu.xsave)
        return;
    struct cpuid leaf = cpuid(0xd, 0);
    uint64_t offered = leaf.eax | (uint64_t)leaf.edx << 32;
    uint64_t wanted = XCR0_X87_SSE | (cpu.avx ? XCR0_AVX : 0) | (cpu.avx && cpu.avx512 ? XCR0_AVX512 : 0) |
                      (cpu.pku ? XCR0_PKRU : 0);
    /* EBX of the leaf is the size for what XCR0 holds now: give up parts until the area suffices. */
    const uint64_t give_up[] = {0, XCR0_AVX512, XCR0_AVX, XCR0_PKRU};
    for (unsigned i = 0; i < sizeof give_up / sizeof give_up[0]; i++) {
        wanted &= ~give_up[i];
        fpu_mask = wanted & offered;
        if ((fpu_mask & XCR0_AVX512) != XCR0_AVX512)
            fpu_mask &= ~XCR0_AVX512;
        xsetbv(fpu_mask);
        fpu_area_size = cpuid(0xd, 0).ebx;
        if (fpu_area_size <= FPU_AREA_MAX)
            break;
    }
}

void fpu_init_area(void *area) {
    uint8_t *bytes = memset(area, 0, FPU_AREA_MAX);
    *(uint16_t *)bytes = 0x37f;           /* FCW, as FNINIT sets it */
    *(uint32_t *)(bytes + 24) = 0x1f80;   /* MXCSR: XRSTOR loads it even if the header says "initial" */
}

/* XSAVE, not XSAVEOPT: that one skips what it believes the area still holds from the last XRSTOR, but frames
   are given to another vCPU at the same address. */
void fpu_save(void *area) {
    if (fpu_mask)
        __asm__ volatile("xsave64 (%0)" : : "r"(area), "a"(-1), "d"(-1) : "memory");
    else
        __asm__ volatile("fxsave64 (%0)" : : "r"(area) : "memory");
}

void fpu_restore(const void *area) {
    if (fpu_mask)
        __asm__ volatile("xrstor64 (%0)" : : "r"(area), "a"(-1), "d"(-1) : "memory");
    else
        __asm__ volatile("fxrstor64 (%0)" : : "r"(area) : "memory");
}
