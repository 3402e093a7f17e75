// SPDX-License-Identifier: MIT
// init, the first program: takes over what the kernel hands out, reads the initrd, starts the
// services, and carries out commands, from a person at the prompt or one from the runner.
//
// Whatever is wrong with the initrd is said in one line, and the prompt comes all the same.
#include <kozo/clock.h>
#include <kozo/machine.h>
#include <kozo/start.h>
#include <string.h>

#include "clock.h"
#include "commands/commands.h"
#include "init.h"
#include "port.h"
#include "power.h"

constexpr uint64_t BOOT_MAGIC = 0x6f666e696f7a6f6b; // "kozoinfo"
constexpr char SYSTEM_FILE[] = "system";            // the system description in the initrd
constexpr uint64_t WINDOW_ALIGNMENT = 0x200000;     // so that the window has page tables of its own

static struct init state;

void init_die(struct init *init, const char *reason)
{
    if (init->terminal.kind == TERMINAL_SERVICE) {
        terminal_start(init);
    }
    say(init, "init: can't go on: %s\n", reason);
    kozo_abort();
}

uint64_t init_slot(struct init *init)
{
    uint64_t slot = kozo_slots_take(&init->slots, 1);
    if (slot == 0) {
        init_die(init, "its CNode is full");
    }
    return slot;
}

uint64_t init_object(struct init *init, enum kozo_object_type type)
{
    static struct kozo_taken memory;
    constexpr unsigned order = 16; // all objects of init itself come out of one piece
    if (memory.slot == 0) {
        memory = kozo_memory_take(&init->memory, order);
    }
    uint64_t slot = init_slot(init);
    if (memory.slot == 0 || kozo_untyped_retype((struct kozo_untyped){memory.slot}, type, 0,
                                                (struct kozo_slot){slot}, 1) != KOZO_OK) {
        kozo_slots_give(&init->slots, slot, 1);
        return 0;
    }
    return slot;
}

struct kozo_cpio_entry init_file(const struct init *init, const char *name)
{
    return kozo_cpio_find((const void *)init->boot->initrd_address, init->initrd_size, name);
}

uint64_t init_random(const struct init *init)
{
    // The seed of the launcher where there is one; otherwise only the time tells two runs apart.
    return (init->boot->random[0] ^ kozo_ticks()) * 0x9e3779b97f4a7c15;
}

// --- Start --------------------------------------------------------------------------------------

static unsigned bits_of(uint64_t count)
{
    return kozo_order_of(count);
}

// Learns what init may use.
static void take_over(struct init *init, const struct kozo_boot_info *boot)
{
    size_t slots = boot->slot_count < INIT_SLOTS ? boot->slot_count : INIT_SLOTS;
    init->boot = boot;
    kozo_slots_start(&init->slots, init->slot_words, boot->free_slot, slots);
    kozo_memory_start(&init->memory, &init->slots, &kozo_memory_kernel);
    init->home = (struct kozo_home){
        .slots = &init->slots,
        .memory = &init->memory,
        .cnode_bits = bits_of(boot->slot_count),
        .space = {KOZO_BOOT_SLOT_ADDRESS_SPACE},
        .pool = {KOZO_BOOT_SLOT_POOL},
        .time = {KOZO_BOOT_SLOT_SCHED_CONTROL},
        .window = (boot->init_end + WINDOW_ALIGNMENT - 1) & ~(WINDOW_ALIGNMENT - 1),
        .tsc_frequency = boot->tsc_frequency,
    };
    for (size_t i = 0; i < boot->untyped_count; i++) {
        const struct kozo_boot_untyped *untyped = &boot->untyped[i];
        if (untyped->device == 0) {
            (void)kozo_memory_add(&init->memory, untyped->handle, untyped->base, untyped->size);
        }
    }
}

// Walks the whole initrd once, so that a damaged one is noticed at once. What comes before the
// damage is not used either.
static void check_initrd(struct init *init)
{
    const struct kozo_boot_info *boot = init->boot;
    struct kozo_cpio cpio = {
        .data = (const uint8_t *)boot->initrd_address,
        .size = boot->initrd_size,
    };
    if (boot->initrd_address == 0) {
        say(init, "init: there is no initrd\n");
        return;
    }
    if (boot->initrd_size == 0) {
        say(init, "init: the initrd is empty\n");
        return;
    }
    size_t files = 0;
    while (true) {
        struct kozo_cpio_entry entry = kozo_cpio_next(&cpio);
        if (entry.step == KOZO_CPIO_DAMAGED) {
            say(init, "init: the initrd is damaged at byte %zu: %s\n", cpio.offset, entry.reason);
            return;
        }
        if (entry.step == KOZO_CPIO_END) {
            break;
        }
        files += entry.file ? 1 : 0;
    }
    if (files == 0) {
        say(init, "init: the initrd holds no files\n");
        return;
    }
    init->initrd_size = boot->initrd_size;
}

static void read_system(struct init *init)
{
    static const struct kozo_system none;
    init->system = &none;
    if (init->initrd_size == 0) {
        return; // it was said
    }
    struct kozo_cpio_entry file = init_file(init, SYSTEM_FILE);
    if (file.step != KOZO_CPIO_ENTRY) {
        say(init, "init: the initrd has no system description\n");
        return;
    }
    const char *reason = kozo_system_check(file.data, file.size);
    if (reason != nullptr) {
        say(init, "init: the system description can't be used: %s\n", reason);
        return;
    }
    init->system = (const struct kozo_system *)file.data;
}

// Starts what the description says. Without a terminal service the prompt is at the polled port.
static void start_services(struct init *init)
{
    physical_start(&init->platform.registers, init);
    supply_start(init);
    const char *reason = processes_start(init);
    if (reason == nullptr) {
        reason = clock_start(init);
    }
    if (reason == nullptr) {
        reason = services_start(init);
    }
    if (reason != nullptr) {
        say(init, "init: %s\n", reason);
    }
}

// --- Work ---------------------------------------------------------------------------------------

// Carries out the command that the runner gave, and turns the machine off.
[[noreturn]] static void carry_out(struct init *init)
{
    const struct control *control = &init->terminal.control;
    int status = commands_run(init, control->command, control->expected);
    terminal_tell_status(init, status);
    const char *reason = power_off(init);
    terminal_start(init);
    init_die(init, reason);
}

[[noreturn]] static void serve_person(struct init *init)
{
    while (true) {
        struct terminal_line line = terminal_read_line(init, "Init> ");
        if (line.end == TERMINAL_CLOSED) {
            say(init, "init: turning the machine off\n");
            say(init, "init: %s\n", power_off(init));
        } else if (line.end == TERMINAL_LINE) {
            (void)commands_run(init, line.text, line.length);
        }
    }
}

[[clang::no_stack_protector]]
void kozo_start(const void *info, struct kozo_ipc_buffer *buffer)
{
    const struct kozo_boot_info *boot = info;
    struct init *init = &state;
    kozo_library_start(buffer, boot->random[1] ^ kozo_ticks());
    kozo_clock_start(boot->tsc_frequency);
    port_clock(boot->tsc_frequency);
    terminal_start(init);
    if (boot->magic != BOOT_MAGIC || boot->version != KOZO_VERSION) {
        init_die(init, "the kernel speaks another version of the boundary");
    }
    take_over(init, boot);
    check_initrd(init);
    audit_start(init);
    read_system(init);
    start_services(init);
    // How long a runner takes to answer is no matter of ours.
    init->prompt_ticks = kozo_ticks();
    bool command = terminal_ask_runner(init);
    if (command) {
        carry_out(init);
    }
    serve_person(init);
}
