/* SPDX-License-Identifier: MIT */
#include "slice.h"

uint64_t slice_number(const struct slice_clock *clock, uint64_t now) {
    return now > clock->base ? (now - clock->base) / clock->ticks : 0;
}

/* Where the run of slots that have the same owner as slot n ends, at most once around. */
static uint64_t run_end(const struct exo_slot *slots, uint64_t n) {
    uint64_t end = n + 1;

    while (end < n + EXO_SLOTS && slots[end % EXO_SLOTS].vcpu == slots[n % EXO_SLOTS].vcpu)
        end++;
    return end;
}

struct slice_choice slice_pick(const struct slice_clock *clock, const struct exo_slot *slots, uint64_t now, uint32_t last,
                               bool (*can_run)(uint32_t vcpu, bool own, uint64_t now)) {
    uint64_t n = slice_number(clock, now);
    uint32_t owner = slots[n % EXO_SLOTS].vcpu, seen = last;

    if (owner && owner != last && can_run(owner, true, now))
        return (struct slice_choice){owner, true, clock->base + run_end(slots, n) * clock->ticks};
    for (uint64_t i = n + 1; i <= n + EXO_SLOTS; i++) {
        uint32_t v = slots[i % EXO_SLOTS].vcpu;
        if (v && v != seen && v != last && can_run(v, false, now))
            return (struct slice_choice){v, false, clock->base + (n + 1) * clock->ticks};
        seen = v ? v : seen;
    }
    if (owner && owner == last && can_run(last, true, now))
        return (struct slice_choice){last, true, clock->base + run_end(slots, n) * clock->ticks};
    if (!last || !can_run(last, false, now)) /* who has used up its own slot may have it as nobody else's */
        return (struct slice_choice){0};
    return (struct slice_choice){last, false, clock->base + (n + 1) * clock->ticks};
}
