// SPDX-License-Identifier: MIT
// Measures how long the kernel goes on without a preemption point: `./kozo bench stretch`.
//
// A thread of higher priority, the watcher, sets a timer again and again while an operation goes on, and takes the
// time from when it was due to its own next instruction. The same where no system call is in the way is taken off.
// What is left of the longest is the operation's row. From one time to the next the timer is set a little further
// ahead, so that it gets due at each place of a stretch, for the operation begins a new one whenever the watcher
// has run.
#include <kozo/machine.h>
#include <kozo/print.h>
#include <kozo/start.h>
#include <kozo/stubs.h>
#include <kozo/thread_block.h>

#include "measure.h"

constexpr size_t MANY = 1000;
constexpr size_t BATCH = 256; // as many as retype makes at once
constexpr size_t FEWER = 64;  // and of what is more than zeroed memory
constexpr size_t OF_EACH_TYPE = 16;
constexpr size_t WAITERS = 64;
constexpr uint64_t BUDGET = 1'000'000; // microseconds
constexpr uint32_t ALL_RIGHTS = KOZO_RIGHT_READ | KOZO_RIGHT_WRITE | KOZO_RIGHT_GRANT;
constexpr uint32_t READ_WRITE = KOZO_RIGHT_READ | KOZO_RIGHT_WRITE;

// How far ahead the timer is set, in ticks: from the first to the last, and what lies between two. The first is
// less than the watcher needs to wait again.
constexpr uint64_t NEAREST = 500;
constexpr uint64_t FURTHEST = 10'500;
constexpr uint64_t FINER = 20;
constexpr size_t SAMPLES = (FURTHEST - NEAREST) / FINER;
constexpr size_t ROUNDS_MOST =
    400; // of an operation that is over before the timer is due, or soon after

// log2 of sizes, for retype.
constexpr uint64_t STORAGE = 12;
constexpr uint64_t FRAME = 23;
constexpr uint64_t NURSERY = 25;
constexpr uint64_t TABLES = 24;
constexpr uint64_t LARGE_FRAME = 22;
constexpr uint64_t CROWD = 10; // a CNode with room for MANY
constexpr uint64_t PAGE = 12;

constexpr uint64_t LARGE_PAGE = 1ul << 21;
constexpr uint64_t LENGTH = 1ul << FRAME;
constexpr uint64_t HERE = KOZO_PROCESS_FREE + (1ul << 30); // where large pages fit

// What the operations work with. Whatever is made for one of them comes out of the nursery.
static struct {
    struct kozo_untyped memory, nursery;
    struct kozo_cnode cnode, crowd;
    struct kozo_address_space space, twin;
    struct kozo_pool pool;
    struct kozo_sched_context context, lent;
    struct kozo_frame frame;
    struct kozo_endpoint endpoint, crossing;
    struct kozo_notification wake, event;
    struct kozo_thread watcher;
    struct kozo_timer timer;
    struct kozo_lease lease;
    struct kozo_mapping mapping;
    uint64_t storage, step; // first of many slots, and from one to the next
    uint64_t spare;         // a slot that is empty between rounds
    uint64_t priority;      // of all but the watcher, which is above
} at;

static struct kozo_slot slot(uint64_t handle)
{
    return (struct kozo_slot){handle};
}

static struct kozo_slot stored(size_t number)
{
    return slot(at.storage + (number + 1) * at.step);
}

static bool make_from(struct kozo_untyped memory, enum kozo_object_type type, uint64_t size,
                      uint64_t handle, size_t count)
{
    return kozo_untyped_retype(memory, type, size, slot(handle), count) == KOZO_OK;
}

static bool make(enum kozo_object_type type, uint64_t size, uint64_t handle)
{
    return make_from(at.nursery, type, size, handle, 1);
}

// --- Watching ------------------------------------------------------------------------------------

static struct {
    volatile bool on, armed;
    volatile uint64_t ahead, shortest, longest;
    volatile size_t samples;
} watch;

static void take_sample(uint64_t latency)
{
    watch.samples++;
    if (latency > watch.longest) {
        watch.longest = latency;
    }
    if (latency < watch.shortest) {
        watch.shortest = latency;
    }
    watch.ahead = watch.ahead < FURTHEST ? watch.ahead + FINER : NEAREST;
}

static void run_watcher(void)
{
    while (true) {
        while (!watch.on) {
            (void)kozo_notification_wait(at.wake);
        }
        watch.armed = true;
        uint64_t due = kozo_ticks() + watch.ahead;
        (void)kozo_timer_set(at.timer, due, 0);
        (void)kozo_notification_wait(at.wake);
        uint64_t now = kozo_ticks();
        if (watch.armed) {
            take_sample(now - due);
        }
    }
}

static void watch_begin(void)
{
    watch.on = true;
    (void)kozo_notification_signal(at.wake);
}

static void watch_end(void)
{
    watch.on = false;
    watch.armed = false;
    (void)kozo_timer_cancel(at.timer);
}

// --- Capabilities --------------------------------------------------------------------------------

typedef bool action(uint64_t argument);

static bool copy_many(uint64_t argument)
{
    (void)argument;
    bool done = true;
    for (size_t i = 0; i < MANY; i++) {
        done = done && kozo_cnode_copy(slot(at.endpoint.handle), stored(i)) == KOZO_OK;
    }
    return done;
}

static bool lend_many(uint64_t argument)
{
    (void)argument;
    bool done = make(KOZO_TYPE_LEASE, 0, at.lease.handle) &&
                kozo_lease_open(at.lease, 0, 0, (struct kozo_lease){}) == KOZO_OK;
    for (size_t i = 0; i < MANY; i++) {
        done = done && kozo_cnode_lend(slot(at.endpoint.handle), stored(i), ALL_RIGHTS, 0,
                                       at.lease) == KOZO_OK;
    }
    return done;
}

static bool revoke_copies(uint64_t argument)
{
    (void)argument;
    return kozo_cnode_revoke(slot(at.endpoint.handle)) == KOZO_OK;
}

static bool delete_lease(uint64_t argument)
{
    (void)argument;
    return kozo_cnode_delete(slot(at.lease.handle)) == KOZO_OK;
}

static bool delete_many(uint64_t argument)
{
    (void)argument;
    return kozo_cnode_delete_run(stored(0), 0, MANY).error == KOZO_OK;
}

static uint64_t size_of(enum kozo_object_type type)
{
    constexpr uint64_t small_cnode = 6;

    switch (type) {
    case KOZO_TYPE_CNODE:
        return small_cnode;
    case KOZO_TYPE_FRAME:
    case KOZO_TYPE_UNTYPED:
        return PAGE;
    default:
        return 0;
    }
}

static bool retype(uint64_t type)
{
    enum kozo_object_type made = (enum kozo_object_type)type;
    size_t count = made == KOZO_TYPE_THREAD || made == KOZO_TYPE_EXTENDED_STATE ? FEWER : BATCH;

    return make_from(at.nursery, made, size_of(made), stored(0).handle, count);
}

static bool retype_large_frame(uint64_t argument)
{
    (void)argument;
    return make(KOZO_TYPE_FRAME, LARGE_FRAME, at.spare);
}

static const enum kozo_object_type types[] = {
    KOZO_TYPE_ENDPOINT, KOZO_TYPE_NOTIFICATION,  KOZO_TYPE_REPLY, KOZO_TYPE_THREAD,
    KOZO_TYPE_TIMER,    KOZO_TYPE_SCHED_CONTEXT, KOZO_TYPE_LEASE, KOZO_TYPE_EXTENDED_STATE,
    KOZO_TYPE_POOL,     KOZO_TYPE_ADDRESS_SPACE, KOZO_TYPE_CNODE, KOZO_TYPE_FRAME,
    KOZO_TYPE_UNTYPED,
};

constexpr size_t TYPES = sizeof types / sizeof types[0];

static bool make_mixture(uint64_t argument)
{
    (void)argument;
    bool done = true;
    for (size_t i = 0; i < OF_EACH_TYPE * TYPES; i++) {
        enum kozo_object_type type = types[i % TYPES];
        done = done && make(type, size_of(type), stored(i).handle);
    }
    return done;
}

static bool revoke_nursery(uint64_t argument)
{
    (void)argument;
    return kozo_cnode_revoke(slot(at.nursery.handle)) == KOZO_OK;
}

static bool make_crowd(uint64_t argument)
{
    (void)argument;
    return make(KOZO_TYPE_CNODE, CROWD, at.crowd.handle);
}

static bool destroy_crowd(uint64_t argument)
{
    (void)argument;
    return kozo_cnode_delete(slot(at.crowd.handle)) == KOZO_OK;
}

static bool into_crowd(bool done)
{
    for (size_t i = 0; i < MANY; i++) {
        done = done &&
               kozo_cnode_move(stored(i), slot(at.crowd.handle | (i + 1) * at.step)) == KOZO_OK;
    }
    return done;
}

static bool crowd_of_copies(uint64_t argument)
{
    return into_crowd(make_crowd(argument) && copy_many(argument));
}

static bool crowd_of_objects(uint64_t type)
{
    bool done = make_crowd(type);
    for (size_t i = 0; i < MANY; i++) {
        done = done && make((enum kozo_object_type)type, size_of((enum kozo_object_type)type),
                            stored(i).handle);
    }
    return into_crowd(done);
}

// --- Memory --------------------------------------------------------------------------------------

// A Pool of its own with two address spaces, `space` and `twin`.
static bool make_spaces(uint64_t argument)
{
    (void)argument;
    return make(KOZO_TYPE_POOL, 0, at.pool.handle) &&
           make(KOZO_TYPE_ADDRESS_SPACE, 0, at.space.handle) &&
           make(KOZO_TYPE_ADDRESS_SPACE, 0, at.twin.handle) &&
           make(KOZO_TYPE_UNTYPED, TABLES, at.spare) &&
           kozo_pool_donate(at.pool, (struct kozo_untyped){at.spare}) == KOZO_OK &&
           kozo_pool_attach(at.pool, at.space) == KOZO_OK &&
           kozo_pool_attach(at.pool, at.twin) == KOZO_OK;
}

static bool map(uint64_t address, uint64_t length, uint64_t handle)
{
    return kozo_frame_map(at.frame, slot(handle), at.space, address, 0, length, READ_WRITE) ==
           KOZO_OK;
}

// Many Mappings of a page, so far apart.
static bool map_many(uint64_t apart)
{
    bool done = make_spaces(0);
    for (size_t i = 0; i < MANY; i++) {
        done = done && map(KOZO_PROCESS_FREE + i * apart, KOZO_PAGE_SIZE, stored(i).handle);
    }
    return done;
}

static bool crowd_of_mappings(uint64_t apart)
{
    return into_crowd(make_crowd(0) && map_many(apart));
}

static bool map_long(uint64_t shift)
{
    return map(HERE + shift, LENGTH, at.mapping.handle);
}

static bool make_and_map_long(uint64_t shift)
{
    return make_spaces(0) && map_long(shift);
}

static bool destroy_space(uint64_t argument)
{
    (void)argument;
    return kozo_cnode_delete(slot(at.space.handle)) == KOZO_OK;
}

static bool destroy_pool(uint64_t argument)
{
    (void)argument;
    return kozo_cnode_delete(slot(at.pool.handle)) == KOZO_OK;
}

static bool revoke_frame(uint64_t argument)
{
    (void)argument;
    return kozo_cnode_revoke(slot(at.frame.handle)) == KOZO_OK;
}

static bool set_long(uint64_t rights)
{
    return kozo_mapping_set(at.mapping, 0, LENGTH, (uint32_t)rights) == KOZO_OK;
}

static bool lower_long(uint64_t rights)
{
    return kozo_mapping_lower(at.mapping, (uint32_t)rights) == KOZO_OK;
}

// Of each large page the last small page is left as it is, so that each is split.
static bool set_parts(uint64_t rights)
{
    bool done = true;
    for (uint64_t offset = 0; offset < LENGTH; offset += LARGE_PAGE) {
        done = done && kozo_mapping_set(at.mapping, offset, LARGE_PAGE - KOZO_PAGE_SIZE,
                                        (uint32_t)rights) == KOZO_OK;
    }
    return done;
}

static bool split_at_both_ends(uint64_t rights)
{
    return kozo_mapping_set(at.mapping, KOZO_PAGE_SIZE, LENGTH - 2 * KOZO_PAGE_SIZE,
                            (uint32_t)rights) == KOZO_OK;
}

static bool clone_many(uint64_t rights)
{
    return kozo_address_space_clone(at.twin, 0, 0, stored(0), stored(MANY), MANY, (uint32_t)rights)
               .error == KOZO_OK;
}

static bool clone_long(uint64_t rights)
{
    return kozo_address_space_clone(at.twin, 0, 0, slot(at.mapping.handle), stored(0), 1,
                                    (uint32_t)rights)
               .error == KOZO_OK;
}

static bool map_far_and_unmap(uint64_t apart)
{
    return map_many(apart) && revoke_frame(0);
}

static bool trim(uint64_t argument)
{
    (void)argument;
    return kozo_pool_trim(at.pool, at.space, 0) == KOZO_OK;
}

static bool clean(uint64_t argument)
{
    (void)argument;
    return kozo_frame_clean(at.frame, 0, LENGTH) == KOZO_OK;
}

// --- Waiters -------------------------------------------------------------------------------------

static unsigned char stacks[WAITERS + 1][KOZO_PAGE_SIZE];

static void wait_to_send(void)
{
    (void)kozo_endpoint_send(at.crossing, (struct kozo_message){});
    kozo_abort();
}

static void wait_for_signal(void)
{
    (void)kozo_notification_wait(at.event);
    kozo_abort();
}

// Uses this thread's block, for the guard of the stack protector: nothing of it is changed.
static bool start_thread(struct kozo_thread thread, struct kozo_sched_context context,
                         void (*function)(void), size_t stack, uint64_t priority)
{
    constexpr uint64_t pushed = 8; // as if it had been called
    struct kozo_address_space self = {kozo_granted("self.space")};
    uint64_t top = (uint64_t)stacks[stack] + sizeof stacks[stack];

    return kozo_thread_configure(thread, at.cnode, self, (struct kozo_frame){}, 0,
                                 (struct kozo_endpoint){}) == KOZO_OK &&
           kozo_thread_set_priority(thread, priority) == KOZO_OK &&
           kozo_thread_write_registers(thread, (uint64_t)function, top - pushed, 0, 0,
                                       (uint64_t)kozo_thread_block()) == KOZO_OK &&
           kozo_sched_context_bind(context, thread) == KOZO_OK &&
           kozo_thread_resume(thread) == KOZO_OK;
}

// Each waits on the same time, which goes from one to the next.
static bool start_waiters(void (*function)(void))
{
    bool done = true;
    for (size_t i = 0; i < WAITERS; i++) {
        struct kozo_thread thread = {stored(i).handle};
        done = done && make(KOZO_TYPE_THREAD, 0, thread.handle) &&
               start_thread(thread, at.lent, function, i, at.priority) &&
               kozo_kernel_yield() == KOZO_OK && kozo_sched_context_unbind(at.lent) == KOZO_OK;
    }
    return done;
}

static bool wait_at_endpoint(uint64_t argument)
{
    (void)argument;
    return make(KOZO_TYPE_ENDPOINT, 0, at.crossing.handle) && start_waiters(wait_to_send);
}

static bool wait_at_notification(uint64_t argument)
{
    (void)argument;
    return make(KOZO_TYPE_NOTIFICATION, 0, at.event.handle) && start_waiters(wait_for_signal);
}

static bool delete_endpoint(uint64_t argument)
{
    (void)argument;
    return kozo_cnode_delete(slot(at.crossing.handle)) == KOZO_OK;
}

static bool delete_notification(uint64_t argument)
{
    (void)argument;
    return kozo_cnode_delete(slot(at.event.handle)) == KOZO_OK;
}

// --- Rows ----------------------------------------------------------------------------------------

struct stretch {
    const char *name;
    action *prepare; // before each round, or null
    uint64_t given;
    action *operation;
    uint64_t argument;
};

constexpr uint64_t APART = KOZO_PAGE_SIZE;
constexpr uint64_t FAR = LARGE_PAGE;
constexpr uint64_t ODD = KOZO_PAGE_SIZE; // a place where no large page fits
constexpr uint64_t EVEN = 0;

static const struct stretch stretches[] = {
    {"revoke-copies", copy_many, 0, revoke_copies, 0},
    {"revoke-lent", lend_many, 0, revoke_copies, 0},
    {"revoke-mixture", make_mixture, 0, revoke_nursery, 0},
    {"revoke-endpoints", retype, KOZO_TYPE_ENDPOINT, revoke_nursery, 0},
    {"revoke-notifications", retype, KOZO_TYPE_NOTIFICATION, revoke_nursery, 0},
    {"revoke-replies", retype, KOZO_TYPE_REPLY, revoke_nursery, 0},
    {"revoke-threads", retype, KOZO_TYPE_THREAD, revoke_nursery, 0},
    {"revoke-timers", retype, KOZO_TYPE_TIMER, revoke_nursery, 0},
    {"revoke-contexts", retype, KOZO_TYPE_SCHED_CONTEXT, revoke_nursery, 0},
    {"revoke-leases", retype, KOZO_TYPE_LEASE, revoke_nursery, 0},
    {"revoke-states", retype, KOZO_TYPE_EXTENDED_STATE, revoke_nursery, 0},
    {"revoke-pools", retype, KOZO_TYPE_POOL, revoke_nursery, 0},
    {"revoke-spaces", retype, KOZO_TYPE_ADDRESS_SPACE, revoke_nursery, 0},
    {"revoke-cnodes", retype, KOZO_TYPE_CNODE, revoke_nursery, 0},
    {"revoke-frames", retype, KOZO_TYPE_FRAME, revoke_nursery, 0},
    {"revoke-mappings", map_many, APART, revoke_frame, 0},
    {"revoke-mappings-far", map_many, FAR, revoke_frame, 0},
    {"delete-copies", copy_many, 0, delete_many, 0},
    {"delete-lent", lend_many, 0, delete_many, 0},
    {"delete-mixture", make_mixture, 0, delete_many, 0},
    {"delete-mappings", map_many, APART, delete_many, 0},
    {"delete-mappings-far", map_many, FAR, delete_many, 0},
    {"delete-lease", lend_many, 0, delete_lease, 0},
    {"cnode-empty", make_crowd, 0, destroy_crowd, 0},
    {"cnode-copies", crowd_of_copies, 0, destroy_crowd, 0},
    {"cnode-endpoints", crowd_of_objects, KOZO_TYPE_ENDPOINT, destroy_crowd, 0},
    {"cnode-threads", crowd_of_objects, KOZO_TYPE_THREAD, destroy_crowd, 0},
    {"cnode-mappings", crowd_of_mappings, APART, destroy_crowd, 0},
    {"space", map_many, APART, destroy_space, 0},
    {"space-far", map_many, FAR, destroy_space, 0},
    {"pool", map_many, FAR, destroy_pool, 0},
    {"endpoint-waiters", wait_at_endpoint, 0, delete_endpoint, 0},
    {"notification-waiters", wait_at_notification, 0, delete_notification, 0},
    {"waiters", wait_at_endpoint, 0, revoke_nursery, 0},
    {"retype-endpoints", nullptr, 0, retype, KOZO_TYPE_ENDPOINT},
    {"retype-threads", nullptr, 0, retype, KOZO_TYPE_THREAD},
    {"retype-cnodes", nullptr, 0, retype, KOZO_TYPE_CNODE},
    {"retype-frames", nullptr, 0, retype, KOZO_TYPE_FRAME},
    {"retype-untypeds", nullptr, 0, retype, KOZO_TYPE_UNTYPED},
    {"retype-states", nullptr, 0, retype, KOZO_TYPE_EXTENDED_STATE},
    {"retype-frame", nullptr, 0, retype_large_frame, 0},
    {"map-first", make_spaces, 0, map_long, ODD},
    {"map-large", make_spaces, 0, map_long, EVEN},
    {"map-over", make_and_map_long, ODD, set_long, READ_WRITE},
    {"set", make_and_map_long, ODD, set_long, KOZO_RIGHT_READ},
    {"set-large", make_and_map_long, EVEN, set_long, KOZO_RIGHT_READ},
    {"clear", make_and_map_long, ODD, set_long, 0},
    {"lower", make_and_map_long, ODD, lower_long, KOZO_RIGHT_READ},
    {"split", make_and_map_long, EVEN, set_parts, KOZO_RIGHT_READ},
    {"split-ends", make_and_map_long, EVEN, split_at_both_ends, 0},
    {"clone-mappings", map_many, APART, clone_many, KOZO_RIGHT_READ},
    {"clone-mappings-far", map_many, FAR, clone_many, KOZO_RIGHT_READ},
    {"clone-pages", make_and_map_long, ODD, clone_long, KOZO_RIGHT_READ},
    {"clone-large", make_and_map_long, EVEN, clone_long, KOZO_RIGHT_READ},
    {"trim", map_far_and_unmap, FAR, trim, 0},
    {"clean", nullptr, 0, clean, 0},
};

static bool clean_up(void)
{
    return revoke_copies(0) && revoke_frame(0) && revoke_nursery(0);
}

// The operation itself, watched.
static const char *watch_round(const struct stretch *stretch)
{
    if (stretch->prepare != nullptr && !stretch->prepare(stretch->given)) {
        return "prepare";
    }
    watch_begin();
    bool done = stretch->operation(stretch->argument);
    watch_end();
    if (!done) {
        return "operation";
    }
    return clean_up() ? nullptr : "finish";
}

static const char *watch_row(const struct stretch *stretch)
{
    const char *lost = nullptr;

    watch.samples = 0;
    watch.longest = 0;
    watch.shortest = UINT64_MAX;
    watch.ahead = NEAREST;
    for (size_t i = 0; i < ROUNDS_MOST && watch.samples < SAMPLES && lost == nullptr; i++) {
        lost = watch_round(stretch);
    }
    return lost;
}

// What another thread does that wakes up in the middle is no part of the stretch, and does not come twice: so each row is
// watched twice, and the smaller figure counts.
static const char *watch_twice(const struct stretch *stretch)
{
    const char *lost = watch_row(stretch);
    uint64_t longest = watch.longest;
    if (lost == nullptr) {
        lost = watch_row(stretch);
    }
    if (watch.longest > longest) {
        watch.longest = longest;
    }
    return lost;
}

static bool spin(uint64_t turns)
{
    __asm__ volatile("1: dec %0; jnz 1b" : "+r"(turns) : : "cc");
    return true;
}

static size_t watch_all(void)
{
    constexpr uint64_t turns = 1'000'000;
    const struct stretch nothing = {"nothing", nullptr, 0, spin, turns};
    size_t lost = 0;

    (void)watch_row(&nothing);
    uint64_t empty = watch.shortest;
    kozo_printf("row nothing %lu 1\n", watch.longest - empty);
    for (size_t i = 0; i < sizeof stretches / sizeof stretches[0]; i++) {
        const char *step = watch_twice(&stretches[i]);
        if (step == nullptr) {
            kozo_printf("row %s %lu 1\n", stretches[i].name, watch.longest - empty);
        } else {
            kozo_printf("lost %s %s 0\n", stretches[i].name, step);
            (void)clean_up();
            lost++;
        }
    }
    return lost;
}

// --- Setting up ----------------------------------------------------------------------------------

static void lay_out_slots(const struct kozo_process_info *info)
{
    uint64_t free = info->free_slot;

    at.storage = free++;
    at.nursery.handle = free++;
    at.crowd.handle = free++;
    at.space.handle = free++;
    at.twin.handle = free++;
    at.pool.handle = free++;
    at.context.handle = free++;
    at.lent.handle = free++;
    at.frame.handle = free++;
    at.endpoint.handle = free++;
    at.crossing.handle = free++;
    at.wake.handle = free++;
    at.event.handle = free++;
    at.watcher.handle = free++;
    at.timer.handle = free++;
    at.lease.handle = free++;
    at.mapping.handle = free++;
    at.spare = free++;
    at.step = 1ul << info->cnode_bits;
}

// What stays for all operations. The Frame comes first and the nursery last: they lie at multiples of their sizes.
static bool make_lasting(void)
{
    return make_from(at.memory, KOZO_TYPE_FRAME, FRAME, at.frame.handle, 1) &&
           make_from(at.memory, KOZO_TYPE_CNODE, STORAGE, at.storage, 1) &&
           make_from(at.memory, KOZO_TYPE_ENDPOINT, 0, at.endpoint.handle, 1) &&
           make_from(at.memory, KOZO_TYPE_NOTIFICATION, 0, at.wake.handle, 1) &&
           make_from(at.memory, KOZO_TYPE_TIMER, 0, at.timer.handle, 1) &&
           make_from(at.memory, KOZO_TYPE_THREAD, 0, at.watcher.handle, 1) &&
           make_from(at.memory, KOZO_TYPE_SCHED_CONTEXT, 0, at.context.handle, 1) &&
           make_from(at.memory, KOZO_TYPE_SCHED_CONTEXT, 0, at.lent.handle, 1) &&
           make_from(at.memory, KOZO_TYPE_UNTYPED, NURSERY, at.nursery.handle, 1);
}

static bool set_up(void)
{
    lay_out_slots(kozo_process_info());
    at.memory.handle = kozo_granted("memory");
    at.cnode.handle = kozo_granted("self.cnode");
    struct kozo_sched_control time = {kozo_granted("time")};
    struct kozo_thread self = {kozo_granted("self.thread")};
    uint64_t above = kozo_thread_info(self).priority;
    at.priority = above - 1;

    return make_lasting() && kozo_sched_control_configure(time, at.context, BUDGET, 0) == KOZO_OK &&
           kozo_sched_control_configure(time, at.lent, BUDGET, 0) == KOZO_OK &&
           kozo_timer_bind(at.timer, at.wake) == KOZO_OK &&
           start_thread(at.watcher, at.context, run_watcher, WAITERS, above) &&
           kozo_thread_set_priority(self, at.priority) == KOZO_OK;
}

int main(int argument_count, char **arguments)
{
    (void)argument_count;
    (void)arguments;
    return set_up() && measure(nullptr, 0) == 0 && watch_all() == 0 ? 0 : 1;
}
