// SPDX-License-Identifier: MIT
#include "fault.h"

#include <kozo/format.h>

// Exceptions of x86_64: Intel SDM, volume 3, section 6.15.
static const char *const exceptions[] = {
    [0] = "a division by zero or overflow",
    [1] = "a debug exception",
    [3] = "a breakpoint",
    [4] = "an overflow",
    [5] = "a bound that was exceeded",
    [6] = "an illegal instruction",
    [7] = "an instruction that needs extended state",
    [10] = "an invalid task state",
    [11] = "a segment that is not there",
    [12] = "a stack address that can't be used",
    [13] = "an instruction or address that only the kernel may use",
    [16] = "a floating-point error",
    [17] = "a misaligned address",
    [19] = "a vector floating-point error",
    [21] = "a control protection exception",
};

static const char *access_word(uint64_t access)
{
    return access == KOZO_RIGHT_WRITE     ? "write to"
           : access == KOZO_RIGHT_EXECUTE ? "run code at"
                                          : "read from";
}

void fault_describe(char *text, size_t size, const struct kozo_message *message)
{
    const uint64_t *word = message->word;
    uint64_t address = word[offsetof(struct kozo_fault_message, address) / 8];
    uint64_t instruction = word[offsetof(struct kozo_fault_message, instruction) / 8];
    uint64_t access = word[offsetof(struct kozo_fault_message, access) / 8];
    uint64_t number = word[offsetof(struct kozo_fault_message, exception) / 8];
    if (message->info.label == KOZO_FAULT_PAGE) {
        kozo_format(text, size, "page fault: tried to %s address 0x%lx, at instruction 0x%lx",
                    access_word(access), address, instruction);
        return;
    }
    const char *name =
        number < sizeof exceptions / sizeof exceptions[0] ? exceptions[number] : nullptr;
    kozo_format(text, size, "exception %lu: %s, at instruction 0x%lx", number,
                name != nullptr ? name : "unknown", instruction);
}
