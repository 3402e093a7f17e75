// SPDX-License-Identifier: MIT
// The decision: may this program do this now? Who asks is known by the badge of its capability, and
// nothing in its message is believed; what was decided before is in the database; what is left is for
// a person. A refusal always wins over what allows the same.
//
// A program can't wear a person down: its questions are limited, and a "no" is not asked about again
// for a while.
#pragma once

#include "database.h"
#include "profile.h"

constexpr uint64_t POLICY_QUESTIONS = 6;       // of one program within POLICY_QUESTIONS_TIME
constexpr uint64_t POLICY_QUESTIONS_TIME = 60; // seconds
constexpr uint64_t POLICY_SILENCE = 60;        // seconds without an answer, which are a "no"
constexpr uint64_t POLICY_REST = 60; // seconds after a "no" in which nothing is asked again
constexpr unsigned POLICY_MINUTES_MOST = 1'440; // that an answer may hold
constexpr size_t POLICY_ASKERS = 32;            // programs whose questions are counted apart

enum policy_verdict : uint8_t {
    POLICY_REFUSED,
    POLICY_ALLOWED,
    POLICY_ASK,
};

enum policy_because : uint8_t {
    POLICY_BECAUSE_RULE,       // `rule` is its number
    POLICY_BECAUSE_DEFAULT,    // files.system.read, which nobody denied
    POLICY_BECAUSE_NO_SERVICE, // nothing stands behind the name yet
    POLICY_BECAUSE_NOBODY,     // no person is there to ask
    POLICY_BECAUSE_PROFILE,    // the program's profile does not name it
    POLICY_BECAUSE_MANY,       // it asked too often
    POLICY_BECAUSE_UNDECIDED,  // a person is to be asked
};

struct policy_decision {
    enum policy_verdict verdict;
    enum policy_because because;
    uint64_t rule;
};

// What is asked for. `program` comes from the badge.
struct policy_request {
    const char *program;
    uint64_t instance; // of the program
    struct policy_permission permission;
};

// When the latest questions of a program were asked.
struct policy_asker {
    char program[POLICY_PROGRAM_SIZE];
    uint64_t asked[POLICY_QUESTIONS];
    size_t next;
};

struct policy {
    struct policy_database database;
    struct policy_folders folders;
    uint64_t boot;     // which run of the system this is
    uint64_t restart;  // and which of the computer, until whose restart a rule may hold
    uint32_t services; // a bit for each enum policy_service that runs
    bool person;       // somebody can be asked
    struct policy_asker asker[POLICY_ASKERS];
    size_t next_asker;
};

// Decides. The profile is null for a program without one, which may ask for anything. Notes nothing.
[[nodiscard]] struct policy_decision policy_decide(const struct policy *policy,
                                                   const struct policy_profile *profile,
                                                   const struct policy_request *request,
                                                   uint64_t now);

// The number of a rule of this program that refuses something within what is asked for, so that this can't be handed over
// as a whole; 0 when there is none.
[[nodiscard]] uint64_t policy_refused_within(const struct policy *policy,
                                             const struct policy_request *request, uint64_t now);

// Notes that a question is about to be shown.
void policy_asked(struct policy *policy, const char *program, uint64_t now);

// A person's answer to a question, with the numbers of messages (abi/proto/policy.abi).
enum policy_answer : uint8_t {
    POLICY_ANSWER_NO,
    POLICY_ANSWER_ONCE,
    POLICY_ANSWER_HOUR,
    POLICY_ANSWER_CLOSE,
    POLICY_ANSWER_ALWAYS,
    POLICY_ANSWER_NEVER, // no, and don't ask again
    POLICY_ANSWER_MINUTES,
    POLICY_ANSWER_RESTART, // until the computer restarts
};

// What a person agrees to.
struct policy_consent {
    enum policy_answer answer;
    unsigned minutes; // 1 to POLICY_MINUTES_MOST with POLICY_ANSWER_MINUTES, and only then
};

// Turns an answer into a rule of the database. False, and nothing is allowed, when it can't be stored.
[[nodiscard]] bool policy_answered(struct policy *policy, const struct policy_request *request,
                                   struct policy_consent consent, enum policy_giver giver,
                                   uint64_t now);

// Begins a sentence: who, whether it may, and what, shown in at most so many cells.
void policy_add_verdict(struct policy_text *text, const char *program, const char *may,
                        const struct policy_permission *permission, size_t most);

// Why a decision is as it is, in one or two sentences.
void policy_explain(struct policy_text *text, const struct policy *policy,
                    const struct policy_request *request, const struct policy_decision *decision,
                    uint64_t now);

// A time as "2026-11-29 21:40 UTC".
void policy_add_time(struct policy_text *text, uint64_t seconds);
