// SPDX-License-Identifier: MIT
//
// kozo/protocol.h: clients' stubs and servers' readers of the protocols. The part that is the same
// for every protocol stands in embed/protocol.h.
#include "emit.h"
#include "emit_c.h"

#include <string.h>

static const char HEAD[] = {
#embed "embed/protocol.h"
    , '\0'};

constexpr uint64_t MESSAGE_WORDS = 64;
constexpr size_t MAX_PARAMETERS = 2 * MAX_ARGUMENTS + 2;

// A request and the names that its code uses.
struct stub {
    const struct request *request;
    const char *name;  // kozo_console_read_line
    const char *upper; // KOZO_CONSOLE_READ_LINE
};

// The text among arguments or results, always the last one; nullptr without one.
static const struct field *text_of(const struct field *fields, size_t count)
{
    return count > 0 && fields[count - 1].type.kind == KIND_TEXT ? &fields[count - 1] : nullptr;
}

// Bytes that a text can have when its length is in this word.
static uint64_t text_room(const struct field *text)
{
    return 8 * (MESSAGE_WORDS - 1 - text->place);
}

static void put_text_limit(struct text *text, const struct stub *stub, const struct field *field)
{
    if (field != nullptr) {
        put(text, "// Most bytes of `%s` in %s.\n", field->named.name, stub->request->named.name);
        put(text, "constexpr uint64_t %s_%s_MAX = %llu;\n\n", stub->upper, upper(field->named.name),
            (unsigned long long)text_room(field));
    }
}

// A struct with an error and one member for each argument or result.
static void put_struct(struct text *text, const char *name, const char *error_comment, bool waits,
                       const struct field *fields, size_t count)
{
    struct commented lines[MAX_ARGUMENTS + 3];
    size_t used = 0;
    lines[used++] = (struct commented){"enum kozo_error error;", error_comment};
    if (waits) {
        lines[used++] = (struct commented){"uint64_t pending;", "not 0: the result comes later"};
    }
    for (size_t i = 0; i < count; i++) {
        const struct field *field = &fields[i];
        const char *own = field->named.name;
        if (field->type.kind != KIND_TEXT) {
            lines[used++] =
                (struct commented){format("%s %s;", c_type(&field->type), own), field->named.prose};
            continue;
        }
        lines[used++] = (struct commented){format("uint64_t %s_length;", own), "bytes in it"};
        lines[used++] = (struct commented){
            format("char %s[%llu];", own, (unsigned long long)text_room(field) + 1),
            field->named.prose};
    }
    put(text, "struct %s {\n", name);
    put_commented(text, "    ", lines, used);
    put(text, "};\n\n");
}

// Parameters for arguments or results: a text is a pointer and a length.
static size_t add_parameters(const char **parameters, size_t used, const struct field *fields,
                             size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct field *field = &fields[i];
        if (field->type.kind == KIND_TEXT) {
            parameters[used++] = format("const char *%s", field->named.name);
            parameters[used++] = format("uint64_t %s_length", field->named.name);
        } else {
            parameters[used++] = format("%s %s", c_type(&field->type), field->named.name);
        }
    }
    return used;
}

static void put_field_comments(struct text *text, const struct field *fields, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        put(text, "//   %s: ", fields[i].named.name);
        put_filled(text, "//     ", fields[i].named.prose);
    }
}

// The statement that makes a message with the words before a text.
static void put_message(struct text *text, const char *label, uint64_t caps,
                        const struct field *fields, size_t count)
{
    const struct field *last = text_of(fields, count);
    size_t words = last != nullptr ? count - 1 : count;
    put(text, "    struct kozo_message message = {\n        .info = {");
    if (words > 0) {
        put(text, ".length = %zu, ", words);
    }
    if (caps > 0) {
        put(text, ".caps = %llu, ", (unsigned long long)caps);
    }
    put(text, ".label = %s},\n", label);
    if (words > 0) {
        const char *values[MAX_ARGUMENTS];
        for (size_t i = 0; i < words; i++) {
            values[i] = fields[i].named.name;
        }
        put(text, "        .word = {");
        put_list(text, values, words, "},\n");
    }
    put(text, "    };\n");
}

// The statements that take words out of `message` into `result`.
static void put_reading(struct text *text, const char *message, const char *failure,
                        const struct field *fields, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct field *field = &fields[i];
        const char *own = field->named.name;
        if (field->type.kind != KIND_TEXT) {
            const char *word = format("%sword[%llu]", message, (unsigned long long)field->place);
            put(text, "    result.%s = %s;\n", own, c_from_word(&field->type, word));
            continue;
        }
        bool pointer = message[0] == 'm';
        const char *source = pointer ? "message" : "&answer.message";
        put(text, "    struct kozo_text %s = kozo_message_get_text(%s, %llu, result.%s);\n", own,
            source, (unsigned long long)field->place, own);
        put(text, "    result.%s_length = %s.length;\n", own, own);
        put(text, "    if (!%s.valid) {\n        result.error = %s;\n    }\n", own, failure);
    }
}

static void put_client(struct text *text, const struct stub *stub)
{
    const struct request *request = stub->request;
    const char *result = format("%s_result", stub->name);
    bool brings = request->out_count > 0 || request->waits;
    if (brings) {
        put_struct(text, result, "", request->waits, request->out, request->out_count);
    }
    const char *parameters[MAX_PARAMETERS] = {"struct kozo_endpoint service"};
    size_t count = add_parameters(parameters, 1, request->in, request->in_count);
    if (request->caps == 1) {
        parameters[count++] = "struct kozo_slot capability";
    } else if (request->caps > 1) {
        parameters[count++] = format("const struct kozo_slot capabilities[static %llu]",
                                     (unsigned long long)request->caps);
    }
    put_comment(text, "", request->named.prose);
    put_field_comments(text, request->in, request->in_count);
    if (request->caps > 0) {
        put(text, "//   %s: ", request->caps == 1 ? "capability" : "capabilities");
        put_filled(text, "//     ", request->caps_field.prose);
    }
    put_function(text, brings ? format("struct %s", result) : "enum kozo_error", stub->name,
                 parameters, count);
    put_message(text, stub->upper, request->caps, request->in, request->in_count);
    const struct field *last = text_of(request->in, request->in_count);
    if (last != nullptr) {
        const char *failure = brings ? format("(struct %s){.error = KOZO_BAD_ARGUMENT}", result)
                                     : "KOZO_BAD_ARGUMENT";
        put(text, "    if (!kozo_message_put_text(&message, %llu, %s, %s_length)) {\n",
            (unsigned long long)last->place, last->named.name, last->named.name);
        put(text, "        return %s;\n    }\n", failure);
    }
    for (uint64_t i = 0; i < request->caps; i++) {
        put(text, "    kozo_ipc_buffer()->caps[%llu] = %s.handle;\n", (unsigned long long)i,
            request->caps == 1 ? "capability"
                               : format("capabilities[%llu]", (unsigned long long)i));
    }
    put(text, "    struct kozo_received answer = kozo_endpoint_call(service, message);\n");
    if (!brings) {
        put(text, "    return kozo_answer_error(&answer, 0);\n}\n\n");
        return;
    }
    put(text, "    struct %s result%s;\n", result, request->waits ? " = {}" : "");
    if (request->waits) {
        put(text, "    result.pending = kozo_answer_pending(&answer);\n"
                  "    if (result.pending != 0) {\n        return result;\n    }\n");
    }
    put(text, "    result.error = kozo_answer_error(&answer, %zu);\n", request->out_count);
    put(text, "    if (result.error != KOZO_OK) {\n        return result;\n    }\n");
    put_reading(text, "answer.message.", "KOZO_NO_REPLY", request->out, request->out_count);
    put(text, "    return result;\n}\n\n");
}

static void put_reader(struct text *text, const struct stub *stub)
{
    const struct request *request = stub->request;
    const char *name = format("%s_arguments", stub->name);
    if (request->in_count == 0 && request->caps == 0) {
        return;
    }
    put(text, "// For the server: what came with %s.\n", request->named.name);
    put_struct(text, name, "BAD_ARGUMENT when the message is not well formed", false, request->in,
               request->in_count);
    const char *parameter = "const struct kozo_message *message";
    put_function(text, format("struct %s", name), name, &parameter, 1);
    put(text, "    struct %s result;\n    result.error = KOZO_OK;\n", name);
    const char *condition = format("message->info.length < %zu", request->in_count);
    if (request->caps > 0) {
        const char *arrived =
            format("message->info.arrived < %llu", (unsigned long long)request->caps);
        condition = request->in_count == 0 ? arrived : format("%s || %s", condition, arrived);
    }
    put(text, "    if (%s) {\n", condition);
    put(text, "        result.error = KOZO_BAD_ARGUMENT;\n        return result;\n    }\n");
    put_reading(text, "message->", "KOZO_BAD_ARGUMENT", request->in, request->in_count);
    put(text, "    return result;\n}\n\n");
}

static void put_answer(struct text *text, const struct stub *stub)
{
    const struct request *request = stub->request;
    if (request->out_count == 0) {
        return;
    }
    const char *parameters[MAX_PARAMETERS];
    size_t count = add_parameters(parameters, 0, request->out, request->out_count);
    put(text, "// For the server: the good answer to %s.\n", request->named.name);
    put_field_comments(text, request->out, request->out_count);
    put_function(text, "struct kozo_message", format("%s_answer", stub->name), parameters, count);
    put_message(text, "KOZO_OK", 0, request->out, request->out_count);
    const struct field *last = text_of(request->out, request->out_count);
    if (last != nullptr) {
        put(text, "    if (!kozo_message_put_text(&message, %llu, %s, %s_length)) {\n",
            (unsigned long long)last->place, last->named.name, last->named.name);
        put(text, "        return kozo_answer(KOZO_BAD_ARGUMENT);\n    }\n");
    }
    put(text, "    return message;\n}\n\n");
}

// The client's other half of a request that waits: into the ring, without a call.
static void put_begin(struct text *text, const struct stub *stub)
{
    const struct request *request = stub->request;
    const char *parameters[MAX_PARAMETERS] = {"struct kozo_session *session"};
    size_t count = add_parameters(parameters, 1, request->in, request->in_count);
    put(text, "// Begins %s in a session. Gives its number, or 0 when it can't be begun now.\n",
        request->named.name);
    put_function(text, "uint64_t", format("%s_begin", stub->name), parameters, count);
    put_message(text, stub->upper, 0, request->in, request->in_count);
    const struct field *last = text_of(request->in, request->in_count);
    if (last != nullptr) {
        put(text, "    if (%s_length > 8 * (KOZO_RING_WORDS - %llu) ||\n", last->named.name,
            (unsigned long long)last->place + 1);
        put(text, "        !kozo_message_put_text(&message, %llu, %s, %s_length)) {\n",
            (unsigned long long)last->place, last->named.name, last->named.name);
        put(text, "        return 0;\n    }\n");
    }
    put(text, "    return kozo_session_begin(session, &message);\n}\n\n");
}

// What the completion of a request that waits says.
static void put_end(struct text *text, const struct stub *stub)
{
    const struct request *request = stub->request;
    const char *parameter = "const struct kozo_entry *entry";
    put(text, "// What the completion of %s says.\n", request->named.name);
    put_function(text, format("struct %s_result", stub->name), format("%s_end", stub->name),
                 &parameter, 1);
    put(text, "    struct %s_result result = {};\n", stub->name);
    put(text, "    result.error = kozo_entry_error(entry, %zu);\n", request->out_count);
    if (request->out_count > 0) {
        put(text, "    if (result.error != KOZO_OK) {\n        return result;\n    }\n");
    }
    put_reading(text, "entry->", "KOZO_NO_REPLY", request->out, request->out_count);
    put(text, "    return result;\n}\n\n");
}

static void put_request(struct text *text, const struct protocol *protocol,
                        const struct request *request)
{
    const struct stub stub = {
        .request = request,
        .name = format("kozo_%s_%s", snake(protocol->named.name), request->named.name),
        .upper = format("KOZO_%s_%s", upper(protocol->named.name), upper(request->named.name)),
    };
    put_text_limit(text, &stub, text_of(request->in, request->in_count));
    put_text_limit(text, &stub, text_of(request->out, request->out_count));
    put_client(text, &stub);
    if (request->waits) {
        put_begin(text, &stub);
        put_end(text, &stub);
    }
    put_reader(text, &stub);
    put_answer(text, &stub);
}

// Whether a request brings anything that its handler is to see.
static bool has_arguments(const struct request *request)
{
    return request->in_count > 0 || request->caps > 0;
}

// A member of the table of handlers, broken where the formatter would break it.
static const char *handler_member(const char *protocol, const struct request *request)
{
    constexpr size_t WIDTH = 100 - 4;
    const char *start = format("struct kozo_message (*%s)(", request->named.name);
    const char *caller = "struct kozo_caller *caller";
    if (!has_arguments(request)) {
        return format("%s%s);", start, caller);
    }
    const char *arguments =
        format("const struct kozo_%s_%s_arguments *arguments);", protocol, request->named.name);
    if (strlen(start) + strlen(caller) + 2 + strlen(arguments) <= WIDTH) {
        return format("%s%s, %s", start, caller, arguments);
    }
    if (strlen(start) + strlen(arguments) <= WIDTH) {
        return format("%s%s,\n    %*s%s", start, caller, (int)strlen(start), "", arguments);
    }
    return format("%s\n        %s, %s", start, caller, arguments);
}

// The server's table of handlers, and the function that finds the right one.
static void put_dispatch(struct text *text, const struct protocol *protocol)
{
    const char *name = snake(protocol->named.name);
    struct commented lines[MAX_REQUESTS];
    for (size_t i = 0; i < protocol->request_count; i++) {
        const struct request *request = &protocol->requests[i];
        lines[i] = (struct commented){handler_member(name, request), ""};
    }
    put(text,
        "// For the server: who carries out each request. One without a handler is refused.\n");
    put(text, "struct kozo_%s_handlers {\n", name);
    put_commented(text, "    ", lines, protocol->request_count);
    put(text, "};\n\n");
    const char *parameters[] = {
        format("const struct kozo_%s_handlers *handlers", name),
        "struct kozo_caller *caller",
        "const struct kozo_message *message",
    };
    put_function(text, "struct kozo_message", format("kozo_%s_dispatch", name), parameters, 3);
    put(text, "    switch (message->info.label) {\n");
    for (size_t i = 0; i < protocol->request_count; i++) {
        const struct request *request = &protocol->requests[i];
        const char *own = request->named.name;
        put(text, "    case KOZO_%s_%s: {\n", upper(protocol->named.name), upper(own));
        put(text,
            "        if (handlers->%s == nullptr) {\n"
            "            return kozo_answer(KOZO_BAD_OPERATION);\n        }\n",
            own);
        if (!has_arguments(request)) {
            put(text, "        return handlers->%s(caller);\n    }\n", own);
            continue;
        }
        const char *type = format("struct kozo_%s_%s_arguments", name, own);
        const char *reading = format("kozo_%s_%s_arguments(message);", name, own);
        bool together = strlen(type) + strlen(reading) + strlen("         arguments = ") <= 100;
        put(text, "        %s arguments =%s%s\n", type, together ? " " : "\n            ", reading);
        put(text,
            "        return arguments.error != KOZO_OK ? kozo_answer(arguments.error)\n"
            "                                          : handlers->%s(caller, &arguments);\n"
            "    }\n",
            own);
    }
    put(text, "    default:\n        return kozo_answer(KOZO_BAD_OPERATION);\n    }\n}\n\n");
}

static void put_protocol(struct text *text, const struct model *model,
                         const struct protocol *protocol)
{
    put_origin(text, &protocol->named.where);
    for (size_t i = 0; i < model->constant_count; i++) {
        if (model->constants[i].named.where.file == protocol->named.where.file) {
            put_constant(text, &model->constants[i]);
        }
    }
    for (size_t i = 0; i < model->enum_count; i++) {
        if (model->enums[i].named.where.file == protocol->named.where.file) {
            put_enum(text, &model->enums[i]);
        }
    }
    for (size_t i = 0; i < model->struct_count; i++) {
        if (model->structs[i].named.where.file == protocol->named.where.file) {
            put_layout(text, &model->structs[i]);
        }
    }
    struct commented lines[MAX_REQUESTS];
    for (size_t i = 0; i < protocol->request_count; i++) {
        const struct request *request = &protocol->requests[i];
        lines[i].code = format("KOZO_%s_%s = %llu,", upper(protocol->named.name),
                               upper(request->named.name), (unsigned long long)request->number);
        lines[i].comment = "";
    }
    put_comment(text, "", protocol->named.prose);
    put(text, "enum kozo_%s_request : uint32_t {\n", snake(protocol->named.name));
    put_commented(text, "    ", lines, protocol->request_count);
    put(text, "};\n\n");
    for (size_t i = 0; i < protocol->request_count; i++) {
        put_request(text, protocol, &protocol->requests[i]);
    }
    put_dispatch(text, protocol);
}

void emit_protocol_h(struct text *text, const struct model *model)
{
    put(text, "%s\n", HEAD);
    for (size_t i = 0; i < model->protocol_count; i++) {
        put_protocol(text, model, &model->protocols[i]);
    }
    text->length--; // the blank line after the last function
    text->data[text->length] = '\0';
}
