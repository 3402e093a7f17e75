// SPDX-License-Identifier: MIT
// What memory there is, who has it, and the Untyped memory that init was given; and having services give
// back what they can do without, as when memory runs short.
#include <kozo/format.h>
#include <kozo/machine.h>

#include "commands.h"
#include "init.h"

struct size_text {
    char text[24];
};

// A size in KiB or MiB, with one digit behind the point.
static struct size_text in_words(uint64_t bytes)
{
    struct size_text size;
    bool large = bytes >= 1 << 20;
    uint64_t tenths = large ? bytes / 1024 * 10 / 1024 : bytes * 10 / 1024;
    kozo_format(size.text, sizeof size.text, "%lu.%lu %s", tenths / 10, tenths % 10,
                large ? "MiB" : "KiB");
    return size;
}

static void say_size(struct init *init, const char *name, uint64_t bytes)
{
    say(init, "%-10s %14s\n", name, in_words(bytes).text);
}

int command_mem(struct init *init, const struct call *call)
{
    (void)call;
    const struct kozo_boot_info *boot = init->boot;
    say_size(init, "total", boot->memory_total);
    say_size(init, "kernel", boot->memory_kernel);
    uint64_t used = init->memory.total - init->memory.free;
    say_size(init, "in use", used);
    say_size(init, "on demand", init->supplies.bytes);
    say_size(init, "other", used - init->supplies.bytes);
    say_size(init, "free", init->memory.free);
    say_size(init, "lost", boot->memory_lost);
    // Those of halves of memory, and of what services took when they needed it, stand apart: all others
    // come back with what they were for.
    size_t apart = init->memory.halves + init->supplies.count * SUPPLY_SLOTS;
    say(init, "%-10s %14zu of %zu\n", "slots", init->slots.used - apart, init->slots.count);
    say(init, "%-10s %14zu\n", "halves", init->memory.halves);
    for (size_t i = 0; i < boot->untyped_count; i++) {
        const struct kozo_boot_untyped *untyped = &boot->untyped[i];
        say(init, "untyped    %14s at 0x%lx%s\n", in_words(untyped->size).text, untyped->base,
            untyped->device != 0 ? ", device" : "");
    }
    return 0;
}

int command_trim(struct init *init, const struct call *call)
{
    uint64_t deadline = kozo_ticks() + init->boot->tsc_frequency / 2;
    (void)call;
    supply_press(init);
    while (init->clock.handle != 0 && kozo_ticks() < deadline) {
        events_wait(init);
    }
    return 0;
}
