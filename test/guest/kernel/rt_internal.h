/* SPDX-License-Identifier: MIT */
/* Between the parts of the runtime. */
#ifndef TEST_GUEST_RT_INTERNAL_H
#define TEST_GUEST_RT_INTERNAL_H

#include "rt.h"

void upcalls_start(void);  /* the first vCPU's page and entry points */
void info_map(void);
void window_make(void);
uint64_t info_free_from(const struct range *r); /* the first frame of r behind this program */
void upcall_points(struct exo_vcpu_config *config);
extern const char rt_resume_begin[], rt_resume_end[];
#endif
