/* SPDX-License-Identifier: MIT
 *
 * execve in place. Everything that can fail is done first, beside the running
 * program. Then there is no return: what it had goes, and a linked program's libOS
 * takes this one's place, through the trampoline; a program without one begins here.
 */
#include "core/upcall.h"
#include "posix/linux.h"
#include "proc/exec.h"
#include "proc/syscalls.h"
#include "vfs/vfs.h"

#define PAGE 4096ul
#define SIGKILL 9

extern char exo_trampoline[], exo_trampoline_end[];
extern char _start[];           /* crt1's, of the program that this libOS is linked with */
extern char _end[];             /* and of the application, without its heap */
_Noreturn void stack_call(void (*fn)(void *), void *arg, uint64_t stack_top);

typedef long trampoline_fn(const struct exo_pte *batch, uint64_t n, uint64_t flags, uint64_t entry);

/* The first image's pages were mapped by the kernel and are no regions. */
static bool boot_image;

static unsigned image_order(void)
{
	unsigned order = 0;

	while (PAGE << order < sizeof(struct exec_image))
		order++;
	return order;
}

struct exec_image *image_new(void)
{
	struct exec_image *im = page_alloc(image_order());

	if (im)
		memset(im, 0, offsetof(struct exec_image, strings));
	return im;
}

void image_drop(struct exec_image *im)
{
	if (im->file)
		file_unref(im->file);
	page_unref(im);
}

void exec_prepare(void)
{
	void *page = page_alloc_zero(0);
	uint64_t pfn = page ? page_pfn(page) : 0;

	if (page)
		memcpy(page, exo_trampoline, (size_t)(exo_trampoline_end - exo_trampoline));
	if (!page || pages_map(EXO_TRAMPOLINE, &pfn, 1, VM_READ | VM_EXEC) < 0)
		libos_panic("no memory for the trampoline");
	boot_image = true;
}

static void boot_image_drop(void)
{
	for (uint64_t at = EXO_APP_BASE; at < (uint64_t)_end; at += PAGE) {
		uint64_t entry = page_entry(at);
		void *page;

		if (!(entry & EXO_P) || pages_unmap(at, 1) < 0)
			continue;
		page = page_adopt((entry & EXO_PTE_ADDR) >> 12);
		if (page)
			page_unref(page);
	}
	boot_image = false;
}

/* On the thread's libOS stack. */
static void commit(void *arg)
{
	struct exec_image *im = arg;
	struct proc *p = proc_self();

	threads_end_others();
	files_close_on_exec();
	files_set_exe(im->file);
	if (boot_image)
		boot_image_drop();
	region_unmap_all();
	memcpy(p->name, im->name, sizeof p->name);
	if (!im->linked)
		exec_finish(im);
	p->image = im;
	section_enter();
	((trampoline_fn *)EXO_TRAMPOLINE)(&im->swap, 1, EXO_PTE_SYNC, im->entry);
	libos_panic("exec: the new image's tables were refused");
}

_Noreturn void exec_finish(struct exec_image *im)
{
	struct thread *t = thread_self();
	uint64_t entry, stack;

	if (!im->file)
		im->brk = (uint64_t)_end;
	if (im->linked)         /* e_entry is the libOS's */
		im->entry = (uint64_t)_start;
	entry = im->entry;
	t->foreign = !im->linked;
	stack = program_map(im) < 0 ? 0 : program_stack(im);
	if (!stack)
		proc_exit(SIGKILL);
	vm_set_brk((im->brk + PAGE - 1) & -PAGE);
	image_drop(im);
	proc_self()->image = NULL;
	thread_set_fs(0);
	vector_clean();
	program_enter(entry, stack);
}

static void name_set(struct exec_image *im)
{
	const char *base = im->strings;

	for (const char *p = base; *p; p++)
		if (*p == '/' && p[1])
			base = p + 1;
	format(im->name, sizeof im->name, "%s", base);
}

static int prepare(struct exec_image *im, const char *path, char *const *argv, char *const *envp)
{
	long n = copy_string(im->path, path, sizeof im->path);
	int error;

	if (n < 0)
		return (int)n;
	if (n == 0)
		return -ENOENT;
	error = strings_add(im, im->path);
	name_set(im);
	if (!error)
		error = script_open(im);
	if (!error)
		error = elf_read(im);
	if (!error)
		error = args_collect(im, argv, envp);
	if (!error && im->linked)
		error = space_build(im);
	return error;
}

long sys_execve(const char *path, char *const *argv, char *const *envp)
{
	struct exec_image *im = image_new();
	int error;

	if (!im)
		return -ENOMEM;
	error = prepare(im, path, argv, envp);
	if (!error)
		stack_call(commit, im, thread_self()->stack_top);
	image_drop(im);
	return error;
}
