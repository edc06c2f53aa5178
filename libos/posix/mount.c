/* SPDX-License-Identifier: MIT
 *
 * mount and umount2.
 */
#include "posix/posix.h"

#define WORD 256

/* size=N of tmpfs, with k, m, g or % of memory; 0: not given. */
static uint64_t size_option(const char *options)
{
	struct pool_stats pool;
	const char *s = options;
	uint64_t n = 0;

	while (memcmp(s, "size=", 5)) {
		while (*s && *s != ',')
			s++;
		if (!*s++)
			return 0;
	}
	for (s += 5; *s >= '0' && *s <= '9' && n < 1ul << 40; s++)
		n = n * 10 + (uint64_t)(*s - '0');
	switch (*s | 32) {
	case 'k':
		return n << 10;
	case 'm':
		return n << 20;
	case 'g':
		return n << 30;
	}
	if (*s != '%')
		return n;
	pool_stats(&pool);
	return pool.total * EXO_PAGE_SIZE / 100 * n;
}

static int text_of(char *buf, const char *user)
{
	memset(buf, 0, WORD);
	return user ? (int)copy_string(buf, user, WORD) : 0;
}

static int bind(struct path *at, const char *source)
{
	struct path from;
	int r = at_find(AT_FDCWD, source, 0, &from);

	if (r < 0)
		return r;
	vfs_lock();
	r = mount_bind(at, &from);
	path_unref(&from);
	vfs_unlock();
	return r;
}

long sys_mount(const char *source, const char *target, const char *type, uint64_t flags, const char *data)
{
	char name[WORD], fs[WORD], options[WORD];
	struct path at;
	int r;

	if (flags & MS_RDONLY)
		return -EINVAL; /* no file system here can be read-only */
	if ((r = text_of(name, source)) < 0 || (r = text_of(fs, type)) < 0 || (r = text_of(options, data)) < 0)
		return r;
	r = at_find(AT_FDCWD, target, 0, &at);
	if (r < 0)
		return r;
	if (flags & MS_REMOUNT) {
		r = at.dentry == at.mount->root ? 0 : -EINVAL;
	} else if (flags & MS_BIND) {
		r = bind(&at, source);
	} else if (!S_ISDIR(at.dentry->inode->attr->mode)) {
		r = -ENOTDIR;
	} else {
		vfs_lock();
		r = mount_add(&at, fs, name[0] ? name : "none", size_option(options));
		vfs_unlock();
	}
	path_done(&at);
	return r;
}

long sys_umount2(const char *target, int flags)
{
	struct path at;
	int r;

	if (flags & ~0xf)
		return -EINVAL;
	r = at_find(AT_FDCWD, target, flags & 8 ? AT_SYMLINK_NOFOLLOW : 0, &at);
	if (r < 0)
		return r;
	vfs_lock();
	r = mount_remove(&at);
	if (r < 0)
		path_unref(&at);
	vfs_unlock();
	return r;
}
