// SPDX-License-Identifier: MIT
#include "tests/world.h"

TEST("null does nothing")
{
    world_begin();
    uint64_t hash = world_hash(world_current());
    CHECK(CALL(KERNEL_NULL, 12345, 1, 2, 3) == KOZO_OK);
    CHECK(world_hash(world_current()) == hash);
}

TEST("put_char and print write to the kernel's console")
{
    world_begin();
    CHECK(CALL(KERNEL_PUT_CHAR, 0, 'x') == KOZO_OK);
    CHECK(CALL(KERNEL_PRINT, 0, 10, 0, 0x6867666564636261, 0x6a69) == KOZO_OK);
    CHECK(strcmp(host.console, "xabcdefghij") == 0);
    CHECK(CALL(KERNEL_PRINT, 0, 0) == KOZO_OK);
    CHECK(CALL(KERNEL_PRINT, 0, 57) == KOZO_BAD_ARGUMENT);
    CHECK(CALL(KERNEL_PRINT, 0, UINT64_MAX) == KOZO_BAD_ARGUMENT);
    CHECK(host.console_length == 11);
}

TEST("dump_caps prints one line for each capability")
{
    world_begin();
    CHECK(CALL(KERNEL_DUMP_CAPS, 0) == KOZO_OK);
    unsigned lines = 0;
    for (size_t i = 0; i < host.console_length; i++) {
        lines += host.console[i] == '\n';
    }
    CHECK(lines > 5);
    CHECK(strncmp(host.console, "0000000000000001 CNode rights ", 30) == 0);
}

TEST("dump_caps of a thread without a CNode prints nothing")
{
    world_begin();
    struct thread *thread = world_current();
    struct slot saved = thread->cspace;
    CHECK(CALL(CNODE_REVOKE, AT_CNODE) == KOZO_OK);
    CHECK(thread->cspace.type == KOZO_TYPE_NONE && saved.type != KOZO_TYPE_NONE);
    CHECK(CALL(KERNEL_DUMP_CAPS, 0) == KOZO_OK);
    CHECK(host.console_length == 0);
}
