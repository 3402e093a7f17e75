// SPDX-License-Identifier: MIT
#include "processes.h"

#include <kozo/board.h>
#include <kozo/format.h>
#include <kozo/process_info.h>
#include <kozo/protocol.h>
#include <kozo/rights.h>
#include <string.h>

#include "events.h"
#include "fault.h"
#include "gifts.h"
#include "init.h"

constexpr unsigned CNODE_BITS = 7;
constexpr unsigned CNODE_BITS_SELF = 10; // for a process that builds things itself

const char *processes_start(struct init *init)
{
    struct processes *processes = &init->processes;
    processes->inbox.handle = init_object(init, KOZO_TYPE_ENDPOINT);
    processes->signals.handle = init_object(init, KOZO_TYPE_NOTIFICATION);
    processes->reply.handle = init_object(init, KOZO_TYPE_REPLY);
    if (processes->reply.handle == 0 || processes->inbox.handle == 0 ||
        processes->signals.handle == 0) {
        return "there is too little memory for init's own objects";
    }
    if (kozo_thread_bind_notification((struct kozo_thread){KOZO_BOOT_SLOT_THREAD},
                                      processes->signals) != KOZO_OK) {
        return "init's thread can't take signals";
    }
    return nullptr;
}

// --- Making -------------------------------------------------------------------------------------

uint64_t processes_given(const struct init *init, const struct process *process, size_t number)
{
    return kozo_process_slot(&init->home, &process->process, kozo_given_slot(number));
}

static struct process *free_process(struct init *init)
{
    for (size_t i = 0; i < PROCESSES_MOST; i++) {
        if (!init->processes.process[i].live) {
            return &init->processes.process[i];
        }
    }
    return nullptr;
}

static uint64_t badge_of(const struct init *init, const struct process *process)
{
    return BADGE_PROCESS | (uint64_t)(process - init->processes.process) << 1;
}

static struct processes_result failed(const char *reason)
{
    return (struct processes_result){.reason = reason};
}

// The sessions of a program; those of a service are opened by services.c.
static bool connect(struct init *init, struct process *process, const struct gifts *gifts,
                    uint32_t life)
{
    return process->service != nullptr || gifts->signal == SIZE_MAX ||
           services_connect(init, process, processes_given(init, process, gifts->signal), life);
}

// The service that answers the faults of what an entry (may be null) describes, and the place of
// the session with it; null when that is init.
static const struct service *pager_of(struct init *init, const struct kozo_system_program *entry,
                                      uint32_t *place)
{
    for (size_t i = 0; entry != nullptr && i < entry->uses; i++) {
        if (entry->use[i].limit > 0) {
            *place = entry->use[i].place;
            return services_at(init, entry->use[i].program);
        }
    }
    return nullptr;
}

struct processes_result processes_create(struct init *init, const char *file,
                                         const struct kozo_system_program *entry,
                                         struct service *service, char *const *arguments,
                                         size_t count, uint64_t priority)
{
    struct process *process = free_process(init);
    if (process == nullptr) {
        return failed("would be one process too many");
    }
    struct kozo_cpio_entry image = init_file(init, file);
    if (image.step != KOZO_CPIO_ENTRY) {
        return failed("is not in the initrd");
    }
    struct gifts gifts;
    uint32_t life = service != nullptr ? service->lives + 1 : ++init->processes.lives;
    gifts_list(init, entry, service, life, &gifts);
    struct kozo_plan plan = {
        .image = image.data,
        .image_size = image.size,
        .arguments = arguments,
        .argument_count = count,
        .parent = init->processes.inbox,
        .badge = badge_of(init, process),
        .fault_badge = badge_of(init, process) | 1,
        .priority = priority,
        .budget = BUDGET,
        .cnode_bits = gifts.self ? CNODE_BITS_SELF : CNODE_BITS,
        .memory_order = gifts.memory_order,
        .self = gifts.self,
        .random = init_random(init),
        .board = service != nullptr ? KOZO_PROCESS_BOARD : 0,
        .give = gifts.give,
        .gives = gifts.count,
        .view = gifts.view,
        .views = gifts.views,
        .told = gifts.told,
        .tolds = gifts.tolds,
    };
    uint32_t place = 0;
    const struct service *pager = pager_of(init, entry, &place);
    if (pager != nullptr) {
        plan.fault_handler = pager->endpoint;
        plan.fault_badge = services_badge(place, life) | KOZO_BADGE_FAULT;
    }
    *process = (struct process){.live = true,
                                .service = service,
                                .entry = entry,
                                .life = life,
                                .signal = gifts.signal,
                                .writer.reply = process->writer.reply};
    memcpy(process->name, file, strnlen(file, sizeof process->name - 1));
    memcpy(process->session, gifts.session, sizeof process->session);
    const char *reason = kozo_process_create(&init->home, &plan, &process->process);
    if (reason == nullptr) {
        reason = gifts_tie(init, process, service, &gifts);
    }
    if (reason == nullptr && service != nullptr && !supply_resume(init, process)) {
        reason = "can't be shown what it keeps";
    }
    if (reason != nullptr) {
        kozo_process_destroy(&init->home, &process->process);
        supply_end(init, process);
        process->live = false;
        return failed(reason);
    }
    if (!connect(init, process, &gifts, life)) {
        processes_end(init, process);
        return failed(KOZO_PROCESS_SHORT);
    }
    return (struct processes_result){.process = process};
}

// --- Text that waits for the terminal -----------------------------------------------------------

static void answer_writer(struct writer *writer)
{
    writer->waits = false;
    (void)kozo_reply_reply(writer->reply, kozo_answer(KOZO_OK));
}

// The writer whose turn it is; null when nobody waits.
static struct writer *next_writer(struct processes *processes)
{
    for (size_t i = 0; i < PROCESSES_MOST; i++) {
        struct writer *writer = &processes->process[processes->writing].writer;
        if (writer->waits) {
            return writer;
        }
        processes->writing = (processes->writing + 1) % PROCESSES_MOST;
    }
    return nullptr;
}

void processes_write_on(struct init *init)
{
    struct processes *processes = &init->processes;
    struct writer *writer = next_writer(processes);
    while (writer != nullptr) {
        size_t left = writer->length - writer->done;
        const struct process *process = &processes->process[processes->writing];
        writer->done += terminal_pass(init, process, writer->text + writer->done, left);
        if (writer->done < writer->length) {
            return;
        }
        answer_writer(writer);
        processes->writing = (processes->writing + 1) % PROCESSES_MOST;
        writer = next_writer(processes);
    }
}

void processes_end(struct init *init, struct process *process)
{
    terminal_take_back(init, process);
    if (process->service == nullptr) {
        services_disconnect(init, process->entry);
    }
    if (process->writer.waits) {
        answer_writer(&process->writer);
    }
    kozo_process_destroy(&init->home, &process->process);
    supply_end(init, process);
    process->live = false;
}

// --- Hearing ------------------------------------------------------------------------------------

static void program_ended(struct process *process, int status)
{
    process->ended = true;
    process->status = status;
}

static void end_by_fault(struct init *init, struct process *process, const char *why,
                         const char *text)
{
    if (process->service != nullptr) {
        char reason[SERVICE_REASON];
        kozo_format(reason, sizeof reason, "failed (%s%s)", why, text);
        services_ended(init, process->service, reason);
        return;
    }
    notice_failure(init, "%s: %s%s\n", process->name, why, text);
    program_ended(process, STATUS_FAULT);
}

static void hear_fault(struct init *init, struct process *process,
                       const struct kozo_message *message)
{
    char text[SERVICE_REASON];
    fault_describe(text, sizeof text, message);
    end_by_fault(init, process, "", text);
}

void processes_lose(struct init *init, const struct service *service)
{
    for (size_t i = 0; i < PROCESSES_MOST; i++) {
        struct process *process = &init->processes.process[i];
        uint32_t place = 0;
        const struct service *pager =
            process->live ? pager_of(init, process->entry, &place) : nullptr;
        if (process->ended || pager == nullptr || pager != service) {
            continue;
        }
        if (process->service == nullptr) {
            notice_failure(init, "%s: its memory is gone, with the service %s\n", process->name,
                           pager->entry->name);
        }
        program_ended(process, STATUS_FAULT);
    }
}

static void hear_exit(struct init *init, struct process *process, uint64_t status)
{
    if (process->service != nullptr && (status & 0xff) == 0) {
        services_idle(init, process->service);
        return;
    }
    if (process->service != nullptr) {
        char reason[SERVICE_REASON];
        kozo_format(reason, sizeof reason, "ended with status %lu", status & 0xff);
        services_ended(init, process->service, reason);
        return;
    }
    program_ended(process, (int)(status & 0xff));
}

// Namespace.announce: a service may announce its own name only.
static struct kozo_message serve_announce(struct kozo_caller *caller,
                                          const struct kozo_namespace_announce_arguments *arguments)
{
    struct init *init = caller->server;
    struct service *service = init->processes.process[caller->session].service;
    if (service == nullptr || strcmp(service->entry->name, arguments->name) != 0) {
        return kozo_answer(KOZO_NO_RIGHT);
    }
    services_announced(init, service);
    return kozo_answer(KOZO_OK);
}

static struct kozo_message serve_find(struct kozo_caller *caller,
                                      const struct kozo_namespace_find_arguments *arguments)
{
    const struct service *service = services_find(caller->server, arguments->name);
    return service != nullptr ? kozo_namespace_find_answer(service->state, service->lives)
                              : kozo_answer(KOZO_BAD_ARGUMENT);
}

static struct kozo_message serve_list(struct kozo_caller *caller,
                                      const struct kozo_namespace_list_arguments *arguments)
{
    const struct services *services = &((struct init *)caller->server)->services;
    if (arguments->place >= services->count) {
        return kozo_answer(KOZO_BAD_ARGUMENT);
    }
    const struct service *service = &services->service[arguments->place];
    const char *name = service->entry->name;
    return kozo_namespace_list_answer(service->state, service->lives, name, strlen(name));
}

// The process whose faults a service answers, by the badge of its session; null when there is none.
static struct process *find_paged(struct init *init, const struct service *pager, uint64_t session)
{
    for (size_t i = 0; pager != nullptr && i < PROCESSES_MOST; i++) {
        struct process *process = &init->processes.process[i];
        uint32_t place = 0;
        if (process->live && pager_of(init, process->entry, &place) == pager &&
            services_badge(place, process->life) == session) {
            return process;
        }
    }
    return nullptr;
}

// Pager.refuse: a service does not help out of a fault, so that it is one.
static struct kozo_message serve_refuse(struct kozo_caller *caller,
                                        const struct kozo_pager_refuse_arguments *refused)
{
    struct init *init = caller->server;
    const struct service *pager = init->processes.process[caller->session].service;
    struct process *process = find_paged(init, pager, refused->session);
    if (process == nullptr) {
        return kozo_answer(KOZO_BAD_ARGUMENT);
    }
    char text[SERVICE_REASON];
    struct kozo_message fault = {.info = {.label = (uint32_t)refused->kind, .length = 5}};
    fault.word[offsetof(struct kozo_fault_message, address) / 8] = refused->address;
    fault.word[offsetof(struct kozo_fault_message, instruction) / 8] = refused->instruction;
    fault.word[offsetof(struct kozo_fault_message, access) / 8] = refused->access;
    fault.word[offsetof(struct kozo_fault_message, exception) / 8] = refused->exception;
    fault_describe(text, sizeof text, &fault);
    end_by_fault(init, process, refused->why == KOZO_PAGER_NO_MEMORY ? "no memory is left; " : "",
                 text);
    return kozo_answer(KOZO_OK);
}

static struct kozo_message serve_write(struct kozo_caller *caller,
                                       const struct kozo_process_write_arguments *arguments)
{
    struct init *init = caller->server;
    struct writer *writer = &init->processes.process[caller->session].writer;
    // Who comes while others wait has to wait too, so that no text comes into the middle of another.
    bool others = next_writer(&init->processes) != nullptr;
    const struct process *process = &init->processes.process[caller->session];
    size_t done =
        others ? 0 : terminal_pass(init, process, arguments->text, arguments->text_length);
    if (done == arguments->text_length) {
        return kozo_answer(KOZO_OK);
    }
    if (writer->reply.handle == 0) {
        writer->reply.handle = init_object(init, KOZO_TYPE_REPLY);
    }
    if (writer->reply.handle == 0) {
        return kozo_answer(KOZO_NO_MEMORY);
    }
    writer->waits = true;
    writer->done = 0;
    writer->length = arguments->text_length - done;
    memcpy(writer->text, arguments->text + done, arguments->text_length - done);
    if (!others) {
        init->processes.writing = caller->session; // the rest of it comes first
    }
    return kozo_later();
}

void processes_tell_typed(struct init *init)
{
    if (init->processes.typed != 0) {
        (void)kozo_notification_signal((struct kozo_notification){init->processes.typed});
    }
}

// Makes what tells the foreground program that something was typed. False if it has no notification of its own.
static bool tie_typed(struct init *init, const struct process *process)
{
    struct processes *processes = &init->processes;
    if (process->signal == SIZE_MAX) {
        return false;
    }
    if (processes->typed == 0) {
        processes->typed = init_slot(init);
    }
    struct kozo_slot slot = {processes->typed};
    (void)kozo_cnode_delete(slot); // that of a program before
    return kozo_cnode_mint((struct kozo_slot){processes_given(init, process, process->signal)},
                           slot, KOZO_RIGHT_WRITE, KOZO_SIGNAL_INPUT) == KOZO_OK;
}

// Process.read: for the program in the foreground of a terminal alone.
static struct kozo_message serve_read(struct kozo_caller *caller)
{
    struct init *init = caller->server;
    struct process *process = &init->processes.process[caller->session];
    char bytes[KOZO_PROCESS_READ_TEXT_MAX];
    if (process != init->processes.foreground ||
        (init->terminal.reader != process && !tie_typed(init, process)) ||
        !terminal_hand_over(init, process)) {
        return kozo_answer(KOZO_BAD_STATE);
    }
    return kozo_process_read_answer(bytes, terminal_take_typed(init, bytes, sizeof bytes));
}

// Keeps the Reply of a call that is answered later, and goes on with another.
static void keep_reply(struct processes *processes, struct process *process)
{
    struct kozo_reply held = processes->reply;
    processes->reply = process->writer.reply;
    process->writer.reply = held;
}

struct kozo_message processes_pass(struct init *init, uint64_t handle, uint64_t rights,
                                   uint64_t range)
{
    struct processes *processes = &init->processes;
    if (processes->passing == 0) {
        processes->passing = init_slot(init);
    }
    // What the answer before carried has long arrived; its copy goes to the parent.
    struct kozo_slot passing = {processes->passing};
    enum kozo_error error = kozo_cnode_delete(passing);
    if (error == KOZO_OK) {
        error = kozo_cnode_mint((struct kozo_slot){handle}, passing, kozo_rights(rights), range);
    }
    struct kozo_message answer = kozo_answer(error);
    if (error == KOZO_OK) {
        answer.info.caps = 1;
        kozo_ipc_buffer()->caps[0] = passing.handle;
    }
    return answer;
}

static struct kozo_message serve(struct kozo_caller *caller, const struct kozo_message *message)
{
    static const struct kozo_process_handlers process = {.write = serve_write, .read = serve_read};
    static const struct kozo_namespace_handlers names = {
        .announce = serve_announce,
        .find = serve_find,
        .list = serve_list,
    };
    static const struct kozo_pager_handlers pager = {.refuse = serve_refuse};
    const struct init *init = caller->server;
    if (message->info.label < KOZO_NAMESPACE_ANNOUNCE) {
        return kozo_process_dispatch(&process, caller, message);
    }
    if (message->info.label < KOZO_PLATFORM_REGISTERS) {
        return kozo_namespace_dispatch(&names, caller, message);
    }
    if (message->info.label >= KOZO_SUPPLY_TAKE) {
        return supply_serve(caller, message);
    }
    if (message->info.label >= KOZO_PAGER_REFUSE) {
        return kozo_pager_dispatch(&pager, caller, message);
    }
    return gifts_has(init->processes.process[caller->session].entry, KOZO_GRANT_PLATFORM)
               ? platform_serve(caller, message)
               : kozo_answer(KOZO_NO_RIGHT);
}

void processes_hear(struct init *init, const struct kozo_received *received)
{
    struct kozo_reply reply = init->processes.reply;
    uint64_t number = (received->badge & ~BADGE_PROCESS) >> 1;
    bool fault = (received->badge & 1) != 0;
    const struct kozo_message *message = &received->message;
    if (received->badge == BADGE_ABSENT) {
        (void)kozo_reply_reply(reply, kozo_answer(KOZO_NO_REPLY));
        return;
    }
    if (number >= PROCESSES_MOST || !init->processes.process[number].live) {
        // From a process that has ended in the meantime.
        (void)kozo_reply_reply(reply, kozo_answer(KOZO_BAD_OPERATION));
        return;
    }
    struct process *process = &init->processes.process[number];
    if (fault) {
        hear_fault(init, process, message);
        return;
    }
    if (message->info.label == KOZO_PROCESS_EXIT) {
        struct kozo_process_exit_arguments exit = kozo_process_exit_arguments(message);
        hear_exit(init, process, exit.error == KOZO_OK ? exit.status : STATUS_FAULT);
        return;
    }
    struct kozo_caller caller = {
        .server = init, .badge = received->badge, .session = (size_t)number};
    struct kozo_message answer = serve(&caller, message);
    if (answer.info.label == KOZO_PENDING) {
        keep_reply(&init->processes, process);
        return;
    }
    // One that only sent, and waits for no answer, gets none.
    (void)kozo_reply_reply(reply, answer);
}

// --- Running ------------------------------------------------------------------------------------

int processes_run(struct init *init, struct process *process)
{
    // A Ctrl-C from before is not meant for this program.
    (void)terminal_was_interrupted(init);
    init->processes.foreground = process;
    if (kozo_thread_resume(process->process.thread) != KOZO_OK) {
        program_ended(process, STATUS_NOT_RUNNABLE);
    }
    while (!process->ended) {
        events_wait(init);
        if (!process->ended && terminal_was_interrupted(init)) {
            program_ended(process, STATUS_INTERRUPTED);
        }
    }
    init->processes.foreground = nullptr;
    if (process->status == STATUS_INTERRUPTED) {
        say(init, "%s: ended by Ctrl-C\n", process->name);
    }
    processes_end(init, process);
    return process->status;
}
