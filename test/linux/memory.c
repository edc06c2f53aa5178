/* SPDX-License-Identifier: MIT
 * malloc, large and small; mmap, mprotect, mremap and madvise; the heap's and the stack's growth.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MANY (64ul << 20)
#define PAGE 4096ul

static int check(const char *what, int holds)
{
    printf("%s: %s\n", what, holds ? "yes" : "no");
    return !holds;
}

static unsigned long deep(unsigned n)
{
    volatile char frame[4096];

    frame[n % sizeof frame] = (char)n;
    return n ? deep(n - 1) + (unsigned long)frame[n % sizeof frame] : 1;
}

static int blocks(void)
{
    enum { N = 2000 };
    static unsigned char *block[N];
    int good = 1;

    for (int round = 0; round < 3; round++)
        for (int i = 0; i < N; i++) {
            size_t size = (size_t)(i * 37 % 5000 + 1);

            if (block[i])
                good &= block[i][0] == (unsigned char)i && block[i][size - 1] == (unsigned char)i;
            block[i] = realloc(block[i], size);
            memset(block[i], i, size);
        }
    for (int i = 0; i < N; i++)
        free(block[i]);
    return good;
}

static int mappings(void)
{
    char *p = mmap(0, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *q;
    int bad;

    memset(p, 'x', 8 * PAGE);
    bad = check("mprotect", mprotect(p, PAGE, PROT_READ) == 0 && p[5] == 'x');
    bad |= check("munmap of the middle", munmap(p + 4 * PAGE, PAGE) == 0 && p[3 * PAGE] == 'x' && p[5 * PAGE] == 'x');
    bad |= check("madvise drops", madvise(p + PAGE, PAGE, MADV_DONTNEED) == 0 && p[PAGE] == 0);
    q = mremap(p, 2 * PAGE, 64 * PAGE, MREMAP_MAYMOVE);
    bad |= check("mremap", q != MAP_FAILED && q[1] == 'x' && q[63 * PAGE] == 0);
    return bad;
}

int main(void)
{
    char *p = malloc(MANY), *old = sbrk(0);
    int bad = check("malloc of 64 MiB", p != NULL);

    if (!p)
        return 1;
    for (size_t i = 0; i < MANY; i += PAGE)
        p[i] = (char)(i >> 12);
    for (size_t i = 0; i < MANY; i += PAGE)
        bad |= p[i] != (char)(i >> 12);
    free(p);
    p = calloc(1, MANY / 4);
    bad |= check("calloc clears", p && !p[0] && !memcmp(p, p + 1, MANY / 4 - 1));
    bad |= check("blocks keep their bytes", blocks());
    bad |= check("sbrk", sbrk(PAGE) == old && (old[0] = 1) && sbrk(0) == old + PAGE);
    bad |= check("a deep stack", deep(1500) != 0);
    return bad | mappings();
}
