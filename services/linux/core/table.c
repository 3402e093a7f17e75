// SPDX-License-Identifier: MIT
#include "table.h"

#include "errno.h"

#define DECLARE_WHOLE(name) call_handler call_##name;
#define DECLARE_PART(name)  call_handler call_##name;
#define DECLARE_NONE(name)
#define CALL(number, name, support, arguments, note) DECLARE_##support(name)
#include "calls.h"
#undef CALL

#define HANDLER_WHOLE(name) call_##name
#define HANDLER_PART(name)  call_##name
#define HANDLER_NONE(name)  nullptr
#define CALL(number, name, how, arguments, note)                                                   \
    [number] = {#name, HANDLER_##how(name), CALL_##how, arguments, note},

const struct call_entry call_table[CALLS] = {
#include "calls.h"
};
#undef CALL

uint32_t call_unknown[CALLS];

int64_t call_carry_out(const struct call *call)
{
    if (call->number >= CALLS) {
        return -ENOSYS;
    }
    call_handler *handler = call_table[call->number].handler;
    if (handler == nullptr) {
        call_unknown[call->number]++;
        return -ENOSYS;
    }
    return handler(call);
}
