/* SPDX-License-Identifier: MIT
 *
 * The application's capability table as the libOS sees it: which slots are free,
 * and the capabilities that it was started with. They are kept in the arena.
 */
#include "arena.h"
#include "posix/linux.h"
#include "upcall.h"

static void mark_used(uint32_t slot)
{
	ARENA->slot_used[slot / 64] |= 1ul << slot % 64;
}

/* The table ends where inspect says so; its size is a multiple of a frame's slots. */
static uint32_t count_slots(void)
{
	struct exo_cap_info c;
	uint32_t low = 0, high = ARENA_SLOTS;

	while (high - low > EXO_CAPS_PER_FRAME) {
		uint32_t middle = (low + high) / 2;

		if (exo_cap_inspect(0, middle, &c) == 0)
			low = middle;
		else
			high = middle;
	}
	return high;
}

void caps_init(void)
{
	struct exo_cap_info c;
	uint32_t slot;

	ARENA->slots = count_slots();
	for (slot = 0; slot < EXO_TABLE_HEAD; slot++)
		mark_used(slot);
	for (; slot < ARENA->slots && exo_cap_inspect(0, slot, &c) == 0 && c.type; slot++) {
		mark_used(slot);
		cap_note(c.type, c.base, c.count, c.rights, c.handle);
	}
	ARENA->slot_hint = slot;
}

void cap_note(uint32_t type, uint64_t base, uint64_t count, uint32_t rights, exo_cap_t cap)
{
	struct known_cap k = { base, count, cap, (uint16_t)type, (uint16_t)rights };
	uint32_t i;

	lock_take(&ARENA->lock);
	if (type != EXO_FRAME) {
		if (ARENA->other_caps == ARENA_OTHER_CAPS)
			libos_panic("too many capabilities to keep");
		ARENA->other_cap[ARENA->other_caps++] = k;
	} else {
		if (ARENA->frame_caps == ARENA_FRAME_CAPS)
			libos_panic("too many frame capabilities to keep");
		for (i = ARENA->frame_caps++; i && ARENA->frame_cap[i - 1].base > base; i--)
			ARENA->frame_cap[i] = ARENA->frame_cap[i - 1];
		ARENA->frame_cap[i] = k;
	}
	lock_drop(&ARENA->lock);
}

uint32_t cap_slot_alloc(void)
{
	uint32_t words, found = 0;

	lock_take(&ARENA->lock);
	words = ARENA->slots / 64;
	for (uint32_t i = 0; i < words && !found; i++) {
		uint32_t w = (ARENA->slot_hint / 64 + i) % words;

		if (~ARENA->slot_used[w])
			found = w * 64 + (uint32_t)__builtin_ctzl(~ARENA->slot_used[w]);
	}
	if (found) {
		mark_used(found);
		ARENA->slot_hint = found;
	}
	lock_drop(&ARENA->lock);
	return found;
}

void cap_slot_free(uint32_t slot)
{
	lock_take(&ARENA->lock);
	ARENA->slot_used[slot / 64] &= ~(1ul << slot % 64);
	lock_drop(&ARENA->lock);
}

static bool covers(const struct known_cap *k, uint64_t base, uint64_t count)
{
	return base >= k->base && count <= k->count && base - k->base <= k->count - count;
}

static exo_cap_t find_frames(uint64_t base, uint64_t count)
{
	uint32_t low = 0, high = ARENA->frame_caps;

	while (low < high) {            /* the last one that begins at or before base */
		uint32_t middle = (low + high) / 2;

		if (ARENA->frame_cap[middle].base <= base)
			low = middle + 1;
		else
			high = middle;
	}
	return low && covers(&ARENA->frame_cap[low - 1], base, count) ? ARENA->frame_cap[low - 1].cap : 0;
}

/* What was noted is never taken back, so the lists are read without the lock. */
exo_cap_t cap_find(uint32_t type, uint64_t base, uint64_t count)
{
	if (type == EXO_FRAME)
		return find_frames(base, count);
	for (uint32_t i = 0; i < ARENA->other_caps; i++)
		if (ARENA->other_cap[i].type == type && covers(&ARENA->other_cap[i], base, count))
			return ARENA->other_cap[i].cap;
	return 0;
}

int ports_open(uint16_t first, uint32_t count)
{
	exo_cap_t cap = cap_find(EXO_PORT, first, count);

	if (!cap)
		return -EPERM;
	return exo_port_enable(cap, first, count, EXO_HANDLE(EXO_BOOT_ENV, 1), 1) < 0 ? -EPERM : 0;
}

uint32_t bell_source(unsigned bit)
{
	return ARENA->irq_source[bit - EXO_EV_FIRST_BELL] - 1;
}

/* A source keeps its bell for good, so after exec only the handler is new. */
int irq_attach(uint32_t source, uint32_t flags, void (*handler)(uint32_t source))
{
	exo_cap_t cap = cap_find(EXO_IRQ, source, 1);
	unsigned i, spare = ARENA_IRQS;

	if (!cap)
		return -EPERM;
	for (i = 0; i < ARENA_IRQS && ARENA->irq_source[i] != source + 1; i++)
		if (!ARENA->irq_source[i] && spare == ARENA_IRQS)
			spare = i;
	if (i < ARENA_IRQS) {
		bell_attach(i + EXO_EV_FIRST_BELL, handler);
		return 0;
	}
	if (spare == ARENA_IRQS)
		return -EBUSY;
	ARENA->irq_source[spare] = source + 1;
	bell_attach(spare + EXO_EV_FIRST_BELL, handler);
	if (exo_irq_bind(cap, source, VCPU->cap, spare + EXO_EV_FIRST_BELL, flags) == 0)
		return 0;
	ARENA->irq_source[spare] = 0;
	return -EBUSY;
}

void irq_done(uint32_t source)
{
	exo_irq_ack(cap_find(EXO_IRQ, source, 1), source);
}
