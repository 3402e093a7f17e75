// SPDX-License-Identifier: MIT
// The debug operations. Only debug builds hold this file: kernel_release.c takes its place
// otherwise.
#include "object/cnode.h"
#include "object/kernel_object.h"
#include "object/object.h"
#include "object/thread.h"
#include "syscall/call.h"

constexpr uint64_t PRINT_MOST = KOZO_REGISTER_WORDS * sizeof(uint64_t);
constexpr unsigned FIRST_WORD = 2;

static void print_text(const char *text)
{
    for (; *text != 0; text++) {
        arch_console_put(*text);
    }
}

static void print_hex(uint64_t number)
{
    for (unsigned shift = 64; shift > 0; shift -= 4) {
        arch_console_put("0123456789abcdef"[number >> (shift - 4) & 15]);
    }
}

enum kozo_error kernel_put_char_call(struct call *call)
{
    arch_console_put((char)call->argument[0]);
    return KOZO_OK;
}

enum kozo_error kernel_print_call(struct call *call)
{
    const char *text = (const char *)&call->argument[FIRST_WORD];
    uint64_t length = call->argument[0];

    if (length > PRINT_MOST) {
        return KOZO_BAD_ARGUMENT;
    }
    for (uint64_t i = 0; i < length; i++) {
        arch_console_put(text[i]);
    }
    return KOZO_OK;
}

enum kozo_error kernel_dump_caps_call(struct call *call)
{
    const struct slot *root = &call->caller->cspace;
    if (root->type != KOZO_TYPE_CNODE) {
        return KOZO_OK;
    }
    const struct cnode *cnode = cnode_of(root);
    for (uint64_t i = 1; i < cnode_slots(cnode); i++) {
        const struct slot *slot = &cnode->slot[i];
        if (slot->type != KOZO_TYPE_NONE) {
            print_hex(i);
            arch_console_put(' ');
            print_text(object_types[slot->type].name);
            print_text(" rights ");
            print_hex(slot->rights);
            print_text(" value ");
            print_hex(slot->value);
            print_text("\r\n");
        }
    }
    return KOZO_OK;
}
