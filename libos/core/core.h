/* SPDX-License-Identifier: MIT
 *
 * The floor of the libOS: critical sections, capabilities, application memory,
 * time and the log. Nothing here knows of processes or files.
 */
#ifndef LIBOS_CORE_H
#define LIBOS_CORE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "exo/calls.h"
#include "exo/layout.h"

/* ---- the vCPU page, at %gs: the kernel's part, then ours ------------------ */
struct thread;
struct proc;
struct vcpu {
	struct exo_vcpu_page k;
	struct vcpu *this;       /* its address in this process                   */
	struct thread *current;  /* the thread that runs on this vCPU              */
	uint32_t depth;          /* critical sections entered                      */
	uint32_t resched;        /* a tick asked for a switch                      */
	uint32_t features;       /* EXO_CPU_*, for assembly                        */
	uint64_t vector_mask;    /* XSAVE components of a thread, without PKRU     */
	exo_cap_t cap;           /* the vCPU's own capability                      */
	struct proc *proc;       /* whose it is                                    */
	uint64_t timer_at;       /* TSC for which `timer` is set; UINT64_MAX: not  */
	uint64_t resume_rip[2];  /* where the two ways of resuming jump to         */
};
#define VCPU ((__seg_gs struct vcpu *)0)

/* ---- critical sections ------------------------------------------------------
 * A section runs with upcalls masked, so on one vCPU it cannot be interrupted by
 * another thread; a lock besides keeps other vCPUs out. Sections nest. Never
 * touch application memory inside one (it may fault): copy first, or drop and
 * retry. section_enter makes the next 8 KiB of the stack present: use no more.
 * section_leave runs the events that came in meanwhile, and may switch threads. */
struct lock { uint32_t word; };
void section_enter(void);
void section_leave(void);
void lock_take(struct lock *);   /* enters a section */
void lock_drop(struct lock *);   /* leaves it        */

/* ---- the arena, which outlives exec: see arena.h (arena_part) ---------------- */

/* ---- application memory: 0 or -EFAULT; n bytes or -EFAULT ------------------- */
int copy_in(void *dst, const void *user, size_t n);
int copy_out(void *user, const void *src, size_t n);
long copy_string(char *dst, const char *user, size_t size); /* length; -ENAMETOOLONG */
/* True if [p, p+n) lies below the window: a system call refuses other buffers,
 * which would let it write the libOS's own state. */
bool user_range(const void *p, size_t n);

/* ---- capabilities: slots of the application's table -------------------------- */
uint32_t cap_slot_alloc(void);            /* 0: the table is full             */
void cap_slot_free(uint32_t slot);
/* The handle of a capability of this type that covers [base, base+count), or 0.
 * Frame lookups are O(log n) over a sorted list kept in the arena. */
exo_cap_t cap_find(uint32_t type, uint64_t base, uint64_t count);
int ports_open(uint16_t first, uint32_t count);   /* to this environment       */
/* The handler runs masked, in a section, on the upcall stack or that of a thread that
 * leaves a section; it ends with irq_done. Again after exec, by the new image. */
int irq_attach(uint32_t source, uint32_t flags, void (*handler)(uint32_t source));
void irq_done(uint32_t source);                    /* acknowledge               */

/* ---- time ------------------------------------------------------------------- */
uint64_t time_ns(void);              /* CLOCK_MONOTONIC: since the kernel's entry  */
uint64_t time_to_tsc(uint64_t ns);
int64_t  time_real_offset(void);     /* CLOCK_REALTIME - CLOCK_MONOTONIC in ns, read
                                      * once from the RTC                         */
uint64_t time_boot_tsc(void);

/* ---- information, log, the end ------------------------------------------------ */
const struct exo_info *info(void);
/* Value of NAME in the boot command line ("name=value" words) or NULL; copies
 * into buf, at most size-1 bytes. A bare "name" yields "". */
const char *boot_option(const char *name, char *buf, size_t size);
void log_printf(const char *fmt, ...) __attribute__((__format__(__printf__, 1, 2)));
_Noreturn void libos_panic(const char *fmt, ...) __attribute__((__format__(__printf__, 1, 2)));
int format(char *buf, size_t size, const char *fmt, ...) __attribute__((__format__(__printf__, 3, 4)));

int vformat(char *buf, size_t size, const char *fmt, __builtin_va_list args);

/* The libOS has these for itself, under names that leave libc's alone: they must
 * not lie in application memory. The compiler's own calls follow the names. */
void *memcpy(void *, const void *, size_t) __asm__("exo_memcpy");
void *memmove(void *, const void *, size_t) __asm__("exo_memmove");
void *memset(void *, int, size_t) __asm__("exo_memset");
int memcmp(const void *, const void *, size_t) __asm__("exo_memcmp");
size_t strlen(const char *) __asm__("exo_strlen");
int strcmp(const char *, const char *) __asm__("exo_strcmp");
#endif
