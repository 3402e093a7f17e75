// SPDX-License-Identifier: MIT
//
// kozo/stubs.h: one inline function an operation, for user space. The part about messages is the
// same for every ABI and stands in embed/stubs.h.
#include "emit.h"
#include "emit_c.h"

#include <string.h>

static const char HEAD[] = {
#embed "embed/stubs.h"
    , '\0'};

// Names of one operation's stub and the types in it.
struct stub {
    const struct object *object;
    const struct operation *operation;
    const char *name;   // kozo_untyped_info
    const char *number; // KOZO_OP_UNTYPED_INFO
};

// The first parameter: what the operation acts on. nullptr when there is none.
static const char *handle_parameter(const struct object *object)
{
    switch (object->handle) {
    case HANDLE_CAPABILITY:
        return format("struct kozo_%s object", snake(object->named.name));
    case HANDLE_SLOT:
        return "struct kozo_slot object";
    default:
        return nullptr;
    }
}

static void put_stub_comment(struct text *text, const struct stub *stub)
{
    const char *debug = stub->operation->debug ? "Debug builds only. " : "";
    put_comment(text, "", format("%s%s", debug, stub->operation->named.prose));
    const struct operation *operation = stub->operation;
    for (size_t i = 0; i < operation->in_count; i++) {
        const struct named *in = &operation->in[i].named;
        put(text, "//   %s: ", in->name);
        put_filled(text, "//     ", in->prose);
    }
}

static void put_result_struct(struct text *text, const struct stub *stub)
{
    struct commented lines[MAX_ARGUMENTS + 1];
    const struct operation *operation = stub->operation;
    lines[0] = (struct commented){"enum kozo_error error;", ""};
    for (size_t i = 0; i < operation->out_count; i++) {
        const struct field *out = &operation->out[i];
        const char *count =
            out->type.count == 0 ? "" : format("[%llu]", (unsigned long long)out->type.count);
        lines[i + 1].code = format("%s %s%s;", c_type(&out->type), out->named.name, count);
        lines[i + 1].comment = out->named.prose;
    }
    put(text, "struct %s_result {\n", stub->name);
    put_commented(text, "    ", lines, operation->out_count + 1);
    put(text, "};\n\n");
}

static size_t parameters_of(const struct stub *stub, const char **parameters)
{
    size_t count = 0;
    const struct operation *operation = stub->operation;
    const char *handle = handle_parameter(stub->object);
    if (handle != nullptr) {
        parameters[count++] = handle;
    }
    for (size_t i = 0; i < operation->in_count; i++) {
        const struct field *in = &operation->in[i];
        parameters[count++] = in->type.count == 0
                                  ? format("%s %s", c_type(&in->type), in->named.name)
                                  : format("const %s %s[static %llu]", c_type(&in->type),
                                           in->named.name, (unsigned long long)in->type.count);
    }
    return count;
}

// What goes into register `place`: an argument, or nothing in particular.
static const char *register_value(const struct operation *operation, uint64_t place)
{
    for (size_t i = 0; i < operation->in_count; i++) {
        const struct field *in = &operation->in[i];
        uint64_t width = in->type.count == 0 ? 1 : in->type.count;
        if (place < in->place || place >= in->place + width) {
            continue;
        }
        return in->type.count == 0
                   ? c_to_word(&in->type, in->named.name)
                   : format("%s[%llu]", in->named.name, (unsigned long long)place - in->place);
    }
    return "kozo_unset()";
}

static void put_registers(struct text *text, const struct stub *stub)
{
    put(text, "    struct kozo_registers registers = {\n");
    put(text, "        .handle = %s,\n",
        stub->object->handle == HANDLE_NONE ? "kozo_unset()" : "object.handle");
    for (size_t i = 0; i < stub->operation->registers; i++) {
        put(text, "        .a%zu = %s,\n", i, register_value(stub->operation, i));
    }
    put(text, "    };\n");
}

static void put_results(struct text *text, const struct stub *stub)
{
    const struct operation *operation = stub->operation;
    put(text, "    enum kozo_error error = kozo_syscall_%zu(%s, &registers);\n",
        operation->registers, stub->number);
    put(text, "    return (struct %s_result){\n        .error = error,\n", stub->name);
    for (size_t i = 0; i < operation->out_count; i++) {
        const struct field *out = &operation->out[i];
        if (out->type.count == 0) {
            const char *word = format("registers.a%llu", (unsigned long long)out->place);
            put(text, "        .%s = %s,\n", out->named.name, c_from_word(&out->type, word));
            continue;
        }
        const char *words[MAX_ARGUMENTS];
        for (size_t j = 0; j < out->type.count; j++) {
            words[j] = format("registers.a%llu", (unsigned long long)out->place + j);
        }
        put(text, "        .%s = {", out->named.name);
        put_list(text, words, (size_t)out->type.count, "},\n");
    }
    put(text, "    };\n}\n\n");
}

static void put_plain_stub(struct text *text, const struct stub *stub)
{
    const char *parameters[MAX_ARGUMENTS + 1];
    size_t count = parameters_of(stub, parameters);
    bool results = stub->operation->out_count > 0;
    if (results) {
        put_result_struct(text, stub);
    }
    put_stub_comment(text, stub);
    put_function(text, results ? format("struct %s_result", stub->name) : "enum kozo_error",
                 stub->name, parameters, count);
    if (count == 0 && stub->operation->registers == 0) {
        put(text, "    return kozo_syscall_bare(%s);\n}\n\n", stub->number);
        return;
    }
    put_registers(text, stub);
    if (results) {
        put_results(text, stub);
    } else {
        put(text, "    return kozo_syscall_%zu(%s, &registers);\n}\n\n", stub->operation->registers,
            stub->number);
    }
}

static void put_message_stub(struct text *text, const struct stub *stub)
{
    unsigned traffic = stub->operation->traffic;
    bool sends = traffic & TRAFFIC_SENDS;
    bool reply = traffic & TRAFFIC_RECEIVES;
    bool brings = traffic & (TRAFFIC_RECEIVES | TRAFFIC_ANSWERED);
    const char *parameters[3];
    size_t count = 0;
    parameters[count++] = handle_parameter(stub->object);
    if (reply) {
        parameters[count++] = "struct kozo_reply reply";
    }
    if (sends) {
        parameters[count++] = "struct kozo_message message";
    }
    put_stub_comment(text, stub);
    put_function(text, brings ? "struct kozo_received" : "enum kozo_error", stub->name, parameters,
                 count);
    const char *arguments[] = {"object.handle", reply ? "reply.handle" : "kozo_unset()", "message"};
    put(text, "    struct kozo_registers registers =");
    const char *call = sends ? "kozo_message_registers(" : "kozo_receive_registers(";
    size_t length = text_column(text) + strlen(call);
    for (size_t i = 0; i < (sends ? 3 : 2); i++) {
        length += strlen(arguments[i]) + 2;
    }
    put(text, "%s%s", length > 100 ? "\n        " : " ", call);
    put_list(text, arguments, sends ? 3 : 2, ");\n");
    if (!brings) {
        put(text, "    return kozo_syscall_9(%s, &registers);\n}\n\n", stub->number);
        return;
    }
    put(text, "    enum kozo_error error = kozo_syscall_9(%s, &registers);\n", stub->number);
    put(text, "    return kozo_%s(error, &registers);\n}\n\n", reply ? "received" : "answered");
}

void emit_stubs_h(struct text *text, const struct model *model)
{
    put(text, "%s", HEAD);
    for (size_t i = 0; i < model->object_count; i++) {
        const struct object *object = &model->objects[i];
        if (object->operation_count > 0) {
            put(text, "\n");
            put_origin(text, &object->named.where);
            text->length--; // the blank line comes from between the stubs
        }
        for (size_t j = 0; j < object->operation_count; j++) {
            const struct operation *operation = &object->operations[j];
            struct stub stub = {
                .object = object,
                .operation = operation,
                .name = format("kozo_%s_%s", snake(object->named.name), operation->named.name),
                .number = format("KOZO_OP_%s_%s", upper(object->named.name),
                                 upper(operation->named.name)),
            };
            put(text, "\n");
            if (operation->traffic != 0) {
                put_message_stub(text, &stub);
            } else {
                put_plain_stub(text, &stub);
            }
            text->length--;
        }
    }
    text->data[text->length] = '\0';
}
