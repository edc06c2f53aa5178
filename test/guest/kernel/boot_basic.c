/* SPDX-License-Identifier: MIT */
/* What must hold on every machine and boot path. COM2 gets the same text everywhere: it stands for a command's output. */
#include "rt.h"

#define COM2 0x2f8

static void out(const char *text)
{
    outb(COM2 + 3, 3); /* 8N1 */
    for (; *text; text++) {
        for (unsigned i = 0; i < 100000 && !(inb(COM2 + 5) & 0x20); i++)
            ;
        outb(COM2, *text);
    }
    for (unsigned i = 0; i < 1000000 && !(inb(COM2 + 5) & 0x40); i++)
        ;
}

TEST(boot_info)
{
    EQUAL(info->magic, EXO_INFO_MAGIC);
    EQUAL(info->size, sizeof *info);
    EQUAL(cpu_info->magic, EXO_CPU_INFO_MAGIC);
    EQUAL(cpu_info->size, sizeof *cpu_info);
    CHECK(info->tsc_khz > 1000);
    CHECK(info->slot_ticks / 1000 <= info->tsc_khz / 1000 + 1);
    CHECK(info->cpus >= 1 && info->cpus_running >= 1);
    CHECK(info->module_count >= 1);
    CHECK(info->mem_count > 0 && info->frames_total > info->frames_kernel);
    CHECK(info->phase_count > 3);
    CHECK(info->irq_sources >= 16);
    CHECK(info->xsave_size >= 512);
    for (uint32_t i = 1; i < info->phase_count; i++)
        CHECK(info->phase[i].tsc >= info->phase[i - 1].tsc);
}

/* The kernel kept little, and all the rest is in capabilities. */
TEST(boot_memory_is_given_away)
{
    uint64_t held = 0;

    for (uint32_t s = EXO_TABLE_HEAD; s < SLOTS_FIRST; s++) {
        struct exo_cap_info c = inspect(s);
        if (c.type == EXO_FRAME && (c.rights & EXO_R_RETYPE) && !c.depth)
            held += c.count;
    }
    CHECK(held + info->frames_kernel + 64 >= info->frames_total);
    CHECK(held <= info->frames_total + 64);
}

TEST(boot_clock)
{
    uint64_t begin = now();

    EQUAL(exo_yield(0, EXO_YIELD_WAIT, begin + info->tsc_khz * 20), 0);
    CHECK(now() - begin >= info->tsc_khz * 20);
    FAULTS(VEC_UD, __asm__ volatile("ud2"));
    EQUAL(exo_doorbell(BOOT(VCPU), 1 << 9), 0);
}

TEST(boot_output)
{
    if (!failed())
        out("ok\n");
}
