/* SPDX-License-Identifier: MIT
 *
 * Between procfs.c (names) and proc_text.c (contents).
 */
#ifndef LIBOS_PROCFS_H
#define LIBOS_PROCFS_H
#include "vfs/vfs.h"

#define PROC_TEXT_MAX 32768

/* A text that grows; what does not fit is cut. */
struct text { char *buf; size_t size, len; };
void text_add(struct text *, const char *fmt, ...) __attribute__((__format__(__printf__, 2, 3)));

/* The contents of files; with vfs_state()->lock held. */
void proc_meminfo(struct text *);
void proc_cpuinfo(struct text *);
void proc_mounts(struct text *);
void proc_uptime(struct text *);
void proc_version(struct text *);
void proc_cmdline(struct text *);
void proc_filesystems(struct text *);
void proc_status(struct text *);
void proc_comm(struct text *);
void proc_syscalls(struct text *);
void proc_vfs(struct text *);
#endif
