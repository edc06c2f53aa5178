/* SPDX-License-Identifier: MIT
 *
 * The nodes of tmpfs: what remains of a file when its inode leaves the cache.
 * Guarded by vfs_state()->lock.
 */
#ifndef LIBOS_TMPFS_H
#define LIBOS_TMPFS_H
#include "vfs/vfs.h"

struct tent {                    /* a name in a directory                   */
	struct tent *hash_next, *next, *prev; /* of a bucket; in order of cookie */
	struct tnode *node;
	uint64_t cookie;             /* its position for getdents               */
	uint32_t hash, len;
	char name[];
};

struct tdir {
	struct tnode *parent;
	struct tent **bucket, *first, *last;
	struct tent *cursor;         /* where the last readdir stopped          */
	uint32_t buckets, count;
	uint64_t next_cookie;
};

/* Frames by index: a tree of pages of 512 pointers. Height 0 is one frame. */
struct tdata { void *root; unsigned height; };

struct tnode {
	struct attr attr;
	union {
		struct tdir dir;
		struct tdata data;
		char *target;
	};
};

/* tmpfs_data.c */
/* Takes n frames to (or from) the books of a file system. */
static inline void tmpfs_account(struct super *super, int64_t n)
{
	super->pages += (uint64_t)n;
	vfs_state()->tmpfs_pages += (uint64_t)n;
}
static inline bool tmpfs_full(const struct super *super)
{
	return super->pages >= super->pages_max || vfs_state()->tmpfs_pages >= vfs_state()->tmpfs_pages_max;
}
void **tmpfs_slot(struct tdata *, uint64_t index, bool make);
/* Frees the frames [first, end); returns how many there were. */
uint64_t tmpfs_drop(struct tdata *, uint64_t first, uint64_t end);
void *tmpfs_frame(struct inode *, uint64_t index, bool make);
void tmpfs_resize(struct inode *, uint64_t size);
void tmpfs_punch(struct inode *, uint64_t first, uint64_t end);
#endif
