// SPDX-License-Identifier: MIT
// Memory objects of several clients, and what is seen of them in each client's AddressSpace.
//
//     object   a row of pages. One that was never touched is not there, and costs nothing. A copy
//              shares all pages with its origin until one of the two is written.
//     region   a part of an object, at an address of the client. A page in it appears when it is
//              touched, which is a fault that vmm_fault answers.
//
// Every page is charged to the client whose object it is, once, however many copies share it, and so
// is a page of tables. What a client may use has a limit; beyond it, and when nothing is left at all,
// the request or the touch fails, and nobody else notices.
//
// This part knows no kernel: who maps a page is told by operations.
#pragma once

#include <kozo/abi.h>

#include "tree.h"

constexpr size_t VMM_CLIENTS = 16;
constexpr uint32_t VMM_OBJECTS = 32; // of a client
constexpr uint32_t VMM_REGIONS = 64; // of a client
constexpr uint32_t VMM_SLOTS = 4095; // pages that are seen at the same time, of all clients
constexpr uint64_t VMM_ADDRESSES = 1UL << 47;

struct vmm_operations {
    struct store_operations store;
    // Makes a page visible to a client, at an address with rights; `slot`, below VMM_SLOTS, is what
    // it is hidden by. OK, or what went wrong.
    enum kozo_error (*show)(void *context, size_t client, uint32_t page, uint64_t address,
                            uint64_t rights, uint32_t slot);
    void (*hide)(void *context, uint32_t slot);
};

struct vmm_object {
    bool live;
    uint64_t pages;
    struct tree content; // numbers of pages, plus 1
};

struct vmm_region {
    bool live;
    uint32_t object;
    uint64_t first; // page of the object
    uint64_t pages;
    uint64_t address;
    uint64_t rights;
    struct tree shown; // slots, plus 1
};

struct vmm_client {
    bool live;
    struct account account;
    uint64_t seen; // pages that are shown to it
    struct vmm_object object[VMM_OBJECTS];
    struct vmm_region region[VMM_REGIONS];
};

struct vmm {
    const struct vmm_operations *operations;
    void *context;
    struct store store;
    uint32_t first_slot; // of the free ones, or VMM_SLOTS
    uint32_t next_slot[VMM_SLOTS];
    struct vmm_client client[VMM_CLIENTS];
};

void vmm_start(struct vmm *vmm, const struct vmm_operations *operations, void *context);

// A client comes, who may use so many pages; or goes, and nothing of it is left. `client` is below
// VMM_CLIENTS. Everything else refuses with BAD_STATE what a client asks that is not there.
void vmm_come(struct vmm *vmm, size_t client, uint64_t limit);
void vmm_leave(struct vmm *vmm, size_t client);

struct vmm_made {
    enum kozo_error error;
    uint64_t object;
};

// Makes an object of `size` bytes, or a copy of one. BAD_ARGUMENT: the size is no multiple of pages,
// or too large. BAD_HANDLE: there is no such object. NO_MEMORY: too many objects, or too many pages.
[[nodiscard]] struct vmm_made vmm_create(struct vmm *vmm, size_t client, uint64_t size);
[[nodiscard]] struct vmm_made vmm_copy(struct vmm *vmm, size_t client, uint64_t object);

// Ends an object, and all regions that show it.
[[nodiscard]] enum kozo_error vmm_destroy(struct vmm *vmm, size_t client, uint64_t object);

struct vmm_view {
    uint64_t object;
    uint64_t offset; // in bytes, as the others
    uint64_t length;
    uint64_t address;
    uint64_t rights;
};

// Makes a region, or takes away the one that begins at an address. SLOT_TAKEN: another region is
// there. NO_MEMORY: too many regions.
[[nodiscard]] enum kozo_error vmm_map(struct vmm *vmm, size_t client, const struct vmm_view *view);
[[nodiscard]] enum kozo_error vmm_unmap(struct vmm *vmm, size_t client, uint64_t address);

// Gives pages of its own to a part of an object, and shows them where there are regions, so that
// touching it is no fault any more. NO_MEMORY: a first part has got them.
[[nodiscard]] enum kozo_error vmm_commit(struct vmm *vmm, size_t client, uint64_t object,
                                         uint64_t offset, uint64_t length);

// A client has touched an address, and lacked the right `access`. OK: it may try again. NO_RIGHT:
// there is no region, or none with this right. NO_MEMORY: it has none for this.
[[nodiscard]] enum kozo_error vmm_fault(struct vmm *vmm, size_t client, uint64_t address,
                                        uint64_t access);

struct vmm_info {
    uint64_t limit;
    uint64_t used;
    uint64_t objects;
    uint64_t regions;
};

[[nodiscard]] struct vmm_info vmm_info(const struct vmm *vmm, size_t client);
