// SPDX-License-Identifier: MIT
// Uses most of its stack; with the word `over`, more than there is, which the page below it stops.
#include <kozo/print.h>
#include <kozo/process_info.h>
#include <string.h>

constexpr size_t STEP = 1024;

// Writes downwards from here, a step at a time.
[[clang::noinline]]
static void reach_down(size_t bytes)
{
    volatile char *here = __builtin_frame_address(0);
    for (size_t down = STEP; down <= bytes; down += STEP) {
        here[-(long)down] = 1;
    }
}

int main(int argument_count, char **arguments)
{
    bool over = argument_count > 1 && strcmp(arguments[1], "over") == 0;
    reach_down(over ? 2 * KOZO_PROCESS_STACK_SIZE : KOZO_PROCESS_STACK_SIZE - 2 * STEP);
    kozo_print("the stack held\n");
    return 0;
}
