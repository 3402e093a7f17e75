// SPDX-License-Identifier: MIT
// The console service and its watcher.
//
// init calls the service and waits for the answer, so it can't hear of the service's fault itself.
// The watcher can: a thread that shares init's address space, touches none of its data but the
// number of the dead service's memory, and revokes that. With the memory goes the Reply that init
// waits on, so init's call ends with an error, and init takes over from there.
#include "console.h"

#include <kozo/protocol.h>

#include "init.h"
#include "port.h"

constexpr uint64_t BADGE_CLIENT = 1ul << 32; // what the driver sees as init
constexpr size_t GIFT_SERVICE = 0;           // the first thing that a console service is given
constexpr size_t WATCHER_STACK = 4096;

struct watcher {
    const struct processes *processes;
    struct kozo_reply reply;
};

static struct watcher watcher;
alignas(16) static unsigned char watcher_stack[WATCHER_STACK];

[[noreturn]] static void watch(void)
{
    while (true) {
        struct kozo_received received =
            kozo_endpoint_recv(watcher.processes->services, watcher.reply);
        uint64_t number = (received.badge & ~BADGE_PROCESS) >> 1;
        bool fault = (received.badge & 1) != 0;
        bool ends = fault || received.message.info.label == KOZO_PROCESS_EXIT;
        if (received.error == KOZO_OK && number < PROCESSES_MOST && ends) {
            (void)kozo_cnode_revoke(
                (struct kozo_slot){watcher.processes->process[number].process.untyped});
        } else {
            (void)kozo_reply_reply(watcher.reply, kozo_answer(KOZO_BAD_OPERATION));
        }
    }
}

const char *console_watcher_start(struct init *init)
{
    struct kozo_thread thread = {init_object(init, KOZO_TYPE_THREAD)};
    struct kozo_sched_context context = {init_object(init, KOZO_TYPE_SCHED_CONTEXT)};
    watcher.processes = &init->processes;
    watcher.reply.handle = init_object(init, KOZO_TYPE_REPLY);
    if (thread.handle == 0 || context.handle == 0 || watcher.reply.handle == 0) {
        return "there is too little memory for the watcher";
    }
    // The stack pointer is as after a call, as the processor's ABI has it at a function's start.
    uint64_t stack = (uint64_t)(watcher_stack + sizeof watcher_stack) - 8;
    if (kozo_thread_configure(thread, (struct kozo_cnode){KOZO_BOOT_SLOT_CNODE}, init->home.space,
                              (struct kozo_frame){}, 0, (struct kozo_endpoint){}) != KOZO_OK ||
        kozo_thread_write_registers(thread, (uint64_t)watch, stack, 0, 0, 0) != KOZO_OK ||
        kozo_thread_set_priority(thread, PRIORITY_WATCHER) != KOZO_OK ||
        kozo_sched_control_configure(init->home.time, context, BUDGET) != KOZO_OK ||
        kozo_sched_context_bind(context, thread) != KOZO_OK ||
        kozo_thread_resume(thread) != KOZO_OK) {
        return "the watcher can't be started";
    }
    init->watcher = thread;
    return nullptr;
}

static bool mint(struct init *init, uint64_t source, uint64_t *slot, uint64_t badge)
{
    if (*slot == 0) {
        *slot = init_slot(init);
    }
    return kozo_cnode_mint((struct kozo_slot){source}, (struct kozo_slot){*slot},
                           KOZO_RIGHT_WRITE | KOZO_RIGHT_GRANT, badge) == KOZO_OK;
}

// Meets the service: a capability to call it, and one for it to tell of Ctrl-C.
static const char *connect(struct init *init, const struct process *process)
{
    static uint64_t signal;
    struct kozo_endpoint *driver = &init->terminal.driver;
    uint64_t service = processes_given(init, process, GIFT_SERVICE);
    if (!mint(init, service, &driver->handle, BADGE_CLIENT)) {
        return "can't be reached";
    }
    if (signal == 0 && !mint(init, init->processes.interrupt.handle, &signal, SIGNAL_INTERRUPT)) {
        return "can't be told where Ctrl-C goes";
    }
    if (kozo_thread_resume(process->process.thread) != KOZO_OK) {
        return "can't be started";
    }
    if (kozo_console_watch(*driver, (struct kozo_slot){signal}) != KOZO_OK) {
        return "did not answer";
    }
    return nullptr;
}

const char *console_start(struct init *init)
{
    const struct system_program *entry = system_console(&init->system);
    if (entry == nullptr) {
        return "the system description names no console service";
    }
    if (!port_is_there(PORT_CONSOLE)) {
        return "there is no serial port";
    }
    char *arguments[] = {(char *)entry->file};
    struct processes_result result =
        processes_create(init, entry->file, entry, arguments, 1, PRIORITY_DRIVER);
    if (result.reason != nullptr) {
        return result.reason;
    }
    const char *reason = connect(init, result.process);
    init->terminal.service = result.process;
    if (reason != nullptr) {
        console_lost(init);
        return reason;
    }
    init->terminal.kind = TERMINAL_DRIVER;
    return nullptr;
}

void console_lost(struct init *init)
{
    processes_end(init, init->terminal.service);
    init->terminal.service = nullptr;
    terminal_start(init);
}
