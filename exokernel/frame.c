/* SPDX-License-Identifier: MIT */
#include "frame.h"

#include "exo/abi/errors.h"

struct frame *frames;
struct chunk *chunks;
uint32_t frame_count;

uint64_t frame_table_bytes(uint32_t count) {
    return (uint64_t)count * sizeof(struct frame) + (uint64_t)count / 512 * sizeof(struct chunk);
}

void frame_table_init(void *memory, uint32_t count) {
    frames = memory;
    chunks = (struct chunk *)(frames + count);
    frame_count = count;
    for (uint32_t i = 0; i < count / 512; i++)
        chunks[i].special = 512;
}

void frame_set_type(uint32_t pfn, enum frame_type type) {
    struct chunk *chunk = &chunks[pfn / 512];
    bool was_plain = frames[pfn].type == FT_USER, is_plain = type == FT_USER;

    chunk->special += was_plain;
    chunk->special -= is_plain;
    frames[pfn].type = type;
}

int frames_retypable(uint64_t pfn, uint64_t n) {
    if (pfn >= frame_count || n > frame_count - pfn)
        return -EXO_EFRAME;
    for (uint64_t i = pfn; i < pfn + n; i++) {
        if (frames[i].type != FT_USER)
            return -EXO_EFRAME;
        if (frames[i].pinned || frame_mapped(i))
            return -EXO_EBUSY;
    }
    return 0;
}

bool frame_mapped(uint64_t pfn) {
    return pfn < frame_count && (frames[pfn].refs || chunks[pfn / 512].large);
}
