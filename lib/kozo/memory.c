// SPDX-License-Identifier: MIT
// A buddy allocator whose bookkeeping lies beside the memory, never in it. Pieces are numbers in
// one array, 0 is no piece.
#include <kozo/memory.h>

constexpr uint16_t NONE = 0;

static void list_push(struct kozo_memory *memory, uint16_t *head, uint16_t number)
{
    memory->piece[number].next = *head;
    *head = number;
}

static uint16_t list_pop(struct kozo_memory *memory, uint16_t *head)
{
    uint16_t number = *head;
    if (number != NONE) {
        *head = memory->piece[number].next;
    }
    return number;
}

static void list_remove(struct kozo_memory *memory, uint16_t *head, uint16_t number)
{
    uint16_t *at = head;
    while (*at != number) {
        at = &memory->piece[*at].next;
    }
    *at = memory->piece[number].next;
}

static void make_free(struct kozo_memory *memory, uint16_t number)
{
    struct kozo_piece *piece = &memory->piece[number];
    piece->state = KOZO_PIECE_FREE;
    list_push(memory, &memory->free_list[piece->order], number);
}

static void make_unused(struct kozo_memory *memory, uint16_t number)
{
    memory->piece[number].state = KOZO_PIECE_UNUSED;
    list_push(memory, &memory->unused, number);
}

void kozo_memory_start(struct kozo_memory *memory, struct kozo_slots *slots,
                       const struct kozo_memory_operations *operations)
{
    memory->operations = operations;
    memory->slots = slots;
    memory->free = 0;
    memory->total = 0;
    memory->halves = 0;
    memory->unused = NONE;
    for (size_t i = 0; i < 64; i++) {
        memory->free_list[i] = NONE;
    }
    for (uint16_t number = KOZO_MEMORY_PIECES - 1; number > NONE; number--) {
        make_unused(memory, number);
    }
}

static bool add_piece(struct kozo_memory *memory, uint64_t slot, unsigned order)
{
    uint16_t number = list_pop(memory, &memory->unused);
    if (number == NONE) {
        return false;
    }
    memory->piece[number] =
        (struct kozo_piece){.slot = slot, .parent = number, .order = (uint8_t)order};
    make_free(memory, number);
    memory->free += 1ul << order;
    memory->total += 1ul << order;
    return true;
}

// log2 of the largest piece that may start at `base` and fits into `size` bytes.
static unsigned largest_order(uint64_t base, uint64_t size)
{
    unsigned order = 63u - (unsigned)__builtin_clzl(size);
    if (base != 0 && (unsigned)__builtin_ctzl(base) < order) {
        order = (unsigned)__builtin_ctzl(base);
    }
    return order;
}

uint64_t kozo_memory_add(struct kozo_memory *memory, uint64_t slot, uint64_t base, uint64_t size)
{
    uint64_t before = memory->total;
    if (size >= 1ul << KOZO_MEMORY_LEAST && (size & (size - 1)) == 0) {
        (void)add_piece(memory, slot, kozo_order_of(size));
        return memory->total - before;
    }
    uint64_t before_first = -base & ((1ul << KOZO_MEMORY_LEAST) - 1);
    base += before_first;
    size -= before_first < size ? before_first : size;
    while (size >= 1ul << KOZO_MEMORY_LEAST) {
        unsigned order = largest_order(base, size);
        uint64_t part = kozo_slots_take(memory->slots, 1);
        if (part == 0 || !memory->operations->split(slot, order, part, 1) ||
            !add_piece(memory, part, order)) {
            break;
        }
        base += 1ul << order;
        size -= 1ul << order;
    }
    return memory->total - before;
}

// Splits a free piece that was taken off its list. Both halves become free.
static bool split(struct kozo_memory *memory, uint16_t number)
{
    struct kozo_piece *piece = &memory->piece[number];
    uint16_t first = list_pop(memory, &memory->unused);
    uint16_t second = list_pop(memory, &memory->unused);
    uint64_t slot = kozo_slots_take(memory->slots, 2);
    unsigned order = piece->order - 1u;
    if (second == NONE || slot == 0 || !memory->operations->split(piece->slot, order, slot, 2)) {
        if (slot != 0) {
            kozo_slots_give(memory->slots, slot, 2);
        }
        if (second != NONE) {
            make_unused(memory, second);
        }
        if (first != NONE) {
            make_unused(memory, first);
        }
        return false;
    }
    piece->state = KOZO_PIECE_SPLIT;
    memory->halves += 2;
    memory->piece[first] = (struct kozo_piece){.slot = slot,
                                               .parent = number,
                                               .other = second,
                                               .order = (uint8_t)order,
                                               .first_half = true};
    memory->piece[second] = (struct kozo_piece){
        .slot = slot + 1, .parent = number, .other = first, .order = (uint8_t)order};
    make_free(memory, second);
    make_free(memory, first);
    return true;
}

struct kozo_taken kozo_memory_take(struct kozo_memory *memory, unsigned order)
{
    if (order < KOZO_MEMORY_LEAST) {
        order = KOZO_MEMORY_LEAST;
    }
    unsigned from = order;
    while (from < 64 && memory->free_list[from] == NONE) {
        from++;
    }
    if (from >= 64) {
        return (struct kozo_taken){};
    }
    for (; from > order; from--) {
        uint16_t whole = list_pop(memory, &memory->free_list[from]);
        if (!split(memory, whole)) {
            make_free(memory, whole);
            return (struct kozo_taken){};
        }
    }
    uint16_t number = list_pop(memory, &memory->free_list[order]);
    memory->piece[number].state = KOZO_PIECE_TAKEN;
    memory->free -= 1ul << order;
    return (struct kozo_taken){.slot = memory->piece[number].slot, .piece = number};
}

unsigned kozo_memory_largest(const struct kozo_memory *memory, uint64_t keep)
{
    unsigned order = 63;
    while (order >= KOZO_MEMORY_LEAST && memory->free_list[order] == NONE) {
        order--;
    }
    while (order >= KOZO_MEMORY_LEAST &&
           (memory->free < keep || memory->free - keep < 1ul << order)) {
        order--;
    }
    return order >= KOZO_MEMORY_LEAST ? order : 0;
}

void kozo_memory_give(struct kozo_memory *memory, uint16_t number)
{
    memory->free += 1ul << memory->piece[number].order;
    make_free(memory, number);
    while (memory->piece[number].parent != number) {
        uint16_t other = memory->piece[number].other;
        if (memory->piece[other].state != KOZO_PIECE_FREE) {
            return;
        }
        struct kozo_piece *piece = &memory->piece[number];
        uint16_t parent = piece->parent;
        uint64_t slot = piece->first_half ? piece->slot : memory->piece[other].slot;
        list_remove(memory, &memory->free_list[piece->order], number);
        list_remove(memory, &memory->free_list[piece->order], other);
        memory->operations->drop(slot);
        memory->operations->drop(slot + 1);
        kozo_slots_give(memory->slots, slot, 2);
        memory->halves -= 2;
        make_unused(memory, number);
        make_unused(memory, other);
        make_free(memory, parent);
        number = parent;
    }
}

unsigned kozo_order_of(uint64_t size)
{
    return size <= 1 ? 0 : 64u - (unsigned)__builtin_clzl(size - 1);
}
