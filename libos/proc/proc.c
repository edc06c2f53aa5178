/* SPDX-License-Identifier: MIT
 *
 * The process: how the first one begins, how an image that exec put in its place
 * goes on, and how it ends.
 */
#include "core/arena.h"
#include "core/upcall.h"
#include "posix/linux.h"
#include "proc/elf.h"
#include "proc/exec.h"
#include "vfs/vfs.h"

#define INIT_NAME "init"

extern const struct elf_header __ehdr_start; /* this program's, as the linker placed it */

struct proc *proc_self(void)
{
	return VCPU->proc;
}

_Noreturn void proc_exit(int status)
{
	section_enter();
	proc_self()->status = status;
	power_off(status & 0x7f ? 128 + (status & 0x7f) : status >> 8 & 0xff);
}

/* What execve would have made of this program. */
static struct exec_image *boot_image(void)
{
	struct exec_image *im = image_new();

	if (!im || strings_add(im, "/" INIT_NAME) < 0 || strings_add(im, INIT_NAME) < 0)
		libos_panic("no memory for the first program");
	im->linked = true;
	im->argc = 1;
	im->phdr = (uint64_t)&__ehdr_start + __ehdr_start.phoff;
	im->phent = __ehdr_start.phentsize;
	im->phnum = __ehdr_start.phnum;
	return im;
}

static void boot_main(void *unused)
{
	(void)unused;
	vfs_boot();
	vfs_attach();
	exec_finish(boot_image());
}

static void exec_main(void *arg)
{
	struct exec_image *im = arg;

	space_free(im->old_space);
	vfs_attach();
	exec_finish(im);
}

_Noreturn void proc_start(uint64_t kind)
{
	struct proc *p;

	if (kind != EXO_START_BOOT)
		sched_start(thread_self(), exec_main, proc_self()->image);
	p = VCPU->this->proc = arena_part(ARENA_PROC, sizeof *p);
	p->pid = p->pgid = p->sid = 1;
	p->umask = 022;
	p->env = EXO_HANDLE(EXO_BOOT_ENV, 1);
	p->root = EXO_HANDLE(EXO_BOOT_ROOT, 1);
	memcpy(p->name, INIT_NAME, sizeof INIT_NAME);
	exec_prepare();
	sched_start(NULL, boot_main, NULL);
}
