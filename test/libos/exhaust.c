/* SPDX-License-Identifier: MIT
 *
 * Out of memory, on a small machine: calls say so, nothing ends, and all of it comes
 * back. (Here because the pool's own counts are asked.)
 */
#include "kit.h"
#include <exo/names.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include "vm/vm.h"

#define BLOCK (1ul << 20)
#define SMALL 4000ul
#define SLACK 64                /* frames that caches may keep                    */

static uint64_t frames_free(void)
{
    struct pool_stats s;

    pool_stats(&s);
    return s.free;
}

struct link { struct link *next; };

/* Blocks of that size until there are no more; how many. */
static unsigned take(struct link **list, size_t size)
{
    unsigned n = 0;

    for (struct link *l; (l = malloc(size)); n++) {
        memset(l, 0xa5, size);
        l->next = *list;
        *list = l;
    }
    return n;
}

static void give_back(struct link *list)
{
    while (list) {
        struct link *next = list->next;

        free(list);
        list = next;
    }
}

static void malloc_until_null(void)
{
    struct link *list = NULL;
    uint64_t before = frames_free();
    unsigned n = take(&list, BLOCK), again;

    EQUAL(errno, ENOMEM);
    CHECK(n > 4 && n < 48);
    give_back(list);
    list = NULL;
    again = take(&list, BLOCK);
    give_back(list);
    CHECK(again + 1 >= n);
    CHECK(frames_free() + SLACK >= before);
}

static void small_blocks_until_null(void)
{
    struct link *list = NULL;
    uint64_t before = frames_free();
    unsigned n = take(&list, SMALL);

    EQUAL(errno, ENOMEM);
    CHECK(n > 1000);
    CHECK(open("f", O_CREAT | O_RDWR, 0600) < 0 ? errno == ENOMEM || errno == ENOSPC : true);
    give_back(list);
    malloc(1);
    CHECK(frames_free() + SLACK + 256 >= before);
}

static void a_file_until_full(void)
{
    static char block[65536];
    uint64_t before = frames_free();
    long n = 0, total = 0;
    int fd = open("f", O_CREAT | O_RDWR, 0600);

    CHECK(fd >= 0);
    while ((n = write(fd, block, sizeof block)) > 0)
        total += n;
    EQUAL(n, -1);
    EQUAL(errno, ENOSPC);
    EQUAL(lseek(fd, 0, SEEK_END), total);
    CHECK(total > 4 << 20);
    CHECK(ftruncate(fd, 0) == 0);
    CHECK(frames_free() + SLACK >= before);
    EQUAL(write(fd, block, sizeof block), sizeof block);
}

static void mapping_too_much(void)
{
    uint64_t before = frames_free();

    CHECK(mmap(NULL, 1ul << 36, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED);
    EQUAL(errno, ENOMEM);
    CHECK(mmap(NULL, 1ul << 36, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED);
    CHECK(!malloc(1ul << 40) && errno == ENOMEM);
    CHECK(frames_free() + SLACK >= before);
}

static void many_files_until_full(void)
{
    uint64_t before = frames_free();
    char name[16];
    int n, fd;

    for (n = 0; n < 200000; n++) {
        snprintf(name, sizeof name, "n%d", n);
        fd = open(name, O_CREAT | O_WRONLY, 0600);
        if (fd < 0 || write(fd, name, 16) != 16)
            break;
        close(fd);
    }
    CHECK(errno == ENOSPC || errno == ENOMEM);
    CHECK(n > 1000);
    if (fd >= 0)
        close(fd);
    for (; n >= 0; n--) {
        snprintf(name, sizeof name, "n%d", n);
        unlink(name);
    }
    CHECK(frames_free() + before / 10 >= before);
}

int main(void)
{
    static const struct test tests[] = { TEST(malloc_until_null), TEST(small_blocks_until_null), TEST(a_file_until_full),
        TEST(mapping_too_much), TEST(many_files_until_full) };

    return TESTS(tests);
}
