/* SPDX-License-Identifier: MIT
 *
 * execve that succeeds: a chain of programs, each of which checks what it was given
 * and starts the next one: linked, by script, foreign (the same source built for the
 * host's C library), linked again, and then a thousand more, which leave nothing.
 *     execs STAGE VERDICTS FAILURES ...
 */
#define _GNU_SOURCE
#include <errno.h>
#include <exo/calls.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#define LINKED "/t/execs"
#define FOREIGN "/t/foreign-execs"
#define MANY 1000
#define WARM 30                 /* caches have what they keep                       */
#define SLACK 16                /* frames                                          */

static int told, failed;
extern char **environ;

static void tell(int passed, const char *name)
{
    told++;
    failed += !passed;
    printf(passed ? "PASS %s\n" : "FAIL %s: it is not so\n", name);
}

static char *text_of(long n)
{
    char *text;

    return asprintf(&text, "%ld", n) < 0 ? NULL : text;
}

static void next(const char *file, char *name, const char *stage, char *first, char *second)
{
    char *argv[] = { name, (char *)stage, text_of(told), text_of(failed), first, second, NULL };
    char *env[] = { "A=1", "EMPTY=", "odd", NULL };

    fflush(stdout);
    execve(file, argv, env);
    printf("FAIL exec of %s: errno %d\n", file, errno);
    exit(1);
}

static void stage_linked(void)
{
    int script = open("/tmp/script", O_CREAT | O_WRONLY | O_TRUNC, 0755);
    int data = open("/tmp/data", O_CREAT | O_RDWR | O_TRUNC, 0600);

    dprintf(script, "#! %s  script and more \nnot read\n", LINKED);
    close(script);
    (void)!write(data, "0123456789", 10);
    lseek(data, 4, SEEK_SET);
    dup2(data, 21);
    dup3(data, 20, O_CLOEXEC);
    close(data);
    if (chdir("/tmp") < 0)
        exit(1);
    umask(031);
    next(LINKED, "a name", "arguments", "", "x=y z");
}

static void stage_arguments(int argc, char **argv)
{
    char folder[64] = "", c = 0;

    tell(argc == 6 && !strcmp(argv[0], "a name") && !strcmp(argv[4], "") && !strcmp(argv[5], "x=y z") && !argv[6], "argv");
    tell(environ[0] && !strcmp(environ[0], "A=1") && !strcmp(environ[1], "EMPTY=") && !strcmp(environ[2], "odd") && !environ[3],
         "envp");
    tell(fcntl(20, F_GETFD) < 0 && errno == EBADF, "close-on-exec");
    tell(read(21, &c, 1) == 1 && c == '4', "descriptors-kept");
    tell(getcwd(folder, sizeof folder) && !strcmp(folder, "/tmp"), "folder-kept");
    tell(umask(022) == 031, "umask-kept");
    tell(getauxval(AT_PAGESZ) == 4096 && getauxval(AT_RANDOM) && getauxval(AT_PHDR) && getauxval(AT_PHNUM) > 3, "auxv");
    tell(getauxval(AT_EXECFN) && !strcmp((char *)getauxval(AT_EXECFN), LINKED), "auxv-name");
    tell(((unsigned long)__builtin_frame_address(0) & 15) == 0, "stack-aligned");
    next("./script", "ignored", "first", "second", "third");
}

/* Its first argument is what the script's line says after the interpreter, as one word. */
static void stage_script(int argc, char **argv)
{
    told = argc == 8 ? atoi(argv[4]) : 0;
    failed = argc == 8 ? atoi(argv[5]) : 1;
    tell(argc == 8 && !strcmp(argv[0], LINKED) && !strcmp(argv[2], "./script") && !strcmp(argv[7], "third"), "script");
    next(FOREIGN, "foreign", "foreign", "of a foreign program", "x");
}

static void stage_foreign(int argc, char **argv)
{
    tell(argc == 6 && !strcmp(argv[0], "foreign") && !strcmp(argv[4], "of a foreign program"), "foreign-argv");
    tell(environ[0] && !strcmp(environ[0], "A=1") && !environ[3], "foreign-envp");
    tell(getauxval(AT_PAGESZ) == 4096 && getauxval(AT_RANDOM), "foreign-auxv");
    next(LINKED, "linked", "count", "0", "0:0");
}

static long frames_free(void)
{
    struct sysinfo s;

    return sysinfo(&s) < 0 ? 0 : (long)(s.freeram * s.mem_unit / 4096);
}

/* Slots of the capability table that hold something. */
static long slots_used(void)
{
    struct exo_cap_info info;
    long n = 0;

    for (uint64_t slot = 4; exo_cap_inspect(0, slot, &info) == 0; slot++)
        n += info.type != 0;
    return n;
}

/* Every fourth one is foreign. */
static void stage_count(char **argv)
{
    long n = atol(argv[4]), frames = atol(argv[5]), slots = atol(strchr(argv[5], ':') + 1);
    char *note;

    if (n == WARM) {
        frames = frames_free();
        slots = slots_used();
    }
    if (n < WARM + MANY) {
        if (asprintf(&note, "%ld:%ld", frames, slots) < 0)
            exit(1);
        next((n + 1) % 4 ? LINKED : FOREIGN, "again", "count", text_of(n + 1), note);
    }
    printf("%ld frames and %ld slots then, %ld and %ld now\n", frames, slots, frames_free(), slots_used());
    tell(frames > 0 && labs(frames_free() - frames) <= SLACK, "a-thousand-leave-no-frames");
    tell(slots > 0 && slots_used() == slots, "a-thousand-leave-no-slots");
    tell(fcntl(21, F_GETFD) == 0 && dup(0) == 3, "a-thousand-leave-no-descriptors");
}

int main(int argc, char **argv)
{
    const char *stage = argc > 1 ? argv[1] : "";

    told = argc > 3 ? atoi(argv[2]) : 0;
    failed = argc > 3 ? atoi(argv[3]) : 0;
    if (!*stage)
        stage_linked();
    else if (!strcmp(stage, "arguments"))
        stage_arguments(argc, argv);
    else if (!strcmp(stage, "script and more"))
        stage_script(argc, argv);
    else if (!strcmp(stage, "foreign"))
        stage_foreign(argc, argv);
    else if (!strcmp(stage, "count"))
        stage_count(argv);
    printf("DONE %d\n", told);
    return failed != 0;
}
