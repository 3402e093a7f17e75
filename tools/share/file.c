// SPDX-License-Identifier: MIT
#include "file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static size_t bucket_of(uint32_t number)
{
    return number % (sizeof((struct file_table *)nullptr)->bucket / sizeof(struct file *));
}

struct file *file_find(const struct file_table *table, uint32_t number)
{
    struct file *file = table->bucket[bucket_of(number)];
    while (file != nullptr && file->number != number) {
        file = file->next;
    }
    return file;
}

int file_add(struct file_table *table, uint32_t number, const struct place *place, const char *path,
             bool directory)
{
    if (file_find(table, number) != nullptr) {
        return -EEXIST;
    }
    if (table->count == FILE_MOST) {
        return -ENFILE;
    }
    struct file *file = calloc(1, sizeof *file);
    char *copy = strdup(path);
    if (file == nullptr || copy == nullptr) {
        free(file);
        free(copy);
        return -ENOMEM;
    }
    struct file **bucket = &table->bucket[bucket_of(number)];
    *file = (struct file){
        .next = *bucket,
        .number = number,
        .descriptor = -1,
        .directory = directory,
        .place = place,
        .path = copy,
    };
    *bucket = file;
    table->count++;
    return 0;
}

int file_move(struct file *file, const char *path, bool directory)
{
    char *copy = strdup(path);
    if (copy == nullptr) {
        return -ENOMEM;
    }
    free(file->path);
    file->path = copy;
    file->directory = directory;
    return 0;
}

struct attribute *file_add_attribute(struct file_table *table, struct file *file, size_t size)
{
    if (file->attribute != nullptr || table->attributes == ATTRIBUTE_MOST) {
        return nullptr;
    }
    struct attribute *attribute = calloc(1, sizeof *attribute + size);
    if (attribute != nullptr) {
        attribute->size = size;
        file->attribute = attribute;
        table->attributes++;
    }
    return attribute;
}

static void destroy(struct file *file)
{
    free(file->attribute);
    if (file->descriptor >= 0) {
        close(file->descriptor);
    }
    free(file->path);
    free(file);
}

void file_remove(struct file_table *table, struct file *file)
{
    struct file **link = &table->bucket[bucket_of(file->number)];
    while (*link != file) {
        link = &(*link)->next;
    }
    *link = file->next;
    table->count--;
    table->attributes -= file->attribute != nullptr ? 1 : 0;
    destroy(file);
}

void file_remove_all(struct file_table *table)
{
    table->count = 0;
    table->attributes = 0;
    for (size_t i = 0; i < sizeof table->bucket / sizeof table->bucket[0]; i++) {
        struct file *file = table->bucket[i];
        while (file != nullptr) {
            struct file *next = file->next;
            destroy(file);
            file = next;
        }
        table->bucket[i] = nullptr;
    }
}

static void rename_one(struct file *file, const char *from, const char *to)
{
    size_t length = strlen(from);
    bool below = strncmp(file->path, from, length) == 0 &&
                 (file->path[length] == '\0' || file->path[length] == '/');
    char path[PLACE_PATH];
    if (below && strlen(to) + strlen(file->path + length) < sizeof path) {
        (void)snprintf(path, sizeof path, "%s%s", to, file->path + length);
        // Without memory the old path stays, which leads to nothing.
        (void)file_move(file, path, file->directory);
    }
}

void file_renamed(struct file_table *table, const struct place *place, const char *from,
                  const char *to)
{
    for (size_t i = 0; i < sizeof table->bucket / sizeof table->bucket[0]; i++) {
        for (struct file *file = table->bucket[i]; file != nullptr; file = file->next) {
            if (file->place == place) {
                rename_one(file, from, to);
            }
        }
    }
}
