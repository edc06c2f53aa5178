/* SPDX-License-Identifier: MIT
 *
 * The floors below the file system, played on the host for its tests: memory is
 * the host's, locks only check that they nest, and whoever blocks asks the test
 * to go on.
 */
#ifndef SHIM_H
#define SHIM_H
#include <stdbool.h>
#include <stddef.h>

#define BAD_POINTER ((void *)8)      /* the shim faults below the first page      */

extern void (*shim_on_block)(void);  /* called when a thread blocks; NULL: abort   */
extern char shim_out[3][65536];      /* what left by each serial port              */
extern size_t shim_out_len[3];
extern const char *shim_cmdline;
extern const void *shim_module;
extern size_t shim_module_size;
extern unsigned long shim_clock;     /* ns; moves on by itself a little             */

void shim_init(void);
size_t shim_pages_used(void);
size_t shim_memory_used(void);       /* slab objects                               */
bool shim_sections_closed(void);
/* A frame of the window that is busy, as a boot module's are. */
void *shim_busy_pages(size_t n);

#define CHECK(condition) check(condition, #condition, __FILE__, __LINE__)
void check(bool ok, const char *text, const char *file, int line);
void begin(const char *test);
int finish(void);
#endif
