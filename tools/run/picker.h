// SPDX-License-Identifier: MIT
// A picker: the person chooses one file for a program, by its number in a list of a folder's names or by its path. Where that leads,
// and whether it may be given, is found out here, and said in words when it may not.
#pragma once

#include <limits.h>

#include "../../lib/policy/question.h"

constexpr size_t PICKER_NAMES = 40; // of a folder that are shown

struct picker_name {
    char text[NAME_MAX + 1];
    bool folder;
};

struct picker {
    bool write; // the file is to be changed as well
    char folder[POLICY_SCOPE_SIZE];
    size_t count;
    bool more; // names than are shown
    struct picker_name name[PICKER_NAMES];
    char problem[160];            // with what was typed last; empty for none
    char path[POLICY_SCOPE_SIZE]; // that was chosen, without links; empty: none
};

// Begins in a folder.
void picker_begin(struct picker *picker, const char *folder, bool write);

// Adds the names of the folder, and how one is chosen.
void picker_draw(const struct picker *picker, struct policy_text *text, unsigned digits);

enum picker_turn : uint8_t {
    PICKER_CHOSEN,    // `path` is it
    PICKER_NO,        // nothing is given
    PICKER_ELSEWHERE, // another folder is to be shown
    PICKER_UNCLEAR,   // it can't be given, which `problem` says, or is no answer to this question
};

// Takes a line that was typed.
[[nodiscard]] enum picker_turn picker_take(struct picker *picker, const char *line, size_t length,
                                           unsigned digits);

// Whether a path, in `folder` when it does not begin with a slash, is a file that can be given; `real` is then where it leads.
// `is_folder` is set when it leads to a folder. False: `problem` says why not.
[[nodiscard]] bool picker_resolve(const char *folder, const char *path, bool write,
                                  char real[POLICY_SCOPE_SIZE], bool *is_folder,
                                  struct policy_text *problem);
