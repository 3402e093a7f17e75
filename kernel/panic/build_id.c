// SPDX-License-Identifier: MIT
// Turns the linker's Build-ID note into text: a header of three words (length of the name, length
// of the content, type), the name "GNU", then the bytes of the hash.
#include "panic/build_id.h"

#include <stdint.h>

#include "lib/memory.h"

constexpr size_t NOTE_HEADER = 12;
constexpr size_t NOTE_NAME = 4;

extern const uint8_t image_build_id_start[], image_build_id_end[];

const char *build_id(void)
{
    static const char digits[] = "0123456789abcdef";
    static char text[BUILD_ID_DIGITS + 1];
    const uint8_t *hash = image_build_id_start + NOTE_HEADER + NOTE_NAME;
    size_t size = (size_t)(image_build_id_end - image_build_id_start);
    size_t length = 0;

    size = size < NOTE_HEADER + NOTE_NAME ? 0 : size - NOTE_HEADER - NOTE_NAME;
    for (size_t i = 0; i < size && length < BUILD_ID_DIGITS; i++) {
        text[length++] = digits[hash[i] >> 4];
        text[length++] = digits[hash[i] & 15];
    }
    text[length] = 0;
    return text;
}
