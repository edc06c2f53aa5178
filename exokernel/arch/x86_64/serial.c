/* SPDX-License-Identifier: MIT */
/* COM1, a 16550 or nothing: polled output only, as the log must work at any point. */
#include "arch/x86_64/cpu.h"
#include "kprintf.h"

#define COM1 0x3f8
#define LINE_STATUS (COM1 + 5)
#define THRE 0x20 /* room for a byte */
#define TEMT 0x40 /* the last bit has left */

static bool present;

static void wait(uint8_t bit) {
    for (unsigned tries = 1u << 20; tries && !(inb(LINE_STATUS) & bit); tries--)
        pause();
}

void serial_init(void) {
    const uint8_t set_up[][2] = {
        {1, 0x00}, /* no interrupts */
        {3, 0x80}, /* divisor latch: 115,200 baud */
        {0, 1},    {1, 0},
        {3, 0x03}, /* 8N1 */
        {2, 0x07}, /* FIFOs on and empty */
        {4, 0x03}, /* DTR, RTS */
    };
    for (unsigned i = 0; i < sizeof set_up / sizeof set_up[0]; i++)
        outb(COM1 + set_up[i][0], set_up[i][1]);
    present = inb(LINE_STATUS) != 0xff;
}

void serial_putc(char c) {
    if (!present)
        return;
    wait(THRE);
    outb(COM1, c);
}

void serial_drain(void) {
    if (present)
        wait(TEMT);
}
