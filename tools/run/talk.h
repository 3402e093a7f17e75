// SPDX-License-Identifier: MIT
// The conversation about the program of a run, on the channel kozo.control, host side (docs/control.md):
// a state machine that takes bytes from the guest and gives events. It trusts nothing: the first byte
// that breaks the protocol ends the conversation.
//
//   host  -> guest  start <n>\n and n bytes     what to run
//   host  -> guest  size <rows> <columns>\n     the terminal has another size
//   host  -> guest  signal <n>\n                for the foreground group
//   host  -> guest  answer <n> <word>\n         to a question: yes, once, or no
//   host  -> guest  told <n>\n and n bytes      to a query: its number, and what was asked for
//   host  -> guest  given <n>\n and n bytes     places that are there from now on, as records
//   host  -> guest  taken <n>\n and n bytes     what is not there any more, likewise
//   guest -> host   trace <n>\n and n bytes     for standard error
//   guest -> host   report <n>\n and n bytes    a JSON object, once
//   guest -> host   refused <n>\n and n bytes   what it was not given (blocked.h)
//   guest -> host   changed <n>\n and n bytes   what it changed in this run only (changed.h)
//   guest -> host   ask <n>\n and n bytes       it waits for something to be given
//   guest -> host   query <n>\n and n bytes     it wants to know something about its permissions
//   guest -> host   unask <n>\n                 it waits no more, by the number of either
//   guest -> host   used <n>\n                  what that was given for is done
//   guest -> host   over <n>\n                  a command of sudo is over, by its lease's number
//   guest -> host   exit <0..255>\n             how the program ended: its status,
//   guest -> host   killed <1..64>\n            the signal that ended it,
//   guest -> host   failed <n>\n and n bytes    or why KOZO could not run it; one of these, once
#pragma once

#include <stddef.h>
#include <stdint.h>

constexpr size_t TALK_LINE_SIZE = 32;
constexpr size_t TALK_REASON_SIZE = 512;       // bytes of a sentence
constexpr size_t TALK_TRACE_SIZE = 65'536;     // bytes of one piece
constexpr size_t TALK_REPORT_SIZE = 4UL << 20; // bytes of a report
constexpr size_t TALK_REFUSED_SIZE = 65'536;   // bytes of one piece
constexpr size_t TALK_CHANGED_SIZE = 65'536;   // bytes of one piece
constexpr size_t TALK_ASK_SIZE =
    4'160; // bytes of a path that is asked for, with what stands before it
constexpr unsigned TALK_NUMBER_MOST = 1U << 30; // of a question

enum talk_kind : int {
    TALK_MORE,    // all bytes are used up
    TALK_EXIT,    // number is the program's status
    TALK_KILLED,  // number is the signal
    TALK_FAILED,  // reason says why
    TALK_TRACE,   // bytes and length are a piece of it
    TALK_REPORT,  // likewise
    TALK_REFUSED, // likewise
    TALK_CHANGED, // likewise
    TALK_ASK,    // text is a record `NUMBER KIND PATH`, or `NUMBER KIND LEASE NAME PATH` under sudo
    TALK_QUERY,  // text is a record `NUMBER REQUEST`
    TALK_UNASK,  // number is that of a question
    TALK_USED,   // likewise
    TALK_OVER,   // number is that of a lease
    TALK_BROKEN, // problem says how the protocol was broken
};

struct talk {
    bool refused;
    bool ended;          // exit, killed or failed was said
    bool reported;       // a report has begun
    enum talk_kind body; // of the bytes still to come
    size_t left;         // of them; 0: within a line
    size_t length;       // bytes in line
    char line[TALK_LINE_SIZE];
    size_t reason_length;
    char reason[TALK_REASON_SIZE]; // of failed
    size_t asked_length;
    char asked[TALK_ASK_SIZE + 1]; // of ask or query, with a zero behind it
};

struct talk_event {
    enum talk_kind kind;
    size_t used; // bytes of the input taken by this event
    unsigned number;
    const uint8_t *bytes;
    size_t length;
    const char *text;
    const char *problem;
};

// Takes the bytes up to the next event. Call again with the rest until TALK_MORE comes.
[[nodiscard]] struct talk_event talk_read(struct talk *talk, const uint8_t *bytes, size_t length);
