/* SPDX-License-Identifier: MIT
 *
 * The end of the machine. Whoever started the emulator reads the verdict on COM1;
 * the emulator's own exit status says only that the end was meant.
 */
#include "drivers/power.h"
#include "core/io.h"
#include "drivers/serial.h"

#define DEBUG_EXIT 0xf4        /* QEMU's isa-debug-exit: it exits with 2 v + 1   */
#define DEBUG_EXIT_VALUE 0x31  /* so 99                                         */
#define BOCHS_EXIT 0x8900      /* Bochs quits when it has read "Shutdown"       */

_Noreturn void power_off(int status)
{
	char line[48], buf[8];
	const char *s;
	int n = format(line, sizeof line, "\r\nexo: verdict exit %d\r\n", status & 255);

	serial_drain();
	serial_write(0, line, (size_t)n);
	serial_drain();
	if (!boot_option("emu", buf, sizeof buf) || strcmp(buf, "bochs")) {
		if (ports_open(DEBUG_EXIT, 1) >= 0)
			outb(DEBUG_EXIT, DEBUG_EXIT_VALUE);
	} else if (ports_open(BOCHS_EXIT, 1) >= 0) {
		for (s = "Shutdown"; *s; s++)
			outb(BOCHS_EXIT, (uint8_t)*s);
	}
	for (;;)
		exo_yield(0, EXO_YIELD_WAIT, 0);
}
