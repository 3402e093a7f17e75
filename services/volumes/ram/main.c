// SPDX-License-Identifier: MIT
// The process of a RAM volume. What is in the volume lies in memory that outlives the process, so
// the next life goes on with it.
//
// It is given: `keeps`, the memory.
#include <kozo/clock.h>
#include <kozo/print.h>
#include <kozo/process_info.h>
#include <kozo/start.h>

#include "ram.h"

static struct ram *ram;

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
    return ram_write(ram, node, offset, bytes, length, done, kozo_clock_now());
}

static enum kozo_error list(uint64_t folder, uint64_t from, struct volume_listing *listing)
{
    return ram_list(ram, folder, from, listing);
}

static enum kozo_error make(uint64_t folder, uint32_t kind, uint32_t mode, struct volume_text name,
                            struct volume_text target, uint64_t *node)
{
    return ram_make(ram, folder, kind, mode, name, target, kozo_clock_now(), node);
}

static enum kozo_error link(uint64_t node, uint64_t folder, struct volume_text name)
{
    return ram_link(ram, node, folder, name, kozo_clock_now());
}

static enum kozo_error remove(uint64_t folder, struct volume_text name)
{
    return ram_remove(ram, folder, name, kozo_clock_now());
}

static enum kozo_error rename(uint64_t folder, struct volume_text name, uint64_t target,
                              struct volume_text second)
{
    return ram_rename(ram, folder, name, target, second, kozo_clock_now());
}

static enum kozo_error change(uint64_t node, const struct kozo_node_stat *wanted, uint64_t what)
{
    return ram_change(ram, node, wanted, what, kozo_clock_now());
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
        .forget = forget,
        .forget_all = forget_all,
    };
    (void)argument_count;
    (void)arguments;
    uint64_t size = kozo_granted("keeps.size");
    ram = size > 0 ? ram_open((void *)KOZO_PROCESS_KEPT, size, kozo_clock_now()) : nullptr;
    if (ram == nullptr) {
        kozo_print("it has too little memory for a volume\n");
        return 1;
    }
    return volume_serve(&functions);
}
