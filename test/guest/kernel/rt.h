/* SPDX-License-Identifier: MIT */
/* The runtime of the kernel tests: programs that take init's place and call the kernel directly, without a libOS.
 *
 * Each image holds the tests of one folder's files; rt_main runs them in order and prints a line for each,
 * `ok NAME` or `not ok NAME: why`. A test gets memory of its own (`mem`): all that it made of it is revoked afterwards,
 * and the runtime then checks that no slot stays occupied and that each frame can be retyped again. */
#ifndef TEST_GUEST_RT_H
#define TEST_GUEST_RT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "exo/calls.h"

#define PAGE 4096ul
#define NO_FAULT 255
#define SLOTS_FIRST 512  /* slots of tests; the roots lie below */
#define SLOTS_LAST 4095
#define PTE_PWT 0x08ul
#define PTE_PCD 0x10ul
#define PTE_G 0x100ul

enum { VEC_DE = 0, VEC_DB = 1, VEC_BP = 3, VEC_UD = 6, VEC_GP = 13, VEC_PF = 14, VEC_AC = 17 };
enum { PF_P = 1, PF_W = 2, PF_U = 4, PF_RSVD = 8, PF_I = 16, PF_PK = 32 }; /* error code of a page fault */

struct test {
    const char *name;
    void (*run)(void);
};
#define TEST(name) \
    static void test_##name(void); \
    static const struct test entry_##name __attribute__((section("tests"), used)) = {#name, test_##name}; \
    static void test_##name(void)

struct fault {
    uint64_t vector, error, address, rip;
};

/* A vCPU's shared page; %gs points to it. Offsets up to `armed` are in start.asm. */
struct rt_vcpu {
    struct exo_vcpu_page page;
    struct exo_regs ctx;   /* what rt_resume goes back to */
    uint64_t resume_rip;
    uint64_t catch[8];     /* rbx rbp r12 r13 r14 r15 rsp rip */
    uint64_t armed;        /* a fault goes to where catch() returned */
    uint64_t stack_top, nested_top;
    struct fault fault;    /* the last one */
    void (*hook)(struct rt_vcpu *v, uint64_t kind); /* NULL: the default */
    uint64_t events;       /* pending bits that upcalls have taken */
    uint64_t upcalls, foreign, foreign_rax, nested;
    void (*main)(void *);
    void *arg;
    volatile uint32_t done;
};

/* ---- verdicts (rt.c) */
void say(const char *format, ...); /* %s %u %d %x, all 64 bits wide but %s */
void fail(const char *file, int line, const char *format, ...);
#define FAIL(...) fail(__FILE__, __LINE__, __VA_ARGS__)
#define CHECK(what) ((what) ? (void)0 : FAIL("%s", #what))
#define EQUAL(a, b) \
    do { \
        uint64_t va_ = (uint64_t)(a), vb_ = (uint64_t)(b); \
        if (va_ != vb_) \
            FAIL("%s is %d (0x%x), not %d", #a, va_, va_, vb_); \
    } while (0)
/* A call that must be refused with this error and must change nothing. */
#define REFUSED(error, call) \
    do { \
        snap_take(); \
        EQUAL(call, -(long)(error)); \
        snap_compare(#call); \
    } while (0)
/* The vector of the fault that the statement ends with, or NO_FAULT. */
#define FAULT_OF(...) \
    ({ \
        rt_self()->fault = (struct fault){.vector = NO_FAULT}; \
        if (!rt_catch()) { \
            __VA_ARGS__; \
        } \
        rt_self()->armed = 0; \
        rt_self()->fault.vector; \
    })
#define FAULTS(expected, ...) EQUAL(FAULT_OF(__VA_ARGS__), expected)
/* Where QEMU's TCG and real processors (and Bochs) answer differently, and either is harmless. */
#define FAULTS_EITHER(a, b, ...) \
    do { \
        uint64_t vector_ = FAULT_OF(__VA_ARGS__); \
        if (vector_ != (a) && vector_ != (b)) \
            FAIL("%s: vector %d", #__VA_ARGS__, vector_); \
    } while (0)
bool failed(void); /* the running test */
_Noreturn void power_off(unsigned status);

/* ---- capabilities and memory (rt.c) */
struct range {
    exo_cap_t handle;
    uint64_t base, count;
};
extern struct range mem;   /* frames for this test: all rights */
extern struct range image; /* the frames that this program was loaded to; not to be derived from without cleaning up */
extern const struct exo_info *info;
extern const struct exo_cpu_info *cpu_info;
struct exo_cap_info inspect(uint32_t slot);
/* The first capability of a type that covers `base`, in slots below SLOTS_FIRST. */
struct range find_cap(uint8_t type, uint64_t base, uint16_t rights);
uint64_t frame_take(uint64_t count); /* pfn of frames of mem that nothing uses yet; 512 at a time are aligned */
uint32_t slot_take(void);
/* Revoking what came from a root also takes what was bound or opened with the root itself: all of it again. */
void roots_restore(void);
void snap_take(void);
void snap_compare(const char *what);
long revoke(exo_cap_t cap);          /* until it is done */
long drop(exo_cap_t table, exo_cap_t cap);
#define BOOT(which) EXO_HANDLE(EXO_BOOT_##which, 1)
#define OWN 0

/* ---- page tables (rt_pages.c) */
/* The window of page tables at WINDOW, made for each test: full handles. */
#define WINDOW 0x8000000000ul /* level-4 slot 1 */
struct window {
    exo_cap_t pt3, pt2, pt1;
    uint64_t pt3_pfn, pt2_pfn, pt1_pfn;
};
extern struct window window;
volatile uint64_t *self_entry(uint64_t address, unsigned level); /* the entry that maps it, through the self-map */
uint64_t pfn_at(const volatile void *address);
exo_cap_t make(unsigned kind, uint64_t pfn);                     /* an object of one frame of mem, in the own table */
exo_cap_t make_arg(uint64_t kind, uint64_t pfn, exo_cap_t arg);
long pte(exo_cap_t table, uint32_t index, exo_cap_t object, uint64_t value);
#define LEAF(pfn, flags) ((uint64_t)(pfn) << 12 | EXO_P | (flags))
#define LINK(pfn, flags) LEAF(pfn, flags)
void *map_page(uint32_t index, uint64_t pfn, uint64_t flags);    /* in the window, from mem: its address */
uint64_t tables_hash(void);                                      /* of all entries, without A and D */
exo_cap_t table_of(uint64_t pfn);                                /* the boot handle of one of the first page tables */

/* ---- environments (rt_env.c) */
struct child {
    exo_cap_t env, vcpu;
    uint64_t env_pfn, vcpu_pfn;
    struct rt_vcpu *v;
};
struct space {              /* a capability table of its own with a copy of this program's address space */
    exo_cap_t table;        /* TABLE */
    exo_cap_t mem, root;    /* handles in that table */
    uint64_t base, count;   /* of mem */
    uint64_t used;
};
#define CHILDREN_MAX 4
/* An environment with one vCPU, in this address space (space = NULL) or in another, that starts at main(arg). */
void child_make(struct child *c, struct space *space, void (*main)(void *), void *arg);
void child_start(struct child *c);
/* Gives the child time until it has ended main: false if it did not. */
bool child_run(struct child *c);
void child_again(struct child *c, void (*main)(void *), void *arg); /* the same vCPU from the start; it must be stopped or done */
void space_make(struct space *s, uint64_t frames);
uint32_t child_status(struct child *c);

/* ---- the machine (start.asm, rt.c) */
int rt_catch(void) __attribute__((returns_twice));
void rt_upcall_entry(void), rt_nested_entry(void), rt_syscall_entry(void), rt_child_start(void);
long rt_raw_call(uint64_t rax, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e);

static inline struct rt_vcpu *rt_self(void)
{
    struct rt_vcpu *v;
    __asm__ volatile("mov %%gs:24, %0" : "=r"(v));
    return v;
}

static inline uint64_t now(void)
{
    uint32_t low, high;
    __asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high) : : "memory");
    return (uint64_t)high << 32 | low;
}

static inline void outb(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline uint8_t inb(uint16_t port)
{
    uint8_t value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

void *memcpy(void *to, const void *from, size_t n);
void *memset(void *to, int byte, size_t n);
int memcmp(const void *a, const void *b, size_t n);
#endif
