// SPDX-License-Identifier: MIT
#include "request.h"

#include "../core/errno.h"
#include "../core/store.h"
#include "consent.h"
#include "linux.h"
#include "path.h"

#include <string.h>

constexpr size_t LINE_MOST = 128;

// The answer to the latest request of this file.
struct request {
    size_t length;
    size_t given; // bytes that were read
    char text[LINUX_PATH_MOST + 1];
};

static struct request *request_of(const struct file *file)
{
    return file->own;
}

// What stands behind a word at the beginning of a line, and a space; null when it is not there.
static const char *behind(const char *line, const char *word)
{
    size_t length = strlen(word);
    if (strncmp(line, word, length) != 0 || (line[length] != ' ' && line[length] != '\0')) {
        return nullptr;
    }
    return line + length + (line[length] == ' ');
}

static int64_t pick(struct request *request, bool changes, const char *reason)
{
    char *path = path_buffer();
    if (path == nullptr) {
        return -ENOMEM;
    }
    int64_t error = consent_pick(changes, reason, path);
    if (error == 0) {
        size_t length = strlen(path);
        memcpy(request->text, path, length);
        request->text[length] = '\n';
        request->length = length + 1;
        request->given = 0;
    }
    path_buffer_give(path);
    return error;
}

static int64_t write_request(struct file *file, struct transfer *transfer, uint64_t offset)
{
    (void)offset;
    char line[LINE_MOST + 1] = "";
    size_t size = transfer->size;
    if (size > LINE_MOST) {
        return -EINVAL;
    }
    int64_t error = transfer_take(transfer, line, size);
    if (error != 0) {
        return error;
    }
    line[strcspn(line, "\n")] = '\0';
    const char *to_read = behind(line, "pick read");
    const char *to_change = behind(line, "pick write");
    if (to_read == nullptr && to_change == nullptr) {
        return -EINVAL;
    }
    request_of(file)->length = 0;
    error =
        pick(request_of(file), to_change != nullptr, to_change != nullptr ? to_change : to_read);
    return error != 0 ? error : (int64_t)size;
}

static int64_t read_answer(struct file *file, struct transfer *transfer, uint64_t offset)
{
    (void)offset;
    struct request *request = request_of(file);
    size_t left = request->length > request->given ? request->length - request->given : 0;
    size_t part = left < transfer->size ? left : transfer->size;
    const char *from = request->text + request->given;
    request->given += part;
    int64_t error = transfer_give(transfer, from, part);
    return error != 0 ? error : (int64_t)part;
}

static void close_request(struct file *file)
{
    store_give(file->own, sizeof(struct request));
}

static const struct file_operations operations = {.kind = "kozo",
                                                  .read = read_answer,
                                                  .write = write_request,
                                                  .seek = file_seek_nowhere,
                                                  .close = close_request};

int64_t request_open(struct file *file)
{
    file->own = store_take(sizeof(struct request));
    if (file->own == nullptr) {
        return -ENOMEM;
    }
    file->operations = &operations;
    return 0;
}
