// SPDX-License-Identifier: MIT
// Words of the command line: those that are right, each way to be wrong, and noise.
#include "virtio_words.h"

#include <string.h>

#include "test.h"

#define WORD "virtio_mmio.device="

static struct virtio_words read(const char *line)
{
    return virtio_words_read(line, strlen(line), false);
}

// Whether a word is refused, and this is said.
static bool has_fault(const struct virtio_word *word, const char *fault)
{
    return word->fault != nullptr && strstr(word->fault, fault) != nullptr;
}

static bool refused(const char *line, const char *fault)
{
    struct virtio_words words = read(line);
    return words.count == 1 && has_fault(&words.word[0], fault);
}

TEST("each word that names a device is one, with its address, size and interrupt")
{
    struct virtio_words words = read("random=** " WORD "512@0xfeb00000:24 quiet\t" WORD
                                     "0x200@0xFEB01200:32:7 " WORD "1K@4276224000:40\n");
    REQUIRE(words.count == 3 && !words.too_many);
    CHECK(words.word[0].fault == nullptr && words.word[0].base == 0xfeb0'0000);
    CHECK(words.word[0].size == 512 && words.word[0].line == 24);
    CHECK(words.word[1].fault == nullptr && words.word[1].base == 0xfeb0'1200);
    CHECK(words.word[1].size == 512 && words.word[1].line == 32);
    CHECK(words.word[2].fault == nullptr && words.word[2].base == 0xfee2'0000);
    CHECK(words.word[2].size == 1024 && words.word[2].line == 40);
}

TEST("other words name no device, whatever stands in their midst")
{
    CHECK(read("").count == 0 && read(" \t\n ").count == 0);
    CHECK(read("virtio_mmio.device virtio_mmio.devices=512@0xfeb00000:24").count == 0);
    CHECK(read("x" WORD "512@0xfeb00000:24").count == 0);
}

TEST("a word of another form is refused, and it is said which part is wrong")
{
    CHECK(refused(WORD, "size") && refused(WORD "@0xfeb00000:24", "size"));
    CHECK(refused(WORD "-512@0xfeb00000:24", "size") && refused(WORD "0x@0xfeb00000:24", "size"));
    CHECK(refused(WORD "512", "address") && refused(WORD "512@", "address"));
    CHECK(refused(WORD "512M@0xfeb00000:24", "address") && refused(WORD "512@x:24", "address"));
    CHECK(refused(WORD "512@feb00000:24", "address"));
    CHECK(refused(WORD "512@0xfeb00000", "interrupt") &&
          refused(WORD "512@0xfeb00000:", "interrupt"));
    CHECK(refused(WORD "512@0xfeb00000:24:", "own number"));
    CHECK(refused(WORD "512@0xfeb00000:24x", "behind it"));
    CHECK(refused(WORD "512@0xfeb00000:24:1,", "behind it"));
}

TEST("numbers that no device has are refused: too large, outside of memory, across a page")
{
    CHECK(refused(WORD "512@0x10000000000000:24", "address"));
    CHECK(refused(WORD "512@0xfffffffffffffffffffff:24", "address"));
    CHECK(refused(WORD "512@0x200:24", "address") && refused(WORD "512@0xfeb00002:24", "address"));
    CHECK(refused(WORD "0@0xfeb00000:24", "too few") &&
          refused(WORD "255@0xfeb00000:24", "too few"));
    CHECK(refused(WORD "4097@0xfeb00000:24", "leave") &&
          refused(WORD "512@0xfeb00f00:24", "leave"));
    // As bytes it would be a multiple of 2^64, and 512.
    CHECK(refused(WORD "18014398509481984K@0xfeb00000:24", "size"));
    CHECK(refused(WORD "512@0xfeb00000:1024", "interrupt"));
    CHECK(read(WORD "256@0xfeb00f00:1023").word[0].fault == nullptr);
}

TEST("devices that share a page are all refused, also with one that has another fault")
{
    struct virtio_words words = read(WORD "512@0xfeb00000:24 " WORD "512@0xfeb01000:32 " WORD
                                          "512@0xfeb00200:25 " WORD "512@0xfeb00e00:31");
    REQUIRE(words.count == 4);
    CHECK(has_fault(&words.word[0], "page") && words.word[1].fault == nullptr);
    CHECK(has_fault(&words.word[2], "page"));
    CHECK(has_fault(&words.word[3], "page"));
    words = read(WORD "512@0xfeb00000:24 " WORD "512@0xfeb00200:9999");
    CHECK(has_fault(&words.word[0], "page"));
    CHECK(has_fault(&words.word[1], "interrupt"));
    words = read(WORD "512@0xfeb00000:24 " WORD "512@0xfeb00000:25");
    CHECK(words.word[0].fault != nullptr && words.word[1].fault != nullptr);
}

TEST("devices with one interrupt are refused, but not for the sake of one that is refused")
{
    struct virtio_words words = read(WORD "512@0xfeb00000:24 " WORD "512@0xfeb01000:24");
    CHECK(has_fault(&words.word[0], "same interrupt"));
    CHECK(has_fault(&words.word[1], "same interrupt"));
    words = read(WORD "512@0xfeb00000:24 " WORD "1@0xfeb01000:24");
    CHECK(words.word[0].fault == nullptr && words.word[1].fault != nullptr);
}

TEST("of a line that was cut the word at its end is not believed")
{
    const char *line = WORD "512@0xfeb00000:24 " WORD "512@0xfeb01000:3";
    struct virtio_words words = virtio_words_read(line, strlen(line), true);
    REQUIRE(words.count == 2);
    CHECK(words.word[0].fault == nullptr);
    CHECK(has_fault(&words.word[1], "too long"));
    line = WORD "512@0xfeb00000:24 ";
    CHECK(virtio_words_read(line, strlen(line), true).word[0].fault == nullptr);
}

TEST("words beyond the sixteenth are not read, and that is noted")
{
    static char line[(VIRTIO_WORDS_MOST + 1) * sizeof WORD];
    for (size_t i = 0; i < VIRTIO_WORDS_MOST + 1; i++) {
        memcpy(line + i * sizeof WORD, WORD " ", sizeof WORD);
    }
    struct virtio_words words = virtio_words_read(line, sizeof line - sizeof WORD, false);
    CHECK(words.count == VIRTIO_WORDS_MOST && !words.too_many);
    words = virtio_words_read(line, sizeof line, false);
    CHECK(words.count == VIRTIO_WORDS_MOST && words.too_many);
}

TEST("of changed lines no device leaves its page, and no two are in one page")
{
    const char good[] =
        WORD "512@0xfeb00000:24 " WORD "0x400@0xfeb01400:32:1 " WORD "1K@0xfeb02000:40";
    static const char noise[] = "0123456789abcdefxK@:= \0\xff";
    uint64_t state = 1;
    size_t accepted = 0;
    for (unsigned round = 0; round < 50'000; round++) {
        char line[sizeof good - 1];
        memcpy(line, good, sizeof line);
        for (unsigned i = 0; i < 1 + round % 6; i++) {
            state = state * 6'364'136'223'846'793'005 + 1'442'695'040'888'963'407;
            line[(state >> 33) % sizeof line] = noise[(state >> 20) % (sizeof noise - 1)];
        }
        struct virtio_words words = virtio_words_read(line, sizeof line, (round & 1) != 0);
        for (size_t i = 0; i < words.count; i++) {
            const struct virtio_word *word = &words.word[i];
            if (word->fault != nullptr) {
                continue;
            }
            accepted++;
            REQUIRE(word->size >= 256 && word->base % 4096 + word->size <= 4096);
            for (size_t j = 0; j < i; j++) {
                REQUIRE(words.word[j].fault != nullptr ||
                        words.word[j].base / 4096 != word->base / 4096);
            }
        }
    }
    CHECK(accepted > 1'000);
}
