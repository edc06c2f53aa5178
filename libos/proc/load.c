/* SPDX-License-Identifier: MIT
 *
 * An image's segments in memory: its libOS at once and out of sight (vm.h, "a new
 * level-4 slot 0"), the application's as regions, which come when they are touched.
 */
#include "posix/linux.h"
#include "proc/exec.h"
#include "vm/vm.h"

#define PAGE 4096ul
#define BATCH 32u

/* A frame for page `at` of a libOS segment, with a reference. Unwritable ones are the
 * file's own; of a writable one, the file's bytes are copied. */
static void *page_for(struct exec_image *im, const struct exec_segment *s, uint64_t at)
{
	uint64_t start = s->vaddr & -PAGE, file_end = s->vaddr + s->filesz, n;
	void *page;

	if (at >= file_end)
		return page_alloc_zero(0);
	if (!(s->prot & VM_WRITE) && at + PAGE <= ((s->vaddr + s->memsz + PAGE - 1) & -PAGE) && s->filesz == s->memsz) {
		page = file_frame(im->file, ((s->offset & -PAGE) + (at - start)) / PAGE, false);
		if (page)
			return page;
	}
	page = page_alloc_zero(0);
	n = file_end - at < PAGE ? file_end - at : PAGE;
	if (page && file_read(im->file, page, n, (s->offset & -PAGE) + (at - start)) != (long)n) {
		page_unref(page);
		page = NULL;
	}
	return page;
}

static int segment_build(struct exec_image *im, const struct exec_segment *s)
{
	uint64_t pfn[BATCH], at = s->vaddr & -PAGE, end = s->vaddr + s->memsz;

	while (at < end) {
		unsigned n = 0;
		int error = 0;

		for (; n < BATCH && at + n * PAGE < end && !error; n++) {
			void *page = page_for(im, s, at + n * PAGE);

			if (!page) {
				error = -ENOMEM;
				break;
			}
			pfn[n] = page_pfn(page);
		}
		if (!error)
			error = space_map(at, pfn, n, s->prot);
		if (error) {
			while (n)
				page_unref(page_at(pfn[--n]));
			return error;
		}
		at += n * PAGE;
	}
	return 0;
}

int space_build(struct exec_image *im)
{
	int error = space_begin();

	if (error)
		return error;
	for (unsigned i = 0; i < im->segments && !error; i++)
		if (im->segment[i].vaddr >= EXO_LIBOS_BASE)
			error = segment_build(im, &im->segment[i]);
	if (!error)
		error = space_finish(&im->swap);
	if (error)
		space_abort();
	else
		im->old_space = space_current();
	return error;
}

int program_map(const struct exec_image *im)
{
	int error = 0;

	for (unsigned i = 0; i < im->segments && !error; i++) {
		const struct exec_segment *s = &im->segment[i];
		uint64_t start = s->vaddr & -PAGE, end = (s->vaddr + s->memsz + PAGE - 1) & -PAGE;

		if (im->linked && s->vaddr >= EXO_LIBOS_BASE)
			continue;
		error = region_map(start, end - start, s->prot, s->filesz ? im->file : NULL, s->offset & -PAGE,
			s->filesz ? s->filesz + (s->vaddr - start) : 0);
	}
	return error;
}
