// SPDX-License-Identifier: MIT
// What else libext2fs asks of a C library: a time, a setting, an end. There are none of these here.
#include <kozo/start.h>
#include <stdlib.h>
#include <time.h>

// It notes when it wrote; nothing is written.
time_t time(time_t *result)
{
    if (result != nullptr) {
        *result = 0;
    }
    return 0;
}

char *getenv(const char *name)
{
    (void)name;
    return nullptr;
}

void abort(void)
{
    kozo_abort();
}
