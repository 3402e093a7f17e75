// SPDX-License-Identifier: MIT
// What the host answers to the step of a job, and which step comes then. Nothing in an answer is believed: it fits what
// was asked, or the conversation ends.
#pragma once

#include "job.h"

// Takes the answer behind the header. The job goes on to its next step, or ends. False: the answer does not fit.
[[nodiscard]] bool answer_take(struct job *job, uint8_t type, struct wire_reader *in);

// Whether everything was there, and nothing more.
[[nodiscard]] bool answer_is_whole(const struct wire_reader *in);
