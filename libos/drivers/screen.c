/* SPDX-License-Identifier: MIT
 *
 * The boot summary, on a grid of 80 by 25 cells: the text screen of a PC, or a
 * linear framebuffer on which a cell is 12 by 20 dots.
 */
#include "drivers/screen.h"
#include "drivers/font.h"
#include "exo/version.h"
#include "vm/vm.h"

#define COLUMNS 80
#define ROWS 25
#define TEXT_SCREEN 0xb8000ul
#define TYPE_RGB 1
#define SCALE 2
#define CELL_WIDTH (SCALE * (FONT_WIDTH + 1))
#define CELL_HEIGHT (SCALE * (FONT_HEIGHT + 3))
#define WINDOW (EXO_FIXED + 0x8000000ul) /* where it is mapped while we draw       */
#define BATCH 64
#define BLOCK '\xdb' /* a full cell, as the text screen's font has it               */
#define BAR 30

enum color { PLAIN, BRIGHT, ACCENT, DIM };
static const uint8_t attribute[] = { 0x07, 0x0f, 0x0b, 0x08 };
static const uint32_t rgb[] = { 0xb8c0c8, 0xffffff, 0x5fd7d7, 0x606870 };

static struct {
	volatile uint16_t *text;     /* or NULL: the framebuffer                     */
	volatile uint8_t *dots;
	unsigned left, top;          /* of the grid, in dots                         */
} screen;

static uint32_t dot_value(uint32_t color)
{
	const struct exo_framebuffer *fb = &info()->framebuffer;

	return (color >> 16 & 255) << fb->red_pos | (color >> 8 & 255) << fb->green_pos | (color & 255) << fb->blue_pos;
}

static void draw_cell(unsigned row, unsigned column, char c, enum color color)
{
	const struct exo_framebuffer *fb = &info()->framebuffer;
	uint32_t on = dot_value(rgb[color]), x, y;
	unsigned char index = (unsigned char)c;

	if (index >= 'a' && index <= 'z')
		index -= 32;
	for (y = 0; y < CELL_HEIGHT; y++) {
		unsigned line = y / SCALE;
		uint8_t bits = c == BLOCK ? 31 : line < FONT_HEIGHT && index >= 32 && index < 96 ? font[index - 32][line] : 0;
		volatile uint32_t *at = (volatile uint32_t *)(screen.dots +
			(uint64_t)(screen.top + row * CELL_HEIGHT + y) * fb->pitch) + screen.left + column * CELL_WIDTH;

		for (x = 0; x < CELL_WIDTH; x++)
			at[x] = c == BLOCK || (bits << x / SCALE & 16) ? on : 0;
	}
}

static void put(unsigned row, unsigned column, enum color color, const char *s)
{
	for (; *s && column < COLUMNS; s++, column++) {
		if (screen.text)
			screen.text[row * COLUMNS + column] = (uint16_t)(attribute[color] << 8 | (unsigned char)*s);
		else
			draw_cell(row, column, *s, color);
	}
}

/* ---- what there is to say ------------------------------------------------------- */

static uint64_t microseconds(uint64_t tsc)
{
	return info()->tsc_khz ? (tsc - info()->tsc_entry) * 1000 / info()->tsc_khz : 0;
}

static unsigned phase_line(unsigned row, const struct exo_phase *p, uint64_t before, uint64_t total)
{
	uint64_t took = microseconds(p->tsc) - before;
	char text[COLUMNS + 1];
	unsigned bar = total ? (unsigned)(took * BAR / total) : 0, i;

	format(text, sizeof text, "%-20s %6lu.%03lu ms", p->name, took / 1000, took % 1000);
	put(row, 4, PLAIN, text);
	for (i = 0; i <= bar && i < BAR; i++)
		text[i] = BLOCK;
	text[i] = 0;
	put(row, 40, ACCENT, text);
	return row + 1;
}

static unsigned phases(unsigned row)
{
	const struct exo_info *i = info();
	uint64_t before = 0, total;
	unsigned n = i->phase_count < EXO_PHASES_MAX ? i->phase_count : EXO_PHASES_MAX, k;

	total = n ? microseconds(i->phase[n - 1].tsc) : 0;
	for (k = 0; k < n && row < ROWS - 6; k++) {
		row = phase_line(row, &i->phase[k], before, total);
		before = microseconds(i->phase[k].tsc);
	}
	return row;
}

static void draw(void)
{
	const struct exo_info *i = info();
	char text[COLUMNS + 1];
	unsigned row;

	put(1, 2, BRIGHT, "Exo-OS " EXO_VERSION);
	put(1, 16, DIM, "your program is its own operating system");
	row = phases(3) + 1;
	format(text, sizeof text, "%u CPU%s at %lu MHz, %lu MiB of memory, %lu KiB of it the kernel's", i->cpus_running,
	       i->cpus_running == 1 ? "" : "s", i->tsc_khz / 1000, i->frames_total >> 8, i->frames_kernel * 4);
	put(row, 4, PLAIN, text);
	format(text, sizeof text, "ready after %lu ms", time_ns() / 1000000);
	put(row + 1, 4, ACCENT, text);
	put(row + 3, 4, DIM, "The console is on the serial line.");
}

/* ---- where it goes ----------------------------------------------------------------- */

static int map(uint64_t physical, uint64_t bytes)
{
	uint64_t first = physical / EXO_PAGE_SIZE, n = (physical % EXO_PAGE_SIZE + bytes + EXO_PAGE_SIZE - 1) / EXO_PAGE_SIZE;
	uint64_t pfn[BATCH], i, k;

	if (!cap_find(EXO_FRAME, first, n))
		return -1;
	for (i = 0; i < n; i += k) {
		for (k = 0; k < BATCH && i + k < n; k++)
			pfn[k] = first + i + k;
		if (pages_map(WINDOW + i * EXO_PAGE_SIZE, pfn, k, VM_READ | VM_WRITE) < 0)
			return -1;
	}
	return 0;
}

void screen_summary(void)
{
	const struct exo_framebuffer *fb = &info()->framebuffer;
	uint64_t bytes = COLUMNS * ROWS * 2, base = TEXT_SCREEN;
	unsigned i;

	if (fb->base && fb->type == TYPE_RGB) {
		if (fb->bpp != 32 || fb->width < COLUMNS * CELL_WIDTH || fb->height < ROWS * CELL_HEIGHT)
			return;
		base = fb->base;
		screen.left = (fb->width - COLUMNS * CELL_WIDTH) / 2;
		screen.top = (fb->height - ROWS * CELL_HEIGHT) / 3;
		bytes = (uint64_t)(screen.top + ROWS * CELL_HEIGHT) * fb->pitch;
	}
	if (map(base, bytes) == 0) {
		screen.dots = (volatile uint8_t *)WINDOW + base % EXO_PAGE_SIZE;
		screen.text = base == TEXT_SCREEN ? (volatile uint16_t *)screen.dots : NULL;
		for (i = 0; screen.text && i < COLUMNS * ROWS; i++)
			screen.text[i] = 0x0720;
		draw();
	}
	pages_unmap(WINDOW, (bytes + EXO_PAGE_SIZE - 1) / EXO_PAGE_SIZE + 1);
}
