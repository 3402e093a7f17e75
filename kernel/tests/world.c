// SPDX-License-Identifier: MIT
#include "world.h"

#include <stdio.h>

#include "arch/host/invariants/invariants.h"
#include "entry.h"
#include "object/object.h"
#include "sched/scheduler.h"

constexpr unsigned TURNS = 64;
constexpr unsigned RESTARTS = 100'000;

struct world world;
unsigned world_broken;

// --- The beginning ------------------------------------------------------------------------------

static physical_t next_memory;
static struct slot *first_slot; // of the CNode

static void *take(uint64_t size)
{
    next_memory = (next_memory + size - 1) & ~(size - 1);
    void *memory = arch_window(next_memory);
    memset(memory, 0, size);
    next_memory += size;
    return memory;
}

static void put(struct cnode *cnode, uint64_t number, struct slot content)
{
    content.rights = object_types[content.type].rights;
    slot_insert(&cnode->slot[0] + number, &kernel.root, &content);
}

static void *put_object(struct cnode *cnode, uint64_t number, enum kozo_object_type type)
{
    struct object *object = take((uint64_t)1 << object_types[type].bits);

    object_create(object, type, 0);
    object->grave.header.references = 1;
    put(cnode, number, (struct slot){.type = (uint8_t)type, .object = link_to(object)});
    return object;
}

static struct cnode *put_cnode(void)
{
    struct object *object = take((uint64_t)KOZO_SLOT_SIZE << WORLD_CNODE_BITS);
    struct cnode *cnode = (struct cnode *)object;

    object_create(object, KOZO_TYPE_CNODE, WORLD_CNODE_BITS);
    object->grave.header.references = 1;
    put(cnode, AT_CNODE,
        (struct slot){
            .type = KOZO_TYPE_CNODE, .object = link_to(object), .size = cnode_slots(cnode) - 1});
    return cnode;
}

static void put_memory(struct cnode *cnode, uint64_t number, enum kozo_object_type type,
                       physical_t base, uint64_t size, uint8_t flags)
{
    put(cnode, number,
        (struct slot){.type = (uint8_t)type, .flags = flags, .base = base, .size = size});
}

static void put_others(struct cnode *cnode)
{
    put(cnode, AT_IRQ_CONTROL, (struct slot){.type = KOZO_TYPE_IRQ_CONTROL});
    put(cnode, AT_PORTS, (struct slot){.type = KOZO_TYPE_IO_PORT, .size = 0x10000});
    put(cnode, AT_SCHED_CONTROL, (struct slot){.type = KOZO_TYPE_SCHED_CONTROL});
    put(cnode, AT_AUDIT_LOG, (struct slot){.type = KOZO_TYPE_AUDIT_LOG});
    put(cnode, AT_AUDIT_DIGEST, (struct slot){.type = KOZO_TYPE_AUDIT_DIGEST});
    put(cnode, AT_ENTROPY, (struct slot){.type = KOZO_TYPE_ENTROPY});
    put_memory(cnode, AT_DEVICES, KOZO_TYPE_UNTYPED, HOST_RAM + HOST_IMAGE, HOST_DEVICES,
               SLOT_DEVICE);
}

void world_begin(void)
{
    host_reset();
    world = (struct world){};
    struct cpu *cpu = arch_cpu();
    next_memory = PAGE;

    struct cnode *cnode = put_cnode();
    struct slot *slot = first_slot = &cnode->slot[0];
    struct pool *pool = put_object(cnode, AT_POOL, KOZO_TYPE_POOL);
    struct thread *thread = put_object(cnode, AT_THREAD, KOZO_TYPE_THREAD);
    struct sched_context *context = put_object(cnode, AT_CONTEXT, KOZO_TYPE_SCHED_CONTEXT);
    struct address_space *space = put_object(cnode, AT_SPACE, KOZO_TYPE_ADDRESS_SPACE);

    physical_t buffer = arch_physical(take(PAGE));
    put_memory(cnode, AT_BUFFER, KOZO_TYPE_FRAME, buffer, PAGE, 0);
    put_memory(cnode, AT_FREE, KOZO_TYPE_UNTYPED, next_memory, WORLD_TABLES * PAGE, 0);
    next_memory += WORLD_TABLES * PAGE;
    CHECK(pool_donate(pool, &slot[AT_FREE]) == KOZO_OK);
    address_space_attach(space, pool);
    put_memory(cnode, AT_MEMORY, KOZO_TYPE_UNTYPED, next_memory, HOST_RAM - next_memory, 0);
    put_others(cnode);

    capability_copy(&slot[AT_CNODE], &thread->cspace, SLOT_IN_THREAD);
    capability_copy(&slot[AT_SPACE], &thread->space, SLOT_IN_THREAD);
    capability_copy(&slot[AT_BUFFER], &thread->buffer, SLOT_IN_THREAD);
    thread->priority = WORLD_PRIORITY;
    thread->own_priority = WORLD_PRIORITY;
    thread->state = READY;
    sched_context_set_budget(context, BUDGET_DEFAULT, 0);
    sched_context_give(cpu, &slot[AT_CONTEXT], thread);
    (void)scheduler_choose(cpu);
}

// --- Entries ------------------------------------------------------------------------------------

static void after_entry(const struct thread *resumed, const char *entry)
{
    static char line[300];
    const struct thread *current = arch_cpu()->current;
    host_exit();
    const char *broken = invariants_broken();

    world.entries++;
    if (broken != nullptr) {
        world_broken++;
        (void)snprintf(line, sizeof(line), "after %s: %s", entry, broken);
        test_failed(__FILE__, __LINE__, line);
    }
    CHECK(resumed == current);
}

void world_second_processor(uint64_t slot)
{
    struct slot content = {
        .type = KOZO_TYPE_SCHED_CONTROL, .rights = KOZO_RIGHT_CONTROL, .value = 1};

    slot_insert(world_slot(slot), &kernel.root, &content);
    kernel.processors = 2;
    kernel.lock.needed = true;
}

void world_move(uint64_t slot, uint64_t sched_control)
{
    CHECK(CALL(SCHED_CONTROL_CONFIGURE, sched_control, slot + 1, BUDGET_DEFAULT) == KOZO_OK);
}

void world_on(unsigned processor)
{
    host.processor = processor;
}

struct thread *world_current(void)
{
    return arch_cpu()->current;
}

static bool enter(struct thread *thread)
{
    char entry[32];
    uint64_t after = thread->registers.instruction + HOST_SYSCALL_SIZE;

    (void)snprintf(entry, sizeof(entry), "operation %#x",
                   (unsigned)thread->registers.operation & 0xfff);
    thread->registers.instruction = after;
    host_touch_all();
    const struct thread *resumed = kernel_syscall(arch_cpu());
    after_entry(resumed, entry);
    if (thread->registers.instruction != after) {
        return false;
    }
    memcpy(world.result, thread->registers.argument, sizeof(world.result));
    world.badge = thread->registers.handle;
    return true;
}

bool world_enter(uint64_t operation, uint64_t handle, const uint64_t argument[9])
{
    struct thread *thread = world_current();

    thread->registers.operation = operation;
    thread->registers.handle = handle;
    memcpy(thread->registers.argument, argument, sizeof(thread->registers.argument));
    return enter(thread);
}

unsigned world_again(void)
{
    struct thread *thread = world_current();

    while (!enter(thread)) {
        world.restarts++;
        if (world_current() != thread || world.restarts > RESTARTS) {
            return WAITS;
        }
    }
    bool back = world_current() == thread || (thread->state == READY && thread->queued);
    return back ? (unsigned)thread->registers.operation : WAITS;
}

unsigned world_call(uint64_t operation, uint64_t handle, const uint64_t argument[9])
{
    struct thread *thread = world_current();

    world.restarts = 0;
    if (thread == nullptr) {
        test_failed(__FILE__, __LINE__, "nobody runs who could make a system call");
        return WAITS;
    }
    thread->registers.operation = operation;
    thread->registers.handle = handle;
    memcpy(thread->registers.argument, argument, sizeof(thread->registers.argument));
    return world_again();
}

void world_fault(uint64_t address)
{
    const struct fault fault = {
        .kind = KOZO_FAULT_PAGE, .access = KOZO_RIGHT_WRITE, .address = address};

    host_touch_all();
    after_entry(kernel_fault(arch_cpu(), &fault), "a fault");
}

void world_timer(void)
{
    host_touch_all();
    after_entry(kernel_timer(arch_cpu()), "the timer");
}

void world_interrupt(unsigned interrupt)
{
    host_touch_all();
    arch_interrupt_unmask(interrupt);
    after_entry(kernel_interrupt(arch_cpu(), interrupt), "an interrupt");
}

bool world_run(const struct thread *thread)
{
    for (unsigned i = 0; i < TURNS && world_current() != thread; i++) {
        if (world_current() == nullptr) {
            return false;
        }
        (void)CALL(KERNEL_YIELD, 0);
    }
    return world_current() == thread;
}

// --- What a test looks at and makes -------------------------------------------------------------

enum kozo_error world_answer(const struct thread *thread)
{
    return (enum kozo_error)thread->registers.operation;
}

uint64_t world_badge(const struct thread *thread)
{
    return thread->registers.handle;
}

uint64_t world_info(const struct thread *thread)
{
    return thread->registers.argument[0];
}

uint64_t world_word(const struct thread *thread, unsigned number)
{
    return thread->registers.argument[2 + number];
}

void world_make(enum kozo_object_type type, uint64_t size, uint64_t slot)
{
    CHECK(CALL(UNTYPED_RETYPE, AT_MEMORY, type, size, slot, 1) == KOZO_OK);
}

struct thread *world_thread(uint64_t slot)
{
    world_make(KOZO_TYPE_THREAD, 0, slot);
    world_make(KOZO_TYPE_SCHED_CONTEXT, 0, slot + 1);
    CHECK(CALL(THREAD_CONFIGURE, slot, AT_CNODE, AT_SPACE) == KOZO_OK);
    CHECK(CALL(SCHED_CONTROL_CONFIGURE, AT_SCHED_CONTROL, slot + 1, BUDGET_DEFAULT) == KOZO_OK);
    CHECK(CALL(SCHED_CONTEXT_BIND, slot + 1, slot) == KOZO_OK);
    CHECK(CALL(THREAD_SET_PRIORITY, slot, WORLD_PRIORITY) == KOZO_OK);
    CHECK(CALL(THREAD_RESUME, slot) == KOZO_OK);
    return (struct thread *)world_object(slot);
}

struct thread *world_thread_with_buffer(uint64_t slot)
{
    struct thread *thread = world_thread(slot);

    CHECK(CALL(THREAD_SUSPEND, slot) == KOZO_OK);
    world_make(KOZO_TYPE_FRAME, ARCH_PAGE_BITS, slot + 2);
    CHECK(CALL(THREAD_CONFIGURE, slot, 0, 0, slot + 2) == KOZO_OK);
    CHECK(CALL(THREAD_RESUME, slot) == KOZO_OK);
    return thread;
}

struct slot *world_slot(uint64_t number)
{
    return first_slot + number;
}

struct object *world_object(uint64_t slot)
{
    return slot_object(world_slot(slot));
}

struct sched_context *world_context(uint64_t slot)
{
    return (struct sched_context *)world_object(slot);
}

bool world_is_empty(uint64_t slot)
{
    return world_slot(slot)->type == KOZO_TYPE_NONE;
}

uint64_t info_word(uint32_t label, unsigned length, unsigned caps)
{
    return (uint64_t)label << 32 | (uint64_t)caps << 8 | length;
}

// --- The state as a number ----------------------------------------------------------------------

static uint64_t hash_words(uint64_t hash, const void *memory, uint64_t size)
{
    const uint64_t *word = memory;

    for (uint64_t i = 0; i < size / sizeof(*word); i++) {
        hash = (hash ^ word[i]) * UINT64_C(0x9e3779b97f4a7c15);
        hash ^= hash >> 29;
    }
    return hash;
}

uint64_t world_hash(const struct thread *except)
{
    struct arch_registers *registers =
        except == nullptr ? nullptr : (struct arch_registers *)&except->registers;
    struct arch_registers saved = {};
    uint32_t work = arch_cpu()->work;

    if (registers != nullptr) {
        saved = *registers;
        *registers = (struct arch_registers){};
    }
    arch_cpu()->work = 0;
    uint64_t hash = hash_words(UINT64_C(0xcbf29ce484222325), host_ram, sizeof(host_ram));
    hash = hash_words(hash, &kernel, offsetof(struct kernel, entropy) / 8 * 8);
    hash = hash_words(hash, arch_cpu(), sizeof(struct cpu));
    // What else another processor keeps depends on how often it was interrupted.
    for (unsigned i = 0; i < kernel.processors; i++) {
        const struct cpu *cpu = &kernel.cpu[i];
        uint64_t who[] = {link_to(cpu->current), cpu->context, cpu->pending};
        hash = hash_words(hash, who, sizeof(who));
        hash = hash_words(hash, cpu->queue, sizeof(cpu->queue));
    }
    arch_cpu()->work = work;
    if (registers != nullptr) {
        *registers = saved;
    }
    return hash;
}
