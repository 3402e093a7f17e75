// SPDX-License-Identifier: MIT
// The process of a RAM volume. What is in the volume lies in memory that outlives the process, so
// the next life goes on with it. It takes that memory when files need it, and gives back what has held
// nothing for some seconds, or at once when memory runs short.
//
// It is given: `keeps up to`, the memory; and it asks the service `clock` for the date.
#include <kozo/clock.h>
#include <kozo/print.h>
#include <kozo/process_info.h>
#include <kozo/start.h>
#include <kozo/wall.h>

#include "items.h"
#include "ram.h"

constexpr struct kozo_endpoint PARENT = {KOZO_PROCESS_PARENT};
constexpr unsigned LOOKS = 10; // two a second

static struct ram *ram;

static struct {
    unsigned looks;
    uint32_t least; // pieces that held nothing, at any of them
} spare = {.least = UINT32_MAX};

// --- Memory -------------------------------------------------------------------------------------

bool room_take(uint64_t offset, uint64_t size)
{
    enum kozo_error error = kozo_supply_take(PARENT, KOZO_PROCESS_KEPT + offset, size);
    return error == KOZO_OK || error == KOZO_SLOT_TAKEN;
}

void room_give(uint64_t offset)
{
    (void)kozo_supply_give(PARENT, KOZO_PROCESS_KEPT + offset);
}

// What was spare all the time goes back.
static void give_spare(void)
{
    uint32_t now = ram_spare(ram);
    spare.least = now < spare.least ? now : spare.least;
    if (++spare.looks >= LOOKS) {
        ram_shrink(ram, spare.least);
        spare.looks = 0;
        spare.least = UINT32_MAX;
    }
}

static void pressed(void)
{
    ram_shrink(ram, UINT32_MAX);
}

// --- The date -----------------------------------------------------------------------------------

static uint64_t date(void)
{
    uint64_t wall = kozo_wall_now();
    return wall != 0 ? wall : kozo_clock_now();
}

// The root of a new volume was made before the date was known.
static void date_root(void)
{
    constexpr uint64_t some_date = 1'000'000'000'000'000'000; // in 2001
    struct kozo_node_stat root = {};
    uint64_t node = ram_root(ram);
    if (ram_stat(ram, node, &root) == KOZO_OK && root.modified < some_date) {
        root.modified = date();
        root.accessed = root.modified;
        (void)ram_change(ram, node, &root, KOZO_CHANGE_MODIFIED | KOZO_CHANGE_ACCESSED, date());
    }
}

static void hear_date(void)
{
    static bool known;
    if (!known && kozo_wall_hear()) {
        known = true;
        date_root();
    }
}

static void signalled(uint64_t bits)
{
    (void)bits;
    hear_date();
}

static void looked(void)
{
    hear_date();
    give_spare();
}

// --- The volume ---------------------------------------------------------------------------------

static void describe(struct volume_space *space)
{
    ram_space(ram, space);
}

static enum kozo_error look(uint64_t folder, struct volume_text name, uint64_t *node,
                            uint32_t *kind)
{
    return ram_look(ram, folder, name, node, kind);
}

static enum kozo_error stat(uint64_t node, struct kozo_node_stat *result)
{
    return ram_stat(ram, node, result);
}

static enum kozo_error read(uint64_t node, uint64_t offset, uint8_t *bytes, size_t length,
                            size_t *done)
{
    return ram_read(ram, node, offset, bytes, length, done);
}

static enum kozo_error write(uint64_t node, uint64_t offset, const uint8_t *bytes, size_t length,
                             size_t *done)
{
    return ram_write(ram, node, offset, bytes, length, done, date());
}

static enum kozo_error list(uint64_t folder, uint64_t from, struct volume_listing *listing)
{
    return ram_list(ram, folder, from, listing);
}

static enum kozo_error make(uint64_t folder, uint32_t kind, uint32_t mode, struct volume_text name,
                            struct volume_text target, uint64_t *node)
{
    return ram_make(ram, folder, kind, mode, name, target, date(), node);
}

static enum kozo_error link(uint64_t node, uint64_t folder, struct volume_text name)
{
    return ram_link(ram, node, folder, name, date());
}

static enum kozo_error remove(uint64_t folder, struct volume_text name)
{
    return ram_remove(ram, folder, name, date());
}

static enum kozo_error rename(uint64_t folder, struct volume_text name, uint64_t target,
                              struct volume_text second)
{
    return ram_rename(ram, folder, name, target, second, date());
}

static enum kozo_error change(uint64_t node, const struct kozo_node_stat *wanted, uint64_t what)
{
    return ram_change(ram, node, wanted, what, date());
}

static enum kozo_error attribute(uint64_t node, struct volume_text name, uint8_t *bytes,
                                 size_t room, size_t *size)
{
    return ram_attribute(ram, node, name, bytes, room, size);
}

static enum kozo_error attributes(uint64_t node, uint8_t *bytes, size_t room, size_t *size)
{
    return ram_attributes(ram, node, bytes, room, size);
}

static enum kozo_error set_attribute(uint64_t node, struct volume_text name,
                                     struct volume_text value, uint64_t way)
{
    return ram_set_attribute(ram, node, name, value, way, date());
}

static enum kozo_error remove_attribute(uint64_t node, struct volume_text name)
{
    return ram_remove_attribute(ram, node, name, date());
}

static void pay(uint32_t account, uint32_t most)
{
    ram_pay(ram, account, most);
}

static void forget(uint64_t node)
{
    ram_forget(ram, node);
}

static void forget_all(void)
{
    ram_forget_all(ram);
}

int main(int argument_count, char **arguments)
{
    static const struct volume_functions functions = {
        .describe = describe,
        .look = look,
        .stat = stat,
        .read = read,
        .write = write,
        .list = list,
        .make = make,
        .link = link,
        .remove = remove,
        .rename = rename,
        .change = change,
        .attribute = attribute,
        .attributes = attributes,
        .set_attribute = set_attribute,
        .remove_attribute = remove_attribute,
        .pay = pay,
        .forget = forget,
        .forget_all = forget_all,
        .signalled = signalled,
        .looked = looked,
        .pressed = pressed,
    };
    (void)argument_count;
    (void)arguments;
    uint64_t size = kozo_granted("keeps.size");
    ram = size > 0 ? ram_open((void *)KOZO_PROCESS_KEPT, size, date()) : nullptr;
    if (ram == nullptr) {
        kozo_print("it has too little memory for a volume\n");
        return 1;
    }
    (void)kozo_wall_ask("clock");
    return volume_serve(&functions);
}
