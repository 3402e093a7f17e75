// SPDX-License-Identifier: MIT
//
// What the emitters of C share. See emit_c.h.
#include "emit_c.h"

#include <string.h>

void put_commented(struct text *text, const char *indent, const struct commented *lines,
                   size_t count)
{
    size_t widest = 0;
    for (size_t i = 0; i < count; i++) {
        size_t width = strlen(lines[i].code);
        widest = *lines[i].comment != '\0' && width > widest ? width : widest;
    }
    const char *margin = format("%s%*s // ", indent, (int)widest, "");
    for (size_t i = 0; i < count; i++) {
        put(text, "%s%s", indent, lines[i].code);
        if (*lines[i].comment == '\0') {
            put(text, "\n");
            continue;
        }
        put_column(text, strlen(indent) + widest);
        put(text, " // ");
        put_filled(text, margin, lines[i].comment);
    }
}

const char *c_type(const struct type *type)
{
    switch (type->kind) {
    case KIND_UNSIGNED:
        return format("uint%u_t", (unsigned)type->size * 8);
    case KIND_BOOL:
        return "bool";
    case KIND_SLOT:
        return "struct kozo_slot";
    case KIND_ENUM:
        return type->enumeration->bits ? "uint32_t" : format("enum kozo_%s", snake(type->name));
    default:
        return format("struct kozo_%s", snake(type->name));
    }
}

const char *c_to_word(const struct type *type, const char *name)
{
    bool handle = type->kind == KIND_SLOT || type->kind == KIND_OBJECT;
    return handle ? format("%s.handle", name) : name;
}

const char *c_from_word(const struct type *type, const char *word)
{
    switch (type->kind) {
    case KIND_BOOL:
        return format("%s != 0", word);
    case KIND_ENUM:
        return format("(%s)%s", c_type(type), word);
    case KIND_SLOT:
    case KIND_OBJECT:
        return format("{%s}", word);
    default:
        return word;
    }
}

void put_function(struct text *text, const char *result, const char *name,
                  const char *const *parameters, size_t count)
{
    static const char *const NOTHING[] = {"void"};
    if (count == 0) {
        parameters = NOTHING;
        count = 1;
    }
    put(text, "[[nodiscard]]\n");
    // As clang-format does: the result stands on a line of its own when that saves a line.
    const char *together = format("static inline %s %s(", result, name);
    size_t lines = list_lines(strlen(together), parameters, count, ")");
    size_t lines_apart = 1 + list_lines(strlen(name) + 1, parameters, count, ")");
    if (lines > 0 && lines <= lines_apart) {
        put(text, "%s", together);
    } else {
        put(text, "static inline %s\n%s(", result, name);
    }
    put_list(text, parameters, count, ")");
    put(text, "\n{\n");
}

// The highest number of an enum, for range checks. Bits have no such thing.
static void put_last_member(struct text *text, const struct enumeration *enumeration)
{
    const struct member *last = &enumeration->members[0];
    for (size_t i = 1; i < enumeration->member_count; i++) {
        if (enumeration->members[i].value > last->value) {
            last = &enumeration->members[i];
        }
    }
    if (!enumeration->bits) {
        put(text, "constexpr uint32_t KOZO_%s_LAST = KOZO_%s%s;\n", upper(enumeration->named.name),
            enumeration->prefix, last->named.name);
    }
}

void put_enum(struct text *text, const struct enumeration *enumeration)
{
    struct commented lines[MAX_MEMBERS];
    for (size_t i = 0; i < enumeration->member_count; i++) {
        const struct member *member = &enumeration->members[i];
        lines[i].code = format("KOZO_%s%s = %s%llu,", enumeration->prefix, member->named.name,
                               enumeration->bits ? "1 << " : "", (unsigned long long)member->value);
        lines[i].comment = member->named.prose;
    }
    put_comment(text, "",
                format("%s%s", enumeration->named.prose,
                       enumeration->bits ? " A set of them is a uint32_t." : ""));
    put(text, "enum %skozo_%s : uint32_t {\n", enumeration->bits ? "[[clang::flag_enum]] " : "",
        snake(enumeration->named.name));
    put_commented(text, "    ", lines, enumeration->member_count);
    put(text, "};\n");
    put_last_member(text, enumeration);
    put(text, "\n");
}

void put_constant(struct text *text, const struct constant *constant)
{
    put_comment(text, "", constant->named.prose);
    put(text, "constexpr uint64_t KOZO_%s = %llu;\n\n", constant->named.name,
        (unsigned long long)constant->value);
}

void put_origin(struct text *text, const struct where *where)
{
    put(text, "// From %s\n\n", where->file);
}

void put_layout(struct text *text, const struct structure *structure)
{
    const char *name = snake(structure->named.name);
    struct commented lines[MAX_FIELDS];
    for (size_t i = 0; i < structure->field_count; i++) {
        const struct field *field = &structure->fields[i];
        const char *count =
            field->type.count == 0 ? "" : format("[%llu]", (unsigned long long)field->type.count);
        lines[i].code = format("%s %s%s;", c_type(&field->type), field->named.name, count);
        lines[i].comment = field->named.prose;
    }
    put_comment(text, "", structure->named.prose);
    put(text, "struct kozo_%s {\n", name);
    put_commented(text, "    ", lines, structure->field_count);
    put(text, "};\n");
    put(text, "static_assert(sizeof(struct kozo_%s) == %llu);\n", name,
        (unsigned long long)structure->size);
    for (size_t i = 0; i < structure->field_count; i++) {
        put(text, "static_assert(offsetof(struct kozo_%s, %s) == %llu);\n", name,
            structure->fields[i].named.name, (unsigned long long)structure->fields[i].place);
    }
    put(text, "\n");
}
