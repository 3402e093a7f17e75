// SPDX-License-Identifier: MIT
// Writes an initrd: a CPIO archive in the "newc" format (cpio(5): a header of 13 fields of eight
// hexadecimal digits, the name, the contents, each padded to four bytes; a member TRAILER!!! ends
// it).
//
// Equal contents give equal archives: members are sorted by name, inode numbers count from one,
// owner and devices are zero, the date is SOURCE_DATE_EPOCH, and the mode follows from what a
// member is: a folder, a program (an ELF file) or a plain file. Folders are added for all names
// that need them.
#include "file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

constexpr size_t HEADER_SIZE = 6 + 13 * 8;
constexpr size_t ALIGNMENT = 4;
constexpr size_t LONGEST_NAME = 1023;
constexpr uint64_t LARGEST_FIELD = UINT32_MAX;

constexpr uint32_t MODE_FOLDER = 0040755;
constexpr uint32_t MODE_PROGRAM = 0100755;
constexpr uint32_t MODE_FILE = 0100644;

struct member {
    const char *name;
    struct bytes contents;
    uint32_t mode;
};

struct archive {
    struct member *member;
    size_t count;
};

struct output {
    struct bytes bytes;
    size_t room;
};

// A name is a relative path without empty, "." and ".." components.
static void check_name(const char *name)
{
    if (*name == '\0' || strlen(name) > LONGEST_NAME) {
        fail("a name has 1 to %zu characters: '%s'", LONGEST_NAME, name);
    }
    for (const char *part = name; part != nullptr;) {
        const char *slash = strchr(part, '/');
        size_t length = slash != nullptr ? (size_t)(slash - part) : strlen(part);
        bool dots = (length == 1 && part[0] == '.') || (length == 2 && memcmp(part, "..", 2) == 0);
        if (length == 0 || dots) {
            fail("not a plain relative path: '%s'", name);
        }
        part = slash != nullptr ? slash + 1 : nullptr;
    }
    if (strcmp(name, "TRAILER!!!") == 0) {
        fail("the name TRAILER!!! ends an archive and can't be a member's");
    }
}

static uint32_t mode_of(struct bytes contents)
{
    bool elf = contents.size >= 4 && memcmp(contents.data, "\177ELF", 4) == 0;
    return elf ? MODE_PROGRAM : MODE_FILE;
}

static void add_member(struct archive *archive, struct member member)
{
    size_t size = (archive->count + 1) * sizeof(struct member);
    archive->member = reallocate(archive->member, size);
    archive->member[archive->count++] = member;
}

static void add_folders_of(struct archive *archive, const char *name)
{
    for (const char *slash = strchr(name, '/'); slash != nullptr; slash = strchr(slash + 1, '/')) {
        size_t length = (size_t)(slash - name);
        char *folder = allocate(length + 1);
        memcpy(folder, name, length);
        add_member(archive, (struct member){.name = folder, .mode = MODE_FOLDER});
    }
}

static void add_argument(struct archive *archive, char *argument)
{
    char *equals = strchr(argument, '=');
    if (equals == nullptr) {
        fail("not of the form NAME=PATH: %s", argument);
    }
    *equals = '\0';
    check_name(argument);

    struct member member = {.name = argument, .contents = file_read(equals + 1)};
    member.mode = mode_of(member.contents);
    add_folders_of(archive, argument);
    add_member(archive, member);
}

static int compare_names(const void *left, const void *right)
{
    const struct member *a = left;
    const struct member *b = right;
    return strcmp(a->name, b->name);
}

// Sorts, keeps each folder once, and refuses a name that was given twice.
static void settle(struct archive *archive)
{
    if (archive->count == 0) {
        return;
    }
    qsort(archive->member, archive->count, sizeof(struct member), compare_names);
    size_t kept = 0;
    for (size_t i = 1; i < archive->count; i++) {
        struct member *last = &archive->member[kept];
        struct member *next = &archive->member[i];
        if (strcmp(last->name, next->name) != 0) {
            archive->member[++kept] = *next;
        } else if (last->mode != MODE_FOLDER || next->mode != MODE_FOLDER) {
            fail("the name is taken twice: %s", next->name);
        }
    }
    archive->count = kept + 1;
}

static void append(struct output *output, const void *data, size_t size)
{
    struct bytes *bytes = &output->bytes;
    size_t padded = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (output->room - bytes->size < padded) {
        output->room = 2 * output->room + padded;
        bytes->data = reallocate(bytes->data, output->room);
    }
    if (size > 0) {
        memcpy(bytes->data + bytes->size, data, size);
    }
    memset(bytes->data + bytes->size + size, 0, padded - size);
    bytes->size += padded;
}

static void append_member(struct output *output, const struct member *member, size_t inode,
                          uint64_t date)
{
    if (member->contents.size > LARGEST_FIELD || date > LARGEST_FIELD) {
        fail("%s: its size or date has no room in a CPIO header", member->name);
    }

    const uint64_t fields[13] = {
        inode,                    // inode number
        member->mode,             // kind and permissions
        0,                        // owner
        0,                        // group
        1,                        // links
        date,                     // modification time
        member->contents.size,    // size of the contents
        0,                        // device, major
        0,                        // device, minor
        0,                        // special file, major
        0,                        // special file, minor
        strlen(member->name) + 1, // size of the name
        0,                        // check sum, unused in this format
    };
    char head[HEADER_SIZE + LONGEST_NAME + 2];
    size_t used = (size_t)sprintf(head, "070701");
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        used += (size_t)sprintf(head + used, "%08x", (unsigned int)fields[i]);
    }
    memcpy(head + used, member->name, fields[11]);

    append(output, head, used + fields[11]);
    append(output, member->contents.data, member->contents.size);
}

int main(int count, char **arguments)
{
    if (count == 2 && strcmp(arguments[1], "--help") == 0) {
        puts("Usage: mkcpio OUT NAME=PATH...\n\nWrites the files to OUT as a CPIO archive.");
        return 0;
    }
    if (count < 2) {
        fail("an output file is needed (mkcpio --help)");
    }

    struct archive archive = {};
    for (int i = 2; i < count; i++) {
        add_argument(&archive, arguments[i]);
    }
    settle(&archive);

    struct output output = {};
    uint64_t date = source_date();
    for (size_t i = 0; i < archive.count; i++) {
        append_member(&output, &archive.member[i], i + 1, date);
    }
    append_member(&output, &(struct member){.name = "TRAILER!!!"}, 0, 0);
    file_write(arguments[1], output.bytes);

    free(output.bytes.data);
    free(archive.member);
    return 0;
}
