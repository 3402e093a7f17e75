// SPDX-License-Identifier: MIT
// From the number of a file to its node, with the rights of the session: where each request begins.
#pragma once

#include "handle.h"
#include "operation.h"

struct access {
    enum kozo_error error;
    struct handle *handle;
    struct node *node;
};

// A file or folder that may be read or written, as `right` says; 0 when only the number counts.
[[nodiscard]] struct access access_node(const struct kozo_caller *caller, uint64_t number,
                                        uint8_t right);

// The same of one kind, else BAD_TYPE.
[[nodiscard]] struct access access_kind(const struct kozo_caller *caller, uint64_t number,
                                        uint8_t right, uint32_t kind);

// Whether a session may store anything on a volume: one that has a limit only where it can be counted.
[[nodiscard]] bool access_may_store(size_t place, const struct volume *volume);

// A record about a node as clients see it: numbers are unique over all volumes.
[[nodiscard]] struct kozo_node_stat access_stat(const struct node *node);
[[nodiscard]] uint64_t access_number(const struct volume *volume, uint64_t number);

// Whether bytes are a name that a file may have.
[[nodiscard]] bool access_is_name(const char *name, size_t length);

// Bytes of a path before the first slash or zero.
[[nodiscard]] size_t access_part(const char *path, size_t length);
