/* SPDX-License-Identifier: MIT */
#include "machine.h"

#include <asm/prctl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sanitizer/asan_interface.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "apic.h"
#include "check.h"
#include "clock.h"
#include "event.h"
#include "fpu.h"
#include "gdt.h"
#include "info.h"
#include "panic.h"
#include "pte.h"
#include "sched.h"
#include "usercopy.h"

/* ---- the architecture --------------------------------------------------------------- */

uint64_t machine_now, machine_work, machine_timer, machine_cr3;
uint32_t machine_flushes;
uint8_t irq_masked[IRQS];
uint64_t *kernel_pml4;
struct percpu percpu[MAX_CPUS];
struct cpu_features cpu;
uint64_t slot_ticks = 1000, grace_ticks = 50;

static void idle_until_timer(void) {
    if (!machine_timer)
        FAIL("the CPU idles for ever");
    if (machine_timer > machine_now)
        machine_now = machine_timer;
}
void (*machine_idle)(void) = idle_until_timer;

void wait_for_interrupt(void) { machine_idle(); }
void return_to_user(struct exo_regs *regs) { FAIL("return_to_user to %lx", regs->rip); }
void tlb_flush(void) { machine_flushes++; }
void timer_arm(uint64_t deadline) { machine_timer = deadline; }
void timer_stop(void) { machine_timer = 0; }
void fpu_init_area(void *area) { memset(area, 1, 64); }
void fpu_save(void *area) { memset(area, 2, 64); }
void fpu_restore(const void *area) { (void)area; }
static uint8_t tss_ports[8192];
unsigned machine_ports;

void tss_ports_copy(const uint8_t *bitmap, uint32_t begin, uint32_t end) {
    for (uint32_t i = begin; i < end; i++)
        tss_ports[i] = bitmap ? bitmap[i] : 0xff;
}

void tss_ports_on(bool on) {
    machine_ports = 0;
    for (int i = 0; on && i < 8192; i++)
        machine_ports += 8 - __builtin_popcount(tss_ports[i]);
}

void clear_selectors(void) {}
uint32_t irq_sources(void) { return IRQS; }
void ioapic_mask(uint32_t gsi, bool masked) { irq_masked[gsi] = masked; }
void ioapic_route(uint32_t gsi, uint8_t vector, uint8_t apic_id, bool level, bool low) {
    (void)vector, (void)apic_id, (void)level, (void)low;
    irq_masked[gsi] = true;
}
uint64_t rdtsc(void) { return machine_now; }
uint64_t rdmsr(uint32_t msr) { (void)msr; return 0; }
void wrmsr(uint32_t msr, uint64_t value) { (void)msr, (void)value; }
void write_cr3(uint64_t value) { machine_cr3 = value; }
uint64_t read_fs_base(void) { return 0; }
void write_fs_base(uint64_t base) { (void)base; }

static bool user_range(const void *user, size_t n) {
    return (uint64_t)user >= 4096 && (uint64_t)user + n < 1ul << 47; /* stacks of the host lie above EXO_USER_END */
}

int copy_from_user(void *to, const void *user, size_t n) {
    return user_range(user, n) ? memcpy(to, user, n), 0 : -EXO_EFAULT;
}

int copy_to_user(void *user, const void *from, size_t n) {
    return user_range(user, n) ? memcpy(user, from, n), 0 : -EXO_EFAULT;
}

void panic(const char *format, ...) {
    char text[256];
    va_list list;

    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    FAIL("panic: %s", text);
}

void panic_regs(const struct exo_regs *regs) {
    FAIL("panic: vector %ld", (long)regs->vector);
}

/* The kernel is compiled with -fsanitize-coverage=trace-pc. */
void __sanitizer_cov_trace_pc(void);
void __sanitizer_cov_trace_pc(void) {
    machine_work++;
}

/* ---- memory --------------------------------------------------------------------------- */

static bool kernels(uint32_t pfn) {
    return frame_types[pfn] >= FT_PT1 || frame_types[pfn] == FT_INFO || frames[pfn].pinned || pfn == AT_PUPPET_ENV || pfn == AT_PUPPET_VCPU;
}

static enum { UNKNOWN, OPEN, CLOSED } *access_of; /* each frame's */

void machine_settle(void) {
    for (uint32_t pfn = 0; pfn < frame_count; pfn++) {
        unsigned access = kernels(pfn) ? OPEN : CLOSED;
        if (access_of[pfn] == access)
            continue;
        access_of[pfn] = access;
        if (access == OPEN)
            __asan_unpoison_memory_region(frame_at(pfn), 4096);
        else
            __asan_poison_memory_region(frame_at(pfn), 4096);
    }
}

void machine_expose(uint64_t pfn, uint64_t n) {
    if (pfn >= frame_count || n > frame_count - pfn)
        return;
    __asan_unpoison_memory_region(frame_at(pfn), n * 4096);
    for (uint64_t i = pfn; i < pfn + n; i++)
        access_of[i] = UNKNOWN;
}

static void add_root(uint32_t slot, uint8_t type, uint64_t base, uint64_t count, uint16_t rights) {
    if (!cap_insert_root(first_table(), slot, type, base, count, rights))
        FAIL("no room for a root");
}

static void make_roots(void) {
    add_root(EXO_BOOT_TABLE, EXO_TABLE, AT_TABLE, 1, EXO_R_ALL);
    add_root(EXO_BOOT_ENV, EXO_ENV, AT_ENV, 1, EXO_R_ALL);
    add_root(EXO_BOOT_VCPU, EXO_VCPU, AT_VCPU * 64, 64, EXO_R_ALL);
    add_root(EXO_BOOT_ROOT, EXO_PTE, AT_ROOT * 512, 512, EXO_R_ALL);
    add_root(EXO_BOOT_INFO, EXO_FRAME, AT_INFO, INFO_FRAMES, EXO_R_READ | EXO_R_GRANT);
    add_root(SLOT_RAM, EXO_FRAME, AT_RAM, frame_count - AT_RAM, RAM_RIGHTS);
    add_root(SLOT_DEVICE, EXO_FRAME, AT_DEVICE, DEVICE_FRAMES, EXO_R_READ | EXO_R_WRITE | EXO_R_GRANT);
    add_root(SLOT_HIGH_DEVICE, EXO_FRAME, frame_count, HIGH_DEVICE_FRAMES, EXO_R_READ | EXO_R_WRITE | EXO_R_GRANT);
    add_root(SLOT_SLICES, EXO_SLICE, 0, EXO_SLOTS, EXO_R_BIND | EXO_R_GRANT);
    add_root(SLOT_IRQS, EXO_IRQ, 0, IRQS, EXO_R_BIND | EXO_R_GRANT);
    add_root(SLOT_PORTS, EXO_PORT, 0, PORTS, EXO_R_BIND | EXO_R_GRANT);
}

static void type_frames(uint32_t pfn, uint32_t n, enum frame_type type) {
    for (uint32_t i = pfn; i < pfn + n; i++)
        frame_set_type(i, type);
}

void machine_start(uint32_t chunks) {
    static uint64_t pml4[512];
    uint64_t bytes = chunks * 512ul * 4096;
    void *arena = mmap((void *)ARENA_BASE, bytes, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);

    if (arena != (void *)ARENA_BASE)
        FAIL("no room for the arena");
    for (int i = 256; i < 512; i++)
        pml4[i] = 0x1234000 + i;
    kernel_pml4 = pml4;
    memset(tss_ports, 0xff, sizeof tss_ports);
    access_of = calloc(chunks * 512, sizeof *access_of);
    frame_table_init(calloc(1, frame_table_bytes(chunks * 512)), chunks * 512);
    type_frames(AT_TABLE, TABLE_FRAMES, FT_TABLE);
    type_frames(AT_ENV, 3, FT_ENV);
    type_frames(AT_VCPU, 1, FT_VCPU);
    type_frames(AT_INFO, INFO_FRAMES, FT_INFO);
    type_frames(AT_DEVICE, DEVICE_FRAMES, FT_MMIO);
    type_frames(AT_RAM, frame_count - AT_RAM, FT_USER);
    table_init(first_table(), AT_TABLE, TABLE_FRAMES);
    make_roots();

    percpu[0] = (struct percpu){.self = &percpu[0], .vcpu = first_vcpu(), .info = frame_at(AT_INFO + EXO_INFO_FRAMES)};
    syscall(SYS_arch_prctl, ARCH_SET_GS, &percpu[0]); /* what this_cpu() reads; no library uses it */
    env_init(AT_ENV, 3, first_table());
    vcpu_init(AT_VCPU, frame_at(AT_ENV));
    page_table_init(first_table(), AT_ROOT, 4);
    env_set_root(frame_at(AT_ENV), AT_ROOT);
    first_vcpu()->state = VCPU_READY;
    for (int i = 0; i < EXO_SLOTS; i++)
        percpu[0].info->slot[i] = (struct exo_slot){0, AT_VCPU, AT_TABLE};
    machine_settle();
}

struct table *first_table(void) {
    return frame_at(AT_TABLE);
}

struct vcpu *first_vcpu(void) {
    return frame_at(AT_VCPU);
}

void act_as(struct table *t) {
    struct env *env = frame_at(AT_PUPPET_ENV);
    struct vcpu *vcpu = frame_at(AT_PUPPET_VCPU);

    env->pfn = AT_PUPPET_ENV;
    env->table = t->pfn;
    vcpu->pfn = AT_PUPPET_VCPU;
    vcpu->env = AT_PUPPET_ENV;
    percpu[0].vcpu = vcpu;
}

/* ---- snapshots --------------------------------------------------------------------------- */

struct snapshot {
    struct frame *frames;
    struct chunk *chunks;
    uint8_t *types;
    uint8_t *page[]; /* NULL: nothing of the kernel's */
};

struct snapshot *snapshot_take(void) {
    struct snapshot *s = calloc(1, sizeof *s + frame_count * sizeof s->page[0]);

    s->frames = memcpy(malloc(frame_count * sizeof *frames), frames, frame_count * sizeof *frames);
    s->types = memcpy(malloc(frame_count), frame_types, frame_count);
    s->chunks = memcpy(malloc(frame_count / 512 * sizeof *chunks), chunks, frame_count / 512 * sizeof *chunks);
    for (uint32_t pfn = 0; pfn < frame_count; pfn++)
        if (kernels(pfn) && pfn != AT_PUPPET_ENV && pfn != AT_PUPPET_VCPU)
            s->page[pfn] = memcpy(aligned_alloc(64, 4096), frame_at(pfn), 4096);
    return s;
}

/* One frame of the first table: an empty slot equals an empty one of another generation; ports_epoch only grows. */
static bool same_slots(const uint8_t *before, const uint8_t *now, bool head) {
    if (head) {
        struct table a, b;
        memcpy(&a, before, sizeof a);
        memcpy(&b, now, sizeof b);
        a.ports_epoch = b.ports_epoch;
        if (!b.sweep_cap) /* no sweep is running: it means nothing */
            a.sweep_next = b.sweep_next;
        if (memcmp(&a, &b, sizeof a))
            return false;
    }
    for (uint32_t i = head ? EXO_TABLE_HEAD : 0; i < EXO_CAPS_PER_FRAME; i++) {
        struct cap a, b;
        memcpy(&a, before + i * sizeof a, sizeof a);
        memcpy(&b, now + i * sizeof b, sizeof b);
        if (!a.type && !b.type)
            a.generation = b.generation;
        if (memcmp(&a, &b, sizeof a))
            return false;
    }
    return true;
}

static const char *frame_differs(const struct snapshot *s, uint32_t pfn, bool exact) {
    uint8_t *before = s->page[pfn], *now = frame_at(pfn);

    if (s->types[pfn] != frame_types[pfn])
        return "the type of frame";
    if (!exact) /* it only grows */
        s->frames[pfn].root_id = frames[pfn].root_id;
    if (memcmp(&s->frames[pfn], &frames[pfn], sizeof *frames))
        return "the entry of frame";
    if (!before)
        return NULL;
    if (frame_types[pfn] == FT_TABLE && !exact)
        return same_slots(before, now, pfn == AT_TABLE) ? NULL : "a slot in frame";
    if (pfn == AT_VCPU && !exact) /* it only grows */
        ((struct vcpu *)before)->ring_epoch = first_vcpu()->ring_epoch;
    return memcmp(before, now, 4096) ? "the content of frame" : NULL;
}

void snapshot_free(struct snapshot *s) {
    for (uint32_t pfn = 0; pfn < frame_count; pfn++)
        free(s->page[pfn]);
    free(s->types);
    free(s->frames);
    free(s->chunks);
    free(s);
}

const char *snapshot_differs(struct snapshot *s, bool exact) {
    static char text[64];
    const char *result = NULL, *what;

    if (memcmp(s->chunks, chunks, frame_count / 512 * sizeof *chunks))
        result = "a chunk's counters";
    for (uint32_t pfn = 0; pfn < frame_count && !result; pfn++)
        if ((what = frame_differs(s, pfn, exact)))
            result = (snprintf(text, sizeof text, "%s 0x%x", what, pfn), text);
    snapshot_free(s);
    return result;
}
