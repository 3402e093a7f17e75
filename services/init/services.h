// SPDX-License-Identifier: MIT
// The services of the system description: building each with exactly what its description lists,
// watching it, and starting it again when it ends.
//
// What others know of a service outlives it: its endpoint, its notification and its board belong to
// init. So a name stays good over a restart; a call that was in progress ends with NO_REPLY, one
// that was queued is served by the next life.
//
// While it is down for good, init answers in its place: calls with NO_REPLY at once, and a life of 0
// in the pages of sessions tells that nothing can be begun and all that was is lost.
//
// init never waits for a service. It tells them what changed by their boards and a signal, and
// hears of them by their calls, by the kernel's messages about faults, and by boards that stay
// silent.
#pragma once

#include <kozo/board.h>
#include <kozo/system.h>

#include "gifts.h"
#include "supply.h"

struct init;
struct process;

constexpr size_t SERVICES_MOST = 32;
constexpr size_t SERVICE_REASON = 160;

// Who has a session in a place of a board.
struct service_client {
    uint64_t signal; // handle of the client's notification, 0 for no client
    uint64_t bits;   // that it is to be signalled with
    uint64_t space;  // handles of the client's AddressSpace and Pool, when the service answers its
    uint64_t pool;   // faults; otherwise 0
};

// Memory for the bulk data of a session: made for its client, and gone when the client is and the
// service has seen that.
struct service_data {
    struct kozo_taken taken; // slot 0: there is none
    uint64_t frame; // slot of it; the next ones have its Mappings of the service and of the client
};

struct service {
    const struct kozo_system_program *entry;
    enum kozo_service_state state;
    struct process *process; // while it lives
    struct kozo_endpoint endpoint;
    struct kozo_notification signal;
    struct kozo_frame frame; // of the board
    struct kozo_frame kept;  // memory that outlives it; handle 0 without any
    struct supply store;     // the same, that it took when it needed it
    uint8_t *own_data;       // that of init's own session, as init sees it
    struct kozo_board *board;
    uint32_t lives;              // how often it was started
    unsigned failures;           // in a row, each soon after its start
    unsigned missed;             // looks at a silent board in a row
    uint64_t started;            // ticks
    uint64_t gone;               // ticks, since when it was not there
    uint64_t took;               // ticks from then until it announced its name; 0 before that
    uint64_t wake;               // ticks, when PAUSING
    char reason[SERVICE_REASON]; // how it last ended
    struct service_client client[KOZO_SYSTEM_PLACES];
    struct service_data data[KOZO_SYSTEM_PLACES];
    bool absent; // its clients call init instead, which refuses
};

struct services {
    size_t count;
    uint64_t scratch; // a slot for what is made and gone in one step
    uint64_t settled; // ticks, when for the first time no service was on its way up; 0 before that
    struct service service[SERVICES_MOST];
};

// Makes the lasting objects of all services, and starts those that may run. Null, or a reason.
[[nodiscard]] const char *services_start(struct init *init);

// The service of a name, or of a place in the description; null when there is none.
[[nodiscard]] struct service *services_find(struct init *init, const char *name);
[[nodiscard]] struct service *services_at(struct init *init, size_t program);

// A service has announced its name.
void services_announced(struct init *init, struct service *service);

// The service ended by itself, or by a fault, or was killed: says why, and starts it again
// according to its description.
void services_ended(struct init *init, struct service *service, const char *reason);

// The service ended with status 0: what it is for is not there. It stays down, and nobody is told.
void services_idle(struct init *init, struct service *service);

// Ends a service and starts it anew at once, also one that is down.
void services_restart(struct init *init, struct service *service);

// Looks at all boards for signs of life. Called twice a second or so.
void services_look(struct init *init);

// Whether each service is up, or down for good.
[[nodiscard]] bool services_are_settled(const struct init *init);

// Starts what may be started now.
void services_advance(struct init *init);

// The badge of a session in a place of a service's board.
[[nodiscard]] uint64_t services_badge(uint32_t place, uint32_t life);

// Ends services that lost the one that answered their faults.
void services_reap(struct init *init);

// Opens and closes the sessions of a process, as its description has them.
// `signal` is the notification of the process. False: there is too little memory for their data.
[[nodiscard]] bool services_connect(struct init *init, struct process *process, uint64_t signal,
                                    uint32_t life);
void services_disconnect(struct init *init, const struct kozo_system_program *entry);

// Whether every place that the description gives a program is free by now.
[[nodiscard]] bool services_are_free_for(struct init *init,
                                         const struct kozo_system_program *entry);

// Opens the session of init itself with a service, in place 0. Init is signalled with these bits.
void services_open_own(struct init *init, struct service *service, uint64_t bits);

// The state in a word.
[[nodiscard]] const char *service_state_name(enum kozo_service_state state);
