// SPDX-License-Identifier: MIT
// The kernel's own half of every address space, made once at start:
//
//   0xffff800000000000   the window: all memory of the map, never executable; what is code or
//   constant in
//                        the image is read-only here too
//   0xffffffff80200000   the image, each part with its own rights, no page below a stack
//   0xffffffffbfa00000   stacks of all processors but the first, no page below each
//   0xffffffffbfe00000   device registers, uncached
//
// Tables for the image and the devices are static. Those for the window depend on how much memory
// there is: they come from the free memory behind the image, in one run. Nothing here changes
// afterwards, but for device pages, whose table is there from the start.
#include "x86.h"

#include "kernel.h"
#include "panic/panic.h"

constexpr uint64_t PAGE = KOZO_PAGE_SIZE;
constexpr uint64_t EARLY_END = UINT64_C(1) << 32; // what boot.S shows
constexpr uint64_t DEVICES = X86_IMAGE + 511 * (UINT64_C(1) << 21);
constexpr unsigned DEVICE_PAGES = 1 + ACPI_IO_APICS;
constexpr unsigned STACK_TABLES = 2;
constexpr uint64_t STACKS = DEVICES - STACK_TABLES * (UINT64_C(1) << 21);
constexpr uint64_t STACKS_STRIDE = 16 * PAGE;
static_assert(STACKS_STRIDE >= PROCESSOR_STACKS);
static_assert(STACKS_STRIDE * KERNEL_CPUS <= STACK_TABLES * TABLE_ENTRIES * PAGE);
constexpr unsigned LEVEL_TOP = ARCH_LEVELS - 1;

alignas(PAGE) arch_entry_t kernel_root[TABLE_ENTRIES];
alignas(PAGE) static arch_entry_t image_directory_pointers[TABLE_ENTRIES];
alignas(PAGE) static arch_entry_t image_directory[TABLE_ENTRIES];
alignas(PAGE) static arch_entry_t image_table[TABLE_ENTRIES];
alignas(PAGE) static arch_entry_t device_table[TABLE_ENTRIES];
alignas(PAGE) static arch_entry_t stack_tables[STACK_TABLES][TABLE_ENTRIES];

static unsigned device_pages;
static unsigned window_roots; // entries of the root table that the window has

// Memory for tables, in one run.
struct table_source {
    physical_t next;
    physical_t end;
};

static unsigned entry_index(uint64_t address, unsigned level)
{
    return address >> (ARCH_PAGE_BITS + ARCH_TABLE_BITS * level) & (TABLE_ENTRIES - 1);
}

static uint64_t level_size(unsigned level)
{
    return UINT64_C(1) << (ARCH_PAGE_BITS + ARCH_TABLE_BITS * level);
}

static arch_entry_t kernel_leaf(physical_t address, arch_entry_t bits)
{
    return address | bits | ENTRY_PRESENT | ENTRY_ACCESSED | ENTRY_GLOBAL;
}

static arch_entry_t kernel_table(const arch_entry_t *table)
{
    return arch_physical(table) | ENTRY_PRESENT | ENTRY_WRITE | ENTRY_ACCESSED;
}

// --- The image and the devices -------------------------------------------------------------------

static void image_map(const char *from, const char *to, arch_entry_t bits)
{
    for (const char *page = from; page < to; page += PAGE) {
        image_table[entry_index((uint64_t)page, 0)] = kernel_leaf(arch_physical(page), bits);
    }
}

static void image_start_tables(void)
{
    kernel_root[entry_index(X86_IMAGE, 3)] = kernel_table(image_directory_pointers);
    image_directory_pointers[entry_index(X86_IMAGE, 2)] = kernel_table(image_directory);
    image_directory[entry_index((uint64_t)image_start, 1)] = kernel_table(image_table);
    image_directory[entry_index(DEVICES, 1)] = kernel_table(device_table);
    for (unsigned i = 0; i < STACK_TABLES; i++) {
        image_directory[entry_index(STACKS, 1) + i] = kernel_table(stack_tables[i]);
    }

    image_map(image_start, image_text_end, 0);
    image_map(image_text_end, image_rodata_end, ENTRY_NO_EXECUTE);
    image_map(image_rodata_end, image_data_end, ENTRY_WRITE | ENTRY_DIRTY | ENTRY_NO_EXECUTE);
    for (size_t offset = 0; offset < PROCESSOR_STACKS; offset += PAGE) {
        if (processor_is_guard(offset)) {
            image_table[entry_index((uint64_t)&x86_stacks + offset, 0)] = 0;
        }
    }
}

struct stacks *window_stacks(unsigned processor, physical_t memory)
{
    uint64_t start = STACKS + processor * STACKS_STRIDE;

    for (uint64_t offset = 0; offset < PROCESSOR_STACKS; offset += PAGE) {
        uint64_t page = (start - STACKS + offset) / PAGE;
        if (!processor_is_guard(offset)) {
            stack_tables[page / TABLE_ENTRIES][page % TABLE_ENTRIES] =
                kernel_leaf(memory, ENTRY_WRITE | ENTRY_DIRTY | ENTRY_NO_EXECUTE);
            memory += PAGE;
        }
    }
    return (struct stacks *)start;
}

void *window_device(physical_t address)
{
    unsigned page = device_pages;

    if (page == DEVICE_PAGES || address >= ARCH_PHYSICAL_END) {
        return nullptr;
    }
    device_pages++;
    device_table[page] =
        kernel_leaf(address & ~(PAGE - 1), ENTRY_WRITE | ENTRY_DIRTY | ENTRY_NO_EXECUTE |
                                               ENTRY_NO_CACHE | ENTRY_WRITE_THROUGH);
    return (void *)(DEVICES + page * PAGE + (address & (PAGE - 1)));
}

// --- The window ----------------------------------------------------------------------------------

// The most tables that a range can need: one of each level at either end, and one for each GiB.
static uint64_t range_tables(const struct memory_range *range)
{
    return UINT64_C(2) * LEVEL_TOP + (range->size >> 30) + (range->size >> 39);
}

static bool range_is_memory(const struct memory_range *range)
{
    return range->kind == MEMORY_RAM || range->kind == MEMORY_KEPT;
}

// Free memory behind the image that boot.S shows and that has room for all tables.
static struct table_source table_source_find(const struct boot *boot)
{
    uint64_t size = 0;

    for (size_t i = 0; i < boot->ranges; i++) {
        size += range_is_memory(&boot->range[i]) ? range_tables(&boot->range[i]) * PAGE : 0;
    }
    for (size_t i = 0; i < boot->ranges; i++) {
        const struct memory_range *range = &boot->range[i];

        if (range->kind == MEMORY_RAM && range->base >= boot->kernel_end && range->size >= size &&
            range->base + size <= EARLY_END) {
            return (struct table_source){.next = range->base, .end = range->base + size};
        }
    }
    panic("there is no memory for page tables");
}

static arch_entry_t *table_source_take(struct table_source *source)
{
    arch_entry_t *table = arch_window(source->next);

    ASSERT(source->next < source->end);
    source->next += PAGE;
    memory_zero(table, PAGE);
    return table;
}

// The entry of `level` for an address, with the tables above it made as needed.
static arch_entry_t *window_entry(struct table_source *source, uint64_t address, unsigned level)
{
    arch_entry_t *table = kernel_root;

    for (unsigned i = LEVEL_TOP; i > level; i--) {
        arch_entry_t *entry = &table[entry_index(address, i)];

        if (*entry == 0) {
            *entry = kernel_table(table_source_take(source));
        }
        table = arch_window(*entry & ENTRY_ADDRESS);
    }
    return &table[entry_index(address, level)];
}

// The largest page that begins at `base` and does not go past `end`.
static unsigned window_level(physical_t base, physical_t end)
{
    unsigned level = features.large_1g ? 2 : 1;

    while (level > 0 && (base % level_size(level) != 0 || end - base < level_size(level))) {
        level--;
    }
    return level;
}

// Fills entries of one table at a time: the way down is walked once for each table.
static void window_map(struct table_source *source, physical_t base, physical_t end,
                       arch_entry_t bits)
{
    while (base < end) {
        unsigned level = window_level(base, end);
        arch_entry_t *entry = window_entry(source, (uint64_t)arch_window(base), level);
        arch_entry_t large = level > 0 ? ENTRY_LARGE : 0;

        do {
            *entry++ = kernel_leaf(base, bits | large | ENTRY_NO_EXECUTE);
            base += level_size(level);
        } while (end - base >= level_size(level) && base % level_size(level + 1) != 0);
    }
}

static void window_map_range(struct table_source *source, const struct memory_range *range)
{
    constexpr arch_entry_t WRITE = ENTRY_WRITE | ENTRY_DIRTY;
    physical_t fixed = arch_physical(image_start);
    physical_t fixed_end = arch_physical(image_rodata_end);
    physical_t end = range->base + range->size;

    if (range->base > fixed || end < fixed_end) {
        window_map(source, range->base, end, WRITE);
        return;
    }
    window_map(source, range->base, fixed, WRITE);
    window_map(source, fixed, fixed_end, 0);
    window_map(source, fixed_end, end, WRITE);
}

void window_start(struct boot *boot)
{
    struct table_source source = table_source_find(boot);
    physical_t tables = source.next;

    image_start_tables();
    for (size_t i = 0; i < boot->ranges; i++) {
        if (range_is_memory(&boot->range[i])) {
            window_map_range(&source, &boot->range[i]);
        }
    }
    for (window_roots = 0; kernel_root[TABLE_ENTRIES / 2 + window_roots] != 0; window_roots++) {
    }
    write_cr3(arch_physical(kernel_root));
    memory_map_add(boot, tables, source.next - tables, MEMORY_KEPT);
}

// The two parts of the upper half that have anything in them.
void arch_root_prepare(arch_entry_t *root)
{
    constexpr size_t HALF = TABLE_ENTRIES / 2;

    for (size_t i = HALF; i < HALF + window_roots; i++) {
        root[i] = kernel_root[i];
    }
    root[TABLE_ENTRIES - 1] = kernel_root[TABLE_ENTRIES - 1];
}
