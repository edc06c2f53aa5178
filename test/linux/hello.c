/* SPDX-License-Identifier: MIT
 * Arguments, environment, auxiliary vector, exit status.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    const char *path = getenv("PATH"), *name = (const char *)getauxval(AT_EXECFN);

    for (int i = 1; i < argc; i++)
        printf("argument %d: '%s'\n", i, argv[i]);
    printf("path %s\n", path && strstr(path, "/bin") ? "set" : "missing");
    printf("page %lu, name %s, clock ticks %lu, random %s\n", getauxval(AT_PAGESZ), name ? strrchr(name, '/') : "missing",
           getauxval(AT_CLKTCK), getauxval(AT_RANDOM) ? "there" : "missing");
    printf("headers %s, secure %lu, uid %s\n", *(unsigned *)getauxval(AT_PHDR) ? "there" : "missing", getauxval(AT_SECURE),
           getauxval(AT_UID) == getuid() ? "right" : "wrong");
    fprintf(stderr, "to standard error\n");
    fflush(NULL);
    _exit(7);
}
