/* SPDX-License-Identifier: MIT
 *
 * Processes and the arena: the state that the application's processes share and
 * that survives exec. Each module keeps its part in its own struct; only ids and
 * pointers into the window or the arena may be stored, never pointers to code or
 * to a process's private data.
 */
#ifndef LIBOS_PROC_H
#define LIBOS_PROC_H
#include "core/core.h"

struct proc {
	int pid, ppid, pgid, sid;
	int status;                /* when it ended                                 */
	exo_cap_t env, root;
	struct files *files;       /* descriptors, in the window (vfs)              */
	struct regions *regions;   /* in the window (vm)                            */
	uint64_t brk_start, brk;
	char name[32];             /* for /proc and messages                        */
	struct exec_image *image;  /* handed over by exec to the new image's libOS  */
	uint32_t umask;
};

/* What exec hands from the old image to the new one: exec.h. */
struct exec_image;

struct proc *proc_self(void);
/* Ends the process with a wait status as waitpid reports it (code << 8, or a
 * signal number). The first process's end is the machine's. */
_Noreturn void proc_exit(int status);
/* drivers/power.c: the machine's end. */
_Noreturn void power_off(int status);

/* For the file system: what exec and the fault handler need of a file.
 * file_frame: the frame that holds byte `index * 4096` of the file, for mapping;
 * allocates it if `make` (a hole, or end of file: NULL if not make). A window
 * address with a reference that the caller drops with page_unref. */
struct file;
struct file *file_open_exec(const char *path, int *error); /* path: the libOS's copy */
void *file_frame(struct file *, uint64_t index, bool make);
uint64_t file_size(struct file *);
void file_ref(struct file *);
void file_unref(struct file *);
long file_read(struct file *, void *kernel_buf, size_t n, uint64_t offset);
struct file *file_of_fd(int fd);          /* with a reference; NULL              */
unsigned file_access(struct file *);      /* VM_READ | VM_WRITE it was opened for */
bool file_mappable(struct file *);        /* has frames: neither folder nor terminal */
void files_close_on_exec(void);
#endif
