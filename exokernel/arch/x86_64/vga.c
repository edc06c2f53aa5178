/* SPDX-License-Identifier: MIT */
/* The text screen of a PC, for the boot log. Framebuffers are the libOS's. */
#include "kprintf.h"

enum { COLUMNS = 80, CELLS = 80 * 25 };

static volatile uint16_t *screen; /* NULL: none */
static unsigned cursor, color = 0x0700;

static void blank(unsigned from) {
    for (unsigned i = from; i < CELLS; i++)
        screen[i] = color | ' ';
}

void vga_at(volatile uint16_t *cells) {
    bool first = !screen;
    screen = cells;
    if (first)
        blank(0);
}

void vga_color(uint8_t attribute) {
    color = attribute << 8;
}

void vga_putc(char c) {
    if (!screen)
        return;
    if (c == '\n')
        cursor += COLUMNS - cursor % COLUMNS;
    else
        screen[cursor++] = color | (uint8_t)c;
    if (cursor < CELLS)
        return;
    for (unsigned i = COLUMNS; i < CELLS; i++)
        screen[i - COLUMNS] = screen[i];
    cursor -= COLUMNS;
    blank(cursor);
}
