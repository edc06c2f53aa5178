/* SPDX-License-Identifier: MIT
 *
 * For test/e2e/console: the terminal raw, and the number of each character in brackets
 * as it comes, until q. Restores the terminal.
 */
#include <stdio.h>
#include <termios.h>
#include <unistd.h>

int main(void)
{
    struct termios before, raw;
    unsigned char c;

    if (tcgetattr(0, &before) < 0)
        return 1;
    raw = before;
    cfmakeraw(&raw);
    if (tcsetattr(0, TCSAFLUSH, &raw) < 0)
        return 2;
    printf("ready\r\n");
    fflush(stdout);
    while (read(0, &c, 1) == 1) {
        printf("[%x]", c);
        fflush(stdout);
        if (c == 'q')
            break;
    }
    return tcsetattr(0, TCSANOW, &before) < 0 ? 3 : 0;
}
