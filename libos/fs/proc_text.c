/* SPDX-License-Identifier: MIT
 *
 * What the files of /proc say, in the words that Linux's tools expect.
 */
#include "fs/procfs.h"
#include "exo/version.h"

void text_add(struct text *t, const char *fmt, ...)
{
	__builtin_va_list args;
	int n;

	__builtin_va_start(args, fmt);
	n = vformat(t->buf + t->len, t->size - t->len, fmt, args);
	__builtin_va_end(args);
	t->len += (size_t)n < t->size - t->len ? (size_t)n : t->size - t->len - 1;
}

void proc_meminfo(struct text *t)
{
	struct pool_stats p;

	pool_stats(&p);
	text_add(t, "MemTotal:       %8lu kB\nMemFree:        %8lu kB\nMemAvailable:   %8lu kB\n",
	         p.total * 4, p.free * 4, p.free * 4);
	text_add(t, "Buffers:               0 kB\nCached:         %8lu kB\nSwapTotal:             0 kB\nSwapFree:              0 kB\n",
	         vfs_state()->mounts->super->pages * 4);
	text_add(t, "Slab:           %8lu kB\nPageTables:     %8lu kB\n", p.slab_pages * 4, p.tables * 4);
}

struct cpuid { uint32_t a, b, c, d; };

static struct cpuid cpuid(uint32_t leaf)
{
	struct cpuid r = { leaf, 0, 0, 0 };

	__asm__ volatile("cpuid" : "+a"(r.a), "=b"(r.b), "+c"(r.c), "=d"(r.d));
	return r;
}

static const char *const flags_1d[32] = {
	"fpu", "vme", "de", "pse", "tsc", "msr", "pae", "mce", "cx8", "apic", 0, "sep", "mtrr", "pge", "mca", "cmov",
	"pat", "pse36", "pn", "clflush", 0, "dts", "acpi", "mmx", "fxsr", "sse", "sse2", "ss", "ht", "tm", "ia64", "pbe",
};
static const char *const flags_1c[32] = {
	"pni", "pclmulqdq", "dtes64", "monitor", "ds_cpl", "vmx", "smx", "est", "tm2", "ssse3", "cid", "sdbg", "fma", "cx16",
	"xtpr", "pdcm", 0, "pcid", "dca", "sse4_1", "sse4_2", "x2apic", "movbe", "popcnt", "tsc_deadline_timer", "aes",
	"xsave", 0, "avx", "f16c", "rdrand", "hypervisor",
};

static void add_flags(struct text *t, const char *const *names, uint32_t bits)
{
	unsigned i;

	for (i = 0; i < 32; i++)
		if ((bits >> i & 1) && names[i])
			text_add(t, " %s", names[i]);
}

static void add_model_name(struct text *t)
{
	uint32_t name[13] = { 0 }, i;

	if (cpuid(0x80000000).a < 0x80000004)
		return;
	for (i = 0; i < 3; i++) {
		struct cpuid part = cpuid(0x80000002 + i);

		memcpy(name + 4 * i, &part, sizeof part);
	}
	text_add(t, "model name\t: %s\n", (const char *)name);
}

static void add_cpu(struct text *t, unsigned number)
{
	struct cpuid zero = cpuid(0), one = cpuid(1);
	uint32_t vendor[4] = { zero.b, zero.d, zero.c, 0 };
	unsigned family = one.a >> 8 & 15, model = one.a >> 4 & 15;

	if (family == 6 || family == 15)
		model |= one.a >> 12 & 0xf0;
	if (family == 15)
		family += one.a >> 20 & 0xff;
	text_add(t, "processor\t: %u\nvendor_id\t: %s\ncpu family\t: %u\nmodel\t\t: %u\n", number, (const char *)vendor,
	         family, model);
	add_model_name(t);
	text_add(t, "stepping\t: %u\ncpu MHz\t\t: %lu.%03lu\nflags\t\t:", one.a & 15, info()->tsc_khz / 1000,
	         info()->tsc_khz % 1000);
	add_flags(t, flags_1d, one.d);
	add_flags(t, flags_1c, one.c);
	text_add(t, "\naddress sizes\t: %u bits physical, 48 bits virtual\n\n", info()->phys_bits);
}

void proc_cpuinfo(struct text *t)
{
	unsigned i;

	for (i = 0; i < info()->cpus_running; i++)
		add_cpu(t, i);
}

void proc_mounts(struct text *t)
{
	char *buf = slab_alloc(PATH_MAX);
	struct mount *m;

	for (m = vfs_state()->mounts; buf && m; m = m->next) {
		const char *at = m->at.dentry ? path_text(&m->at, buf, PATH_MAX) : "/";

		text_add(t, "%s %s %s rw 0 0\n", m->source, at ? at : "/", m->super->type);
	}
	if (buf)
		slab_free(buf);
}

void proc_uptime(struct text *t)
{
	uint64_t cs = time_ns() / 10000000;

	text_add(t, "%lu.%02lu 0.00\n", cs / 100, cs % 100);
}

void proc_version(struct text *t)
{
	text_add(t, "Exo-OS version " EXO_VERSION " (libexo-os, Linux ABI " EXO_LINUX_RELEASE ")\n");
}

void proc_cmdline(struct text *t)
{
	text_add(t, "%s\n", info()->cmdline);
}

void proc_filesystems(struct text *t)
{
	text_add(t, "nodev\ttmpfs\nnodev\tdevtmpfs\nnodev\tproc\n");
}

void proc_status(struct text *t)
{
	struct proc *p = proc_self();

	text_add(t, "Name:\t%s\nUmask:\t%04o\nState:\tR (running)\nTgid:\t%d\nPid:\t%d\nPPid:\t%d\n", p->name, p->umask, p->pid,
	         p->pid, p->ppid);
	text_add(t, "Uid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\nFDSize:\t%u\n", p->files->capacity);
}

void proc_comm(struct text *t)
{
	text_add(t, "%s\n", proc_self()->name);
}

/* Calls that were asked for and do not exist, by number. */
void proc_syscalls(struct text *t)
{
	unsigned i;

	text_add(t, "number unknown\n");
	for (i = 0; i < 512; i++)
		if (vfs_state()->unknown_calls[i])
			text_add(t, "%6u %u\n", i, vfs_state()->unknown_calls[i]);
}

void proc_vfs(struct text *t)
{
	struct vfs_state *v = vfs_state();

	text_add(t, "dentries %u of %u\nhits %lu\nnegative_hits %lu\nmisses %lu\n", v->dentry_count, DENTRY_MAX,
	         v->dentry_hits, v->dentry_negative, v->dentry_misses);
	text_add(t, "inodes %u\nunused %u of %u\nhits %lu\nmisses %lu\n", v->inode_count, v->inode_unused, INODE_MAX,
	         v->inode_hits, v->inode_misses);
}
