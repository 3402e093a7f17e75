// SPDX-License-Identifier: MIT
// One place for each number, in leaves that are made when they are needed. Numbers go round, so that one that was just given
// back is not taken at once.
#include "number.h"

#include "../core/store.h"
#include "process.h"

constexpr uint32_t LEAF = 256;

struct place {
    struct process *process;
    struct thread *thread;
};

static struct place *leaves[NUMBERS_MOST / LEAF];
static uint32_t next = 1;

static struct place *place_of(uint32_t number)
{
    if (number == 0 || number >= NUMBERS_MOST || leaves[number / LEAF] == nullptr) {
        return nullptr;
    }
    return &leaves[number / LEAF][number % LEAF];
}

static struct place *place_make(uint32_t number)
{
    struct place **leaf = &leaves[number / LEAF];
    if (*leaf == nullptr) {
        *leaf = store_take(sizeof(struct place) * LEAF);
    }
    return *leaf == nullptr ? nullptr : &(*leaf)[number % LEAF];
}

static uint32_t find_free(void)
{
    for (uint32_t tried = 1; tried < NUMBERS_MOST; tried++) {
        uint32_t number = next;
        next = next + 1 == NUMBERS_MOST ? 1 : next + 1;
        const struct place *place = place_make(number);
        if (place == nullptr) {
            return 0;
        }
        if (place->process == nullptr && place->thread == nullptr) {
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
    struct place *place = place_of(number);
    if (place == nullptr) {
        return 0;
    }
    place->thread = thread;
    return number;
}

void number_give_thread(uint32_t number)
{
    place_of(number)->thread = nullptr;
}

uint32_t number_take_process(struct process *process)
{
    uint32_t number = find_free();
    if (number != 0) {
        place_of(number)->process = process;
    }
    return number;
}

void number_give_process(uint32_t number)
{
    place_of(number)->process = nullptr;
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
        if (leaves[number / LEAF] == nullptr) {
            number |= LEAF - 1;
            continue;
        }
        struct process *process = leaves[number / LEAF][number % LEAF].process;
        if (process != nullptr) {
            return process;
        }
    }
    return nullptr;
}
