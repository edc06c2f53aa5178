/* SPDX-License-Identifier: MIT
 *
 * exo_NAME(): one inline stub for each exokernel call of abi/syscalls.def, and
 * EXO_CALL_NAME, its number.
 */
#ifndef EXO_CALLS_H
#define EXO_CALLS_H
#include "abi/errors.h"
#include "abi/info.h"
#include "abi/rights.h"
#include "abi/types.h"
#include "abi/upcall.h"

static inline long exo_call(uint64_t number, uint64_t a, uint64_t b, uint64_t c,
                            uint64_t d, uint64_t e, uint64_t f)
{
	register uint64_t r10 __asm__("r10") = d;
	register uint64_t r8 __asm__("r8") = e;
	register uint64_t r9 __asm__("r9") = f;
	long result;

	__asm__ volatile("syscall"
		: "=a"(result), "+D"(a), "+S"(b), "+d"(c), "+r"(r10), "+r"(r8), "+r"(r9)
		: "0"(EXO_CALL_BASE + number) : "rcx", "r11", "memory");
	return result;
}

#define CALL0(nr, name, ...) enum { EXO_CALL_##name = nr }; \
	static inline long exo_##name(void) { return exo_call(nr, 0, 0, 0, 0, 0, 0); }
#define CALL1(nr, name, t1, a1, ...) enum { EXO_CALL_##name = nr }; \
	static inline long exo_##name(t1 a1) { return exo_call(nr, (uint64_t)a1, 0, 0, 0, 0, 0); }
#define CALL2(nr, name, t1, a1, t2, a2, ...) enum { EXO_CALL_##name = nr }; \
	static inline long exo_##name(t1 a1, t2 a2) \
	{ return exo_call(nr, (uint64_t)a1, (uint64_t)a2, 0, 0, 0, 0); }
#define CALL3(nr, name, t1, a1, t2, a2, t3, a3, ...) enum { EXO_CALL_##name = nr }; \
	static inline long exo_##name(t1 a1, t2 a2, t3 a3) \
	{ return exo_call(nr, (uint64_t)a1, (uint64_t)a2, (uint64_t)a3, 0, 0, 0); }
#define CALL4(nr, name, t1, a1, t2, a2, t3, a3, t4, a4, ...) enum { EXO_CALL_##name = nr }; \
	static inline long exo_##name(t1 a1, t2 a2, t3 a3, t4 a4) \
	{ return exo_call(nr, (uint64_t)a1, (uint64_t)a2, (uint64_t)a3, (uint64_t)a4, 0, 0); }
#define CALL5(nr, name, t1, a1, t2, a2, t3, a3, t4, a4, t5, a5, ...) enum { EXO_CALL_##name = nr }; \
	static inline long exo_##name(t1 a1, t2 a2, t3 a3, t4 a4, t5 a5) \
	{ return exo_call(nr, (uint64_t)a1, (uint64_t)a2, (uint64_t)a3, (uint64_t)a4, (uint64_t)a5, 0); }
#define CALL6(nr, name, t1, a1, t2, a2, t3, a3, t4, a4, t5, a5, t6, a6, ...) enum { EXO_CALL_##name = nr }; \
	static inline long exo_##name(t1 a1, t2 a2, t3 a3, t4 a4, t5 a5, t6 a6) \
	{ return exo_call(nr, (uint64_t)a1, (uint64_t)a2, (uint64_t)a3, (uint64_t)a4, (uint64_t)a5, (uint64_t)a6); }
#include "abi/syscalls.def"
#undef CALL0
#undef CALL1
#undef CALL2
#undef CALL3
#undef CALL4
#undef CALL5
#undef CALL6
#endif
