/* SPDX-License-Identifier: MIT
 * A function for GNU make (its "load" directive): $(become PROGRAM,NAMES) replaces make by PROGRAM, with the make variables
 * NAMES in its environment. It comes back only with an error. */
#include <errno.h>
#include <gnumake.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int plugin_is_GPL_compatible;

static void export_variable(const char *name)
{
    char reference[64];
    snprintf(reference, sizeof reference, "$(%s)", name);
    char *value = gmk_expand(reference);
    if (value && *value)
        setenv(name, value, 1);
    else
        unsetenv(name);
    gmk_free(value);
}

static char *become(const char *function, unsigned int argc, char **argv)
{
    (void)function;
    (void)argc;
    for (char *name = strtok(argv[1], " "); name; name = strtok(NULL, " "))
        export_variable(name);

    /* What make keeps for its jobs must not reach the program: a blocked SIGCHLD, the job server's descriptors, its flags. */
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    for (int fd = 3; fd < 64; fd++)
        close(fd);
    unsetenv("MAKEFLAGS");
    execl(argv[0], argv[0], (char *)NULL);
    fprintf(stderr, "make: cannot run %s: %s\n", argv[0], strerror(errno));
    _exit(125);
}

int become_gmk_setup(void)
{
    gmk_add_function("become", become, 2, 2, GMK_FUNC_DEFAULT);
    return 1;
}
