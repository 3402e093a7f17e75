// SPDX-License-Identifier: MIT
// What a program of the system description is given, in the form that making a process takes.
#pragma once

#include <kozo/process.h>
#include <kozo/process_info.h>
#include <kozo/system.h>

struct init;
struct process;
struct service;

struct gifts {
    struct kozo_give give[KOZO_PROCESS_GRANTS];
    size_t count;
    struct kozo_view view[KOZO_PROCESS_VIEWS];
    size_t views;
    struct kozo_told told[KOZO_PROCESS_GRANTS];
    size_t tolds;
    unsigned memory_order;
    bool self;
    size_t signal; // number of the gift that is a program's own notification; SIZE_MAX for none
    size_t session[KOZO_SYSTEM_USES]; // numbers of those that call its services
    size_t irqs;
    struct {
        size_t handler; // numbers of gifts
        size_t notification;
        uint64_t interrupt;
    } irq[KOZO_SYSTEM_GRANTS];
};

// Lists what the entry (may be null) gives. `service` is null for what is no service; `life` tells
// one life of the program from another.
void gifts_list(struct init *init, const struct kozo_system_program *entry,
                const struct service *service, uint32_t life, struct gifts *gifts);

// Whether an entry, which may be null, has a grant of this kind.
[[nodiscard]] bool gifts_has(const struct kozo_system_program *entry, enum kozo_grant_kind kind);

// The value of a grant of this kind; 0 without any.
[[nodiscard]] uint64_t gifts_value(const struct kozo_system_program *entry,
                                   enum kozo_grant_kind kind);

// Lets the calls that a process makes in one of its sessions go to this endpoint from now on.
void gifts_point(struct init *init, const struct process *process, size_t use, uint64_t endpoint,
                 uint64_t badge);

// Ties interrupts and notifications of a new process to each other. Null, or a reason.
[[nodiscard]] const char *gifts_tie(struct init *init, const struct process *process,
                                    const struct service *service, const struct gifts *gifts);
