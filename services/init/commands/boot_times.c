// SPDX-License-Identifier: MIT
// Lines `name value` in ticks of the time-stamp counter, which counts instructions under
// `--icount`. The wait for the calibration clock has a line of its own and is in neither of the
// others.
#include "commands.h"
#include "init.h"

int command_boot_times(struct init *init, const struct call *call)
{
    (void)call;
    const struct kozo_boot_info *boot = init->boot;
    uint64_t start = boot->tsc_entry + boot->tsc_calibration;
    say(init, "entry_to_user %lu\n", boot->tsc_user - start);
    say(init, "calibration %lu\n", boot->tsc_calibration);
    say(init, "entry_to_prompt %lu\n", init->prompt_ticks - start);
    return 0;
}
