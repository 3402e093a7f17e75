// SPDX-License-Identifier: MIT
// Requests and touches of three clients of the memory service, in any order and with any arguments.
// All invariants hold after each, and all memory comes back.
#include "world.h"

#include <stdio.h>
#include <stdlib.h>

#include "input.h"

constexpr uint64_t CLIENTS = 3;
constexpr unsigned STEPS = 64;

static struct world world;

// Mostly a number that makes sense, sometimes any.
static uint64_t small(struct input *input, uint64_t unit)
{
    uint8_t byte = input_byte(input);
    return byte < 240 ? byte % 24 * unit : input_number(input, 8);
}

static void step(struct input *input)
{
    constexpr uint64_t page = STORE_PAGE_SIZE;
    constexpr uint64_t base = 0x4000'0000;
    uint8_t what = input_byte(input);
    size_t client = what / 16 % CLIENTS;
    uint64_t object = small(input, 1);
    uint64_t at = small(input, page);
    uint64_t length = small(input, page);
    struct vmm_view view = {.object = object,
                            .offset = at,
                            .length = length,
                            .address = base + small(input, page),
                            .rights = input_byte(input) % 8};
    switch (what % 10) {
    case 0:
        (void)vmm_create(&world.vmm, client, length);
        break;
    case 1:
        (void)vmm_copy(&world.vmm, client, object);
        break;
    case 2:
        (void)vmm_destroy(&world.vmm, client, object);
        break;
    case 3:
    case 4:
        (void)vmm_map(&world.vmm, client, &view);
        break;
    case 5:
        (void)vmm_unmap(&world.vmm, client, base + at);
        break;
    case 6:
        (void)vmm_commit(&world.vmm, client, object, at, length);
        break;
    case 7:
        world.refusals = (unsigned)(object % 3);
        break;
    default:
        if (world_touch(&world, client, base + at, view.rights).error == KOZO_BAD_STATE) {
            (void)fprintf(stderr, "a touch that is allowed faults for ever\n");
            abort();
        }
        break;
    }
}

static void check(void)
{
    const char *fault = world_check(&world);
    if (fault != nullptr) {
        (void)fprintf(stderr, "%s\n", fault);
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *byte, size_t size)
{
    struct input input = {.byte = byte, .left = size};
    world_start(&world);
    for (size_t i = 0; i < CLIENTS; i++) {
        vmm_come(&world.vmm, i, 20 + 40 * i);
    }
    for (unsigned i = 0; i < STEPS && input.left > 0; i++) {
        step(&input);
        check();
    }
    for (size_t i = 0; i < CLIENTS; i++) {
        vmm_leave(&world.vmm, i);
    }
    check();
    if (world.vmm.store.free != world.vmm.store.count) {
        abort();
    }
    return 0;
}
