// SPDX-License-Identifier: MIT
//
// The reference manual, in Markdown, for people who program against the ABI. Its introduction
// stands in embed/manual.md.
#include "emit.h"

#include <string.h>

static const char HEAD[] = {
#embed "embed/manual.md"
    , '\0'};

static const char *const REGISTERS_X86_64[MAX_ARGUMENTS] = {"rsi", "rdx", "r8",  "r9", "r10",
                                                            "r12", "r13", "r14", "r15"};

static void put_paragraph(struct text *text, const char *prose)
{
    put_filled(text, "", prose);
    put(text, "\n");
}

// Text for a cell of a table, where a bar would end the cell.
static const char *cell(const char *prose)
{
    struct text text = {};
    put(&text, "%s", "");
    for (; *prose != '\0'; prose++) {
        put(&text, *prose == '|' ? "\\|" : "%c", *prose);
    }
    return text.data;
}

static const char *type_name(const struct type *type)
{
    return type->count == 0 ? type->name
                            : format("%s[%llu]", type->name, (unsigned long long)type->count);
}

static void put_enum(struct text *text, const struct enumeration *enumeration)
{
    put(text, "### %s\n\n", enumeration->named.name);
    put_paragraph(text, enumeration->named.prose);
    put(text, "| %s | Name | Meaning |\n|---|---|---|\n", enumeration->bits ? "Bit" : "Number");
    for (size_t i = 0; i < enumeration->member_count; i++) {
        const struct member *member = &enumeration->members[i];
        put(text, "| %llu | %s | %s |\n", (unsigned long long)member->value, member->named.name,
            cell(member->named.prose));
    }
    put(text, "\n");
}

static void put_struct(struct text *text, const struct structure *structure)
{
    put(text, "### %s\n\n", structure->named.name);
    put_paragraph(text, structure->named.prose);
    put(text, "| Offset | Field | Type | Meaning |\n|---|---|---|---|\n");
    for (size_t i = 0; i < structure->field_count; i++) {
        const struct field *field = &structure->fields[i];
        put(text, "| %llu | `%s` | %s | %s |\n", (unsigned long long)field->place,
            field->named.name, type_name(&field->type), cell(field->named.prose));
    }
    put(text, "\nSize: %llu bytes.\n\n", (unsigned long long)structure->size);
}

// The enums and structs that stand in the same file as a block.
static void put_types_of(struct text *text, const struct model *model, const char *file)
{
    for (size_t i = 0; i < model->enum_count; i++) {
        if (strcmp(model->enums[i].named.where.file, file) == 0) {
            put_enum(text, &model->enums[i]);
        }
    }
    for (size_t i = 0; i < model->struct_count; i++) {
        if (strcmp(model->structs[i].named.where.file, file) == 0) {
            put_struct(text, &model->structs[i]);
        }
    }
}

static const char *register_of(const struct field *field)
{
    uint64_t first = field->place;
    if (field->type.count == 0) {
        return format("a%llu (%s)", (unsigned long long)first, REGISTERS_X86_64[first]);
    }
    uint64_t last = first + field->type.count - 1;
    return format("a%llu to a%llu (%s to %s)", (unsigned long long)first, (unsigned long long)last,
                  REGISTERS_X86_64[first], REGISTERS_X86_64[last]);
}

static void put_row(struct text *text, const char *place, const char *direction, const char *name,
                    const char *type, const char *prose)
{
    put(text, "| %s | %s | `%s` | %s | %s |\n", direction, place, name, type, cell(prose));
}

static void put_message_rows(struct text *text, unsigned traffic)
{
    if (traffic & TRAFFIC_SENDS) {
        put_row(text, "a0 (rsi)", "in", "info", "MessageInfo", "what is sent");
        put_row(text, "a2 to a8 (r8 to r15)", "in", "word", "u64[7]", "message words 0 to 6");
    }
    if (traffic & TRAFFIC_RECEIVES) {
        put_row(text, "a1 (rdx)", "in", "reply", "Reply", "holds the call that arrives");
        put_row(text, "rdi", "out", "badge", "u64", "the badge that was used, or signal bits");
    }
    if (traffic & (TRAFFIC_RECEIVES | TRAFFIC_ANSWERED)) {
        put_row(text, "a0 (rsi)", "out", "info", "MessageInfo", "what was received");
        put_row(text, "a2 to a8 (r8 to r15)", "out", "word", "u64[7]", "message words 0 to 6");
    }
}

static void put_values(struct text *text, const struct operation *operation)
{
    if (operation->in_count + operation->out_count == 0 && operation->traffic == 0) {
        return;
    }
    put(text, "| | Register | Name | Type | Meaning |\n|---|---|---|---|---|\n");
    put_message_rows(text, operation->traffic);
    for (size_t i = 0; i < operation->in_count; i++) {
        const struct field *in = &operation->in[i];
        put_row(text, register_of(in), "in", in->named.name, type_name(&in->type), in->named.prose);
    }
    for (size_t i = 0; i < operation->out_count; i++) {
        const struct field *out = &operation->out[i];
        put_row(text, register_of(out), "out", out->named.name, type_name(&out->type),
                out->named.prose);
    }
    put(text, "\n");
}

static void put_errors(struct text *text, const struct operation *operation)
{
    if (operation->error_count == 0) {
        return;
    }
    put(text, "| Error | Cause |\n|---|---|\n");
    for (size_t i = 0; i < operation->error_count; i++) {
        const struct named *error = &operation->errors[i];
        put(text, "| %s | %s |\n", error->name, cell(error->prose));
    }
    put(text, "\n");
}

static void put_operation(struct text *text, const struct object *object,
                          const struct operation *operation)
{
    put(text, "### %s.%s\n\n", object->named.name, operation->named.name);
    put_paragraph(text, operation->named.prose);
    put(text, "Number 0x%02llx.", (unsigned long long)operation->code);
    for (size_t i = 0; i < operation->need_count; i++) {
        put(text, "%s %s%s", i == 0 ? " Needs" : "", operation->needs[i].name,
            i + 1 < operation->need_count ? "," : ".");
    }
    if (operation->audit.name != nullptr) {
        put(text, " Audit event: %s.", operation->audit.name);
    }
    put(text, "%s\n\n", operation->debug ? " Debug builds only." : "");
    put_values(text, operation);
    put_errors(text, operation);
}

static void put_object(struct text *text, const struct model *model, const struct object *object)
{
    put(text, "## %s\n\n", object->named.name);
    put_paragraph(text, object->named.prose);
    put(text, "Defined in `%s`.\n\n", object->named.where.file);
    for (size_t i = 0; i < object->operation_count; i++) {
        put_operation(text, object, &object->operations[i]);
    }
    put_types_of(text, model, object->named.where.file);
}

static const char *word_of(const struct field *field)
{
    return field->type.kind == KIND_TEXT
               ? format("%llu: length, then the bytes", (unsigned long long)field->place)
               : format("%llu", (unsigned long long)field->place);
}

static void put_request(struct text *text, const struct protocol *protocol,
                        const struct request *request)
{
    put(text, "### %s.%s\n\n", protocol->named.name, request->named.name);
    put_paragraph(text, request->named.prose);
    put(text, "Label %llu.", (unsigned long long)request->number);
    if (request->waits) {
        put(text, " May be answered later, and cancelled.");
    }
    if (request->caps > 0) {
        put(text, " Capabilities: %llu (%s).", (unsigned long long)request->caps,
            request->caps_field.prose);
    }
    put(text, "\n\n");
    if (request->in_count + request->out_count == 0) {
        return;
    }
    put(text, "| | Word | Name | Type | Meaning |\n|---|---|---|---|---|\n");
    for (size_t i = 0; i < request->in_count; i++) {
        const struct field *in = &request->in[i];
        put_row(text, word_of(in), "in", in->named.name, in->type.name, in->named.prose);
    }
    for (size_t i = 0; i < request->out_count; i++) {
        const struct field *out = &request->out[i];
        put_row(text, word_of(out), "out", out->named.name, out->type.name, out->named.prose);
    }
    put(text, "\n");
}

static void put_protocol(struct text *text, const struct model *model,
                         const struct protocol *protocol)
{
    put(text, "## Protocol %s\n\n", protocol->named.name);
    put_paragraph(text, protocol->named.prose);
    put(text, "Defined in `%s`.\n\n", protocol->named.where.file);
    for (size_t i = 0; i < protocol->request_count; i++) {
        put_request(text, protocol, &protocol->requests[i]);
    }
    put_types_of(text, model, protocol->named.where.file);
}

static void put_constants(struct text *text, const struct model *model)
{
    put(text, "### Constants\n\n| Name | Value | Meaning |\n|---|---|---|\n");
    for (size_t i = 0; i < model->constant_count; i++) {
        const struct constant *constant = &model->constants[i];
        put(text, "| %s | %llu | %s |\n", constant->named.name, (unsigned long long)constant->value,
            cell(constant->named.prose));
    }
    put(text, "\n");
}

void emit_manual(struct text *text, const struct model *model)
{
    put(text, "%s\n", HEAD);
    put(text, "## Common definitions\n\n");
    put_constants(text, model);
    put_types_of(text, model, "abi/types.abi");
    for (size_t i = 0; i < model->object_count; i++) {
        put_object(text, model, &model->objects[i]);
    }
    for (size_t i = 0; i < model->protocol_count; i++) {
        put_protocol(text, model, &model->protocols[i]);
    }
    text->length--; // the blank line after the last part
    text->data[text->length] = '\0';
}
