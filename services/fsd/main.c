// SPDX-License-Identifier: MIT
// The file server: names, rights and the contents in memory of all volumes that are mounted. What
// lies on them, each volume's own process keeps.
//
// One thread, which never waits for a volume: what takes longer becomes an operation (operation.h).
//
// It is given: sessions with volumes (`mount`), `memory up to` so much for contents, `self`, and
// `initrd`, where the description says which session has which places; and it asks the service `clock`
// for the date.
#include <kozo/clock.h>
#include <kozo/print.h>
#include <kozo/process_info.h>
#include <kozo/start.h>
#include <kozo/system.h>
#include <kozo/wall.h>
#include <string.h>

#include "cache.h"
#include "delegated.h"
#include "fsd.h"
#include "handle.h"
#include "lend.h"
#include "lock.h"
#include "node.h"
#include "operation.h"
#include "server.h"
#include "supply.h"
#include "volume.h"
#include "write.h"

constexpr struct kozo_endpoint PARENT = {KOZO_PROCESS_PARENT};
constexpr uint64_t TABLES_SIZE = 4 << 20; // what tables may take, at most, beside that of pages

static struct {
    struct server server;
    uint64_t now;
} state;

uint64_t fsd_now(void)
{
    return state.now;
}

uint64_t fsd_date(void)
{
    uint64_t wall = kozo_wall_now();
    return wall != 0 ? wall : state.now;
}

uint8_t *fsd_data(size_t place, uint64_t at, uint64_t length)
{
    return server_data(&state.server, place_home(place), at, length);
}

void fsd_complete(size_t place, uint64_t number, const struct kozo_message *answer)
{
    server_complete(&state.server, place_home(place), number, answer);
}

bool fsd_knows(uint64_t badge)
{
    return server_knows(&state.server, badge);
}

void fsd_say_refused(const char *volume, const char *path, const char *reason)
{
    kozo_printf("%s is not mounted at /%s: %s\n", volume, path, reason);
}

bool fsd_is_down(const char *service)
{
    struct kozo_namespace_find_result found = kozo_namespace_find(PARENT, service, strlen(service));
    return found.error != KOZO_OK || found.state == KOZO_SERVICE_DOWN;
}

// --- Events -------------------------------------------------------------------------------------

static struct kozo_message serve(struct kozo_caller *caller, const struct kozo_message *message)
{
    state.now = kozo_clock_now();
    return operation_begin(caller, message);
}

static bool left(size_t place)
{
    delegated_drop(place);
    operation_drop_all(place);
    lend_drop(place);
    lock_drop(place, nullptr);
    handle_close_all(place);
    return true;
}

static void signalled(uint64_t bits)
{
    (void)bits;
    state.now = kozo_clock_now();
    (void)kozo_wall_hear();
    volume_hear();
}

static void work(void)
{
    delegated_look();
    operation_work();
}

// init asks for a sign of life twice a second.
static void looked(void)
{
    state.now = kozo_clock_now();
    (void)kozo_wall_hear();
    cache_try_again();
    volume_look();
    write_look();
    operation_work();
}

// What is not written yet can go once it is.
static void pressed(void)
{
    cache_shrink();
    (void)write_for_room();
}

// --- Start --------------------------------------------------------------------------------------

bool supply_take(void *address, uint64_t size)
{
    return kozo_supply_take(PARENT, (uint64_t)address, size) == KOZO_OK;
}

void supply_give(void *address)
{
    (void)kozo_supply_give(PARENT, (uint64_t)address);
}

// Contents come first, then each table.
uint8_t *supply_table(uint32_t place)
{
    constexpr uint64_t span = 1ul << 30;
    return (uint8_t *)KOZO_PROCESS_SUPPLY + (place + 1) * span;
}

// Memory for contents is taken when it is needed; behind the slots of clients' notifications are those
// for lending it.
static const char *start_cache(void)
{
    constexpr uint64_t first = KOZO_PROCESS_SESSION_SLOT + KOZO_BOARD_SESSIONS;
    uint64_t slots = 1ul << kozo_process_info()->cnode_bits;
    uint64_t size = kozo_granted("supply.size");
    uint64_t pages = (size - TABLES_SIZE) / (CACHE_PAGE + sizeof(struct page));
    if (size < 2 * TABLES_SIZE || slots <= first) {
        return "it has too little memory for contents";
    }
    cache_start((uint8_t *)KOZO_PROCESS_SUPPLY,
                pages < CACHE_PAGES_MOST ? (uint32_t)pages : CACHE_PAGES_MOST);
    lend_start(first, slots - first);
    return nullptr;
}

int main(int argument_count, char **arguments)
{
    static const struct server_handlers handlers = {
        .serve = serve,
        .delegated = delegated_find,
        .cancel = operation_cancel,
        .left = left,
        .signalled = signalled,
        .looked = looked,
        .pressed = pressed,
        .work = work,
    };
    const struct kozo_system *system = nullptr;
    const char *name = argument_count > 0 ? arguments[0] : "";
    const char *fault = kozo_system_find(&system);
    if (fault == nullptr) {
        place_start(system, name);
        delegated_start(system, name);
        fault = start_cache();
    }
    if (fault == nullptr && !node_start()) {
        fault = "it has no memory for names";
    }
    if (fault != nullptr) {
        kozo_print(fault);
        kozo_print("\n");
        return 1;
    }
    handle_start(kozo_board_session((struct kozo_board *)kozo_process_info()->board, 0)->life);
    lock_start();
    volume_start(system, name);
    state.now = kozo_clock_now();
    (void)kozo_wall_ask("clock");
    volume_hear();
    return server_run(&state.server, &handlers);
}
