// SPDX-License-Identifier: MIT
// A scanner for JSON (RFC 8259) that keeps the path of keys it is at, without recursion: a string
// before a colon is a key; any other string is a value.
#include "qmp.h"

#include <string.h>

constexpr size_t MOST_LEVELS = 8;
constexpr size_t PATH_SIZE = 128;

struct scanner {
    const char *json;
    size_t length;
    size_t at;
    size_t level;
    size_t path_length[MOST_LEVELS + 1]; // of the path that holds level n
    char path[PATH_SIZE];
};

static bool is_space(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

// The character that an escape stands for. What is beyond ASCII becomes a question mark.
static char unescape(struct scanner *scanner)
{
    char byte = scanner->json[scanner->at++];
    switch (byte) {
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    case 'b':
    case 'f':
        return ' ';
    case 'u': {
        size_t left = scanner->length - scanner->at;
        scanner->at += left < 4 ? left : 4;
        return '?';
    }
    default:
        return byte;
    }
}

// Reads a string whose opening quote has been taken. False if it does not end.
static bool read_string(struct scanner *scanner, char *out, size_t size)
{
    size_t used = 0;
    while (scanner->at < scanner->length) {
        char byte = scanner->json[scanner->at++];
        if (byte == '"') {
            out[used] = '\0';
            return true;
        }
        if (byte == '\\' && scanner->at < scanner->length) {
            byte = unescape(scanner);
        }
        if (used + 1 < size) {
            out[used++] = byte;
        }
    }
    return false;
}

static bool is_key(struct scanner *scanner)
{
    while (scanner->at < scanner->length && is_space(scanner->json[scanner->at])) {
        scanner->at++;
    }
    return scanner->at < scanner->length && scanner->json[scanner->at] == ':';
}

// Makes the path end in a key of the current level.
static bool set_key(struct scanner *scanner, const char *key)
{
    if (scanner->level == 0) {
        return false;
    }
    size_t start = scanner->path_length[scanner->level - 1];
    size_t length = strlen(key);
    size_t dot = start > 0 ? 1 : 0;
    if (start + dot + length >= PATH_SIZE) {
        return false;
    }
    if (dot == 1) {
        scanner->path[start] = '.';
    }
    memcpy(scanner->path + start + dot, key, length + 1);
    scanner->path_length[scanner->level] = start + dot + length;
    return true;
}

static bool change_level(struct scanner *scanner, char byte)
{
    if (byte == '{' || byte == '[') {
        if (scanner->level == MOST_LEVELS) {
            return false;
        }
        scanner->level++;
        scanner->path_length[scanner->level] = scanner->path_length[scanner->level - 1];
        return true;
    }
    if (scanner->level == 0) {
        return false;
    }
    scanner->level--;
    scanner->path[scanner->path_length[scanner->level]] = '\0';
    return true;
}

bool qmp_find(const char *json, size_t length, const char *path, char *out, size_t size)
{
    struct scanner scanner = {.json = json, .length = length};
    char text[QMP_TEXT_SIZE];
    while (scanner.at < length) {
        char byte = json[scanner.at++];
        bool sound = true;
        if (strchr("{}[]", byte) != nullptr && byte != '\0') {
            sound = change_level(&scanner, byte);
        } else if (byte == '"') {
            sound = read_string(&scanner, text, sizeof text);
            if (sound && is_key(&scanner)) {
                sound = set_key(&scanner, text);
            } else if (sound && strcmp(scanner.path, path) == 0) {
                size_t kept = strnlen(text, size - 1);
                memcpy(out, text, kept);
                out[kept] = '\0';
                return true;
            }
        }
        if (!sound) {
            return false;
        }
    }
    return false;
}

// True if the object has a key of that name at its top; what stands behind it does not matter.
static bool has_key(const char *json, size_t length, const char *key)
{
    struct scanner scanner = {.json = json, .length = length};
    char text[QMP_TEXT_SIZE];
    while (scanner.at < length) {
        char byte = json[scanner.at++];
        bool sound = true;
        if (strchr("{}[]", byte) != nullptr && byte != '\0') {
            sound = change_level(&scanner, byte);
        } else if (byte == '"') {
            sound = read_string(&scanner, text, sizeof text);
        } else {
            continue;
        }
        if (!sound) {
            return false;
        }
        if (byte == '"' && scanner.level == 1 && is_key(&scanner) && strcmp(text, key) == 0) {
            return true;
        }
    }
    return false;
}

// Understands one line. False if it is nothing that the runner cares for, such as the greeting.
static bool take_line(const struct qmp *qmp, struct qmp_event *event)
{
    event->name[0] = '\0';
    event->text[0] = '\0';
    if (qmp_find(qmp->line, qmp->length, "event", event->name, sizeof event->name)) {
        event->kind = QMP_EVENT;
        if (!qmp_find(qmp->line, qmp->length, "data.reason", event->text, sizeof event->text)) {
            (void)qmp_find(qmp->line, qmp->length, "data.id", event->text, sizeof event->text);
        }
        static const char open[] = "\"open\": true";
        event->open = memmem(qmp->line, qmp->length, open, strlen(open)) != nullptr;
        return true;
    }
    (void)qmp_find(qmp->line, qmp->length, "id", event->name, sizeof event->name);
    if (has_key(qmp->line, qmp->length, "error")) {
        event->kind = QMP_ERROR;
        (void)qmp_find(qmp->line, qmp->length, "error.desc", event->text, sizeof event->text);
        return true;
    }
    if (has_key(qmp->line, qmp->length, "return")) {
        event->kind = QMP_RETURN;
        (void)qmp_find(qmp->line, qmp->length, "return", event->text, sizeof event->text);
        return true;
    }
    return false;
}

void qmp_read(struct qmp *qmp, const uint8_t *bytes, size_t length, struct qmp_event *event)
{
    event->kind = QMP_MORE;
    for (size_t used = 0; used < length;) {
        char byte = (char)bytes[used++];
        if (byte != '\n') {
            if (qmp->length < QMP_LINE_SIZE) {
                qmp->line[qmp->length++] = byte;
            } else {
                qmp->overlong = true;
            }
            continue;
        }
        bool understood = !qmp->overlong && take_line(qmp, event);
        qmp->length = 0;
        qmp->overlong = false;
        event->used = used;
        if (understood) {
            return;
        }
    }
    event->kind = QMP_MORE;
    event->used = length;
}
