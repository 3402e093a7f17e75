// SPDX-License-Identifier: MIT
#include "sandbox.h"

#include "../file/begin.h"
#include "../file/host_written.h"
#include "host.h"

#include <kozo/start.h>

struct sandbox sandbox = {.host_name = "kozo"};

void sandbox_end(int status)
{
    int signal = status & 0x7f;
    written_all_due();
    written_settle(false);
    if (host_is_there()) {
        host_ended(status);
    } else {
        descriptors_settle();
    }
    kozo_exit(signal != 0 ? 128 + signal : status >> 8 & 0xff);
}
