// SPDX-License-Identifier: MIT
// Reading and writing whole files; see file.h.
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

constexpr size_t HOLE = 4096;

void fail(const char *format, ...)
{
    va_list arguments;
    (void)fprintf(stderr, "%s: ", program_invocation_short_name);
    va_start(arguments, format);
    (void)vfprintf(stderr, format, arguments);
    va_end(arguments);
    (void)fputc('\n', stderr);
    exit(1);
}

void *allocate(size_t size)
{
    void *memory = calloc(1, size == 0 ? 1 : size);
    if (memory == nullptr) {
        fail("out of memory");
    }
    return memory;
}

void *reallocate(void *memory, size_t size)
{
    void *grown = realloc(memory, size);
    if (grown == nullptr) {
        fail("out of memory");
    }
    return grown;
}

struct bytes file_read(const char *path)
{
    struct stat status;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0 || fstat(file, &status) != 0) {
        fail("%s: %s", path, strerror(errno));
    }
    if (!S_ISREG(status.st_mode)) {
        fail("%s: not a regular file", path);
    }

    struct bytes contents = {.size = (size_t)status.st_size};
    contents.data = allocate(contents.size);
    for (size_t done = 0; done < contents.size;) {
        ssize_t count = read(file, contents.data + done, contents.size - done);
        if (count < 0) {
            fail("%s: %s", path, strerror(errno));
        }
        if (count == 0) {
            fail("%s: became shorter while it was read", path);
        }
        done += (size_t)count;
    }
    close(file);
    return contents;
}

static bool is_zero(const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (data[i] != 0) {
            return false;
        }
    }
    return true;
}

static bool write_all(int file, struct bytes contents)
{
    if (ftruncate(file, (off_t)contents.size) != 0) {
        return false;
    }
    for (size_t done = 0; done < contents.size;) {
        size_t left = contents.size - done;
        size_t size = left < HOLE ? left : HOLE;
        if (is_zero(contents.data + done, size)) {
            done += size;
            continue;
        }
        ssize_t count = pwrite(file, contents.data + done, size, (off_t)done);
        if (count < 0) {
            return false;
        }
        done += (size_t)count;
    }
    return true;
}

void file_write(const char *path, struct bytes contents)
{
    size_t length = strlen(path);
    char *partial = allocate(length + sizeof(".part"));
    memcpy(partial, path, length);
    memcpy(partial + length, ".part", sizeof(".part"));

    int file = open(partial, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (file < 0) {
        fail("%s: %s", partial, strerror(errno));
    }
    bool written = write_all(file, contents);
    written = close(file) == 0 && written;
    if (!written || rename(partial, path) != 0) {
        int reason = errno;
        unlink(partial);
        fail("%s: %s", path, strerror(reason));
    }
    free(partial);
}

uint64_t source_date(void)
{
    const char *text = getenv("SOURCE_DATE_EPOCH");
    if (text == nullptr || *text == '\0') {
        return 0;
    }

    char *end;
    errno = 0;
    uint64_t seconds = strtoull(text, &end, 10);
    if (errno != 0 || *end != '\0' || *text < '0' || *text > '9') {
        fail("SOURCE_DATE_EPOCH is not a number of seconds: %s", text);
    }
    return seconds;
}
