/* SPDX-License-Identifier: MIT
 *
 * Path walk. Runs with the lock held; every path that a step stands on is
 * referenced, for a lookup may make room in the caches.
 */
#include "vfs/vfs.h"

/* A link that is being followed: its text is walked first, then the rest. */
struct pending { const char *rest; struct path link; bool slash; };

struct walk {
	struct path at;      /* where the walk stands                            */
	unsigned flags;
	struct last *last;   /* stop before the last component and name it       */
	unsigned links;      /* symbolic links followed so far                   */
	unsigned depth;      /* of them, those whose text is not done            */
	struct pending pending[SYMLINKS_MAX];
};

void path_ref(const struct path *p)
{
	p->mount->refs++;
	dentry_ref(p->dentry);
}

void path_unref(const struct path *p)
{
	if (!p->dentry)
		return;
	p->mount->refs--;
	dentry_unref(p->dentry);
}

struct files *files_self(void)
{
	return proc_self()->files;
}

bool last_is_dots(struct name n)
{
	return n.len == 0 || (n.s[0] == '.' && (n.len == 1 || (n.len == 2 && n.s[1] == '.')));
}

static void step_to(struct walk *w, struct path to)
{
	path_ref(&to);
	path_unref(&w->at);
	w->at = to;
}

static void step_up(struct walk *w)
{
	struct path to = w->at, *root = &files_self()->root;

	if (to.dentry == root->dentry && to.mount == root->mount)
		return;
	while (to.dentry == to.mount->root && to.mount->at.dentry)
		to = to.mount->at;
	if (to.dentry != to.mount->root)
		to.dentry = to.dentry->parent;
	step_to(w, to);
	mount_cross(&w->at);
}

/* Follows `link`, to which the caller's reference goes: either there is a text to
 * walk, or the file system itself says where it leads. */
static int follow(struct walk *w, struct path link, const char **s, bool slash)
{
	struct inode *inode = link.dentry->inode;
	struct path to;
	int r = 0;

	if (++w->links > SYMLINKS_MAX) {
		r = -ELOOP;
	} else if (fs_of(inode)->jump && fs_of(inode)->jump(inode, &to)) {
		step_to(w, to);
		path_unref(&to);
	} else {
		const char *text = fs_of(inode)->target(inode);

		if (text && *text) {
			w->pending[w->depth++] = (struct pending){ *s, link, slash };
			if (*text == '/')
				step_to(w, files_self()->root);
			*s = text;
			return 0;
		}
		r = text ? -ENOENT : -ENOMEM;
	}
	path_unref(&link);
	return r;
}

/* Goes into one component, or over to the text of a link. */
static int step(struct walk *w, struct name name, const char **s, bool slash)
{
	struct path to;
	int r;

	if (name.s[0] == '.' && name.len == 1)
		return 0;
	if (name.s[0] == '.' && name.s[1] == '.' && name.len == 2) {
		step_up(w);
		return 0;
	}
	r = child_find(&w->at, name, &to);
	if (r < 0)
		return r;
	if (!to.dentry->inode) {
		r = -ENOENT;
	} else if (S_ISLNK(to.dentry->inode->attr->mode) &&
	           (**s || slash || w->depth || (w->flags & WALK_FOLLOW))) {
		return follow(w, to, s, slash);
	} else {
		step_to(w, to);
	}
	path_unref(&to);
	return r;
}

static bool at_directory(const struct walk *w)
{
	return S_ISDIR(w->at.dentry->inode->attr->mode);
}

/* The end of a string: of a link's text, then what stood behind the link. */
static bool next_string(struct walk *w, const char **s, bool *slash)
{
	struct pending *p;

	if (!w->depth)
		return false;
	p = &w->pending[--w->depth];
	*s = p->rest;
	*slash = p->slash;
	path_unref(&p->link);
	return true;
}

static struct name next_name(const char **s, bool *slash)
{
	const char *p = *s;
	struct name name = { p, 0, NAME_HASH };

	for (; *p && *p != '/'; p++)
		name.hash = name_hash(name.hash, *p);
	name.len = (uint32_t)(p - name.s);
	*slash = *p == '/';
	while (*p == '/')
		p++;
	*s = p;
	return name;
}

static int walk(struct walk *w, const char *s)
{
	struct name name;
	bool slash;
	int r;

	for (;;) {
		while (*s == '/')
			s++;
		while (!*s) {
			if (!next_string(w, &s, &slash))
				return 0;
			if (slash && !at_directory(w))
				return -ENOTDIR;
		}
		if (!at_directory(w))
			return -ENOTDIR;
		name = next_name(&s, &slash);
		if (name.len > NAME_MAX)
			return -ENAMETOOLONG;
		if (w->last && !*s && !w->depth) {
			*w->last = (struct last){ name, slash };
			return 0;
		}
		r = step(w, name, &s, slash);
		if (r < 0)
			return r;
		if (slash && !*s && !at_directory(w))
			return -ENOTDIR;
	}
}

/* One step of the quick walk: into a directory, or to the end. */
static bool quick_step(struct path *at, struct name name, bool end, bool follow)
{
	struct dentry *d = name.s[0] == '.' ? NULL : dentry_cached(at->dentry, name);

	if (!d || !d->inode)
		return false;
	at->dentry = d;
	if (d->mounted)
		mount_top(at);
	if (end)
		return !follow || !S_ISLNK(at->dentry->inode->attr->mode);
	return S_ISDIR(at->dentry->inode->attr->mode);
}

/* The walk of most paths: all components are cached, none is a link or begins with
 * a dot. Nothing is made on the way, so only the end needs a reference. False: it
 * is not so, and nothing has happened. */
static bool quick_walk(const struct walk *w, const struct path *base, const char *s, struct path *out)
{
	struct path at = *s == '/' ? files_self()->root : *base;
	struct name name;
	uint32_t hits = 0;
	bool slash;

	while (*s == '/')
		s++;
	if (!*s || !S_ISDIR(at.dentry->inode->attr->mode))
		return false;
	for (; *s; hits++) {
		name = next_name(&s, &slash);
		if (!*s && w->last) {
			if (name.len > NAME_MAX)
				return false;
			*w->last = (struct last){ name, slash };
			break;
		}
		if (!quick_step(&at, name, !*s && !slash, w->flags & WALK_FOLLOW))
			return false;
	}
	if ((w->flags & WALK_DIR) && !S_ISDIR(at.dentry->inode->attr->mode))
		return false;
	vfs_state()->dentry_hits += hits;
	path_ref(&at);
	*out = at;
	return true;
}

static int start(struct walk *w, const struct path *base, const char *s, struct path *out)
{
	int r;

	if (!*s)
		return -ENOENT;
	if (quick_walk(w, base, s, out))
		return 0;
	w->links = w->depth = 0;
	w->at = *s == '/' ? files_self()->root : *base;
	path_ref(&w->at);
	r = walk(w, s);
	while (w->depth)
		path_unref(&w->pending[--w->depth].link);
	if (r == 0 && (w->flags & WALK_DIR) && !at_directory(w))
		r = -ENOTDIR;
	if (r < 0)
		path_unref(&w->at);
	else
		*out = w->at;
	return r;
}

int path_walk(const struct path *base, const char *s, unsigned flags, struct path *out)
{
	struct walk w;

	w.flags = flags;
	w.last = NULL;
	return start(&w, base, s, out);
}

int path_parent(const struct path *base, const char *s, struct path *out, struct last *last)
{
	struct walk w;

	w.flags = WALK_DIR;
	w.last = last;
	*last = (struct last){ { s, 0, NAME_HASH }, false };
	return start(&w, base, s, out);
}

/* Inside its own root a path is told from there; what was removed has none. */
char *path_text(const struct path *p, char *buf, size_t size)
{
	struct path at = *p, *root = &files_self()->root;
	char *s = buf + size;

	*--s = 0;
	while (at.dentry != root->dentry || at.mount != root->mount) {
		struct dentry *d = at.dentry;

		if (d == at.mount->root) {
			if (!at.mount->at.dentry)
				break;
			at = at.mount->at;
			continue;
		}
		if (d->removed || (size_t)(s - buf) < d->len + 1)
			return NULL;
		s -= d->len;
		memcpy(s, d->name, d->len);
		*--s = '/';
		at.dentry = d->parent;
	}
	if (!*s)
		*--s = '/';
	return s;
}
