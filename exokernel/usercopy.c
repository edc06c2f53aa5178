/* SPDX-License-Identifier: MIT */
#include "usercopy.h"

#include "arch/x86_64/cpu.h"
#include "exo/abi/errors.h"
#include "exo/abi/types.h"

/* arch/x86_64/usercopy.asm */
int usercopy(void *to, const void *from, size_t n);
extern const char usercopy_begin[], usercopy_end[], usercopy_failed[];

static bool is_user(const void *p, size_t n) {
    return (uint64_t)p < EXO_USER_END && n <= EXO_USER_END - (uint64_t)p;
}

static int copy(void *to, const void *from, size_t n) {
    stac();
    int failed = usercopy(to, from, n);
    clac();
    return failed ? -EXO_EFAULT : 0;
}

int copy_from_user(void *to, const void *user, size_t n) {
    return is_user(user, n) ? copy(to, user, n) : -EXO_EFAULT;
}

int copy_to_user(void *user, const void *from, size_t n) {
    return is_user(user, n) ? copy(user, from, n) : -EXO_EFAULT;
}

bool usercopy_fixup(uint64_t *rip) {
    if (*rip < (uint64_t)usercopy_begin || *rip >= (uint64_t)usercopy_end)
        return false;
    *rip = (uint64_t)usercopy_failed;
    return true;
}
