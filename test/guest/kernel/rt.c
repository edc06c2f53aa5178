/* SPDX-License-Identifier: MIT */
/* Output, verdicts, memory for tests and the order in which they run. */
#include "rt.h"
#include "rt_internal.h"

#include <stdarg.h>

#define COM1 0x3f8
#define DEBUG_EXIT 0xf4
#define SNAP_MAX 4096

struct range mem, image;
const struct exo_info *info;
const struct exo_cpu_info *cpu_info;

static uint32_t roots_end, slot_next;
static uint64_t frame_next, passed, not_passed;
static bool test_failed;
static const char *test_name;
extern const struct test __start_tests[], __stop_tests[];

/* ---- output --------------------------------------------------------------------- */

static void put(char c)
{
    while (!(inb(COM1 + 5) & 0x20))
        ;
    outb(COM1, c);
}

static void number(uint64_t value, unsigned base)
{
    char digits[24];
    int n = 0;

    do
        digits[n++] = "0123456789abcdef"[value % base];
    while (value /= base);
    while (n)
        put(digits[--n]);
}

static void vsay(const char *format, va_list args)
{
    for (; *format; format++) {
        if (*format != '%') {
            put(*format);
            continue;
        }
        int64_t value = *++format == 's' ? 0 : va_arg(args, int64_t);
        if (*format == 's')
            for (const char *s = va_arg(args, const char *); *s; s++)
                put(*s);
        if (*format == 'd' && value < 0)
            put('-');
        if (*format != 's')
            number(*format == 'd' && value < 0 ? -value : value, *format == 'x' ? 16 : 10);
    }
}

void say(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsay(format, args);
    va_end(args);
}

void fail(const char *file, int line, const char *format, ...)
{
    va_list args;

    if (!test_failed)
        say("not ok %s: ", test_name ? test_name : "runtime");
    else
        say("# also: ");
    test_failed = true;
    const char *base = file;
    for (const char *c = file; *c; c++)
        if (*c == '/')
            base = c + 1;
    say("%s:%d: ", base, (uint64_t)line);
    va_start(args, format);
    vsay(format, args);
    va_end(args);
    say("\n");
    if (!test_name)
        power_off(2);
}

bool failed(void)
{
    return test_failed;
}

/* A word of the command line. */
static bool option(const char *word)
{
    size_t n = 0;

    while (word[n])
        n++;
    for (const char *c = info->cmdline; *c; c++)
        if ((c == info->cmdline || c[-1] == ' ') && !memcmp(c, word, n) && (!c[n] || c[n] == ' '))
            return true;
    return false;
}

_Noreturn void power_off(unsigned status)
{
    say("exo: verdict exit %u\n", (uint64_t)status);
    if (info && option("hold"))
        say("rt: holding\n");
    else
        while (!(inb(COM1 + 5) & 0x40)) /* the last bit has left */
            ;
    for (const char *c = "Shutdown"; !(info && option("hold")) && *c; c++) {
        outb(DEBUG_EXIT, 0x31);
        outb(0x8900, *c); /* Bochs */
    }
    for (;;)
        exo_yield(0, EXO_YIELD_WAIT, 0);
}

/* ---- capabilities ------------------------------------------------------------------ */

struct exo_cap_info inspect(uint32_t slot)
{
    struct exo_cap_info c = {0};

    if (exo_cap_inspect(OWN, slot, &c) < 0)
        FAIL("cannot inspect slot %d", (uint64_t)slot);
    return c;
}

struct range find_cap(uint8_t type, uint64_t base, uint16_t rights)
{
    for (uint32_t s = EXO_TABLE_HEAD; s < SLOTS_FIRST; s++) {
        struct exo_cap_info c = inspect(s);
        if (c.type == type && base - c.base < c.count && base >= c.base && (c.rights & rights) == rights)
            return (struct range){c.handle, c.base, c.count};
    }
    FAIL("no capability of type %u over 0x%x", (uint64_t)type, base);
    return (struct range){0};
}

long revoke(exo_cap_t cap)
{
    long error;

    while ((error = exo_cap_revoke(cap)) == -EXO_EAGAIN)
        ;
    return error;
}

long drop(exo_cap_t table, exo_cap_t cap)
{
    long error;

    while ((error = exo_cap_drop(table, cap)) == -EXO_EAGAIN)
        ;
    return error;
}

uint32_t slot_take(void)
{
    if (slot_next == SLOTS_LAST)
        FAIL("no slots left");
    return slot_next++;
}

uint64_t frame_take(uint64_t count)
{
    if (count == 512)
        frame_next = (mem.base + frame_next + 511) / 512 * 512 - mem.base;
    if (frame_next + count > mem.count)
        FAIL("no frames left");
    frame_next += count;
    return mem.base + frame_next - count;
}

/* ---- that nothing changed ------------------------------------------------------------ */

static struct exo_cap_info before[SNAP_MAX];
static uint64_t hash_before;
static uint32_t snap_end; /* slots from here on are not looked at */

static bool in_use(uint32_t slot)
{
    return slot < roots_end || (slot >= SLOTS_FIRST && slot < snap_end);
}

void snap_take(void)
{
    snap_end = slot_next + 16 < SNAP_MAX ? slot_next + 16 : SNAP_MAX;
    for (uint32_t s = EXO_TABLE_HEAD; s < SNAP_MAX; s++)
        if (in_use(s))
            before[s] = inspect(s);
    hash_before = tables_hash();
}

void snap_compare(const char *what)
{
    for (uint32_t s = EXO_TABLE_HEAD; s < SNAP_MAX; s++) {
        struct exo_cap_info c;
        if (!in_use(s))
            continue;
        c = inspect(s);
        if (memcmp(&c, &before[s], sizeof c))
            FAIL("%s: failed but changed slot %d", what, (uint64_t)s);
    }
    if (tables_hash() != hash_before)
        FAIL("%s: failed but changed a page table", what);
}

/* ---- the order of tests ------------------------------------------------------------------ */

static uint32_t slots_used(void)
{
    uint32_t n = 0;

    for (uint32_t s = EXO_TABLE_HEAD; s < SNAP_MAX; s++)
        n += inspect(s).type != 0;
    return n;
}

/* Every frame that the test had is plain memory again, mapped by nothing: it can become a page table. */
static void check_frames(void)
{
    uint64_t used = frame_next + 1 < mem.count ? frame_next + 1 : mem.count;

    for (uint64_t i = 0; i < used; i++) {
        long h = exo_create(OWN, mem.handle, mem.base + i, EXO_CREATE(EXO_KIND_PT1, 1), SLOTS_LAST, 0);
        if (h < 0) {
            FAIL("frame %d of the test cannot be used again: %d", i, h);
            return;
        }
        drop(OWN, h);
    }
}

static void run_test(const struct test *t)
{
    uint32_t slots = slots_used();

    test_name = t->name;
    test_failed = false;
    slot_next = SLOTS_FIRST;
    frame_next = 0;
    rt_self()->hook = NULL;
    window_make();
    t->run();
    rt_self()->hook = NULL;
    rt_self()->page.enabled = 0;
    rt_self()->page.pending = 0;
    exo_timer(0);
    EQUAL(revoke(mem.handle), 0);
    EQUAL(slots_used(), slots);
    check_frames();
    passed += !test_failed;
    not_passed += test_failed;
    if (!test_failed)
        say("ok %s\n", t->name);
    test_name = NULL;
}

static void find_memory(void)
{
    struct range best = {0};

    for (uint32_t s = EXO_TABLE_HEAD; s < SLOTS_FIRST; s++) {
        struct exo_cap_info c = inspect(s);
        if (c.type)
            roots_end = s + 1;
        if (c.type == EXO_FRAME && (c.rights & EXO_R_RETYPE) && c.count > best.count)
            best = (struct range){c.handle, c.base, c.count};
    }
    /* The image may lie at the range's start; its frames are not for tests. */
    uint64_t end = info_free_from(&best);
    mem.base = end;
    mem.count = best.base + best.count - end;
    if (mem.count > 16384)
        mem.count = 16384;
    long h = exo_cap_derive(best.handle, mem.base, mem.count, EXO_R_READ | EXO_R_WRITE | EXO_R_EXEC | EXO_R_RETYPE | EXO_R_GRANT,
                            OWN, roots_end++);
    if (h < 0)
        FAIL("no memory: %d", h);
    mem.handle = h;
}

void roots_restore(void)
{
    for (uint32_t s = EXO_TABLE_HEAD; s < SLOTS_FIRST; s++) {
        struct exo_cap_info c;
        if (exo_cap_inspect(OWN, s, &c))
            continue;
        if (c.type == EXO_PORT)
            exo_port_enable(c.handle, c.base, c.count, BOOT(ENV), 1);
        if (c.type == EXO_SLICE)
            exo_slice_bind(c.handle, c.base, c.count, BOOT(VCPU), 0);
    }
}

_Noreturn void rt_main(void)
{
    roots_restore();
    upcalls_start();
    info_map();
    find_memory();
    say("rt: %u tests, %u frames\n", (uint64_t)(__stop_tests - __start_tests), mem.count);
    for (const struct test *t = __start_tests; t < __stop_tests; t++)
        run_test(t);
    say("%u passed, %u failed\n", passed, not_passed);
    power_off(not_passed || !passed);
}
