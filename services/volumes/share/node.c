// SPDX-License-Identifier: MIT
#include "node.h"

#include "nine.h"

constexpr uint64_t MOVED = 1ull << 63; // for the two numbers that have a meaning of their own
constexpr size_t BUCKETS = 2048;
constexpr uint16_t NONE = UINT16_MAX;

static struct {
    uint16_t free;
    uint16_t bucket[BUCKETS];
    struct node node[NODES];
} state;

static size_t bucket_of(uint64_t number)
{
    return (number ^ number >> 11 ^ number >> 48) % BUCKETS;
}

void node_start(void)
{
    for (size_t i = 0; i < BUCKETS; i++) {
        state.bucket[i] = NONE;
    }
    for (size_t i = 0; i < NODES; i++) {
        state.node[i] = (struct node){.next = i + 1 < NODES ? (uint16_t)(i + 1) : NONE};
    }
    state.free = 0;
}

struct node *node_find(uint64_t number)
{
    uint16_t at = state.bucket[bucket_of(number)];
    while (at != NONE && state.node[at].number != number) {
        at = state.node[at].next;
    }
    return at == NONE || number == 0 ? nullptr : &state.node[at];
}

struct node *node_get(uint64_t number, uint32_t kind)
{
    struct node *node = node_find(number);
    if (node != nullptr || state.free == NONE) {
        return node;
    }
    uint16_t *bucket = &state.bucket[bucket_of(number)];
    uint16_t at = state.free;
    node = &state.node[at];
    state.free = node->next;
    *node = (struct node){
        .number = number,
        .kind = kind,
        .walk = NINE_NO_FILE,
        .read = NINE_NO_FILE,
        .write = NINE_NO_FILE,
        .next = *bucket,
    };
    *bucket = at;
    return node;
}

void node_remove(struct node *node)
{
    uint16_t own = (uint16_t)(node - state.node);
    uint16_t *link = &state.bucket[bucket_of(node->number)];
    while (*link != own) {
        link = &state.node[*link].next;
    }
    *link = node->next;
    *node = (struct node){.next = state.free};
    state.free = own;
}

uint64_t node_number(uint64_t host)
{
    return host <= NODE_ROOT ? host | MOVED : host;
}

struct node *node_next(size_t *place)
{
    while (*place < NODES) {
        struct node *node = &state.node[(*place)++];
        if (node->number != 0) {
            return node;
        }
    }
    return nullptr;
}
