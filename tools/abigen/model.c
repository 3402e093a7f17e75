// SPDX-License-Identifier: MIT
//
// Look-ups in the model, and the count of mistakes.
#include "model.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static size_t mistake_count;

void mistake(const struct where *where, const char *format, ...)
{
    mistake_count++;
    (void)fprintf(stderr, "%s:%d: ", where->path, where->line);
    va_list arguments;
    va_start(arguments, format);
    (void)vfprintf(stderr, format, arguments);
    va_end(arguments);
    (void)fputc('\n', stderr);
}

size_t mistakes(void)
{
    return mistake_count;
}

const struct constant *find_constant(const struct model *model, const char *name)
{
    for (size_t i = 0; i < model->constant_count; i++) {
        if (strcmp(model->constants[i].named.name, name) == 0) {
            return &model->constants[i];
        }
    }
    return nullptr;
}

const struct enumeration *find_enum(const struct model *model, const char *name)
{
    for (size_t i = 0; i < model->enum_count; i++) {
        if (strcmp(model->enums[i].named.name, name) == 0) {
            return &model->enums[i];
        }
    }
    return nullptr;
}

const struct structure *find_struct(const struct model *model, const char *name)
{
    for (size_t i = 0; i < model->struct_count; i++) {
        if (strcmp(model->structs[i].named.name, name) == 0) {
            return &model->structs[i];
        }
    }
    return nullptr;
}

const struct object *find_object(const struct model *model, const char *name)
{
    for (size_t i = 0; i < model->object_count; i++) {
        if (strcmp(model->objects[i].named.name, name) == 0) {
            return &model->objects[i];
        }
    }
    return nullptr;
}

const struct member *find_member(const struct enumeration *enumeration, const char *name)
{
    for (size_t i = 0; i < enumeration->member_count; i++) {
        if (strcmp(enumeration->members[i].named.name, name) == 0) {
            return &enumeration->members[i];
        }
    }
    return nullptr;
}

bool from_protocol(const struct where *where)
{
    return strncmp(where->file, "abi/proto/", 10) == 0;
}

uint64_t member_value(const struct enumeration *enumeration, const struct member *member)
{
    return enumeration->bits ? UINT64_C(1) << member->value : member->value;
}
