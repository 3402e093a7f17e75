// SPDX-License-Identifier: MIT
// Words of the kernel's command line that name virtio devices in memory, which no bus and no static
// table of the firmware tells of:
//
//   virtio_mmio.device=SIZE@BASE:LINE[:NUMBER]
//
// as Linux has them, and as QEMU writes them by itself for its machine microvm. Numbers are decimal, or
// hexadecimal behind 0x; a size may end in K. Whoever starts the machine writes the line; still, it may
// be anything. A word that is wrong has a fault, and is no device.
//
// A driver gets a whole page, since no smaller piece of memory can be given. So a device is refused when
// another one is named in its page: each of the two drivers would hold the registers of both.
#pragma once

#include <stddef.h>
#include <stdint.h>

constexpr size_t VIRTIO_WORDS_MOST = 16;

struct virtio_word {
    const char *fault; // null, or why this is no device, for a person; then only base is of use
    uint64_t base;     // physical address of its registers, which do not cross a page
    uint64_t size;     // bytes of them
    uint64_t line;     // number of its interrupt, likely one of the ABI's
};

struct virtio_words {
    size_t count;
    bool too_many; // there are more words, which were not read
    struct virtio_word word[VIRTIO_WORDS_MOST];
};

// Reads all words of a line. `is_cut`: there may be more of the line than this, so that the word that
// touches its end may be another one than it seems.
[[nodiscard]] struct virtio_words virtio_words_read(const char *line, size_t length, bool is_cut);
