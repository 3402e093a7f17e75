// SPDX-License-Identifier: MIT
// One exchange: a message that came, and the answer that goes back. Each request reads its fields, asks
// exchange_decoded whether they were all there and nothing more, checks, and only then does something. Errors are
// Linux's numbers, 0 for none.
#pragma once

#include <sys/stat.h>

#include "nine.h"
#include "server.h"
#include "wire.h"

struct exchange {
    struct server *server;
    bool taken_back; // it was about a file whose grant has ended
    struct wire_reader in;
    struct wire_writer out;
};

// A name or path that ends with a zero.
struct name {
    char text[NINE_NAME_MOST + 1];
};

struct path {
    char text[PLACE_PATH];
};

// EINVAL unless the message is decoded to its end.
[[nodiscard]] int exchange_decoded(const struct exchange *exchange);

// The same for a request about a file, which must be known: EBADF.
[[nodiscard]] int exchange_decoded_for(const struct exchange *exchange, const struct file *file);

// Reads a number, and gives what it stands for; null also when its grant has ended.
[[nodiscard]] struct file *exchange_file(struct exchange *exchange);

// Reads one part of a path. What is none becomes empty.
[[nodiscard]] struct name exchange_name(struct exchange *exchange);

// False: the path would be too long.
[[nodiscard]] bool path_join(struct path *path, const char *folder, const char *name);

// Writes a qid: kind, version and number of a file, as 9P wants it to be told from others. The number mixes
// the device in, since a place may span several, and the place.
void exchange_write_qid(struct exchange *exchange, const struct place *place,
                        const struct stat *status);

// How many bytes of data the answer may hold.
[[nodiscard]] size_t exchange_room(const struct exchange *exchange, uint64_t wanted);

// Whether it is the folder of all places, which the host does not have; and what that is.
[[nodiscard]] bool exchange_is_top(const struct exchange *exchange, const struct file *file);
[[nodiscard]] struct stat exchange_top_status(void);

// Whether the message is decoded, and its file one that may be changed: EROFS.
[[nodiscard]] int exchange_may_change(const struct exchange *exchange, const struct file *file);

// The checks that everything shares that makes, renames or removes a name.
[[nodiscard]] int exchange_may_name(const struct exchange *exchange, const struct file *folder,
                                    const struct name *name);
