/* SPDX-License-Identifier: MIT
 *
 * From one thread to another within the libOS, and from one environment to another
 * through the kernel.
 */
#include "bench.h"
#include <exo/names.h>
#include "sched/sched.h"
#include "vm/vm.h"

/* ---- two threads ---------------------------------------------------------------------- */

static volatile int stop, ended;

static void partner(void *unused)
{
    (void)unused;
    while (!stop)
        thread_yield();
    ended = 1;
}

static void threads(void)
{
    bench_require(thread_create(partner, NULL) != NULL, "no memory for a thread");
    thread_yield();
    BENCH("thread_yield_pair", 1000, thread_yield());
    stop = 1;
    while (!ended)
        thread_yield();
}

/* ---- two environments ------------------------------------------------------------------
 * The second one has page tables of its own, in which nothing is mapped but one page of
 * code: `for (;;) exo_yield(%rbx, 0, 0);`. It has no stack, takes no upcalls and holds
 * no slot: it runs when the first one says so. */

#define PARTNER_CODE 0x10000000ul
#define EXO_CALL_YIELD (EXO_CALL_BASE + EXO_CALL_yield)

extern const char partner_loop[], partner_end[];
__asm__(".pushsection .rodata\n"
        "partner_loop:\n"
        "    mov %rbx, %rdi\n"
        "    xor %esi, %esi\n"
        "    xor %edx, %edx\n"
        "    mov %ebp, %eax\n"
        "    syscall\n"
        "    jmp partner_loop\n"
        "partner_end:\n"
        ".popsection");

static exo_cap_t make(unsigned kind, exo_cap_t argument, uint64_t *pfn)
{
    uint32_t slot = cap_slot_alloc();
    long handle;

    *pfn = object_frame_alloc(1);
    handle = exo_create(0, frame_cap(*pfn), *pfn, EXO_CREATE(kind, 1), slot, argument);
    bench_require(*pfn && slot && handle > 0, "a kernel object cannot be made");
    return (exo_cap_t)handle;
}

static void enter(exo_cap_t table, uint64_t index, exo_cap_t object, uint64_t value)
{
    struct exo_pte e = { .table = table, .object = object, .value = value, .index = (uint32_t)index };

    bench_require(exo_pte_update(0, &e, 1, 0) == 1, "a page-table entry is refused");
}

/* A root page table in which the code is mapped. */
static exo_cap_t make_space(uint64_t *frame)
{
    char *page = page_alloc_zero(0);
    uint64_t pfn;
    exo_cap_t table = 0, upper;

    bench_require(page != NULL, "no memory");
    for (long i = 0; partner_loop + i < partner_end; i++)
        page[i] = partner_loop[i];
    *frame = page_pfn(page);
    for (unsigned level = 1; level <= 4; level++) {
        uint64_t index = PARTNER_CODE >> (3 + 9 * level) & 511;

        upper = make(EXO_KIND_PT1 + level - 1, 0, &pfn);
        enter(upper, index, level == 1 ? frame_cap(*frame) : table, *frame << 12 | EXO_P | (level == 1 ? 0 : EXO_W));
        table = upper;
        *frame = pfn;
    }
    return table;
}

static exo_cap_t make_partner(void)
{
    struct exo_vcpu_config config = { .entry = 0 };
    struct exo_vcpu_state state = { .regs = { .rip = PARTNER_CODE, .rbx = VCPU->cap, .rbp = EXO_CALL_YIELD } };
    uint64_t pfn, unused;
    exo_cap_t root = make_space(&unused), environment = make(EXO_KIND_ENV, 0, &pfn), vcpu = make(EXO_KIND_VCPU, environment, &pfn);
    void *page = page_alloc_zero(0);

    bench_require(page != NULL, "no memory");
    config.page_pfn = page_pfn(page);
    config.page_frame = frame_cap(config.page_pfn);
    bench_require(exo_env_set(environment, EXO_ENV_ROOT, root, 0) == 0, "env_set");
    bench_require(exo_vcpu_config(vcpu, &config) == 0, "vcpu_config");
    bench_require(exo_vcpu_control(vcpu, EXO_VCPU_SET, &state) == 0, "vcpu_control: set");
    bench_require(exo_vcpu_control(vcpu, EXO_VCPU_START, NULL) == 0, "vcpu_control: start");
    return vcpu;
}

static void environments(void)
{
    exo_cap_t vcpu = make_partner();

    bench_require(exo_yield(vcpu, 0, 0) == 0, "the partner does not run");
    BENCH("yield_round_trip", 100, exo_yield(vcpu, 0, 0));
    bench_require(exo_yield(vcpu, 0, 0) == 0, "the partner does not run any more");
    exo_vcpu_control(vcpu, EXO_VCPU_STOP, NULL);
}

void bench_switch(void)
{
    threads();
    environments();
}
