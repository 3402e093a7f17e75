// SPDX-License-Identifier: MIT
#include "memory_short.h"

#include "../core/clock.h"
#include "../core/loop.h"
#include "../memory/space.h"
#include "process.h"

// How much would be gained, in pages; processes may ask to be spared or chosen (oom_score_adj, in thousandths). With the
// first process the whole sandbox ends, so that one goes only when it is much larger than all others.
static int64_t score_of(const struct process *process)
{
    constexpr int64_t thousandth = 256;
    if (process->state != PROCESS_LIVES || process->space == nullptr ||
        process->score_adjust <= -1000) {
        return -1;
    }
    int64_t resident = (int64_t)process->space->resident;
    int64_t score =
        (process == process_first ? resident / 4 : resident) + process->score_adjust * thousandth;
    return score < 0 ? 0 : score;
}

void memory_is_short(void)
{
    struct process *chosen = nullptr;
    int64_t most = -1;
    for (struct process *process = process_from(1); process != nullptr;
         process = process_from(process->caller.process + 1)) {
        int64_t score = score_of(process);
        if (score >= most && score >= 0) {
            most = score;
            chosen = process;
        }
    }
    if (chosen == nullptr) {
        chosen = process_now();
    }
    struct process *self = process_now();
    signal_kill(chosen);
    if (chosen != self) {
        // Its end takes turns of others; by then there is memory.
        struct wait_queue nothing = {};
        constexpr uint64_t breath_ns = 1'000'000;
        (void)wait_on(&nothing, clock_monotonic() + breath_ns);
    }
}
