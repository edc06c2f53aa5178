/* SPDX-License-Identifier: MIT
 *
 * Threads of the library under its own round-robin policy. They have no libc of their
 * own (FS base 0), so only the first thread tells verdicts.
 */
#include "kit.h"
#include <exo/names.h>
#include "proc/exec.h"
#include "sched/sched.h"
#include "vm/vm.h"

#define MS 1000000ul
#define MANY 100

static volatile char order[64];
static volatile unsigned placed, running;

static void mark(char c)
{
    if (placed < sizeof order)
        order[placed++] = c;
}

static void begin(void)
{
    for (unsigned i = 0; i < sizeof order; i++)
        order[i] = 0;
    placed = 0;
    running = 0;
}

static struct thread *start(void (*fn)(void *), void *arg)
{
    struct thread *t = thread_create(fn, arg);

    CHECK(t);
    running++;
    return t;
}

static _Noreturn void end(void)
{
    running--;
    thread_exit();
}

static void wait_all(void)
{
    for (uint64_t give_up = time_ns() + 10000 * MS; running; thread_yield())
        if (time_ns() > give_up)
            test_fail("%u threads do not end; order %.64s", running, (char *)order);
}

static void is_order(const char *wanted)
{
    for (unsigned i = 0; i <= strlen(wanted); i++)
        if (order[i] != wanted[i])
            test_fail("order is %.64s, not %s", (char *)order, wanted);
}

/* ---- by call --------------------------------------------------------------------------- */

static void yields(void *name)
{
    for (int i = 0; i < 3; i++) {
        mark(*(char *)name);
        thread_yield();
    }
    end();
}

static void taking_turns(void)
{
    begin();
    thread_sleep(time_ns() + MS);   /* a fresh slice, so that no tick comes in between */
    section_enter();
    start(yields, "a");
    start(yields, "b");
    start(yields, "c");
    section_leave();
    wait_all();
    is_order("abcabcabc");
}

static struct wait_queue queue;
static struct lock lock;

static void blocks(void *name)
{
    section_enter();
    thread_block(&queue, NULL, 0);
    section_leave();
    mark(*(char *)name);
    end();
}

static void woken_in_order(void)
{
    begin();
    start(blocks, "a");
    start(blocks, "b");
    start(blocks, "c");
    start(blocks, "d");
    thread_sleep(time_ns() + 5 * MS);
    is_order("");
    thread_wake(&queue, 1);
    thread_sleep(time_ns() + 5 * MS);
    is_order("a");
    thread_wake(&queue, 2);
    thread_sleep(time_ns() + 5 * MS);
    is_order("abc");
    thread_wake(&queue, 100);
    wait_all();
    is_order("abcd");
    CHECK(!queue.head && !queue.tail);
    thread_wake(&queue, 1);
}

static volatile int results[2];

static void blocks_for_a_while(void *ms)
{
    lock_take(&lock);
    results[0] = thread_block(&queue, &lock, time_ns() + (uint64_t)ms * MS);
    results[1] = (int)lock.word;
    lock_drop(&lock);
    end();
}

static void blocking_has_a_limit(void)
{
    uint64_t before = time_ns();

    begin();
    start(blocks_for_a_while, (void *)20);
    wait_all();
    EQUAL(results[0], 0);
    EQUAL(results[1], 1);
    CHECK(time_ns() - before >= 20 * MS && time_ns() - before < 2000 * MS);
    CHECK(!queue.head);
    start(blocks_for_a_while, (void *)5000);
    thread_yield();
    EQUAL(lock.word, 0);
    thread_wake(&queue, 1);
    wait_all();
    EQUAL(results[0], 1);
    EQUAL(results[1], 1);
    EQUAL(lock.word, 0);
}

struct sleep { char name; uint64_t until; };

static void sleeps(void *arg)
{
    struct sleep *s = arg;

    thread_sleep(s->until);
    if (time_ns() < s->until)
        mark('!');
    mark(s->name);
    end();
}

static void sleepers_wake_in_order(void)
{
    static struct sleep s[5];
    static const unsigned ms[5] = { 40, 10, 50, 20, 30 };
    uint64_t now = time_ns();

    begin();
    for (unsigned i = 0; i < 5; i++) {
        s[i] = (struct sleep){ (char)('0' + ms[i] / 10), now + ms[i] * MS };
        start(sleeps, &s[i]);
    }
    thread_sleep(now + 60 * MS);
    wait_all();
    is_order("12345");
    CHECK(time_ns() < now + 3000 * MS);
    thread_sleep(1);
}

/* ---- by the tick ----------------------------------------------------------------------- */

static volatile bool stop;

/* Never yields; keeps values in vector registers, and looks whether they stay. */
struct spin { uint64_t pattern[4], fs; volatile uint64_t rounds, broken; };

static void spins(void *arg)
{
    struct spin *s = arg;
    uint64_t back[4], fs;

    thread_set_fs(s->fs);
    while (!stop) {
        __asm__ volatile("movdqu (%2), %%xmm3\n movdqu 16(%2), %%xmm15\n mov $20000, %%ecx\n"
            "1: dec %%ecx\n jnz 1b\n"
            "movdqu %%xmm3, (%1)\n movdqu %%xmm15, 16(%1)\n rdfsbase %0"
            : "=&r"(fs) : "r"(back), "r"(s->pattern) : "rcx", "memory", "cc");
        if (memcmp(back, s->pattern, sizeof back) || fs != s->fs)
            s->broken++;
        s->rounds++;
    }
    end();
}

static void spinning_threads_are_preempted(void)
{
    static struct spin s[3];
    static uint64_t tls[3][8];
    uint64_t fs, again, done;

    if (!(info()->features & EXO_CPU_FSGSBASE))
        test_fail("this machine has no FSGSBASE");
    __asm__ volatile("rdfsbase %0" : "=r"(fs));
    begin();
    stop = false;
    for (unsigned i = 0; i < 3; i++) {
        for (unsigned k = 0; k < 4; k++)
            s[i].pattern[k] = (i + 1) * 0x0101010101010101ul * (k + 1);
        s[i].fs = (uint64_t)&tls[i][4];
        start(spins, &s[i]);
    }
    for (uint64_t give_up = time_ns() + 5000 * MS; time_ns() < give_up; )
        if (s[0].rounds > 200 && s[1].rounds > 200 && s[2].rounds > 200)
            break;
    done = s[0].rounds > 200 && s[1].rounds > 200 && s[2].rounds > 200;
    stop = true;
    wait_all();
    __asm__ volatile("rdfsbase %0" : "=r"(again));
    CHECK(done);
    EQUAL(s[0].broken + s[1].broken + s[2].broken, 0);
    EQUAL(again, fs);
}

static void cpu_time_is_shared(void)
{
    static struct spin s[2];
    struct thread *a, *b;
    uint64_t ran_a, ran_b, self = thread_run_ns(thread_self()), from = time_ns();

    begin();
    stop = false;
    a = start(spins, &s[0]);
    b = start(spins, &s[1]);
    thread_sleep(time_ns() + 200 * MS);
    section_enter();
    ran_a = thread_run_ns(a);
    ran_b = thread_run_ns(b);
    section_leave();
    stop = true;
    wait_all();
    self = thread_run_ns(thread_self()) - self;
    CHECK(ran_a > 30 * MS && ran_b > 30 * MS);
    CHECK(ran_a + ran_b <= time_ns() - from);
    CHECK(self < time_ns() - from - ran_a - ran_b + MS);
}

static void a_sleeper_interrupts_a_spinner(void)
{
    static struct spin s;
    uint64_t from;

    begin();
    stop = false;
    start(spins, &s);
    from = time_ns();
    thread_sleep(from + 3 * MS);
    from = time_ns() - from;
    stop = true;
    wait_all();
    CHECK(from >= 3 * MS && from < 500 * MS);
}

/* ---- many ------------------------------------------------------------------------------ */

static void counts(void *total)
{
    thread_yield();
    ++*(unsigned *)total;
    end();
}

static void ended_threads_leave_nothing(void)
{
    struct pool_stats before, after;
    static unsigned total;

    for (int round = 0; round < 3; round++) {
        total = 0;
        begin();
        for (int i = 0; i < MANY; i++)
            start(counts, &total);
        wait_all();
        EQUAL(total, MANY);
        thread_yield();
        pool_stats(round ? &after : &before);
    }
    CHECK(after.free + 8 >= before.free);
}

int main(void)
{
    static const struct test tests[] = { TEST(taking_turns), TEST(woken_in_order), TEST(blocking_has_a_limit),
        TEST(sleepers_wake_in_order), TEST(spinning_threads_are_preempted), TEST(cpu_time_is_shared),
        TEST(a_sleeper_interrupts_a_spinner), TEST(ended_threads_leave_nothing) };

    return TESTS(tests);
}
