/* SPDX-License-Identifier: MIT
 *
 * The arguments of execve: out of the caller's memory before it goes, and onto the
 * new program's stack as the System V ABI wants them.
 */
#include "core/arena.h"
#include "core/io.h"
#include "posix/linux.h"
#include "proc/exec.h"
#include "vm/vm.h"

#define STACK_SIZE (8ul << 20)
#define CLOCK_TICKS 100
#define CPUID_RDRAND (1u << 30)
#define AUXILIARY 17            /* pairs of the auxiliary vector */

enum { AT_NULL, AT_PHDR = 3, AT_PHENT, AT_PHNUM, AT_PAGESZ, AT_BASE, AT_FLAGS, AT_ENTRY, AT_UID = 11, AT_EUID,
	AT_GID, AT_EGID, AT_HWCAP = 16, AT_CLKTCK, AT_SECURE = 23, AT_RANDOM = 25, AT_EXECFN = 31 };

/* Makes room for a string of n bytes and its pointer. */
static char *strings_room(struct exec_image *im, size_t n)
{
	char *at = im->strings + im->used;

	if (im->used + n + (im->count + 1) * sizeof(char *) > EXEC_STRINGS)
		return NULL;
	im->used += (uint32_t)n;
	im->count++;
	return at;
}

int strings_add(struct exec_image *im, const char *text)
{
	size_t n = strlen(text) + 1;
	char *at = strings_room(im, n);

	if (!at)
		return -E2BIG;
	memcpy(at, text, n);
	return 0;
}

/* The strings of a caller's vector from `skip` on; how many, or an error. */
static long strings_copy(struct exec_image *im, char *const *vector, unsigned skip)
{
	char *user;
	long n;

	for (unsigned i = 0; vector; i++) {
		if (copy_in(&user, vector + i, sizeof user) < 0)
			return -EFAULT;
		if (!user)
			return i < skip ? 0 : i - skip;
		if (i < skip)
			continue;
		n = copy_string(im->strings + im->used, user, EXEC_STRINGS - im->used);
		if (n < 0)
			return n == -ENAMETOOLONG ? -E2BIG : n;
		if (!strings_room(im, (size_t)n + 1))
			return -E2BIG;
	}
	return 0;
}

int args_collect(struct exec_image *im, char *const *argv, char *const *envp)
{
	unsigned skip = im->prefix_count ? 1 : 0;
	const char *p = im->prefix;
	long n;

	for (unsigned i = 0; i < im->prefix_count; i++, p += strlen(p) + 1)
		if (strings_add(im, p) < 0)
			return -E2BIG;
	n = strings_copy(im, argv, skip);
	if (n < 0)
		return (int)n;
	im->argc = im->prefix_count + (unsigned)n;
	if (!im->argc) {                /* a program may count on its name */
		if (strings_add(im, "") < 0)
			return -E2BIG;
		im->argc = 1;
	}
	n = strings_copy(im, envp, 0);
	im->envc = n < 0 ? 0 : (unsigned)n;
	return n < 0 ? (int)n : 0;
}

static uint32_t cpuid_1(uint32_t *ecx)
{
	uint32_t a = 1, b, d;

	__asm__ volatile("cpuid" : "+a"(a), "=b"(b), "=c"(*ecx), "=d"(d));
	return d;
}

/* What the CPU gives, and the clock's low bits, through a mixing function (splitmix64). */
static uint64_t random_word(uint32_t ecx)
{
	uint64_t z = 0;

	if (ecx & CPUID_RDRAND)
		__asm__ volatile("rdrand %0" : "=r"(z) : : "cc");
	z ^= __atomic_add_fetch(&ARENA->random, 0x9e3779b97f4a7c15ul ^ rdtsc() << 32, __ATOMIC_RELAXED);
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ul;
	z = (z ^ z >> 27) * 0x94d049bb133111ebul;
	return z ^ z >> 31;
}

static void auxiliary(uint64_t *at, const struct exec_image *im, const char *path, uint64_t random, uint32_t hwcap)
{
	const uint64_t pair[AUXILIARY][2] = {
		{ AT_PHDR, im->phdr }, { AT_PHENT, im->phent }, { AT_PHNUM, im->phnum },
		{ AT_PAGESZ, EXO_PAGE_SIZE }, { AT_BASE, 0 }, { AT_FLAGS, 0 }, { AT_ENTRY, im->entry },
		{ AT_UID, 0 }, { AT_EUID, 0 }, { AT_GID, 0 }, { AT_EGID, 0 }, { AT_SECURE, 0 },
		{ AT_HWCAP, hwcap }, { AT_CLKTCK, CLOCK_TICKS }, { AT_RANDOM, random },
		{ AT_EXECFN, (uint64_t)path }, { AT_NULL, 0 },
	};

	memcpy(at, pair, sizeof pair);
}

static const char *pointers(uint64_t **at, const char *text, unsigned n)
{
	for (; n; n--, text += strlen(text) + 1)
		*(*at)++ = (uint64_t)text;
	*(*at)++ = 0;
	return text;
}

/* Written with plain stores: the pages come as they are touched. */
uint64_t program_stack(const struct exec_image *im)
{
	uint64_t strings = EXO_STACK_TOP - ((im->used + 15ul) & -16ul), random = strings - 16, words, *sp, *at;
	uint32_t ecx, hwcap = cpuid_1(&ecx);
	const char *text = (const char *)strings;

	if (region_map(EXO_STACK_TOP - STACK_SIZE, STACK_SIZE, VM_READ | VM_WRITE | VM_STACK, NULL, 0, 0) < 0)
		return 0;
	memcpy((char *)strings, im->strings, im->used);
	((uint64_t *)random)[0] = random_word(ecx);
	((uint64_t *)random)[1] = random_word(ecx);
	words = 1 + im->argc + 1 + im->envc + 1 + 2 * AUXILIARY;
	sp = at = (uint64_t *)((random - words * sizeof *sp) & -16ul);
	*at++ = im->argc;
	text = pointers(&at, text + strlen(text) + 1, im->argc);
	pointers(&at, text, im->envc);
	auxiliary(at, im, (const char *)strings, random, hwcap);
	return (uint64_t)sp;
}
