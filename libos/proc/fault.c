/* SPDX-License-Identifier: MIT
 *
 * A program's exception that nothing repairs ends it, with the status that the
 * signal of that name would give, and a report in the log.
 */
#include "core/upcall.h"
#include "proc/proc.h"
#include "sched/sched.h"

struct kind { uint8_t signal; const char *text; };

enum { SIGILL = 4, SIGTRAP = 5, SIGBUS = 7, SIGFPE = 8, SIGSEGV = 11 };

static struct kind kind_of(unsigned vector)
{
	switch (vector) {
	case 0:  return (struct kind){ SIGFPE, "division error" };
	case 1:  return (struct kind){ SIGTRAP, "trace trap" };
	case 3:  return (struct kind){ SIGTRAP, "breakpoint" };
	case 6:  return (struct kind){ SIGILL, "illegal instruction" };
	case 13: return (struct kind){ SIGSEGV, "general protection fault" };
	case 14: return (struct kind){ SIGSEGV, "segmentation fault" };
	case 16:
	case 19: return (struct kind){ SIGFPE, "floating-point exception" };
	case 17: return (struct kind){ SIGBUS, "unaligned access" };
	default: return (struct kind){ SIGSEGV, "exception" };
	}
}

static void report(const struct exo_regs *r, struct kind kind, unsigned vector, uint64_t error, uint64_t addr)
{
	const struct { const char *name; uint64_t value; } regs[] = {
		{ "rax", r->rax }, { "rbx", r->rbx }, { "rcx", r->rcx }, { "rdx", r->rdx },
		{ "rsi", r->rsi }, { "rdi", r->rdi }, { "rbp", r->rbp }, { "rsp", r->rsp },
		{ "r8 ", r->r8 }, { "r9 ", r->r9 }, { "r10", r->r10 }, { "r11", r->r11 },
		{ "r12", r->r12 }, { "r13", r->r13 }, { "r14", r->r14 }, { "r15", r->r15 },
	};

	log_printf("%s: %s at 0x%lx, rip 0x%lx, rflags 0x%lx, vector %u, error 0x%lx\n", proc_self()->name, kind.text,
		vector == 14 ? addr : r->rip, r->rip, r->rflags, vector, error);
	for (unsigned i = 0; i < sizeof regs / sizeof regs[0]; i += 4)
		log_printf("  %s %016lx  %s %016lx  %s %016lx  %s %016lx\n", regs[i].name, regs[i].value,
			regs[i + 1].name, regs[i + 1].value, regs[i + 2].name, regs[i + 2].value,
			regs[i + 3].name, regs[i + 3].value);
}

void fault_deliver(struct thread *t, unsigned vector, uint64_t error, uint64_t addr)
{
	struct kind kind = kind_of(vector);

	report(&t->regs, kind, vector, error, addr);
	proc_exit(kind.signal);
}
