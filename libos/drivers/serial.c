/* SPDX-License-Identifier: MIT */
#include "drivers/serial.h"
#include "core/io.h"
#include "sched/sched.h"

enum { DATA, IER, IIR, LCR, MCR, LSR, MSR, SCR };
enum { DLL = 0, DLM = 1, FCR = 2 };
#define LSR_READY 0x01 /* a character was received      */
#define LSR_THRE  0x20 /* the transmit FIFO is empty    */
#define LSR_TEMT  0x40 /* and the shift register too    */
#define FIFO 16
#define POLL_NS 10000000 /* how often to look without an interrupt */
#define COM1_IRQ 4

static const uint16_t base[SERIAL_PORTS] = { 0x3f8, 0x2f8, 0x3e8 };

/* Of this image: what exec must set up again. */
static bool present[SERIAL_PORTS];
static bool interrupts;
static void (*input)(unsigned char);

static void set_line(uint16_t port)
{
	outb(port + IER, 0);
	outb(port + LCR, 0x80);
	outb(port + DLL, 1); /* 115200 baud */
	outb(port + DLM, 0);
	outb(port + LCR, 0x03); /* 8 bits, no parity, one stop bit */
	outb(port + FCR, 0x07); /* FIFOs on and empty, an interrupt for each character */
	outb(port + MCR, 0x0b); /* DTR, RTS, and OUT2, which lets interrupts through */
}

void serial_attach(bool first)
{
	unsigned i;

	for (i = 0; i < SERIAL_PORTS; i++) {
		if (ports_open(base[i], 8) < 0)
			continue;
		outb(base[i] + SCR, 0x5a);
		present[i] = inb(base[i] + SCR) == 0x5a;
		if (present[i] && first)
			set_line(base[i]);
	}
}

bool serial_present(unsigned port)
{
	return port < SERIAL_PORTS && present[port];
}

/* Fills the FIFO when it is empty; returns how many went in. */
static size_t fill(uint16_t port, const char *s, size_t n)
{
	size_t i = 0;

	section_enter();
	if (inb(port + LSR) & LSR_THRE)
		for (; i < n && i < FIFO; i++)
			outb(port + DATA, (uint8_t)s[i]);
	section_leave();
	return i;
}

void serial_write(unsigned port, const char *s, size_t n)
{
	if (!serial_present(port))
		return;
	while (n) {
		size_t done = fill(base[port], s, n);

		if (!done)
			__asm__ volatile("pause");
		s += done;
		n -= done;
	}
}

void serial_drain(void)
{
	unsigned i;
	uint32_t tries;

	for (i = 0; i < SERIAL_PORTS; i++)
		for (tries = 0; present[i] && tries < 1u << 22 && !(inb(base[i] + LSR) & LSR_TEMT); tries++)
			__asm__ volatile("pause");
}

static void receive(void)
{
	while (inb(base[0] + LSR) & LSR_READY)
		input(inb(base[0] + DATA));
}

/* The source is edge-triggered, and an edge that comes while it is masked is lost:
 * what arrived until it was acknowledged is looked for once more, so that the line
 * falls and can rise again. */
static void interrupt(uint32_t source)
{
	receive();
	irq_done(source);
	receive();
}

void serial_listen(void (*sink)(unsigned char))
{
	if (!serial_present(0))
		return;
	input = sink;
	interrupts = irq_attach(COM1_IRQ, 0, interrupt) >= 0;
	if (interrupts)
		outb(base[0] + IER, 0x01);
}

uint64_t serial_deadline(uint64_t until)
{
	uint64_t look = time_ns() + POLL_NS;

	if (interrupts || !input)
		return until;
	return until && until < look ? until : look;
}

void serial_look(void)
{
	if (interrupts || !input)
		return;
	section_enter();
	receive();
	section_leave();
}
