/* SPDX-License-Identifier: MIT
 *
 * The terminal: line editing, echo, raw mode, and who is woken when.
 */
#include "calls.h"

static const char *typed;

static void type_next(void)
{
	const char *s = typed;

	CHECK(s && *s);
	for (typed = NULL; s && *s; s++)
		tty_input(tty_of(0), (unsigned char)*s);
}

static long read_while(const char *keys, char *buf, size_t n)
{
	typed = keys;
	shim_on_block = type_next;
	return Read(0, buf, n);
}

static bool echoed(const char *text)
{
	bool same = shim_out_len[0] == strlen(text) && !memcmp(shim_out[0], text, shim_out_len[0]);

	shim_out_len[0] = 0;
	return same;
}

static int caught;

static void handler(int sig)
{
	caught += sig == 2 ? 1 : 100;
}

static void catch(int sig, unsigned flags)
{
	struct linux_sigaction action = { (uint64_t)handler, flags, 0, 0 };

	caught = 0;
	CHECK(CALL4(13, sig, &action, 0, 8) == 0);
}

/* Signals to oneself: at once, or when they are unblocked. */
static void test_signals(void)
{
	uint64_t set = 1ul << 1, old = 9;

	begin("tty/signals");
	catch(2, 0);
	CHECK(CALL2(200, 1, 2) == 0 && caught == 1 && CALL2(62, 1, 0) == 0 && CALL2(62, 99, 2) == -ESRCH);
	CHECK(CALL4(14, 0, &set, &old, 8) == 0 && old == 0);
	CHECK(CALL3(234, 1, 1, 2) == 0 && caught == 1);
	CHECK(CALL2(127, &old, 8) == 0 && old == set);
	CHECK(CALL4(14, 1, &set, &old, 8) == 0 && old == set && caught == 2);
	CHECK(CALL2(127, &old, 8) == 0 && old == 0 && CALL2(62, 0, 17) == 0 && CALL2(62, 0, 65) == -EINVAL);
	CHECK(CALL4(13, 9, &set, 0, 8) == -EINVAL && CALL4(13, 2, 8, 0, 8) == -EFAULT);
}

static void test_canonical(void)
{
	char b[64];

	begin("tty/canonical");
	shim_out_len[0] = 0;
	CHECK(read_while("ls -l\r", b, 64) == 6 && !memcmp(b, "ls -l\n", 6) && echoed("ls -l\r\n"));
	CHECK(read_while("ax\177b\n", b, 64) == 3 && !memcmp(b, "ab\n", 3) && echoed("ax\b \bb\r\n"));
	CHECK(read_while("\177\177k\bz\n", b, 64) == 2 && !memcmp(b, "z\n", 2) && echoed("k\b \bz\r\n"));
	CHECK(read_while("foo bar\027baz\n", b, 64) == 8 && !memcmp(b, "foo baz\n", 8));
	CHECK(read_while("wrong\025ok\n", b, 64) == 3 && !memcmp(b, "ok\n", 3));
	shim_out_len[0] = 0;
	CHECK(read_while("\302\265\177x\n", b, 64) == 2 && b[0] == 'x' && echoed("\302\265\b \bx\r\n"));
	CHECK(read_while("\t\177x\n", b, 64) == 2);
	shim_out_len[0] = 0;
	CHECK(read_while("\004", b, 64) == 0);
	CHECK(read_while("part\004", b, 64) == 4);
	CHECK(read_while("two\nlines\n", b, 64) == 4 && Read(0, b, 3) == 3 && Read(0, b, 64) == 3);
	shim_out_len[0] = 0;
	catch(2, 0);
	CHECK(read_while("lost\003", b, 64) == -EINTR && echoed("lost^C") && caught == 1);
	CHECK(read_while("\026\003\n", b, 64) == 2 && b[0] == 3);
	CHECK(Read(0, (void *)8, 0) == 0);
}

static void test_raw(void)
{
	struct linux_termios t, old;
	struct linux_pollfd p = { 0, POLLIN, 0 };
	struct linux_winsize w;
	char b[64];
	int n;

	begin("tty/raw");
	CHECK(Ioctl(0, TCGETS, &old) == 0);
	CHECK(Ioctl(0, TCGETS, (void *)8) == -EFAULT && Ioctl(0, 0x1234, b) == -ENOTTY);
	t = old;
	t.lflag &= ~(unsigned)(ICANON | ECHO | ISIG);
	t.iflag &= ~(unsigned)ICRNL;
	CHECK(Ioctl(0, TCSETSF, &t) == 0);
	shim_out_len[0] = 0;
	CHECK(read_while("a", b, 64) == 1 && echoed(""));
	CHECK(read_while("\003\r\177", b, 64) == 3 && !memcmp(b, "\003\r\177", 3));
	shim_on_block = NULL;
	CHECK(Poll(&p, 1, 0) == 0 && Poll(&p, 1, 50) == 0);
	tty_input(tty_of(0), 'q');
	CHECK(Poll(&p, 1, -1) == 1 && p.revents == POLLIN);
	CHECK(Ioctl(0, FIONREAD, &n) == 0 && n == 1 && Read(0, b, 64) == 1);
	t.cc[VMIN] = 0;
	CHECK(Ioctl(0, TCSETS, &t) == 0 && Read(0, b, 64) == 0);
	t.cc[VTIME] = 2;
	CHECK(Ioctl(0, TCSETS, &t) == 0 && Read(0, b, 64) == 0);
	CHECK(read_while("z", b, 64) == 1);
	t.cc[VMIN] = 3;
	t.cc[VTIME] = 0;
	CHECK(Ioctl(0, TCSETS, &t) == 0 && read_while("xyz", b, 64) == 3);
	for (n = 0; n < 5; n++) /* typed ahead in raw mode, read as an edited line */
		tty_input(tty_of(0), (unsigned char)"abX\177\r"[n]);
	shim_out_len[0] = 0;
	CHECK(Ioctl(0, TCSETS, &old) == 0 && echoed("abX\b \b\r\n") && Read(0, b, 64) == 3 && !memcmp(b, "ab\n", 3));
	CHECK(Ioctl(0, TIOCGWINSZ, &w) == 0 && w.col == 132 && w.row == 43);
	CHECK(Fcntl(0, F_SETFL, O_NONBLOCK | O_RDWR) == 0 && Read(0, b, 1) == -EAGAIN);
	CHECK(Fcntl(0, F_SETFL, O_RDWR) == 0);
}

static void test_output(void)
{
	long fd;

	begin("tty/output");
	shim_out_len[0] = shim_out_len[1] = 0;
	CHECK(Write(1, "a\nb", 3) == 3 && echoed("a\r\nb"));
	CHECK(Write(1, (void *)8, 3) == -EFAULT && Lseek(1, 0, SEEK_SET) == -ESPIPE);
	fd = Open("/dev/ttyS1", O_WRONLY, 0);
	CHECK(Write(fd, "x\ny", 3) == 3 && shim_out_len[1] == 3 && !memcmp(shim_out[1], "x\ny", 3));
	CHECK(Ioctl(fd, TCGETS, shim_out[2]) == -ENOTTY);
	Close(fd);
}

static void test_select(void)
{
	uint64_t in[16] = { 1 }, out[16] = { 2 };
	struct linux_timeval t = { 0, 1000 };

	begin("tty/select");
	shim_on_block = NULL;
	CHECK(CALL5(23, 2, in, out, 0, &t) == 1 && in[0] == 0 && out[0] == 2);
	in[0] = 1;
	CHECK(CALL5(23, 1, in, 0, 0, &t) == 0);
	in[0] = 1ul << 40;
	CHECK(CALL5(23, 50, in, 0, 0, &t) == -EBADF && CALL5(23, -1, in, 0, 0, &t) == -EINVAL);
	CHECK(CALL5(23, 50, 8, 0, 0, &t) == -EFAULT);
}

void tests_of_terminal(void)
{
	test_signals();
	test_canonical();
	test_raw();
	test_output();
	test_select();
}
