// SPDX-License-Identifier: MIT
// Capabilities that come with answers.
#include "receive.h"

#include "objects.h"

#include <kozo/protocol.h>

uint64_t receive_begin(void)
{
    uint64_t slot = objects_slot();
    struct kozo_ipc_buffer *buffer = kozo_ipc_buffer();
    buffer->receive_slot = slot;
    buffer->receive_count = slot != 0 ? 1 : 0;
    return slot;
}

void receive_end(void)
{
    kozo_ipc_buffer()->receive_slot = 0;
}

void receive_drop(uint64_t slot)
{
    // An empty slot has nothing to delete.
    (void)kozo_cnode_delete((struct kozo_slot){slot});
    objects_slot_give(slot);
}
