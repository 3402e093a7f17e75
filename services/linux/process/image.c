// SPDX-License-Identifier: MIT
#include "image.h"

#include "../core/errno.h"
#include "../file/file.h"
#include "../memory/space.h"

#include <string.h>

enum : uint32_t { LOAD = 1, INTERPRETER = 3, STACK = 0x6474e551 };
enum : uint32_t { FLAG_X = 1, FLAG_W = 2, FLAG_R = 4 };

struct elf {
    uint8_t magic[16];
    uint16_t type, machine;
    uint32_t version;
    uint64_t entry, headers, sections;
    uint32_t flags;
    uint16_t size, header_size, header_count, section_size, section_count, names;
};
static_assert(sizeof(struct elf) == 64);
static_assert(sizeof(struct image_header) == 56);

static bool is_usable(const struct elf *elf)
{
    constexpr uint8_t magic[7] = {0x7f, 'E', 'L', 'F', 2, 1, 1};
    constexpr uint16_t fixed = 2, moving = 3, x86_64 = 62;
    return memcmp(elf->magic, magic, sizeof magic) == 0 &&
           (elf->type == fixed || elf->type == moving) && elf->machine == x86_64 &&
           elf->header_size == sizeof(struct image_header) && elf->header_count > 0 &&
           elf->header_count <= IMAGE_HEADERS;
}

static int64_t read_interpreter(struct image *image, const struct image_header *header)
{
    if (header->file < 2 || header->file > IMAGE_INTERPRETER) {
        return -ENOEXEC;
    }
    int64_t count = file_read_own(image->file, image->interpreter, header->file, header->offset);
    bool whole = count == (int64_t)header->file && image->interpreter[header->file - 1] == 0;
    return whole ? 0 : -ENOEXEC;
}

// Segments have to be in order, and inside of what a program may have.
static int64_t check_headers(struct image *image)
{
    uint64_t end = 0;
    bool any = false;
    for (size_t i = 0; i < image->headers; i++) {
        const struct image_header *header = &image->header[i];
        if (header->type == INTERPRETER) {
            int64_t error = read_interpreter(image, header);
            if (error != 0) {
                return error;
            }
        }
        if (header->type == STACK) {
            image->executable_stack = (header->flags & FLAG_X) != 0;
        }
        if (header->type != LOAD) {
            continue;
        }
        if (header->file > header->memory || header->address >= SPACE_END ||
            header->memory > SPACE_END - header->address || header->address < end ||
            header->offset % PAGE_BYTES != header->address % PAGE_BYTES) {
            return -ENOEXEC;
        }
        if (!any) {
            image->start = header->address & ~(PAGE_BYTES - 1);
            any = true;
        }
        end = header->address + header->memory;
    }
    image->end = (end + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1);
    return any ? 0 : -ENOEXEC;
}

int64_t image_read(struct image *image, struct file *file, const uint8_t *head, size_t size)
{
    struct elf elf;
    if (size < sizeof elf) {
        return -ENOEXEC;
    }
    memcpy(&elf, head, sizeof elf);
    if (!is_usable(&elf)) {
        return -ENOEXEC;
    }
    constexpr uint16_t moving = 3;
    *image = (struct image){
        .file = file,
        .entry = elf.entry,
        .headers_offset = elf.headers,
        .headers = elf.header_count,
        .moves = elf.type == moving,
    };
    size_t bytes = elf.header_count * sizeof(struct image_header);
    if (file_read_own(file, image->header, bytes, elf.headers) != (int64_t)bytes) {
        return -ENOEXEC;
    }
    return check_headers(image);
}

static area_rights rights_of(const struct image_header *header)
{
    return (area_rights)(((header->flags & FLAG_R) != 0 ? AREA_READ : 0) |
                         ((header->flags & FLAG_W) != 0 ? AREA_WRITE : 0) |
                         ((header->flags & FLAG_X) != 0 ? AREA_EXECUTE : 0));
}

// What is in memory but not in the file is zero: the rest of the last page of the file, and pages behind it.
static int64_t load_zeros(struct space *space, const struct image_header *header, uint64_t base)
{
    uint64_t from = base + header->address + header->file;
    uint64_t end = base + header->address + header->memory;
    uint64_t page_end = (from + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1);
    uint64_t last = (end + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1);
    if (header->memory == header->file) {
        return 0;
    }
    if ((header->flags & FLAG_W) != 0 && header->file > 0) {
        static const uint8_t zeros[PAGE_BYTES];
        // To the end of the page: programs use what is left of it.
        if (!space_write(space, from, zeros, page_end - from)) {
            return -ENOEXEC;
        }
    }
    if (last <= page_end) {
        return 0;
    }
    int64_t at =
        space_map(space, page_end, last - page_end, PLACE_FIXED, rights_of(header), 0, nullptr, 0);
    return at < 0 ? at : 0;
}

static int64_t load_segment(struct image *image, struct space *space,
                            const struct image_header *header)
{
    uint64_t inside = header->address % PAGE_BYTES;
    uint64_t start = image->base + header->address - inside;
    uint64_t size = (header->file + inside + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1);
    if (header->file > 0) {
        int64_t at = space_map(space, start, size, PLACE_FIXED, rights_of(header), 0, image->file,
                               header->offset - inside);
        if (at < 0) {
            return at;
        }
    } else if (inside != 0) {
        int64_t at =
            space_map(space, start, PAGE_BYTES, PLACE_FIXED, rights_of(header), 0, nullptr, 0);
        if (at < 0) {
            return at;
        }
    }
    if ((header->flags & FLAG_X) != 0) {
        image->code_end = start + size;
    }
    return load_zeros(space, header, image->base);
}

int64_t image_load(struct image *image, struct space *space, uint64_t base)
{
    uint64_t size = image->end - image->start;
    if (image->moves) {
        uint64_t at = base != 0 ? base : space_find(space, size);
        if (at == 0) {
            return -ENOMEM;
        }
        image->base = at - image->start;
    }
    for (size_t i = 0; i < image->headers; i++) {
        if (image->header[i].type == LOAD) {
            int64_t error = load_segment(image, space, &image->header[i]);
            if (error != 0) {
                return error;
            }
        }
    }
    image->start += image->base;
    image->end += image->base;
    image->entry += image->base;
    return 0;
}

uint64_t image_headers_address(const struct image *image)
{
    for (size_t i = 0; i < image->headers; i++) {
        const struct image_header *header = &image->header[i];
        if (header->type == LOAD && image->headers_offset >= header->offset &&
            image->headers_offset - header->offset < header->file) {
            return image->base + header->address + (image->headers_offset - header->offset);
        }
    }
    return 0;
}
