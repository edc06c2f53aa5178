/* SPDX-License-Identifier: MIT */
#include "shim.h"
#include "drivers/serial.h"
#include "exo/layout.h"
#include "vfs/vfs.h"

/* of libc, whose headers would clash with those of the libOS */
void *malloc(size_t);
void *calloc(size_t, size_t);
void free(void *);
void *mmap(void *, size_t, int, int, int, long);
int printf(const char *, ...);
_Noreturn void abort(void);
extern size_t malloc_usable_size(void *);

#define PAGES 16384
static unsigned refs[PAGES];
static bool busy[PAGES];
static size_t pages_used, next_page = 1, memory_used;
static int depth;

void (*shim_on_block)(void);
char shim_out[3][65536];
size_t shim_out_len[3];
const char *shim_cmdline = "";
const void *shim_module;
size_t shim_module_size;
unsigned long shim_clock = 1000;

/* ---- core ------------------------------------------------------------------------ */

void section_enter(void)
{
	depth++;
}

void section_leave(void)
{
	if (--depth < 0)
		abort();
}

void lock_take(struct lock *l)
{
	section_enter();
	if (l->word) {
		printf("a lock is taken twice\n");
		abort();
	}
	l->word = 1;
}

void lock_drop(struct lock *l)
{
	if (!l->word)
		abort();
	l->word = 0;
	section_leave();
}

bool shim_sections_closed(void)
{
	return depth == 0;
}

bool user_range(const void *p, size_t n)
{
	uint64_t a = (uint64_t)p;

	return a + n >= a && (a + n <= EXO_WINDOW || a >= EXO_WINDOW_END);
}

static bool good(const void *user, size_t n)
{
	if (depth) {
		printf("application memory is touched in a section\n");
		abort();
	}
	return !n || ((uint64_t)user >= 4096 && user_range(user, n));
}

int copy_in(void *dst, const void *user, size_t n)
{
	if (!good(user, n))
		return -EFAULT;
	memcpy(dst, user, n);
	return 0;
}

int copy_out(void *user, const void *src, size_t n)
{
	if (!good(user, n))
		return -EFAULT;
	memcpy(user, src, n);
	return 0;
}

long copy_string(char *dst, const char *user, size_t size)
{
	size_t i;

	if (depth)
		abort();
	if ((uint64_t)user < 4096 || !user_range(user, 1))
		return -EFAULT;
	for (i = 0; i < size; i++)
		if (!(dst[i] = user[i]))
			return (long)i;
	return -ENAMETOOLONG;
}

uint64_t time_ns(void)
{
	return shim_clock += 100;
}

int64_t time_real_offset(void)
{
	return 1600000000000000000;
}

const struct exo_info *info(void)
{
	static struct exo_info i;

	i.cpus_running = 1;
	i.tsc_khz = 1000000;
	i.module_count = shim_module != NULL;
	i.module[0].base = (uint64_t)shim_module - EXO_WINDOW;
	i.module[0].size = shim_module_size;
	memcpy(i.log, "hello from the kernel\n", 22);
	return &i;
}

const char *boot_option(const char *name, char *buf, size_t size)
{
	const char *p = shim_cmdline;
	size_t n = strlen(name), i;

	for (; *p; p++)
		if (!memcmp(p, name, n) && p[n] == '=') {
			for (i = 0, p += n + 1; i + 1 < size && *p && *p != ' '; i++)
				buf[i] = *p++;
			buf[i] = 0;
			return buf;
		}
	return NULL;
}

void log_printf(const char *fmt, ...)
{
	char line[512];
	__builtin_va_list args;

	__builtin_va_start(args, fmt);
	vformat(line, sizeof line, fmt, args);
	__builtin_va_end(args);
	printf("# %s", line);
}

_Noreturn void libos_panic(const char *fmt, ...)
{
	printf("panic: %s\n", fmt);
	abort();
}

void *arena_part(enum arena_part part, size_t size)
{
	static void *parts[ARENA_PARTS];

	if (!parts[part])
		parts[part] = calloc(1, size);
	return parts[part];
}

struct proc *proc_self(void)
{
	static struct proc self = { .pid = 1, .pgid = 1, .sid = 1, .name = "test", .umask = 022 };

	return &self;
}

_Noreturn void proc_exit(int status)
{
	printf("ends with status %d\n", status);
	abort();
}

/* ---- memory ------------------------------------------------------------------------ */

void shim_init(void)
{
	if (mmap((void *)EXO_WINDOW, PAGES * 4096ul, 3, 0x100022, -1, 0) != (void *)EXO_WINDOW)
		abort();
}

static size_t index_of(const void *page)
{
	size_t i = page_pfn(page);

	if (i == 0 || i >= PAGES)
		abort();
	return i;
}

void *page_alloc(unsigned order)
{
	size_t i;

	if (order)
		abort();
	for (i = 0; i < PAGES; i++, next_page = next_page % (PAGES - 1) + 1)
		if (!refs[next_page] && !busy[next_page]) {
			refs[next_page] = 1;
			pages_used++;
			return page_at(next_page);
		}
	return NULL;
}

void *page_alloc_zero(unsigned order)
{
	void *p = page_alloc(order);

	return p ? memset(p, 0, 4096) : p;
}

void page_ref(void *page)
{
	if (!refs[index_of(page)]++)
		abort();
}

void page_unref(void *page)
{
	size_t i = index_of(page);

	if (!refs[i])
		abort();
	if (--refs[i] == 0) {
		memset(page, 0xaa, 4096);
		pages_used--;
	}
}

void *page_adopt(uint64_t pfn)
{
	if (pfn >= PAGES || !busy[pfn])
		return NULL;
	busy[pfn] = false;
	refs[pfn] = 1;
	pages_used++;
	return page_at(pfn);
}

void *shim_busy_pages(size_t n)
{
	static size_t at = PAGES;
	size_t i;

	at -= n;
	for (i = 0; i < n; i++)
		busy[at + i] = true;
	return page_at(at);
}

size_t shim_pages_used(void)
{
	return pages_used;
}

size_t shim_memory_used(void)
{
	return memory_used;
}

void *slab_alloc(size_t size)
{
	void *p = malloc(size);

	memory_used += malloc_usable_size(p);
	return memset(p, 0x55, size);
}

void *slab_zalloc(size_t size)
{
	return memset(slab_alloc(size), 0, size);
}

void slab_free(void *p)
{
	memory_used -= malloc_usable_size(p);
	free(p);
}

void pool_stats(struct pool_stats *s)
{
	*s = (struct pool_stats){ .total = PAGES, .free = PAGES - pages_used };
}

/* ---- threads and serial lines ---------------------------------------------------------- */

static struct thread self = { .tid = 1 };

struct thread *thread_self(void)
{
	return &self;
}

uint64_t thread_run_ns(const struct thread *t)
{
	(void)t;
	return shim_clock;
}

int thread_block(struct wait_queue *q, struct lock *lock, uint64_t wake_at)
{
	(void)q;
	if (depth != 1 || (!shim_on_block && !wake_at)) {
		printf("blocks for ever\n");
		abort();
	}
	if (lock)
		lock->word = 0;
	depth = 0;
	if (shim_on_block)
		shim_on_block();
	else
		shim_clock = wake_at;
	depth = 1;
	if (lock)
		lock->word = 1;
	return 1;
}

void thread_wake(struct wait_queue *q, int n)
{
	(void)q, (void)n;
}

void serial_attach(bool first)
{
	(void)first;
}

bool serial_present(unsigned port)
{
	return port < 3;
}

void serial_write(unsigned port, const char *s, size_t n)
{
	while (n-- && shim_out_len[port] < sizeof shim_out[0] - 1)
		shim_out[port][shim_out_len[port]++] = *s++;
	shim_out[port][shim_out_len[port]] = 0;
}

void serial_drain(void)
{
}

void screen_summary(void)
{
}

void serial_listen(void (*sink)(unsigned char))
{
	(void)sink;
}

uint64_t serial_deadline(uint64_t until)
{
	return until;
}

void serial_look(void)
{
}
