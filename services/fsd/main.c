// SPDX-License-Identifier: MIT
// The file server: names, rights and the contents in memory of all volumes that are mounted. What
// lies on them, each volume's own process keeps.
//
// One thread, which never waits for a volume: what takes longer becomes an operation (operation.h).
//
// It is given: sessions with volumes (`mount`), `memory` for contents, `self`, and `initrd`, where
// the description says which session has which places.
#include <kozo/clock.h>
#include <kozo/cpio.h>
#include <kozo/print.h>
#include <kozo/process_info.h>
#include <kozo/start.h>
#include <string.h>

#include "cache.h"
#include "fsd.h"
#include "handle.h"
#include "lend.h"
#include "operation.h"
#include "server.h"
#include "volume.h"
#include "write.h"

constexpr uint64_t CACHE_AT = KOZO_PROCESS_FREE;
constexpr unsigned TABLES_ORDER = 16; // log2 of the memory for page tables
constexpr unsigned PAGE_ORDER = 12;

static struct {
    struct server server;
    uint64_t now;
} state;

uint64_t fsd_now(void)
{
    return state.now;
}

uint8_t *fsd_data(size_t place, uint64_t at, uint64_t length)
{
    return server_data(&state.server, place, at, length);
}

void fsd_complete(size_t place, uint64_t number, const struct kozo_message *answer)
{
    server_complete(&state.server, place, number, answer);
}

bool fsd_is_down(const char *service)
{
    constexpr struct kozo_endpoint parent = {KOZO_PROCESS_PARENT};
    struct kozo_namespace_find_result found = kozo_namespace_find(parent, service, strlen(service));
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
    operation_drop_all(place);
    handle_close_all(place);
    return true;
}

static void signalled(uint64_t bits)
{
    (void)bits;
    state.now = kozo_clock_now();
    volume_hear();
}

static void work(void)
{
    operation_work();
}

// init asks for a sign of life twice a second.
static void looked(void)
{
    state.now = kozo_clock_now();
    volume_look();
    write_look();
    operation_work();
}

// --- Start --------------------------------------------------------------------------------------

// Cuts the memory in two again and again: the first piece is for page tables, the others are Frames
// for contents, each as large as all before it.
static const char *start_cache(uint64_t slot)
{
    struct kozo_untyped memory = {kozo_granted("memory")};
    struct kozo_address_space space = {kozo_granted("self.space")};
    struct kozo_untyped_info_result info = kozo_untyped_info(memory);
    if (info.error != KOZO_OK || info.size < 2ul << TABLES_ORDER) {
        return "it has no memory for contents";
    }
    unsigned last = 63 - (unsigned)__builtin_clzl(info.size);
    struct kozo_slot tables = {slot + last - PAGE_ORDER};
    if (kozo_untyped_retype(memory, KOZO_TYPE_UNTYPED, TABLES_ORDER, tables, 1) != KOZO_OK ||
        kozo_pool_donate((struct kozo_pool){kozo_granted("self.pool")},
                         (struct kozo_untyped){tables.handle}) != KOZO_OK) {
        return "it has no memory for page tables";
    }
    uint64_t mapping = tables.handle + 1;
    for (unsigned order = TABLES_ORDER; order < last; order++, mapping++) {
        struct kozo_slot frame = {slot + order - PAGE_ORDER};
        uint64_t size = 1ul << order;
        if (kozo_untyped_retype(memory, KOZO_TYPE_FRAME, order, frame, 1) != KOZO_OK ||
            kozo_frame_map((struct kozo_frame){frame.handle}, (struct kozo_slot){mapping}, space,
                           CACHE_AT + size, 0, size,
                           KOZO_RIGHT_READ | KOZO_RIGHT_WRITE) != KOZO_OK) {
            return "its memory can't be mapped";
        }
    }
    uint64_t pages = info.size / CACHE_PAGE;
    pages = pages < CACHE_PAGES_MOST ? pages : CACHE_PAGES_MOST;
    cache_start((uint8_t *)CACHE_AT, 1u << (TABLES_ORDER - PAGE_ORDER), (uint32_t)pages);
    uint64_t slots = 1ul << kozo_process_info()->cnode_bits;
    uint64_t free = mapping + 1;
    lend_start(slot, mapping, free, slots > free ? slots - free : 0);
    return nullptr;
}

// The description of the system, as init has it: it says which session has which places.
static const char *read_system(const struct kozo_system **system)
{
    static struct kozo_system copy;
    struct kozo_cpio_entry file =
        kozo_cpio_find((const void *)KOZO_PROCESS_INITRD, kozo_granted("initrd.size"), "system");
    if (file.step != KOZO_CPIO_ENTRY || file.size != sizeof copy) {
        return "there is no description of the system";
    }
    memcpy(&copy, file.data, sizeof copy);
    *system = &copy;
    return kozo_system_check(&copy, sizeof copy);
}

int main(int argument_count, char **arguments)
{
    static const struct server_handlers handlers = {
        .serve = serve,
        .cancel = operation_cancel,
        .left = left,
        .signalled = signalled,
        .looked = looked,
        .work = work,
    };
    const struct kozo_system *system = nullptr;
    const char *name = argument_count > 0 ? arguments[0] : "";
    const char *fault = read_system(&system);
    if (fault == nullptr) {
        // Behind the slots of clients' notifications.
        fault = start_cache(KOZO_PROCESS_SESSION_SLOT + KOZO_BOARD_SESSIONS);
    }
    if (fault != nullptr) {
        kozo_print(fault);
        kozo_print("\n");
        return 1;
    }
    place_start(system, name);
    handle_start();
    node_start();
    volume_start(system, name);
    state.now = kozo_clock_now();
    volume_hear();
    return server_run(&state.server, &handlers);
}
