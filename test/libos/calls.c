/* SPDX-License-Identifier: MIT
 *
 * All 512 numbers: the unknown ones say so, the known ones survive whatever they are
 * given, and none of them lets a program at the library's own memory.
 */
#define _GNU_SOURCE
#include "kit.h"
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NUMBERS 512
#define ROUNDS 40000
#define AREA 65536

static const bool known[NUMBERS] = {
#define SYSCALL(number, name) [number] = true,
#include "../../libos/posix/syscalls.def"
#undef SYSCALL
};

/* Those that rightly end, stop or cripple the caller: they wait, exit, signal, set a limit or the FS base,
 * change who or where it is. */
static const int left_out[] = { SYS_poll, SYS_select, SYS_nanosleep, SYS_exit, SYS_exit_group, SYS_wait4, SYS_waitid,
    SYS_clock_nanosleep, SYS_pselect6, SYS_ppoll, SYS_futex, SYS_setrlimit, SYS_prlimit64, SYS_arch_prctl, SYS_kill,
    SYS_tkill, SYS_tgkill, SYS_rt_sigqueueinfo, SYS_rt_tgsigqueueinfo, SYS_rt_sigsuspend, SYS_rt_sigtimedwait, SYS_pause,
    SYS_alarm, SYS_setitimer, SYS_fork, SYS_vfork, SYS_clone, 435, SYS_rt_sigreturn, SYS_reboot, SYS_mmap, SYS_munmap,
    SYS_mprotect, SYS_mremap, SYS_brk, SYS_madvise, SYS_setuid, SYS_setgid, SYS_setreuid, SYS_setregid, SYS_setresuid,
    SYS_setresgid, SYS_setgroups, SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_sigaltstack,
    SYS_chroot };

static bool is_left_out(int number)
{
    for (size_t i = 0; i < sizeof left_out / sizeof left_out[0]; i++)
        if (left_out[i] == number)
            return true;
    return false;
}

static void unknown_numbers(void)
{
    unsigned n = 0;

    for (int i = 0; i < NUMBERS; i++) {
        if (known[i])
            continue;
        errno = 0;
        if (syscall(i, -1, -1, -1, -1, -1, -1) != -1 || errno != ENOSYS)
            test_fail("call %d: errno %d", i, errno);
        n++;
    }
    CHECK(n > 100);
}

static char *area;

static long any_value(void)
{
    static const unsigned long special[] = { -1ul, 3, 4, 200, 1023, 1024, 4096, 65536, 1ul << 31, 1ul << 32, 1ul << 47,
        1ul << 63, 0x7ffffffffffffffful, 0x70000000, 0x700000000000, 0x710000000000, 0x710003000000, 0x7f8000000000,
        0x800000000000, 0xffffffff80000000, 0x45584f06, 0xfffffffffffff000 };
    uint64_t r = test_random();

    switch (r % 4) {
    case 0:
        return (long)(test_random() % 250 + 3);
    case 1:
        return (long)(area + test_random() % AREA / 8);
    case 2:
        return (long)test_random();
    default:
        return (long)special[(r >> 8) % (sizeof special / sizeof special[0])];
    }
}

/* Not 0 to 2 as an int either: those are our standard streams. */
static long argument(void)
{
    long value = any_value();

    return (unsigned)value < 3 ? value | 3 : value;
}

/* What went wrong shows as a crash, a panic, or a program that no longer works. */
static void hostile_arguments(void)
{
    int fd = make_file("f", "sentinel", 8);
    char text[9] = "";
    unsigned done = 0;

    test_seed(1122);
    CHECK(dup2(fd, 900) == 900);
    area = mmap(NULL, AREA, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(area != MAP_FAILED);
    while (done < ROUNDS) {
        int number = (int)(test_random() % NUMBERS);
        long a[6];

        for (int i = 0; i < 6; i++)
            a[i] = argument();
        if (!known[number] || is_left_out(number))
            continue;
        syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
        done++;
    }
    syscall(SYS_close_range, 3, 899, 0);
    fd = open("/proc/self/exe", O_RDONLY);
    CHECK(fd >= 0 && read(fd, text, 4) == 4 && !memcmp(text, "\177ELF", 4));
    CHECK(malloc(100000) != NULL);
    CHECK(write(make_file("/tmp/after", "x", 1), "y", 1) == 1);
}

static void the_librarys_memory(void)
{
    static const unsigned long at[] = { 0x70000000, 0x70010000, 0x77fff000, 0x700000000000, 0x700000400000, 0x707ffffff000,
        0x710000000000, 0x710002000000, 0x710002100000, 0x710003000000, 0x71000300f000, 0x7f8000000000, 0xffff800000000000 };
    static const long length[] = { 4096, 1 << 21 };
    const int rw = PROT_READ | PROT_WRITE, fixed = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
    char *own = mmap(NULL, 4096, rw, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    CHECK(own != MAP_FAILED);
    for (size_t i = 0; i < sizeof at / sizeof at[0]; i++)
        for (int k = 0; k < 2; k++) {
            errno = 0;
            if (syscall(SYS_mmap, at[i], length[k], rw, fixed, -1, 0) != -1)
                test_fail("mmap over 0x%lx is allowed", at[i]);
            if (syscall(SYS_mprotect, at[i], length[k], rw | PROT_EXEC) != -1)
                test_fail("mprotect of 0x%lx is allowed", at[i]);
            if (syscall(SYS_mremap, own, 4096, length[k], MREMAP_MAYMOVE | MREMAP_FIXED, at[i]) != -1)
                test_fail("mremap to 0x%lx is allowed", at[i]);
            if (syscall(SYS_mremap, at[i], 4096, length[k], MREMAP_MAYMOVE) != -1)
                test_fail("mremap of 0x%lx is allowed", at[i]);
            syscall(SYS_munmap, at[i], length[k]);
            syscall(SYS_madvise, at[i], length[k], MADV_DONTNEED);
        }
    CHECK(*(volatile char *)own == 0);
    for (int i = 0; i < 100; i++)
        CHECK(close(make_file("f", "still works", 11)) == 0);
}

int main(void)
{
    static const struct test tests[] = { TEST(unknown_numbers), TEST(hostile_arguments), TEST(the_librarys_memory) };

    return TESTS(tests);
}
