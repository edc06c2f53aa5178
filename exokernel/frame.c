/* SPDX-License-Identifier: MIT */
#include "frame.h"

#include "exo/abi/errors.h"
#include "lib.h"

uint8_t *frame_types;
struct frame *frames;
struct chunk *chunks;
uint32_t frame_count;

uint64_t frame_table_bytes(uint32_t count) {
    return (uint64_t)count * (sizeof(struct frame) + 1) + (uint64_t)count / 512 * sizeof(struct chunk);
}

void frame_table_init(void *memory, uint32_t count) {
    frames = memory;
    chunks = (struct chunk *)(frames + count);
    frame_types = (uint8_t *)(chunks + count / 512);
    frame_count = count;
    for (uint32_t i = 0; i < count / 512; i++)
        chunks[i].special = 512;
}

void frame_set_type(uint32_t pfn, enum frame_type type) {
    struct chunk *chunk = &chunks[pfn / 512];
    bool was_plain = frame_types[pfn] == FT_USER, is_plain = type == FT_USER;

    chunk->special += was_plain;
    chunk->special -= is_plain;
    frame_types[pfn] = type;
}

void frames_type(uint32_t pfn, uint32_t end, enum frame_type type) {
    memset(frame_types + pfn, type, end - pfn);
    for (uint32_t i = pfn; type == FT_USER && i < end; i = (i / 512 + 1) * 512) {
        uint32_t next = (i / 512 + 1) * 512;
        chunks[i / 512].special -= (next < end ? next : end) - i;
    }
}

int frames_retypable(uint64_t pfn, uint64_t n) {
    if (pfn >= frame_count || n > frame_count - pfn)
        return -EXO_EFRAME;
    for (uint64_t i = pfn; i < pfn + n; i++) {
        if (frame_types[i] != FT_USER)
            return -EXO_EFRAME;
        if (frames[i].pinned || frame_mapped(i))
            return -EXO_EBUSY;
    }
    return 0;
}

bool frame_mapped(uint64_t pfn) {
    return pfn < frame_count && (frames[pfn].refs || chunks[pfn / 512].large);
}
