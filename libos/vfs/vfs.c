/* SPDX-License-Identifier: MIT
 *
 * The start of the file system.
 */
#include "vfs/vfs.h"
#include "drivers/screen.h"
#include "drivers/serial.h"
#include "fs/random.h"

struct vfs_state *vfs_shared;

static void console_input(unsigned char c)
{
	tty_input(tty_of(0), c);
}

static bool command_mode(void)
{
	char mode[8];

	return boot_option("mode", mode, sizeof mode) && !strcmp(mode, "cmd");
}

void vfs_attach(void)
{
	static bool attached;

	if (attached)
		return;
	attached = true;
	vfs_shared = arena_part(ARENA_VFS, sizeof *vfs_shared);
	serial_attach(!vfs_shared->mounts);
	if (!command_mode())
		serial_listen(console_input);
}

static void must(int result, const char *what)
{
	if (result < 0)
		libos_panic("%s: error %d", what, -result);
}

static void set_cwd(void)
{
	struct files *fs = files_create();
	struct mount *m = vfs_state()->mounts;

	if (!fs)
		libos_panic("no memory for the first process's files");
	fs->root = fs->cwd = (struct path){ m, m->root };
	vfs_lock();
	path_ref(&fs->root);
	path_ref(&fs->cwd);
	vfs_unlock();
	proc_self()->files = fs;
}

static void unpack_modules(void)
{
	uint32_t i;

	for (i = 0; i < info()->module_count; i++)
		cpio_unpack((const unsigned char *)(EXO_WINDOW + info()->module[i].base), info()->module[i].size);
}

static void mount_at(const char *name, const char *type)
{
	struct path at;
	int r;

	vfs_create(&files_self()->root, name, S_IFDIR | 0755, 0, NULL);
	vfs_lock();
	r = path_walk(&files_self()->root, name, WALK_FOLLOW | WALK_DIR, &at);
	if (r == 0) {
		r = mount_add(&at, type, type, 0);
		path_unref(&at);
	}
	vfs_unlock();
	must(r, name);
}

/* The first program did not come through exec. */
static void set_exe(void)
{
	struct path at;

	vfs_lock();
	if (path_walk(&files_self()->root, "/sbin/init", WALK_FOLLOW, &at) == 0)
		files_self()->exe = at;
	vfs_unlock();
}

static void open_standard(const char *name, uint32_t flags)
{
	struct file *f;

	if (file_open(&files_self()->root, name, flags, 0, &f) < 0)
		must(file_open(&files_self()->root, "/dev/null", O_RDWR, 0, &f), "/dev/null");
	must(fd_install(f, 0, false), name);
}

static uint16_t number_option(const char *name, uint16_t fallback)
{
	char text[8];
	const char *s = boot_option(name, text, sizeof text);
	unsigned n = 0;

	while (s && *s >= '0' && *s <= '9')
		n = n * 10 + (unsigned)(*s++ - '0');
	return n && n < 10000 ? (uint16_t)n : fallback;
}

void vfs_boot(void)
{
	struct tty *t;

	vfs_attach();
	list_init(&vfs_state()->dentry_lru);
	list_init(&vfs_state()->inode_lru);
	memcpy(vfs_state()->hostname, "exo", 4);
	t = tty_of(0);
	tty_init(t);
	t->window.row = number_option("rows", t->window.row);
	t->window.col = number_option("cols", t->window.col);
	must(mount_add(NULL, "tmpfs", "root", 0), "the root file system");
	set_cwd();
	files_self()->root.dentry->inode->attr->mode = S_IFDIR | 0755;
	unpack_modules();
	set_exe();
	mount_at("/dev", "devtmpfs");
	mount_at("/proc", "proc");
	mount_at("/tmp", "tmpfs");
	random_init();
	open_standard(command_mode() ? "/dev/null" : "/dev/console", O_RDWR);
	open_standard(command_mode() ? "/dev/ttyS1" : "/dev/console", O_RDWR);
	open_standard(command_mode() ? "/dev/ttyS2" : "/dev/console", O_RDWR);
	screen_summary();
}
