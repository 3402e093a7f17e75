// SPDX-License-Identifier: MIT
#include "object/io_port.h"

#include "syscall/call.h"

static bool is_in_range(const struct slot *ports, uint64_t port, uint64_t width)
{
    bool width_exists = width == 1 || width == 2 || width == 4;

    return ARCH_HAS_PORTS && width_exists && port >= ports->value &&
           port - ports->value < ports->size && width <= ports->size - (port - ports->value);
}

enum kozo_error io_port_read_call(struct call *call)
{
    if (!is_in_range(call->slot, call->argument[0], call->argument[1])) {
        return KOZO_BAD_ARGUMENT;
    }

    call->argument[0] = arch_port_read((uint16_t)call->argument[0], (unsigned)call->argument[1]);
    return KOZO_OK;
}

enum kozo_error io_port_write_call(struct call *call)
{
    if (!is_in_range(call->slot, call->argument[0], call->argument[1])) {
        return KOZO_BAD_ARGUMENT;
    }

    arch_port_write((uint16_t)call->argument[0], (unsigned)call->argument[1],
                    (uint32_t)call->argument[2]);
    return KOZO_OK;
}
