/* SPDX-License-Identifier: MIT
 *
 * exec's new level-4 slot 0. The new tables are made under another slot, where the
 * self-map shows them like any others; the old ones come there to be taken apart.
 */
#include "vm/internal.h"

static uint64_t link_pfn(uint64_t addr)
{
	uint64_t entry = *entry_at(addr, 4);

	return entry & EXO_P ? (entry & EXO_PTE_ADDR) >> 12 : 0;
}

/* Takes apart what is under the build slot. */
static void build_clear(void)
{
	pages_zap(VM_BUILD, VM_BUILD + SLOT4, true);
	if (link_pfn(VM_BUILD))         /* without any leaf table */
		table_prune(VM_BUILD, 4);
}

int space_begin(void)
{
	lock_take(&vm_lock);
	int error = link_pfn(VM_BUILD) ? -EBUSY : table_ensure(VM_BUILD, 3);
	lock_drop(&vm_lock);
	return error;
}

int space_map(uint64_t addr, const uint64_t *pfns, size_t n, unsigned prot)
{
	if (addr >= SLOT4 || n > (SLOT4 - addr) / PAGE || !link_pfn(VM_BUILD))
		return -EINVAL;
	return pages_map(VM_BUILD + addr, pfns, n, prot);
}

int space_finish(struct exo_pte *entry)
{
	lock_take(&vm_lock);
	uint64_t pfn = link_pfn(VM_BUILD);
	exo_cap_t handle = pfn ? table_handle(VM_BUILD, 3) : 0;
	int error = pfn ? table_write(VM_BUILD, 4, 0, 0) : -EINVAL;
	lock_drop(&vm_lock);
	if (!error)
		*entry = (struct exo_pte){
			.table = vm_root, .object = handle, .index = 0, .op = EXO_PTE_SET,
			.value = pfn << 12 | EXO_P | EXO_W | EXO_U | EXO_A,
		};
	return error;
}

void space_abort(void)
{
	lock_take(&vm_lock);
	build_clear();
	lock_drop(&vm_lock);
}

uint64_t space_current(void)
{
	return link_pfn(0);
}

void space_free(uint64_t pfn)
{
	struct page *p = page_struct(pfn);

	if (!p || !(p->flags & PAGE_TABLE))
		return;
	lock_take(&vm_lock);
	if (table_write(VM_BUILD, 4, pfn << 12 | EXO_P | EXO_W | EXO_U | EXO_A, p->object))
		libos_panic("vm: the old tables at %lx cannot be taken apart", pfn);
	build_clear();
	lock_drop(&vm_lock);
}
