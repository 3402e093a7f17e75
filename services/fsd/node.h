// SPDX-License-Identifier: MIT
// What is known of files and folders, and of names in folders: one node for each number of a volume,
// one name for each that was looked up, also those that are not there. Found by hash. What nobody
// uses is forgotten when room is needed, the longest unused first.
//
// A node is in use while a file that is open, a request that is under way, or contents that are not
// written yet need it; a folder also while a folder in it is known, so that the way up to the root is
// always known. That way has no circles, whatever a volume says.
//
// Sessions hold nodes, and with a folder those above it, each as much as its quota allows (quota.h).
#pragma once

#include <kozo/board.h>
#include <kozo/protocol.h>
#include <stddef.h>

#include "queue.h"

constexpr size_t NODES = 5120;
constexpr size_t NODES_HELD =
    NODES / 8 * 7; // the others are for requests, walks and what was known
constexpr size_t NAMES_SHORT = 6144;
constexpr size_t NAMES_LONG = 512;
constexpr size_t NODE_NAME_SHORT = 40;
constexpr size_t NODE_NAME_MOST = 255;

struct volume;
struct name;

struct node {
    struct volume *volume; // null: free
    uint64_t number;       // on its volume
    uint32_t uses;
    uint32_t kind;
    uint16_t
        held[KOZO_BOARD_SESSIONS]; // by each session: files open, and nodes below that it holds
    uint32_t begins;               // open files whose grant begins here
    uint32_t pins;                 // nodes here and below at which a grant begins
    uint8_t writer;       // session that holds it until it is written, from 1 on; 0 for none
    bool known;           // `stat` holds
    bool nameless;        // it lost a name, maybe its last: the volume is told when it is forgotten
    bool changing;        // a change of names in it, or of its size, is under way
    bool time_ahead;      // the volume is to be told when it was modified
    bool gone;            // the volume has lost it
    enum kozo_error lost; // what was written since the last sync and is lost
    uint64_t looked;      // when it was last heard of
    uint64_t version;     // of the names in it: each change gives another
    struct kozo_node_stat stat;
    struct node *parent;    // of a folder; of a root the folder that it covers, or itself
    struct volume *mounted; // shown in place of this folder; null for none
    struct node *chain;
    struct node *next; // of those that nobody uses, or of free ones
    struct node *previous;
    struct name *names;  // known ones in this folder
    struct name *called; // known ones that mean this node
    struct handle *handles;
    struct queue waiting;

    // Contents in memory, see cache.h.
    uint32_t runs;        // first of its runs
    uint32_t dirty_first; // runs that are to be written, the oldest first
    uint32_t dirty_last;
    uint32_t dirty_pages;
    uint32_t writing; // requests under way
    struct node *dirty_next;
    struct node *dirty_previous;
};

struct name {
    struct node *folder; // null: free
    struct node *node;   // null: there is no such name
    uint64_t looked;     // when it was last heard of
    struct name *chain;
    struct name *next; // by age, or of free ones
    struct name *previous;
    struct name *next_in;
    struct name *previous_in;
    struct name *next_called;
    struct name *previous_called;
    uint32_t hash;
    bool used;      // since the oldest were last looked at
    uint8_t length; // its bytes follow
};

[[nodiscard]]
static inline const char *name_bytes(const struct name *name)
{
    return (const char *)(name + 1);
}

// False: there is not even memory for the first ones, with which it would do.
[[nodiscard]] bool node_start(void);

// A number from 1 on for each node there can be; and back.
[[nodiscard]] uint32_t node_index(const struct node *node);
[[nodiscard]] struct node *node_at(uint32_t index);

// The node of a number; null when it is not known, or can't be for want of room.
[[nodiscard]] struct node *node_find(struct volume *volume, uint64_t number);
[[nodiscard]] struct node *node_get(struct volume *volume, uint64_t number, uint32_t kind);

void node_use(struct node *node);
void node_release(struct node *node);

// A session holds a node, and with a folder the way up; and whether it may, by its quota.
[[nodiscard]] bool node_may_hold(const struct node *node, size_t place);
void node_hold(struct node *node, size_t place);
void node_let_go(struct node *node, size_t place);

// A session holds what it has written until that is on the volume: it had the file open, so this is no more than it
// might hold.
void node_hold_written(struct node *node, size_t place);
void node_written(struct node *node);

// Whether a session holds anything for that reason.
[[nodiscard]] bool node_is_written_for(size_t place);

// Where a grant begins, as long as a file is open by it: no folder on the way there can be moved.
void node_pin(struct node *node);
void node_unpin(struct node *node);

// Drops contents that nobody can see any more: of a node without names that is not open.
void node_abandon(struct node *node);

// Says in which folder a folder is now; false when that would be a circle.
[[nodiscard]] bool node_set_parent(struct node *node, struct node *parent);

// Says which folder a root covers from now on; null: none.
void node_cover(struct node *root, struct node *folder);

// Whether a node is a folder or in it: by the folder that it was reached through.
[[nodiscard]] bool node_lies_in(const struct node *node, const struct node *folder);

// Forgets all nodes of a volume. Those in use stay, as ones that are gone.
void node_lose_volume(struct volume *volume);

// What is on its way about nodes of a volume is not believed when it comes.
void node_doubt_volume(const struct volume *volume);

// The name in a folder, when it is known; its node may be null.
[[nodiscard]] struct name *name_find(const struct node *folder, const char *bytes, size_t length);

// Notes what a name means; null: there is no such.
void name_set(struct node *folder, const char *bytes, size_t length, struct node *node);
void name_drop(struct node *folder, const char *bytes, size_t length);
void name_drop_all(struct node *folder);
