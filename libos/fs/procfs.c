/* SPDX-License-Identifier: MIT
 *
 * /proc, as far as it is true. The tree is a table; a process has a directory of
 * its own, whose fd/ is made as one looks.
 */
#include "fs/procfs.h"

enum { P_NONE, P_ROOT, P_SELF, P_PID, P_EXO, P_FD, P_EXE, P_CWD, P_PROC_ROOT, P_FILES };
#define P_FD_FIRST 0x10000 /* inode numbers of fd/0 and so on */

static const struct node {
	uint32_t ino, parent, mode;
	const char *name;           /* NULL: the process's number                   */
	const char *link;           /* a fixed link's target                        */
	void (*text)(struct text *);
} nodes[] = {
	{ P_ROOT, P_NONE, S_IFDIR | 0555, "", NULL, NULL },
	{ P_SELF, P_ROOT, S_IFLNK | 0777, "self", NULL, NULL },
	{ P_PID, P_ROOT, S_IFDIR | 0555, NULL, NULL, NULL },
	{ P_EXO, P_ROOT, S_IFDIR | 0555, "exo", NULL, NULL },
	{ P_FD, P_PID, S_IFDIR | 0500, "fd", NULL, NULL },
	{ P_EXE, P_PID, S_IFLNK | 0777, "exe", NULL, NULL },
	{ P_CWD, P_PID, S_IFLNK | 0777, "cwd", NULL, NULL },
	{ P_PROC_ROOT, P_PID, S_IFLNK | 0777, "root", NULL, NULL },
	{ P_FILES + 0, P_ROOT, S_IFREG | 0444, "meminfo", NULL, proc_meminfo },
	{ P_FILES + 1, P_ROOT, S_IFREG | 0444, "cpuinfo", NULL, proc_cpuinfo },
	{ P_FILES + 2, P_ROOT, S_IFLNK | 0777, "mounts", "self/mounts", NULL },
	{ P_FILES + 3, P_ROOT, S_IFREG | 0444, "uptime", NULL, proc_uptime },
	{ P_FILES + 4, P_ROOT, S_IFREG | 0444, "version", NULL, proc_version },
	{ P_FILES + 5, P_ROOT, S_IFREG | 0444, "cmdline", NULL, proc_cmdline },
	{ P_FILES + 6, P_ROOT, S_IFREG | 0444, "filesystems", NULL, proc_filesystems },
	{ P_FILES + 7, P_PID, S_IFREG | 0444, "mounts", NULL, proc_mounts },
	{ P_FILES + 8, P_PID, S_IFREG | 0444, "status", NULL, proc_status },
	{ P_FILES + 9, P_PID, S_IFREG | 0444, "comm", NULL, proc_comm },
	{ P_FILES + 10, P_EXO, S_IFREG | 0444, "syscalls", NULL, proc_syscalls },
	{ P_FILES + 11, P_EXO, S_IFREG | 0444, "vfs", NULL, proc_vfs },
};
#define NODES (sizeof nodes / sizeof *nodes)

static const struct node *node_of(uint64_t ino)
{
	unsigned i;

	for (i = 0; i < NODES; i++)
		if (nodes[i].ino == ino)
			return &nodes[i];
	return NULL;
}

static struct inode *inode_of(struct super *super, uint64_t ino)
{
	const struct node *n = node_of(ino);
	bool fresh;
	struct inode *inode = inode_get(super, ino, &fresh);

	if (inode && fresh) {
		struct attr *a = &inode->own;

		a->mode = n ? n->mode : S_IFLNK | 0700;
		a->nlink = S_ISDIR(a->mode) ? 2 : 1;
		a->atime = a->mtime = a->ctime = a->btime = real_ns();
	}
	return inode;
}

/* A decimal number without leading zeros, or -1. */
static long number(struct name name)
{
	long n = 0;
	uint32_t i;

	if (!name.len || name.len > 9 || (name.s[0] == '0' && name.len > 1))
		return -1;
	for (i = 0; i < name.len; i++) {
		if (name.s[i] < '0' || name.s[i] > '9')
			return -1;
		n = n * 10 + name.s[i] - '0';
	}
	return n;
}

static struct file *open_fd(long fd)
{
	struct files *fs = files_self();

	return fd >= 0 && fd < (long)fs->capacity ? fs->fd[fd] : NULL;
}

static int procfs_lookup(struct inode *dir, struct name name, struct inode **out)
{
	uint64_t ino = 0;
	unsigned i;

	if (dir->attr->ino == P_FD) {
		long fd = number(name);

		ino = open_fd(fd) ? P_FD_FIRST + (uint64_t)fd : 0;
	}
	for (i = 0; i < NODES && !ino; i++) {
		const struct node *n = &nodes[i];

		if (n->parent != dir->attr->ino)
			continue;
		if (n->name ? strlen(n->name) == name.len && !memcmp(n->name, name.s, name.len)
		            : number(name) == proc_self()->pid)
			ino = n->ino;
	}
	if (!ino)
		return -ENOENT;
	*out = inode_of(dir->super, ino);
	return *out ? 0 : -ENOMEM;
}

static void fill_entry(struct dir_entry *e, uint64_t ino, uint32_t mode, uint64_t next, const char *name)
{
	e->ino = ino;
	e->type = (mode & S_IFMT) >> 12;
	e->next = next;
	e->len = (uint32_t)strlen(name);
	memcpy(e->name, name, e->len + 1);
}

static int next_fd(uint64_t pos, struct dir_entry *e)
{
	char text[16];
	uint64_t fd = pos - 2;

	while (fd < files_self()->capacity && !open_fd((long)fd))
		fd++;
	if (fd >= files_self()->capacity)
		return 0;
	format(text, sizeof text, "%lu", fd);
	fill_entry(e, P_FD_FIRST + fd, S_IFLNK, fd + 3, text);
	return 1;
}

static int procfs_next(struct inode *dir, uint64_t pos, struct dir_entry *e)
{
	const struct node *self = node_of(dir->attr->ino);
	char text[16];
	uint64_t i;

	if (pos < 2) {
		fill_entry(e, pos && self->parent ? self->parent : self->ino, S_IFDIR, pos + 1, pos ? ".." : ".");
		return 1;
	}
	if (self->ino == P_FD)
		return next_fd(pos, e);
	for (i = pos - 2; i < NODES; i++)
		if (nodes[i].parent == self->ino) {
			format(text, sizeof text, "%d", proc_self()->pid);
			fill_entry(e, nodes[i].ino, nodes[i].mode, i + 3, nodes[i].name ? nodes[i].name : text);
			return 1;
		}
	return 0;
}

/* Where a link of a process leads. */
static const struct path *place(uint64_t ino)
{
	struct files *fs = files_self();
	struct file *f = ino >= P_FD_FIRST ? open_fd((long)(ino - P_FD_FIRST)) : NULL;

	switch (ino) {
	case P_EXE:
		return &fs->exe;
	case P_CWD:
		return &fs->cwd;
	case P_PROC_ROOT:
		return &fs->root;
	}
	return f ? &f->path : NULL;
}

static bool procfs_jump(struct inode *inode, struct path *out)
{
	const struct path *p = place(inode->attr->ino);

	if (!p || !p->dentry)
		return false;
	*out = *p;
	path_ref(out);
	return true;
}

static const char *procfs_target(struct inode *inode)
{
	const struct node *n = node_of(inode->attr->ino);
	const struct path *p = place(inode->attr->ino);
	char *s;

	if (n && n->link)
		return n->link;
	if (!inode->text && !(inode->text = slab_alloc(PATH_MAX)))
		return NULL;
	if (p && p->dentry) {
		s = path_text(p, inode->text, PATH_MAX);
		if (s)
			return s;
		format(inode->text, PATH_MAX, "%s (deleted)", p->dentry->name);
	} else {
		format(inode->text, PATH_MAX, inode->attr->ino == P_SELF ? "%d" : "", proc_self()->pid);
	}
	return inode->text;
}

static void procfs_evict(struct inode *inode)
{
	if (inode->text)
		slab_free(inode->text);
}

static int procfs_open(struct inode *inode, struct file *f)
{
	(void)inode;
	if ((f->flags & O_ACCMODE) != O_RDONLY)
		return -EACCES;
	f->kind = FILE_TEXT;
	return 0;
}

/* The text is made by the first read and by each that begins at 0 again, so what
 * one reader sees is of one piece. */
static int make_text(struct file *f)
{
	struct text t = { slab_alloc(PROC_TEXT_MAX), PROC_TEXT_MAX, 0 };

	if (!t.buf)
		return -ENOMEM;
	vfs_lock();
	node_of(f->inode->attr->ino)->text(&t);
	if (f->text)
		slab_free(f->text);
	f->text = slab_alloc(t.len + 1);
	f->text_len = f->text ? (uint32_t)t.len : 0;
	if (f->text)
		memcpy(f->text, t.buf, t.len);
	vfs_unlock();
	slab_free(t.buf);
	return f->text ? 0 : -ENOMEM;
}

static long text_read(struct file *f, struct io *io, uint64_t *offset)
{
	size_t n;
	int r = !*offset || !f->text ? make_text(f) : 0;

	if (r < 0 || *offset >= f->text_len)
		return r;
	n = f->text_len - *offset;
	if (n > io->left)
		n = io->left;
	r = io_put(io, f->text + *offset, n);
	if (r < 0)
		return r;
	*offset += n;
	return (long)n;
}

const struct file_ops text_ops = { .read = text_read, .seekable = true };

const struct fs_ops procfs_ops = {
	.lookup = procfs_lookup, .next = procfs_next, .target = procfs_target, .jump = procfs_jump,
	.evict = procfs_evict, .open = procfs_open, .magic = PROC_MAGIC, .uncached = true,
};

int procfs_mount(struct super *super)
{
	super->root = inode_of(super, P_ROOT);
	return super->root ? 0 : -ENOMEM;
}
