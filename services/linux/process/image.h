// SPDX-License-Identifier: MIT
// An ELF file of a Linux program, and its place in an address space.
#pragma once

#include <stddef.h>
#include <stdint.h>

struct file;
struct space;

constexpr size_t IMAGE_HEADERS = 32;
constexpr size_t IMAGE_INTERPRETER = 256;

struct image_header {
    uint32_t type;
    uint32_t flags;
    uint64_t offset, address, physical, file, memory, align;
};

struct image {
    struct file *file;
    uint64_t entry;
    uint64_t headers_offset;
    uint16_t headers;
    bool moves; // may lie anywhere
    bool executable_stack;
    struct image_header header[IMAGE_HEADERS];
    char interpreter[IMAGE_INTERPRETER]; // empty: none
    // Once it is loaded.
    uint64_t base; // what is added to its addresses
    uint64_t start, end, code_end;
};

// Reads and checks. 0, or -ENOEXEC and the like.
[[nodiscard]] int64_t image_read(struct image *image, struct file *file, const uint8_t *head,
                                 size_t size);

// Puts it into an address space, at `base` if it may lie anywhere, or where there is room for 0.
[[nodiscard]] int64_t image_load(struct image *image, struct space *space, uint64_t base);

// Where the program finds its own headers; 0 when it can't.
[[nodiscard]] uint64_t image_headers_address(const struct image *image);
