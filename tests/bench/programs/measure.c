// SPDX-License-Identifier: MIT
#include "measure.h"

#include <kozo/machine.h>
#include <kozo/print.h>

// Kept short, so that no turn of the thread ends inside of it.
constexpr uint64_t CALIBRATION_TURNS = 100'000;

static uint64_t median(uint64_t *ticks, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        uint64_t moved = ticks[i];
        size_t at = i;
        for (; at > 0 && ticks[at - 1] > moved; at--) {
            ticks[at] = ticks[at - 1];
        }
        ticks[at] = moved;
    }
    return ticks[count / 2];
}

volatile uint64_t measure_began;

struct round {
    enum kozo_error error;
    uint64_t ticks;
};

[[clang::noinline]]
static struct round time_round(measure_step *operation)
{
    uint64_t start = kozo_ticks();
    enum kozo_error error = operation();
    uint64_t end = kozo_ticks();
    if (measure_began != 0) {
        start = measure_began;
        measure_began = 0;
    }
    return (struct round){.error = error, .ticks = end - start};
}

static enum kozo_error do_nothing(void)
{
    return KOZO_OK;
}

// Two instructions a turn.
static enum kozo_error loop(void)
{
    uint64_t turns = CALIBRATION_TURNS;
    __asm__ volatile("1: dec %0; jnz 1b" : "+r"(turns) : : "cc");
    return KOZO_OK;
}

// What became of a row; `step` is null when it was measured.
struct result {
    const char *step;
    enum kozo_error error;
    uint64_t ticks;
};

static enum kozo_error step(measure_step *function)
{
    return function == nullptr ? KOZO_OK : function();
}

static struct result measure_row(const struct measure_row *row)
{
    uint64_t ticks[MEASURE_ROUNDS];
    enum kozo_error error = step(row->begin);
    if (error != KOZO_OK) {
        return (struct result){.step = "begin", .error = error};
    }
    for (size_t i = 0; i < row->rounds; i++) {
        error = step(row->prepare);
        if (error != KOZO_OK) {
            return (struct result){.step = "prepare", .error = error};
        }
        struct round round = time_round(row->operation);
        if (round.error != KOZO_OK) {
            return (struct result){.step = "operation", .error = round.error};
        }
        ticks[i] = round.ticks;
        error = step(row->finish);
        if (error != KOZO_OK) {
            return (struct result){.step = "finish", .error = error};
        }
    }
    return (struct result){.ticks = median(ticks, row->rounds)};
}

static uint64_t empty; // what doing nothing takes

size_t measure_more(const struct measure_row *rows, size_t count)
{
    size_t lost = 0;

    for (size_t i = 0; i < count; i++) {
        struct result result = measure_row(&rows[i]);
        if (result.step == nullptr) {
            kozo_printf("row %s %lu %lu\n", rows[i].name, result.ticks - empty, rows[i].count);
        } else {
            kozo_printf("lost %s %s %u\n", rows[i].name, result.step, (unsigned)result.error);
            lost++;
        }
    }
    return lost;
}

size_t measure(const struct measure_row *rows, size_t count)
{
    const struct measure_row nothing = {.rounds = MEASURE_ROUNDS, .operation = do_nothing};
    const struct measure_row known = {.rounds = MEASURE_ROUNDS, .operation = loop};

    empty = measure_row(&nothing).ticks;
    kozo_printf("calibration %lu %lu\n", measure_row(&known).ticks - empty, 2 * CALIBRATION_TURNS);
    return measure_more(rows, count);
}
