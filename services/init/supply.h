// SPDX-License-Identifier: MIT
// Memory that programs take when they need it (abi/proto/supply.abi), piece by piece.
//
// A piece is a Frame in memory of its own, and shown to the program by init: so a program needs
// neither its AddressSpace for that nor page tables of its own. Pieces belong to a process, and end
// with it, or to a service, which finds them again in its next life.
//
//   take ──▶ there, seen ──▶ give            of a service also: there, not seen (between its lives)
//
// Page tables for what is shown come out of pieces that have no place. Memory that runs short is told
// to all services by their boards; who asked is refused all the same, and may ask again.
#pragma once

#include <kozo/memory.h>
#include <kozo/protocol.h>

struct init;
struct process;
struct service;

constexpr size_t SUPPLY_PIECES = 512;
constexpr size_t SUPPLY_SLOTS = 2; // of a piece

struct supply_piece {
    uint64_t address;        // where it is seen; 0 for page tables
    uint64_t size;           // bytes
    uint64_t frame;          // slot of it; that of its Mapping comes next
    struct kozo_taken taken; // the memory that it is made of
    uint16_t next;           // of the same owner, or of free ones; 0 for none
};

// What one owner has. All zeros: nothing.
struct supply {
    uint16_t first;
    uint64_t used; // bytes, page tables left out
};

struct supplies {
    uint16_t free;
    size_t count;   // pieces that there are
    uint64_t bytes; // in them
    struct supply_piece piece[SUPPLY_PIECES];
};

void supply_start(struct init *init);

// Maps a part of a Frame for a process, and gives it page tables when those that it has do not do.
[[nodiscard]] enum kozo_error supply_show(struct init *init, struct process *process,
                                          struct kozo_frame frame, struct kozo_slot mapping,
                                          uint64_t address, uint64_t length);

// Shows a new life of a service what the last one took. False when that can't be.
[[nodiscard]] bool supply_resume(struct init *init, struct process *process);

// The process has ended, and nobody sees anything of it any more: what it took is free again.
void supply_end(struct init *init, struct process *process);

// Tells all services that memory runs short.
void supply_press(struct init *init);

// The requests of the protocol.
[[nodiscard]] struct kozo_message supply_serve(struct kozo_caller *caller,
                                               const struct kozo_message *message);
