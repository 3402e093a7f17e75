// SPDX-License-Identifier: MIT
// The file server, as files of the host use it: one function for each request of abi/proto/files.abi. Each waits for the answer, on
// its strand, unless it is there at once.
//
// Names, contents and records go through a piece of the memory that the session shares. A piece is taken before and given back
// after; who finds none free waits.
#pragma once

#include <kozo/abi.h>
#include <stddef.h>
#include <stdint.h>

// Opens the session with the file server; false when there is none.
[[nodiscard]] bool files_open(const char *session);

// Which life of the file server this is: the numbers of another one stand for nothing.
[[nodiscard]] uint32_t files_life(void);

struct files_piece {
    uint8_t *bytes;
    uint64_t at; // where the session's memory has it
    size_t size;
};

[[nodiscard]] struct files_piece files_piece_take(void);
void files_piece_give(struct files_piece piece);

struct files_walked {
    enum kozo_error error;
    uint64_t file;
    uint64_t kind;
};
// The path lies in the piece, and the record of what was found comes there.
[[nodiscard]] struct files_walked files_walk(uint64_t folder, const struct files_piece *piece,
                                             size_t length);
void files_close(uint64_t file);
[[nodiscard]] enum kozo_error files_stat(uint64_t file, const struct files_piece *piece);

struct files_moved {
    enum kozo_error error;
    uint64_t done;
    uint64_t end; // of a write: where in the file it ended
};
[[nodiscard]] struct files_moved files_read(uint64_t file, uint64_t offset,
                                            const struct files_piece *piece, size_t length);
[[nodiscard]] struct files_moved files_write(uint64_t file, uint64_t offset,
                                             const struct files_piece *piece, size_t length);
[[nodiscard]] struct files_moved files_list(uint64_t file, uint64_t from,
                                            const struct files_piece *piece);
// Names lie in the piece, one directly behind the other.
[[nodiscard]] struct files_walked files_make(uint64_t folder, uint64_t kind, uint32_t mode,
                                             const struct files_piece *piece, size_t length,
                                             size_t target);
[[nodiscard]] enum kozo_error files_link(uint64_t file, uint64_t folder,
                                         const struct files_piece *piece, size_t length);
[[nodiscard]] enum kozo_error files_remove(uint64_t folder, const struct files_piece *piece,
                                           size_t length, uint64_t kind);
[[nodiscard]] enum kozo_error files_rename(uint64_t folder, uint64_t target,
                                           const struct files_piece *piece, size_t length,
                                           size_t second, bool over);
[[nodiscard]] enum kozo_error files_change(uint64_t file, const struct files_piece *piece,
                                           uint32_t what);

// Extended attributes. The name lies in the piece, a value to set directly behind it; what is read comes there, if `room` bytes are
// enough for it, which is at most what a piece has.
struct files_sized {
    enum kozo_error error;
    uint64_t size;
};
[[nodiscard]] struct files_sized files_attribute(uint64_t file, const struct files_piece *piece,
                                                 size_t length, size_t room);
[[nodiscard]] struct files_sized files_attributes(uint64_t file, const struct files_piece *piece,
                                                  size_t room);
[[nodiscard]] enum kozo_error files_set_attribute(uint64_t file, const struct files_piece *piece,
                                                  size_t length, size_t size, uint64_t way);
[[nodiscard]] enum kozo_error files_remove_attribute(uint64_t file, const struct files_piece *piece,
                                                     size_t length);

[[nodiscard]] enum kozo_error files_sync(uint64_t file, bool all);
// What the file server was told by others is asked for anew. Does not wait.
void files_refresh(void);

struct files_space {
    enum kozo_error error;
    uint64_t block, blocks, free, nodes;
};
[[nodiscard]] struct files_space files_describe(uint64_t file);

struct files_run {
    enum kozo_error error;
    uint64_t start, size;
    uint64_t frame; // slot of the capability, the caller's
};
[[nodiscard]] struct files_run files_pages(uint64_t file, uint64_t offset, bool write);
