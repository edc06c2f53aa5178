/* SPDX-License-Identifier: MIT
 *
 * The resume range (libos/core/upcall.asm): an upcall at each of its instructions, and
 * nothing of the thread's context is lost. With instructions counted (ICOUNT=1), a timer
 * set to a delay of 0, 1, 2 .. ticks interrupts one instruction after the other on the
 * way through a page fault and back; a probe before the libOS's own entry notes where.
 */
#include "kit.h"
#include <exo/names.h>
#include "core/upcall.h"
#include "proc/exec.h"
#include "resume_steps.h"
#include "vm/vm.h"

#define DONTNEED 4              /* MADV_DONTNEED */
#define DELAYS 4000
#define PATIENCE 200000         /* ticks to wait for a timer that is late             */
#define FLAGS 0x200ed7ul        /* CF PF AF ZF SF IF DF OF ID and the bit that is 1   */

/* resume_probe.asm knows the offsets. */
struct context {
    uint64_t gpr[13], flags, fs;
    uint32_t mxcsr, fcw;
    uint64_t stack, red[16], vector[16][4];
};
struct contexts { struct context in, out; uint32_t use_avx; };
_Static_assert(offsetof(struct context, vector) == 264 && sizeof(struct context) == 776, "resume_probe.asm");

void victim(struct contexts *, char *touch, uint64_t delay);
extern char probe_entry[];
extern uint32_t probe_hits[256];
extern uint64_t probe_preset, probe_upcalls;

/* ---- a policy whose ticks are counted, and end the thread's turn if `switching` ---- */

static struct thread *queue[8];
static unsigned queued;
static volatile uint64_t ticks;
static bool switching;

static void enqueue(struct thread *t)
{
    queue[queued++] = t;
}

static void dequeue(struct thread *t)
{
    (void)t;
    libos_panic("a ready thread was taken out");
}

static struct thread *pick(void)
{
    struct thread *first = queued ? queue[0] : NULL;

    for (unsigned i = 1; i < queued; i++)
        queue[i - 1] = queue[i];
    queued -= first != NULL;
    return first;
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
    format(buf, size, "ticks %lu\n", ticks);
}

const struct sched_policy exo_sched_policy = { .name = "probe", .text = "counts ticks", .enqueue = enqueue,
    .dequeue = dequeue, .pick = pick, .tick = tick, .block = nothing, .wake = nothing, .yield = nothing, .stats = stats };

/* ---- one thread's rounds -------------------------------------------------------------- */

struct rounds {
    struct contexts c;
    char *page;
    unsigned done, lost;
    const char *wrong;
    volatile bool finished;
};

static inline uint64_t now(void)
{
    uint32_t low, high;

    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

static void fill(struct contexts *c, uint64_t seed)
{
    uint64_t *word = (uint64_t *)&c->in;

    for (size_t i = 0; i < sizeof c->in / sizeof *word; i++)
        word[i] = (seed + i) * 0x9e3779b97f4a7c15ul;
    c->in.flags = FLAGS;
    c->in.mxcsr = 0x1f80 | (uint32_t)(seed & 3) << 13;
    c->in.fcw = 0x037f | (uint32_t)(seed & 3) << 10;
    c->use_avx = (info()->xsave_mask & 6) == 6;
    for (unsigned i = 0; !c->use_avx && i < 16; i++)
        c->in.vector[i][2] = c->in.vector[i][3] = 0;
    __asm__ volatile("rdfsbase %0" : "=r"(c->in.fs));
}

static const char *compare(const struct context *in, const struct context *out)
{
    if (memcmp(in->gpr, out->gpr, sizeof in->gpr))
        return "a general register changed";
    if (memcmp(in->vector, out->vector, sizeof in->vector))
        return "a vector register changed";
    if (memcmp(in->red, out->red, sizeof in->red))
        return "the red zone changed";
    if (in->flags != out->flags || in->fs != out->fs || in->stack != out->stack)
        return "flags, FS base or stack pointer changed";
    return in->mxcsr != out->mxcsr || (uint16_t)in->fcw != (uint16_t)out->fcw ? "MXCSR or control word changed" : NULL;
}

/* A round for each delay. Two threads on one CPU arm the timer in turn, so each waits for its own. */
static void run_rounds(void *arg)
{
    struct rounds *r = arg;

    for (uint64_t delay = 0; delay < DELAYS && !r->wrong; delay++) {
        uint64_t before = ticks, give_up;

        sys_madvise(r->page, EXO_PAGE_SIZE, DONTNEED);
        memset(&r->c.out, 0, sizeof r->c.out);
        victim(&r->c, r->page, delay);
        r->wrong = compare(&r->c.in, &r->c.out);
        for (give_up = now() + PATIENCE; ticks == before && now() < give_up; )
            ;
        r->lost += ticks == before;
        r->done++;
    }
    r->finished = true;
}

/* ---- the tests ----------------------------------------------------------------------- */

static struct rounds first, second;

static void probe_install(void)
{
    struct vcpu *v = VCPU->this;
    uint64_t pfn = (page_entry((uint64_t)v) & EXO_PTE_ADDR) >> 12;
    struct exo_vcpu_config config = { .entry = (uint64_t)probe_entry, .syscall_entry = (uint64_t)exo_syscall_entry,
        .nested_entry = (uint64_t)exo_nested_entry, .stack = (uint64_t)v + EXO_UPCALL_TOP,
        .nested_stack = (uint64_t)v + EXO_NESTED_TOP, .page_frame = cap_find(EXO_FRAME, pfn, 1), .page_pfn = pfn };

    EQUAL(exo_vcpu_config(v->cap, &config), 0);
}

/* A thread that is always ready, so that the policy is asked at each tick. */
static void spin(void *unused)
{
    (void)unused;
    for (;;)
        thread_yield();
}

static void second_thread(void *arg)
{
    static uint64_t tls[8];
    struct rounds *r = arg;

    thread_set_fs((uint64_t)&tls[4]);
    fill(&r->c, 77);
    run_rounds(r);
    for (;;)
        thread_yield();
}

static void rounds_begin(struct rounds *r)
{
    memset(r, 0, sizeof *r);
    r->page = (char *)sys_mmap(NULL, EXO_PAGE_SIZE, 3, 0x22, -1, 0); /* read-write, private anonymous */
    CHECK((uint64_t)r->page < EXO_WINDOW);
}

static void check(const struct rounds *r)
{
    if (r->wrong)
        test_fail("round %u: %s", r->done, r->wrong);
    EQUAL(r->done, DELAYS);
    if (r->lost)
        test_fail("%u of %u timer events were lost", r->lost, r->done);
}

static void run(bool preset, bool two)
{
    probe_install();
    rounds_begin(&first);
    rounds_begin(&second);
    probe_preset = preset;
    switching = two;
    CHECK(thread_create(two ? second_thread : spin, &second));
    fill(&first.c, 1);
    run_rounds(&first);
    while (two && !second.finished)
        thread_yield();
    switching = false;
    probe_preset = 0;
    check(&first);
    if (two)
        check(&second);
}

static void one_thread(void)
{
    run(false, false);
}

static void one_thread_with_an_event_waiting(void)
{
    run(true, false);
}

static void two_threads(void)
{
    run(false, true);
}

static void two_threads_with_an_event_waiting(void)
{
    run(true, true);
}

/* The mask is still closed at the range's first instruction; at all others an upcall may come, and has. */
static void each_instruction_was_interrupted(void)
{
    static const unsigned step[] = { RESUME_STEPS };
    const unsigned n = sizeof step / sizeof step[0];

    EQUAL(RESUME_LENGTH, exo_resume_end - exo_resume_begin);
    EQUAL(step[0], 0);
    EQUAL(probe_hits[0], 0);
    CHECK(n > 20);
    for (unsigned i = 1; i < n; i++) {
        char name[32];

        snprintf(name, sizeof name, "%u", step[i]);
        test_tell(probe_hits[step[i]] > 0, name, "no upcall came at offset %u in %lu upcalls", step[i], probe_upcalls);
        probe_hits[step[i]] = 0;
    }
    for (unsigned i = 0; i < 256; i++)
        EQUAL(probe_hits[i], 0);
}

int main(void)
{
    static const struct test tests[] = { TEST(one_thread), TEST(one_thread_with_an_event_waiting), TEST(two_threads),
        TEST(two_threads_with_an_event_waiting), TEST(each_instruction_was_interrupted) };

    return TESTS(tests);
}
