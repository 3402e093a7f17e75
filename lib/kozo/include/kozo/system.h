// SPDX-License-Identifier: MIT
// The compiled form of a system description: which services run, what each program is given, and
// who uses whom. tools/system makes it at build time and refuses wrong ones; init reads it, and
// checks it once more, since an initrd may come from anywhere.
//
// Programs stand in an order in which each comes after those that it uses or waits for.
#pragma once

#include <stddef.h>
#include <stdint.h>

// The table is read where it lies, and an archive aligns its files to four bytes.
typedef uint64_t kozo_system_word [[gnu::aligned(4)]];

constexpr uint64_t KOZO_SYSTEM_MAGIC = 0x3174737973; // "syst1"
constexpr size_t KOZO_SYSTEM_PROGRAMS = 64;
constexpr size_t KOZO_SYSTEM_GRANTS = 8;
constexpr size_t KOZO_SYSTEM_USES = 8;
constexpr size_t KOZO_SYSTEM_AFTER = 4;
constexpr size_t KOZO_SYSTEM_FILE = 64;
constexpr size_t KOZO_SYSTEM_NAME = 16; // with a final zero
constexpr size_t KOZO_SYSTEM_PATHS = 4;
constexpr size_t KOZO_SYSTEM_PATH = 48; // with a final zero
constexpr size_t KOZO_SYSTEM_MOUNTS = 7;
constexpr size_t KOZO_SYSTEM_PLACES = 60;
constexpr size_t KOZO_SYSTEM_PAGES = 65536; // of bulk data, of one service

enum kozo_grant_kind : uint32_t {
    KOZO_GRANT_PORTS,  // first, count
    KOZO_GRANT_IRQ,    // number
    KOZO_GRANT_MEMORY, // log2 of the bytes, or KOZO_MEMORY_MOST
    KOZO_GRANT_SELF,
    KOZO_GRANT_TIME,
    KOZO_GRANT_INITRD, // the initrd, to read
    KOZO_GRANT_PLATFORM,
    KOZO_GRANT_DRIVER, // identity of its device
    KOZO_GRANT_ENTROPY,
    KOZO_GRANT_AUDIT,  // the hash of the kernel's log, to read
    KOZO_GRANT_KEEPS,  // log2 of the bytes of memory that outlives the program
    KOZO_GRANT_SUPPLY, // bytes that the program may take when it needs them
    KOZO_GRANT_STORE,  // the same, of memory that outlives it
    KOZO_GRANTS,
};

struct kozo_system_grant {
    enum kozo_grant_kind kind;
    char name[KOZO_SYSTEM_NAME];
    uint32_t line; // of the description, for the compiler
    kozo_system_word first;
    kozo_system_word count;
};

// The largest piece of memory that is free when the program starts, of those that leave a quarter
// of all memory free.
constexpr uint64_t KOZO_MEMORY_MOST = 0;

// Bytes that a program may be let take, at most.
constexpr uint64_t KOZO_SUPPLY_MOST = 1ul << 34;

// A session with a service.
struct kozo_system_use {
    uint32_t program; // number of the service
    uint32_t place;   // on its board
    uint32_t pages;   // of memory that both share for bulk data
    uint32_t first;   // of them, in the memory of all the service's sessions
    uint32_t limit;   // pages of memory; not 0: the service answers the program's faults
    uint32_t most; // pages that it may have stored on each volume of a file server; 0 for no limit
    uint32_t optional; // 1: the user goes on when the service is down
    uint32_t
        delegates; // 1: the user may delegate sessions of the service's clients (kozo/delegation.h)
};

// A place in the file system that a session with the file server is given.
struct kozo_system_path {
    char path[KOZO_SYSTEM_PATH]; // names with a slash before each; "/" for everything
    uint32_t writable;
    uint32_t use; // number of the session
};

// A volume that the file server shows, or a folder in its root.
struct kozo_system_mount {
    char path[KOZO_SYSTEM_PATH];   // names with a slash before each; of a folder in a root only one
    char inside[KOZO_SYSTEM_NAME]; // the name of that folder; empty for the root itself
    uint32_t use;                  // number of the session with its service
};

struct kozo_system_program {
    char file[KOZO_SYSTEM_FILE];
    char name[KOZO_SYSTEM_NAME]; // of a service; empty for what is run by a command
    uint32_t terminal;           // 1: init's own terminal; its place 0 is init's
    uint32_t restart;            // 1: started again when it ends
    uint32_t commands;           // pages of init's own session, in place 0; 0 for none
    uint32_t places;             // for sessions, on the board of a service
    uint32_t pages;              // for bulk data of all its sessions
    uint32_t grants;
    uint32_t uses;
    uint32_t after_count;
    uint32_t paths;
    uint32_t mounts;
    uint32_t after[KOZO_SYSTEM_AFTER]; // services that must be up first
    struct kozo_system_use use[KOZO_SYSTEM_USES];
    struct kozo_system_grant grant[KOZO_SYSTEM_GRANTS];
    struct kozo_system_path path[KOZO_SYSTEM_PATHS];
    struct kozo_system_mount mount[KOZO_SYSTEM_MOUNTS];
};

struct kozo_system {
    kozo_system_word magic;
    kozo_system_word programs;
    struct kozo_system_program program[KOZO_SYSTEM_PROGRAMS];
};
static_assert(alignof(struct kozo_system) == 4);

// Whether `size` bytes, which may be anything, are a table that can be used where they are. Null, or the reason.
[[nodiscard]] const char *kozo_system_check(const void *data, size_t size);

// Finds the table in the initrd of a process that was given it, and leaves it there. Null, or the reason why it can't be used.
[[nodiscard]] const char *kozo_system_find(const struct kozo_system **system);

// Whether a text of at most `size` bytes, its zero included, is a path from the top: "/", or names
// with a slash before each.
[[nodiscard]] bool kozo_system_is_path(const char *path, size_t size);

// Which of the mounts before a number its path lies on: the deepest one. The number itself when there is none, and of one at the
// top.
[[nodiscard]] size_t kozo_system_mount_under(const struct kozo_system_program *program,
                                             size_t number);

// Whether a path lies below another.
[[nodiscard]] bool kozo_system_is_below(const char *path, const char *other);

// The service of a name; null when there is none.
[[nodiscard]] const struct kozo_system_program *
kozo_system_service(const struct kozo_system *system, const char *name);
