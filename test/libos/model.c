/* SPDX-License-Identifier: MIT
 *
 * Random memory calls against a model that keeps of each page its rights and its
 * contents; the heap and the stack.
 */
#define _GNU_SOURCE
#include "kit.h"
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE 4096ul
#define PAGES 1200u

/* ---- random calls ------------------------------------------------------------------ */

static struct { int mapped, prot; unsigned char value; } model[PAGES];
static char *base;

static void compare(unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++)
        if (model[i].mapped && model[i].prot)
            for (unsigned k = 0; k < PAGE; k += 819)
                if ((unsigned char)base[i * PAGE + k] != model[i].value)
                    test_fail("page %u has %d at %u, not %d", i, base[i * PAGE + k], k, model[i].value);
}

static void set(unsigned first, unsigned n, int mapped, int prot)
{
    for (unsigned i = first; i < first + n; i++) {
        model[i].mapped = mapped;
        model[i].prot = prot;
        model[i].value = 0;
    }
}

static void move(unsigned first, unsigned n)
{
    unsigned to = test_random() % (PAGES - n);

    if (to < first + n && first < to + n)
        return;
    for (unsigned i = first; i < first + n; i++)
        if (!model[i].mapped || model[i].prot != model[first].prot)
            return;
    char *r = mremap(base + first * PAGE, n * PAGE, n * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, base + to * PAGE);
    if (r == MAP_FAILED) {
        CHECK(errno == EFAULT); /* several mappings */
        return;
    }
    memcpy(&model[to], &model[first], n * sizeof *model);
    set(first, n, 0, 0);
}

static void write_pages(unsigned first, unsigned n)
{
    for (unsigned i = first; i < first + n; i++)
        if (model[i].mapped && model[i].prot & PROT_WRITE)
            memset(base + i * PAGE, model[i].value = (unsigned char)test_random(), PAGE);
}

static void step(void)
{
    static const int prots[] = { PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE };
    unsigned first = test_random() % PAGES, n = 1 + test_random() % (test_random() & 1 ? 16 : 600), op = test_random() % 8;
    int prot = prots[test_random() & 3], whole = 1;

    if (n > PAGES - first)
        n = PAGES - first;
    char *at = base + first * PAGE;
    for (unsigned i = first; i < first + n; i++)
        whole &= model[i].mapped;
    if (op == 0) {
        CHECK(mmap(at, n * PAGE, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == at);
        set(first, n, 1, prot);
    } else if (op == 1) {
        CHECK(munmap(at, n * PAGE) == 0);
        set(first, n, 0, 0);
    } else if (op == 2 && whole) {
        CHECK(mprotect(at, n * PAGE, prot) == 0);
        for (unsigned i = first; i < first + n; i++)
            model[i].prot = prot;
    } else if (op == 2) {
        FAILS(mprotect(at, n * PAGE, prot), ENOMEM);
        for (unsigned i = first; i < first + n && model[i].mapped; i++)
            model[i].prot = prot;   /* Linux goes as far as it can */
    } else if (op == 3 && n < 20) {
        madvise(at, n * PAGE, MADV_DONTNEED);
        for (unsigned i = first; i < first + n; i++)
            model[i].value = 0;
    } else if (op == 4) {
        move(first, n);
    } else {
        write_pages(first, n);
    }
    compare(first, first + n);
}

static void random_calls(void)
{
    test_seed(20261122);
    base = (char *)0x200000000000;
    for (unsigned i = 0; i < 1500; i++)
        step();
    compare(0, PAGES);
    CHECK(munmap(base, PAGES * PAGE) == 0);
}

/* ---- stack and heap ---------------------------------------------------------------- */

static int __attribute__((noinline)) deep(int n)
{
    volatile char frame[1024];

    frame[0] = (char)n;
    return n ? deep(n - 1) + frame[0] - (char)n : 0;
}

static void stack_grows(void)
{
    EQUAL(deep(7000), 0);
}

static char *moved(long by)
{
    return (char *)syscall(SYS_brk, syscall(SYS_brk, 0) + by);
}

static void heap_moves(void)
{
    char *end = moved(0); /* musl's sbrk only tells */

    CHECK(moved(1 << 20) == end + (1 << 20));
    memset(end, 7, 1 << 20);
    CHECK(moved(-(1 << 20)) == end && moved(PAGE) == end + PAGE);
    CHECK(*end == 0);
    CHECK(moved(-PAGE) == end);
}

static void blocks_grow(void)
{
    char *p = malloc(50000);

    memset(p, 3, 50000);
    for (size_t n = 100000; n < 8u << 20; n *= 2) {
        p = realloc(p, n);
        CHECK(p && p[0] == 3 && p[49999] == 3);
    }
    free(p);
}

static const struct test list[] = {
    TEST(random_calls), TEST(stack_grows), TEST(heap_moves), TEST(blocks_grow),
};

int main(void)
{
    return TESTS(list);
}
