// SPDX-License-Identifier: MIT
#include "joined.h"

#include <string.h>

constexpr char EVENT[] = "\"event\":\"kernel\",\"authority\":";
constexpr char SECOND[] = ",\"refusals\":";

// A place in a line, and where the line ends; null after a fault.
struct reader {
    const char *at, *end;
};

static void expect(struct reader *reader, const char *text)
{
    size_t length = strlen(text);
    bool good = reader->at != nullptr && (size_t)(reader->end - reader->at) >= length &&
                memcmp(reader->at, text, length) == 0;
    reader->at = good ? reader->at + length : nullptr;
}

static uint64_t take_number(struct reader *reader)
{
    uint64_t number = 0;
    const char *start = reader->at;
    for (; reader->at != nullptr && reader->at < reader->end; reader->at++) {
        if (*reader->at < '0' || *reader->at > '9') {
            break;
        }
        number = number * 10 + (uint64_t)(*reader->at - '0');
    }
    reader->at = reader->at != start ? reader->at : nullptr;
    return number;
}

static unsigned digit_of(char byte)
{
    return byte >= '0' && byte <= '9'   ? (unsigned)(byte - '0')
           : byte >= 'a' && byte <= 'f' ? (unsigned)(byte - 'a' + 10)
                                        : 16;
}

static void take_digest(struct reader *reader, struct kozo_digest *digest)
{
    constexpr size_t digits = 2 * sizeof digest->bytes;
    bool good = reader->at != nullptr && (size_t)(reader->end - reader->at) >= digits;
    for (size_t i = 0; i < sizeof digest->bytes && good; i++) {
        unsigned high = digit_of(reader->at[2 * i]);
        unsigned low = digit_of(reader->at[2 * i + 1]);
        good = high < 16 && low < 16;
        digest->bytes[i] = (uint8_t)(high << 4 | (low & 15));
    }
    reader->at = good ? reader->at + digits : nullptr;
}

static void take_ring(struct reader *reader, struct policy_kernel_ring *ring)
{
    expect(reader, "{\"read\":");
    ring->read = take_number(reader);
    expect(reader, ",\"written\":");
    ring->written = take_number(reader);
    expect(reader, ",\"digest\":\"");
    take_digest(reader, &ring->digest);
    expect(reader, "\"}");
}

// Behind the number and the time, which every line has.
static const char *event_of(const char *line, size_t length)
{
    struct reader reader = {line, line + length};
    expect(&reader, "{\"v\":1,\"n\":");
    (void)take_number(&reader);
    expect(&reader, ",\"time\":");
    (void)take_number(&reader);
    expect(&reader, ",");
    expect(&reader, EVENT);
    return reader.at;
}

bool policy_joined_read(const char *line, size_t length,
                        struct policy_kernel_ring ring[POLICY_KERNEL_RINGS])
{
    struct reader reader = {event_of(line, length), line + length};
    if (reader.at == nullptr) {
        return false;
    }
    take_ring(&reader, &ring[0]);
    expect(&reader, SECOND);
    take_ring(&reader, &ring[1]);
    // A line of this kind that can't be read fits nothing.
    ring[0].written = reader.at != nullptr ? ring[0].written : 0;
    ring[0].read = reader.at != nullptr ? ring[0].read : UINT64_MAX;
    return true;
}

static bool follows(const struct policy_kernel_ring *before, const struct policy_kernel_ring *ring)
{
    return ring->read <= ring->written && before->read <= ring->read &&
           before->written <= ring->written &&
           (before->read != ring->read ||
            memcmp(&before->digest, &ring->digest, sizeof ring->digest) == 0);
}

static bool all_follow(const struct policy_kernel_ring before[POLICY_KERNEL_RINGS],
                       const struct policy_kernel_ring ring[POLICY_KERNEL_RINGS])
{
    bool good = true;
    for (size_t i = 0; i < POLICY_KERNEL_RINGS; i++) {
        good = good && follows(&before[i], &ring[i]);
    }
    return good;
}

uint64_t policy_joined_check(const char *text, size_t size,
                             const struct policy_kernel_ring now[POLICY_KERNEL_RINGS])
{
    struct policy_kernel_ring before[POLICY_KERNEL_RINGS] = {};
    struct policy_kernel_ring ring[POLICY_KERNEL_RINGS] = {};
    uint64_t line = 0;
    uint64_t latest = 0;
    bool first = true;
    for (size_t at = 0; at < size;) {
        const char *start = text + at;
        const char *end = memchr(start, '\n', size - at);
        size_t length = end != nullptr ? (size_t)(end - start) : size - at;
        at += length + 1;
        line++;
        if (!policy_joined_read(start, length, ring)) {
            continue;
        }
        // Nothing is known of what was before the first one that is kept.
        if (!all_follow(first ? ring : before, ring)) {
            return line;
        }
        memcpy(before, ring, sizeof before);
        latest = line;
        first = false;
    }
    return first || all_follow(before, now) ? 0 : latest;
}
