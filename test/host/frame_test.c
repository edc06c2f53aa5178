/* SPDX-License-Identifier: MIT */
#include "kit.h"

#include <stdlib.h>

#include "audit.h"
#include "pte.h"

static void table_size(void) {
    enum { N = 1024 };
    uint8_t *memory = malloc(frame_table_bytes(N)); /* exactly: the sanitizer sees a byte beyond */

    __builtin_memset(memory, 0, frame_table_bytes(N));
    frame_table_init(memory, N);
    EQUAL(frame_count, N);
    EQUAL(chunks[0].special + chunks[1].special, N);
    for (uint32_t pfn = 0; pfn < N; pfn++) {
        EQUAL(frame_type(pfn), FT_KERNEL);
        frames[pfn].refs = pfn;
        frame_set_type(pfn, pfn % 2 ? FT_USER : FT_MMIO);
    }
    EQUAL(chunks[0].special, 256);
    EQUAL(chunks[1].special, 256);
    EQUAL(frame_type(N), FT_MMIO);
    EQUAL(frame_type(~0ul), FT_MMIO);
    free(memory);
}

/* The batch of frames at boot counts like one by one. */
static void ranges_of_types(void) {
    static const uint32_t spans[][2] = {{0, 0}, {3, 4}, {511, 512}, {512, 513}, {511, 513}, {0, 1536}, {5, 1029}, {1024, 1536}};

    for (unsigned i = 0; i < sizeof spans / sizeof spans[0]; i++) {
        uint8_t *memory = calloc(1, frame_table_bytes(1536));
        frame_table_init(memory, 1536);
        frames_type(spans[i][0], spans[i][1], FT_USER);
        for (uint32_t chunk = 0; chunk < 3; chunk++) {
            uint32_t special = 0;
            for (uint32_t pfn = chunk * 512; pfn < chunk * 512 + 512; pfn++) {
                special += frame_types[pfn] != FT_USER;
                EQUAL(frame_types[pfn] == FT_USER, pfn >= spans[i][0] && pfn < spans[i][1]);
            }
            EQUAL(chunks[chunk].special, special);
        }
        free(memory);
    }
}

static void retypable(void) {
    enum { PFN = 600, SLOT = SLOT_FREE };

    machine_start(3);
    EQUAL(frames_retypable(PFN, 8), 0);
    EQUAL(frames_retypable(AT_RAM - 1, 2), -EXO_EFRAME);
    EQUAL(frames_retypable(AT_INFO, 1), -EXO_EFRAME);
    EQUAL(frames_retypable(AT_DEVICE, 1), -EXO_EFRAME);
    EQUAL(frames_retypable(frame_count - 1, 1), 0);
    EQUAL(frames_retypable(frame_count - 1, 2), -EXO_EFRAME);
    EQUAL(frames_retypable(frame_count, 1), -EXO_EFRAME);
    EQUAL(frames_retypable(PFN, ~0ul), -EXO_EFRAME);
    exo_cap_t pt1 = create(EXO_KIND_PT1, 1, 100, SLOT, 0), pt2 = create(EXO_KIND_PT2, 1, 101, SLOT + 1, 0);
    EQUAL(set_entry(pt1, H(SLOT_RAM), 0, PAGE(PFN, EXO_NX)), 1);
    EQUAL(frames_retypable(PFN - 1, 2), -EXO_EBUSY);
    EQUAL(set_entry(pt1, 0, 0, 0), 1);
    EQUAL(frames_retypable(PFN - 1, 2), 0);
    EQUAL(set_entry(pt2, H(SLOT_RAM), 0, PAGE(1024, EXO_PS)), 1); /* chunk 2 is plain throughout */
    EQUAL(frames_retypable(1535, 1), -EXO_EBUSY);
    EQUAL(frames_retypable(1023, 2), -EXO_EBUSY);
    EQUAL(set_entry(pt2, 0, 0, 0), 1);
    EQUAL(frames_retypable(1023, 2), 0);
    audit();
}

TESTS({"size of the table", table_size}, {"ranges of types", ranges_of_types}, {"what may be retyped", retypable})
