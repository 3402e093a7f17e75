// SPDX-License-Identifier: MIT
// Messages of threads: system calls, page faults, exceptions, interrupts; and how the threads go on.
#include "../core/loop.h"
#include "../core/table.h"
#include "../core/trace.h"
#include "../file/consent.h"
#include "../file/host_written.h"
#include "../file/lease.h"
#include "../memory/space.h"
#include "memory_short.h"
#include "process.h"
#include "sandbox.h"

static int64_t serve_call(struct thread *thread, const struct kozo_message *message)
{
    struct call call = {
        .thread = thread,
        .number = message->word[0],
        .argument = {message->word[1], message->word[2], message->word[3], message->word[4],
                     message->word[5], message->word[6]},
    };
    sandbox.calls++;
    return sandbox.traces ? trace_call(&call) : call_carry_out(&call);
}

static const struct kozo_fault_message *fault_of(const struct kozo_message *message)
{
    return (const struct kozo_fault_message *)message->word;
}

constexpr int TRAP_PAGE = 14;

static void remember_fault(struct thread *thread, const struct kozo_fault_message *fault, int trap)
{
    thread->signals.fault_trap = (uint64_t)trap;
    thread->signals.fault_code = fault->code;
    thread->signals.fault_address = fault->address;
}

static void serve_page(struct thread *thread, const struct kozo_fault_message *fault)
{
    constexpr int unmapped = 1, forbidden = 2, beyond = 2;
    enum bring result =
        space_bring(strand_now->space, fault->address, (area_rights)(fault->access & 7));
    if (result == BRING_DONE) {
        return;
    }
    if (result == BRING_NO_MEMORY) {
        memory_is_short();
        return;
    }
    remember_fault(thread, fault, TRAP_PAGE);
    if (result == BRING_BEYOND) {
        signal_by_fault(thread, SIGNAL_BUS, beyond, fault->address);
    } else {
        signal_by_fault(thread, SIGNAL_SEGMENT, result == BRING_UNMAPPED ? unmapped : forbidden,
                        fault->address);
    }
}

// What an exception of the processor is as a signal (Linux, arch/x86: traps).
static const struct {
    int signal;
    int code;
} exceptions[32] = {
    [0] = {SIGNAL_FLOAT, 1},              // FPE_INTDIV
    [1] = {SIGNAL_TRAP, 2},               // TRAP_TRACE
    [3] = {SIGNAL_TRAP, CODE_KERNEL},     //
    [4] = {SIGNAL_SEGMENT, CODE_KERNEL},  //
    [5] = {SIGNAL_SEGMENT, CODE_KERNEL},  //
    [6] = {SIGNAL_ILLEGAL, 2},            // ILL_ILLOPN
    [7] = {SIGNAL_ILLEGAL, 2},            //
    [11] = {SIGNAL_BUS, CODE_KERNEL},     //
    [12] = {SIGNAL_BUS, CODE_KERNEL},     //
    [13] = {SIGNAL_SEGMENT, CODE_KERNEL}, //
    [16] = {SIGNAL_FLOAT, 7},             // FPE_FLTINV: told more exactly by nobody
    [17] = {SIGNAL_BUS, 1},               // BUS_ADRALN
    [19] = {SIGNAL_FLOAT, 7},             //
};

static void serve_exception(struct thread *thread, const struct kozo_fault_message *fault)
{
    uint64_t number = fault->exception < 32 ? fault->exception : 13;
    int signal = exceptions[number].signal;
    int code = exceptions[number].code;
    bool at_instruction = signal == SIGNAL_FLOAT || signal == SIGNAL_ILLEGAL || number == 1;
    remember_fault(thread, fault, (int)number);
    signal_by_fault(thread, signal == 0 ? SIGNAL_SEGMENT : signal, code,
                    at_instruction ? fault->instruction : 0);
}

static void give(struct answer *answer, int64_t result)
{
    answer->given = true;
    if (result == CALL_RESUME) {
        answer->message = (struct kozo_message){.info = {.label = KOZO_ANSWER_RESUME}};
    } else {
        answer->message = (struct kozo_message){
            .info = {.length = 1, .label = KOZO_ANSWER_RESULT},
            .word = {(uint64_t)result},
        };
    }
}

static bool is_restart(int64_t result)
{
    return result == RESTART_CALL || result == RESTART_ALWAYS;
}

void serve(struct strand *strand, const struct kozo_received *received, struct answer *answer)
{
    // Badges are addresses of threads: nobody but linuxd makes them.
    struct thread *thread = (struct thread *)received->badge;
    strand->thread = thread;
    strand->space = thread->process->space;
    strand->attention = &thread->attention;
    strand->woken = false;
    thread->strand = strand;
    int64_t result = CALL_RESUME;
    switch (received->message.info.label) {
    case KOZO_FAULT_SYSCALL:
        result = serve_call(thread, &received->message);
        if (consent_uses > 0 && !is_restart(result)) {
            consent_call_ends();
        }
        if (leases_over > 0 && result != CALL_SILENT) {
            leases_settle();
        }
        break;
    case KOZO_FAULT_PAGE:
        serve_page(thread, fault_of(&received->message));
        break;
    case KOZO_FAULT_EXCEPTION:
        serve_exception(thread, fault_of(&received->message));
        break;
    default:
        break;
    }
    if (written_due > 0 && result != CALL_SILENT) {
        written_settle(false);
    }
    if (result != CALL_SILENT &&
        (thread->attention || thread->signals.restore_saved || is_restart(result))) {
        result = signals_take(thread, result != CALL_RESUME, result);
    }
    strand->thread = nullptr;
    strand->attention = nullptr;
    if (result != CALL_SILENT) {
        thread->strand = nullptr;
        give(answer, result);
    } else if (written_due > 0) {
        written_settle(true);
    }
}
