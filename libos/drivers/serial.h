/* SPDX-License-Identifier: MIT
 *
 * The 16550 serial ports COM1 to COM3 (National Semiconductor PC16550D data
 * sheet). COM1 is the console and the log; on COM2 and COM3 leave a command's
 * standard output and standard error.
 */
#ifndef LIBOS_SERIAL_H
#define LIBOS_SERIAL_H
#include "core/core.h"

#define SERIAL_PORTS 3

void serial_attach(bool first);              /* first: sets the line up too      */
bool serial_present(unsigned port);
void serial_write(unsigned port, const char *, size_t);
void serial_drain(void);                     /* until the last bit is out        */
/* Characters that COM1 receives go to sink, which runs in a section. */
void serial_listen(void (*sink)(unsigned char));
/* Without an interrupt, those who wait for input look by themselves: until when to
 * sleep if the limit is `until` (0: none), and the look. */
uint64_t serial_deadline(uint64_t until);
void serial_look(void);
#endif
