/* SPDX-License-Identifier: MIT
 *
 * What lies between the call of execve and the new program's first instruction.
 */
#ifndef LIBOS_EXEC_H
#define LIBOS_EXEC_H
#include "proc/proc.h"
#include "sched/sched.h"

#define EXO_START_EXEC 2        /* %rdi at the entry of an image that exec starts  */
#define EXEC_SEGMENTS  16
#define EXEC_STRINGS   (128u << 10) /* bytes of arguments and environment, with a
                                     * pointer for each                            */
#define EXEC_PATH      4096
#define EXEC_PREFIX    1024     /* of arguments that scripts put before             */
#define EXEC_PIE_BASE  0x0000555555554000ul

struct exec_segment { uint64_t vaddr, memsz, filesz, offset; unsigned prot; /* VM_* */ };

/* In the window, so both images see it at one address. */
struct exec_image {
	struct file *file;              /* with a reference; NULL: the boot image       */
	bool linked;                    /* brings its libOS                            */
	uint64_t entry;                 /* e_entry, moved                              */
	uint64_t phdr, phent, phnum;    /* for the auxiliary vector                    */
	uint64_t brk;                   /* end of the application's last segment       */
	unsigned segments;
	struct exec_segment segment[EXEC_SEGMENTS];
	uint64_t old_space;             /* tables to free, see space_current           */
	struct exo_pte swap;            /* the entry that puts the new ones there      */
	unsigned argc, envc;
	uint32_t used, count;           /* of strings: bytes, strings                  */
	uint32_t prefix_used, prefix_count;
	char name[32];
	char prefix[EXEC_PREFIX];       /* strings that take argv[0]'s place           */
	char path[EXEC_PATH];           /* of the file that is loaded                  */
	char strings[EXEC_STRINGS];     /* the path as execve got it, argv, envp       */
};

/* elf.c: reads the headers of image->file. 0, -ENOEXEC, -EIO .. */
int elf_read(struct exec_image *);
/* args.c: the path is in image->path. */
int args_collect(struct exec_image *, char *const *argv, char *const *envp);
int strings_add(struct exec_image *, const char *text);
/* script.c: opens the file; goes on to the interpreters of scripts. */
int script_open(struct exec_image *);
/* load.c */
int space_build(struct exec_image *);            /* a linked image's libOS      */
int program_map(const struct exec_image *);      /* the application's segments  */
uint64_t program_stack(const struct exec_image *); /* its stack: the initial rsp */
/* ids.c: the current thread's FS base */
void thread_set_fs(uint64_t addr);
/* exec.c: in the thread, open; the libOS that stays is in place. */
_Noreturn void exec_finish(struct exec_image *);
struct exec_image *image_new(void);
void image_drop(struct exec_image *);
void exec_prepare(void);                         /* maps the trampoline, at boot */
#endif
