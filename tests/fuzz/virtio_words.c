// SPDX-License-Identifier: MIT
// A command line that may be anything, read for virtio devices in memory. No two that are accepted are
// in one page, and none leaves its page.
#include "virtio_words.h"

#include <stdlib.h>

#include "input.h"

constexpr uint64_t PAGE = 4096;

static void check(const struct virtio_words *words, size_t number)
{
    const struct virtio_word *word = &words->word[number];
    if (word->size < 256 || word->base % PAGE + word->size > PAGE ||
        word->base + PAGE < word->base) {
        abort();
    }
    for (size_t i = 0; i < number; i++) {
        const struct virtio_word *other = &words->word[i];
        if (other->fault == nullptr &&
            (other->base / PAGE == word->base / PAGE || other->line == word->line)) {
            abort();
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *byte, size_t size)
{
    // Exactly as many bytes, so that the sanitizer sees one too many; the first says whether it was cut.
    if (size == 0) {
        return 0;
    }
    char *line = malloc(size);
    memcpy(line, byte + 1, size - 1);
    struct virtio_words words = virtio_words_read(line, size - 1, (byte[0] & 1) != 0);
    for (size_t i = 0; i < words.count; i++) {
        if (words.word[i].fault == nullptr) {
            check(&words, i);
        }
    }
    free(line);
    return 0;
}
