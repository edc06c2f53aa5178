/* SPDX-License-Identifier: MIT
 *
 * The first process. It greets whoever sits at the console and becomes the shell:
 * an interactive one there, or one that runs the command that came with the boot
 * module. The libOS has mounted the file systems and opened descriptors 0 to 2.
 * The machine ends with the shell.
 */
#include <exo/abi/info.h>
#include <exo/layout.h>
#include <exo/version.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define COMMAND "/run/exo/cmd"
#define NOT_RUN 127

static const struct exo_info *const info = (const struct exo_info *)EXO_INFO_BASE;

static double milliseconds(uint64_t tsc)
{
	return info->tsc_khz ? (double)(tsc - info->tsc_entry) / (double)info->tsc_khz : 0;
}

static void banner(void)
{
	uint64_t before = info->tsc_entry;

	printf("\n\033[1mExo-OS " EXO_VERSION "\033[0m   %u CPU%s at %llu MHz, %llu MiB of memory\n", info->cpus_running,
	       info->cpus_running == 1 ? "" : "s", (unsigned long long)(info->tsc_khz / 1000),
	       (unsigned long long)(info->frames_total >> 8));
	for (uint32_t i = 0; i < info->phase_count && i < EXO_PHASES_MAX; i++) {
		const struct exo_phase *p = &info->phase[i];

		printf("  %-24.24s %9.3f ms  (+%.3f)\n", p->name, milliseconds(p->tsc), milliseconds(p->tsc) - milliseconds(before));
		before = p->tsc;
	}
	printf("Programs run in place of this shell until there is fork: the machine ends with them.\n\n");
	fflush(stdout);
}

/* The whole file as a string; NULL if there is none. */
static char *contents(const char *name)
{
	FILE *file = fopen(name, "r");
	struct stat st;
	char *text;

	if (!file)
		return NULL;
	if (fstat(fileno(file), &st) < 0 || !(text = malloc((size_t)st.st_size + 1))) {
		perror(name);
		exit(NOT_RUN);
	}
	text[fread(text, 1, (size_t)st.st_size, file)] = 0;
	fclose(file);
	return text;
}

static void environment(void)
{
	setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 1);
	setenv("HOME", "/root", 1);
	setenv("SHELL", "/bin/sh", 1);
	setenv("USER", "root", 1);
	setenv("TERM", "xterm", 1);
}

int main(void)
{
	char *command = contents(COMMAND);

	environment();
	if (command) {
		execl("/bin/sh", "sh", "-c", command, (char *)NULL);
	} else {
		banner();
		if (chdir("/root") < 0)
			perror("/root");
		execl("/bin/sh", "-sh", (char *)NULL);
	}
	perror("/bin/sh");
	return NOT_RUN;
}
