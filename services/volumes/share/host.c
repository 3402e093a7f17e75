// SPDX-License-Identifier: MIT
#include "host.h"

#include "job.h"

// Tags: those of jobs are their numbers, then comes that of the root, and those of messages that nobody waits for.
constexpr uint16_t TAG_CLOSES = HOST_TAG_ROOT + 1;
constexpr size_t CLOSES = 16; // under way at a time
constexpr size_t WAITING = 3 * NODES + JOBS;

struct host host;

// The host's files that are not needed any more.
static struct {
    uint32_t under_way; // one bit for each tag of them that is in use
    size_t count;
    uint32_t waiting[WAITING];
} closing;

uint32_t host_new_file(void)
{
    host.file = host.file + 1 == NINE_NO_FILE ? 1 : host.file + 1;
    return host.file;
}

struct wire_writer host_begin(size_t most)
{
    uint8_t *bytes = host.link->room(most);
    return (struct wire_writer){.bytes = bytes, .used = NINE_HEADER, .size = most};
}

void host_end(struct wire_writer *out, enum nine_request type, uint16_t tag)
{
    wire_patch(out, 0, out->used, 4);
    wire_patch(out, 4, type, 1);
    wire_patch(out, 5, tag, 2);
    host.link->put(out->used);
}

void host_close_more(void)
{
    constexpr size_t SIZE = NINE_HEADER + 4;
    if (!host.ready) {
        return;
    }
    for (uint16_t i = 0; i < CLOSES && closing.count > 0; i++) {
        if ((closing.under_way >> i & 1) != 0) {
            continue;
        }
        struct wire_writer out = host_begin(SIZE);
        if (out.bytes == nullptr) {
            return;
        }
        wire_write(&out, closing.waiting[--closing.count], 4);
        host_end(&out, NINE_CLUNK, TAG_CLOSES + i);
        closing.under_way |= 1U << i;
    }
}

void host_close(uint32_t file)
{
    // There is a place for each number there can be. Were there not, the host would keep one too many.
    if (file != NINE_NO_FILE && closing.count < WAITING) {
        closing.waiting[closing.count++] = file;
        host_close_more();
    }
}

bool host_close_node(struct node *node)
{
    bool open = node->read != NINE_NO_FILE || node->write != NINE_NO_FILE;
    host_close(node->read);
    if (node->write != node->read) {
        host_close(node->write);
    }
    node->read = NINE_NO_FILE;
    node->write = NINE_NO_FILE;
    return open;
}

void host_forget(struct node *node)
{
    host_close(node->walk);
    (void)host_close_node(node);
    node_remove(node);
}

bool host_closed(uint16_t tag)
{
    uint16_t number = tag - TAG_CLOSES;
    if (tag < TAG_CLOSES || number >= CLOSES || (closing.under_way >> number & 1) == 0) {
        return false;
    }
    closing.under_way &= ~(1U << number);
    host_close_more();
    return true;
}

void host_lose(void)
{
    host.ready = false;
    closing.count = 0;
    closing.under_way = 0;
}
