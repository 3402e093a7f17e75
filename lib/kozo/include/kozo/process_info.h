// SPDX-License-Identifier: MIT
// What a native program is told by the one that started it: a read-only page, whose address is in
// the first register of its first thread. Both sides are built from this header.
//
// The address space of a program: its image from KOZO_PROGRAM_START to KOZO_PROGRAM_END, this page,
// the page of its IPC buffer, and its stack, each with an unmapped page below; all above
// KOZO_PROCESS_FREE is its own to use.
#pragma once

#include <kozo/abi.h>
#include <kozo/elf.h>

constexpr uint64_t KOZO_PROCESS_MAGIC = 0x636f72706f7a6f6b; // "kozoproc"

constexpr uint64_t KOZO_PROCESS_INFO = 0x3fa01000;
constexpr uint64_t KOZO_PROCESS_BUFFER = 0x3fa03000;
constexpr uint64_t KOZO_PROCESS_STACK_TOP = 0x3fc00000;
constexpr uint64_t KOZO_PROCESS_STACK_SIZE = 0x8000;
constexpr uint64_t KOZO_PROCESS_FREE = 0x40000000;

// What is shared with init and with services: the board (kozo/board.h) of a service, and the page
// of each session (kozo/session.h). And the initrd, for who is given it.
constexpr uint64_t KOZO_PROCESS_BOARD = 0x3fa10000;
constexpr uint64_t KOZO_PROCESS_SESSIONS = 0x3fb00000;
constexpr uint64_t KOZO_PROCESS_INITRD = 0x3000000000;

// Memory that a program takes when it needs it (abi/proto/supply.abi); how much at most is told as
// `supply.size`.
constexpr uint64_t KOZO_PROCESS_SUPPLY = 0x2400000000;

// Memory that a service finds as its last life left it; how much is told as `keeps.size`.
constexpr uint64_t KOZO_PROCESS_KEPT = 0x2800000000;

// Memory for bulk data: that of each service that a program uses, and that of a service's clients.
constexpr uint64_t KOZO_PROCESS_DATA = 0x1000000000;
constexpr uint64_t KOZO_PROCESS_DATA_SPAN = 0x40000000;
constexpr uint64_t KOZO_PROCESS_CLIENT_DATA = 0x2000000000;

constexpr size_t KOZO_PROCESS_GRANTS = 60;
constexpr size_t KOZO_PROCESS_ARGUMENTS = 33;
constexpr size_t KOZO_PROCESS_TEXT = 2048;

// The slot that every program has: the endpoint of its parent, which serves the Process protocol.
constexpr uint64_t KOZO_PROCESS_PARENT = 1;

// From this slot on, a service has the notifications of its clients, by the place of the session.
constexpr uint64_t KOZO_PROCESS_SESSION_SLOT = 64;

// From this slot on, a service that answers faults has two for each place: the AddressSpace of the
// client, and its Pool. Its own slots begin after those of all places.
constexpr uint64_t KOZO_PROCESS_PAGED_SLOT = 128;
constexpr uint64_t KOZO_PROCESS_PAGED_END = 256;

// A capability that the program was given.
struct kozo_grant {
    char name[24]; // ended by a zero
    uint64_t handle;
};

struct kozo_process_info {
    uint64_t magic;
    uint64_t version; // KOZO_VERSION
    uint64_t random;  // different for each process
    uint64_t tsc_frequency;
    uint64_t cnode_bits; // log2 of the slots of its CNode
    uint64_t free_slot;  // the first that is empty
    uint64_t board;      // where the board is; 0 for what is no service
    uint64_t argument_count;
    uint64_t grant_count;
    struct kozo_grant grant[KOZO_PROCESS_GRANTS];
    char text[KOZO_PROCESS_TEXT]; // the arguments, one after the other, each with a zero
};
static_assert(sizeof(struct kozo_process_info) <= KOZO_PAGE_SIZE);
