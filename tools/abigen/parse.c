// SPDX-License-Identifier: MIT
//
// The reader of .abi files, a line at a time. A block starts at column 0 with its keyword. Lines
// indented by four are its prose, then its fields, members or arguments; lines indented by eight or
// more continue the one before. Lines whose first character is # are comments.
#include "parse.h"

#include "text.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Reading position: the current line and the block that it belongs to. Of the pointers to blocks
// only the one of the current block is set; all are null in a block that had a mistake in its first
// line, whose lines are then skipped.
struct parser {
    struct model *model;
    struct where where;
    bool blank;    // the line before was blank
    bool in_block; // some block has begun
    bool fields;   // the current block's prose is over
    struct named *block;
    const char **last; // the prose that a deeper line continues
    struct enumeration *enumeration;
    struct structure *structure;
    struct object *object;       // the block, or the one that operations belong to
    struct protocol *protocol;   // likewise for requests
    struct operation *operation; // the block
    struct request *request;     // the block
};

// Cuts the next word off a line; an empty word at its end.
static const char *next_word(char **rest)
{
    char *word = *rest + strspn(*rest, " ");
    size_t length = strcspn(word, " ");
    *rest = word + length;
    if (**rest != '\0') {
        **rest = '\0';
        (*rest)++;
    }
    *rest += strspn(*rest, " ");
    return word;
}

static bool is_number(const char *word)
{
    return *word != '\0' && strspn(word, "0123456789") == strlen(word) && strlen(word) < 19;
}

static uint64_t number(const char *word)
{
    return strtoull(word, nullptr, 10);
}

static bool is_capitals(const char *word)
{
    return isupper((unsigned char)word[0]) &&
           strspn(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == strlen(word);
}

static bool is_small(const char *word)
{
    return islower((unsigned char)word[0]) &&
           strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(word);
}

static bool is_camel(const char *word)
{
    size_t length = strlen(word);
    for (size_t i = 0; i < length; i++) {
        if (!isalnum((unsigned char)word[i])) {
            return false;
        }
    }
    return isupper((unsigned char)word[0]);
}

static bool ends_sentence(const char *prose)
{
    size_t length = strlen(prose);
    return length > 0 && prose[length - 1] == '.';
}

static const char *joined(const char *prose, const char *separator, const char *more)
{
    return *prose == '\0' ? format("%s", more) : format("%s%s%s", prose, separator, more);
}

static struct named named_here(const struct parser *parser, const char *name, const char *prose)
{
    return (struct named){
        .name = format("%s", name),
        .prose = format("%s", prose),
        .where = parser->where,
    };
}

// Whether one more fits; says so when not.
static bool has_room(const struct parser *parser, size_t count, size_t limit, const char *what)
{
    if (count >= limit) {
        mistake(&parser->where, "too many %s, at most %zu", what, limit);
        return false;
    }
    return true;
}

// The end of a block: what every block must have.
static void finish_block(struct parser *parser)
{
    struct named *block = parser->block;
    parser->block = nullptr;
    parser->last = nullptr;
    parser->enumeration = nullptr;
    parser->structure = nullptr;
    parser->operation = nullptr;
    parser->request = nullptr;
    if (block == nullptr) {
        return;
    }
    if (*block->prose == '\0') {
        mistake(&block->where, "`%s` has no prose", block->name);
    } else if (!ends_sentence(block->prose)) {
        mistake(&block->where, "the prose of `%s` does not end with a full stop", block->name);
    }
}

static void start_block(struct parser *parser, struct named *block)
{
    parser->block = block;
    parser->fields = false;
}

static void start_constant(struct parser *parser, char *rest)
{
    const char *name = next_word(&rest);
    const char *value = next_word(&rest);
    struct model *model = parser->model;
    if (!is_capitals(name) || !is_number(value) || *rest != '\0') {
        mistake(&parser->where, "expected `constant NAME number`");
        return;
    }
    if (has_room(parser, model->constant_count, MAX_CONSTANTS, "constants")) {
        struct constant *constant = &model->constants[model->constant_count++];
        constant->named = named_here(parser, name, "");
        constant->value = number(value);
        start_block(parser, &constant->named);
    }
}

static void start_enum(struct parser *parser, char *rest, bool bits)
{
    const char *name = next_word(&rest);
    const char *prefix = next_word(&rest);
    struct model *model = parser->model;
    bool bare = strcmp(prefix, "-") == 0;
    if (!is_camel(name) || (*prefix != '\0' && !bare && !is_capitals(prefix)) || *rest != '\0') {
        mistake(&parser->where, "expected `%s Name`, `%s Name PREFIX` or `%s Name -`",
                bits ? "bits" : "enum", bits ? "bits" : "enum", bits ? "bits" : "enum");
        return;
    }
    if (has_room(parser, model->enum_count, MAX_ENUMS, "enums")) {
        struct enumeration *enumeration = &model->enums[model->enum_count++];
        enumeration->named = named_here(parser, name, "");
        enumeration->bits = bits;
        enumeration->prefix = bare ? "" : format("%s_", *prefix == '\0' ? upper(name) : prefix);
        parser->enumeration = enumeration;
        start_block(parser, &enumeration->named);
    }
}

static void start_struct(struct parser *parser, char *rest)
{
    const char *name = next_word(&rest);
    struct model *model = parser->model;
    if (!is_camel(name) || *rest != '\0') {
        mistake(&parser->where, "expected `struct Name`");
        return;
    }
    if (has_room(parser, model->struct_count, MAX_STRUCTS, "structs")) {
        struct structure *structure = &model->structs[model->struct_count++];
        structure->named = named_here(parser, name, "");
        parser->structure = structure;
        start_block(parser, &structure->named);
    }
}

static void start_object(struct parser *parser, char *rest)
{
    const char *name = next_word(&rest);
    const char *value = next_word(&rest);
    struct model *model = parser->model;
    parser->object = nullptr;
    parser->protocol = nullptr;
    if (!is_camel(name) || !is_number(value) || *rest != '\0') {
        mistake(&parser->where, "expected `object Name number`");
        return;
    }
    if (has_room(parser, model->object_count, MAX_OBJECTS, "objects")) {
        struct object *object = &model->objects[model->object_count++];
        object->named = named_here(parser, name, "");
        object->number = number(value);
        parser->object = object;
        start_block(parser, &object->named);
    }
}

static void start_protocol(struct parser *parser, char *rest)
{
    const char *name = next_word(&rest);
    struct model *model = parser->model;
    parser->object = nullptr;
    parser->protocol = nullptr;
    if (!is_camel(name) || *rest != '\0') {
        mistake(&parser->where, "expected `protocol Name`");
        return;
    }
    if (has_room(parser, model->protocol_count, MAX_PROTOCOLS, "protocols")) {
        struct protocol *protocol = &model->protocols[model->protocol_count++];
        protocol->named = named_here(parser, name, "");
        parser->protocol = protocol;
        start_block(parser, &protocol->named);
    }
}

static void start_operation(struct parser *parser, char *rest, bool debug)
{
    const char *name = next_word(&rest);
    const char *value = next_word(&rest);
    struct object *object = parser->object;
    if (!is_small(name) || !is_number(value) || *rest != '\0') {
        mistake(&parser->where, "expected `operation name number`");
        return;
    }
    if (object == nullptr) {
        mistake(&parser->where, "operation `%s` belongs to no object", name);
        return;
    }
    if (has_room(parser, object->operation_count, MAX_OPERATIONS, "operations in an object")) {
        struct operation *operation = &object->operations[object->operation_count++];
        operation->named = named_here(parser, name, "");
        operation->number = number(value);
        operation->debug = debug;
        parser->operation = operation;
        start_block(parser, &operation->named);
    }
}

static void start_request(struct parser *parser, char *rest)
{
    const char *name = next_word(&rest);
    const char *value = next_word(&rest);
    struct protocol *protocol = parser->protocol;
    if (!is_small(name) || !is_number(value) || *rest != '\0') {
        mistake(&parser->where, "expected `request name number`");
        return;
    }
    if (protocol == nullptr) {
        mistake(&parser->where, "request `%s` belongs to no protocol", name);
        return;
    }
    if (has_room(parser, protocol->request_count, MAX_REQUESTS, "requests in a protocol")) {
        struct request *request = &protocol->requests[protocol->request_count++];
        request->named = named_here(parser, name, "");
        request->number = number(value);
        parser->request = request;
        start_block(parser, &request->named);
    }
}

// A line at column 0.
static void parse_keyword(struct parser *parser, char *line)
{
    finish_block(parser);
    parser->in_block = true;
    char *rest = line;
    const char *keyword = next_word(&rest);
    bool debug = strcmp(keyword, "debug") == 0;
    if (debug) {
        keyword = next_word(&rest);
        if (strcmp(keyword, "operation") != 0) {
            mistake(&parser->where, "expected `debug operation`");
            return;
        }
    }
    if (strcmp(keyword, "constant") == 0) {
        start_constant(parser, rest);
    } else if (strcmp(keyword, "enum") == 0) {
        start_enum(parser, rest, false);
    } else if (strcmp(keyword, "bits") == 0) {
        start_enum(parser, rest, true);
    } else if (strcmp(keyword, "struct") == 0) {
        start_struct(parser, rest);
    } else if (strcmp(keyword, "object") == 0) {
        start_object(parser, rest);
    } else if (strcmp(keyword, "protocol") == 0) {
        start_protocol(parser, rest);
    } else if (strcmp(keyword, "operation") == 0) {
        start_operation(parser, rest, debug);
    } else if (strcmp(keyword, "request") == 0) {
        start_request(parser, rest);
    } else {
        mistake(&parser->where, "unknown keyword `%s`", keyword);
    }
}

// Splits `u64[57]` into its name and what stands in the brackets.
static bool parse_type(const struct parser *parser, const char *word, struct type *type)
{
    size_t length = strcspn(word, "[");
    type->name = format("%.*s", (int)length, word);
    if (word[length] == '\0') {
        return true;
    }
    size_t inside = strcspn(word + length + 1, "]");
    type->count_of = format("%.*s", (int)inside, word + length + 1);
    bool fine = strcmp(word + length + 1 + inside, "]") == 0 &&
                (is_number(type->count_of) || is_capitals(type->count_of));
    if (!fine) {
        mistake(&parser->where, "`%s` is no type", word);
    }
    return fine;
}

// `in: name type  prose` and the like, and the fields of structs.
static void parse_field(struct parser *parser, char *rest, struct field *fields, size_t *count,
                        size_t limit, const char *what)
{
    const char *name = next_word(&rest);
    const char *type = next_word(&rest);
    if (!is_small(name) || *type == '\0') {
        mistake(&parser->where, "expected a name, a type and a description");
        return;
    }
    if (!has_room(parser, *count, limit, what)) {
        return;
    }
    struct field *field = &fields[*count];
    if (!parse_type(parser, type, &field->type)) {
        return;
    }
    for (size_t i = 0; i < *count; i++) {
        if (strcmp(fields[i].named.name, name) == 0) {
            mistake(&parser->where, "there is a `%s` already", name);
            return;
        }
    }
    (*count)++;
    field->named = named_here(parser, name, rest);
    parser->last = &field->named.prose;
}

static void parse_needs(struct parser *parser, char *rest)
{
    struct operation *operation = parser->operation;
    if (operation->need_count > 0) {
        mistake(&parser->where, "there is a `needs:` already");
        return;
    }
    if (*rest == '\0') {
        mistake(&parser->where, "expected the names of rights");
    }
    while (*rest != '\0') {
        const char *name = next_word(&rest);
        if (has_room(parser, operation->need_count, MAX_RIGHTS, "rights")) {
            operation->needs[operation->need_count++] = named_here(parser, name, "");
        }
    }
}

static void parse_error(struct parser *parser, char *rest)
{
    struct operation *operation = parser->operation;
    const char *name = next_word(&rest);
    if (!is_capitals(name)) {
        mistake(&parser->where, "expected the name of an error and its cause");
        return;
    }
    if (!has_room(parser, operation->error_count, MAX_ERRORS, "errors")) {
        return;
    }
    for (size_t i = 0; i < operation->error_count; i++) {
        if (strcmp(operation->errors[i].name, name) == 0) {
            mistake(&parser->where, "error %s is listed already", name);
            return;
        }
    }
    struct named *error = &operation->errors[operation->error_count++];
    *error = named_here(parser, name, rest);
    parser->last = &error->prose;
}

// A field that may be given once and holds one word.
static void parse_word(struct parser *parser, char *rest, struct named *field, const char *what)
{
    const char *word = next_word(&rest);
    if (field->name != nullptr) {
        mistake(&parser->where, "there is a `%s:` already", what);
    } else if (*word == '\0') {
        mistake(&parser->where, "expected a word after `%s:`", what);
    } else {
        *field = named_here(parser, word, rest);
        parser->last = &field->prose;
    }
}

static void parse_caps(struct parser *parser, char *rest)
{
    struct request *request = parser->request;
    parse_word(parser, rest, &request->caps_field, "caps");
    if (request->caps_field.name == nullptr) {
        return;
    }
    if (is_number(request->caps_field.name)) {
        request->caps = number(request->caps_field.name);
    } else {
        mistake(&parser->where, "expected a number of capabilities");
    }
}

static void parse_traffic(struct parser *parser, enum traffic traffic)
{
    if (parser->operation->traffic & traffic) {
        mistake(&parser->where, "this line stands here already");
    }
    parser->operation->traffic |= traffic;
}

// Which kind of line in a block this is: one of these keywords, or prose.
enum line_kind {
    LINE_PROSE,
    LINE_IN,
    LINE_OUT,
    LINE_NEEDS,
    LINE_ERROR,
    LINE_AUDIT,
    LINE_CAPS,
    LINE_HANDLE,
    LINE_MESSAGE,
    LINE_RECEIVE,
    LINE_ANSWER,
    LINE_WAITS,
    LINE_UNKNOWN, // has the form of a field
};

static enum line_kind line_kind(const char *line)
{
    static const struct {
        const char *word;
        enum line_kind kind;
    } KEYWORDS[] = {
        {"in:", LINE_IN},         {"out:", LINE_OUT},        {"needs:", LINE_NEEDS},
        {"error:", LINE_ERROR},   {"audit:", LINE_AUDIT},    {"caps:", LINE_CAPS},
        {"handle:", LINE_HANDLE}, {"message", LINE_MESSAGE}, {"receive", LINE_RECEIVE},
        {"answer", LINE_ANSWER},  {"waits", LINE_WAITS},
    };
    size_t length = strcspn(line, " ");
    bool colon = length > 0 && line[length - 1] == ':';
    for (size_t i = 0; i < sizeof KEYWORDS / sizeof KEYWORDS[0]; i++) {
        const char *word = KEYWORDS[i].word;
        if (strlen(word) == length && strncmp(word, line, length) == 0 &&
            (colon || line[length] == '\0')) {
            return KEYWORDS[i].kind;
        }
    }
    return colon && islower((unsigned char)line[0]) ? LINE_UNKNOWN : LINE_PROSE;
}

static void misplaced(const struct parser *parser, const char *line)
{
    mistake(&parser->where, "`%.*s` has no place in this block", (int)strcspn(line, " "), line);
}

static void parse_operation_line(struct parser *parser, char *line, enum line_kind kind)
{
    struct operation *operation = parser->operation;
    char *rest = line;
    (void)next_word(&rest);
    switch (kind) {
    case LINE_IN:
        parse_field(parser, rest, operation->in, &operation->in_count, MAX_ARGUMENTS, "arguments");
        break;
    case LINE_OUT:
        parse_field(parser, rest, operation->out, &operation->out_count, MAX_ARGUMENTS, "results");
        break;
    case LINE_NEEDS:
        parse_needs(parser, rest);
        break;
    case LINE_ERROR:
        parse_error(parser, rest);
        break;
    case LINE_AUDIT:
        parse_word(parser, rest, &operation->audit, "audit");
        break;
    case LINE_MESSAGE:
        parse_traffic(parser, TRAFFIC_SENDS);
        break;
    case LINE_RECEIVE:
        parse_traffic(parser, TRAFFIC_RECEIVES);
        break;
    case LINE_ANSWER:
        parse_traffic(parser, TRAFFIC_ANSWERED);
        break;
    default:
        misplaced(parser, line);
    }
}

static void parse_request_line(struct parser *parser, char *line, enum line_kind kind)
{
    struct request *request = parser->request;
    char *rest = line;
    (void)next_word(&rest);
    switch (kind) {
    case LINE_IN:
        parse_field(parser, rest, request->in, &request->in_count, MAX_ARGUMENTS, "arguments");
        break;
    case LINE_OUT:
        parse_field(parser, rest, request->out, &request->out_count, MAX_ARGUMENTS, "results");
        break;
    case LINE_CAPS:
        parse_caps(parser, rest);
        break;
    case LINE_WAITS:
        request->waits = true;
        break;
    default:
        misplaced(parser, line);
    }
}

// A member of an enum: `NAME number  prose`. False when the line has another form.
static bool parse_member(struct parser *parser, const char *line)
{
    char *rest = copy(line);
    const char *name = next_word(&rest);
    const char *value = next_word(&rest);
    if (!is_capitals(name) || !is_number(value)) {
        return false;
    }
    struct enumeration *enumeration = parser->enumeration;
    if (has_room(parser, enumeration->member_count, MAX_MEMBERS, "members")) {
        struct member *member = &enumeration->members[enumeration->member_count++];
        member->named = named_here(parser, name, rest);
        member->value = number(value);
        parser->last = &member->named.prose;
    }
    return true;
}

static void parse_prose(struct parser *parser, const char *line)
{
    if (parser->fields) {
        mistake(&parser->where,
                "prose stands before the fields, or this line is indented too little");
        return;
    }
    const char *separator = parser->blank ? "\n\n" : " ";
    parser->block->prose = joined(parser->block->prose, separator, line);
}

// A line indented by four.
static void parse_line(struct parser *parser, char *line)
{
    parser->last = nullptr;
    enum line_kind kind = line_kind(line);
    bool told = ends_sentence(parser->block->prose);
    if (parser->enumeration != nullptr && (told || parser->fields)) {
        if (parse_member(parser, line)) {
            parser->fields = true;
            return;
        }
        if (parser->fields) {
            mistake(&parser->where, "expected `NAME number` and a description");
            return;
        }
    }
    if (parser->structure != nullptr &&
        (parser->fields || (told && islower((unsigned char)line[0])))) {
        parser->fields = true;
        parse_field(parser, line, parser->structure->fields, &parser->structure->field_count,
                    MAX_FIELDS, "fields");
        return;
    }
    if (kind == LINE_PROSE) {
        parse_prose(parser, line);
        return;
    }
    parser->fields = true;
    if (kind == LINE_UNKNOWN) {
        mistake(&parser->where, "unknown field `%.*s`", (int)strcspn(line, " "), line);
    } else if (parser->operation != nullptr) {
        parse_operation_line(parser, line, kind);
    } else if (parser->request != nullptr) {
        parse_request_line(parser, line, kind);
    } else if (kind == LINE_HANDLE && parser->object != nullptr &&
               parser->block == &parser->object->named) {
        char *rest = line;
        (void)next_word(&rest);
        parse_word(parser, rest, &parser->object->handle_field, "handle");
    } else {
        misplaced(parser, line);
    }
}

// Whether the characters of a line are all allowed; says which is not.
static bool check_characters(const struct parser *parser, const char *line)
{
    size_t length = strlen(line);
    for (size_t i = 0; i < length; i++) {
        unsigned char character = (unsigned char)line[i];
        if (character == '\t') {
            mistake(&parser->where, "tab; use spaces");
            return false;
        }
        if (character < ' ' || character > '~') {
            mistake(&parser->where, "character 0x%02x; only plain ASCII text is allowed",
                    character);
            return false;
        }
    }
    if (length > 0 && line[length - 1] == ' ') {
        mistake(&parser->where, "white space at the end of the line");
        return false;
    }
    return true;
}

static void parse_any_line(struct parser *parser, char *line)
{
    if (!check_characters(parser, line)) {
        return;
    }
    size_t indent = strspn(line, " ");
    char *words = line + indent;
    if (*words == '\0') {
        parser->blank = true;
        return;
    }
    if (*words == '#') {
        return;
    }
    if (indent == 0) {
        parse_keyword(parser, line);
    } else if (!parser->in_block) {
        mistake(&parser->where, "an indented line outside of a block");
    } else if (indent != 4 && indent < 8) {
        mistake(&parser->where,
                "indented by %zu; a line of a block is indented by 4, "
                "its continuation by 8 or more",
                indent);
    } else if (parser->block == nullptr) {
        parser->blank = false; // of a block whose first line was a mistake
    } else if (indent == 4) {
        parse_line(parser, words);
    } else if (parser->last == nullptr) {
        mistake(&parser->where, "a continuation without a field before it");
    } else {
        *parser->last = joined(*parser->last, " ", words);
    }
    parser->blank = false;
}

void parse_file(struct model *model, const char *path, const char *file)
{
    struct parser parser = {
        .model = model,
        .where = {.path = path, .file = file},
    };
    FILE *stream = fopen(path, "r");
    if (stream == nullptr) {
        mistake(&parser.where, "can't be read: %s", strerror(errno));
        return;
    }
    char *line = nullptr;
    size_t size = 0;
    ssize_t length;
    while ((length = getline(&line, &size, stream)) >= 0) {
        parser.where.line++;
        if (strlen(line) != (size_t)length) {
            mistake(&parser.where, "character 0x00; only plain ASCII text is allowed");
            continue;
        }
        line[strcspn(line, "\n")] = '\0';
        parse_any_line(&parser, line);
    }
    if (ferror(stream)) {
        mistake(&parser.where, "can't be read: %s", strerror(errno));
    }
    free(line);
    (void)fclose(stream);
    finish_block(&parser);
}
