// SPDX-License-Identifier: MIT
// The segments of init's ELF file, which is part of the kernel's image. The file comes from the
// same build; what is checked here is that nothing outside of it is ever given to init.
#pragma once

#include "arch/arch.h"

constexpr unsigned INIT_SEGMENTS = 8;

struct init_segment {
    uint64_t address;   // where init expects it, page aligned
    physical_t file;    // the part that comes from the file, page aligned
    uint64_t file_size; // bytes, whole pages; the last page's rest is zeroed
    uint64_t zero_size; // bytes after that, whole pages
    unsigned rights;
};

struct init_image {
    struct init_segment segment[INIT_SEGMENTS];
    unsigned segments;
    uint64_t entry;
    uint64_t base; // lowest address
    uint64_t end;  // first page above all segments
};

// Reads the headers and zeroes what follows each segment in its last page. Panics when the file is
// not as the build makes it.
struct init_image init_image_read(physical_t base, physical_t end);
