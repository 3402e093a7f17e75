// SPDX-License-Identifier: MIT
// Frames, Mappings, AddressSpaces and Pools.
#include "kernel_test.h"

constexpr uint64_t READ = KOZO_RIGHT_READ;
constexpr uint64_t WRITE = KOZO_RIGHT_WRITE;
constexpr uint64_t EXECUTE = KOZO_RIGHT_EXECUTE;

static enum kozo_error map_at(uint64_t frame, uint64_t to, uint64_t address, uint64_t offset,
                              uint64_t length, uint64_t rights)
{
    return kozo_frame_map((struct kozo_frame){frame}, slot(to), own_space(), address, offset,
                          length, kozo_rights(rights));
}

static enum kozo_error map(uint64_t frame, uint64_t to, uint64_t length, uint64_t rights)
{
    return map_at(frame, to, FREE_ADDRESS, 0, length, rights);
}

static enum kozo_error set(uint64_t mapping, uint64_t offset, uint64_t length, uint64_t rights)
{
    return kozo_mapping_set((struct kozo_mapping){mapping}, offset, length, kozo_rights(rights));
}

TEST("a Frame that is mapped can be written and read")
{
    uint64_t mapping = empty_slot();
    REQUIRE(map(make_sized(KOZO_TYPE_FRAME, 13), mapping, 2 * PAGE, READ | WRITE) == KOZO_OK);
    volatile uint64_t *word = (volatile uint64_t *)FREE_ADDRESS;
    word[0] = 1;
    word[2 * PAGE / 8 - 1] = 2;
    CHECK(word[0] == 1 && word[2 * PAGE / 8 - 1] == 2 && word[1] == 0);
}

TEST("a Mapping is a child of its Frame and tells what it shows")
{
    uint64_t frame = make_sized(KOZO_TYPE_FRAME, 13);
    uint64_t mapping = empty_slot();
    REQUIRE(map_at(frame, mapping, FREE_ADDRESS + PAGE, PAGE, PAGE, READ) == KOZO_OK);
    CHECK(kozo_cnode_inspect(slot(mapping)).parent.handle == frame);
    CHECK(kozo_cnode_inspect(slot(mapping)).value == FREE_ADDRESS + PAGE);
    struct kozo_mapping_info_result info = kozo_mapping_info((struct kozo_mapping){mapping});
    CHECK(info.error == KOZO_OK && info.address == FREE_ADDRESS + PAGE && info.length == PAGE);
    CHECK(info.rights == READ);
}

TEST("two Mappings of one Frame show the same memory")
{
    uint64_t frame = make_sized(KOZO_TYPE_FRAME, 12);
    REQUIRE(map(frame, empty_slot(), PAGE, READ | WRITE) == KOZO_OK);
    REQUIRE(map_at(frame, empty_slot(), FREE_ADDRESS + 8 * PAGE, 0, PAGE, READ) == KOZO_OK);
    *(volatile uint64_t *)FREE_ADDRESS = 99;
    CHECK(*(volatile uint64_t *)(FREE_ADDRESS + 8 * PAGE) == 99);
}

TEST("a later Mapping replaces the pages below it, and the earlier one can fill them again")
{
    uint64_t one = make_sized(KOZO_TYPE_FRAME, 12);
    uint64_t two = make_sized(KOZO_TYPE_FRAME, 12);
    uint64_t first = empty_slot();
    uint64_t second = empty_slot();
    volatile uint64_t *word = (volatile uint64_t *)FREE_ADDRESS;
    REQUIRE(map(one, first, PAGE, READ | WRITE) == KOZO_OK);
    *word = 1;
    REQUIRE(map(two, second, PAGE, READ | WRITE) == KOZO_OK);
    CHECK(*word == 0);
    *word = 2;
    CHECK(set(first, 0, PAGE, READ) == KOZO_OK);
    CHECK(*word == 1);
}

TEST("map refuses addresses, offsets and lengths that are no multiples of a page")
{
    uint64_t frame = make_sized(KOZO_TYPE_FRAME, 13);
    uint64_t to = empty_slot();
    CHECK(map_at(frame, to, FREE_ADDRESS + 1, 0, PAGE, READ) == KOZO_BAD_ARGUMENT);
    CHECK(map_at(frame, to, FREE_ADDRESS, 8, PAGE, READ) == KOZO_BAD_ARGUMENT);
    CHECK(map_at(frame, to, FREE_ADDRESS, 0, PAGE + 8, READ) == KOZO_BAD_ARGUMENT);
    CHECK(map_at(frame, to, FREE_ADDRESS, 0, 0, READ) == KOZO_BAD_ARGUMENT);
}

TEST("map refuses what is outside of the Frame, also by wrap-around")
{
    uint64_t frame = make_sized(KOZO_TYPE_FRAME, 13);
    uint64_t to = empty_slot();
    CHECK(map_at(frame, to, FREE_ADDRESS, 0, 3 * PAGE, READ) == KOZO_BAD_ARGUMENT);
    CHECK(map_at(frame, to, FREE_ADDRESS, 2 * PAGE, PAGE, READ) == KOZO_BAD_ARGUMENT);
    CHECK(map_at(frame, to, FREE_ADDRESS, -PAGE, 2 * PAGE, READ) == KOZO_BAD_ARGUMENT);
    CHECK(map_at(frame, to, FREE_ADDRESS, PAGE, -PAGE, READ) == KOZO_BAD_ARGUMENT);
}

TEST("map refuses addresses of the kernel and beyond the end of user space")
{
    uint64_t frame = make_sized(KOZO_TYPE_FRAME, 13);
    uint64_t to = empty_slot();
    CHECK(map_at(frame, to, 0xffffffff80000000, 0, PAGE, READ) == KOZO_BAD_ARGUMENT);
    CHECK(map_at(frame, to, 0x0000800000000000, 0, PAGE, READ) == KOZO_BAD_ARGUMENT);
    CHECK(map_at(frame, to, 0x00007ffffffff000, 0, 2 * PAGE, READ) == KOZO_BAD_ARGUMENT);
    CHECK(map_at(frame, to, -PAGE, 0, 2 * PAGE, READ) == KOZO_BAD_ARGUMENT);
    CHECK(type_in(to) == KOZO_TYPE_NONE);
}

TEST("map refuses rights that the Frame lacks, and writing with executing")
{
    uint64_t frame = make_sized(KOZO_TYPE_FRAME, 12);
    uint64_t to = empty_slot();
    CHECK(map(with_rights(frame, READ), to, PAGE, READ | WRITE) == KOZO_NO_RIGHT);
    CHECK(map(with_rights(frame, READ), to, PAGE, READ | EXECUTE) == KOZO_NO_RIGHT);
    CHECK(map(frame, to, PAGE, READ | WRITE | EXECUTE) != KOZO_OK);
    CHECK(type_in(to) == KOZO_TYPE_NONE);
}

TEST("map refuses a slot that is taken")
{
    uint64_t frame = make_sized(KOZO_TYPE_FRAME, 12);
    CHECK(map(frame, frame, PAGE, READ) == KOZO_SLOT_TAKEN);
}

TEST("map refuses an AddressSpace without CONTROL, one on no Pool, and what is none")
{
    struct kozo_frame frame = {make_sized(KOZO_TYPE_FRAME, 12)};
    struct kozo_address_space bare = {make(KOZO_TYPE_ADDRESS_SPACE)};
    struct kozo_address_space look = {with_rights(own_space().handle, READ)};
    struct kozo_slot to = {empty_slot()};
    CHECK(kozo_frame_map(frame, to, look, FREE_ADDRESS, 0, PAGE, KOZO_RIGHT_READ) == KOZO_NO_RIGHT);
    CHECK(kozo_frame_map(frame, to, bare, FREE_ADDRESS, 0, PAGE, KOZO_RIGHT_READ) ==
          KOZO_BAD_STATE);
    CHECK(kozo_frame_map(frame, to, (struct kozo_address_space){frame.handle}, FREE_ADDRESS, 0,
                         PAGE, KOZO_RIGHT_READ) == KOZO_BAD_TYPE);
}

TEST("a Frame tells its physical address only with PHYS")
{
    struct kozo_frame frame = {make_sized(KOZO_TYPE_FRAME, 13)};
    struct kozo_frame_address_result told = kozo_frame_address(frame);
    CHECK(told.error == KOZO_OK && told.size == 2 * PAGE && told.physical % (2 * PAGE) == 0);
    struct kozo_frame less = {with_rights(frame.handle, READ | WRITE)};
    CHECK(kozo_frame_address(less).error == KOZO_NO_RIGHT);
}

TEST("a narrowed Frame shows just its part")
{
    uint64_t frame = make_sized(KOZO_TYPE_FRAME, 13);
    uint64_t part = empty_slot();
    uint64_t to = empty_slot();
    REQUIRE(mint(frame, part, ALL_RIGHTS, 1 | 1ul << 32) == KOZO_OK);
    CHECK(map(part, to, 2 * PAGE, READ) == KOZO_BAD_ARGUMENT);
    REQUIRE(map(part, to, PAGE, READ | WRITE) == KOZO_OK);
    *(volatile uint64_t *)FREE_ADDRESS = 5;
    REQUIRE(map_at(frame, empty_slot(), FREE_ADDRESS + 4 * PAGE, 0, 2 * PAGE, READ) == KOZO_OK);
    CHECK(*(volatile uint64_t *)(FREE_ADDRESS + 5 * PAGE) == 5);
}

TEST("set clears, fills and changes parts of a Mapping")
{
    uint64_t mapping = empty_slot();
    REQUIRE(map(make_sized(KOZO_TYPE_FRAME, 13), mapping, 2 * PAGE, READ | WRITE) == KOZO_OK);
    volatile uint64_t *word = (volatile uint64_t *)FREE_ADDRESS;
    *word = 7;
    CHECK(set(mapping, PAGE, PAGE, 0) == KOZO_OK);
    CHECK(set(mapping, 0, PAGE, READ) == KOZO_OK && *word == 7);
    CHECK(set(mapping, 0, 2 * PAGE, READ | WRITE) == KOZO_OK);
    word[PAGE / 8] = 8;
    CHECK(word[PAGE / 8] == 8);
}

TEST("set refuses more rights than the Mapping has, and parts that are not inside")
{
    uint64_t mapping = empty_slot();
    REQUIRE(map(make_sized(KOZO_TYPE_FRAME, 13), mapping, 2 * PAGE, READ) == KOZO_OK);
    CHECK(set(mapping, 0, PAGE, READ | WRITE) == KOZO_NO_RIGHT);
    CHECK(set(mapping, 0, PAGE, READ | EXECUTE) == KOZO_NO_RIGHT);
    CHECK(set(mapping, 0, 3 * PAGE, READ) == KOZO_BAD_ARGUMENT);
    CHECK(set(mapping, PAGE, 2 * PAGE, READ) == KOZO_BAD_ARGUMENT);
    CHECK(set(mapping, 1, PAGE, READ) == KOZO_BAD_ARGUMENT);
    CHECK(set(mapping, -PAGE, 2 * PAGE, READ) == KOZO_BAD_ARGUMENT);
}

TEST("a Mapping can be moved, but not copied")
{
    uint64_t mapping = empty_slot();
    uint64_t to = empty_slot();
    REQUIRE(map(make_sized(KOZO_TYPE_FRAME, 12), mapping, PAGE, READ) == KOZO_OK);
    CHECK(kozo_cnode_copy(slot(mapping), slot(to)) == KOZO_BAD_TYPE);
    CHECK(kozo_cnode_move(slot(mapping), slot(to)) == KOZO_OK);
    CHECK(set(to, 0, PAGE, 0) == KOZO_OK);
}

static volatile uint64_t touched;

static void touch(void *argument)
{
    touched = 1;
    *(volatile uint64_t *)argument = 1;
    touched = 2;
}

// Lets a thread write to an address; gives the fault that this made, if any.
static struct kozo_received fault_of_touching(uint64_t address)
{
    struct kozo_endpoint handler = {make(KOZO_TYPE_ENDPOINT)};
    struct kozo_reply reply = {make(KOZO_TYPE_REPLY)};
    touched = 0;
    set_fault_handler(handler);
    (void)start_thread(touch, (void *)address, OWN_PRIORITY);
    let_others_run();
    return kozo_endpoint_try_recv(handler, reply);
}

TEST("deleting a Mapping takes its pages away")
{
    uint64_t mapping = empty_slot();
    REQUIRE(map(make_sized(KOZO_TYPE_FRAME, 12), mapping, PAGE, READ | WRITE) == KOZO_OK);
    *(volatile uint64_t *)FREE_ADDRESS = 3;
    CHECK(kozo_cnode_delete(slot(mapping)) == KOZO_OK);
    CHECK(fault_of_touching(FREE_ADDRESS).message.info.label == KOZO_FAULT_PAGE);
    CHECK(touched == 1);
}

TEST("revoking a Frame takes all its Mappings away")
{
    uint64_t frame = make_sized(KOZO_TYPE_FRAME, 12);
    uint64_t mapping = empty_slot();
    REQUIRE(map(frame, mapping, PAGE, READ | WRITE) == KOZO_OK);
    *(volatile uint64_t *)FREE_ADDRESS = 3;
    CHECK(kozo_cnode_revoke(slot(frame)) == KOZO_OK && type_in(mapping) == KOZO_TYPE_NONE);
    CHECK(fault_of_touching(FREE_ADDRESS).message.info.label == KOZO_FAULT_PAGE);
}

TEST("a page that is only readable can't be written")
{
    REQUIRE(map(make_sized(KOZO_TYPE_FRAME, 12), empty_slot(), PAGE, READ) == KOZO_OK);
    CHECK(*(volatile uint64_t *)FREE_ADDRESS == 0);
    struct kozo_received fault = fault_of_touching(FREE_ADDRESS + 16);
    CHECK(fault.error == KOZO_OK && fault.message.info.label == KOZO_FAULT_PAGE);
    CHECK(fault.message.word[0] == FREE_ADDRESS + 16);
    CHECK(fault.message.word[2] == KOZO_RIGHT_WRITE);
}

TEST("an AddressSpace tells its Mappings and tables")
{
    struct kozo_address_space_info_result before = kozo_address_space_info(own_space());
    CHECK(before.error == KOZO_OK && before.tables >= 4 && before.mappings >= 3);
    REQUIRE(map(make_sized(KOZO_TYPE_FRAME, 12), empty_slot(), PAGE, READ) == KOZO_OK);
    CHECK(kozo_address_space_info(own_space()).mappings == before.mappings + 1);
    struct kozo_address_space blind = {with_rights(own_space().handle, KOZO_RIGHT_CONTROL)};
    CHECK(kozo_address_space_info(blind).error == KOZO_NO_RIGHT);
}

TEST("a Pool takes memory and gives an AddressSpace its root")
{
    struct kozo_pool pool = {make(KOZO_TYPE_POOL)};
    struct kozo_address_space space = {make(KOZO_TYPE_ADDRESS_SPACE)};
    struct kozo_untyped donated = {make_sized(KOZO_TYPE_UNTYPED, 15)};
    CHECK(kozo_pool_attach(pool, space) == KOZO_NO_MEMORY);
    CHECK(kozo_pool_donate(pool, donated) == KOZO_OK);
    CHECK(type_in(donated.handle) == KOZO_TYPE_NONE);
    CHECK(kozo_pool_attach(pool, space) == KOZO_OK);
    struct kozo_pool_info_result info = kozo_pool_info(pool);
    CHECK(info.error == KOZO_OK && info.donated == 8 && info.used >= 1 && info.spaces == 1);
    CHECK(kozo_pool_attach(pool, space) == KOZO_BAD_STATE);
}

TEST("a Pool refuses memory that is used, too small, or no memory")
{
    struct kozo_pool pool = {make(KOZO_TYPE_POOL)};
    struct kozo_untyped used = {make_sized(KOZO_TYPE_UNTYPED, 14)};
    CHECK(kozo_untyped_retype(used, KOZO_TYPE_ENDPOINT, 0, slot(empty_slot()), 1) == KOZO_OK);
    CHECK(kozo_pool_donate(pool, used) == KOZO_BAD_STATE);
    struct kozo_untyped small = {make_sized(KOZO_TYPE_UNTYPED, 10)};
    CHECK(kozo_pool_donate(pool, small) == KOZO_BAD_ARGUMENT);
    struct kozo_untyped other = {make(KOZO_TYPE_ENDPOINT)};
    CHECK(kozo_pool_donate(pool, other) == KOZO_BAD_TYPE);
    struct kozo_pool look = {with_rights(pool.handle, READ)};
    CHECK(kozo_pool_donate(look, small) == KOZO_NO_RIGHT);
    CHECK(kozo_pool_attach(look, own_space()) == KOZO_NO_RIGHT);
}

TEST("map refuses when the Pool has too few pages, and changes nothing")
{
    struct kozo_pool pool = {make(KOZO_TYPE_POOL)};
    struct kozo_address_space space = {make(KOZO_TYPE_ADDRESS_SPACE)};
    struct kozo_frame frame = {make_sized(KOZO_TYPE_FRAME, 12)};
    struct kozo_slot to = {empty_slot()};
    CHECK(kozo_pool_donate(pool, (struct kozo_untyped){make_sized(KOZO_TYPE_UNTYPED, 13)}) ==
          KOZO_OK);
    CHECK(kozo_pool_attach(pool, space) == KOZO_OK);
    uint64_t used = kozo_pool_info(pool).used;
    CHECK(kozo_frame_map(frame, to, space, FREE_ADDRESS, 0, PAGE, KOZO_RIGHT_READ) ==
          KOZO_NO_MEMORY);
    CHECK(type_in(to.handle) == KOZO_TYPE_NONE && kozo_pool_info(pool).used == used);
}

TEST("an AddressSpace can be filled from outside and taken apart with all its tables")
{
    uint64_t size = kozo_untyped_info(memory()).size;
    struct kozo_pool pool = {make(KOZO_TYPE_POOL)};
    struct kozo_address_space space = {make(KOZO_TYPE_ADDRESS_SPACE)};
    struct kozo_frame frame = {make_sized(KOZO_TYPE_FRAME, 16)};
    CHECK(kozo_pool_donate(pool, (struct kozo_untyped){make_sized(KOZO_TYPE_UNTYPED, 16)}) ==
          KOZO_OK);
    CHECK(kozo_pool_attach(pool, space) == KOZO_OK);
    for (uint64_t i = 0; i < 4; i++) {
        CHECK(kozo_frame_map(frame, slot(empty_slot()), space, (i + 1) << 21, 0, 16 * PAGE,
                             KOZO_RIGHT_READ) == KOZO_OK);
    }
    CHECK(kozo_address_space_info(space).mappings == 4);
    CHECK(kozo_cnode_revoke(slot(memory().handle)) == KOZO_OK);
    CHECK(kozo_untyped_info(memory()).free == size);
}

// --- Large pages --------------------------------------------------------------------------------

constexpr uint64_t LARGE = UINT64_C(1) << 21;
constexpr uint64_t LARGE_ADDRESS = (FREE_ADDRESS + 2 * LARGE) & ~(LARGE - 1);

static uint64_t used_tables(void)
{
    return kozo_address_space_info(own_space()).tables;
}

TEST("two aligned megabytes take no table, and what is written stays when they are split")
{
    uint64_t frame = make_sized(KOZO_TYPE_FRAME, 21);
    uint64_t mapping = empty_slot();
    volatile uint64_t *word = (volatile uint64_t *)LARGE_ADDRESS;
    constexpr uint64_t WORDS = PAGE / sizeof(uint64_t);
    REQUIRE(map_at(frame, mapping, LARGE_ADDRESS, 0, LARGE, READ | WRITE) == KOZO_OK);
    word[0] = 1;
    word[3 * WORDS] = 3;
    word[511 * WORDS] = 511;
    uint64_t tables = used_tables();
    CHECK(set(mapping, 3 * PAGE, PAGE, READ) == KOZO_OK);
    CHECK(used_tables() == tables + 1);
    CHECK(word[0] == 1 && word[3 * WORDS] == 3 && word[511 * WORDS] == 511);
    word[4 * WORDS] = 4;
    CHECK(word[4 * WORDS] == 4);
}

TEST("a page laid over two megabytes shows its own memory, and the rest stays")
{
    uint64_t frame = make_sized(KOZO_TYPE_FRAME, 21);
    uint64_t other = make_sized(KOZO_TYPE_FRAME, 12);
    uint64_t over = empty_slot();
    volatile uint64_t *word = (volatile uint64_t *)LARGE_ADDRESS;
    constexpr uint64_t WORDS = PAGE / sizeof(uint64_t);
    REQUIRE(map_at(frame, empty_slot(), LARGE_ADDRESS, 0, LARGE, READ | WRITE) == KOZO_OK);
    word[WORDS] = 7;
    REQUIRE(map_at(other, over, LARGE_ADDRESS, 0, PAGE, READ | WRITE) == KOZO_OK);
    word[0] = 9;
    CHECK(word[0] == 9 && word[WORDS] == 7);
}

// --- lower, clone, trim, caches -------------------------------------------------------------------

TEST("lower takes a right for good")
{
    uint64_t frame = make_sized(KOZO_TYPE_FRAME, 13);
    struct kozo_mapping mapping = {empty_slot()};
    REQUIRE(map(frame, mapping.handle, 2 * PAGE, READ | WRITE) == KOZO_OK);
    *(volatile uint64_t *)FREE_ADDRESS = 5;
    CHECK(kozo_mapping_lower(mapping, KOZO_RIGHT_PHYS) == KOZO_BAD_ARGUMENT);
    CHECK(kozo_mapping_lower(mapping, KOZO_RIGHT_READ) == KOZO_OK);
    CHECK(*(volatile uint64_t *)FREE_ADDRESS == 5);
    CHECK(set(mapping.handle, 0, PAGE, READ | WRITE) == KOZO_NO_RIGHT);
    CHECK(kozo_mapping_info(mapping).rights == READ);
}

TEST("clone gives another space the Mappings of a run, and both can be told apart from then on")
{
    struct kozo_pool pool = {make(KOZO_TYPE_POOL)};
    struct kozo_address_space space = {make(KOZO_TYPE_ADDRESS_SPACE)};
    uint64_t frame = make_sized(KOZO_TYPE_FRAME, 14);
    uint64_t from = empty_slots(3);
    uint64_t to = empty_slots(3);
    REQUIRE(kozo_pool_donate(pool, (struct kozo_untyped){make_sized(KOZO_TYPE_UNTYPED, 16)}) ==
            KOZO_OK);
    REQUIRE(kozo_pool_attach(pool, space) == KOZO_OK);
    REQUIRE(map(frame, from, 2 * PAGE, READ | WRITE) == KOZO_OK);
    REQUIRE(map_at(frame, from + 2, FREE_ADDRESS + 8 * PAGE, 0, PAGE, READ | WRITE) == KOZO_OK);
    struct kozo_address_space_clone_result result =
        kozo_address_space_clone(space, 0, 0, slot(from), slot(to), 3, KOZO_RIGHT_READ);
    CHECK(result.error == KOZO_OK && result.done == 3);
    CHECK(type_in(to) == KOZO_TYPE_MAPPING && type_in(to + 1) == KOZO_TYPE_NONE);
    CHECK(kozo_cnode_inspect(slot(to)).parent.handle == frame);
    CHECK(kozo_address_space_info(space).mappings == 2);
    CHECK(set(from, 0, PAGE, READ | WRITE) == KOZO_OK);
    *(volatile uint64_t *)FREE_ADDRESS = 3;
    CHECK(kozo_address_space_clone(space, 0, 0, slot(frame), slot(to + 1), 1, KOZO_RIGHT_READ)
              .error == KOZO_BAD_TYPE);
    CHECK(
        kozo_address_space_clone(space, 0, 0, slot(from), slot(frame), 1, KOZO_RIGHT_READ).error ==
        KOZO_SLOT_TAKEN);
    CHECK(kozo_address_space_clone(space, 0, 1, slot(from), slot(to), 1, KOZO_RIGHT_READ).error ==
          KOZO_BAD_ARGUMENT);
    struct kozo_address_space look = {with_rights(space.handle, READ)};
    CHECK(kozo_address_space_clone(look, 0, 0, slot(from), slot(to), 1, KOZO_RIGHT_READ).error ==
          KOZO_NO_RIGHT);
    CHECK(kozo_cnode_delete_run(slot(to), 0, 3).done == 3);
    CHECK(type_in(to) == KOZO_TYPE_NONE && type_in(to + 2) == KOZO_TYPE_NONE);
    CHECK(kozo_address_space_info(space).mappings == 0);
    CHECK(kozo_cnode_delete_run(slot(to), 0, UINT64_MAX).error == KOZO_BAD_HANDLE);
    CHECK(kozo_cnode_delete_run(slot(to), 3, 3).error == KOZO_BAD_ARGUMENT);
    uint64_t used = kozo_pool_info(pool).used;
    CHECK(kozo_pool_trim(pool, space, 0) == KOZO_OK);
    CHECK(used > 1 && kozo_pool_info(pool).used == 1);
    CHECK(kozo_pool_info(pool).free == kozo_pool_info(pool).donated - 1);
    CHECK(kozo_pool_trim(pool, own_space(), 0) == KOZO_BAD_STATE);
}

TEST("what is in memory stays when caches are cleaned, invalidated and unified")
{
    struct kozo_frame frame = {make_sized(KOZO_TYPE_FRAME, 14)};
    REQUIRE(map(frame.handle, empty_slot(), 4 * PAGE, READ | WRITE) == KOZO_OK);
    volatile uint64_t *word = (volatile uint64_t *)FREE_ADDRESS;
    *word = 42;
    CHECK(kozo_frame_clean(frame, 0, 4 * PAGE) == KOZO_OK);
    CHECK(kozo_frame_invalidate(frame, 0, 4 * PAGE) == KOZO_OK);
    CHECK(kozo_frame_unify(frame, PAGE, PAGE) == KOZO_OK);
    CHECK(*word == 42);
    CHECK(kozo_frame_clean(frame, 8, PAGE) == KOZO_BAD_ARGUMENT);
    CHECK(kozo_frame_clean(frame, PAGE, 4 * PAGE) == KOZO_BAD_ARGUMENT);
}
