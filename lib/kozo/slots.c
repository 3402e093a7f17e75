// SPDX-License-Identifier: MIT
// First fit over a bitmap.
#include <kozo/slots.h>

static bool is_taken(const struct kozo_slots *slots, size_t slot)
{
    return (slots->taken[slot / 64] >> (slot % 64) & 1) != 0;
}

static void mark(struct kozo_slots *slots, size_t slot, bool taken)
{
    uint64_t bit = 1ul << (slot % 64);
    if (taken) {
        slots->taken[slot / 64] |= bit;
    } else {
        slots->taken[slot / 64] &= ~bit;
    }
}

void kozo_slots_start(struct kozo_slots *slots, uint64_t *words, size_t first, size_t count)
{
    *slots = (struct kozo_slots){.taken = words, .count = count, .hint = first, .used = first};
    for (size_t i = 0; i < (count + 63) / 64; i++) {
        words[i] = 0;
    }
    for (size_t slot = 0; slot < first && slot < count; slot++) {
        mark(slots, slot, true);
    }
}

uint64_t kozo_slots_take(struct kozo_slots *slots, size_t count)
{
    size_t run = 0;
    for (size_t slot = slots->hint; slot < slots->count; slot++) {
        run = is_taken(slots, slot) ? 0 : run + 1;
        if (run < count) {
            continue;
        }
        size_t first = slot + 1 - count;
        for (size_t i = 0; i < count; i++) {
            mark(slots, first + i, true);
        }
        if (first == slots->hint) {
            slots->hint = slot + 1;
        }
        slots->used += count;
        return first;
    }
    return 0;
}

void kozo_slots_give(struct kozo_slots *slots, uint64_t first, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        mark(slots, first + i, false);
    }
    if (first < slots->hint) {
        slots->hint = first;
    }
    slots->used -= count;
}
