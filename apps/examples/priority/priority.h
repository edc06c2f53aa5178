/* SPDX-License-Identifier: MIT
 *
 * What the program and its policy agree on.
 */
#ifndef PRIORITY_H
#define PRIORITY_H

#define PRIORITY 0 /* the word of thread->policy that holds it; more is more urgent, main has 0 */

#endif
