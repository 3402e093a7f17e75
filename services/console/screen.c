// SPDX-License-Identifier: MIT
#include "screen.h"

#include <kozo/clock.h>
#include <string.h>

constexpr uint64_t PATIENCE = 450'000'000; // nanoseconds with an unfinished line of another
constexpr size_t WIDTH = 79; // an edited line that is longer is left behind, not taken away

static void put(struct screen *screen, const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        (void)ring_put(&screen->output, bytes[i]);
    }
}

// What the line editor shows. When there is no room it is lost, as on a terminal that is off.
static void show(void *context, const char *bytes, size_t length)
{
    put(context, bytes, length);
}

void screen_start(struct screen *screen, struct kozo_session *driver)
{
    screen->driver = driver;
    screen->holder = SCREEN_NOBODY;
    screen->raw = SCREEN_NOBODY;
    line_start(&screen->line, show, screen);
}

bool screen_has_room(const struct screen *screen, size_t length)
{
    // A newline becomes two bytes.
    return ring_room(&screen->output) >= 2 * length + SCREEN_ECHO;
}

bool screen_is_open_for(const struct screen *screen, size_t place)
{
    return screen->holder == SCREEN_NOBODY || screen->holder == place ||
           kozo_ticks() - screen->held > kozo_clock_ticks(PATIENCE);
}

bool screen_may_end_open(const struct screen *screen, size_t place)
{
    return !screen->editing && (screen->holder == SCREEN_NOBODY || screen->holder == place);
}

static void put_many(struct screen *screen, char byte, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        put(screen, &byte, 1);
    }
}

static void hide_line(struct screen *screen)
{
    size_t width = screen->prompt_length + screen->line.length;
    if (width > WIDTH) {
        put(screen, "\r\n", 2);
        return;
    }
    put(screen, "\r", 1);
    put_many(screen, ' ', width);
    put(screen, "\r", 1);
}

static void show_line(struct screen *screen)
{
    const struct line *line = &screen->line;
    put(screen, screen->prompt, screen->prompt_length);
    put(screen, line->text, line->length);
    put_many(screen, '\b', line->length - line->cursor);
}

void screen_show(struct screen *screen, size_t place, const char *text, size_t length)
{
    if (length == 0) {
        return;
    }
    if (screen->editing) {
        hide_line(screen);
    } else if (screen->holder != SCREEN_NOBODY && screen->holder != place) {
        put(screen, "\r\n", 2);
    }
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\n' && place != screen->raw) {
            put(screen, "\r", 1);
        }
        put(screen, &text[i], 1);
    }
    bool ended = text[length - 1] == '\n';
    screen->holder = ended ? SCREEN_NOBODY : place;
    screen->held = kozo_ticks();
    if (screen->editing) {
        put(screen, "\r\n", ended ? 0 : 2);
        screen->holder = SCREEN_NOBODY;
        show_line(screen);
    }
}

void screen_prompt(struct screen *screen, const char *prompt, size_t length)
{
    if (screen->holder != SCREEN_NOBODY) {
        put(screen, "\r\n", 2);
        screen->holder = SCREEN_NOBODY;
    }
    screen->prompt_length = length < sizeof screen->prompt ? length : sizeof screen->prompt;
    memcpy(screen->prompt, prompt, screen->prompt_length);
    screen->editing = true;
    line_begin(&screen->line, screen->prompt, screen->prompt_length);
}

void screen_line_ended(struct screen *screen)
{
    screen->editing = false;
}

void screen_push(struct screen *screen)
{
    while (screen->output.count > 0) {
        const char *bytes = nullptr;
        size_t there = ring_front(&screen->output, &bytes);
        size_t taken = kozo_session_write(screen->driver, bytes, there);
        ring_drop(&screen->output, taken);
        if (taken < there) {
            return;
        }
    }
}

bool screen_is_clean(const struct screen *screen)
{
    return screen->output.count == 0 && kozo_session_is_taken(screen->driver);
}
