// SPDX-License-Identifier: MIT
#include "handle.h"

#include <kozo/board.h>

constexpr uint32_t INDEX_BITS = 13;
static_assert(HANDLES <= 1 << INDEX_BITS);

// Where grants begin, with how many files are open by them.
constexpr size_t ROOTS = 128;

static struct {
    struct handle handle[HANDLES];
    struct handle *free;
    struct handle top[KOZO_BOARD_SESSIONS];
    uint32_t open[KOZO_BOARD_SESSIONS];
    uint64_t moves;
    struct {
        struct node *node;
        uint32_t count;
    } root[ROOTS];
} state;

void handle_start(void)
{
    // The upper bits of a number count its uses; the index is never 0 or 1 alone.
    for (size_t i = HANDLES; i > 0; i--) {
        struct handle *handle = &state.handle[i - 1];
        handle->number = (uint32_t)(1u << INDEX_BITS | (i - 1));
        handle->next = state.free;
        state.free = handle;
    }
    for (size_t place = 0; place < KOZO_BOARD_SESSIONS; place++) {
        state.top[place] = (struct handle){.view = place_top(place), .place = (uint32_t)place};
    }
}

struct handle *handle_find(size_t place, uint64_t number)
{
    if (number == HANDLE_TOP) {
        return &state.top[place];
    }
    struct handle *handle = &state.handle[number & (HANDLES - 1)];
    bool fits = handle->number == number && handle->node != nullptr && handle->place == place;
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

static bool hold_root(struct node *node)
{
    size_t free = ROOTS;
    for (size_t i = 0; i < ROOTS; i++) {
        if (state.root[i].node == node) {
            state.root[i].count++;
            return true;
        }
        free = state.root[i].node == nullptr ? i : free;
    }
    if (free < ROOTS) {
        state.root[free].node = node;
        state.root[free].count = 1;
        node_use(node);
    }
    return free < ROOTS;
}

static void let_root_go(struct node *node)
{
    for (size_t i = 0; i < ROOTS; i++) {
        if (state.root[i].node == node && --state.root[i].count == 0) {
            state.root[i].node = nullptr;
            node_release(node);
        }
    }
}

bool handle_pins(const struct node *folder)
{
    for (size_t i = 0; i < ROOTS; i++) {
        if (state.root[i].node != nullptr && node_lies_in(state.root[i].node, folder)) {
            return true;
        }
    }
    return false;
}

struct handle *handle_open(size_t place, struct node *node, struct node *folder, struct node *root,
                           struct view view)
{
    struct handle *handle = state.free;
    if (handle == nullptr || state.open[place] == HANDLES_OF_SESSION ||
        (root != nullptr && !hold_root(root))) {
        return nullptr;
    }
    state.free = handle->next;
    state.open[place]++;
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
    node_use(node);
    if (folder != nullptr) {
        node_use(folder);
    }
    return handle;
}

void handle_close(struct handle *handle)
{
    struct node *node = handle->node;
    struct node *folder = handle->folder;
    struct node *root = handle->root;
    if (handle->previous != nullptr) {
        handle->previous->next = handle->next;
    } else {
        node->handles = handle->next;
    }
    if (handle->next != nullptr) {
        handle->next->previous = handle->previous;
    }
    state.open[handle->place]--;
    handle->node = nullptr;
    handle->number += 1u << INDEX_BITS;
    if (handle->number >> INDEX_BITS == 0) {
        handle->number += 1u << INDEX_BITS;
    }
    handle->next = state.free;
    state.free = handle;
    node_release(node);
    if (folder != nullptr) {
        node_release(folder);
    }
    if (root != nullptr) {
        let_root_go(root);
    }
}

void handle_close_all(size_t place)
{
    for (size_t i = 0; i < HANDLES && state.open[place] > 0; i++) {
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
            node_use(to);
            node_release(handle->folder);
            handle->folder = to;
        }
    }
}
