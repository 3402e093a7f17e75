// SPDX-License-Identifier: MIT
// A finder and a memory of one line. Lines longer than the buffer keep their beginning.
#include "console.h"

#include <string.h>

#include "message.h"

struct finder finder_begin(const char *text)
{
    struct finder finder = {.text = text};
    if (text == nullptr) {
        return finder;
    }
    finder.length = strnlen(text, CONSOLE_TEXT_SIZE - 1);
    size_t border = 0;
    for (size_t i = 1; i < finder.length; i++) {
        while (border > 0 && text[i] != text[border]) {
            border = finder.fallback[border - 1];
        }
        if (text[i] == text[border]) {
            border++;
        }
        finder.fallback[i] = border;
    }
    return finder;
}

bool finder_read(struct finder *finder, const uint8_t *bytes, size_t length)
{
    if (finder->found || finder->length == 0) {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        char byte = (char)bytes[i];
        while (finder->matched > 0 && byte != finder->text[finder->matched]) {
            finder->matched = finder->fallback[finder->matched - 1];
        }
        if (byte == finder->text[finder->matched]) {
            finder->matched++;
        }
        if (finder->matched == finder->length) {
            finder->found = true;
            return true;
        }
    }
    return false;
}

struct console console_begin(const char *until)
{
    return (struct console){.prompt = finder_begin("Init> "), .until = finder_begin(until)};
}

static void remember(struct console *console, uint8_t byte)
{
    if (byte != '\n' && byte != '\r') {
        if (console->length < sizeof console->line) {
            console->line[console->length++] = (char)byte;
        }
        return;
    }
    if (console->length == 0) {
        return;
    }
    memcpy(console->last, console->line, console->length);
    console->last_length = console->length;
    console->length = 0;
}

struct console_news console_read(struct console *console, const uint8_t *bytes, size_t length)
{
    struct console_news news = {
        .first = !console->spoke && length > 0,
        .prompt = finder_read(&console->prompt, bytes, length),
        .until = finder_read(&console->until, bytes, length),
    };
    console->spoke = console->spoke || length > 0;
    for (size_t i = 0; i < length; i++) {
        remember(console, bytes[i]);
    }
    return news;
}

const char *console_last_line(const struct console *console, char *out, size_t size)
{
    if (console->length > 0) {
        return message_escape(console->line, console->length, out, size);
    }
    return message_escape(console->last, console->last_length, out, size);
}
