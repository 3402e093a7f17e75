// SPDX-License-Identifier: MIT
// A volume in ext4 with damage: the input says where in the image which bytes are others. All that is
// found on it is then looked at, as the process of the volume does for its client.
#include "ext.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "input.h"

constexpr size_t SIZE = 1 << 20;
constexpr size_t STRUCTURES = 64 << 10; // where most of what can be believed stands
constexpr uint32_t INODES = 24;

static uint8_t sound[SIZE];
static uint8_t image[SIZE];

static bool read_image(void *context, uint64_t offset, void *buffer, size_t bytes)
{
    (void)context;
    if (offset > SIZE || bytes > SIZE - offset) {
        abort(); // the reader has left the device
    }
    memcpy(buffer, image + offset, bytes);
    return true;
}

// A small volume with a folder, a file in pieces, links and attributes.
int LLVMFuzzerInitialize(int *count, char ***arguments)
{
    (void)count;
    (void)arguments;
    static const char make[] =
        "set -e; t=$(mktemp -d); mkdir -p $t/in/folder; echo hello >$t/in/hello\n"
        "head -c 70000 /dev/zero >$t/in/folder/zeros; ln -s folder/zeros $t/in/link\n"
        "mke2fs -q -t ext4 -b 1024 -O ^metadata_csum,inline_data -d $t/in $t/image 1024k "
        ">/dev/null\n"
        "debugfs -w -R 'ea_set /hello user.x value' $t/image >/dev/null 2>&1\n"
        "cat $t/image; rm -r $t";
    FILE *pipe = popen(make, "r");
    bool read = pipe != nullptr && fread(sound, SIZE, 1, pipe) == 1;
    if (pipe != nullptr) {
        (void)pclose(pipe);
    }
    if (!read) {
        (void)fputs("there is no image: mke2fs is missing\n", stderr);
        exit(1);
    }
    return 0;
}

static bool look(void *context, uint32_t inode, enum ext_kind kind, const char *name, size_t length)
{
    struct ext_volume *volume = *(struct ext_volume **)context;
    static uint8_t bytes[4096];
    static char target[EXT_LINK_MOST];
    struct ext_status status = {};
    uint32_t found = 0;
    size_t got = 0;
    (void)kind;
    if (ext_status(volume, inode, &status) == EXT_OK &&
        ext_read(volume, inode, status.size / 2, bytes, sizeof bytes, &got) == EXT_OK &&
        got > sizeof bytes) {
        abort();
    }
    (void)!ext_read_link(volume, inode, target, sizeof target, &got);
    (void)!ext_attribute(volume, inode, "user.x", bytes, sizeof bytes, &got);
    (void)!ext_attributes(volume, inode, target, sizeof target, &got);
    (void)!ext_find(volume, inode, name, length, &found);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {.byte = data, .left = size};
    memcpy(image, sound, SIZE);
    while (input.left > 3) {
        uint64_t where = input_number(&input, 3);
        bool structure = (where & 7) != 0;
        image[(where >> 3) % (structure ? STRUCTURES : SIZE)] = input_byte(&input);
    }
    const struct ext_device device = {.size = SIZE, .read = read_image};
    struct ext_volume *volume = nullptr;
    if (ext_open(&device, &volume) != EXT_OK) {
        return 0;
    }
    for (uint32_t inode = EXT_ROOT; inode < INODES; inode++) {
        (void)!ext_visit(volume, inode, &(struct ext_visitor){(void *)&volume, look});
    }
    ext_close(volume);
    return 0;
}
