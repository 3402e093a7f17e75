// SPDX-License-Identifier: MIT
// The process builder. Making a process is a list of steps; the first that fails ends the list, and
// what was made so far goes the way that every process goes.
#include <kozo/process.h>

#include <kozo/elf.h>
#include <kozo/machine.h>
#include <kozo/process_info.h>
#include <kozo/rights.h>
#include <kozo/thread_block.h>
#include <string.h>

const char *const KOZO_PROCESS_SHORT = "needs more memory than is free";

// The slots that a process takes in its parent's CNode.
enum part : uint64_t {
    PART_FRAME,
    PART_LARGE,
    PART_CNODE,
    PART_TABLES,
    PART_POOL,
    PART_SPACE,
    PART_THREAD,
    PART_CONTEXT,
    PART_EXTENDED,
    PART_FAULT,
    PART_WINDOW,
    PART_WINDOW_LARGE,
    PART_INFO,
    PART_BUFFER,
    PART_STACK,
    PART_SEGMENT, // one for each
    PART_VIEW = PART_SEGMENT + KOZO_ELF_SEGMENTS,
    PARTS = PART_VIEW + KOZO_PROCESS_VIEWS,
};

// Slots of the process's own CNode.
constexpr uint64_t FIRST_GIVEN = 2;

constexpr unsigned SLOT_ORDER = 6;        // log2 of KOZO_SLOT_SIZE
constexpr uint64_t OBJECTS_SIZE = 0x4000; // room for the objects that are neither Frame nor CNode
constexpr uint64_t TABLE_SPAN = 0x200000; // memory that one page table covers

struct builder {
    const struct kozo_home *home;
    const struct kozo_plan *plan;
    struct kozo_process *process;
    struct kozo_elf elf;
    uint64_t frame_used; // bytes of the Frame that have a use by now
    unsigned frame_order;
    size_t large; // the segment that has a Frame for itself; that of no segment: none has
    unsigned large_order;
    unsigned tables_order;
    uint64_t info_offset; // where in the Frame these pages are
    uint64_t buffer_offset;
    uint64_t stack_offset;
    uint64_t segment_offset[KOZO_ELF_SEGMENTS];
};

static uint64_t slot_of(const struct builder *builder, uint64_t part)
{
    return builder->process->slots + part;
}

uint64_t kozo_process_slot(const struct kozo_home *home, const struct kozo_process *process,
                           uint64_t slot)
{
    return process->cnode.handle | slot << home->cnode_bits;
}

uint64_t kozo_given_slot(size_t give)
{
    return FIRST_GIVEN + give;
}

enum kozo_error kozo_home_map(const struct kozo_home *home, struct kozo_frame frame,
                              struct kozo_slot mapping, uint64_t address, uint64_t offset,
                              uint64_t length, uint64_t rights)
{
    enum kozo_error error =
        kozo_frame_map(frame, mapping, home->space, address, offset, length, kozo_rights(rights));
    if (error != KOZO_NO_MEMORY) {
        return error;
    }
    struct kozo_taken taken = kozo_memory_take(home->memory, 16);
    if (taken.slot == 0) {
        return KOZO_NO_MEMORY;
    }
    error = kozo_pool_donate(home->pool, (struct kozo_untyped){taken.slot});
    if (error != KOZO_OK) {
        kozo_memory_give(home->memory, taken.piece);
        return error;
    }
    return kozo_frame_map(frame, mapping, home->space, address, offset, length,
                          kozo_rights(rights));
}

static uint64_t reserve(struct builder *builder, uint64_t bytes)
{
    uint64_t offset = builder->frame_used;
    builder->frame_used += bytes;
    return offset;
}

static const char *check_arguments(const struct kozo_plan *plan)
{
    size_t bytes = 0;
    for (size_t i = 0; i < plan->argument_count; i++) {
        bytes += strlen(plan->arguments[i]) + 1;
    }
    if (plan->argument_count > KOZO_PROCESS_ARGUMENTS || bytes > KOZO_PROCESS_TEXT) {
        return "is given too many arguments";
    }
    if (plan->gives + plan->tolds + 7 > KOZO_PROCESS_GRANTS || plan->views > KOZO_PROCESS_VIEWS) {
        return "is given too many capabilities";
    }
    return nullptr;
}

// Tables that a view may need: what lies beside the stack needs none, any other place may need one
// of each level.
static uint64_t view_tables(const struct kozo_view *view)
{
    uint64_t end = view->address + view->length;
    if (view->address / TABLE_SPAN == KOZO_PROCESS_INFO / TABLE_SPAN &&
        (end - 1) / TABLE_SPAN == KOZO_PROCESS_INFO / TABLE_SPAN) {
        return 0;
    }
    return (end - 1) / TABLE_SPAN - view->address / TABLE_SPAN + 4;
}

static uint64_t segment_size(const struct builder *builder, size_t number)
{
    const struct kozo_elf_segment *segment = &builder->elf.segment[number];
    return kozo_elf_end_page(segment) - kozo_elf_first_page(segment);
}

// Frames come in powers of two: the largest segment is apart when that takes less memory. A program
// that is given its own Frame finds all of it there.
static void choose_large(struct builder *builder)
{
    uint64_t all = KOZO_PROCESS_STACK_SIZE + 2 * KOZO_PAGE_SIZE;
    size_t largest = 0;
    builder->large = builder->elf.segments;
    for (size_t i = 0; i < builder->elf.segments; i++) {
        all += segment_size(builder, i);
        largest = segment_size(builder, i) > segment_size(builder, largest) ? i : largest;
    }
    unsigned order = kozo_order_of(segment_size(builder, largest));
    uint64_t apart = (1ul << order) + (1ul << kozo_order_of(all - segment_size(builder, largest)));
    if (!builder->plan->self && apart < 1ul << kozo_order_of(all)) {
        builder->large = largest;
        builder->large_order = order;
    }
}

static bool has_large(const struct builder *builder)
{
    return builder->large < builder->elf.segments;
}

// Checks everything that can be checked beforehand and lays out the Frame.
static const char *prepare(struct builder *builder)
{
    const struct kozo_plan *plan = builder->plan;
    builder->elf = kozo_elf_check(plan->image, plan->image_size, KOZO_ELF_MACHINE);
    if (builder->elf.reason != nullptr) {
        return builder->elf.reason;
    }
    choose_large(builder);
    uint64_t tables = 4; // root, two levels below, and the table of stack and pages
    for (size_t i = 0; i < builder->elf.segments; i++) {
        const struct kozo_elf_segment *segment = &builder->elf.segment[i];
        uint64_t first = kozo_elf_first_page(segment);
        uint64_t end = kozo_elf_end_page(segment);
        builder->segment_offset[i] = i == builder->large ? 0 : reserve(builder, end - first);
        tables += (end - 1) / TABLE_SPAN - first / TABLE_SPAN + 1;
    }
    for (size_t i = 0; i < plan->views; i++) {
        tables += view_tables(&plan->view[i]);
    }
    builder->info_offset = reserve(builder, KOZO_PAGE_SIZE);
    builder->buffer_offset = reserve(builder, KOZO_PAGE_SIZE);
    builder->stack_offset = reserve(builder, KOZO_PROCESS_STACK_SIZE);
    builder->frame_order = kozo_order_of(builder->frame_used);
    builder->tables_order = kozo_order_of(tables * KOZO_PAGE_SIZE);
    return check_arguments(plan);
}

static void give_memory(const struct kozo_home *home, const struct kozo_process *process)
{
    const struct kozo_taken taken[] = {process->objects, process->image, process->large,
                                       process->given};
    for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++) {
        if (taken[i].slot != 0) {
            // It can't fail on a slot of the caller's own CNode.
            (void)kozo_cnode_revoke((struct kozo_slot){taken[i].slot});
            kozo_memory_give(home->memory, taken[i].piece);
        }
    }
}

static const char *take_memory(struct builder *builder)
{
    const struct kozo_home *home = builder->home;
    const struct kozo_plan *plan = builder->plan;
    uint64_t size =
        (1ul << builder->tables_order) + OBJECTS_SIZE + (KOZO_SLOT_SIZE << plan->cnode_bits);
    uint64_t slots = kozo_slots_take(home->slots, PARTS);
    if (slots == 0) {
        return "needs more slots than are free";
    }
    struct kozo_process process = {
        .objects = kozo_memory_take(home->memory, kozo_order_of(size)),
        .image = kozo_memory_take(home->memory, builder->frame_order),
        .slots = slots,
        .cnode = {slots + PART_CNODE},
        .thread = {slots + PART_THREAD},
        .context = {slots + PART_CONTEXT},
        .space = {slots + PART_SPACE},
        .pool = {slots + PART_POOL},
    };
    bool taken = process.objects.slot != 0 && process.image.slot != 0;
    if (taken && has_large(builder)) {
        process.large = kozo_memory_take(home->memory, builder->large_order);
        taken = process.large.slot != 0;
    }
    if (taken && plan->memory_order > 0) {
        process.given = kozo_memory_take(home->memory, plan->memory_order);
        taken = process.given.slot != 0;
    }
    if (!taken) {
        give_memory(home, &process);
        kozo_slots_give(home->slots, slots, PARTS);
        return KOZO_PROCESS_SHORT;
    }
    *builder->process = process;
    return nullptr;
}

// Carves one object of the process out of its memory.
static bool carve(const struct builder *builder, enum kozo_object_type type, uint64_t size,
                  uint64_t slot)
{
    return kozo_untyped_retype((struct kozo_untyped){builder->process->objects.slot}, type, size,
                               (struct kozo_slot){slot}, 1) == KOZO_OK;
}

static bool make_frame(const struct builder *builder, struct kozo_taken taken, unsigned order,
                       enum part part)
{
    return kozo_untyped_retype((struct kozo_untyped){taken.slot}, KOZO_TYPE_FRAME, order,
                               (struct kozo_slot){slot_of(builder, part)}, 1) == KOZO_OK;
}

// Carves what is of the process's own choice in size, the largest first, so that nothing is lost
// between the pieces.
static bool carve_large(const struct builder *builder)
{
    const struct kozo_plan *plan = builder->plan;
    struct {
        enum kozo_object_type type;
        unsigned order; // log2 of the bytes, 0 for none
        uint64_t size;  // as retype takes it
        enum part part;
    } pieces[] = {
        {KOZO_TYPE_UNTYPED, builder->tables_order, builder->tables_order, PART_TABLES},
        {KOZO_TYPE_CNODE, plan->cnode_bits + SLOT_ORDER, plan->cnode_bits, PART_CNODE},
    };
    for (unsigned order = 63; order > 0; order--) {
        for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
            if (pieces[i].order == order &&
                !carve(builder, pieces[i].type, pieces[i].size, slot_of(builder, pieces[i].part))) {
                return false;
            }
        }
    }
    return true;
}

static const char *make_objects(struct builder *builder)
{
    const struct kozo_plan *plan = builder->plan;
    bool made = make_frame(builder, builder->process->image, builder->frame_order, PART_FRAME) &&
                (!has_large(builder) ||
                 make_frame(builder, builder->process->large, builder->large_order, PART_LARGE)) &&
                carve_large(builder) &&
                (!plan->extended ||
                 carve(builder, KOZO_TYPE_EXTENDED_STATE, 0, slot_of(builder, PART_EXTENDED))) &&
                carve(builder, KOZO_TYPE_POOL, 0, slot_of(builder, PART_POOL)) &&
                carve(builder, KOZO_TYPE_ADDRESS_SPACE, 0, slot_of(builder, PART_SPACE)) &&
                carve(builder, KOZO_TYPE_THREAD, 0, slot_of(builder, PART_THREAD)) &&
                carve(builder, KOZO_TYPE_SCHED_CONTEXT, 0, slot_of(builder, PART_CONTEXT));
    if (!made) {
        return "can't be given its kernel objects";
    }
    struct kozo_pool pool = {slot_of(builder, PART_POOL)};
    if (kozo_pool_donate(pool, (struct kozo_untyped){slot_of(builder, PART_TABLES)}) != KOZO_OK ||
        kozo_pool_attach(pool, (struct kozo_address_space){slot_of(builder, PART_SPACE)}) !=
            KOZO_OK) {
        return "can't be given page tables";
    }
    return nullptr;
}

static uint64_t child_slot(const struct builder *builder, uint64_t slot)
{
    return kozo_process_slot(builder->home, builder->process, slot);
}

static bool mint(uint64_t source, uint64_t destination, uint64_t rights, uint64_t value)
{
    return kozo_cnode_mint((struct kozo_slot){source}, (struct kozo_slot){destination},
                           kozo_rights(rights), value) == KOZO_OK;
}

static void add_grant(struct kozo_process_info *info, const char *name, uint64_t slot)
{
    struct kozo_grant *grant = &info->grant[info->grant_count++];
    memcpy(grant->name, name, strnlen(name, sizeof grant->name - 1));
    grant->handle = slot;
}

static bool give_one(const struct builder *builder, const struct kozo_give *give, uint64_t slot)
{
    if (give->kind == KOZO_GIVE_NEW) {
        return carve(builder, give->type, 0, child_slot(builder, slot));
    }
    return mint(give->handle, child_slot(builder, slot), give->rights, give->value);
}

// Capabilities to the process's own parts.
static const struct {
    const char *name;
    uint64_t part;
} own_parts[] = {
    {"self.cnode", PART_CNODE},   {"self.space", PART_SPACE},     {"self.pool", PART_POOL},
    {"self.thread", PART_THREAD}, {"self.context", PART_CONTEXT}, {"self.frame", PART_FRAME},
};

// Fills the CNode, and the list of what is in it.
static const char *give_all(const struct builder *builder, struct kozo_process_info *info)
{
    const struct kozo_plan *plan = builder->plan;
    uint64_t slot = FIRST_GIVEN;
    if (!mint(plan->parent.handle, child_slot(builder, KOZO_PROCESS_PARENT),
              KOZO_RIGHT_WRITE | KOZO_RIGHT_GRANT, plan->badge)) {
        return "can't be given the way to its parent";
    }
    for (size_t i = 0; i < plan->gives; i++, slot++) {
        if (!give_one(builder, &plan->give[i], slot)) {
            return "can't be given a capability of its description";
        }
        add_grant(info, plan->give[i].name, slot);
    }
    for (size_t i = 0; plan->self && i < sizeof own_parts / sizeof own_parts[0]; i++, slot++) {
        if (!mint(slot_of(builder, own_parts[i].part), child_slot(builder, slot), KOZO_ALL_RIGHTS,
                  0)) {
            return "can't be given its own parts";
        }
        add_grant(info, own_parts[i].name, slot);
    }
    if (plan->memory_order > 0) {
        // A child of the piece, which itself stays with the parent: Untypeds can't be copied.
        if (kozo_untyped_retype((struct kozo_untyped){builder->process->given.slot},
                                KOZO_TYPE_UNTYPED, plan->memory_order,
                                (struct kozo_slot){child_slot(builder, slot)}, 1) != KOZO_OK) {
            return "can't be given its memory";
        }
        add_grant(info, "memory", slot++);
    }
    info->free_slot = slot;
    return nullptr;
}

static void fill_info(const struct builder *builder, struct kozo_process_info *info)
{
    const struct kozo_plan *plan = builder->plan;
    info->magic = KOZO_PROCESS_MAGIC;
    info->version = KOZO_VERSION;
    info->random = plan->random;
    info->tsc_frequency = builder->home->tsc_frequency;
    info->cnode_bits = plan->cnode_bits;
    info->board = plan->board;
    for (size_t i = 0; i < plan->tolds; i++) {
        add_grant(info, plan->told[i].name, plan->told[i].value);
    }
    info->argument_count = plan->argument_count;
    char *text = info->text;
    for (size_t i = 0; i < plan->argument_count; i++) {
        size_t length = strlen(plan->arguments[i]) + 1;
        memcpy(text, plan->arguments[i], length);
        text += length;
    }
}

static uint64_t whole_pages(uint64_t size)
{
    return (size + KOZO_PAGE_SIZE - 1) & ~(KOZO_PAGE_SIZE - 1);
}

// Shows the process's Frames in the window, the one of the largest segment behind the other.
static bool open_window(const struct builder *builder)
{
    const struct kozo_home *home = builder->home;
    uint64_t rights = KOZO_RIGHT_READ | KOZO_RIGHT_WRITE;
    uint64_t length = whole_pages(builder->frame_used);
    if (kozo_home_map(home, (struct kozo_frame){slot_of(builder, PART_FRAME)},
                      (struct kozo_slot){slot_of(builder, PART_WINDOW)}, home->window, 0, length,
                      rights) != KOZO_OK) {
        return false;
    }
    return !has_large(builder) ||
           kozo_home_map(home, (struct kozo_frame){slot_of(builder, PART_LARGE)},
                         (struct kozo_slot){slot_of(builder, PART_WINDOW_LARGE)},
                         home->window + length, 0, segment_size(builder, builder->large),
                         rights) == KOZO_OK;
}

static bool close_window(const struct builder *builder)
{
    return kozo_cnode_delete((struct kozo_slot){slot_of(builder, PART_WINDOW)}) == KOZO_OK &&
           kozo_cnode_delete((struct kozo_slot){slot_of(builder, PART_WINDOW_LARGE)}) == KOZO_OK;
}

// Fills the Frames, which are zero, through the window.
static const char *fill(struct builder *builder)
{
    if (!open_window(builder)) {
        return "can't be filled for want of page tables";
    }
    uint8_t *frame = (uint8_t *)builder->home->window;
    for (size_t i = 0; i < builder->elf.segments; i++) {
        const struct kozo_elf_segment *segment = &builder->elf.segment[i];
        uint64_t start = segment->address - kozo_elf_first_page(segment);
        uint64_t large = i == builder->large ? whole_pages(builder->frame_used) : 0;
        memcpy(frame + large + builder->segment_offset[i] + start,
               (const uint8_t *)builder->plan->image + segment->offset, segment->file);
    }
    struct kozo_process_info *info = (struct kozo_process_info *)(frame + builder->info_offset);
    fill_info(builder, info);
    const char *reason = give_all(builder, info);
    if (!close_window(builder)) {
        return "can't be left after filling";
    }
    return reason;
}

static bool map_views(const struct builder *builder)
{
    const struct kozo_plan *plan = builder->plan;
    for (size_t i = 0; i < plan->views; i++) {
        const struct kozo_view *view = &plan->view[i];
        if (kozo_frame_map(view->frame, (struct kozo_slot){slot_of(builder, PART_VIEW + i)},
                           (struct kozo_address_space){slot_of(builder, PART_SPACE)}, view->address,
                           view->offset, view->length, kozo_rights(view->rights)) != KOZO_OK) {
            return false;
        }
    }
    return true;
}

static bool map_frame(const struct builder *builder, enum part frame, uint64_t part,
                      uint64_t address, uint64_t offset, uint64_t length, uint64_t rights)
{
    return kozo_frame_map((struct kozo_frame){slot_of(builder, frame)},
                          (struct kozo_slot){slot_of(builder, part)},
                          (struct kozo_address_space){slot_of(builder, PART_SPACE)}, address,
                          offset, length, kozo_rights(rights)) == KOZO_OK;
}

static bool map(const struct builder *builder, uint64_t part, uint64_t address, uint64_t offset,
                uint64_t length, uint64_t rights)
{
    return map_frame(builder, PART_FRAME, part, address, offset, length, rights);
}

static const char *map_all(const struct builder *builder)
{
    bool mapped = true;
    for (size_t i = 0; mapped && i < builder->elf.segments; i++) {
        const struct kozo_elf_segment *segment = &builder->elf.segment[i];
        uint64_t first = kozo_elf_first_page(segment);
        mapped =
            map_frame(builder, i == builder->large ? PART_LARGE : PART_FRAME, PART_SEGMENT + i,
                      first, builder->segment_offset[i], segment_size(builder, i), segment->rights);
    }
    mapped =
        mapped &&
        map(builder, PART_INFO, KOZO_PROCESS_INFO, builder->info_offset, KOZO_PAGE_SIZE,
            KOZO_RIGHT_READ) &&
        map(builder, PART_BUFFER, KOZO_PROCESS_BUFFER, builder->buffer_offset, KOZO_PAGE_SIZE,
            KOZO_RIGHT_READ | KOZO_RIGHT_WRITE) &&
        map(builder, PART_STACK, KOZO_PROCESS_STACK_TOP - KOZO_PROCESS_STACK_SIZE,
            builder->stack_offset, KOZO_PROCESS_STACK_SIZE, KOZO_RIGHT_READ | KOZO_RIGHT_WRITE);
    return mapped && map_views(builder) ? nullptr : "needs more page tables than it was given";
}

static const char *set_up_thread(const struct builder *builder)
{
    const struct kozo_plan *plan = builder->plan;
    struct kozo_thread thread = builder->process->thread;
    struct kozo_sched_context context = builder->process->context;
    uint64_t fault = slot_of(builder, PART_FAULT);
    uint64_t handler =
        plan->fault_handler.handle != 0 ? plan->fault_handler.handle : plan->parent.handle;
    if (!mint(handler, fault, KOZO_RIGHT_WRITE | KOZO_RIGHT_GRANT, plan->fault_badge)) {
        return "can't be watched for faults";
    }
    if (kozo_thread_configure(thread, builder->process->cnode,
                              (struct kozo_address_space){slot_of(builder, PART_SPACE)},
                              (struct kozo_frame){slot_of(builder, PART_FRAME)},
                              builder->buffer_offset, (struct kozo_endpoint){fault}) != KOZO_OK) {
        return "can't be given a thread";
    }
    if (kozo_thread_write_registers(thread, builder->elf.entry, KOZO_PROCESS_STACK_TOP,
                                    KOZO_PROCESS_INFO, KOZO_PROCESS_BUFFER,
                                    KOZO_PROCESS_BUFFER + KOZO_THREAD_BLOCK) != KOZO_OK ||
        kozo_thread_set_priority(thread, plan->priority) != KOZO_OK) {
        return "can't be given its registers";
    }
    if (kozo_sched_control_configure(builder->home->time, context, plan->budget, 0) != KOZO_OK ||
        kozo_sched_context_bind(context, thread) != KOZO_OK) {
        return "can't be given processor time";
    }
    struct kozo_extended_state extended = {slot_of(builder, PART_EXTENDED)};
    if (plan->extended && kozo_extended_state_bind(extended, thread) != KOZO_OK) {
        return "can't be given registers of SSE and AVX";
    }
    return nullptr;
}

const char *kozo_process_create(const struct kozo_home *home, const struct kozo_plan *plan,
                                struct kozo_process *process)
{
    struct builder builder = {.home = home, .plan = plan, .process = process};
    const char *reason = prepare(&builder);
    if (reason == nullptr) {
        reason = take_memory(&builder);
    }
    if (reason != nullptr) {
        return reason;
    }
    reason = make_objects(&builder);
    if (reason == nullptr) {
        reason = fill(&builder);
    }
    if (reason == nullptr) {
        reason = map_all(&builder);
    }
    if (reason == nullptr) {
        reason = set_up_thread(&builder);
    }
    if (reason != nullptr) {
        kozo_process_destroy(home, process);
    }
    return reason;
}

void kozo_process_destroy(const struct kozo_home *home, struct kozo_process *process)
{
    if (process->slots == 0) {
        return;
    }
    // The copy of the handler's endpoint and the views of others' Frames are the only ones that do
    // not come from the piece.
    (void)kozo_cnode_delete((struct kozo_slot){process->slots + PART_FAULT});
    for (uint64_t i = 0; i < KOZO_PROCESS_VIEWS; i++) {
        (void)kozo_cnode_delete((struct kozo_slot){process->slots + PART_VIEW + i});
    }
    give_memory(home, process);
    kozo_slots_give(home->slots, process->slots, PARTS);
    *process = (struct kozo_process){};
}
