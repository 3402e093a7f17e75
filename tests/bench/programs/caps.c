// SPDX-License-Identifier: MIT
// Measures memory, capabilities, mappings and threads: `./kozo bench caps`.
//
// The program is given 16 MiB, its own parts, and the right to give out time. Capabilities by the
// thousand go into a CNode of their own, second on the path; all others are in the program's CNode.
#include <kozo/start.h>
#include <kozo/stubs.h>

#include "measure.h"

constexpr size_t FEW = 15; // rounds of what takes long
constexpr size_t THOUSAND = 1000;
constexpr size_t BATCH = 256;
constexpr size_t PAGES = 2048;
constexpr uint64_t LENGTH = PAGES * KOZO_PAGE_SIZE;
constexpr uint64_t BUDGET = 10'000; // microseconds
constexpr uint32_t ALL_RIGHTS = KOZO_RIGHT_READ | KOZO_RIGHT_WRITE | KOZO_RIGHT_GRANT;
constexpr uint32_t READ_WRITE = KOZO_RIGHT_READ | KOZO_RIGHT_WRITE;

// log2 of sizes, for retype.
constexpr uint64_t SMALL_CNODE = 4;
constexpr uint64_t LARGE_CNODE = 11; // room for two runs of THOUSAND
constexpr uint64_t PAGE = 12;
constexpr uint64_t FRAME = 23;
constexpr uint64_t TABLES = 20;
constexpr uint64_t ENDPOINTS = 18; // room for a thousand

// Addresses in the program's own space, and in the one that is made to be destroyed.
constexpr uint64_t ONE_PAGE = KOZO_PROCESS_FREE;
// Those that are a page off have no place for large pages.
constexpr uint64_t MANY_PAGES = KOZO_PROCESS_FREE + (1ul << 30) + KOZO_PAGE_SIZE;
constexpr uint64_t SET_PAGES = KOZO_PROCESS_FREE + (2ul << 30) + KOZO_PAGE_SIZE;
constexpr uint64_t LARGE_PAGES = KOZO_PROCESS_FREE + (3ul << 30);
constexpr uint64_t THREAD_START = KOZO_PROGRAM_START;

// What the rows work with.
static struct {
    struct kozo_untyped memory, endpoints;
    struct kozo_cnode cnode;
    struct kozo_address_space space, doomed, twin;
    struct kozo_pool pool;
    struct kozo_sched_control time;
    struct kozo_sched_context context;
    struct kozo_frame frame;
    struct kozo_endpoint endpoint;
    struct kozo_thread thread;
    struct kozo_lease lease;
    struct kozo_mapping mapping;
    uint64_t empty;   // a slot that is empty between rounds
    uint64_t second;  // another
    uint64_t batch;   // first of BATCH such slots
    uint64_t storage; // first of twice THOUSAND such slots, in the large CNode
    uint64_t step;    // from one handle of those to the next
} at;

static struct kozo_slot slot(uint64_t handle)
{
    return (struct kozo_slot){handle};
}

static struct kozo_slot stored(size_t number)
{
    return slot(at.storage + number * at.step);
}

static bool make(enum kozo_object_type type, uint64_t size, uint64_t handle)
{
    return kozo_untyped_retype(at.memory, type, size, slot(handle), 1) == KOZO_OK;
}

static enum kozo_error empty_slot(void)
{
    return kozo_cnode_delete(slot(at.empty));
}

// --- Entry and error -----------------------------------------------------------------------------

static enum kozo_error null_call(void)
{
    return kozo_kernel_null();
}

static enum kozo_error call_on_empty_slot(void)
{
    struct kozo_message message = {};
    struct kozo_endpoint nothing = {at.empty};
    enum kozo_error error = kozo_endpoint_call(nothing, message).error;
    return measure_done(error == KOZO_BAD_HANDLE);
}

// --- Retype --------------------------------------------------------------------------------------

static enum kozo_error retype_endpoint(void)
{
    return kozo_untyped_retype(at.memory, KOZO_TYPE_ENDPOINT, 0, slot(at.empty), 1);
}

static enum kozo_error retype_frame(void)
{
    return kozo_untyped_retype(at.memory, KOZO_TYPE_FRAME, PAGE, slot(at.empty), 1);
}

static enum kozo_error retype_thread(void)
{
    return kozo_untyped_retype(at.memory, KOZO_TYPE_THREAD, 0, slot(at.empty), 1);
}

static enum kozo_error retype_cnode(void)
{
    return kozo_untyped_retype(at.memory, KOZO_TYPE_CNODE, SMALL_CNODE, slot(at.empty), 1);
}

static enum kozo_error retype_batch(void)
{
    return kozo_untyped_retype(at.memory, KOZO_TYPE_ENDPOINT, 0, slot(at.batch), BATCH);
}

static enum kozo_error empty_batch(void)
{
    bool done = true;
    for (size_t i = 0; i < BATCH; i++) {
        done = done && kozo_cnode_delete(slot(at.batch + i)) == KOZO_OK;
    }
    return measure_done(done);
}

// --- Derive and delete ---------------------------------------------------------------------------

static enum kozo_error mint(void)
{
    return kozo_cnode_mint(slot(at.endpoint.handle), slot(at.empty), KOZO_RIGHT_WRITE, 1);
}

static enum kozo_error copy(void)
{
    return kozo_cnode_copy(slot(at.endpoint.handle), slot(at.empty));
}

static enum kozo_error move(void)
{
    return kozo_cnode_move(slot(at.second), slot(at.empty));
}

static enum kozo_error copy_to_second(void)
{
    return kozo_cnode_copy(slot(at.endpoint.handle), slot(at.second));
}

static enum kozo_error copy_thousand(void)
{
    bool done = true;
    for (size_t i = 0; i < THOUSAND; i++) {
        done = done && kozo_cnode_copy(slot(at.endpoint.handle), stored(i)) == KOZO_OK;
    }
    return measure_done(done);
}

static enum kozo_error revoke_copies(void)
{
    return kozo_cnode_revoke(slot(at.endpoint.handle));
}

static enum kozo_error make_thousand(void)
{
    bool done = true;
    for (size_t first = 0; first < THOUSAND; first += BATCH) {
        size_t count = THOUSAND - first < BATCH ? THOUSAND - first : BATCH;
        done = done && kozo_untyped_retype(at.endpoints, KOZO_TYPE_ENDPOINT, 0, stored(first),
                                           count) == KOZO_OK;
    }
    return measure_done(done);
}

static enum kozo_error revoke_memory(void)
{
    return kozo_cnode_revoke(slot(at.endpoints.handle));
}

// --- Lease ---------------------------------------------------------------------------------------

static enum kozo_error lend_thousand(void)
{
    bool done = make(KOZO_TYPE_LEASE, 0, at.lease.handle) &&
                kozo_lease_open(at.lease, 0, 0, (struct kozo_lease){}) == KOZO_OK;
    for (size_t i = 0; i < THOUSAND; i++) {
        done = done && kozo_cnode_lend(slot(at.endpoint.handle), stored(i), ALL_RIGHTS, 0,
                                       at.lease) == KOZO_OK;
    }
    return measure_done(done);
}

static enum kozo_error end_lease(void)
{
    return kozo_lease_close(at.lease);
}

static enum kozo_error drop_lease(void)
{
    struct kozo_message message = {};
    bool ended = true;
    for (size_t i = 0; i < THOUSAND; i++) {
        struct kozo_endpoint lent = {stored(i).handle};
        ended = ended && kozo_endpoint_try_send(lent, message) == KOZO_EXPIRED;
    }
    return measure_done(ended && kozo_cnode_delete(slot(at.lease.handle)) == KOZO_OK);
}

// --- Mappings ------------------------------------------------------------------------------------

static enum kozo_error map_and_unmap(void)
{
    enum kozo_error error =
        kozo_frame_map(at.frame, slot(at.empty), at.space, ONE_PAGE, 0, KOZO_PAGE_SIZE, READ_WRITE);
    if (error != KOZO_OK) {
        return error;
    }
    return kozo_cnode_delete(slot(at.empty));
}

static enum kozo_error map_pages(void)
{
    return kozo_frame_map(at.frame, slot(at.empty), at.space, MANY_PAGES, 0, LENGTH, READ_WRITE);
}

static enum kozo_error map_large(void)
{
    return kozo_frame_map(at.frame, slot(at.empty), at.space, LARGE_PAGES, 0, LENGTH, READ_WRITE);
}

static enum kozo_error map_for_set(void)
{
    return kozo_frame_map(at.frame, slot(at.mapping.handle), at.space, SET_PAGES, 0, LENGTH,
                          READ_WRITE);
}

static enum kozo_error set_pages(void)
{
    return kozo_mapping_set(at.mapping, 0, LENGTH, KOZO_RIGHT_READ);
}

static enum kozo_error make_space(void)
{
    bool done = make(KOZO_TYPE_ADDRESS_SPACE, 0, at.doomed.handle) &&
                kozo_pool_attach(at.pool, at.doomed) == KOZO_OK;
    for (size_t i = 0; i < THOUSAND; i++) {
        done = done && kozo_frame_map(at.frame, stored(i), at.doomed,
                                      KOZO_PROCESS_FREE + i * KOZO_PAGE_SIZE, 0, KOZO_PAGE_SIZE,
                                      READ_WRITE) == KOZO_OK;
    }
    return measure_done(done);
}

static enum kozo_error destroy_space(void)
{
    return kozo_cnode_delete(slot(at.doomed.handle));
}

static enum kozo_error make_twin(void)
{
    return measure_done(make(KOZO_TYPE_ADDRESS_SPACE, 0, at.twin.handle) &&
                        kozo_pool_attach(at.pool, at.twin) == KOZO_OK);
}

static enum kozo_error make_spaces(void)
{
    enum kozo_error error = make_space();

    return error == KOZO_OK ? make_twin() : error;
}

static enum kozo_error clone_thousand(void)
{
    return kozo_address_space_clone(at.twin, 0, 0, stored(0), stored(THOUSAND), THOUSAND,
                                    KOZO_RIGHT_READ)
        .error;
}

static enum kozo_error destroy_spaces(void)
{
    return measure_done(kozo_cnode_delete(slot(at.twin.handle)) == KOZO_OK &&
                        destroy_space() == KOZO_OK);
}

static enum kozo_error map_for_clone(void)
{
    enum kozo_error error = map_pages();

    return error == KOZO_OK ? make_twin() : error;
}

static enum kozo_error clone_pages(void)
{
    return kozo_address_space_clone(at.twin, 0, 0, slot(at.empty), stored(0), 1, KOZO_RIGHT_READ)
        .error;
}

static enum kozo_error destroy_twin(void)
{
    return measure_done(kozo_cnode_delete(slot(at.twin.handle)) == KOZO_OK &&
                        kozo_cnode_delete(slot(at.empty)) == KOZO_OK);
}

static enum kozo_error delete_thousand(void)
{
    return kozo_cnode_delete_run(stored(0), 0, THOUSAND).error;
}

// --- Threads -------------------------------------------------------------------------------------

static enum kozo_error make_context(void)
{
    return measure_done(make(KOZO_TYPE_SCHED_CONTEXT, 0, at.context.handle) &&
                        kozo_sched_control_configure(at.time, at.context, BUDGET, 0) == KOZO_OK);
}

// All that it takes until the thread is ready to run, and then its end.
static enum kozo_error live_and_die(void)
{
    return measure_done(make(KOZO_TYPE_THREAD, 0, at.thread.handle) &&
                        kozo_thread_configure(at.thread, at.cnode, at.space, (struct kozo_frame){},
                                              0, (struct kozo_endpoint){}) == KOZO_OK &&
                        kozo_thread_write_registers(at.thread, THREAD_START, 0, 0, 0, 0) ==
                            KOZO_OK &&
                        kozo_sched_context_bind(at.context, at.thread) == KOZO_OK &&
                        kozo_thread_resume(at.thread) == KOZO_OK &&
                        kozo_cnode_delete(slot(at.thread.handle)) == KOZO_OK);
}

static const struct measure_row rows[] = {
    {"null", MEASURE_ROUNDS, 1, nullptr, nullptr, null_call, nullptr},
    {"empty-slot", MEASURE_ROUNDS, 1, nullptr, nullptr, call_on_empty_slot, nullptr},
    {"retype-endpoint", MEASURE_ROUNDS, 1, nullptr, nullptr, retype_endpoint, empty_slot},
    {"retype-frame", MEASURE_ROUNDS, 1, nullptr, nullptr, retype_frame, empty_slot},
    {"retype-thread", MEASURE_ROUNDS, 1, nullptr, nullptr, retype_thread, empty_slot},
    {"retype-cnode", MEASURE_ROUNDS, 1, nullptr, nullptr, retype_cnode, empty_slot},
    {"retype-batch", FEW, BATCH, nullptr, nullptr, retype_batch, empty_batch},
    {"mint", MEASURE_ROUNDS, 1, nullptr, nullptr, mint, empty_slot},
    {"copy", MEASURE_ROUNDS, 1, nullptr, nullptr, copy, empty_slot},
    {"move", MEASURE_ROUNDS, 1, nullptr, copy_to_second, move, empty_slot},
    {"delete-copy", MEASURE_ROUNDS, 1, nullptr, copy, empty_slot, nullptr},
    {"delete-last", MEASURE_ROUNDS, 1, nullptr, retype_endpoint, empty_slot, nullptr},
    {"revoke", FEW, THOUSAND, nullptr, copy_thousand, revoke_copies, nullptr},
    {"revoke-memory", FEW, THOUSAND, nullptr, make_thousand, revoke_memory, nullptr},
    {"lease", FEW, 1, nullptr, lend_thousand, end_lease, drop_lease},
    {"map-unmap", MEASURE_ROUNDS, 1, nullptr, nullptr, map_and_unmap, nullptr},
    {"map-first", 1, PAGES, nullptr, nullptr, map_pages, empty_slot},
    {"map", FEW, PAGES, nullptr, nullptr, map_pages, empty_slot},
    {"set", FEW, PAGES, map_for_set, nullptr, set_pages, nullptr},
    {"map-large", FEW, PAGES, nullptr, nullptr, map_large, empty_slot},
    {"clone", FEW, THOUSAND, nullptr, make_spaces, clone_thousand, destroy_spaces},
    {"clone-pages", FEW, PAGES, nullptr, map_for_clone, clone_pages, destroy_twin},
    {"delete-run", FEW, THOUSAND, nullptr, make_space, delete_thousand, destroy_space},
    {"destroy-space", FEW, THOUSAND, nullptr, make_space, destroy_space, nullptr},
    {"thread", MEASURE_ROUNDS, 1, make_context, nullptr, live_and_die, nullptr},
};

static void take_grants(void)
{
    at.memory.handle = kozo_granted("memory");
    at.cnode.handle = kozo_granted("self.cnode");
    at.space.handle = kozo_granted("self.space");
    at.pool.handle = kozo_granted("self.pool");
    at.time.handle = kozo_granted("time");
}

static void lay_out_slots(const struct kozo_process_info *info)
{
    uint64_t free = info->free_slot;
    uint64_t large = free++;
    at.endpoints.handle = free++;
    at.context.handle = free++;
    at.frame.handle = free++;
    at.endpoint.handle = free++;
    at.thread.handle = free++;
    at.lease.handle = free++;
    at.mapping.handle = free++;
    at.doomed.handle = free++;
    at.twin.handle = free++;
    at.empty = free++;
    at.second = free++;
    at.batch = free;
    at.step = 1ul << info->cnode_bits;
    at.storage = large | at.step; // its slot 0 is no place for a capability
}

// The Frame comes first: it has to lie at a multiple of its size.
static bool set_up(void)
{
    take_grants();
    lay_out_slots(kozo_process_info());
    return make(KOZO_TYPE_FRAME, FRAME, at.frame.handle) &&
           make(KOZO_TYPE_UNTYPED, TABLES, at.empty) &&
           kozo_pool_donate(at.pool, (struct kozo_untyped){at.empty}) == KOZO_OK &&
           make(KOZO_TYPE_UNTYPED, ENDPOINTS, at.endpoints.handle) &&
           make(KOZO_TYPE_CNODE, LARGE_CNODE, at.storage & (at.step - 1)) &&
           make(KOZO_TYPE_ENDPOINT, 0, at.endpoint.handle);
}

int main(int argument_count, char **arguments)
{
    (void)argument_count;
    (void)arguments;
    return set_up() && measure(rows, sizeof rows / sizeof rows[0]) == 0 ? 0 : 1;
}
