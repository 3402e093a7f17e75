// SPDX-License-Identifier: MIT
// What the processes of volumes have in common: the requests of the Volume protocol, checked and
// with names and memory in plain form, by one table of functions.
//
// A volume has one client, the file server, so a function may wait for the volume's own device. It
// gives an error, of those that the protocol names, and leaves its results alone then.
#pragma once

#include <kozo/protocol.h>
#include <stddef.h>

// A name or the target of a link. It has no final zero, and is a copy: nobody else changes it.
struct volume_text {
    const char *bytes;
    size_t length;
};

struct volume_space {
    uint64_t block; // bytes of a block
    uint64_t blocks;
    uint64_t free;
    uint64_t nodes; // 0 for no limit
    uint32_t flags; // VolumeFlags
};

// Where the entries of a folder go.
struct volume_listing {
    uint8_t *bytes;
    size_t size;
    size_t done;
};

struct server;

struct volume_functions {
    void (*describe)(struct volume_space *space);
    enum kozo_error (*look)(uint64_t folder, struct volume_text name, uint64_t *node,
                            uint32_t *kind);
    enum kozo_error (*stat)(uint64_t node, struct kozo_node_stat *stat);
    enum kozo_error (*read)(uint64_t node, uint64_t offset, uint8_t *bytes, size_t length,
                            size_t *done);
    enum kozo_error (*list)(uint64_t folder, uint64_t from, struct volume_listing *listing);
    // Extended attributes. What is larger than `room` is not read, but its size is told. Both are null on a volume where
    // nothing has any.
    enum kozo_error (*attribute)(uint64_t node, struct volume_text name, uint8_t *bytes,
                                 size_t room, size_t *size);
    enum kozo_error (*attributes)(uint64_t node, uint8_t *bytes, size_t room, size_t *size);
    // The node is known no longer. May be null.
    void (*forget)(uint64_t node);
    // The client has gone, and knows of no node any more. May be null.
    void (*forget_all)(void);

    // Who pays for what the next call stores, and the pages of 4 KiB that it may have stored; for `describe` whose part is
    // meant. 0: nobody. Null on a volume that does not count.
    void (*pay)(uint32_t account, uint32_t most);

    // Signals of services that it uses; called twice a second or so; memory has run short (lib/server).
    // Each may be null.
    void (*signalled)(uint64_t bits);
    void (*looked)(void);
    void (*pressed)(void);

    // What follows is null on a volume that is only read.
    enum kozo_error (*write)(uint64_t node, uint64_t offset, const uint8_t *bytes, size_t length,
                             size_t *done);
    enum kozo_error (*make)(uint64_t folder, uint32_t kind, uint32_t mode, struct volume_text name,
                            struct volume_text target, uint64_t *node);
    enum kozo_error (*link)(uint64_t node, uint64_t folder, struct volume_text name);
    enum kozo_error (*remove)(uint64_t folder, struct volume_text name);
    enum kozo_error (*rename)(uint64_t folder, struct volume_text name, uint64_t target,
                              struct volume_text second);
    enum kozo_error (*change)(uint64_t node, const struct kozo_node_stat *stat, uint64_t what);
    enum kozo_error (*set_attribute)(uint64_t node, struct volume_text name,
                                     struct volume_text value, uint64_t way);
    enum kozo_error (*remove_attribute)(uint64_t node, struct volume_text name);
    enum kozo_error (*sync)(uint64_t node);
};

constexpr size_t VOLUME_NAME_MOST = 255;
constexpr size_t VOLUME_TARGET_MOST = 4095;

// Whether a name is one that a node may have: 1 to 255 bytes, no zero, no slash, not `.` or `..`.
[[nodiscard]] bool volume_name_is_fine(const char *name, size_t length);

// Whether a name is one that an extended attribute may have: 1 to 255 bytes, no zero.
[[nodiscard]] bool volume_attribute_is_fine(const char *name, size_t length);

// Adds an entry; false when there is no room for it.
[[nodiscard]] bool volume_list(struct volume_listing *listing, uint64_t node, uint64_t next,
                               uint32_t kind, struct volume_text name);

// The server that volume_serve runs: for a device that waits with server_wait.
[[nodiscard]] struct server *volume_server(void);

// Serves the volume until it can't go on; gives the exit status.
int volume_serve(const struct volume_functions *functions);
