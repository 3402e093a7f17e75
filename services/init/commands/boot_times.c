// SPDX-License-Identifier: MIT
// Lines `name value` in ticks of the time-stamp counter, which counts instructions under
// `--icount`. The wait for the calibration clock has a line of its own and is in none of the
// others. Then, for each service that is up, what went by between the end of its life before (for
// the first: the start of services) and the announcement of its name.
#include "commands.h"
#include "init.h"

int command_boot_times(struct init *init, const struct call *call)
{
    (void)call;
    const struct kozo_boot_info *boot = init->boot;
    uint64_t start = boot->tsc_entry + boot->tsc_calibration;
    while (!services_are_settled(init)) {
        events_wait(init);
    }
    say(init, "entry_to_user %lu\n", boot->tsc_user - start);
    say(init, "calibration %lu\n", boot->tsc_calibration);
    say(init, "entry_to_prompt %lu\n", init->prompt_ticks - start);
    say(init, "entry_to_services %lu\n", init->services.settled - start);
    for (size_t i = 0; i < init->services.count; i++) {
        const struct service *service = &init->services.service[i];
        if (service->state == KOZO_SERVICE_UP) {
            say(init, "service %s %lu\n", service->entry->name, service->took);
        }
    }
    return 0;
}
