/* SPDX-License-Identifier: MIT
 *
 * The line discipline: what a terminal does between the line and the program
 * (POSIX, chapter 11). Input comes a character at a time, in a section.
 */
#include "drivers/serial.h"
#include "fs/tty.h"

#define ENDS  0x100 /* the character ends a line                             */
#define EMPTY 0x200 /* ^D: ends a line, and is no character itself           */

struct tty *tty_of(uint32_t minor)
{
	(void)minor; /* there is one, on COM1 */
	return &vfs_state()->console;
}

void tty_init(struct tty *t)
{
	static const uint8_t cc[19] = {
		[VINTR] = 3, [VQUIT] = 28, [VERASE] = 127, [VKILL] = 21, [VEOF] = 4, [VMIN] = 1,
		[VSTART] = 17, [VSTOP] = 19, [VSUSP] = 26, [VREPRINT] = 18, [VWERASE] = 23, [VLNEXT] = 22,
	};

	t->termios.iflag = ICRNL | IXON | IUTF8;
	t->termios.oflag = OPOST | ONLCR;
	t->termios.cflag = 0x1cb2; /* B115200 CS8 CREAD HUPCL CLOCAL */
	t->termios.lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN;
	memcpy(t->termios.cc, cc, sizeof cc);
	t->window = (struct linux_winsize){ 25, 80, 0, 0 };
	t->pgrp = t->session = proc_self()->pgid;
}

/* ---- output ------------------------------------------------------------------- */

/* What c becomes on the line: at most two characters. Follows the cursor. */
unsigned tty_cook(struct tty *t, char c, char out[2])
{
	if (!(t->termios.oflag & OPOST)) {
		out[0] = c;
		return 1;
	}
	if (c == '\r' && (t->termios.oflag & OCRNL))
		c = '\n';
	if (c == '\n' && (t->termios.oflag & ONLCR)) {
		t->column = 0;
		out[0] = '\r';
		out[1] = '\n';
		return 2;
	}
	if (c == '\r')
		t->column = 0;
	else if (c == '\b')
		t->column -= t->column > 0;
	else if (c == '\t')
		t->column = (t->column | 7) + 1;
	else if ((unsigned char)c >= ' ' && (c & 0xc0) != 0x80)
		t->column++;
	out[0] = c;
	return 1;
}

static void put(struct tty *t, char c)
{
	char out[2];

	serial_write(0, out, tty_cook(t, c, out));
}

static bool shown_as_caret(const struct tty *t, unsigned c)
{
	return (t->termios.lflag & ECHOCTL) && (c < ' ' || c == 127) && c != '\t' && c != '\n';
}

static void echo(struct tty *t, unsigned char c)
{
	if (!(t->termios.lflag & ECHO) && !(c == '\n' && (t->termios.lflag & ECHONL)))
		return;
	if (shown_as_caret(t, c)) {
		put(t, '^');
		c ^= 64;
	}
	put(t, (char)c);
}

/* ---- the line that is being edited ----------------------------------------------- */

static uint16_t *cell(struct tty *t, uint32_t i)
{
	return &t->input[i % TTY_LINE];
}

/* The column in which the echo of the line ends. */
static uint32_t line_end(struct tty *t)
{
	uint32_t column = t->line_column, i;

	for (i = t->ready; i != t->tail; i++) {
		unsigned c = *cell(t, i) & 0xff;

		if (c == '\t')
			column = (column | 7) + 1;
		else if (shown_as_caret(t, c))
			column += 2;
		else if ((c & 0xc0) != 0x80)
			column++;
	}
	return column;
}

static void rub_out(struct tty *t)
{
	uint32_t column;

	if (!(t->termios.lflag & ECHO))
		return;
	for (column = line_end(t); t->column > column; ) {
		put(t, '\b');
		put(t, ' ');
		put(t, '\b');
	}
}

static void erase(struct tty *t)
{
	if (t->tail == t->ready)
		return;
	do
		t->tail--;
	while (t->tail != t->ready && (t->termios.iflag & IUTF8) && (*cell(t, t->tail) & 0xc0) == 0x80);
	rub_out(t);
}

static void erase_word(struct tty *t)
{
	while (t->tail != t->ready && (*cell(t, t->tail - 1) & 0xff) <= ' ')
		t->tail--;
	while (t->tail != t->ready && (*cell(t, t->tail - 1) & 0xff) > ' ')
		t->tail--;
	rub_out(t);
}

static void deliver(struct tty *t)
{
	t->ready = t->tail;
	thread_wake(&t->waiters, INT32_MAX);
	poll_notify();
}

static void store(struct tty *t, unsigned c)
{
	uint32_t room = TTY_LINE - (t->tail - t->head);
	bool canonical = t->termios.lflag & ICANON;

	if (room <= (canonical && !(c & ENDS) ? 1u : 0u)) {
		put(t, '\a');
		return;
	}
	if (t->tail == t->ready)
		t->line_column = t->column;
	*cell(t, t->tail++) = (uint16_t)c;
	if (!(c & EMPTY))
		echo(t, (unsigned char)c);
	if (!canonical || (c & ENDS))
		deliver(t);
}

/* ---- input ----------------------------------------------------------------------- */

static bool is(const struct tty *t, unsigned which, unsigned char c)
{
	return c && t->termios.cc[which] == c;
}

static int signal_of(const struct tty *t, unsigned char c)
{
	return is(t, VINTR, c) ? SIGINT : is(t, VQUIT, c) ? SIGQUIT : SIGTSTP;
}

/* ^C and its like empty the line and end whatever waits on the terminal. */
static bool signal_key(struct tty *t, unsigned char c)
{
	if (!is(t, VINTR, c) && !is(t, VQUIT, c) && !is(t, VSUSP, c))
		return false;
	if (!(t->termios.lflag & NOFLSH))
		t->head = t->ready = t->tail;
	t->stopped = false;
	echo(t, c);
	__atomic_fetch_or(&t->signals, 1ul << (signal_of(t, c) - 1), __ATOMIC_RELEASE);
	deliver(t);
	return true;
}

static bool flow_key(struct tty *t, unsigned char c)
{
	if (!is(t, VSTOP, c) && !is(t, VSTART, c))
		return false;
	t->stopped = is(t, VSTOP, c);
	thread_wake(&t->waiters, INT32_MAX);
	return true;
}

static void reprint(struct tty *t)
{
	uint32_t i;

	echo(t, t->termios.cc[VREPRINT]);
	put(t, '\n');
	t->line_column = 0;
	for (i = t->ready; i != t->tail; i++)
		echo(t, (unsigned char)*cell(t, i));
}

static bool edit_key(struct tty *t, unsigned char c)
{
	bool extended = t->termios.lflag & IEXTEN;

	if (is(t, VERASE, c) || c == '\b') {
		erase(t);
	} else if (is(t, VKILL, c)) {
		t->tail = t->ready;
		rub_out(t);
	} else if (extended && is(t, VWERASE, c)) {
		erase_word(t);
	} else if (extended && is(t, VREPRINT, c)) {
		reprint(t);
	} else if (extended && is(t, VLNEXT, c)) {
		t->literal = true;
	} else if (is(t, VEOF, c)) {
		store(t, c | ENDS | EMPTY);
	} else if (c == '\n' || is(t, VEOL, c) || is(t, VEOL2, c)) {
		store(t, c | ENDS);
	} else {
		return false;
	}
	return true;
}

static void take(struct tty *t, unsigned char c)
{
	uint32_t iflag = t->termios.iflag;

	if (t->literal) {
		t->literal = false;
		store(t, c);
		return;
	}
	if (iflag & ISTRIP)
		c &= 0x7f;
	if (c == '\r' && (iflag & IGNCR))
		return;
	if (c == '\r' && (iflag & ICRNL))
		c = '\n';
	else if (c == '\n' && (iflag & INLCR))
		c = '\r';
	if ((iflag & IXON) && flow_key(t, c))
		return;
	if ((t->termios.lflag & ISIG) && signal_key(t, c))
		return;
	if ((t->termios.lflag & ICANON) && edit_key(t, c))
		return;
	store(t, c);
}

/* What was typed ahead in raw mode and nobody read is typed again, now with echo and
 * editing. Of each character at most one is kept, so this goes in place. */
void tty_retype(struct tty *t)
{
	uint32_t from = t->head, end = t->tail;

	t->ready = t->tail = t->head;
	for (; from != end; from++)
		take(t, (unsigned char)*cell(t, from));
}

void tty_input(struct tty *t, unsigned char c)
{
	lock_take(&t->lock);
	take(t, c);
	lock_drop(&t->lock);
}

/* Takes up to n characters that are ready: of one line, if the terminal is in
 * canonical mode. *end: the read is complete whatever it got. */
size_t tty_take(struct tty *t, char *buf, size_t n, bool *end)
{
	size_t got = 0;

	*end = false;
	while (got < n && t->head != t->ready && !*end) {
		unsigned c = *cell(t, t->head++);

		if (!(c & EMPTY))
			buf[got++] = (char)c;
		*end = c & ENDS;
	}
	return got;
}
