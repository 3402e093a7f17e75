// SPDX-License-Identifier: MIT
// The newc form: a header of 110 bytes (a magic of six characters, thirteen numbers of eight
// hexadecimal digits), the name with its zero, padding to 4, the data, padding to 4; the last entry
// is called TRAILER!!!. See cpio(5), "New ASCII Format".
#include <kozo/cpio.h>

#include <string.h>

constexpr size_t HEADER_SIZE = 110;
constexpr size_t MODE_FIELD = 1;
constexpr size_t SIZE_FIELD = 6;
constexpr size_t NAME_FIELD = 11;
constexpr uint32_t MODE_TYPE = 0170000;
constexpr uint32_t MODE_FILE = 0100000;
constexpr uint32_t MODE_FOLDER = 0040000;

static struct kozo_cpio_entry damaged(const char *reason)
{
    return (struct kozo_cpio_entry){.step = KOZO_CPIO_DAMAGED, .reason = reason};
}

// A number of eight digits; above UINT32_MAX when a character is no digit.
static uint64_t field(const uint8_t *header, size_t number)
{
    const uint8_t *at = header + 6 + number * 8;
    uint64_t value = 0;
    for (size_t i = 0; i < 8; i++) {
        uint8_t c = at[i];
        unsigned digit = 0;
        if (c >= '0' && c <= '9') {
            digit = c - '0';
        } else if (c >= 'a' && c <= 'f') {
            digit = c - 'a' + 10u;
        } else if (c >= 'A' && c <= 'F') {
            digit = c - 'A' + 10u;
        } else {
            return UINT64_MAX;
        }
        value = value << 4 | digit;
    }
    return value;
}

static size_t padded(size_t offset)
{
    return (offset + 3) & ~(size_t)3;
}

// Whether the part of a path from `part` on, `length` bytes, is one that a file may have.
static bool part_is_fine(const char *part, size_t length)
{
    if (length == 0) {
        return false;
    }
    if (part[0] == '.' && (length == 1 || (length == 2 && part[1] == '.'))) {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        if (part[i] <= ' ' || part[i] > '~') {
            return false;
        }
    }
    return true;
}

static bool name_is_fine(const char *name)
{
    while (true) {
        const char *end = strchr(name, '/');
        size_t length = end != nullptr ? (size_t)(end - name) : strlen(name);
        if (!part_is_fine(name, length)) {
            return false;
        }
        if (end == nullptr) {
            return true;
        }
        name = end + 1;
    }
}

// Checks and reads the entry at cpio->offset; `next` becomes where the one after it starts.
static struct kozo_cpio_entry read_entry(const struct kozo_cpio *cpio, size_t *next)
{
    size_t left = cpio->size - cpio->offset;
    const uint8_t *header = cpio->data + cpio->offset;
    if (left == 0) {
        return damaged("it ends without a trailer");
    }
    if (left < HEADER_SIZE) {
        return damaged("it ends inside of a header");
    }
    if (memcmp(header, "070701", 6) != 0) {
        return damaged("a header does not start with 070701");
    }
    uint64_t mode = field(header, MODE_FIELD);
    uint64_t size = field(header, SIZE_FIELD);
    uint64_t name_size = field(header, NAME_FIELD);
    if (mode > UINT32_MAX || size > UINT32_MAX || name_size > UINT32_MAX) {
        return damaged("a header holds something that is no hexadecimal number");
    }
    if (name_size < 2 || name_size > KOZO_CPIO_NAME_MOST + 1) {
        return damaged("a name is empty or too long");
    }
    if (name_size > left - HEADER_SIZE) {
        return damaged("it ends inside of a name");
    }
    const char *name = (const char *)header + HEADER_SIZE;
    if (memchr(name, 0, name_size) != name + name_size - 1) {
        return damaged("a name has no zero at its end, or one before");
    }
    if (strcmp(name, "TRAILER!!!") == 0) {
        return (struct kozo_cpio_entry){.step = KOZO_CPIO_END};
    }
    size_t data = padded(HEADER_SIZE + name_size);
    if (data > left || size > left - data) {
        return damaged("it ends inside of a file");
    }
    size_t end = padded(data + size);
    *next = cpio->offset + (end < left ? end : left);
    return (struct kozo_cpio_entry){
        .step = KOZO_CPIO_ENTRY,
        .file = (mode & MODE_TYPE) == MODE_FILE,
        .reason = (mode & MODE_TYPE) == MODE_FILE || (mode & MODE_TYPE) == MODE_FOLDER
                      ? nullptr
                      : "an entry is neither a file nor a folder",
        .name = name,
        .data = header + data,
        .size = size,
    };
}

// Leaves out what may stand before a relative name.
static const char *name_start(const char *name)
{
    if (name[0] == '.' && name[1] == '/') {
        return name + 2;
    }
    return name[0] == '/' ? name + 1 : name;
}

struct kozo_cpio_entry kozo_cpio_next(struct kozo_cpio *cpio)
{
    while (true) {
        size_t next = 0;
        struct kozo_cpio_entry entry = read_entry(cpio, &next);
        if (entry.step != KOZO_CPIO_ENTRY) {
            return entry;
        }
        if (entry.reason != nullptr) {
            return damaged(entry.reason);
        }
        bool root = strcmp(entry.name, ".") == 0 || strcmp(entry.name, "./") == 0;
        entry.name = name_start(entry.name);
        if (!root && !name_is_fine(entry.name)) {
            return damaged("a name is not a plain relative path");
        }
        cpio->offset = next;
        if (!root) {
            return entry;
        }
    }
}

struct kozo_cpio_entry kozo_cpio_find(const void *data, size_t size, const char *name)
{
    struct kozo_cpio cpio = {.data = data, .size = size};
    while (true) {
        struct kozo_cpio_entry entry = kozo_cpio_next(&cpio);
        if (entry.step != KOZO_CPIO_ENTRY) {
            return entry;
        }
        if (entry.file && strcmp(entry.name, name) == 0) {
            return entry;
        }
    }
}
