// SPDX-License-Identifier: MIT
#include "line.h"

#include <stdlib.h>
#include <string.h>

#include "test.h"

static struct line line;

// A terminal of one row: what is on it, and where its cursor stands.
static char screen[8192];
static size_t column;
static size_t bells;
static bool strange; // something was shown that no line editor should show

static void show(void *context, const char *bytes, size_t length)
{
    (void)context;
    for (size_t i = 0; i < length; i++) {
        char c = bytes[i];
        if (c == '\a') {
            bells++;
        } else if (c == '\b') {
            column -= column > 0 ? 1 : 0;
        } else if (c == '\r') {
            column = 0;
        } else if (c == '\n') {
            memset(screen, 0, sizeof screen);
        } else if (c >= ' ' && c <= '~') {
            screen[column++] = c;
        } else {
            strange = true;
        }
    }
}

static void begin(void)
{
    memset(screen, 0, sizeof screen);
    column = 0;
    bells = 0;
    strange = false;
    line_begin(&line, "> ", 2);
}

static void start(void)
{
    line_start(&line, show, nullptr);
    begin();
}

static enum line_event feed(const char *bytes)
{
    enum line_event event = LINE_MORE;
    for (; *bytes != 0 && event == LINE_MORE; bytes++) {
        event = line_feed(&line, (uint8_t)*bytes);
    }
    return event;
}

// Whether the screen shows the prompt and this text, perhaps with blanks after it.
static bool shows(const char *text)
{
    size_t length = strlen(text);
    return strncmp(screen, "> ", 2) == 0 && strncmp(screen + 2, text, length) == 0 &&
           strspn(screen + 2 + length, " ") == strlen(screen + 2 + length) &&
           column == 2 + line.cursor;
}

TEST("a line is entered by Return, and by a newline")
{
    start();
    CHECK(feed("hello") == LINE_MORE && shows("hello"));
    CHECK(feed("\r") == LINE_ENTERED && strcmp(line.text, "hello") == 0);
    begin();
    CHECK(feed("\n") == LINE_MORE);
    CHECK(feed("a\n") == LINE_ENTERED && strcmp(line.text, "a") == 0);
    begin();
    CHECK(feed("\n") == LINE_ENTERED && strcmp(line.text, "") == 0);
}

TEST("Backspace takes the character before the cursor, and rings at the start")
{
    start();
    feed("abc\x7f\b");
    CHECK(shows("a") && bells == 0);
    feed("\x7f\x7f");
    CHECK(shows("") && bells == 1);
}

TEST("arrow keys move, and text is inserted where the cursor stands")
{
    start();
    feed("ac\x1b[Db");
    CHECK(shows("abc"));
    feed("\x1b[D\x1b[D\x1b[D\x1b[Dx\x1b[C\x1b[Cy");
    CHECK(shows("xabyc"));
    feed("\x01"
         "1\x05"
         "2");
    CHECK(shows("1xabyc2"));
    feed("\x1b[H0\x1b[F3\x1b[1~\x1b[3~");
    CHECK(shows("1xabyc23"));
    CHECK(feed("\r") == LINE_ENTERED && strcmp(line.text, "1xabyc23") == 0);
}

TEST("Ctrl-U clears the line")
{
    start();
    feed("some words\x1b[D\x15");
    CHECK(shows("") && line.length == 0);
}

TEST("Ctrl-C gives the line up, Ctrl-D closes an empty one only")
{
    start();
    CHECK(feed("half\x03") == LINE_GIVEN_UP);
    begin();
    CHECK(feed("x\x04") == LINE_MORE && bells == 1);
    CHECK(feed("\x7f\x04") == LINE_CLOSED);
}

TEST("history goes back and forth, without repeats and empty lines")
{
    start();
    feed("one\r"), begin();
    feed("two\r"), begin();
    feed("two\r"), begin();
    feed("\r"), begin();
    feed("\x1b[A");
    CHECK(shows("two"));
    feed("\x1b[A");
    CHECK(shows("one"));
    feed("\x1b[A");
    CHECK(shows("one") && bells == 1);
    feed("\x1bOB");
    CHECK(shows("two"));
    feed("\x1b[B");
    CHECK(shows(""));
}

TEST("history keeps the latest sixteen lines")
{
    start();
    char text[] = "a\r";
    for (int c = 'a'; c <= 'z'; c++) {
        text[0] = (char)c;
        feed(text), begin();
    }
    for (int i = 0; i < 16; i++) {
        feed("\x1b[A");
    }
    CHECK(shows("k") && bells == 0);
    feed("\x1b[A");
    CHECK(shows("k") && bells == 1);
}

TEST("a line that is full rings the bell and takes no more")
{
    start();
    for (int i = 0; i < 100000; i++) {
        CHECK(line_feed(&line, 'x') == LINE_MORE);
    }
    CHECK(line.length == LINE_MOST && bells == 100000 - LINE_MOST);
    CHECK(feed("\r") == LINE_ENTERED && strlen(line.text) == LINE_MOST);
}

TEST("unknown escape sequences of every kind are dropped whole")
{
    start();
    feed("a\x1b[38;5;1mb\x1b]0;title\x07"
         "c\x1bP1$r\x1b\\d\x1b[?25he\x1bZf\x1b[1;5Dg\x1bOPh");
    CHECK(shows("abcdefgh") && !strange);
    feed("\x1b[\x1b[\x1b[Di");
    CHECK(shows("abcdefgih"));
}

TEST("an escape sequence that never ends is broken off by Return or Ctrl-C")
{
    start();
    feed("\x1b]0;");
    for (int i = 0; i < 10000; i++) {
        CHECK(line_feed(&line, 'x') == LINE_MORE);
    }
    CHECK(feed("\r") == LINE_ENTERED && line.length == 0);
    begin();
    CHECK(feed("\x1b[12\x03") == LINE_GIVEN_UP);
}

TEST("zeros, 8-bit and control bytes never reach the screen")
{
    start();
    for (unsigned byte = 0; byte < 256; byte++) {
        if (byte != '\r' && byte != '\n' && byte != 3 && byte != 4 && byte != 0x1b) {
            CHECK(line_feed(&line, (uint8_t)byte) == LINE_MORE);
        }
    }
    CHECK(!strange);
    CHECK(line.length <= LINE_MOST);
}

TEST("a long random input keeps text, cursor and screen in step")
{
    start();
    srand(7);
    for (int i = 0; i < 200000; i++) {
        uint8_t byte = (uint8_t)((unsigned)rand() % 3 == 0 ? 0x1b : (unsigned)rand());
        if (rand() % 4 == 0) {
            byte = (uint8_t)"[OABCDHF13~"[rand() % 11];
        }
        if (line_feed(&line, byte) != LINE_MORE) {
            begin();
        }
        CHECK(line.cursor <= line.length && line.length <= LINE_MOST);
        CHECK(column == 2 + line.cursor);
    }
    CHECK(!strange);
}
