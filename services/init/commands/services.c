// SPDX-License-Identifier: MIT
// The services: what they do, what they said, ending and starting them.
#include "commands.h"
#include "init.h"

static struct service *find(struct init *init, const struct call *call)
{
    struct service *service = services_find(init, call->word[1]);
    if (service == nullptr) {
        say(init, "%s: no such service: %.64s\n", call->word[0], call->word[1]);
    }
    return service;
}

int command_services(struct init *init, const struct call *call)
{
    (void)call;
    say(init, "%-16s %-9s %6s %s\n", "NAME", "STATE", "STARTS", "FILE");
    for (size_t i = 0; i < init->services.count; i++) {
        const struct service *service = &init->services.service[i];
        bool told = service->reason[0] != 0;
        say(init, "%-16s %-9s %6u %s%s%s%s\n", service->entry->name,
            service_state_name(service->state), service->lives, service->entry->file,
            told ? " (" : "", service->reason, told ? ")" : "");
    }
    return 0;
}

int command_kill(struct init *init, const struct call *call)
{
    struct service *service = find(init, call);
    if (service == nullptr) {
        return STATUS_FAILED;
    }
    if (service->process == nullptr) {
        say(init, "kill: %s does not run\n", service->entry->name);
        return STATUS_FAILED;
    }
    services_ended(init, service, "was killed");
    return 0;
}

int command_restart(struct init *init, const struct call *call)
{
    struct service *service = find(init, call);
    if (service == nullptr) {
        return STATUS_FAILED;
    }
    services_restart(init, service);
    return 0;
}

// Shows the latest bytes of a ring into which so many were written.
static void show_ring(struct init *init, const char *ring, size_t size, uint64_t written)
{
    // A line at a time: nothing in a service's log reaches the terminal but text.
    char line[256];
    size_t length = 0;
    for (uint64_t at = written > size ? written - size : 0; at < written; at++) {
        char byte = ring[at % size];
        if (byte != '\n') {
            bool printable = byte >= ' ' && byte <= '~';
            line[length++] = (char)(printable ? byte : '.');
        }
        if (length > 0 && (byte == '\n' || length == sizeof line - 1 || at + 1 == written)) {
            line[length] = 0;
            say(init, "%s\n", line);
            length = 0;
        }
    }
}

int command_log(struct init *init, const struct call *call)
{
    if (call->count == 1) {
        show_ring(init, init->log.text, LOG_SIZE, init->log.written);
        return 0;
    }
    const struct service *service = find(init, call);
    if (service == nullptr) {
        return STATUS_FAILED;
    }
    show_ring(init, service->board->log, KOZO_BOARD_LOG, service->board->logged);
    return 0;
}
