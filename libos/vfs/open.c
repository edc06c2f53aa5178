/* SPDX-License-Identifier: MIT
 *
 * Opening files by name.
 */
#include "vfs/vfs.h"

struct file *file_new(enum file_kind kind, const struct path *path, uint32_t flags)
{
	struct file *f = slab_zalloc(sizeof *f);

	if (!f)
		return NULL;
	f->kind = kind;
	f->flags = flags;
	f->refs = 1;
	f->path = *path;
	path_ref(path);
	f->inode = path->dentry->inode;
	inode_ref(f->inode);
	return f;
}

/* What is called `name` in dir, mounts crossed; its inode may be NULL. */
int child_find(const struct path *dir, struct name name, struct path *out)
{
	int r;

	if (name.len > NAME_MAX)
		return -ENAMETOOLONG;
	*out = *dir;
	r = dentry_lookup(dir->dentry, name, &out->dentry);
	if (r < 0)
		return r;
	out->mount->refs++;
	mount_cross(out);
	return 0;
}

/* Makes what the negative dentry of dir stands for. */
int child_make(struct path *dir, struct dentry *d, uint32_t mode, uint64_t rdev, const char *target)
{
	struct inode *parent = dir->dentry->inode, *inode;
	int r;

	if (parent->attr->nlink == 0)
		return -ENOENT;
	if (!fs_of(parent)->create)
		return -ENOENT; /* as Linux says of /proc */
	r = fs_of(parent)->create(parent, dentry_name(d), mode, rdev, target, &inode);
	if (r == 0)
		dentry_fill(d, inode);
	return r;
}

/* One round of find_or_make: from `from` along s to *at, which may be made. */
static int last_step(const struct path *from, const char *s, uint32_t mode, struct path *dir,
                     struct path *at, bool *made)
{
	struct last last;
	int r = path_parent(from, s, dir, &last);

	if (r < 0)
		return r;
	r = last_is_dots(last.name) || last.slash ? -EISDIR : child_find(dir, last.name, at);
	if (r == 0 && !at->dentry->inode) {
		r = child_make(dir, at->dentry, S_IFREG | mode, 0, NULL);
		*made = true;
		if (r < 0)
			path_unref(at);
	}
	if (r < 0)
		path_unref(dir);
	return r;
}

/* The last component of a name that may have to be made. A link there is
 * followed, dangling or not, unless O_EXCL or O_NOFOLLOW. */
static int find_or_make(const struct path *base, const char *s, uint32_t flags, uint32_t mode,
                        struct path *at, bool *made)
{
	struct path from = *base, dir, link = { NULL, NULL };
	unsigned links = 0;
	int r;

	path_ref(&from);
	for (;;) {
		r = last_step(&from, s, mode, &dir, at, made);
		path_unref(&from);
		path_unref(&link); /* s was its text */
		if (r < 0)
			return r;
		if (*made || !S_ISLNK(at->dentry->inode->attr->mode) || (flags & (O_NOFOLLOW | O_EXCL)))
			break;
		if (fs_of(at->dentry->inode)->jump && fs_of(at->dentry->inode)->jump(at->dentry->inode, &from)) {
			path_unref(at);
			*at = from;
			break;
		}
		from = dir;
		link = *at;
		s = fs_of(at->dentry->inode)->target(at->dentry->inode);
		r = ++links > SYMLINKS_MAX ? -ELOOP : s ? 0 : -ENOMEM;
		if (r < 0)
			break;
	}
	path_unref(&dir);
	if (r < 0)
		path_unref(&link);
	return r;
}

static int check_open(const struct inode *inode, uint32_t flags)
{
	uint32_t mode = inode->attr->mode;

	if ((flags & O_DIRECTORY) && !S_ISDIR(mode))
		return -ENOTDIR;
	if (flags & O_PATH)
		return 0;
	if (S_ISLNK(mode))
		return -ELOOP;
	if (S_ISDIR(mode) && ((flags & (O_ACCMODE | O_CREAT | O_TRUNC))))
		return -EISDIR;
	return 0;
}

/* Opens what was found; with the lock held. */
static int open_found(const struct path *at, uint32_t flags, struct file **out)
{
	struct inode *inode = at->dentry->inode;
	struct file *f;
	int r = check_open(inode, flags);

	if (r < 0)
		return r;
	f = file_new(FILE_REGULAR, at, flags & ~(O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_CLOEXEC));
	if (!f)
		return -ENOMEM;
	if (flags & O_PATH)
		f->kind = FILE_PATH;
	else if (S_ISDIR(inode->attr->mode))
		f->kind = FILE_DIR;
	else if (S_ISCHR(inode->attr->mode))
		r = device_open(inode, f);
	else if (!S_ISREG(inode->attr->mode))
		r = -ENXIO;
	else if (fs_of(inode)->open)
		r = fs_of(inode)->open(inode, f);
	else if ((flags & O_TRUNC) && inode->attr->size)
		inode_resize(inode, 0);
	if (r < 0)
		file_put(f);
	else
		*out = f;
	return r;
}

static int open_unnamed(const struct path *base, const char *s, uint32_t flags, uint32_t mode, struct file **out)
{
	struct path dir, at;
	struct dentry *d;
	struct inode *inode;
	int r;

	if (!(flags & O_ACCMODE))
		return -EINVAL;
	r = path_walk(base, s, WALK_FOLLOW | WALK_DIR, &dir);
	if (r < 0)
		return r;
	r = -EOPNOTSUPP;
	if (fs_of(dir.dentry->inode)->create)
		r = fs_of(dir.dentry->inode)->create(dir.dentry->inode, name_of(""), S_IFREG | mode, 0,
		                                     NULL, &inode);
	if (r == 0) {
		d = dentry_root(inode);
		inode->linkable = !(flags & O_EXCL);
		inode_unref(inode);
		at = (struct path){ dir.mount, d };
		r = d ? open_found(&at, flags & ~(O_TMPFILE | O_EXCL), out) : -ENOMEM;
		if (d) {
			d->removed = true;
			dentry_unref(d);
		}
	}
	path_unref(&dir);
	return r;
}

int file_open_locked(const struct path *base, const char *s, uint32_t flags, uint32_t mode, struct file **out)
{
	struct path at;
	bool made = false;
	int r;

	mode &= 07777 & ~proc_self()->umask;
	if ((flags & O_TMPFILE) == O_TMPFILE)
		return open_unnamed(base, s, flags, mode, out);
	if (flags & O_CREAT)
		r = find_or_make(base, s, flags, mode, &at, &made);
	else
		r = path_walk(base, s, flags & O_NOFOLLOW ? 0 : WALK_FOLLOW, &at);
	if (r < 0)
		return r;
	if (!made && (flags & O_CREAT) && (flags & O_EXCL))
		r = -EEXIST;
	else
		r = open_found(&at, made ? flags & ~O_TRUNC : flags, out);
	path_unref(&at);
	return r;
}

int file_open(const struct path *base, const char *s, uint32_t flags, uint32_t mode, struct file **out)
{
	int r;

	vfs_lock();
	r = file_open_locked(base, s, flags, mode, out);
	vfs_unlock();
	return r;
}

/* A program that may be run: a regular file that someone may execute. */
struct file *file_open_exec(const char *name, int *error)
{
	struct file *f = NULL;
	int r = file_open(&files_self()->cwd, name, O_RDONLY, 0, &f);

	if (r == 0 && (f->kind != FILE_REGULAR || !(f->inode->attr->mode & 0111))) {
		file_unref(f);
		r = -EACCES;
	}
	*error = r;
	return r < 0 ? NULL : f;
}
