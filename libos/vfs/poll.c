/* SPDX-License-Identifier: MIT
 *
 * Waiting for readiness. There is one queue for all who wait; a sequence number
 * tells them whether anything changed since they looked. A signal of the terminal
 * ends the wait with -EINTR.
 */
#include "drivers/serial.h"
#include "vfs/vfs.h"

void poll_notify(void)
{
	struct vfs_state *v = vfs_state();

	lock_take(&v->poll_lock);
	v->poll_sequence++;
	if (v->pollers.head)
		thread_wake(&v->pollers, INT32_MAX);
	lock_drop(&v->poll_lock);
}

static unsigned ready(const struct linux_pollfd *p)
{
	struct file *f = fd_file(p->fd);
	unsigned events;

	if (!f)
		return POLLNVAL;
	if (f->kind == FILE_PATH)
		events = POLLNVAL;
	else if (file_table[f->kind]->poll)
		events = file_table[f->kind]->poll(f);
	else
		events = POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM;
	file_unref(f);
	return events & ((unsigned)(uint16_t)p->events | POLLERR | POLLHUP | POLLNVAL);
}

int poll_wait(struct linux_pollfd *fds, unsigned n, uint64_t wake_at)
{
	struct vfs_state *v = vfs_state();

	for (;;) {
		uint32_t sequence = __atomic_load_n(&v->poll_sequence, __ATOMIC_ACQUIRE);
		bool late = wake_at != POLL_FOREVER && time_ns() >= wake_at;
		int found = 0;
		unsigned i;

		for (i = 0; i < n; i++) {
			fds[i].revents = fds[i].fd < 0 ? 0 : (int16_t)ready(&fds[i]);
			found += fds[i].revents != 0;
		}
		if (found || late)
			return found;
		if (tty_of(0)->signals)
			return -EINTR;
		lock_take(&v->poll_lock);
		if (sequence == v->poll_sequence)
			thread_block(&v->pollers, &v->poll_lock, serial_deadline(wake_at));
		lock_drop(&v->poll_lock);
	}
}
