/* SPDX-License-Identifier: MIT
 *
 * Unpacks the boot modules: cpio archives of the "newc" form, one after another,
 * zero bytes between entries ignored. A file whose data begin on a page boundary
 * stays where it is. Later entries replace earlier ones.
 */
#include "vfs/vfs.h"

#define HEADER 110
#define FIELDS 13
enum { INO, MODE, UID, GID, NLINK, MTIME, FILESIZE, DEVMAJOR, DEVMINOR, RDEVMAJOR, RDEVMINOR, NAMESIZE, CHECK };

struct archive {
	const unsigned char *data;
	size_t size, at;
	uint32_t files, in_place;
	uint64_t bytes;
};

struct entry {
	uint32_t field[FIELDS];
	const char *name;
	const unsigned char *data;
};

static bool hex(const unsigned char *s, uint32_t *out)
{
	unsigned i;

	for (*out = 0, i = 0; i < 8; i++) {
		unsigned digit = s[i] - '0';

		if (digit > 9) {
			digit = (s[i] | 32) - 'a' + 10;
			if (digit < 10 || digit > 15)
				return false;
		}
		*out = *out << 4 | digit;
	}
	return true;
}

/* The fields that are of use here; the others may hold what they like. */
static bool read_fields(const unsigned char *header, uint32_t *field)
{
	static const uint8_t used[] = { MODE, MTIME, FILESIZE, RDEVMAJOR, RDEVMINOR, NAMESIZE };
	unsigned i;

	for (i = 0; i < sizeof used; i++)
		if (!hex(header + 6 + 8 * used[i], &field[used[i]]))
			return false;
	return true;
}

/* The first byte in [at, end) that is not zero, or end. */
static size_t skip_zeros(const unsigned char *data, size_t at, size_t end)
{
	while (at < end && !data[at]) {
		uint64_t word = 1;

		if (at % sizeof word == 0 && end - at >= sizeof word)
			__builtin_memcpy(&word, data + at, sizeof word);
		at += word ? 1 : sizeof word;
	}
	return at;
}

/* The next entry: 1; 0 at the end; -1: *why says what is wrong. */
static int next_entry(struct archive *a, struct entry *e, const char **why)
{
	const unsigned char *h;

	a->at = skip_zeros(a->data, a->at, a->size);
	if (a->at == a->size)
		return 0;
	h = a->data + a->at;
	*why = "it does not begin with 070701";
	if (a->size - a->at < HEADER || memcmp(h, "070701", 6))
		return -1;
	*why = "a field of the header is no hexadecimal number";
	if (!read_fields(h, e->field))
		return -1;
	a->at += HEADER;
	e->name = (const char *)a->data + a->at;
	*why = "the name is too long or has no end";
	if (e->field[NAMESIZE] > a->size - a->at || !e->field[NAMESIZE] || e->name[e->field[NAMESIZE] - 1])
		return -1;
	a->at += e->field[NAMESIZE];
	a->at += -a->at & 3;
	*why = "the data are cut off";
	if (a->at > a->size || e->field[FILESIZE] > a->size - a->at)
		return -1;
	e->data = a->data + a->at;
	a->at += e->field[FILESIZE];
	a->at += -a->at & 3;
	if (a->at > a->size)
		a->at = a->size;
	return 1;
}

/* Makes the directories that lead to name. */
static void make_parents(char *name)
{
	char *s;

	for (s = name; *s; s++)
		if (*s == '/') {
			*s = 0;
			vfs_create(&files_self()->root, name, S_IFDIR | 0755, 0, NULL);
			*s = '/';
		}
}

/* Data that begin on a page and have only zeros behind them up to the next one
 * become the file's frames. */
static bool take_in_place(struct archive *a, struct inode *inode, const struct entry *e)
{
	uint32_t size = e->field[FILESIZE];
	uint64_t pages = (size + EXO_PAGE_SIZE - 1) / EXO_PAGE_SIZE, pfn = page_pfn(e->data), p;
	size_t end = (size_t)(e->data - a->data) + pages * EXO_PAGE_SIZE;

	if ((uint64_t)e->data % EXO_PAGE_SIZE || end > a->size)
		return false;
	if (skip_zeros(e->data, size, pages * EXO_PAGE_SIZE) < pages * EXO_PAGE_SIZE)
		return false;
	for (p = 0; p < pages; p++)
		if (!page_adopt(pfn + p))
			break;
	if (p == pages && tmpfs_adopt(inode, pfn, size) == 0)
		return true;
	while (p--)
		page_unref(page_at(pfn + p));
	return false;
}

static int fill(struct archive *a, const char *name, const struct entry *e)
{
	struct file *f;
	struct io io = { (char *)e->data, e->field[FILESIZE], true };
	uint64_t offset = 0;
	long r = file_open(&files_self()->root, name, O_WRONLY | O_CREAT | O_EXCL,
	                   e->field[MODE] & 07777, &f);

	if (r < 0)
		return (int)r;
	vfs_lock();
	f->inode->attr->mode = S_IFREG | (e->field[MODE] & 07777); /* whatever the umask */
	if (e->field[FILESIZE] && take_in_place(a, f->inode, e)) {
		a->in_place++;
		io.left = 0;
	}
	vfs_unlock();
	r = io.left ? file_write_at(f, &io, &offset) : 0;
	f->inode->attr->mtime = e->field[MTIME] * 1000000000ll;
	file_unref(f);
	return r < 0 ? (int)r : r && (uint64_t)r < e->field[FILESIZE] ? -ENOSPC : 0;
}

static int make(struct archive *a, const char *name, const struct entry *e)
{
	const struct path *root = &files_self()->root;
	uint32_t mode = e->field[MODE] & (S_IFMT | 07777);
	char target[PATH_MAX];

	if (S_ISREG(mode))
		return fill(a, name, e);
	if (!S_ISLNK(mode))
		return vfs_create(root, name, mode, (uint64_t)e->field[RDEVMAJOR] << 8 | e->field[RDEVMINOR], NULL);
	if (e->field[FILESIZE] >= sizeof target)
		return -ENAMETOOLONG;
	memcpy(target, e->data, e->field[FILESIZE]);
	target[e->field[FILESIZE]] = 0;
	return vfs_create(root, name, S_IFLNK | 0777, 0, target);
}

/* Whatever has the name already goes, but for a directory that shall be one. */
static int unpack(struct archive *a, char *name, const struct entry *e)
{
	int r = make(a, name, e);

	if (r == -ENOENT) {
		make_parents(name);
		r = make(a, name, e);
	}
	if (r != -EEXIST || S_ISDIR(e->field[MODE]))
		return r == -EEXIST ? 0 : r;
	vfs_unlink(&files_self()->root, name, false);
	return make(a, name, e);
}

static void take(struct archive *a, const struct entry *e)
{
	char name[PATH_MAX];
	const char *s = e->name;
	size_t n;
	int r;

	while (*s == '/' || (*s == '.' && (s[1] == '/' || !s[1])))
		s++;
	n = strlen(s);
	if (!n || !strcmp(s, "TRAILER!!!"))
		return;
	if (!strcmp(s, "init")) {
		s = "sbin/init";
		n = strlen(s);
	}
	r = n < sizeof name ? 0 : -ENAMETOOLONG;
	if (r == 0) {
		memcpy(name, s, n + 1);
		r = unpack(a, name, e);
	}
	if (r < 0)
		log_printf("exo: boot module: %s: left out (error %d)\n", s, -r);
	a->files++;
	a->bytes += e->field[FILESIZE];
}

void cpio_unpack(const unsigned char *data, size_t size)
{
	struct archive a = { .data = data, .size = size };
	const char *why = NULL;
	struct entry e;
	int r;

	while ((r = next_entry(&a, &e, &why)) > 0)
		take(&a, &e);
	if (r < 0)
		log_printf("exo: boot module: bad archive entry before byte %zu: %s; the rest is left out\n", a.at, why);
	log_printf("exo: root: %u names, %lu KiB, %u files in place\n", a.files, a.bytes >> 10, a.in_place);
}
