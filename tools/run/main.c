// SPDX-License-Identifier: MIT
// kozo-run: boots KOZO in QEMU. This file decodes the command line and hands over to run.c.
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "message.h"
#include "options.h"
#include "outcome.h"
#include "run.h"

// Descriptors 0 to 2 must be open, or a channel would get such a number and be taken for one of
// them.
static bool open_standard(void)
{
    int descriptor;
    do {
        descriptor = open("/dev/null", O_RDWR);
    } while (descriptor >= 0 && descriptor <= STDERR_FILENO);
    return descriptor >= 0 && close(descriptor) == 0;
}

int main(int count, char **arguments)
{
    if (!open_standard()) {
        return STATUS_FAILED;
    }
    struct options_parsed parsed = options_parse(count, arguments);
    if (parsed.result == OPTIONS_WRONG) {
        message("%s", parsed.problem);
        return STATUS_USAGE;
    }
    if (parsed.result == OPTIONS_HELP) {
        options_help();
        return fflush(stdout) == 0 ? 0 : STATUS_FAILED;
    }
    return run_kozo(&parsed.options);
}
