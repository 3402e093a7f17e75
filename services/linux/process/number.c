// SPDX-License-Identifier: MIT
// One place for each number, in leaves that are there as long as a number of theirs is taken. Numbers go round, so that one
// that was just given back is not taken at once.
#include "number.h"

#include "../core/store.h"
#include "process.h"

constexpr uint32_t LEAF = 256;

struct place {
    struct process *process;
    struct thread *thread;
};

static struct leaf {
    struct place *places; // of LEAF numbers; nullptr when none is taken
    uint32_t taken;       // by processes and by threads: both count
} leaves[NUMBERS_MOST / LEAF];
static uint32_t next = 1;
static uint32_t taken; // of all leaves

static struct place *place_of(uint32_t number)
{
    if (number == 0 || number >= NUMBERS_MOST || leaves[number / LEAF].places == nullptr) {
        return nullptr;
    }
    return &leaves[number / LEAF].places[number % LEAF];
}

// The place of a number that is being taken once more; nullptr when there is no memory for it.
static struct place *place_take(uint32_t number)
{
    struct leaf *leaf = &leaves[number / LEAF];
    if (leaf->places == nullptr) {
        leaf->places = store_take(sizeof(struct place) * LEAF);
        if (leaf->places == nullptr) {
            return nullptr;
        }
    }
    leaf->taken++;
    taken++;
    return &leaf->places[number % LEAF];
}

static void place_give(uint32_t number)
{
    struct leaf *leaf = &leaves[number / LEAF];
    leaf->taken--;
    taken--;
    if (leaf->taken == 0) {
        store_give(leaf->places, sizeof(struct place) * LEAF);
        leaf->places = nullptr;
    }
}

uint32_t numbers_taken(void)
{
    return taken;
}

static uint32_t find_free(void)
{
    for (uint32_t tried = 1; tried < NUMBERS_MOST; tried++) {
        uint32_t number = next;
        next = next + 1 == NUMBERS_MOST ? 1 : next + 1;
        const struct place *place = place_of(number);
        if (place == nullptr || (place->process == nullptr && place->thread == nullptr)) {
            return number;
        }
    }
    return 0;
}

uint32_t number_take(uint32_t number, struct thread *thread)
{
    if (number == 0) {
        number = find_free();
    }
    struct place *place = number == 0 ? nullptr : place_take(number);
    if (place == nullptr) {
        return 0;
    }
    place->thread = thread;
    return number;
}

void number_give_thread(uint32_t number)
{
    place_of(number)->thread = nullptr;
    place_give(number);
}

uint32_t number_take_process(struct process *process)
{
    uint32_t number = find_free();
    struct place *place = number == 0 ? nullptr : place_take(number);
    if (place == nullptr) {
        return 0;
    }
    place->process = process;
    return number;
}

void number_give_process(uint32_t number)
{
    place_of(number)->process = nullptr;
    place_give(number);
}

struct process *process_find(uint32_t number)
{
    const struct place *place = place_of(number);
    return place == nullptr ? nullptr : place->process;
}

struct thread *thread_find(uint32_t number)
{
    const struct place *place = place_of(number);
    return place == nullptr ? nullptr : place->thread;
}

struct process *process_from(uint32_t number)
{
    for (; number < NUMBERS_MOST; number++) {
        if (leaves[number / LEAF].places == nullptr) {
            number |= LEAF - 1;
            continue;
        }
        struct process *process = leaves[number / LEAF].places[number % LEAF].process;
        if (process != nullptr) {
            return process;
        }
    }
    return nullptr;
}
