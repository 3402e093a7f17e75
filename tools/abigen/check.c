// SPDX-License-Identifier: MIT
//
// The checks on the model, from the small to the large: types, enums, structs, operations,
// requests, names. See check.h.
#include "check.h"

#include "text.h"

#include <stdlib.h>
#include <string.h>

constexpr uint64_t FIRST_WORD_REGISTER = 2; // a0: info word, a1: Reply, then the message words
constexpr size_t MAX_MESSAGE_VALUES = 7;    // those in registers
constexpr uint64_t MAX_NUMBER = UINT32_MAX;

static void need_prose(const struct named *named, const char *what)
{
    if (*named->prose == '\0') {
        mistake(&named->where, "%s `%s` has no description", what, named->name);
    }
}

// Finds out what a type's name stands for. Says so when it is nothing.
static bool resolve(const struct model *model, const struct named *user, struct type *type)
{
    static const struct {
        const char *name;
        enum kind kind;
        uint64_t size;
    } BASIC[] = {
        {"u8", KIND_UNSIGNED, 1},  {"u16", KIND_UNSIGNED, 2}, {"u32", KIND_UNSIGNED, 4},
        {"u64", KIND_UNSIGNED, 8}, {"bool", KIND_BOOL, 1},    {"text", KIND_TEXT, 0},
        {"Slot", KIND_SLOT, 0},
    };
    for (size_t i = 0; i < sizeof BASIC / sizeof BASIC[0]; i++) {
        if (strcmp(BASIC[i].name, type->name) == 0) {
            type->kind = BASIC[i].kind;
            type->size = BASIC[i].size;
        }
    }
    type->enumeration = find_enum(model, type->name);
    type->structure = find_struct(model, type->name);
    if (type->enumeration != nullptr) {
        type->kind = KIND_ENUM;
        type->size = 4;
    } else if (type->structure != nullptr) {
        type->kind = KIND_STRUCT;
        type->size = type->structure->size;
    } else if (find_object(model, type->name) != nullptr) {
        type->kind = KIND_OBJECT;
    }
    if (type->kind == KIND_UNKNOWN) {
        mistake(&user->where, "unknown type `%s`", type->name);
        return false;
    }
    if (type->count_of == nullptr) {
        return true;
    }
    const struct constant *constant = find_constant(model, type->count_of);
    type->count = constant != nullptr ? constant->value : strtoull(type->count_of, nullptr, 10);
    if (type->count == 0 || type->count > MAX_NUMBER) {
        mistake(&user->where, "`%s` is no number of elements", type->count_of);
        return false;
    }
    return true;
}

static void check_enum(const struct enumeration *enumeration)
{
    if (enumeration->member_count == 0) {
        mistake(&enumeration->named.where, "`%s` has no members", enumeration->named.name);
    }
    uint64_t limit = enumeration->bits ? 31 : MAX_NUMBER;
    for (size_t i = 0; i < enumeration->member_count; i++) {
        const struct member *member = &enumeration->members[i];
        need_prose(&member->named, "member");
        if (member->value > limit) {
            mistake(&member->named.where, "number %llu is above %llu",
                    (unsigned long long)member->value, (unsigned long long)limit);
        }
        for (size_t j = 0; j < i; j++) {
            const struct member *other = &enumeration->members[j];
            if (strcmp(other->named.name, member->named.name) == 0) {
                mistake(&member->named.where, "there is a `%s` already", member->named.name);
            }
            if (other->value == member->value) {
                mistake(&member->named.where, "number %llu is taken by %s",
                        (unsigned long long)member->value, other->named.name);
            }
        }
    }
}

// Offsets as C lays them out; what would need padding is a mistake.
static void check_struct(const struct model *model, struct structure *structure)
{
    structure->alignment = 1;
    if (structure->field_count == 0) {
        mistake(&structure->named.where, "`%s` has no fields", structure->named.name);
    }
    for (size_t i = 0; i < structure->field_count; i++) {
        struct field *field = &structure->fields[i];
        if (!resolve(model, &field->named, &field->type)) {
            continue;
        }
        const struct type *type = &field->type;
        if (type->kind != KIND_STRUCT) {
            need_prose(&field->named, "field");
        }
        if (type->size == 0) {
            const char *reason = type->kind == KIND_STRUCT ? "is not defined before this"
                                                           : "can't stand in a struct";
            mistake(&field->named.where, "`%s` %s", type->name, reason);
            continue;
        }
        uint64_t alignment = type->kind == KIND_STRUCT ? type->structure->alignment : type->size;
        if (structure->size % alignment != 0) {
            mistake(&field->named.where, "`%s` would lie at %llu, which is no multiple of %llu",
                    field->named.name, (unsigned long long)structure->size,
                    (unsigned long long)alignment);
        }
        field->place = structure->size;
        structure->size += type->size * (type->count == 0 ? 1 : type->count);
        structure->alignment = alignment > structure->alignment ? alignment : structure->alignment;
    }
    if (structure->size % structure->alignment != 0) {
        mistake(&structure->named.where, "the size of `%s`, %llu, is no multiple of %llu",
                structure->named.name, (unsigned long long)structure->size,
                (unsigned long long)structure->alignment);
    }
}

// Arguments or results of an operation: registers in order, an array from a2 on and last.
static size_t check_registers(const struct model *model, struct field *fields, size_t count)
{
    uint64_t next = 0;
    for (size_t i = 0; i < count; i++) {
        struct field *field = &fields[i];
        need_prose(&field->named, "argument");
        if (!resolve(model, &field->named, &field->type)) {
            continue;
        }
        const struct type *type = &field->type;
        bool word = type->kind == KIND_UNSIGNED && type->size == 8;
        if (type->kind == KIND_TEXT || type->kind == KIND_STRUCT ||
            (type->kind == KIND_UNSIGNED && !word)) {
            mistake(&field->named.where, "`%s` can't travel in a register", type->name);
            continue;
        }
        if (type->count == 0) {
            field->place = next++;
        } else if (!word || i + 1 < count || next > FIRST_WORD_REGISTER ||
                   FIRST_WORD_REGISTER + type->count > MAX_ARGUMENTS) {
            mistake(&field->named.where,
                    "an array is of u64, at most 7, stands last, and after at most two others");
        } else {
            field->place = FIRST_WORD_REGISTER;
            next = FIRST_WORD_REGISTER + type->count;
        }
    }
    return (size_t)next;
}

static void check_needs(const struct model *model, struct operation *operation)
{
    const struct enumeration *rights = find_enum(model, "Right");
    for (size_t i = 0; i < operation->need_count; i++) {
        const struct named *need = &operation->needs[i];
        const struct member *right = rights ? find_member(rights, need->name) : nullptr;
        if (right == nullptr) {
            mistake(&need->where, "unknown right `%s`", need->name);
        } else {
            operation->rights |= member_value(rights, right);
        }
    }
}

static void check_errors(const struct model *model, const struct operation *operation)
{
    const struct enumeration *errors = find_enum(model, "Error");
    bool no_right = false;
    for (size_t i = 0; i < operation->error_count; i++) {
        const struct named *error = &operation->errors[i];
        const struct member *member = errors ? find_member(errors, error->name) : nullptr;
        no_right = no_right || strcmp(error->name, "NO_RIGHT") == 0;
        if (member == nullptr || member->value == 0) {
            mistake(&error->where, "unknown error `%s`", error->name);
        } else if (*error->prose == '\0') {
            mistake(&error->where, "error %s has no cause", error->name);
        }
    }
    if (operation->need_count > 0 && !no_right) {
        mistake(&operation->named.where, "`%s` needs a right but does not list NO_RIGHT",
                operation->named.name);
    }
}

static void check_operation(const struct model *model, const struct object *object,
                            struct operation *operation)
{
    const struct where *where = &operation->named.where;
    const char *name = operation->named.name;
    if (operation->number >= MAX_OPERATIONS) {
        mistake(where, "operation number %llu is above 15", (unsigned long long)operation->number);
    }
    operation->code = object->number * MAX_OPERATIONS + operation->number;
    size_t in = check_registers(model, operation->in, operation->in_count);
    size_t out = check_registers(model, operation->out, operation->out_count);
    operation->registers = in > out ? in : out;
    if (operation->registers > MAX_ARGUMENTS) {
        mistake(where, "`%s` takes or gives more than %zu values", name, MAX_ARGUMENTS);
    }
    if (operation->traffic != 0) {
        operation->registers = MAX_ARGUMENTS;
        if (operation->in_count + operation->out_count > 0) {
            mistake(where, "`%s` has a message, which leaves no register for arguments", name);
        }
    }
    if ((operation->traffic & TRAFFIC_ANSWERED) &&
        operation->traffic != (TRAFFIC_ANSWERED | TRAFFIC_SENDS)) {
        mistake(where, "`%s` has an answer, so it has a message and no `receive`", name);
    }
    if (object->handle == HANDLE_NONE && (operation->need_count > 0 || operation->traffic != 0)) {
        mistake(where, "`%s` takes no handle, so it can't need a right or have a message", name);
    }
    if (object->handle == HANDLE_SLOT && operation->need_count > 0) {
        mistake(where, "`%s` acts on a slot, so it can't need a right", name);
    }
    check_needs(model, operation);
    check_errors(model, operation);
}

static void check_object(const struct model *model, struct object *object)
{
    if (object->handle_field.name != nullptr) {
        if (strcmp(object->handle_field.name, "Slot") == 0) {
            object->handle = HANDLE_SLOT;
        } else if (strcmp(object->handle_field.name, "none") == 0) {
            object->handle = HANDLE_NONE;
        } else {
            mistake(&object->handle_field.where, "a handle is `Slot` or `none`, not `%s`",
                    object->handle_field.name);
        }
    }
    const struct enumeration *types = find_enum(model, "ObjectType");
    const struct member *type = types ? find_member(types, upper(object->named.name)) : nullptr;
    if (object->handle == HANDLE_NONE ? object->number != 0 || type != nullptr
                                      : type == nullptr || type->value != object->number) {
        mistake(&object->named.where, "number %llu of `%s` is not that of ObjectType",
                (unsigned long long)object->number, object->named.name);
    }
    for (size_t i = 0; i < object->operation_count; i++) {
        struct operation *operation = &object->operations[i];
        for (size_t j = 0; j < i; j++) {
            const struct operation *other = &object->operations[j];
            if (other->number == operation->number) {
                mistake(&operation->named.where, "operation number %llu is taken by %s",
                        (unsigned long long)operation->number, other->named.name);
            }
        }
        check_operation(model, object, operation);
    }
}

// Arguments or results of a request: words in order, a text last.
static void check_words(const struct model *model, struct field *fields, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct field *field = &fields[i];
        need_prose(&field->named, "argument");
        if (!resolve(model, &field->named, &field->type)) {
            continue;
        }
        const struct type *type = &field->type;
        field->place = i;
        bool word = (type->kind == KIND_UNSIGNED && type->size == 8) || type->kind == KIND_BOOL ||
                    type->kind == KIND_ENUM;
        if (i >= MAX_MESSAGE_VALUES) {
            mistake(&field->named.where, "more than 7 values in a message");
        }
        if (type->kind == KIND_TEXT && i + 1 < count) {
            mistake(&field->named.where, "a text stands last");
        } else if (type->count > 0 || (type->kind != KIND_TEXT && !word)) {
            mistake(&field->named.where, "`%s` can't travel in a message", type->name);
        }
    }
}

// A request that waits: it and its completion fit into entries of a session's rings.
static void check_waits(const struct request *request)
{
    const struct where *where = &request->named.where;
    if (request->caps > 0) {
        mistake(where, "a request that waits carries no capabilities");
    }
    if (request->in_count > RING_WORDS || request->out_count > RING_WORDS) {
        mistake(where, "a request that waits has at most %d arguments and results", RING_WORDS);
    }
    if (request->out_count > 0 && request->out[request->out_count - 1].type.kind == KIND_TEXT) {
        mistake(where, "a request that waits gives no text");
    }
    if (request->number >= COMMON_REQUESTS) {
        mistake(where, "request numbers from %d on are for what all protocols share",
                COMMON_REQUESTS);
    }
}

static void check_request(const struct model *model, struct request *request)
{
    const struct where *where = &request->named.where;
    if (request->number == 0 || request->number > MAX_NUMBER) {
        mistake(where, "request number %llu is not in 1 to 4294967295",
                (unsigned long long)request->number);
    }
    if (request->caps_field.name != nullptr) {
        const struct constant *most = find_constant(model, "MESSAGE_CAPS");
        need_prose(&request->caps_field, "`caps:`");
        if (request->caps == 0 || (most != nullptr && request->caps > most->value)) {
            mistake(&request->caps_field.where, "too many capabilities for a message, or none");
        }
    }
    check_words(model, request->in, request->in_count);
    check_words(model, request->out, request->out_count);
    if (request->waits) {
        check_waits(request);
    }
    for (size_t i = 0; i < request->out_count; i++) {
        for (size_t j = 0; j < request->in_count; j++) {
            if (strcmp(request->out[i].named.name, request->in[j].named.name) == 0) {
                mistake(&request->out[i].named.where, "`%s` is an argument already",
                        request->out[i].named.name);
            }
        }
    }
}

static void check_protocol(const struct model *model, struct protocol *protocol)
{
    if (protocol->request_count == 0) {
        mistake(&protocol->named.where, "`%s` has no requests", protocol->named.name);
    }
    for (size_t i = 0; i < protocol->request_count; i++) {
        struct request *request = &protocol->requests[i];
        for (size_t j = 0; j < i; j++) {
            const struct request *other = &protocol->requests[j];
            if (other->number == request->number) {
                mistake(&request->named.where, "request number %llu is taken by %s",
                        (unsigned long long)request->number, other->named.name);
            }
        }
        check_request(model, request);
    }
}

// A name that the generated code defines, and who defined it.
struct defined {
    const char *name;
    const struct where *where;
};

static int by_name(const void *left, const void *right)
{
    const struct defined *a = left;
    const struct defined *b = right;
    int order = strcmp(a->name, b->name);
    if (order == 0) {
        order = strcmp(a->where->file, b->where->file);
    }
    return order != 0 ? order : a->where->line - b->where->line;
}

// Reports the later one of each two that have the same name.
static void check_distinct(struct defined *names, size_t count)
{
    qsort(names, count, sizeof *names, by_name);
    for (size_t i = 1; i < count; i++) {
        if (strcmp(names[i - 1].name, names[i].name) == 0) {
            mistake(names[i].where, "the name %s is taken by line %d of %s", names[i].name,
                    names[i - 1].where->line, names[i - 1].where->file);
        }
    }
}

// Names collected for check_distinct.
struct names {
    struct defined *list;
    size_t count;
};

static void add_name(struct names *names, const char *name, const struct named *by)
{
    names->list[names->count++] = (struct defined){name, &by->where};
}

static void add_enum_names(struct names *names, const struct enumeration *enumeration)
{
    add_name(names, snake(enumeration->named.name), &enumeration->named);
    if (!enumeration->bits) {
        add_name(names, format("%s_LAST", upper(enumeration->named.name)), &enumeration->named);
    }
    for (size_t i = 0; i < enumeration->member_count; i++) {
        const struct named *member = &enumeration->members[i].named;
        if (&enumeration->members[i] == find_member(enumeration, member->name)) {
            add_name(names, format("%s%s", enumeration->prefix, member->name), member);
        }
    }
}

static void add_object_names(struct names *names, const struct object *object)
{
    add_name(names, snake(object->named.name), &object->named);
    for (size_t i = 0; i < object->operation_count; i++) {
        const struct named *named = &object->operations[i].named;
        add_name(names, format("%s_%s", snake(object->named.name), named->name), named);
    }
}

static void add_protocol_names(struct names *names, const struct protocol *protocol)
{
    add_name(names, snake(protocol->named.name), &protocol->named);
    for (size_t i = 0; i < protocol->request_count; i++) {
        const struct named *named = &protocol->requests[i].named;
        add_name(names, format("%s_%s", snake(protocol->named.name), named->name), named);
        add_name(names, format("%s_%s", upper(protocol->named.name), upper(named->name)), named);
    }
}

static void check_names(const struct model *model)
{
    constexpr size_t MOST = MAX_CONSTANTS + MAX_ENUMS * (MAX_MEMBERS + 2) + MAX_STRUCTS +
                            MAX_OBJECTS * (MAX_OPERATIONS + 1) +
                            MAX_PROTOCOLS * (2 * MAX_REQUESTS + 1);
    struct names names = {.list = reserve(MOST * sizeof *names.list)};
    for (size_t i = 0; i < model->constant_count; i++) {
        add_name(&names, model->constants[i].named.name, &model->constants[i].named);
    }
    for (size_t i = 0; i < model->enum_count; i++) {
        add_enum_names(&names, &model->enums[i]);
    }
    for (size_t i = 0; i < model->struct_count; i++) {
        add_name(&names, snake(model->structs[i].named.name), &model->structs[i].named);
    }
    for (size_t i = 0; i < model->object_count; i++) {
        add_object_names(&names, &model->objects[i]);
    }
    for (size_t i = 0; i < model->protocol_count; i++) {
        add_protocol_names(&names, &model->protocols[i]);
    }
    check_distinct(names.list, names.count);
}

static int by_object_number(const void *left, const void *right)
{
    const struct object *a = left;
    const struct object *b = right;
    return (a->number > b->number) - (a->number < b->number);
}

static int by_operation_number(const void *left, const void *right)
{
    const struct operation *a = left;
    const struct operation *b = right;
    return (a->number > b->number) - (a->number < b->number);
}

static int by_request_number(const void *left, const void *right)
{
    const struct request *a = left;
    const struct request *b = right;
    return (a->number > b->number) - (a->number < b->number);
}

static int by_protocol_name(const void *left, const void *right)
{
    const struct protocol *a = left;
    const struct protocol *b = right;
    return strcmp(a->named.name, b->named.name);
}

static void sort_model(struct model *model)
{
    qsort(model->objects, model->object_count, sizeof model->objects[0], by_object_number);
    for (size_t i = 0; i < model->object_count; i++) {
        struct object *object = &model->objects[i];
        qsort(object->operations, object->operation_count, sizeof object->operations[0],
              by_operation_number);
    }
    qsort(model->protocols, model->protocol_count, sizeof model->protocols[0], by_protocol_name);
    for (size_t i = 0; i < model->protocol_count; i++) {
        struct protocol *protocol = &model->protocols[i];
        qsort(protocol->requests, protocol->request_count, sizeof protocol->requests[0],
              by_request_number);
    }
}

void check_model(struct model *model)
{
    for (size_t i = 0; i < model->enum_count; i++) {
        check_enum(&model->enums[i]);
    }
    for (size_t i = 0; i < model->struct_count; i++) {
        check_struct(model, &model->structs[i]);
    }
    for (size_t i = 0; i < model->object_count; i++) {
        struct object *object = &model->objects[i];
        for (size_t j = 0; j < i; j++) {
            if (model->objects[j].number == object->number) {
                mistake(&object->named.where, "object number %llu is taken by %s",
                        (unsigned long long)object->number, model->objects[j].named.name);
            }
        }
        check_object(model, object);
    }
    for (size_t i = 0; i < model->protocol_count; i++) {
        check_protocol(model, &model->protocols[i]);
    }
    check_names(model);
    sort_model(model);
}
