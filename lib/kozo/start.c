// SPDX-License-Identifier: MIT
// Start and end of an ordinary program.
#include <kozo/start.h>

#include <kozo/clock.h>
#include <kozo/protocol.h>
#include <string.h>

static const struct kozo_process_info *process;
static char *arguments[KOZO_PROCESS_ARGUMENTS + 1];

constexpr struct kozo_endpoint PARENT = {KOZO_PROCESS_PARENT};

// The texts lie one after the other; the parent made sure that they end inside of the page.
static int read_arguments(void)
{
    size_t count = 0;
    const char *text = process->text;
    for (; count < process->argument_count && count < KOZO_PROCESS_ARGUMENTS; count++) {
        arguments[count] = (char *)text;
        text += strlen(text) + 1;
    }
    return (int)count;
}

[[clang::no_stack_protector]]
void kozo_start(const void *info, struct kozo_ipc_buffer *buffer)
{
    process = info;
    if (process->magic != KOZO_PROCESS_MAGIC || process->version != KOZO_VERSION) {
        kozo_abort();
    }
    kozo_library_start(buffer, process->random);
    kozo_clock_start(process->tsc_frequency);
    kozo_exit(main(read_arguments(), arguments));
}

void kozo_exit(int status)
{
    (void)kozo_process_exit(PARENT, (uint8_t)status);
    kozo_abort();
}

const struct kozo_process_info *kozo_process_info(void)
{
    return process;
}

uint64_t kozo_granted(const char *name)
{
    for (size_t i = 0; i < process->grant_count && i < KOZO_PROCESS_GRANTS; i++) {
        if (strcmp(process->grant[i].name, name) == 0) {
            return process->grant[i].handle;
        }
    }
    return 0;
}
