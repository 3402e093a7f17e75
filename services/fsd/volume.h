// SPDX-License-Identifier: MIT
// The volumes that are mounted, as clients of their services.
//
// Requests go through the ring of a session and are known by the number under which they were begun;
// each has a part of the shared memory of its own. A volume is not trusted: what it says is checked
// where it is used, and one that never answers keeps only its own requests.
//
//   ABSENT ──▶ ASKED ──▶ READY          (asked what it is, and told)
//      ▲─────────┴─────────┘            its service began a new life, or is down
//
// When the service begins a new life, what was under way has failed. A volume whose numbers last goes
// on with everything that is known of it; of another one, all that was open is gone.
#pragma once

#include <kozo/session.h>
#include <kozo/system.h>

#include "fsd.h"
#include "node.h"
#include "operation.h"

constexpr size_t REQUESTS = 16; // under way, of one volume; the last two only for what is small
constexpr size_t REQUESTS_COMMON = 14;
constexpr size_t VOLUME_PATH_MOST = 256;
static_assert(REQUESTS == KOZO_SESSION_ENTRIES);

struct request;

// What becomes of a completion: the error of what was asked. The caches take what it tells.
typedef enum kozo_error request_done(struct request *request, const struct kozo_entry *entry);

struct request {
    struct volume *volume;
    uint64_t number; // 0: free
    request_done *done;
    struct operation *owner; // runs on when it is done; may be null
    bool change;             // the owner learns the result, whatever it is
    struct node *node;       // held; may be null
    struct node *second;
    uint32_t page; // of the cache, the first
    uint32_t pages;
    uint64_t version; // of the folder, when it was begun
    uint64_t start;   // in the file, of contents that are written through
    uint64_t at;      // in the shared memory
    uint8_t *bytes;   // the same, here
    size_t size;
    size_t length;                     // of the name
    char name[2 * NODE_NAME_MOST + 2]; // or two, one behind the other
};

enum volume_state : uint8_t {
    VOLUME_ABSENT,
    VOLUME_ASKED,
    VOLUME_READY,
};

struct volume {
    const char *name; // of its service
    const char
        *mount; // its own name, under which it is mounted at the top when nothing else is said
    size_t mount_length;
    enum volume_state state;
    bool mounted;
    bool due; // it is to be mounted below the top, on `under`, and is shown nowhere yet
    struct volume *under;
    size_t inside;         // where in `path` the names on that one begin
    size_t awaited;        // volumes that are due on this one
    struct operation puts; // this one in its place
    struct node *covered;  // the folder in whose place it is mounted; null: it is at the top
    size_t path_length;
    char path
        [VOLUME_PATH_MOST]; // of that folder, or of where it is due, without the slash before it
    uint32_t life;
    struct kozo_session session;
    struct node *root;
    struct queue waiting; // for the volume to be ready, or for a request that is free
    uint64_t block;
    uint64_t blocks;
    uint64_t free;
    uint64_t nodes;
    uint32_t flags;
    uint64_t doubted;         // what was heard of names and files up to then is asked for anew
    bool stale;               // contents were written since it last told how much is free
    enum kozo_error lost;     // what was written since the last sync and is lost
    uint32_t writing;         // requests under way
    uint32_t under_way;       // pages of the cache in them
    uint64_t dirty;           // pages of the cache that are to be written
    struct node *dirty_first; // nodes with such pages
    struct node *dirty_last;
    struct request request[REQUESTS];
    size_t forgets;
    uint64_t forget[64];
};

// Opens the sessions with all volumes that the description names.
void volume_start(const struct kozo_system *system, const char *service);

[[nodiscard]] size_t volume_index(const struct volume *volume);
[[nodiscard]] struct volume *volume_at(size_t index); // null behind the last
[[nodiscard]] struct volume *volume_mounted_at(const char *name, size_t length);
[[nodiscard]] struct volume *volume_named(const char *name, size_t length);

// Whether it is mounted at the top.
[[nodiscard]] bool volume_is_at_top(const struct volume *volume);

// Whether it is of any use to show it at the top: it is there, or may come.
[[nodiscard]] bool volume_shows(struct volume *volume);

// Shows it at the top, or in place of a folder with this path.
void volume_mount(struct volume *volume);
void volume_mount_over(struct volume *volume, struct node *folder, const char *path, size_t length);

// Where it is mounted: a path without a slash before it.
[[nodiscard]] const char *volume_path(const struct volume *volume, size_t *length);
[[nodiscard]] struct volume *volume_mounted_by(const char *path, size_t length);

// Whether another one is mounted on a folder of it, or is to be.
[[nodiscard]] bool volume_is_covered(const struct volume *volume);

// Takes it away from where it is mounted. All that was open on it is gone.
void volume_unmount(struct volume *volume);

// A name at the top that stands for a folder in the root of a volume.
struct alias {
    const char *name;
    const char *inside;
    struct volume *volume;
};
[[nodiscard]] const struct alias *volume_alias(size_t index); // null behind the last

// Whether numbers of nodes stay good over a restart of its service.
[[nodiscard]] bool volume_is_lasting(const struct volume *volume);
[[nodiscard]] bool volume_is_shared(const struct volume *volume);

// For a handler: OK when the volume can be asked; PENDING (the operation waits); or NO_REPLY.
struct kozo_message volume_check(struct volume *volume, struct operation *operation);

// For a handler: asks it once more how much is free. The handler runs again then.
//
// With somebody who pays, what he may have of it is told to the operation alone: block, blocks and free, in its words.
[[nodiscard]] struct kozo_message volume_describe(struct volume *volume, uint64_t pays,
                                                  struct operation *operation);

// A free request; null when there is none now, and the owner then is to wait in `waiting`.
[[nodiscard]] struct request *request_new(struct volume *volume, struct operation *owner,
                                          request_done *done);

// One for what nobody waits for, also when all common ones are under way.
[[nodiscard]] struct request *request_new_reserved(struct volume *volume, request_done *done);

// Notes what the request is about, until it is done.
void request_hold(struct request *request, struct node *node, struct node *second);

// The request was begun under this number; 0: it could not be, and is free again.
[[nodiscard]] bool request_begun(struct request *request, uint64_t number);

// Nobody wants to know any more. The volume is asked to drop it.
void request_disown(struct request *request);

// Tells the volume that a node is known no longer.
void volume_forget(struct volume *volume, uint64_t number);

// Takes what volumes have completed.
void volume_hear(void);

// Looks for volumes whose service is down. Called now and then.
void volume_look(void);
