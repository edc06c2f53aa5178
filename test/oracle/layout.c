/* SPDX-License-Identifier: MIT */
/* Prints, as JSON, where the fields of the kernel's structures lie: the oracle reads them from outside. */
#include <stddef.h>
#include <stdio.h>

#include "cap.h"
#include "env.h"
#include "frame.h"

#define SIZE(s) printf("  \"%s\": {\"size\": %zu", #s, sizeof(struct s))
#define FIELD(s, f) printf(", \"%s\": [%zu, %zu]", #f, offsetof(struct s, f), sizeof(((struct s *)0)->f))
#define VALUE(v) printf("  \"%s\": %lu,\n", #v, (unsigned long)(v))

static void frame_tables(void)
{
    SIZE(frame);
    FIELD(frame, wlink);
    FIELD(frame, pinned);
    FIELD(frame, refs);
    FIELD(frame, owner);
    FIELD(frame, root_id);
    printf("},\n");
    SIZE(chunk);
    FIELD(chunk, special);
    FIELD(chunk, large);
    printf("},\n");
}

static void capabilities(void)
{
    SIZE(cap);
    FIELD(cap, base);
    FIELD(cap, count);
    FIELD(cap, parent);
    FIELD(cap, next);
    FIELD(cap, prev);
    FIELD(cap, rights);
    FIELD(cap, type);
    FIELD(cap, depth);
    FIELD(cap, table);
    FIELD(cap, flags);
    printf("},\n");
    SIZE(table);
    FIELD(table, pfn);
    FIELD(table, frames);
    FIELD(table, slots);
    FIELD(table, envs);
    FIELD(table, ending);
    printf("},\n");
}

static void environments(void)
{
    SIZE(env);
    FIELD(env, pfn);
    FIELD(env, frames);
    FIELD(env, table);
    FIELD(env, root);
    FIELD(env, root_id);
    FIELD(env, vcpus);
    FIELD(env, next);
    printf("},\n");
    SIZE(vcpu);
    FIELD(vcpu, page);
    FIELD(vcpu, pfn);
    FIELD(vcpu, env);
    FIELD(vcpu, next);
    printf("},\n");
}

int main(void)
{
    printf("{\n");
    frame_tables();
    capabilities();
    environments();
    VALUE(FT_KERNEL);
    VALUE(FT_USER);
    VALUE(FT_INFO);
    VALUE(FT_MMIO);
    VALUE(FT_PT1);
    VALUE(FT_PT2);
    VALUE(FT_PT3);
    VALUE(FT_PT4);
    VALUE(FT_TABLE);
    VALUE(FT_ENV);
    VALUE(FT_VCPU);
    VALUE(CAP_OBJECT);
    VALUE(CAP_DYING);
    VALUE(DIRECT_BASE);
    VALUE(KERNEL_BASE);
    printf("  \"EXO_TABLE_HEAD\": %d\n}\n", EXO_TABLE_HEAD);
    return 0;
}
