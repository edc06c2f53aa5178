/* SPDX-License-Identifier: MIT
 *
 * The pager: it runs in the upcall of a page fault.
 */
#include <exo/module.h>
#include "vm/vm.h"
#include "pager.h"

#define PER_PAGE (EXO_PAGE_SIZE / sizeof(uint64_t))

static uint64_t base, size, faults;

bool __real_exo_vm_fault(uint64_t addr, uint64_t error);
bool __wrap_exo_vm_fault(uint64_t addr, uint64_t error);

void pager_serve(const uint64_t *array, uint64_t elements)
{
    base = (uint64_t)array;
    size = elements * sizeof *array;
}

uint64_t pager_faults(void)
{
    return faults;
}

/* A fault on a missing page of the array is ours; all others are the library's. */
bool __wrap_exo_vm_fault(uint64_t addr, uint64_t error)
{
    uint64_t first = (addr - base) / EXO_PAGE_SIZE * PER_PAGE, *page, pfn;

    if (addr - base >= size || error & 3 /* present, or a write */)
        return __real_exo_vm_fault(addr, error);
    page = page_alloc(0);
    if (!page)
        return false;
    for (uint64_t i = 0; i < PER_PAGE; i++)
        page[i] = (first + i) * (first + i);
    pfn = page_pfn(page);
    faults++;
    return pages_map(addr & -(uint64_t)EXO_PAGE_SIZE, &pfn, 1, VM_READ) == 0;
}
