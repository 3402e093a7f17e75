// SPDX-License-Identifier: MIT
//
// abi.rs: the ABI's numbers, types and layouts as a Rust module that needs nothing but `core`.
#include "emit.h"

#include <string.h>

static void put_doc(struct text *text, const char *indent, const char *prose)
{
    if (*prose == '\0') {
        return;
    }
    const char *start = format("%s/// ", indent);
    put(text, "%s", start);
    put_filled(text, start, prose);
}

static const char *rust_type(const struct type *type)
{
    switch (type->kind) {
    case KIND_UNSIGNED:
        return format("u%u", (unsigned)type->size * 8);
    case KIND_BOOL:
        return "bool";
    default:
        return type->name;
    }
}

static void put_enum(struct text *text, const struct enumeration *enumeration)
{
    const char *name = enumeration->named.name;
    put_doc(text, "", enumeration->named.prose);
    put(text, "#[derive(Clone, Copy, Debug, PartialEq, Eq)]\n#[repr(u32)]\npub enum %s {\n", name);
    for (size_t i = 0; i < enumeration->member_count; i++) {
        const struct member *member = &enumeration->members[i];
        put_doc(text, "    ", member->named.prose);
        put(text, "    %s = %llu,\n", camel(member->named.name), (unsigned long long)member->value);
    }
    put(text,
        "}\n\nimpl %s {\n"
        "    /// The member with this number.\n"
        "    pub const fn from_number(number: u64) -> Option<Self> {\n"
        "        match number {\n",
        name);
    for (size_t i = 0; i < enumeration->member_count; i++) {
        const struct member *member = &enumeration->members[i];
        put(text, "            %llu => Some(Self::%s),\n", (unsigned long long)member->value,
            camel(member->named.name));
    }
    put(text, "            _ => None,\n        }\n    }\n}\n\n");
}

static void put_bits(struct text *text, const struct enumeration *bits)
{
    const char *name = bits->named.name;
    put_doc(text, "", bits->named.prose);
    put(text,
        "#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]\n"
        "#[repr(transparent)]\npub struct %s(pub u32);\n\nimpl %s {\n",
        name, name);
    for (size_t i = 0; i < bits->member_count; i++) {
        const struct member *member = &bits->members[i];
        put_doc(text, "    ", member->named.prose);
        put(text, "    pub const %s: Self = Self(1 << %llu);\n", member->named.name,
            (unsigned long long)member->value);
    }
    put(text,
        "}\n\nimpl core::ops::BitOr for %s {\n"
        "    type Output = Self;\n\n"
        "    fn bitor(self, other: Self) -> Self {\n"
        "        Self(self.0 | other.0)\n    }\n}\n\n",
        name);
}

static void put_handle(struct text *text, const char *name, const char *prose)
{
    put_doc(text, "", prose);
    put(text,
        "#[derive(Clone, Copy, Debug, PartialEq, Eq)]\n"
        "#[repr(transparent)]\npub struct %s(pub u64);\n\n",
        name);
}

static void put_struct(struct text *text, const struct structure *structure)
{
    const char *name = structure->named.name;
    put_doc(text, "", structure->named.prose);
    put(text, "#[derive(Clone, Copy, Debug)]\n#[repr(C)]\npub struct %s {\n", name);
    for (size_t i = 0; i < structure->field_count; i++) {
        const struct field *field = &structure->fields[i];
        const char *type = rust_type(&field->type);
        put_doc(text, "    ", field->named.prose);
        if (field->type.count > 0) {
            type = format("[%s; %llu]", type, (unsigned long long)field->type.count);
        }
        put(text, "    pub %s: %s,\n", field->named.name, type);
    }
    put(text, "}\n\nconst _: () = assert!(core::mem::size_of::<%s>() == %llu);\n", name,
        (unsigned long long)structure->size);
    for (size_t i = 0; i < structure->field_count; i++) {
        const struct field *field = &structure->fields[i];
        put(text, "const _: () = assert!(core::mem::offset_of!(%s, %s) == %llu);\n", name,
            field->named.name, (unsigned long long)field->place);
    }
    put(text, "\n");
}

static void put_operations(struct text *text, const struct model *model)
{
    put(text, "/// The numbers of the operations: object number * 16 + operation number.\n"
              "pub mod operation {\n");
    for (size_t i = 0; i < model->object_count; i++) {
        const struct object *object = &model->objects[i];
        for (size_t j = 0; j < object->operation_count; j++) {
            const struct operation *operation = &object->operations[j];
            put_doc(text, "    ", operation->named.prose);
            put(text, "    pub const %s_%s: u32 = 0x%02llx;\n", upper(object->named.name),
                upper(operation->named.name), (unsigned long long)operation->code);
        }
    }
    put(text, "}\n");
}

static void put_protocol(struct text *text, const struct protocol *protocol)
{
    put(text, "\n");
    put_doc(text, "", protocol->named.prose);
    put(text, "/// These are the labels of its requests.\npub mod %s {\n",
        snake(protocol->named.name));
    for (size_t i = 0; i < protocol->request_count; i++) {
        const struct request *request = &protocol->requests[i];
        put_doc(text, "    ", request->named.prose);
        put(text, "    pub const %s: u32 = %llu;\n", upper(request->named.name),
            (unsigned long long)request->number);
    }
    put(text, "}\n");
}

void emit_abi_rs(struct text *text, const struct model *model)
{
    put(text, "// SPDX-License-Identifier: MIT\n"
              "//\n"
              "// The boundary between kernel and user space, for Rust. Generated by abigen from\n"
              "// abi/types.abi, abi/object/*.abi and abi/proto/*.abi; change those.\n\n");
    for (size_t i = 0; i < model->constant_count; i++) {
        const struct constant *constant = &model->constants[i];
        put_doc(text, "", constant->named.prose);
        put(text, "pub const %s: u64 = %llu;\n\n", constant->named.name,
            (unsigned long long)constant->value);
    }
    for (size_t i = 0; i < model->enum_count; i++) {
        if (model->enums[i].bits) {
            put_bits(text, &model->enums[i]);
        } else {
            put_enum(text, &model->enums[i]);
        }
    }
    put_handle(text, "Slot", "A handle whose place counts, whatever it holds.");
    for (size_t i = 0; i < model->object_count; i++) {
        const struct object *object = &model->objects[i];
        if (object->handle != HANDLE_NONE) {
            put_handle(text, object->named.name, object->named.prose);
        }
    }
    for (size_t i = 0; i < model->struct_count; i++) {
        put_struct(text, &model->structs[i]);
    }
    put_operations(text, model);
    for (size_t i = 0; i < model->protocol_count; i++) {
        put_protocol(text, &model->protocols[i]);
    }
}
