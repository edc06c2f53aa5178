/* SPDX-License-Identifier: MIT
 *
 * Critical sections: they delay events and lose none, and a fault on the window in
 * one is repaired. What must not happen in a section is in ends.c.
 */
#include "kit.h"
#include <exo/names.h>
#include "core/upcall.h"
#include "sched/sched.h"
#include "vm/vm.h"

#define TIMER (1ul << EXO_EV_TIMER)
#define LATER 20000ul           /* ticks: the timer is for the near future             */
#define PATIENCE 400000000ul    /* ticks: then it has not come                         */

/* ---- a policy that counts its ticks ------------------------------------------------- */

static struct thread *other;
static volatile unsigned ticks, other_ran;
static bool switching;

static void enqueue(struct thread *t)
{
    struct thread **at = &other;

    while (*at)
        at = &(*at)->next;
    t->next = NULL;
    *at = t;
}

static void dequeue(struct thread *t)
{
    other = t->next;
}

static struct thread *pick(void)
{
    struct thread *t = other;

    if (t)
        other = t->next;
    return t;
}

static bool tick(struct thread *t, uint64_t ran)
{
    (void)t;
    (void)ran;
    ticks++;
    return switching;
}

static void nothing(struct thread *t)
{
    (void)t;
}

static void stats(char *buf, size_t size)
{
    format(buf, size, "ticks %u\n", ticks);
}

const struct sched_policy exo_sched_policy = { .name = "counting", .text = "counts ticks", .enqueue = enqueue,
    .dequeue = dequeue, .pick = pick, .tick = tick, .block = nothing, .wake = nothing, .yield = nothing, .stats = stats };

static void other_thread(void *unused)
{
    (void)unused;
    for (;;) {
        other_ran++;
        thread_yield();
    }
}

static inline uint64_t now(void)
{
    uint32_t low, high;

    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

static void begin(void)
{
    static bool made;

    if (!made)
        CHECK(thread_create(other_thread, NULL));
    made = true;
    switching = false;
    ticks = 0;
}

/* Waits, in a section, until the kernel has told of the timer. */
static void wait_pending(void)
{
    uint64_t give_up = now() + PATIENCE;

    while (!(__atomic_load_n(&VCPU->this->k.pending, __ATOMIC_ACQUIRE) & TIMER) && now() < give_up)
        ;
}

static void open_events_come_at_once(void)
{
    uint64_t give_up = now() + PATIENCE;

    begin();
    exo_timer(now() + LATER);
    while (!ticks && now() < give_up)
        ;
    EQUAL(ticks, 1);
    EQUAL(VCPU->k.pending & TIMER, 0);
}

static void sections_delay_events(void)
{
    unsigned within;
    uint64_t pending;

    begin();
    section_enter();
    exo_timer(now() + LATER);
    wait_pending();
    within = ticks;
    pending = VCPU->k.pending;
    section_leave();
    EQUAL(within, 0);
    EQUAL(pending & TIMER, TIMER);
    EQUAL(ticks, 1);
    EQUAL(VCPU->k.pending & TIMER, 0);
    EQUAL(VCPU->depth, 0);
    EQUAL(VCPU->k.mask, 0);
}

static void only_the_outermost_section_ends(void)
{
    struct lock lock = { 0 };
    unsigned within[3];

    begin();
    section_enter();
    lock_take(&lock);
    section_enter();
    exo_timer(now() + LATER);
    wait_pending();
    section_leave();
    within[0] = ticks;
    lock_drop(&lock);
    within[1] = ticks;
    within[2] = VCPU->k.mask;
    section_leave();
    EQUAL(within[0], 0);
    EQUAL(within[1], 0);
    EQUAL(within[2], 1);
    EQUAL(ticks, 1);
    EQUAL(lock.word, 0);
}

static void a_tick_in_a_section_switches_at_its_end(void)
{
    unsigned before, within;

    begin();
    switching = true;
    before = other_ran;
    section_enter();
    exo_timer(now() + LATER);
    wait_pending();
    within = other_ran;
    section_leave();
    switching = false;
    EQUAL(within, before);
    CHECK(other_ran > before);
    EQUAL(ticks, 1);
}

static void many_events_are_one(void)
{
    begin();
    section_enter();
    for (int i = 0; i < 5; i++) {
        exo_timer(now() + LATER);
        wait_pending();
    }
    section_leave();
    EQUAL(ticks, 1);
}

/* Touches p with known values in the registers: how many of them, or the flags, changed. */
static unsigned touch(volatile char *p)
{
    uint64_t wrong;

    __asm__ volatile("mov $0x1111, %%r8\n mov $0x2222, %%r9\n mov $0x3333, %%r10\n mov $0x4444, %%r11\n"
        "mov $0x5555, %%r12\n mov $0x6666, %%r13\n mov $0x7777, %%r14\n mov $0x8888, %%r15\n"
        "mov $0x9999, %%rcx\n mov $0xaaaa, %%rdx\n mov $0xbbbb, %%rsi\n mov $0xcccc, %%rdi\n"
        "movq $0x0123456, -64(%%rsp)\n xor %%eax, %%eax\n stc\n"
        "movb $77, (%%rbx)\n"
        "setnc %%al\n"
        "cmp $0x1111, %%r8\n setne %%r8b\n cmp $0x2222, %%r9\n setne %%r9b\n cmp $0x3333, %%r10\n setne %%r10b\n"
        "cmp $0x4444, %%r11\n setne %%r11b\n cmp $0x5555, %%r12\n setne %%r12b\n cmp $0x6666, %%r13\n setne %%r13b\n"
        "cmp $0x7777, %%r14\n setne %%r14b\n cmp $0x8888, %%r15\n setne %%r15b\n cmp $0x9999, %%rcx\n setne %%cl\n"
        "cmp $0xaaaa, %%rdx\n setne %%dl\n cmp $0xbbbb, %%rsi\n setne %%sil\n cmp $0xcccc, %%rdi\n setne %%dil\n"
        "add %%r8b, %%al\n add %%r9b, %%al\n add %%r10b, %%al\n add %%r11b, %%al\n add %%r12b, %%al\n add %%r13b, %%al\n"
        "add %%r14b, %%al\n add %%r15b, %%al\n add %%cl, %%al\n add %%dl, %%al\n add %%sil, %%al\n add %%dil, %%al\n"
        "cmpq $0x0123456, -64(%%rsp)\n setne %%cl\n add %%cl, %%al\n"
        : "=&a"(wrong) : "b"(p) : "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
        "memory", "cc");
    return (unsigned)wrong;
}

/* Looks at the page tables through the self-map. */
static bool mapped(const void *p)
{
    for (unsigned level = 4; level; level--) {
        uint64_t at = (uint64_t)p, entry;

        for (unsigned i = 0; i < level; i++)
            at = EXO_SELF_MAP + (at >> 9 & 0x7ffffffff8ul);
        entry = *(volatile uint64_t *)at;
        if (!(entry & EXO_P))
            return false;
        if (level == 2 && entry & EXO_PS)
            return true;
    }
    return true;
}

/* A frame whose place in the window nobody has touched yet. */
static char *untouched(void)
{
    for (int tries = 0; tries < 200; tries++) {
        char *p = page_alloc(9);

        if (!p)
            break;
        if (!mapped(p))
            return p;
    }
    test_fail("every frame of the window is mapped already");
}

static void a_window_fault_in_a_section_is_repaired(void)
{
    char *p = untouched();
    unsigned wrong, mask, depth;

    begin();
    section_enter();
    wrong = touch(p);
    mask = VCPU->k.mask;
    depth = VCPU->depth;
    section_leave();
    EQUAL(wrong, 0);
    EQUAL(mask, 1);
    EQUAL(depth, 1);
    EQUAL(*p, 77);
    EQUAL(VCPU->k.mask, 0);
    CHECK(mapped(p));
    page_unref(p);
}

static void an_event_waits_during_such_a_fault(void)
{
    char *p = untouched();
    unsigned within;

    begin();
    section_enter();
    exo_timer(now() + LATER);
    wait_pending();
    EQUAL(touch(p), 0);
    within = ticks;
    section_leave();
    EQUAL(within, 0);
    EQUAL(ticks, 1);
    page_unref(p);
}

static void copies_from_bad_memory_fail(void)
{
    char byte;

    EQUAL(copy_in(&byte, (void *)16, 1), -EFAULT);
    EQUAL(copy_in(&byte, (void *)EXO_WINDOW, 1), -EFAULT);
    EQUAL(copy_in(&byte, (void *)EXO_ARENA, 1), -EFAULT);
    EQUAL(copy_in(&byte, (void *)0xffffffff80000000ul, 1), -EFAULT);
    EQUAL(copy_in(&byte, (void *)0x1000000000000000ul, 1), -EFAULT);
    EQUAL(copy_in(&byte, (void *)(EXO_WINDOW - 1), 2), -EFAULT);
    EQUAL(copy_in(&byte, (void *)~0ul, 1), -EFAULT);
    EQUAL(copy_out((void *)copies_from_bad_memory_fail, &byte, 1), -EFAULT);
    EQUAL(VCPU->depth, 0);
    EQUAL(VCPU->k.mask, 0);
}

int main(void)
{
    static const struct test tests[] = { TEST(open_events_come_at_once), TEST(sections_delay_events),
        TEST(only_the_outermost_section_ends), TEST(a_tick_in_a_section_switches_at_its_end), TEST(many_events_are_one),
        TEST(a_window_fault_in_a_section_is_repaired), TEST(an_event_waits_during_such_a_fault),
        TEST(copies_from_bad_memory_fail) };

    return TESTS(tests);
}
