// SPDX-License-Identifier: MIT
// The input is a program of system calls, made by whoever runs: each operation of abi/object, with
// handles and arguments that may be anything; and of what may happen in between: faults, timers,
// interrupts, preemption points at any step of work.
#include "kernel_world.h"

#include "kozo/operations.h"

constexpr unsigned STEPS_MOST = 48;

// All operations that there are, and what their handles should lead to.
struct operation {
    uint16_t number;
    uint8_t type;
};
#define OPERATION(number, object, operation, type, ...) {number, type},
static const struct operation operations[] = {KOZO_OPERATIONS(OPERATION)};
constexpr unsigned OPERATIONS = sizeof(operations) / sizeof(operations[0]);

static void decode_call(struct input *input, struct step *step)
{
    uint8_t chosen = input_byte(input);
    struct operation operation = operations[chosen % OPERATIONS];

    step->kind = STEP_CALL;
    step->operation = chosen == UINT8_MAX ? input_number(input, 8) : operation.number;
    step->handle = kernel_world_value(input, (enum kozo_object_type)operation.type);
    unsigned arguments = input_byte(input) % 10;
    for (unsigned i = 0; i < arguments; i++) {
        step->argument[i] = kernel_world_value(input, KOZO_TYPE_NONE);
    }
}

static struct step decode(struct input *input)
{
    uint8_t kind = input_byte(input);
    struct step step = {.work_limit = (kind & 3) == 3 ? 1 + (kind >> 2 & 7) : 1'000};

    if (world_current() == nullptr || kind >= 0xf8) {
        step.kind = STEP_TIMER;
        step.argument[0] = input_number(input, 2);
    } else if (kind >= 0xf4) {
        step.kind = STEP_INTERRUPT;
        step.argument[0] = input_byte(input) % ARCH_INTERRUPTS;
    } else if (kind >= 0xf0) {
        step.kind = STEP_FAULT;
        step.argument[0] = kernel_world_value(input, KOZO_TYPE_NONE);
    } else {
        if ((kind & 0xe0) == 0xc0) {
            kernel_world_fill_buffer(input);
        }
        decode_call(input, &step);
    }
    return step;
}

int LLVMFuzzerTestOneInput(const uint8_t *byte, size_t size)
{
    struct input input = {byte, size};

    kernel_world_begin();
    for (unsigned i = 0; i < STEPS_MOST && input.left > 0; i++) {
        struct step step = decode(&input);
        kernel_world_step(&step);
    }
    kernel_world_end();
    return 0;
}
