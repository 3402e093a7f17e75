// SPDX-License-Identifier: MIT
// What was decided: rules that allow or refuse, each with who decided, when, and until when it holds.
//
// The database is a text that only grows, one line a change, and each line ends with the beginning of
// a hash over everything up to there. So it can be read by a person; a text that was cut at any byte
// holds exactly what was decided by its last whole line; and a line that was changed, or taken away
// from the middle, is noticed. A change is stored first and takes effect then; what can't be stored does
// not take effect.
//
//     kozo-policy 1 #…
//     allow 7 editor files.path.read:/etc/passwd until=close:12 by=person at=1764452385 boot=3 #…
//     use 7 at=1764452390 #…
//     end 7 for=revoked at=1764452399 #…
//
// It holds no pointer to anything, and its owner keeps it as long as it wants.
#pragma once

#include <chain/chain.h>

#include "place.h"

constexpr size_t POLICY_RULES = 256;
constexpr size_t POLICY_PROGRAM_SIZE = 48; // bytes of a program's name with its final zero
constexpr size_t POLICY_LINE_SIZE = 3 * POLICY_SCOPE_SIZE + 256;
constexpr uint64_t POLICY_LAPSE = 90 * 86'400; // seconds after which an unused "always" ends

enum policy_until : uint8_t {
    POLICY_UNTIL_ONCE,    // used once
    POLICY_UNTIL_TIME,    // `limit` is the time
    POLICY_UNTIL_CLOSE,   // `limit` is the instance of the program
    POLICY_UNTIL_RESTART, // of the computer
    POLICY_UNTIL_ALWAYS,  // or until it was not used for POLICY_LAPSE
};

enum policy_giver : uint8_t {
    POLICY_BY_PERSON,
    POLICY_BY_COMMAND, // the options of the command that started the run
    POLICY_BY_BROKER,
    POLICY_BY_LEARNING,
};

enum policy_end : uint8_t {
    POLICY_END_REVOKED,
    POLICY_END_EXPIRED,
    POLICY_END_USED,
    POLICY_END_CLOSED,
    POLICY_END_RESTARTED,
    POLICY_END_LAPSED,
};

struct policy_rule {
    uint64_t id; // never used again
    uint64_t limit;
    uint64_t made; // times are seconds since 1970
    uint64_t used; // 0: never
    uint64_t
        boot; // in which run of the system it was made; of the computer, with POLICY_UNTIL_RESTART
    bool allow;
    enum policy_until until;
    enum policy_giver giver;
    char program[POLICY_PROGRAM_SIZE];
    struct policy_permission permission;
};

// Stores one line for good. False if it can't be stored.
typedef bool policy_store(void *context, const char *line, size_t length);

// The end of the text, where it goes on.
struct policy_journal {
    struct kozo_digest digest; // after the last line
    policy_store *store;
    void *context;
};

struct policy_database {
    struct policy_rule rule[POLICY_RULES];
    size_t count; // rules, in the order in which they were made
    uint64_t next;
    struct policy_journal journal;
};

enum policy_reading : uint8_t {
    POLICY_READ_WHOLE,
    POLICY_READ_CUT,     // the last line was not finished, and counts for nothing
    POLICY_READ_DAMAGED, // a line in the middle is wrong: what was allowed holds no longer
};

struct policy_read {
    enum policy_reading result;
    size_t length; // bytes that are good: what follows is to be cut off before anything is added
    size_t line;   // of the damage
};

// Reads a text that was stored. After damage, refusals before it still hold and nothing is allowed.
[[nodiscard]] struct policy_read policy_database_read(struct policy_database *database,
                                                      const char *text, size_t size,
                                                      policy_store *store, void *context);

// An empty database; stores its first line.
[[nodiscard]] bool policy_database_begin(struct policy_database *database, policy_store *store,
                                         void *context);

// Writes everything that holds as a new text through another store, for whoever then puts it into the
// place of the old one. The database goes on with that store.
[[nodiscard]] bool policy_database_compact(struct policy_database *database, policy_store *store,
                                           void *context);

// Adds a rule, in the place of one of the same program about the same permission. `id` is filled in. False,
// and no change, when it is full, the name of the program is none, or it can't be stored.
[[nodiscard]] bool policy_database_add(struct policy_database *database, struct policy_rule *rule);

// Notes a use. A rule for one use ends. False, and no use, when that can't be stored.
[[nodiscard]] bool policy_database_use(struct policy_database *database, uint64_t id, uint64_t now);

// Ends a rule. False when there is none with this number, or when it can't be stored: a rule that
// was to be taken back is no longer in memory even then, and the caller must say that it will return.
[[nodiscard]] bool policy_database_end(struct policy_database *database, uint64_t id,
                                       enum policy_end why, uint64_t now);

// Ends what holds no longer: by time, since this is another run of the system or the computer has restarted,
// or unused. Gives how many.
size_t policy_database_expire(struct policy_database *database, uint64_t now, uint64_t boot,
                              uint64_t restart);

// Ends what an instance of a program was given until it closes. Gives how many.
size_t policy_database_closed(struct policy_database *database, uint64_t instance, uint64_t now);

[[nodiscard]] const struct policy_rule *policy_database_find(const struct policy_database *database,
                                                             uint64_t id);

// A program's name: 1 to 47 letters, digits, and . _ - +, not with a dot or hyphen in front.
[[nodiscard]] bool policy_is_program(const char *text, size_t length);

// "until it closes", "once", "for 12 minutes", as of `now`.
void policy_add_until(struct policy_text *text, const struct policy_rule *rule, uint64_t now);

// How long it holds, without the time that is left.
[[nodiscard]] const char *policy_until_words(enum policy_until until);

[[nodiscard]] const char *policy_giver_text(enum policy_giver giver);
[[nodiscard]] const char *policy_end_text(enum policy_end why);
