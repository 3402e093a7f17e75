// SPDX-License-Identifier: MIT
// The whole start, on a machine with the geometry of a real one: what init finds, and that the
// state keeps all invariants from the first moment on.
#include "elf.h"
#include "kozo/abi.h"
#include "panic/build_id.h"
#include "tests/world.h"

#include "arch/host/invariants/invariants.h"
#include "boot/boot.h"
#include "mem/table.h"

constexpr physical_t INIT = 0x10000;
constexpr physical_t INITRD = 0x20010;
constexpr uint64_t INITRD_SIZE = 5000;

static struct boot boot;
static struct thread *first;
static const struct kozo_boot_info *info;

static void prepare(void)
{
    host_reset();
    memset(&boot, 0, sizeof(boot));
    (void)elf_make(INIT);
    boot.kernel_base = HOST_RAM;
    boot.kernel_end = HOST_RAM + HOST_IMAGE;
    boot.init_base = INIT;
    boot.init_end = INIT + 8 * PAGE;
    boot.initrd_base = INITRD;
    boot.initrd_size = INITRD_SIZE;
    boot.rsdp = 0x1234;
    boot.path = KOZO_BOOT_PVH;
    boot.processors = 3;
    strcpy(boot.command_line, "quiet");
    (void)memory_map_add(&boot, 0, HOST_RAM, MEMORY_RAM);
    (void)memory_map_add(&boot, INIT, 8 * PAGE, MEMORY_KEPT);
    (void)memory_map_add(&boot, HOST_RAM + HOST_IMAGE, PAGE, MEMORY_KEPT);
}

static void start(void)
{
    memory_map_normalise(&boot);
    first = kernel_start(&boot);
}

static struct slot *slot_of(uint64_t number)
{
    return &cnode_of(&first->cspace)->slot[0] + number;
}

static void begin(void)
{
    prepare();
    start();
    info = arch_window(slot_of(KOZO_BOOT_SLOT_BOOT_INFO)->base);
}

static arch_entry_t entry_of(uint64_t address)
{
    return host_entry(thread_root(first), address);
}

static bool shows(uint64_t address, physical_t physical, unsigned rights)
{
    return entry_of(address) == arch_entry_leaf(physical, 0, rights, false);
}

TEST("init is the first thread, and all invariants hold")
{
    begin();
    const char *broken = invariants_broken();
    CHECK(broken == nullptr);
    if (broken != nullptr) {
        test_failed(__FILE__, __LINE__, broken);
    }
    CHECK(first == world_current() && kernel.init == link_to(first));
    CHECK(first->registers.instruction == 2 * PAGE + 8);
    CHECK(CALL(KERNEL_NULL, 0) == KOZO_OK);
}

TEST("the slots of the boot information hold what they should")
{
    static const struct {
        uint64_t slot;
        enum kozo_object_type type;
    } slots[] = {
        {KOZO_BOOT_SLOT_CNODE, KOZO_TYPE_CNODE},
        {KOZO_BOOT_SLOT_ADDRESS_SPACE, KOZO_TYPE_ADDRESS_SPACE},
        {KOZO_BOOT_SLOT_POOL, KOZO_TYPE_POOL},
        {KOZO_BOOT_SLOT_THREAD, KOZO_TYPE_THREAD},
        {KOZO_BOOT_SLOT_SCHED_CONTEXT, KOZO_TYPE_SCHED_CONTEXT},
        {KOZO_BOOT_SLOT_IPC_BUFFER, KOZO_TYPE_FRAME},
        {KOZO_BOOT_SLOT_BOOT_INFO, KOZO_TYPE_FRAME},
        {KOZO_BOOT_SLOT_IRQ_CONTROL, KOZO_TYPE_IRQ_CONTROL},
        {KOZO_BOOT_SLOT_IO_PORT, KOZO_TYPE_IO_PORT},
        {KOZO_BOOT_SLOT_SCHED_CONTROL, KOZO_TYPE_SCHED_CONTROL},
        {KOZO_BOOT_SLOT_INITRD, KOZO_TYPE_FRAME},
        {KOZO_BOOT_SLOT_STACK, KOZO_TYPE_FRAME},
        {KOZO_BOOT_SLOT_IMAGE, KOZO_TYPE_FRAME},
    };
    begin();
    for (unsigned i = 0; i < sizeof(slots) / sizeof(slots[0]); i++) {
        CHECK(slot_of(slots[i].slot)->type == slots[i].type);
    }
    CHECK(slot_of(info->free_slot)->type == KOZO_TYPE_NONE);
    CHECK(slot_of(info->free_slot - 1)->type != KOZO_TYPE_NONE);
}

TEST("init's image is mapped as its file says, with zero pages behind")
{
    begin();
    constexpr unsigned code = KOZO_RIGHT_READ | KOZO_RIGHT_EXECUTE;
    constexpr unsigned data = KOZO_RIGHT_READ | KOZO_RIGHT_WRITE;
    CHECK(shows(2 * PAGE, INIT + PAGE, code) && shows(3 * PAGE, INIT + 2 * PAGE, code));
    CHECK(entry_of(4 * PAGE) == 0);
    CHECK(shows(6 * PAGE, INIT + 4 * PAGE, data));
    CHECK(arch_entry_rights(entry_of(7 * PAGE)) == data && entry_of(8 * PAGE) != 0);
    const unsigned char *zero = arch_window(arch_entry_address(entry_of(8 * PAGE), 0));
    CHECK(zero[0] == 0 && zero[PAGE - 1] == 0);
}

TEST("init's registers lead to its boot information, IPC buffer and stack")
{
    begin();
    uint64_t info_address = first->registers.handle;
    uint64_t buffer_address = first->registers.argument[0];
    CHECK(shows(info_address, slot_of(KOZO_BOOT_SLOT_BOOT_INFO)->base, KOZO_RIGHT_READ));
    CHECK(shows(buffer_address, slot_of(KOZO_BOOT_SLOT_IPC_BUFFER)->base,
                KOZO_RIGHT_READ | KOZO_RIGHT_WRITE));
    CHECK(arch_physical(thread_buffer(first)) == slot_of(KOZO_BOOT_SLOT_IPC_BUFFER)->base);
    uint64_t stack = first->registers.stack;
    CHECK(stack % 16 == 0 && entry_of(stack - PAGE) != 0 && entry_of(stack) == 0);
    CHECK(entry_of(stack - slot_of(KOZO_BOOT_SLOT_STACK)->size - PAGE) == 0);
    CHECK(info->init_end > stack && entry_of(info->init_end) == 0);
}

TEST("the initrd is mapped read only")
{
    begin();
    CHECK(info->initrd_size == INITRD_SIZE && info->initrd_physical == INITRD);
    CHECK(info->initrd_address % PAGE == INITRD % PAGE);
    CHECK(shows(info->initrd_address / PAGE * PAGE, INITRD / PAGE * PAGE, KOZO_RIGHT_READ));
    CHECK(entry_of(info->initrd_address + INITRD_SIZE - 1) != 0);
}

TEST("without an initrd its slot is empty")
{
    prepare();
    boot.initrd_size = 0;
    start();
    info = arch_window(slot_of(KOZO_BOOT_SLOT_BOOT_INFO)->base);
    CHECK(slot_of(KOZO_BOOT_SLOT_INITRD)->type == KOZO_TYPE_NONE && info->initrd_address == 0);
    CHECK(invariants_broken() == nullptr);
}

TEST("all of RAM is given out or accounted for, and nothing that is kept is given")
{
    begin();
    uint64_t given = 0;
    for (uint64_t i = 0; i < info->untyped_count; i++) {
        const struct kozo_boot_untyped *untyped = &info->untyped[i];
        const struct slot *slot = slot_of(untyped->handle);
        CHECK(slot->type == KOZO_TYPE_UNTYPED && slot->base == untyped->base);
        CHECK(slot->size == untyped->size);
        CHECK(((slot->flags & SLOT_DEVICE) != 0) == (untyped->device != 0));
        physical_t end = untyped->base + untyped->size;
        CHECK(untyped->device != 0 ? untyped->base >= HOST_RAM : end <= HOST_RAM);
        for (size_t j = 0; j < boot.ranges; j++) {
            const struct memory_range *range = &boot.range[j];
            CHECK(range->kind != MEMORY_KEPT || end <= range->base ||
                  untyped->base >= range->base + range->size);
        }
        given += untyped->device != 0 ? 0 : untyped->size;
    }
    CHECK(info->memory_total == HOST_RAM && info->memory_lost == 0);
    CHECK(given + info->memory_kernel == info->memory_total);
}

TEST("memory that the firmware reserves is given out as a device")
{
    prepare();
    (void)memory_map_add(&boot, HOST_RAM / 2, 16 * PAGE, MEMORY_RESERVED);
    start();
    info = arch_window(slot_of(KOZO_BOOT_SLOT_BOOT_INFO)->base);
    bool found = false;
    for (uint64_t i = 0; i < info->untyped_count; i++) {
        found = found || (info->untyped[i].device != 0 && info->untyped[i].base == HOST_RAM / 2 &&
                          info->untyped[i].size == 16 * PAGE);
    }
    CHECK(found);
}

TEST("more pieces of RAM than the list has room for are counted as lost")
{
    prepare();
    for (uint64_t i = 0; i < 130; i++) {
        (void)memory_map_add(&boot, (100 + 2 * i) * PAGE, 8, MEMORY_KEPT);
    }
    start();
    info = arch_window(slot_of(KOZO_BOOT_SLOT_BOOT_INFO)->base);
    CHECK(info->untyped_count == KOZO_BOOT_UNTYPEDS && info->memory_lost > 0);
    CHECK(invariants_broken() == nullptr);
}

TEST("the boot information says what the boot code found out")
{
    begin();
    CHECK(info->version == KOZO_VERSION && info->rsdp_physical == 0x1234);
    CHECK(info->processors == 3 && info->firmware == KOZO_BOOT_PVH);
    CHECK(strcmp((const char *)info->command_line, "quiet") == 0);
    CHECK(memcmp(info->build_id, build_id(), sizeof(info->build_id)) == 0);
    CHECK(info->tsc_frequency == arch_frequency());
    CHECK(info->slot_count > info->free_slot);
}

TEST("init can make objects, threads and mappings of what it got")
{
    begin();
    uint64_t memory = 0;
    for (uint64_t i = 0; i < info->untyped_count; i++) {
        if (info->untyped[i].device == 0 && info->untyped[i].size >= 64 * PAGE) {
            memory = info->untyped[i].handle;
        }
    }
    uint64_t slot = info->free_slot;
    CHECK(CALL(UNTYPED_RETYPE, memory, KOZO_TYPE_THREAD, 0, slot, 1) == KOZO_OK);
    CHECK(CALL(UNTYPED_RETYPE, memory, KOZO_TYPE_FRAME, 14, slot + 1, 1) == KOZO_OK);
    CHECK(CALL(FRAME_MAP, slot + 1, slot + 2, KOZO_BOOT_SLOT_ADDRESS_SPACE, info->init_end, 0,
               4 * PAGE, KOZO_RIGHT_READ | KOZO_RIGHT_WRITE) == KOZO_OK);
    CHECK(entry_of(info->init_end + 3 * PAGE) != 0);
}

TEST("a machine with too little memory is told so")
{
    prepare();
    boot.ranges = 0;
    CHECK(strcmp(host_panic_of(start), "the firmware reports no usable memory") == 0);
    prepare();
    boot.ranges = 0;
    (void)memory_map_add(&boot, 64 * PAGE, 8 * PAGE, MEMORY_RAM);
    CHECK(strcmp(host_panic_of(start), "too little memory to start init") == 0);
}

TEST("an initrd that covers nearly all memory leaves too little")
{
    prepare();
    boot.initrd_size = (uint64_t)1 << 32;
    CHECK(strcmp(host_panic_of(start), "too little memory to start init") == 0);
}
