// SPDX-License-Identifier: MIT
//
// Text that grows, and names in their several spellings. Everything made here lives until the
// program ends; abigen is a short-lived program and gives nothing back.
#pragma once

#include <stddef.h>

// An output under construction. Starts zeroed; `data` always ends in a zero byte once written to.
struct text {
    char *data;
    size_t length;
    size_t capacity;
};

// Appends, as printf would.
[[gnu::format(printf, 2, 3)]] void put(struct text *text, const char *format, ...);

// Appends `words` filled into lines of at most 100 columns. The first line follows what `text`'s
// last line holds already; each further line starts with `indent`. Blank lines in `words` separate
// paragraphs and become lines of `indent` without its trailing spaces. Ends the last line.
void put_filled(struct text *text, const char *indent, const char *words);

// Appends `words` as comment lines that start with `indent` and then "// ".
void put_comment(struct text *text, const char *indent, const char *words);

// Appends spaces until the last line is `column` wide.
void put_column(struct text *text, size_t column);

// The width of the last, unfinished line.
[[nodiscard]] size_t text_column(const struct text *text);

// A list of items in brackets that open at the end of `text`'s last line: filled, aligned to that
// column, and closed with `end`. The items hold no line breaks.
void put_list(struct text *text, const char *const *items, size_t count, const char *end);

// How many lines such a list takes when its first one starts at `column`; 0 when some item sticks
// out of 100 columns.
[[nodiscard]] size_t list_lines(size_t column, const char *const *items, size_t count,
                                const char *end);

// Makes a string, as printf would.
[[nodiscard]] [[gnu::format(printf, 1, 2)]] const char *format(const char *format, ...);

// A copy that may be changed.
[[nodiscard]] char *copy(const char *string);

// IoPort -> io_port, CNode -> cnode: an underscore between a small and a capital letter.
[[nodiscard]] const char *snake(const char *name);

// IoPort -> IO_PORT, read_line -> READ_LINE.
[[nodiscard]] const char *upper(const char *name);

// THREAD_STOPPED -> ThreadStopped, read_line -> ReadLine.
[[nodiscard]] const char *camel(const char *name);

// Memory, zeroed. Ends the program when there is none.
[[nodiscard]] void *reserve(size_t size);
