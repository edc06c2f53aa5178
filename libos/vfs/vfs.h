/* SPDX-License-Identifier: MIT
 *
 * The virtual file system: what is shared by the processes of an application
 * (struct vfs_state in the arena, objects in the window), and the operations
 * that a file system or a device supplies.
 *
 * Shared objects hold no pointers to code: super->fs and file->kind are indices
 * into fs_table[] and file_table[] of whichever libOS image looks at them.
 *
 * Locks, in the order in which they may be taken:
 *   1. file->seek, inode->write   mutexes: their holder may sleep and may touch
 *                                 application memory
 *   2. vfs_state()->lock          everything here that is not said to be under
 *                                 another lock: dentries, inodes, mounts,
 *                                 descriptors, tmpfs trees, reference counts
 *   3. tty->lock                  one terminal
 *   4. vfs_state()->poll_lock     the queue of those who wait for readiness
 */
#ifndef LIBOS_VFS_H
#define LIBOS_VFS_H
#include "core/arena.h"
#include "posix/linux.h"
#include "proc/proc.h"
#include "sched/sched.h"
#include "vm/vm.h"

#define DENTRY_MAX 2048
#define INODE_MAX 1024      /* unreferenced inodes that are kept                */
#define HASH_SIZE 1024
#define FD_MAX 1024
#define DENTRY_INLINE 32

struct inode;
struct dentry;
struct file;
struct tnode;               /* tmpfs.c */

struct list { struct list *next, *prev; };

/* A lock whose holder may sleep. Guarded by vfs_state()->lock. */
struct mutex { uint32_t held; struct wait_queue waiters; };

struct attr {
	uint64_t ino, size, blocks; /* blocks of 512 bytes                          */
	uint64_t rdev;
	uint32_t mode, uid, gid, nlink;
	int64_t atime, mtime, ctime, btime; /* ns since 1970                        */
};

enum fs_id { FS_TMPFS, FS_PROCFS, FS_COUNT };

struct super {
	enum fs_id fs;
	uint32_t dev;
	struct inode *root;
	struct tnode *tree;         /* tmpfs: the root's node                       */
	uint64_t pages, pages_max;  /* tmpfs: frames used and the limit             */
	uint64_t next_ino;
	char type[16];              /* as in /proc/mounts                           */
};

struct inode {
	struct list lru;            /* while refs == 0                              */
	struct inode *hash_next;
	struct super *super;
	uint32_t refs;
	struct attr *attr;          /* own, or the file system's                    */
	struct attr own;
	struct mutex write;         /* one writer at a time                         */
	struct tnode *node;         /* tmpfs                                        */
	char *text;                 /* procfs: a link's target                      */
	bool linkable;              /* O_TMPFILE: link may give it its first name   */
};

struct dentry {
	struct list lru;            /* while refs == 0                              */
	struct dentry *hash_next, *parent; /* holds a reference; a root: itself     */
	struct inode *inode;        /* NULL: it is known that there is no such name */
	uint32_t refs, hash, len;
	uint32_t mounted;           /* mounts on top of it                          */
	bool hashed;                /* in the cache; not roots, nor names of procfs  */
	bool removed;               /* the name is gone                             */
	char *name, inline_name[DENTRY_INLINE];
};

struct path { struct mount *mount; struct dentry *dentry; };

struct mount {
	struct mount *next;
	struct super *super;
	struct dentry *root;
	struct path at;             /* what it covers; the first: nothing           */
	uint32_t refs;              /* paths that lie in it                         */
	char source[32];
};

enum file_kind {
	FILE_REGULAR, FILE_DIR, FILE_PATH, FILE_TEXT, FILE_TTY, FILE_SERIAL,
	FILE_NULL, FILE_ZERO, FILE_FULL, FILE_RANDOM, FILE_KMSG, FILE_KINDS
};

struct file {
	enum file_kind kind;
	uint32_t flags;             /* O_*, as fcntl changes them                   */
	uint32_t refs;
	uint32_t minor;             /* of the device: tty or serial port number     */
	uint64_t offset;            /* guarded by seek                              */
	struct mutex seek;
	struct path path;
	struct inode *inode;
	char *text;                 /* FILE_TEXT: what was made at the first read   */
	uint32_t text_len;
};

/* The descriptors of a process, in the window. */
struct files {
	uint32_t refs, capacity, limit; /* limit: RLIMIT_NOFILE                     */
	struct file **fd;           /* capacity entries                             */
	uint64_t cloexec[FD_MAX / 64];
	uint32_t lowest;            /* no free one is below                         */
	struct path cwd, root, exe;
};

#define TTY_LINE 4096
struct tty {
	struct lock lock;
	struct linux_termios termios;
	struct linux_winsize window;
	int pgrp, session;
	uint32_t column;            /* of the cursor                                */
	uint32_t head, ready, tail; /* input[head, ready) may be read; [ready, tail)
	                             * is the line that is being edited             */
	bool literal;               /* ^V was typed                                 */
	bool stopped;               /* ^S                                           */
	uint64_t signals;           /* that its keys sent and nobody took yet; atomic */
	uint32_t line_column;       /* where the line's echo began                  */
	struct wait_queue waiters;  /* readers, and writers while it is stopped      */
	uint16_t input[TTY_LINE];   /* low byte: character; TTY_EOL ends a line     */
};

struct vfs_state {
	struct lock lock;
	struct list dentry_lru, inode_lru;
	uint32_t dentry_count, inode_count, inode_unused;
	struct dentry *dentry_hash[HASH_SIZE];
	struct inode *inode_hash[HASH_SIZE];
	struct mount *mounts;
	uint32_t next_dev;
	uint64_t dentry_hits, dentry_negative, dentry_misses, inode_hits, inode_misses;
	/* All tmpfs together: no more than three quarters of the memory in frames, nor
	 * one node for two frames of it. */
	uint64_t tmpfs_pages, tmpfs_pages_max, tmpfs_nodes, tmpfs_nodes_max;
	struct lock poll_lock;
	uint32_t poll_sequence;
	struct wait_queue pollers;
	struct tty console;
	uint64_t random[4];
	uint32_t unknown_calls[512];
	char hostname[65];
};
extern struct vfs_state *vfs_shared; /* where it lies in the arena (vfs.c)        */
static inline struct vfs_state *vfs_state(void) { return vfs_shared; }

/* ---- moving bytes: to or from the application or the libOS itself ------------ */
struct io { char *base; size_t left; bool kernel; };
int io_put(struct io *, const void *src, size_t n); /* never in a section       */
int io_get(struct io *, void *dst, size_t n);
int io_zero(struct io *, size_t n);

/* ---- what a file system supplies; all run with the lock held ------------------ */
struct name { const char *s; uint32_t len, hash; }; /* hash: name_hash of it      */
#define NAME_HASH 2166136261u                       /* of the empty name          */
static inline uint32_t name_hash(uint32_t h, char c) { return (h ^ (unsigned char)c) * 16777619u; }
struct name name_of(const char *);
struct dir_entry { uint64_t ino, next; uint32_t len; uint8_t type; char name[NAME_MAX + 1]; };

struct fs_ops {
	/* All return 0 or a negative errno. *out is referenced. */
	int (*lookup)(struct inode *dir, struct name, struct inode **out);
	/* An empty name: a file without one (O_TMPFILE). */
	int (*create)(struct inode *dir, struct name, uint32_t mode, uint64_t rdev,
	              const char *target, struct inode **out);
	int (*link)(struct inode *dir, struct name, struct inode *);
	int (*unlink)(struct inode *dir, struct name, struct inode *);
	/* Moves a name; what bears the new one (or NULL) loses it, all or nothing. */
	int (*rename)(struct inode *from, struct name, struct inode *to, struct name,
	              struct inode *moved, struct inode *victim);
	/* Each gets the other's name; cannot fail. */
	void (*exchange)(struct inode *dir, struct name, struct inode *, struct inode *other_dir, struct name,
	                 struct inode *other);
	/* The entry at pos or after; 1, or 0 at the end. */
	int (*next)(struct inode *dir, uint64_t pos, struct dir_entry *);
	const char *(*target)(struct inode *);   /* of a link; good while referenced */
	/* Where a link leads that is more than its text; false: follow the text.
	 * *out is referenced. May be NULL. */
	bool (*jump)(struct inode *, struct path *out);
	/* The frame of a file's page with a reference; NULL: a hole, or, with make,
	 * no space. */
	void *(*frame)(struct inode *, uint64_t index, bool make);
	void (*resize)(struct inode *, uint64_t size);
	void (*punch)(struct inode *, uint64_t first, uint64_t end); /* frees pages */
	bool (*empty)(struct inode *dir);
	void (*evict)(struct inode *);           /* leaves the cache                */
	int (*open)(struct inode *, struct file *); /* may set kind; or NULL        */
	int64_t magic;
	bool uncached;                           /* names come and go by themselves */
};
extern const struct fs_ops *const fs_table[FS_COUNT];
static inline const struct fs_ops *fs_of(const struct inode *i) { return fs_table[i->super->fs]; }

/* ---- what an open file supplies; they run without locks ------------------------ */
struct file_ops {
	long (*read)(struct file *, struct io *, uint64_t *offset);
	long (*write)(struct file *, struct io *, uint64_t *offset);
	long (*ioctl)(struct file *, unsigned request, void *user);
	unsigned (*poll)(struct file *);         /* NULL: always ready              */
	bool seekable;
};
extern const struct file_ops *const file_table[FILE_KINDS];
extern const struct file_ops regular_ops, dir_ops, path_ops, text_ops, tty_ops, serial_ops,
	null_ops, zero_ops, full_ops, random_ops, kmsg_ops;

/* ---- lock.c: locks and lists --------------------------------------------------- */
void vfs_lock(void);
void vfs_unlock(void);
void mutex_take(struct mutex *);             /* not with vfs_lock held           */
void mutex_drop(struct mutex *);
void list_init(struct list *);
void list_append(struct list *, struct list *item);
void list_remove(struct list *item);
int64_t real_ns(void);                       /* CLOCK_REALTIME                   */
bool same_bytes(const char *, const char *, size_t);

/* ---- inode.c ------------------------------------------------------------------- */
/* The inode `ino` of a file system, from the cache or new (*fresh, attr NULL for
 * the caller to set); referenced. NULL: no memory. */
struct inode *inode_get(struct super *, uint64_t ino, bool *fresh);
void inode_ref(struct inode *);
void inode_unref(struct inode *);
void inode_evict_all(struct super *);

/* ---- dentry.c ------------------------------------------------------------------ */
int dentry_lookup(struct dentry *parent, struct name, struct dentry **out); /* negative too */
struct dentry *dentry_cached(const struct dentry *parent, struct name); /* no reference; NULL */
struct dentry *dentry_root(struct inode *);
static inline struct name dentry_name(const struct dentry *d) { return (struct name){ d->name, d->len, d->hash }; }
void dentry_ref(struct dentry *);
void dentry_unref(struct dentry *);
void dentry_fill(struct dentry *, struct inode *);  /* takes the inode's reference */
void dentry_remove(struct dentry *);         /* the name is gone, or another's    */
void dentry_unlink(struct dentry *);         /* the name is gone                 */
int dentry_move(struct dentry *, struct dentry *parent, struct name);
void dentry_shrink(struct super *);          /* drops what is unused of it        */

/* ---- path.c -------------------------------------------------------------------- */
#define WALK_FOLLOW 1    /* follow a link in the last component                 */
#define WALK_DIR 2       /* the result must be a directory                      */
struct last { struct name name; bool slash; }; /* slash: "name/"                */
int path_walk(const struct path *base, const char *, unsigned flags, struct path *out);
/* Up to the last component, which may be ".", ".." or empty (the root). */
int path_parent(const struct path *base, const char *, struct path *out, struct last *);
bool last_is_dots(struct name);
void path_ref(const struct path *);
void path_unref(const struct path *);
/* The absolute path in buf (its start is returned); NULL: removed, or too long. */
char *path_text(const struct path *, char *buf, size_t size);
struct files *files_self(void);

/* ---- mount.c ------------------------------------------------------------------- */
int mount_add(const struct path *at, const char *type, const char *source, uint64_t bytes);
int mount_bind(const struct path *at, const struct path *source);
int mount_remove(const struct path *at);      /* takes the reference if it succeeds */
void mount_top(struct path *);               /* to what is mounted on it; no references */
bool mount_cross(struct path *);             /* the same, with references         */

/* ---- file.c: open files and descriptors ---------------------------------------- */
struct file *file_new(enum file_kind, const struct path *, uint32_t flags);
int file_open(const struct path *base, const char *, uint32_t flags, uint32_t mode, struct file **);
int file_open_locked(const struct path *base, const char *, uint32_t flags, uint32_t mode, struct file **);
long file_read_at(struct file *, struct io *, uint64_t *offset);
long file_write_at(struct file *, struct io *, uint64_t *offset);
long file_rw(struct file *, void *, size_t, bool write, int64_t offset); /* -1: the file's own */
/* The short way to read within one page; false: not possible, take file_rw. */
bool fd_read_page(int fd, void *buf, size_t n, int64_t offset, long *result);
void inode_resize(struct inode *, uint64_t size);
void inode_touch(struct inode *, unsigned which);
#define TOUCH_A 1
#define TOUCH_M 2
#define TOUCH_C 4
struct file *fd_file(int fd);                /* with a reference; NULL            */
void file_put(struct file *);                /* file_unref with the lock held     */
int child_make(struct path *dir, struct dentry *, uint32_t mode, uint64_t rdev, const char *target);
int child_find(const struct path *dir, struct name, struct path *out);
int fd_install(struct file *, int from, bool cloexec); /* takes the reference     */
/* With the lock held: the file without a reference; and fd_install. */
struct file *fd_peek(int fd);
int fd_install_locked(struct file *, int from, bool cloexec);
bool fd_left_locked(void);          /* there is a number for one more         */
int fd_replace(struct file *, int fd, bool cloexec);
int fd_close(int fd);
int fd_cloexec(int fd, int set);             /* set -1: only tell; else the new state */
struct files *files_create(void);
void files_set_exe(struct file *);           /* what /proc/self/exe says: exec tells */

/* ---- name.c: operations on names; base for relative paths ------------------------ */
int vfs_create(const struct path *base, const char *, uint32_t mode, uint64_t rdev, const char *target);
int vfs_unlink(const struct path *base, const char *, bool dir);
int vfs_unlink_locked(const struct path *base, const char *, bool dir);
int vfs_link(const struct path *target, const struct path *base, const char *);
int vfs_rename(const struct path *, const char *, const struct path *, const char *, unsigned flags);

/* ---- poll.c -------------------------------------------------------------------- */
void poll_notify(void);                      /* something became ready            */
int poll_wait(struct linux_pollfd *, unsigned n, uint64_t wake_at); /* ready ones  */
#define POLL_FOREVER 0
#define POLL_NOW 1                           /* wake_at that has passed            */

/* ---- file systems and devices ---------------------------------------------------- */
extern const struct fs_ops tmpfs_ops, procfs_ops;
int tmpfs_mount(struct super *, uint64_t bytes);
int procfs_mount(struct super *);
void tmpfs_free(struct super *);
int tmpfs_adopt(struct inode *, uint64_t pfn, uint64_t bytes); /* frames in place */
int devfs_populate(const struct path *root);
int device_open(struct inode *, struct file *);
void cpio_unpack(const unsigned char *data, size_t size);
void tty_init(struct tty *);
void tty_input(struct tty *, unsigned char); /* a character from the line          */
struct tty *tty_of(uint32_t minor);

/* ---- vfs.c: start ---------------------------------------------------------------- */
/* Once, in the first process: caches, root, modules, /dev, /proc, descriptors 0-2. */
void vfs_boot(void);
/* In every image, after exec too: what is the image's own (interrupt handlers). */
void vfs_attach(void);
#endif
