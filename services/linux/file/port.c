// SPDX-License-Identifier: MIT
// Sessions with other services.
#include "port.h"

constexpr size_t PORTS_MOST = 4;

static struct port *ports[PORTS_MOST];
static size_t port_count;

bool port_open(struct port *port, const char *name, size_t piece_size)
{
    if (port_count == PORTS_MOST || !kozo_session_open(&port->session, name)) {
        return false;
    }
    size_t pieces = port->session.data_size / piece_size;
    pieces = pieces < PORT_PIECES_MOST ? pieces : PORT_PIECES_MOST;
    if (pieces == 0) {
        return false;
    }
    port->free = UINT64_MAX >> (PORT_PIECES_MOST - pieces);
    port->piece_size = piece_size;
    port->open = true;
    ports[port_count++] = port;
    return true;
}

static void complete(struct port *port, struct pending **place, const struct kozo_entry *entry)
{
    struct pending *pending = *place;
    *place = pending->next;
    pending->number = 0;
    pending->entry = *entry;
    if (pending->completed != nullptr) {
        pending->completed(pending);
    } else {
        (void)wait_wake(&port->completions, SIZE_MAX);
    }
}

static struct pending **find(struct port *port, uint64_t number)
{
    struct pending **place = &port->first;
    while (*place != nullptr && (*place)->number != number) {
        place = &(*place)->next;
    }
    return place;
}

uint32_t port_life(const struct port *port)
{
    return __atomic_load_n(&port->session.page->life, __ATOMIC_ACQUIRE);
}

// One whose service has begun a new life. Requests that were called do not have the life in their numbers.
static struct pending **find_lost(struct port *port)
{
    struct pending **place = &port->first;
    while (*place != nullptr && (*place)->life == port_life(port)) {
        place = &(*place)->next;
    }
    return place;
}

static void look(struct port *port)
{
    struct kozo_entry entry;
    while (kozo_session_next(&port->session, &entry)) {
        struct pending **place = find(port, entry.number);
        if (*place != nullptr) {
            complete(port, place, &entry);
        }
    }
    const struct kozo_entry none = {.label = KOZO_NO_REPLY};
    struct pending **lost = nullptr;
    while (*(lost = find_lost(port)) != nullptr) {
        complete(port, lost, &none);
    }
}

void ports_rung(uint64_t bits)
{
    (void)bits;
    for (size_t i = 0; i < port_count; i++) {
        look(ports[i]);
    }
}

void port_note(struct port *port, struct pending *pending, uint64_t number)
{
    pending->number = number;
    pending->life = port_life(port);
    pending->next = port->first;
    port->first = pending;
    // It may have completed since it was answered.
    look(port);
}

struct kozo_entry port_wait(struct port *port, uint64_t number)
{
    struct pending pending = {};
    port_note(port, &pending, number);
    while (pending.number != 0) {
        struct wait wait = {};
        wait_enter(&wait, &port->completions);
        (void)wait_through(NO_DEADLINE);
        wait_leave(&wait);
    }
    return pending.entry;
}

bool port_wait_any(struct port *port)
{
    if (port->first == nullptr) {
        return false;
    }
    struct wait wait = {};
    wait_enter(&wait, &port->completions);
    (void)wait_through(NO_DEADLINE);
    wait_leave(&wait);
    return true;
}

uint64_t port_piece_take(struct port *port)
{
    while (port->free == 0) {
        struct wait wait = {};
        wait_enter(&wait, &port->free_pieces);
        (void)wait_through(NO_DEADLINE);
        wait_leave(&wait);
    }
    uint64_t piece = (uint64_t)__builtin_ctzll(port->free);
    port->free &= port->free - 1;
    return piece * port->piece_size;
}

void port_piece_give(struct port *port, uint64_t at)
{
    port->free |= UINT64_C(1) << at / port->piece_size;
    (void)wait_wake(&port->free_pieces, 1);
}
