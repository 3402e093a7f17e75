// SPDX-License-Identifier: MIT
// The old value is in the log before the word changes: a process may end between any two
// instructions, but not reorder what it wrote, since the one that follows runs later.
#include "step.h"

static void barrier(void)
{
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
}

void ram_set(struct ram *ram, uint32_t *word, uint32_t value)
{
    if (*word == value) {
        return;
    }
    if (ram->logged == RAM_LOG) {
        __builtin_trap(); // a step is larger than its log: a fault of this program
    }
    ram->log[ram->logged] =
        (struct ram_change){.word = (uint32_t)(word - (uint32_t *)ram), .old = *word};
    barrier();
    ram->logged++;
    barrier();
    *word = value;
}

void ram_set_long(struct ram *ram, uint64_t *word, uint64_t value)
{
    uint32_t *half = (uint32_t *)word;
    ram_set(ram, &half[0], (uint32_t)value);
    ram_set(ram, &half[1], (uint32_t)(value >> 32));
}

void ram_commit(struct ram *ram)
{
    barrier();
    ram->logged = 0;
    barrier();
}

void ram_undo(struct ram *ram)
{
    while (ram->logged > 0) {
        const struct ram_change *change = &ram->log[ram->logged - 1];
        ((uint32_t *)ram)[change->word] = change->old;
        barrier();
        ram->logged--;
    }
}
