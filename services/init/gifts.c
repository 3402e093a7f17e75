// SPDX-License-Identifier: MIT
#include "gifts.h"

#include <kozo/format.h>
#include <kozo/rights.h>
#include <string.h>

#include "init.h"

constexpr uint64_t SESSION_RIGHTS = KOZO_RIGHT_WRITE | KOZO_RIGHT_GRANT;
static const char DELEGATES[] = ".delegates";

static void name_it(char name[static 24], const char *first, const char *second)
{
    kozo_format(name, 24, "%s%s", first, second);
}

static void tell(struct gifts *gifts, const char *first, const char *second, uint64_t value)
{
    struct kozo_told *told = &gifts->told[gifts->tolds++];
    name_it(told->name, first, second);
    told->value = value;
}

static size_t add(struct gifts *gifts, struct kozo_give give, const char *first, const char *second)
{
    if (gifts->count == KOZO_PROCESS_GRANTS) {
        return KOZO_PROCESS_GRANTS; // making the process refuses so many
    }
    name_it(give.name, first, second);
    gifts->give[gifts->count] = give;
    return gifts->count++;
}

static size_t add_new(struct gifts *gifts, enum kozo_object_type type, const char *first,
                      const char *second)
{
    return add(gifts, (struct kozo_give){.kind = KOZO_GIVE_NEW, .type = type}, first, second);
}

static size_t add_copy(struct gifts *gifts, uint64_t handle, uint64_t rights, uint64_t value,
                       const char *first, const char *second)
{
    struct kozo_give give = {
        .kind = KOZO_GIVE_COPY, .handle = handle, .rights = rights, .value = value};
    return add(gifts, give, first, second);
}

// A service has one notification for everything; another program one for each interrupt.
static void add_irq(struct gifts *gifts, const struct kozo_system_grant *grant,
                    const struct service *service)
{
    size_t number = gifts->irqs++;
    gifts->irq[number].interrupt = grant->first;
    gifts->irq[number].handler = add_new(gifts, KOZO_TYPE_IRQ_HANDLER, grant->name, "");
    gifts->irq[number].notification =
        service != nullptr ? add_copy(gifts, service->signal.handle, KOZO_ALL_RIGHTS,
                                      KOZO_SIGNAL_INTERRUPT << number, grant->name, ".signal")
                           : add_new(gifts, KOZO_TYPE_NOTIFICATION, grant->name, ".signal");
}

// The time of processor 0 under the plain name, that of the next ones as name.1 and so on.
static void add_times(struct init *init, struct gifts *gifts, const char *name)
{
    constexpr uint64_t most = 8;
    const struct kozo_boot_info *boot = init->boot;

    (void)add_copy(gifts, KOZO_BOOT_SLOT_SCHED_CONTROL, KOZO_ALL_RIGHTS, 0, name, "");
    for (uint64_t i = 1; i < boot->processors_started && i < most; i++) {
        char number[] = {'.', (char)('0' + i), 0};
        (void)add_copy(gifts, boot->more_processors + i - 1, KOZO_ALL_RIGHTS, 0, name, number);
    }
}

// log2 of the bytes of memory that a program is given.
static unsigned order_of(const struct init *init, const struct kozo_system_grant *grant)
{
    constexpr unsigned never = 63; // so much is never free: making the process is refused
    if (grant->first != KOZO_MEMORY_MOST) {
        return (unsigned)grant->first;
    }
    unsigned order = kozo_memory_largest(&init->memory, init->memory.total / 4);
    return order != 0 ? order : never;
}

static void add_grant(struct init *init, struct gifts *gifts, const struct kozo_system_grant *grant,
                      const struct service *service)
{
    switch (grant->kind) {
    case KOZO_GRANT_PORTS:
        (void)add_copy(gifts, KOZO_BOOT_SLOT_IO_PORT, KOZO_ALL_RIGHTS,
                       grant->first | grant->count << 16, grant->name, "");
        return;
    case KOZO_GRANT_IRQ:
        add_irq(gifts, grant, service);
        return;
    case KOZO_GRANT_MEMORY:
        gifts->memory_order = order_of(init, grant);
        return;
    case KOZO_GRANT_SELF:
        gifts->self = true;
        return;
    case KOZO_GRANT_TIME:
        add_times(init, gifts, grant->name);
        return;
    case KOZO_GRANT_INITRD:
        if (init->initrd_size > 0) {
            constexpr uint64_t page = KOZO_PAGE_SIZE;
            gifts->view[gifts->views++] = (struct kozo_view){
                .frame = {KOZO_BOOT_SLOT_INITRD},
                .address = KOZO_PROCESS_INITRD,
                .length = (init->initrd_size + page - 1) & ~(page - 1),
                .rights = KOZO_RIGHT_READ,
            };
            tell(gifts, "initrd", ".size", init->initrd_size);
        }
        return;
    case KOZO_GRANT_KEEPS:
        if (service != nullptr) {
            gifts->view[gifts->views++] = (struct kozo_view){
                .frame = service->kept,
                .address = KOZO_PROCESS_KEPT,
                .length = 1ul << grant->first,
                .rights = KOZO_RIGHT_READ | KOZO_RIGHT_WRITE,
            };
            tell(gifts, grant->name, ".size", 1ul << grant->first);
        }
        return;
    case KOZO_GRANT_SUPPLY:
    case KOZO_GRANT_STORE:
        tell(gifts, grant->name, ".size", grant->first);
        return;
    case KOZO_GRANT_PLATFORM:
        platform_take_back(init);
        (void)add_copy(gifts, KOZO_BOOT_SLOT_IRQ_CONTROL, KOZO_ALL_RIGHTS, 0, "interrupts", "");
        return;
    case KOZO_GRANT_DRIVER:
        if (service != nullptr) {
            (void)add_copy(gifts, service->signal.handle, KOZO_ALL_RIGHTS,
                           KOZO_SIGNAL_INTERRUPT << gifts->irqs, "driver.signal", "");
        }
        return;
    case KOZO_GRANT_AUDIT:
        (void)add_copy(gifts, KOZO_BOOT_SLOT_AUDIT_DIGEST, KOZO_RIGHT_READ, 0, grant->name, "");
        return;
    case KOZO_GRANT_ENTROPY:
        (void)add_copy(gifts, KOZO_BOOT_SLOT_ENTROPY, KOZO_RIGHT_WRITE, 0, grant->name, "");
        return;
    case KOZO_GRANTS:
        return;
    }
}

// The memory for bulk data of a session is shown by services.c.
static void add_data(struct gifts *gifts, const struct service *service,
                     const struct kozo_system_use *use, size_t number)
{
    tell(gifts, service->entry->name, ".data", KOZO_PROCESS_DATA + number * KOZO_PROCESS_DATA_SPAN);
    tell(gifts, service->entry->name, ".size", (uint64_t)use->pages * KOZO_PAGE_SIZE);
}

static void add_session(struct init *init, struct gifts *gifts, const struct kozo_system_use *use,
                        size_t number, uint32_t life)
{
    const struct service *service = services_at(init, use->program);
    if (service == nullptr) {
        return; // there were too many services; it was said
    }
    const char *name = service->entry->name;
    gifts->session[number] = add_copy(gifts, service->endpoint.handle, SESSION_RIGHTS,
                                      services_badge(use->place, life), name, "");
    if (use->delegates != 0) {
        (void)add_copy(gifts, service->endpoint.handle, KOZO_RIGHT_WRITE, 0, name, DELEGATES);
    }
    (void)add_copy(gifts, service->signal.handle, KOZO_RIGHT_WRITE, KOZO_SIGNAL_ARRIVAL, name,
                   ".arrival");
    struct kozo_view *view = &gifts->view[gifts->views++];
    *view = (struct kozo_view){
        .frame = service->frame,
        .address = KOZO_PROCESS_SESSIONS + number * KOZO_PAGE_SIZE,
        .offset = sizeof(struct kozo_board) + use->place * KOZO_PAGE_SIZE,
        .length = KOZO_PAGE_SIZE,
        .rights = KOZO_RIGHT_READ | KOZO_RIGHT_WRITE,
    };
    tell(gifts, name, ".page", view->address);
    if (use->pages > 0) {
        add_data(gifts, service, use, number);
    }
}

static void add_service(struct init *init, struct gifts *gifts, const struct service *service)
{
    (void)add_copy(gifts, service->endpoint.handle, KOZO_ALL_RIGHTS, 0, "service", "");
    (void)add_copy(gifts, init->processes.signals.handle, KOZO_RIGHT_WRITE, SIGNAL_MANAGER,
                   "manager", "");
    (void)add_new(gifts, KOZO_TYPE_REPLY, "reply", "");
    (void)add_copy(gifts, service->signal.handle, KOZO_RIGHT_READ, 0, "signal", "");
    // Its first page only init writes.
    gifts->view[gifts->views++] = (struct kozo_view){
        .frame = service->frame,
        .address = KOZO_PROCESS_BOARD,
        .length = KOZO_PAGE_SIZE,
        .rights = KOZO_RIGHT_READ,
    };
    gifts->view[gifts->views++] = (struct kozo_view){
        .frame = service->frame,
        .address = KOZO_PROCESS_BOARD + KOZO_PAGE_SIZE,
        .offset = KOZO_PAGE_SIZE,
        .length =
            sizeof(struct kozo_board) - KOZO_PAGE_SIZE + service->entry->places * KOZO_PAGE_SIZE,
        .rights = KOZO_RIGHT_READ | KOZO_RIGHT_WRITE,
    };
}

void gifts_list(struct init *init, const struct kozo_system_program *entry,
                const struct service *service, uint32_t life, struct gifts *gifts)
{
    *gifts = (struct gifts){.signal = SIZE_MAX};
    if (service != nullptr) {
        add_service(init, gifts, service);
    }
    if (entry == nullptr) {
        return;
    }
    if (service == nullptr && entry->uses > 0) {
        gifts->signal = add_new(gifts, KOZO_TYPE_NOTIFICATION, "signal", "");
    }
    for (size_t i = 0; i < entry->grants; i++) {
        add_grant(init, gifts, &entry->grant[i], service);
    }
    for (size_t i = 0; i < entry->uses; i++) {
        add_session(init, gifts, &entry->use[i], i, life);
    }
}

bool gifts_has(const struct kozo_system_program *entry, enum kozo_grant_kind kind)
{
    for (size_t i = 0; entry != nullptr && i < entry->grants; i++) {
        if (entry->grant[i].kind == kind) {
            return true;
        }
    }
    return false;
}

uint64_t gifts_value(const struct kozo_system_program *entry, enum kozo_grant_kind kind)
{
    for (size_t i = 0; i < entry->grants; i++) {
        if (entry->grant[i].kind == kind) {
            return entry->grant[i].first;
        }
    }
    return 0;
}

// The capability from which a program delegates sessions stands behind that of its own session. There is none of a
// service that is down.
static void point_delegates(struct init *init, const struct process *process, size_t use,
                            uint64_t endpoint)
{
    struct kozo_slot slot = {processes_given(init, process, process->session[use] + 1)};
    (void)kozo_cnode_delete(slot);
    if (endpoint != 0) {
        (void)kozo_cnode_mint((struct kozo_slot){endpoint}, slot, KOZO_RIGHT_WRITE, 0);
    }
}

void gifts_point(struct init *init, const struct process *process, size_t use, uint64_t endpoint,
                 uint64_t badge)
{
    struct kozo_slot slot = {processes_given(init, process, process->session[use])};
    (void)kozo_cnode_delete(slot);
    // Without it the client's calls are refused.
    (void)kozo_cnode_mint((struct kozo_slot){endpoint}, slot, SESSION_RIGHTS, badge);
    if (process->entry->use[use].delegates != 0) {
        point_delegates(init, process, use, badge != BADGE_ABSENT ? endpoint : 0);
    }
}

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
    }
    return nullptr;
}

const char *gifts_tie(struct init *init, const struct process *process,
                      const struct service *service, const struct gifts *gifts)
{
    struct kozo_notification signal = {service != nullptr ? service->signal.handle : 0};
    if (gifts->signal != SIZE_MAX) {
        signal.handle = processes_given(init, process, gifts->signal);
    }
    if (signal.handle != 0 &&
        kozo_thread_bind_notification(process->process.thread, signal) != KOZO_OK) {
        return "can't take signals";
    }
    return tie_interrupts(init, process, gifts);
}
