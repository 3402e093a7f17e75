// SPDX-License-Identifier: MIT
#include "supply.h"

#include <kozo/process_info.h>
#include <kozo/rights.h>

#include "init.h"

constexpr uint64_t PIECE_MOST = 1ul << 21;
constexpr unsigned TABLES_ORDER = 14; // log2 of the bytes of page tables at a time
constexpr uint64_t SEEN = KOZO_RIGHT_READ | KOZO_RIGHT_WRITE;

void supply_start(struct init *init)
{
    struct supplies *supplies = &init->supplies;
    for (uint16_t number = SUPPLY_PIECES - 1; number > 0; number--) {
        supplies->piece[number].next = supplies->free;
        supplies->free = number;
    }
}

static struct supply_piece *piece_at(struct init *init, uint16_t number)
{
    return &init->supplies.piece[number];
}

// --- Pieces -------------------------------------------------------------------------------------

// Takes memory for a piece, and two slots; 0 when there is none.
static uint16_t take(struct init *init, unsigned order)
{
    struct supplies *supplies = &init->supplies;
    uint16_t number = supplies->free;
    uint64_t slots = number != 0 ? kozo_slots_take(&init->slots, SUPPLY_SLOTS) : 0;
    if (slots == 0) {
        return 0;
    }
    struct kozo_taken taken = kozo_memory_take(&init->memory, order);
    if (taken.slot == 0) {
        kozo_slots_give(&init->slots, slots, SUPPLY_SLOTS);
        return 0;
    }
    supplies->free = piece_at(init, number)->next;
    supplies->count++;
    supplies->bytes += 1ul << order;
    *piece_at(init, number) =
        (struct supply_piece){.size = 1ul << order, .frame = slots, .taken = taken};
    return number;
}

// What was made of the piece goes with its memory, and so does all that derives from that.
static void drop(struct init *init, uint16_t number)
{
    struct supply_piece *piece = piece_at(init, number);
    (void)kozo_cnode_revoke((struct kozo_slot){piece->taken.slot});
    kozo_memory_give(&init->memory, piece->taken.piece);
    kozo_slots_give(&init->slots, piece->frame, SUPPLY_SLOTS);
    init->supplies.count--;
    init->supplies.bytes -= piece->size;
    *piece = (struct supply_piece){.next = init->supplies.free};
    init->supplies.free = number;
}

static void add(struct init *init, struct supply *supply, uint16_t number)
{
    piece_at(init, number)->next = supply->first;
    supply->first = number;
}

static void drop_all(struct init *init, struct supply *supply)
{
    while (supply->first != 0) {
        uint16_t number = supply->first;
        supply->first = piece_at(init, number)->next;
        drop(init, number);
    }
    supply->used = 0;
}

// The link to the piece of an address: to 0 when none of the owner's pieces holds it.
static uint16_t *find(struct init *init, struct supply *supply, uint64_t address)
{
    uint16_t *link = &supply->first;
    while (*link != 0 && address - piece_at(init, *link)->address >= piece_at(init, *link)->size) {
        link = &piece_at(init, *link)->next;
    }
    return link;
}

// --- Showing ------------------------------------------------------------------------------------

// Gives a process page tables: a child of the piece, which itself stays here to be had back.
static enum kozo_error feed(struct init *init, struct process *process)
{
    uint16_t number = take(init, TABLES_ORDER);
    if (number == 0) {
        return KOZO_NO_MEMORY;
    }
    const struct supply_piece *piece = piece_at(init, number);
    struct kozo_untyped tables = {piece->frame};
    enum kozo_error error =
        kozo_untyped_retype((struct kozo_untyped){piece->taken.slot}, KOZO_TYPE_UNTYPED,
                            TABLES_ORDER, (struct kozo_slot){tables.handle}, 1);
    if (error == KOZO_OK) {
        error = kozo_pool_donate(process->process.pool, tables);
    }
    if (error != KOZO_OK) {
        drop(init, number);
        return error;
    }
    add(init, &process->supply, number);
    return KOZO_OK;
}

enum kozo_error supply_show(struct init *init, struct process *process, struct kozo_frame frame,
                            struct kozo_slot mapping, uint64_t address, uint64_t length)
{
    struct kozo_address_space space = process->process.space;
    enum kozo_error error = kozo_frame_map(frame, mapping, space, address, 0, length, SEEN);
    if (error != KOZO_NO_MEMORY) {
        return error;
    }
    error = feed(init, process);
    return error == KOZO_OK ? kozo_frame_map(frame, mapping, space, address, 0, length, SEEN)
                            : error;
}

static enum kozo_error show_piece(struct init *init, struct process *process,
                                  const struct supply_piece *piece)
{
    return supply_show(init, process, (struct kozo_frame){piece->frame},
                       (struct kozo_slot){piece->frame + 1}, piece->address, piece->size);
}

bool supply_resume(struct init *init, struct process *process)
{
    struct supply *store = &process->service->store;
    for (uint16_t number = store->first; number != 0; number = piece_at(init, number)->next) {
        if (show_piece(init, process, piece_at(init, number)) != KOZO_OK) {
            return false;
        }
    }
    return true;
}

void supply_end(struct init *init, struct process *process)
{
    drop_all(init, &process->supply);
    if (process->service == nullptr) {
        return;
    }
    const struct supply *store = &process->service->store;
    for (uint16_t number = store->first; number != 0; number = piece_at(init, number)->next) {
        (void)kozo_cnode_delete((struct kozo_slot){piece_at(init, number)->frame + 1});
    }
}

void supply_press(struct init *init)
{
    for (size_t i = 0; i < init->services.count; i++) {
        struct service *service = &init->services.service[i];
        __atomic_store_n(&service->board->pressed, service->board->pressed + 1, __ATOMIC_RELEASE);
        (void)kozo_notification_signal(service->signal);
    }
}

// --- Requests -----------------------------------------------------------------------------------

// Whose memory lies at an address, and how much of it there may be.
struct place {
    struct supply *supply; // null: there is no such place
    uint64_t limit;        // bytes
};

static struct place place_of(struct process *process, uint64_t address, uint64_t size)
{
    bool keeps = address >= KOZO_PROCESS_KEPT;
    uint64_t start = keeps ? KOZO_PROCESS_KEPT : KOZO_PROCESS_SUPPLY;
    struct place place = {
        .supply = &process->supply,
        .limit = gifts_value(process->entry, keeps ? KOZO_GRANT_STORE : KOZO_GRANT_SUPPLY),
    };
    if (keeps) {
        place.supply = process->service != nullptr ? &process->service->store : nullptr;
    }
    bool inside =
        address >= start && size <= KOZO_SUPPLY_MOST && address - start <= KOZO_SUPPLY_MOST - size;
    return inside && place.limit > 0 ? place : (struct place){};
}

static struct process *process_of(const struct kozo_caller *caller)
{
    return &((struct init *)caller->server)->processes.process[caller->session];
}

static enum kozo_error make(struct init *init, struct process *process, uint16_t number,
                            uint64_t address)
{
    struct supply_piece *piece = piece_at(init, number);
    unsigned order = kozo_order_of(piece->size);
    piece->address = address;
    enum kozo_error error =
        kozo_untyped_retype((struct kozo_untyped){piece->taken.slot}, KOZO_TYPE_FRAME, order,
                            (struct kozo_slot){piece->frame}, 1);
    return error == KOZO_OK ? show_piece(init, process, piece) : error;
}

static enum kozo_error take_at(struct init *init, struct process *process, uint64_t address,
                               uint64_t size)
{
    bool is_size = size >= KOZO_PAGE_SIZE && size <= PIECE_MOST && (size & (size - 1)) == 0;
    if (!is_size || address % size != 0) {
        return KOZO_BAD_ARGUMENT;
    }
    struct place place = place_of(process, address, size);
    if (place.supply == nullptr) {
        return KOZO_BAD_ARGUMENT;
    }
    if (*find(init, place.supply, address) != 0) {
        return KOZO_SLOT_TAKEN;
    }
    // Whoever is at its own limit is no reason to ask others.
    if (size > place.limit - place.supply->used) {
        return KOZO_NO_MEMORY;
    }
    uint16_t number = take(init, kozo_order_of(size));
    enum kozo_error error = number != 0 ? make(init, process, number, address) : KOZO_NO_MEMORY;
    if (error == KOZO_OK) {
        add(init, place.supply, number);
        place.supply->used += size;
        return KOZO_OK;
    }
    if (number != 0) {
        drop(init, number);
    }
    if (error == KOZO_NO_MEMORY) {
        supply_press(init);
    }
    return error;
}

static struct kozo_message serve_take(struct kozo_caller *caller,
                                      const struct kozo_supply_take_arguments *asked)
{
    struct init *init = caller->server;
    return kozo_answer(take_at(init, process_of(caller), asked->address, asked->size));
}

// The link to the piece that begins at an address; null when there is none.
static uint16_t *find_start(struct init *init, const struct place *place, uint64_t address)
{
    uint16_t *link = place->supply != nullptr ? find(init, place->supply, address) : nullptr;
    bool starts = link != nullptr && *link != 0 && piece_at(init, *link)->address == address;
    return starts ? link : nullptr;
}

static struct kozo_message serve_give(struct kozo_caller *caller,
                                      const struct kozo_supply_give_arguments *asked)
{
    struct init *init = caller->server;
    struct place place = place_of(process_of(caller), asked->address, KOZO_PAGE_SIZE);
    uint16_t *link = find_start(init, &place, asked->address);
    if (link == nullptr) {
        return kozo_answer(KOZO_BAD_ARGUMENT);
    }
    uint16_t number = *link;
    place.supply->used -= piece_at(init, number)->size;
    *link = piece_at(init, number)->next;
    drop(init, number);
    return kozo_answer(KOZO_OK);
}

static struct kozo_message serve_frame(struct kozo_caller *caller,
                                       const struct kozo_supply_frame_arguments *asked)
{
    struct init *init = caller->server;
    struct place place = place_of(process_of(caller), asked->address, KOZO_PAGE_SIZE);
    const uint16_t *link = find_start(init, &place, asked->address);
    return link != nullptr ? processes_pass(init, piece_at(init, *link)->frame,
                                            SEEN | KOZO_RIGHT_EXECUTE | KOZO_RIGHT_GRANT, 0)
                           : kozo_answer(KOZO_BAD_ARGUMENT);
}

struct kozo_message supply_serve(struct kozo_caller *caller, const struct kozo_message *message)
{
    static const struct kozo_supply_handlers handlers = {
        .take = serve_take,
        .give = serve_give,
        .frame = serve_frame,
    };
    return kozo_supply_dispatch(&handlers, caller, message);
}
