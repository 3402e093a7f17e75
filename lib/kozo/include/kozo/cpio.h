// SPDX-License-Identifier: MIT
// Reads a CPIO archive of the newc form, as the initrd is one, straight from memory.
//
// The archive may be anything: nothing outside of its bytes is read, and every fault has a reason
// in words. Names are checked too: relative, printable, no empty part, no `.` or `..` part, at most
// KOZO_CPIO_NAME_MOST bytes. A leading `./` or `/` is left out, and the entry `.` is passed over.
#pragma once

#include <stddef.h>
#include <stdint.h>

constexpr size_t KOZO_CPIO_NAME_MOST = 255;

struct kozo_cpio {
    const uint8_t *data;
    size_t size;
    size_t offset; // of the next header
};

enum kozo_cpio_step : uint32_t {
    KOZO_CPIO_ENTRY,   // a file or folder
    KOZO_CPIO_END,     // the trailer was reached
    KOZO_CPIO_DAMAGED, // `reason` says why, kozo_cpio.offset where
};

struct kozo_cpio_entry {
    enum kozo_cpio_step step;
    bool file; // an ordinary file
    const char *reason;
    const char *name; // ends with a zero
    const uint8_t *data;
    size_t size;
};

// The next entry. After an END or DAMAGED it gives the same again.
[[nodiscard]] struct kozo_cpio_entry kozo_cpio_next(struct kozo_cpio *cpio);

// The ordinary file of this name, the first one if there are several; step is END when there is
// none.
[[nodiscard]] struct kozo_cpio_entry kozo_cpio_find(const void *data, size_t size,
                                                    const char *name);
