// SPDX-License-Identifier: MIT
#include "attributes.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

// A descriptor of what a number stands for, and what has to be closed afterwards; an error below zero.
struct opened {
    int descriptor;
    int own;
};

static struct opened open_for_attribute(const struct exchange *exchange, const struct file *file)
{
    if (exchange_is_top(exchange, file)) {
        return (struct opened){-EOPNOTSUPP, -1};
    }
    if (file->descriptor >= 0) {
        return (struct opened){file->descriptor, -1};
    }
    int found = place_open_file(file->place, file->path, O_RDONLY);
    return (struct opened){found, found};
}

static void close_opened(struct opened opened)
{
    if (opened.own >= 0) {
        close(opened.own);
    }
}

// A whole name; an empty one when it is none.
static struct name read_attribute_name(struct exchange *exchange)
{
    struct wire_text text = wire_read_text(&exchange->in);
    struct name name = {};
    if (text.length <= NINE_NAME_MOST && memchr(text.text, '\0', text.length) == nullptr) {
        memcpy(name.text, text.text, text.length);
    } else {
        exchange->in.broken = true;
    }
    return name;
}

// Reads an attribute, or for an empty name the names of all, for a new number.
int answer_attribute_walk(struct exchange *exchange)
{
    static uint8_t bytes[NINE_ATTRIBUTE_MOST];
    struct file_table *files = &exchange->server->files;
    const struct file *file = exchange_file(exchange);
    uint32_t number = (uint32_t)wire_read(&exchange->in, 4);
    struct name name = read_attribute_name(exchange);
    int error = exchange_decoded_for(exchange, file);
    if (error != 0) {
        return error;
    }
    struct opened opened = open_for_attribute(exchange, file);
    long got = opened.descriptor;
    if (got >= 0) {
        got = name.text[0] == '\0'
                  ? place_attributes(opened.descriptor, (char *)bytes, sizeof bytes)
                  : place_attribute(opened.descriptor, name.text, bytes, sizeof bytes);
        close_opened(opened);
    }
    if (got < 0) {
        return (int)-got;
    }
    error = -file_add(files, number, file->place, file->path, false);
    if (error != 0) {
        return error;
    }
    struct file *made = file_find(files, number);
    struct attribute *attribute = file_add_attribute(files, made, (size_t)got);
    if (attribute == nullptr) {
        file_remove(files, made);
        return ENOMEM;
    }
    memcpy(attribute->bytes, bytes, (size_t)got);
    wire_write(&exchange->out, (uint64_t)got, 8);
    return 0;
}

// All of the value has come: the attribute is set, or taken away.
static int set_attribute(const struct exchange *exchange, const struct file *file)
{
    const struct attribute *attribute = file->attribute;
    if (!place_may_change(file->place, file->path)) {
        return EROFS;
    }
    struct opened opened = open_for_attribute(exchange, file);
    if (opened.descriptor < 0) {
        return -opened.descriptor;
    }
    int error = (attribute->flags & NINE_ATTRIBUTE_REMOVE) != 0
                    ? place_remove_attribute(opened.descriptor, attribute->name)
                    : place_set_attribute(opened.descriptor, attribute->name, attribute->bytes,
                                          attribute->size, (int)attribute->flags);
    close_opened(opened);
    return -error;
}

// Lets a number stand for an attribute whose value comes by write. It is changed when the last byte is here.
int answer_attribute_create(struct exchange *exchange)
{
    constexpr uint32_t KNOWN = NINE_ATTRIBUTE_NEW | NINE_ATTRIBUTE_OVER | NINE_ATTRIBUTE_REMOVE;
    struct file *file = exchange_file(exchange);
    struct name name = read_attribute_name(exchange);
    uint64_t size = wire_read(&exchange->in, 8);
    uint32_t flags = (uint32_t)wire_read(&exchange->in, 4);
    int error = exchange_may_change(exchange, file);
    if (error != 0) {
        return error;
    }
    if ((flags & ~KNOWN) != 0 || ((flags & NINE_ATTRIBUTE_REMOVE) != 0 && size != 0)) {
        return EINVAL;
    }
    if (size > NINE_ATTRIBUTE_MOST) {
        return E2BIG;
    }
    if (file->descriptor >= 0 || file->attribute != nullptr) {
        return EBADF;
    }
    struct attribute *attribute = file_add_attribute(&exchange->server->files, file, size);
    if (attribute == nullptr) {
        return ENOMEM;
    }
    attribute->sets = true;
    attribute->flags = flags;
    memcpy(attribute->name, name.text, sizeof name.text);
    return size == 0 ? set_attribute(exchange, file) : 0;
}

int attribute_read(struct exchange *exchange, const struct attribute *attribute, uint64_t offset,
                   size_t count)
{
    struct wire_writer *out = &exchange->out;
    size_t left = offset < attribute->size ? attribute->size - offset : 0;
    size_t got = left < count ? left : count;
    if (attribute->sets) {
        return EBADF;
    }
    wire_write(out, got, 4);
    memcpy(out->bytes + out->used, attribute->bytes + (left > 0 ? offset : 0), got);
    out->used += got;
    return 0;
}

// The pieces of a value come in their order.
int attribute_write(struct exchange *exchange, const struct file *file, uint64_t offset,
                    struct wire_text data)
{
    struct attribute *attribute = file->attribute;
    if (!attribute->sets || attribute->done == attribute->size) {
        return EBADF;
    }
    if (offset != attribute->done || data.length > attribute->size - attribute->done) {
        return EINVAL;
    }
    memcpy(attribute->bytes + offset, data.text, data.length);
    attribute->done += data.length;
    wire_write(&exchange->out, data.length, 4);
    return attribute->done == attribute->size ? set_attribute(exchange, file) : 0;
}
