// SPDX-License-Identifier: MIT
// What the files of the reference model share. Read them beside abi/object: slots.c, time.c,
// tables.c and deleting.c say what the state means, the others hold one function for each
// operation. As in abi/object, all that can be refused comes first and changes nothing.
#pragma once

#include "model.h"
#include "object/pool.h"
#include "object/thread.h"
#include "object/timer.h"

constexpr uint64_t PAGE = ARCH_PAGE_SIZE;
constexpr uint64_t TABLE_PAGES = 1 << ARCH_TABLE_BITS;
constexpr unsigned READ = KOZO_RIGHT_READ;
constexpr unsigned WRITE = KOZO_RIGHT_WRITE;
constexpr unsigned CONTROL = KOZO_RIGHT_CONTROL;
constexpr unsigned MEMORY = KOZO_RIGHT_READ | KOZO_RIGHT_WRITE | KOZO_RIGHT_EXECUTE;
constexpr uint64_t NO_LIMIT = UINT64_MAX;

// Where the capabilities in a thread and in a Pool stand.
constexpr name_t PART_CSPACE = offsetof(struct thread, cspace) / KOZO_SLOT_SIZE;
constexpr name_t PART_SPACE = offsetof(struct thread, space) / KOZO_SLOT_SIZE;
constexpr name_t PART_HANDLER = offsetof(struct thread, fault_handler) / KOZO_SLOT_SIZE;
constexpr name_t PART_BUFFER = offsetof(struct thread, buffer) / KOZO_SLOT_SIZE;
constexpr name_t PART_CONTEXT = offsetof(struct thread, context) / KOZO_SLOT_SIZE;
constexpr name_t PART_TIMER = offsetof(struct timer, notification) / KOZO_SLOT_SIZE;
constexpr name_t PART_DONORS = offsetof(struct pool, donor) / KOZO_SLOT_SIZE;

// One system call being made.
struct making {
    struct model *model;
    name_t caller;
    uint64_t handle;
    uint64_t *argument; // of the caller; results go there too
    name_t slot;        // of the capability that is invoked, for operations on one
    name_t object;      // that it names
};

// Each operation: the type and the rights of the capability that the kernel looks up for it (NONE:
// it acts on any slot), and its function.
#define MODEL_OPERATIONS(X)                                                                        \
    X(UNTYPED_RETYPE, UNTYPED, 0, do_retype)                                                       \
    X(UNTYPED_INFO, UNTYPED, 0, do_untyped_info)                                                   \
    X(CNODE_COPY, NONE, 0, do_copy)                                                                \
    X(CNODE_MINT, NONE, 0, do_mint)                                                                \
    X(CNODE_LEND, NONE, 0, do_lend)                                                                \
    X(CNODE_MOVE, NONE, 0, do_move)                                                                \
    X(CNODE_DELETE, NONE, 0, do_delete)                                                            \
    X(CNODE_DELETE_RUN, NONE, 0, do_delete_run)                                                    \
    X(CNODE_REVOKE, NONE, 0, do_revoke)                                                            \
    X(CNODE_INSPECT, NONE, 0, do_inspect)                                                          \
    X(LEASE_OPEN, LEASE, CONTROL, do_lease_open)                                                   \
    X(LEASE_CLOSE, LEASE, CONTROL, do_lease_close)                                                 \
    X(LEASE_INFO, LEASE, READ, do_lease_info)                                                      \
    X(FRAME_MAP, FRAME, 0, do_map)                                                                 \
    X(FRAME_ADDRESS, FRAME, KOZO_RIGHT_PHYS, do_frame_address)                                     \
    X(MAPPING_SET, MAPPING, 0, do_mapping_set)                                                     \
    X(MAPPING_LOWER, MAPPING, 0, do_mapping_lower)                                                 \
    X(MAPPING_INFO, MAPPING, 0, do_mapping_info)                                                   \
    X(POOL_DONATE, POOL, CONTROL, do_donate)                                                       \
    X(POOL_ATTACH, POOL, CONTROL, do_attach)                                                       \
    X(POOL_TRIM, POOL, CONTROL, do_trim)                                                           \
    X(POOL_INFO, POOL, READ, do_pool_info)                                                         \
    X(ADDRESS_SPACE_CLONE, ADDRESS_SPACE, CONTROL, do_clone)                                       \
    X(ADDRESS_SPACE_INFO, ADDRESS_SPACE, READ, do_space_info)                                      \
    X(ENDPOINT_CALL, ENDPOINT, WRITE, do_call)                                                     \
    X(ENDPOINT_SEND, ENDPOINT, WRITE, do_send)                                                     \
    X(ENDPOINT_TRY_SEND, ENDPOINT, WRITE, do_try_send)                                             \
    X(ENDPOINT_RECV, ENDPOINT, READ, do_recv)                                                      \
    X(ENDPOINT_TRY_RECV, ENDPOINT, READ, do_try_recv)                                              \
    X(ENDPOINT_REPLY_RECV, ENDPOINT, READ, do_reply_recv)                                          \
    X(ENDPOINT_VERIFY, ENDPOINT, READ, do_verify)                                                  \
    X(REPLY_REPLY, REPLY, 0, do_reply)                                                             \
    X(NOTIFICATION_SIGNAL, NOTIFICATION, WRITE, do_signal)                                         \
    X(NOTIFICATION_WAIT, NOTIFICATION, READ, do_wait)                                              \
    X(NOTIFICATION_POLL, NOTIFICATION, READ, do_poll)                                              \
    X(THREAD_CONFIGURE, THREAD, CONTROL, do_configure)                                             \
    X(THREAD_RESUME, THREAD, CONTROL, do_resume)                                                   \
    X(THREAD_SET_FOREIGN, THREAD, CONTROL, do_set_foreign)                                         \
    X(THREAD_INTERRUPT, THREAD, CONTROL, do_interrupt)                                             \
    X(THREAD_CANCEL, THREAD, CONTROL, do_cancel)                                                   \
    X(THREAD_SUSPEND, THREAD, CONTROL, do_suspend)                                                 \
    X(THREAD_SET_PRIORITY, THREAD, CONTROL, do_set_priority)                                       \
    X(THREAD_BIND_NOTIFICATION, THREAD, CONTROL, do_bind_notification)                             \
    X(THREAD_BIND_ENDPOINT, THREAD, CONTROL, do_bind_endpoint)                                     \
    X(TIMER_BIND, TIMER, CONTROL, do_timer_bind)                                                   \
    X(TIMER_SET, TIMER, CONTROL, do_timer_set)                                                     \
    X(TIMER_CANCEL, TIMER, CONTROL, do_timer_cancel)                                               \
    X(TIMER_INFO, TIMER, READ, do_timer_info)                                                      \
    X(SCHED_CONTEXT_BIND, SCHED_CONTEXT, CONTROL, do_bind_context)                                 \
    X(SCHED_CONTEXT_UNBIND, SCHED_CONTEXT, CONTROL, do_unbind_context)

#define DECLARE(operation, type, rights, function) enum kozo_error function(struct making *call);
MODEL_OPERATIONS(DECLARE)
#undef DECLARE

// --- slots.c --------------------------------------------------------------------------------------

struct model_place {
    bool exists;
    name_t slot, cnode;
    unsigned rights; // of the capability to the CNode
    uint64_t index, slots;
};

static inline struct model_slot *slot_in(struct model *model, name_t place)
{
    return &model->slot[place];
}

static inline struct model_object *object_in(struct model *model, name_t place)
{
    return &model->object[place];
}

static inline struct model_thread *thread_in(struct model *model, name_t place)
{
    return &model->object[place].thread;
}

bool has_object(uint64_t type);
bool can_be_copied(unsigned type);
unsigned size_bits(uint64_t type);
unsigned fresh_rights(uint64_t type);
struct model_place find_place(const struct making *call, uint64_t handle);
name_t find(const struct making *call, uint64_t handle);
enum kozo_error check_empty(const struct making *call, const struct model_place *place);
enum kozo_error find_typed(const struct making *call, uint64_t handle, unsigned type,
                           unsigned rights, name_t *slot);
name_t find_child(struct model *model, name_t parent);
void empty_slot(struct model *model, name_t slot);
void move_slot(struct model *model, name_t from, name_t to, enum model_where where);
void copy_slot(struct model *model, name_t from, name_t to, enum model_where where);

// --- time.c ---------------------------------------------------------------------------------------

void queue_leave(struct model_queue *queue, name_t thread);
void queue_join(struct model_queue *queue, name_t thread);
void queue_join_first(struct model_queue *queue, name_t thread);
bool queue_has(const struct model_queue *queue, name_t thread);
struct model_queue *ready_list(struct model *model, name_t thread);
name_t time_of(struct model *model, name_t thread);
bool can_run(struct model *model, name_t thread);
void leave_ready(struct model *model, name_t thread);
void join_ready(struct model *model, name_t thread);
void lend(struct model *model, name_t caller, name_t server);
void send_time_home(struct model *model, name_t server);
void set_faulted(struct model_thread *thread);
void give_up(struct model *model, name_t thread);
void wake(struct model *model, name_t thread, enum kozo_error error);
void forget_reply(struct model *model, name_t thread);
void stop_waiting(struct model *model, name_t thread);
void cancel(struct model *model, name_t thread, enum kozo_error error);
bool is_waiting(unsigned state);
void stop(struct model *model, name_t thread);
void take_time_away(struct model *model, name_t context);

// --- waits.c --------------------------------------------------------------------------------------

enum kozo_error check_wait(struct model *model, name_t thread, name_t endpoint);
void begin_wait(struct model *model, name_t thread, name_t server);
void end_wait(struct model *model, name_t thread);
void settle_priority(struct model *model, name_t thread);

// --- tables.c -------------------------------------------------------------------------------------

struct model_map *map_of(struct model *model, name_t space);
void map_add(struct model *model, name_t space);
uint64_t count_tables(const struct model_map *map);
bool has_tables(struct model *model, const struct model_slot *slot, uint64_t offset, uint64_t pages,
                bool fills);
void show(struct model *model, name_t mapping, uint64_t offset, uint64_t pages, unsigned rights);
void limit(struct model *model, name_t mapping, uint64_t offset, uint64_t pages, unsigned rights,
           bool splits);
void trim(struct model *model, name_t space, uint64_t first);
bool clone(struct model *model, name_t source, name_t copy, uint64_t *offset, unsigned rights);
unsigned count_spaces(struct model *model, name_t pool);
void leave_pool(struct model *model, name_t space, bool give_back);
void clear_pool(struct model *model, name_t pool);
uint64_t donor_pages(const struct model_slot *donor);

// --- deleting.c -----------------------------------------------------------------------------------

// Objects whose last capability is gone, and that are to be taken apart.
struct dying {
    name_t object[UNITS];
    unsigned count;
};

void delete_slot(struct model *model, struct dying *dying, name_t place);
void end_all(struct model *model, struct dying *dying);
void revoke(struct model *model, name_t slot);

// --- cnode.c --------------------------------------------------------------------------------------

enum kozo_error derive(struct making *call, uint64_t rights, uint64_t value, name_t lease);

// --- lease.c --------------------------------------------------------------------------------------

bool lease_is_open(struct model *model, name_t lease);

// --- message.c ------------------------------------------------------------------------------------

// The IPC buffer of a thread; null for none.
struct model_buffer *buffer_of(struct model *model, name_t thread);
void wait_on(struct model *model, name_t object, name_t thread, unsigned state);
enum kozo_error call_endpoint(struct model *model, name_t caller, name_t endpoint, uint64_t badge);
void give_signals(struct model *model, name_t receiver, uint64_t signals);

// --- foreign.c ------------------------------------------------------------------------------------

// The thread, which is ready, did something that its fault handler has to hear of.
void fault(struct model *model, name_t thread, enum kozo_fault_kind kind);

// A system call of a foreign thread, with its registers.
void foreign_call(struct model *model, name_t thread);

// The thread is ready again: if it is to be interrupted, its handler hears of it.
void continue_foreign(struct model *model, name_t thread);

// --- notification.c and timer.c -------------------------------------------------------------------

void give_signal(struct model *model, name_t notification, uint64_t badge);

// Carries out what is due at this time.
void timers_expire(struct model *model, uint64_t now);
