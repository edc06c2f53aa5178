/* SPDX-License-Identifier: MIT
 *
 * A terminal as a file: read, write, ioctl, poll.
 */
#include "drivers/serial.h"
#include "fs/tty.h"

#define CHUNK 256
#define DECISECOND 100000000ull

static uint32_t available(const struct tty *t)
{
	return t->ready - t->head;
}

/* How many characters end a read, and how long it waits for the next one (0: no
 * limit). Canonical mode: one line. */
struct want { uint32_t min; uint64_t time; bool canonical; };

static struct want want_of(const struct tty *t, size_t n)
{
	struct want w = { 1, 0, t->termios.lflag & ICANON };

	if (!w.canonical) {
		w.min = t->termios.cc[VMIN];
		w.time = t->termios.cc[VTIME] * DECISECOND;
		if (w.min > n)
			w.min = (uint32_t)n;
	}
	return w;
}

/* Waits until there is enough; with the lock held. 1: yes; 0: time is over. */
static int wait_input(struct tty *t, struct file *f, size_t n)
{
	struct want w = want_of(t, n);
	uint32_t seen = available(t);
	uint64_t limit = w.min == 0 || seen ? w.time : 0;
	uint64_t until = limit ? time_ns() + limit : 0;

	for (;;) {
		if (available(t) && available(t) >= w.min)
			return 1;
		if (!w.canonical && w.min == 0 && !w.time)
			return 0;
		if (f->flags & O_NONBLOCK)
			return available(t) ? 1 : -EAGAIN;
		if (until && time_ns() >= until)
			return 0;
		if (t->signals)
			return -EINTR;
		thread_block(&t->waiters, &t->lock, serial_deadline(until));
		if (available(t) != seen && w.time && w.min) {
			seen = available(t); /* the clock starts with each character */
			until = time_ns() + w.time;
		}
		lock_drop(&t->lock);
		serial_look();
		lock_take(&t->lock);
	}
}

static long tty_read(struct file *f, struct io *io, uint64_t *offset)
{
	struct tty *t = tty_of(f->minor);
	size_t got, total = 0;
	char buf[CHUNK];
	bool end = false;
	int r;

	(void)offset;
	if (!io->left)
		return 0;
	serial_look();
	lock_take(&t->lock);
	r = wait_input(t, f, io->left);
	while (r >= 0 && !end && io->left) {
		got = tty_take(t, buf, io->left < CHUNK ? io->left : CHUNK, &end);
		lock_drop(&t->lock);
		if (!got)
			return (long)total;
		if (io_put(io, buf, got) < 0)
			return total ? (long)total : -EFAULT;
		total += got;
		lock_take(&t->lock);
	}
	lock_drop(&t->lock);
	return r < 0 ? r : (long)total;
}

static long tty_write(struct file *f, struct io *io, uint64_t *offset)
{
	struct tty *t = tty_of(f->minor);
	char in[CHUNK], out[2 * CHUNK];
	size_t total = 0, n, used, i;

	(void)offset;
	while (io->left) {
		n = io->left < CHUNK ? io->left : CHUNK;
		if (io_get(io, in, n) < 0)
			return total ? (long)total : -EFAULT;
		lock_take(&t->lock);
		while (t->stopped)
			thread_block(&t->waiters, &t->lock, 0);
		for (i = used = 0; i < n; i++)
			used += tty_cook(t, in[i], out + used);
		lock_drop(&t->lock);
		serial_write(0, out, used);
		total += n;
	}
	return (long)total;
}

static unsigned tty_poll(struct file *f)
{
	struct tty *t = tty_of(f->minor);
	unsigned events = POLLOUT | POLLWRNORM;
	uint32_t min;

	serial_look();
	lock_take(&t->lock);
	min = t->termios.cc[VTIME] || (t->termios.lflag & ICANON) ? 1 : t->termios.cc[VMIN];
	if (available(t) && available(t) >= min)
		events |= POLLIN | POLLRDNORM;
	lock_drop(&t->lock);
	return events;
}

static long set_termios(struct tty *t, unsigned request, const void *user)
{
	struct linux_termios new;
	bool retype;

	if (copy_in(&new, user, sizeof new) < 0)
		return -EFAULT;
	if (request != TCSETS)
		serial_drain();
	lock_take(&t->lock);
	retype = (new.lflag & ~t->termios.lflag & ICANON) && request != TCSETSF;
	t->termios = new;
	if (retype)
		tty_retype(t);
	if (request == TCSETSF)
		t->head = t->ready = t->tail;
	if (!(new.lflag & ICANON))
		t->ready = t->tail; /* half a line is input now */
	lock_drop(&t->lock);
	return 0;
}

static long get_int(void *user, int value)
{
	return copy_out(user, &value, sizeof value);
}

static long flush(struct tty *t, long which)
{
	if (which < 0 || which > 2)
		return -EINVAL;
	lock_take(&t->lock);
	if (which != 1) /* TCOFLUSH: nothing is kept on its way out */
		t->head = t->ready = t->tail;
	lock_drop(&t->lock);
	return 0;
}

static long set_pgrp(struct tty *t, const void *user)
{
	int pgrp;

	if (copy_in(&pgrp, user, sizeof pgrp) < 0)
		return -EFAULT;
	if (pgrp <= 0)
		return -EINVAL;
	t->pgrp = pgrp;
	return 0;
}

static long window_size(struct tty *t, unsigned request, void *user)
{
	struct linux_winsize size = t->window;

	if (request == TIOCGWINSZ)
		return copy_out(user, &size, sizeof size);
	if (copy_in(&size, user, sizeof size) < 0)
		return -EFAULT;
	t->window = size;
	return 0;
}

static long tty_ioctl(struct file *f, unsigned request, void *user)
{
	struct tty *t = tty_of(f->minor);

	switch (request) {
	case TCGETS: {
		struct linux_termios now = t->termios;
		return copy_out(user, &now, sizeof now);
	}
	case TCSETS: case TCSETSW: case TCSETSF:
		return set_termios(t, request, user);
	case TIOCGWINSZ: case TIOCSWINSZ:
		return window_size(t, request, user);
	case TIOCGPGRP:
		return get_int(user, t->pgrp);
	case TIOCSPGRP:
		return set_pgrp(t, user);
	case TIOCGSID:
		return get_int(user, t->session);
	case TIOCSCTTY:
		t->session = proc_self()->sid;
		return 0;
	case TCFLSH:
		return flush(t, (long)user);
	case FIONREAD:
		serial_look();
		return get_int(user, (int)available(t));
	case TIOCOUTQ:
		return get_int(user, 0);
	case TCXONC: case TCSBRK: case TCSBRKP: case TIOCEXCL: case TIOCNOTTY:
		serial_drain();
		return 0;
	}
	return -ENOTTY;
}

const struct file_ops tty_ops = { .read = tty_read, .write = tty_write, .ioctl = tty_ioctl, .poll = tty_poll };
