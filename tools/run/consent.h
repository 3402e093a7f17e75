// SPDX-License-Identifier: MIT
// While a program runs: what it is refused is asked for, and what it was given is taken back.
//
//   the machine asks ──▶ WAITS in the queue ──▶ decided before, or nobody to ask ──▶ answered
//                                         └──▶ SHOWN to the person or the broker ──▶ answered
//
// One question at a time; it ends with an answer, with silence, or when nobody waits for it any more. A grant is made
// here, by whoever decides: the file server has it before the program learns that it may look again. It ends by its
// time, after its use, or when it is taken back: then the file server has lost it before the program is told.
#pragma once

#include "ask.h"
#include "asked.h"
#include "guest.h"
#include "program.h"
#include "state.h"

constexpr size_t CONSENT_QUEUE = 64;
constexpr int CONSENT_WATCHES = 1; // descriptors for poll()

// A permission without which a query was refused.
struct consent_blocked {
    enum policy_id id;
    uint64_t times;
};

constexpr size_t CONSENT_BLOCKED = 2; // that a query can need

// Through whom a permission of the run came.
enum consent_way : uint8_t {
    CONSENT_BY_COMMAND,  // that started the run
    CONSENT_BY_PROFILE,  // which names it; it was decided about before the program began
    CONSENT_BY_QUESTION, // to the person or the broker
    CONSENT_BY_RULE,     // that was kept
    CONSENT_BY_TERMINAL, // another one
    CONSENT_BY_PICKER,   // the file was chosen
};

// What is known of a permission of the run, beside its name.
struct consent_grant {
    unsigned number; // by which it is taken back
    enum consent_way way;
    uint64_t made;           // seconds since 1970
    int64_t ends;            // milliseconds of the monotonic clock
    bool once;               // for one call
    bool used;               // which was made
    unsigned asked;          // the machine's number of the question that gave it
    unsigned lease;          // of a command of sudo, with which it ends; 0: none
    uint64_t broker;         // the broker's number of it; 0: another one
    uint64_t rule;           // that is kept; 0 for none
    enum policy_until until; // the rule holds; without one, until the run ends
};

// What was taken back is not asked for again.
struct consent_refusal {
    struct policy_permission permission;
    bool broker;   // by the broker; else by the person
    uint64_t made; // seconds since 1970
};

struct consent {
    const struct options *options;
    struct program *program;
    struct guest *guest;
    struct identity identity;
    struct state state;
    bool kept; // what was decided before can be read
    unsigned last_number;
    struct consent_grant grant[GRANTS_NAMES]; // as those of the program's grants
    size_t refused;
    struct consent_refusal refusal[GRANTS_NAMES];
    size_t first;
    size_t count;
    struct asked queue[CONSENT_QUEUE];
    bool shown;
    struct asked asked; // the question that is shown
    struct policy_permission permission;
    char who[POLICY_SCOPE_SIZE];     // asks, and how it came to that
    char reason[POLICY_REASON_SIZE]; // empty for none
    struct picker picker;
    int64_t silent_at; // when that is a "no"
    uint64_t begun;    // seconds since 1970
    int64_t paced;     // up to when the queries so far take their share of the time
    struct consent_blocked blocked[CONSENT_BLOCKED];
};

void consent_begin(struct consent *consent, const struct options *options, struct program *program,
                   struct guest *guest);
void consent_end(struct consent *consent);

// Tells the person, on standard error, which queries were refused.
void consent_tell_blocked(const struct consent *consent);

void consent_watch(const struct consent *consent, struct pollfd *list);
void consent_take(struct consent *consent, const struct pollfd *list);

// The next time at which something is to happen, and doing that. INT64_MAX: never.
[[nodiscard]] int64_t consent_time(const struct consent *consent);
void consent_look(struct consent *consent);

// What may be taken back, in lines for a person.
void consent_list(const struct consent *consent, struct policy_text *text);

// How long a permission holds, in words.
void consent_add_until(struct policy_text *text, const struct consent_grant *grant);

// Takes a permission back, by its number or its name. False: there is none such.
[[nodiscard]] bool consent_revoke(struct consent *consent, const char *text);

// Gives `NAME[:SCOPE]` for as long as `how` says. False, and nothing was given: `problem` says why.
[[nodiscard]] bool consent_give(struct consent *consent, const char *text,
                                struct policy_consent how, struct policy_text *problem);

// What `NAME[:SCOPE]` is. False: it is no permission, which `problem` says.
[[nodiscard]] bool consent_parse(const char *text, struct policy_permission *permission,
                                 struct policy_text *problem);

// The same in this run: of a path, where it leads.
[[nodiscard]] bool consent_read(const char *text, struct policy_permission *permission,
                                struct policy_text *problem);

// What this run knows of a permission, before anything that is kept is looked at.
enum consent_standing : uint8_t {
    CONSENT_DENIED,     // by the command; `index` of the denials
    CONSENT_GIVEN,      // `index` of what is allowed
    CONSENT_TAKEN_BACK, // `index` of the refusals
    CONSENT_OPEN,       // nothing
};

struct consent_found {
    enum consent_standing standing;
    size_t index;
};

[[nodiscard]] struct consent_found consent_find(const struct consent *consent,
                                                const struct policy_permission *permission);

// The request for a permission, as the decision takes it.
[[nodiscard]] struct policy_request consent_request(const struct consent *consent,
                                                    const struct policy_permission *permission);
