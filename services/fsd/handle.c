// SPDX-License-Identifier: MIT
#include "handle.h"

#include "quota.h"
#include "table.h"

constexpr uint32_t INDEX_BITS = 14;
static_assert(HANDLES <= 1 << INDEX_BITS);

constexpr size_t NODES_OF_HANDLE = 3; // itself, its folder, the beginning of its grant

constexpr unsigned LIFE_AT = 32; // in a session's number; the number within the life is below

static struct {
    uint64_t life;
    struct handle *handle;
    struct table handles;
    struct handle *free;
    struct handle top[PLACE_SESSIONS];
    uint64_t moves;
} state;

void handle_renew(size_t session)
{
    state.top[session] = (struct handle){.view = place_top(session), .place = (uint32_t)session};
}

void handle_start(uint32_t life)
{
    state.life = life;
    table_start(&state.handles, TABLE_HANDLES, sizeof(struct handle), HANDLES);
    state.handle = (struct handle *)state.handles.items;
    quota_set(QUOTA_OPEN, HANDLES);
    for (size_t place = 0; place < KOZO_BOARD_SESSIONS; place++) {
        handle_renew(place);
    }
}

uint64_t handle_number(const struct handle *handle)
{
    return state.life << LIFE_AT | handle->number;
}

struct handle *handle_find(size_t place, uint64_t number)
{
    if (number == HANDLE_TOP) {
        return &state.top[place];
    }
    uint64_t index = number & ((1u << INDEX_BITS) - 1);
    if (index >= state.handles.made) {
        return nullptr;
    }
    struct handle *handle = &state.handle[index];
    bool fits =
        handle_number(handle) == number && handle->node != nullptr && handle->place == place;
    return fits ? handle : nullptr;
}

bool handle_is_valid(struct handle *handle)
{
    if (handle->root == nullptr || handle->moves == state.moves) {
        return true;
    }
    const struct node *start =
        handle->node->kind == KOZO_NODE_FOLDER ? handle->node : handle->folder;
    if (handle->node != handle->root && (start == nullptr || !node_lies_in(start, handle->root))) {
        return false;
    }
    handle->view.mask = 0; // what lies further down was moved too
    handle->moves = state.moves;
    return true;
}

// A free handle; null when there are too many.
static struct handle *free_handle(void)
{
    if (state.free != nullptr) {
        return state.free;
    }
    struct handle *handle = table_new(&state.handles);
    if (handle != nullptr) {
        // The upper bits of a number count its uses; the index is never 0 or 1 alone.
        handle->number = 1u << INDEX_BITS | (uint32_t)(handle - state.handle);
        state.free = handle;
    }
    return handle;
}

static void let_go(size_t place, struct node *const nodes[NODES_OF_HANDLE], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (nodes[i] != nullptr) {
            node_let_go(nodes[i], place);
        }
    }
}

// All of them, or none.
static bool hold_all(size_t place, struct node *const nodes[NODES_OF_HANDLE])
{
    for (size_t i = 0; i < NODES_OF_HANDLE; i++) {
        if (nodes[i] != nullptr && !node_may_hold(nodes[i], place)) {
            let_go(place, nodes, i);
            return false;
        }
        if (nodes[i] != nullptr) {
            node_hold(nodes[i], place);
        }
    }
    return true;
}

struct handle *handle_open(size_t place, struct node *node, struct node *folder, struct node *root,
                           struct view view)
{
    struct node *const nodes[] = {node, folder, root};
    if (!quota_has(QUOTA_OPEN, place, 1)) {
        return nullptr;
    }
    struct handle *handle = free_handle();
    if (handle == nullptr || !hold_all(place, nodes)) {
        return nullptr;
    }
    quota_take(QUOTA_OPEN, place, 1);
    state.free = handle->next;
    *handle = (struct handle){
        .node = node,
        .folder = folder,
        .root = root,
        .view = view,
        .number = handle->number,
        .place = (uint32_t)place,
        .moves = state.moves,
        .next = node->handles,
    };
    if (node->handles != nullptr) {
        node->handles->previous = handle;
    }
    node->handles = handle;
    if (root != nullptr) {
        node_pin(root);
    }
    return handle;
}

void handle_close(struct handle *handle)
{
    struct node *node = handle->node;
    struct node *const nodes[] = {node, handle->folder, handle->root};
    if (handle->previous != nullptr) {
        handle->previous->next = handle->next;
    } else {
        node->handles = handle->next;
    }
    if (handle->next != nullptr) {
        handle->next->previous = handle->previous;
    }
    quota_give(QUOTA_OPEN, handle->place, 1);
    handle->node = nullptr;
    handle->number += 1u << INDEX_BITS;
    if (handle->number >> INDEX_BITS == 0) {
        handle->number += 1u << INDEX_BITS;
    }
    handle->next = state.free;
    state.free = handle;
    if (handle->root != nullptr) {
        node_unpin(handle->root);
    }
    let_go(handle->place, nodes, NODES_OF_HANDLE);
}

bool handle_is_open(size_t place, const struct node *node)
{
    const struct handle *handle = node->handles;
    while (handle != nullptr && handle->place != place) {
        handle = handle->next;
    }
    return handle != nullptr;
}

void handle_close_all(size_t place)
{
    for (size_t i = 0; i < state.handles.made && quota_held(QUOTA_OPEN, place) > 0; i++) {
        if (state.handle[i].node != nullptr && state.handle[i].place == place) {
            handle_close(&state.handle[i]);
        }
    }
}

void handle_moved(struct node *node, const struct node *from, struct node *to)
{
    state.moves++;
    for (struct handle *handle = node->handles; handle != nullptr; handle = handle->next) {
        if (handle->folder == from) {
            node_hold(to, handle->place);
            node_let_go(handle->folder, handle->place);
            handle->folder = to;
        }
    }
}
