// SPDX-License-Identifier: MIT
// What a release build has in place of the debug operations.
#include "object/kernel_object.h"

enum kozo_error kernel_put_char_call(struct call *)
{
    return KOZO_BAD_OPERATION;
}

enum kozo_error kernel_print_call(struct call *)
{
    return KOZO_BAD_OPERATION;
}

enum kozo_error kernel_dump_caps_call(struct call *)
{
    return KOZO_BAD_OPERATION;
}
