// SPDX-License-Identifier: MIT
// From a machine to init: the last thing that the kernel does by itself. Read kernel_start, at the
// end, first.
//
// All that init starts with is made here by the same functions that serve system calls; only the
// memory for it comes from a bump allocator at the start of the largest run of RAM. What is left of
// all RAM, and all that is not RAM, goes to init as Untyped capabilities.
#include "boot/boot.h"

#include "boot/init_image.h"
#include "kernel.h"
#include "lib/memory.h"
#include "object/address_space.h"
#include "object/cnode.h"
#include "object/mapping.h"
#include "object/pool.h"
#include "object/sched_context.h"
#include "object/thread.h"
#include "panic/build_id.h"
#include "panic/panic.h"
#include "sched/scheduler.h"

constexpr uint64_t PAGE = (uint64_t)1 << ARCH_PAGE_BITS;
constexpr unsigned INIT_CNODE_BITS = 12;
constexpr uint64_t INIT_STACK = 64 * 1024;
constexpr uint64_t INIT_TABLES = 64 * PAGE;
constexpr uint8_t INIT_PRIORITY = 200;
constexpr uint64_t THREAD_BLOCK =
    2048; // where in the page of the IPC buffer the thread pointer points
constexpr uint64_t IO_PORTS = 0x10000;
constexpr uint64_t BOOT_MAGIC = 0x6f66'6e69'6f7a'6f6b;

struct start {
    struct boot *boot;
    struct cpu *cpu;
    struct memory_range *memory; // the range that the allocator eats into
    physical_t memory_base;      // where it began
    struct cnode *cnode;
    uint64_t next_slot;
    struct address_space *space;
    struct thread *thread;
    struct kozo_boot_info *info;
    uint64_t init_base;    // lowest address of init's image
    uint64_t next_address; // user addresses from here on are free
};

// --- Memory -------------------------------------------------------------------------------------

static struct memory_range *largest_ram(struct boot *boot)
{
    struct memory_range *largest = nullptr;

    for (size_t i = 0; i < boot->ranges; i++) {
        struct memory_range *range = &boot->range[i];
        bool fits = range->kind == MEMORY_RAM && range->base + range->size <= LINK_END;
        if (fits && (largest == nullptr || range->size > largest->size)) {
            largest = range;
        }
    }
    if (largest == nullptr) {
        panic("the firmware reports no usable memory");
    }
    return largest;
}

// Zeroed memory, aligned to its size, which is a power of two.
static physical_t take(struct start *start, uint64_t size)
{
    struct memory_range *memory = start->memory;
    physical_t base = (memory->base + size - 1) & ~(size - 1);
    uint64_t used = base + size - memory->base;

    if (used > memory->size) {
        panic("too little memory to start init");
    }
    memory->base += used;
    memory->size -= used;
    memory_zero(arch_window(base), size);
    return base;
}

// Zeroed whole pages.
static physical_t take_pages(struct start *start, uint64_t size)
{
    physical_t base = take(start, PAGE);

    for (uint64_t i = PAGE; i < size; i += PAGE) {
        take(start, PAGE);
    }
    return base;
}

// What is left begins at a page.
static void round_memory(struct start *start)
{
    uint64_t rest = -start->memory->base & (PAGE - 1);

    start->memory->base += rest;
    start->memory->size -= rest < start->memory->size ? rest : start->memory->size;
}

// --- Capabilities -------------------------------------------------------------------------------

static struct slot *put(struct start *start, uint64_t number, struct slot *parent,
                        struct slot content)
{
    struct slot *slot = &start->cnode->slot[number];

    slot_insert(slot, parent, &content);
    return slot;
}

static struct slot *put_next(struct start *start, struct slot *parent, struct slot content)
{
    return put(start, start->next_slot++, parent, content);
}

static struct slot object_content(struct object *object)
{
    enum kozo_object_type type = object->grave.header.type;

    object->grave.header.references++;
    return (struct slot){
        .type = (uint8_t)type,
        .rights = object_types[type].rights,
        .object = link_to(object),
        .size = type == KOZO_TYPE_CNODE ? cnode_slots((const struct cnode *)object) - 1 : 0,
    };
}

static void *make(struct start *start, enum kozo_object_type type, uint64_t number)
{
    struct object *object = arch_window(take(start, (uint64_t)1 << object_types[type].bits));

    object_create(object, type, 0);
    put(start, number, &kernel.root, object_content(object));
    return object;
}

static void put_simple(struct start *start, enum kozo_object_type type, uint64_t number,
                       uint64_t first, uint64_t size)
{
    put(start, number, &kernel.root,
        (struct slot){
            .type = (uint8_t)type,
            .rights = object_types[type].rights,
            .value = first,
            .size = size,
        });
}

static struct slot memory_content(enum kozo_object_type type, physical_t base, uint64_t size,
                                  uint8_t flags)
{
    return (struct slot){
        .type = (uint8_t)type,
        .flags = flags,
        .rights = object_types[type].rights,
        .base = base,
        .size = size,
    };
}

static struct slot *put_frame(struct start *start, uint64_t number, physical_t base, uint64_t size)
{
    return put(start, number, &kernel.root, memory_content(KOZO_TYPE_FRAME, base, size, 0));
}

// --- Init's address space -----------------------------------------------------------------------

static void map(struct start *start, struct slot *frame, uint64_t address, unsigned rights)
{
    struct slot content = memory_content(KOZO_TYPE_MAPPING, frame->base, frame->size, 0);
    content.value = address;
    content.rights = (uint16_t)rights;
    struct slot *mapping = put_next(start, frame, content);

    if (!mapping_has_tables(start->space, mapping, 0, frame->size, rights)) {
        panic("the initrd is too large for init's first page tables");
    }
    address_space_mapping_add(start->space, mapping);
    for (uint64_t done = 0; done < frame->size;) {
        start->cpu->work = 0;
        done += mapping_fill(start->cpu, mapping, done, frame->size - done, rights);
    }
}

// Maps a frame at the next free address and gives that.
static uint64_t map_next(struct start *start, struct slot *frame, unsigned rights)
{
    uint64_t address = start->next_address;

    map(start, frame, address, rights);
    start->next_address += frame->size;
    return address;
}

static uint64_t map_image(struct start *start)
{
    const struct init_image image = init_image_read(start->boot->init_base, start->boot->init_end);

    start->next_slot = KOZO_BOOT_SLOT_IMAGE;
    for (unsigned i = 0; i < image.segments; i++) {
        const struct init_segment *segment = &image.segment[i];
        if (segment->file_size > 0) {
            map(start, put_frame(start, start->next_slot++, segment->file, segment->file_size),
                segment->address, segment->rights);
        }
        if (segment->zero_size > 0) {
            physical_t zero = take_pages(start, segment->zero_size);
            map(start, put_frame(start, start->next_slot++, zero, segment->zero_size),
                segment->address + segment->file_size, segment->rights);
        }
    }
    start->init_base = image.base;
    start->next_address = image.end + PAGE;
    return image.entry;
}

static void map_initrd(struct start *start)
{
    const struct boot *boot = start->boot;
    physical_t base = boot->initrd_base & ~(PAGE - 1);
    physical_t end = (boot->initrd_base + boot->initrd_size + PAGE - 1) & ~(PAGE - 1);

    if (boot->initrd_size == 0) {
        return;
    }
    struct slot *frame = put_frame(start, KOZO_BOOT_SLOT_INITRD, base, end - base);
    uint64_t address = map_next(start, frame, KOZO_RIGHT_READ);
    start->info->initrd_address = address + (boot->initrd_base - base);
    start->info->initrd_size = boot->initrd_size;
    start->info->initrd_physical = boot->initrd_base;
}

// --- Init ---------------------------------------------------------------------------------------

static void make_objects(struct start *start)
{
    struct object *cnode = arch_window(take(start, (uint64_t)KOZO_SLOT_SIZE << INIT_CNODE_BITS));
    object_create(cnode, KOZO_TYPE_CNODE, INIT_CNODE_BITS);
    start->cnode = (struct cnode *)cnode;
    struct slot *root = put(start, KOZO_BOOT_SLOT_CNODE, &kernel.root, object_content(cnode));

    physical_t tables = take(start, INIT_TABLES);
    struct pool *pool = make(start, KOZO_TYPE_POOL, KOZO_BOOT_SLOT_POOL);
    struct slot *donor = put(start, KOZO_BOOT_SLOT_IMAGE, &kernel.root,
                             memory_content(KOZO_TYPE_UNTYPED, tables, INIT_TABLES, 0));
    enum kozo_error donated = pool_donate(pool, donor);
    ASSERT(donated == KOZO_OK);
    start->space = make(start, KOZO_TYPE_ADDRESS_SPACE, KOZO_BOOT_SLOT_ADDRESS_SPACE);
    address_space_attach(start->space, pool);

    start->thread = make(start, KOZO_TYPE_THREAD, KOZO_BOOT_SLOT_THREAD);
    capability_copy(root, &start->thread->cspace, SLOT_IN_THREAD);
    capability_copy(&start->cnode->slot[KOZO_BOOT_SLOT_ADDRESS_SPACE], &start->thread->space,
                    SLOT_IN_THREAD);

    put_simple(start, KOZO_TYPE_IRQ_CONTROL, KOZO_BOOT_SLOT_IRQ_CONTROL, 0, 0);
    put_simple(start, KOZO_TYPE_IO_PORT, KOZO_BOOT_SLOT_IO_PORT, 0, IO_PORTS);
    put_simple(start, KOZO_TYPE_SCHED_CONTROL, KOZO_BOOT_SLOT_SCHED_CONTROL, 0, 0);
    put_simple(start, KOZO_TYPE_AUDIT_LOG, KOZO_BOOT_SLOT_AUDIT_LOG, 0, 0);
    put_simple(start, KOZO_TYPE_AUDIT_DIGEST, KOZO_BOOT_SLOT_AUDIT_DIGEST, 0, 0);
    put_simple(start, KOZO_TYPE_ENTROPY, KOZO_BOOT_SLOT_ENTROPY, 0, 0);
}

static void put_processors(struct start *start)
{
    start->info->processors_started = kernel.processors;
    start->info->more_processors = start->next_slot;
    for (unsigned i = 1; i < kernel.processors; i++) {
        put_simple(start, KOZO_TYPE_SCHED_CONTROL, start->next_slot++, i, 0);
    }
}

static void start_thread(struct start *start, uint64_t entry)
{
    constexpr unsigned read_write = KOZO_RIGHT_READ | KOZO_RIGHT_WRITE;
    struct thread *thread = start->thread;

    physical_t info = take(start, PAGE);
    start->info = arch_window(info);
    struct slot *info_frame = put_frame(start, KOZO_BOOT_SLOT_BOOT_INFO, info, PAGE);
    uint64_t info_address = map_next(start, info_frame, KOZO_RIGHT_READ);

    struct slot *buffer = put_frame(start, KOZO_BOOT_SLOT_IPC_BUFFER, take(start, PAGE), PAGE);
    uint64_t buffer_address = map_next(start, buffer, read_write);
    capability_copy(buffer, &thread->buffer, SLOT_IN_THREAD);

    start->next_address += PAGE; // a guard below the stack
    struct slot *stack =
        put_frame(start, KOZO_BOOT_SLOT_STACK, take(start, INIT_STACK), INIT_STACK);
    uint64_t stack_address = map_next(start, stack, read_write);
    start->next_address += PAGE; // and one above it

    arch_registers_start(&thread->registers, entry, stack_address + INIT_STACK, info_address,
                         buffer_address, buffer_address + THREAD_BLOCK);
    thread->priority = INIT_PRIORITY;
    thread->own_priority = INIT_PRIORITY;
    thread->state = READY;
    kernel.init = link_to(thread);

    struct sched_context *context =
        make(start, KOZO_TYPE_SCHED_CONTEXT, KOZO_BOOT_SLOT_SCHED_CONTEXT);
    sched_context_set_budget(context, BUDGET_DEFAULT, 0);
    sched_context_give(start->cpu, &start->cnode->slot[KOZO_BOOT_SLOT_SCHED_CONTEXT], thread);
}

// --- What is left -------------------------------------------------------------------------------

static void give_range(struct start *start, physical_t base, uint64_t size, bool device)
{
    struct kozo_boot_info *info = start->info;

    if (size == 0) {
        return;
    }
    if (info->untyped_count == KOZO_BOOT_UNTYPEDS) {
        info->memory_lost += device ? 0 : size;
        return;
    }
    info->untyped[info->untyped_count++] = (struct kozo_boot_untyped){
        .base = base,
        .size = size,
        .handle = start->next_slot,
        .device = device,
    };
    put_next(start, &kernel.root,
             memory_content(KOZO_TYPE_UNTYPED, base, size, device ? SLOT_DEVICE : 0));
}

// RAM goes out as it is; whatever is neither RAM nor kept is device memory.
static uint64_t give_memory(struct start *start)
{
    const struct boot *boot = start->boot;
    physical_t covered = 0;
    uint64_t given = 0;

    round_memory(start);
    for (size_t i = 0; i < boot->ranges; i++) {
        const struct memory_range *range = &boot->range[i];
        physical_t base = range == start->memory ? start->memory_base : range->base;
        if (range->kind == MEMORY_RESERVED) {
            continue;
        }
        give_range(start, covered, base - covered, true);
        if (range->kind == MEMORY_RAM) {
            give_range(start, range->base, range->size, false);
            given += range->size;
        }
        covered = range->base + range->size;
    }
    give_range(start, covered, ARCH_PHYSICAL_END - covered, true);
    return given;
}

static void fill_info(struct start *start)
{
    struct kozo_boot_info *info = start->info;
    const struct boot *boot = start->boot;
    uint64_t given = give_memory(start);

    info->magic = BOOT_MAGIC;
    info->version = KOZO_VERSION;
    info->free_slot = start->next_slot;
    info->slot_count = cnode_slots(start->cnode);
    info->init_base = start->init_base;
    info->init_end = start->next_address;
    info->rsdp_physical = boot->rsdp;
    info->tsc_frequency = arch_frequency();
    info->tsc_entry = boot->tsc_entry;
    info->tsc_invariant = arch_clock_is_invariant();
    info->tsc_calibration = boot->tsc_calibration;
    info->memory_total = boot->memory_total;
    info->memory_kernel = boot->memory_total - given;
    info->processors = boot->processors;
    info->firmware = boot->path;
    info->extended_size = arch_extended_size();
    info->extended_mask = arch_extended_mask();
    for (size_t i = 0; kernel.entropy.seeded && i < 4; i++) {
        info->random[i] = entropy_next(&kernel.entropy);
    }
    memcpy(info->command_line, boot->command_line, sizeof(info->command_line));
    const char *id = build_id();
    for (size_t i = 0; i < sizeof(info->build_id) && id[i] != 0; i++) {
        info->build_id[i] = (uint8_t)id[i];
    }
}

struct thread *kernel_start(struct boot *boot)
{
    struct start start = {
        .boot = boot,
        .cpu = arch_cpu(),
        .memory = largest_ram(boot),
    };

    start.memory_base = start.memory->base;
    entropy_start(&kernel.entropy, boot->command_line);
    make_objects(&start);
    uint64_t entry = map_image(&start);
    start_thread(&start, entry);
    map_initrd(&start);
    put_processors(&start);
    fill_info(&start);

    struct thread *first = scheduler_choose(start.cpu);
    start.info->tsc_user = arch_now();
    return first;
}
