// SPDX-License-Identifier: MIT
#include "processes.h"

#include <kozo/format.h>
#include <kozo/process_info.h>
#include <kozo/protocol.h>
#include <kozo/rights.h>
#include <string.h>

#include "fault.h"
#include "init.h"

constexpr unsigned CNODE_BITS = 7;
constexpr unsigned CNODE_BITS_SELF = 10; // for a process that builds things itself

const char *processes_start(struct init *init)
{
    struct processes *processes = &init->processes;
    processes->inbox.handle = init_object(init, KOZO_TYPE_ENDPOINT);
    processes->services.handle = init_object(init, KOZO_TYPE_ENDPOINT);
    processes->reply.handle = init_object(init, KOZO_TYPE_REPLY);
    processes->interrupt.handle = init_object(init, KOZO_TYPE_NOTIFICATION);
    if (processes->inbox.handle == 0 || processes->services.handle == 0 ||
        processes->reply.handle == 0 || processes->interrupt.handle == 0) {
        return "there is too little memory for init's own objects";
    }
    if (kozo_thread_bind_notification((struct kozo_thread){KOZO_BOOT_SLOT_THREAD},
                                      processes->interrupt) != KOZO_OK) {
        return "init's thread can't take signals";
    }
    return nullptr;
}

// --- Making -------------------------------------------------------------------------------------

// What a description's grants come to.
struct gifts {
    struct kozo_give give[KOZO_PROCESS_GRANTS];
    size_t count;
    unsigned memory_order;
    bool self;
    size_t irqs;
    struct {
        size_t handler; // numbers of gifts
        size_t notification;
        uint64_t interrupt;
        bool bound; // the notification is bound to the process's thread
    } irq[SYSTEM_GRANTS];
};

static size_t add_gift(struct gifts *gifts, struct kozo_give give, const char *name)
{
    memcpy(give.name, name, strnlen(name, sizeof give.name - 1));
    gifts->give[gifts->count] = give;
    return gifts->count++;
}

static size_t add_new(struct gifts *gifts, enum kozo_object_type type, const char *name)
{
    return add_gift(gifts, (struct kozo_give){.kind = KOZO_GIVE_NEW, .type = type}, name);
}

static void add_copy(struct gifts *gifts, uint64_t handle, uint64_t value, const char *name)
{
    add_gift(
        gifts,
        (struct kozo_give){
            .kind = KOZO_GIVE_COPY, .handle = handle, .rights = KOZO_ALL_RIGHTS, .value = value},
        name);
}

static void add_irq(struct gifts *gifts, const struct system_grant *grant, bool console)
{
    char name[24];
    gifts->irq[gifts->irqs].handler = add_new(gifts, KOZO_TYPE_IRQ_HANDLER, grant->name);
    kozo_format(name, sizeof name, "%s.signal", grant->name);
    gifts->irq[gifts->irqs].notification = add_new(gifts, KOZO_TYPE_NOTIFICATION, name);
    gifts->irq[gifts->irqs].interrupt = grant->first;
    gifts->irq[gifts->irqs].bound = console;
    gifts->irqs++;
}

static struct gifts read_grants(const struct system_program *entry)
{
    struct gifts gifts = {};
    if (entry == nullptr) {
        return gifts;
    }
    if (entry->console) {
        // The first gift is the service, see console.c.
        add_new(&gifts, KOZO_TYPE_ENDPOINT, "service");
        add_new(&gifts, KOZO_TYPE_REPLY, "reply0");
        add_new(&gifts, KOZO_TYPE_REPLY, "reply1");
        add_new(&gifts, KOZO_TYPE_REPLY, "reply2");
    }
    for (size_t i = 0; i < entry->grants; i++) {
        const struct system_grant *grant = &entry->grant[i];
        switch (grant->kind) {
        case SYSTEM_PORTS:
            add_copy(&gifts, KOZO_BOOT_SLOT_IO_PORT, grant->first | grant->count << 16,
                     grant->name);
            break;
        case SYSTEM_IRQ:
            add_irq(&gifts, grant, entry->console);
            break;
        case SYSTEM_MEMORY:
            gifts.memory_order = (unsigned)grant->first;
            break;
        case SYSTEM_SELF:
            gifts.self = true;
            break;
        case SYSTEM_TIME:
            add_copy(&gifts, KOZO_BOOT_SLOT_SCHED_CONTROL, 0, grant->name);
            break;
        }
    }
    return gifts;
}

uint64_t processes_given(struct init *init, const struct process *process, size_t number)
{
    return kozo_process_slot(&init->home, &process->process, kozo_given_slot(number));
}

// Ties the interrupts of the description to the handlers that the process was given.
static const char *tie_interrupts(struct init *init, const struct process *process,
                                  const struct gifts *gifts)
{
    for (size_t i = 0; i < gifts->irqs; i++) {
        struct kozo_irq_handler handler = {processes_given(init, process, gifts->irq[i].handler)};
        struct kozo_notification notification = {
            processes_given(init, process, gifts->irq[i].notification)};
        if (kozo_irq_control_claim((struct kozo_irq_control){KOZO_BOOT_SLOT_IRQ_CONTROL}, handler,
                                   gifts->irq[i].interrupt) != KOZO_OK) {
            return "needs an interrupt that is not free";
        }
        if (kozo_irq_handler_bind(handler, notification) != KOZO_OK) {
            return "can't be signalled by its interrupt";
        }
        if (gifts->irq[i].bound &&
            kozo_thread_bind_notification(process->process.thread, notification) != KOZO_OK) {
            return "can't take signals";
        }
    }
    return nullptr;
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

struct processes_result processes_create(struct init *init, const char *file,
                                         const struct system_program *entry, char *const *arguments,
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
    struct gifts gifts = read_grants(entry);
    struct kozo_plan plan = {
        .image = image.data,
        .image_size = image.size,
        .arguments = arguments,
        .argument_count = count,
        .parent =
            entry != nullptr && entry->console ? init->processes.services : init->processes.inbox,
        .badge = badge_of(init, process),
        .fault_badge = badge_of(init, process) | 1,
        .priority = priority,
        .budget = BUDGET,
        .cnode_bits = gifts.self ? CNODE_BITS_SELF : CNODE_BITS,
        .memory_order = gifts.memory_order,
        .self = gifts.self,
        .random = init_random(init),
        .give = gifts.give,
        .gives = gifts.count,
    };
    *process = (struct process){.live = true};
    memcpy(process->name, file, strnlen(file, sizeof process->name - 1));
    const char *reason = kozo_process_create(&init->home, &plan, &process->process);
    if (reason == nullptr) {
        reason = tie_interrupts(init, process, &gifts);
    }
    if (reason != nullptr) {
        processes_end(init, process);
        return failed(reason);
    }
    return (struct processes_result){.process = process};
}

void processes_end(struct init *init, struct process *process)
{
    kozo_process_destroy(&init->home, &process->process);
    process->live = false;
}

// --- Running ------------------------------------------------------------------------------------

// What became of a process after one message.
struct verdict {
    bool ended;
    int status;
};

static struct verdict hear_fault(struct init *init, const struct process *process,
                                 const struct kozo_message *message)
{
    char text[160];
    fault_describe(text, sizeof text, message);
    say(init, "%s: %s\n", process->name, text);
    return (struct verdict){.ended = true, .status = STATUS_FAULT};
}

static struct verdict hear_request(struct init *init, const struct kozo_message *message)
{
    enum kozo_error error = KOZO_BAD_OPERATION;
    if (message->info.label == KOZO_PROCESS_EXIT) {
        struct kozo_process_exit_arguments exit = kozo_process_exit_arguments(message);
        if (exit.error == KOZO_OK) {
            return (struct verdict){.ended = true, .status = (int)(exit.status & 0xff)};
        }
        error = exit.error;
    }
    if (message->info.label == KOZO_PROCESS_WRITE) {
        struct kozo_process_write_arguments write = kozo_process_write_arguments(message);
        if (write.error == KOZO_OK) {
            terminal_write(init, write.text, write.text_length);
        }
        error = write.error;
    }
    // One that only sent, and waits for no answer, gets none.
    (void)kozo_reply_reply(init->processes.reply, kozo_answer(error));
    return (struct verdict){};
}

// The next message or signal. Without a driver nobody signals Ctrl-C, so it is looked for.
static struct kozo_received receive(struct init *init)
{
    struct processes *processes = &init->processes;
    if (init->terminal.kind != TERMINAL_POLLED) {
        return kozo_endpoint_recv(processes->inbox, processes->reply);
    }
    while (true) {
        struct kozo_received received = kozo_endpoint_try_recv(processes->inbox, processes->reply);
        if (received.error != KOZO_WOULD_BLOCK) {
            return received;
        }
        if (terminal_is_interrupted(init)) {
            return (struct kozo_received){.error = KOZO_OK, .badge = SIGNAL_INTERRUPT};
        }
        (void)kozo_kernel_yield();
    }
}

static struct verdict hear(struct init *init, const struct process *process)
{
    struct kozo_received received = receive(init);
    if (received.error != KOZO_OK) {
        init_die(init, "its own inbox can't be read");
    }
    if (received.badge == SIGNAL_INTERRUPT) {
        return (struct verdict){.ended = true, .status = STATUS_INTERRUPTED};
    }
    uint64_t badge = badge_of(init, process);
    if (received.badge == (badge | 1)) {
        return hear_fault(init, process, &received.message);
    }
    if (received.badge == badge) {
        return hear_request(init, &received.message);
    }
    // Nobody else knows the inbox; a message without a known badge is from a process that has
    // ended.
    return (struct verdict){};
}

int processes_run(struct init *init, struct process *process)
{
    // A Ctrl-C from before is not meant for this program.
    (void)kozo_notification_poll(init->processes.interrupt);
    struct verdict verdict = {};
    if (kozo_thread_resume(process->process.thread) != KOZO_OK) {
        verdict = (struct verdict){.ended = true, .status = STATUS_NOT_RUNNABLE};
    }
    while (!verdict.ended) {
        verdict = hear(init, process);
    }
    if (verdict.status == STATUS_INTERRUPTED) {
        say(init, "%s: ended by Ctrl-C\n", process->name);
    }
    processes_end(init, process);
    return verdict.status;
}
