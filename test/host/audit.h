/* SPDX-License-Identifier: MIT */
/* What must hold of the kernel's data at every moment, computed from scratch. Each function fails the test, saying what is
 * wrong, or returns. */
#pragma once

#include "kit.h"

#define AUDIT_TABLES 64

/* The capability tables that exist: the first, and those whose object capability is in one of them. */
struct audit {
    struct table *table[AUDIT_TABLES];
    uint32_t tables;
};

void audit_find_tables(struct audit *a);
/* Slots, derivation lists, depths, rights and ranges. */
void audit_capabilities(const struct audit *a);
/* Types of frames against objects, counters against page tables, each entry against the rules and the table's rights. */
void audit_frames(const struct audit *a);
void audit_page_tables(const struct audit *a);
/* Environments, vCPUs, pinned pages and slots. */
void audit_objects(const struct audit *a);

/* All of them. */
void audit(void);
