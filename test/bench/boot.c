/* SPDX-License-Identifier: MIT
 *
 * The boot row: this program takes init's place, notes the time with its first
 * instruction, and then becomes the program of the other rows.
 */
#include <exo/abi/info.h>
#include <exo/layout.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define WAIT_NS 900000ul    /* for which the kernel measures its clocks: exokernel/arch/x86_64/clock.c */

/* The ELF entry, in front of the libOS's own, which wants %rdi as it came and no stack. */
extern uint64_t bench_first_tsc;
__asm__(".global bench_first\n"
        "bench_first:\n"
        "    rdtsc\n"
        "    shl $32, %rdx\n"
        "    or %rdx, %rax\n"
        "    mov %rax, bench_first_tsc(%rip)\n"
        "    xor %eax, %eax\n"
        "    xor %edx, %edx\n"
        "    jmp exo_start\n"
        ".pushsection .data\n"
        ".balign 8\n"
        "bench_first_tsc: .quad 0\n"
        ".popsection");

static uint64_t phase(const struct exo_info *info, const char *name)
{
    uint64_t before = info->tsc_entry;

    for (uint32_t i = 0; i < info->phase_count; i++) {
        if (!strcmp(info->phase[i].name, name))
            return info->phase[i].tsc - before;
        before = info->phase[i].tsc;
    }
    return 0;
}

static void row(const char *name, uint64_t ticks)
{
    printf("%s %llu.0 %llu.0 %llu.0 1\n", name, (unsigned long long)ticks, (unsigned long long)ticks, (unsigned long long)ticks);
}

int main(void)
{
    const struct exo_info *info = (const struct exo_info *)EXO_INFO_BASE;
    uint64_t all = bench_first_tsc - info->tsc_entry, wait = WAIT_NS * info->tsc_khz / 1000000;

    printf("tsc_khz %llu\n", (unsigned long long)info->tsc_khz);
    row("boot_to_init", all - wait);
    row("boot_clock_phase", phase(info, "clock"));
    row("boot_first_env", phase(info, "first environment"));
    fflush(stdout);
    execl("/bin/rows", "/bin/rows", "/bin/exec", (char *)NULL);
    perror("/bin/rows");
    return 1;
}
