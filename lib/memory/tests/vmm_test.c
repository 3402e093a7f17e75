// SPDX-License-Identifier: MIT
#include <stdlib.h>
#include <string.h>

#include "test.h"
#include "world.h"

constexpr uint64_t PAGE = STORE_PAGE_SIZE;
constexpr uint64_t READ = KOZO_RIGHT_READ;
constexpr uint64_t WRITE = KOZO_RIGHT_WRITE;
constexpr uint64_t EXECUTE = KOZO_RIGHT_EXECUTE;
constexpr uint64_t AT = 0x4000'0000;
constexpr uint64_t LIMIT = 64;

static struct world world;

static void start(void)
{
    world_start(&world);
    vmm_come(&world.vmm, 0, LIMIT);
    vmm_come(&world.vmm, 1, LIMIT);
}

static uint64_t make(size_t client, uint64_t pages)
{
    struct vmm_made made = vmm_create(&world.vmm, client, pages * PAGE);
    CHECK(made.error == KOZO_OK);
    return made.object;
}

static enum kozo_error map(size_t client, uint64_t object, uint64_t first, uint64_t pages,
                           uint64_t address, uint64_t rights)
{
    struct vmm_view view = {.object = object,
                            .offset = first * PAGE,
                            .length = pages * PAGE,
                            .address = address,
                            .rights = rights};
    return vmm_map(&world.vmm, client, &view);
}

static enum kozo_error write_word(size_t client, uint64_t address, uint32_t value)
{
    struct world_touch touch = world_touch(&world, client, address, WRITE);
    if (touch.error == KOZO_OK) {
        *touch.word = value;
    }
    return touch.error;
}

static uint32_t read_word(size_t client, uint64_t address)
{
    struct world_touch touch = world_touch(&world, client, address, READ);
    CHECK(touch.error == KOZO_OK);
    return touch.error == KOZO_OK ? *touch.word : 0xdead;
}

static uint64_t used(size_t client)
{
    return vmm_info(&world.vmm, client).used;
}

static void check_world(void)
{
    const char *fault = world_check(&world);
    if (fault != nullptr) {
        test_print("# ");
        test_print(fault);
        test_print("\n");
    }
    CHECK(fault == nullptr);
}

// --- What succeeds ------------------------------------------------------------------------------

TEST("an object of any size and a region of it cost nothing until a page is touched")
{
    start();
    uint64_t object = make(0, TREE_LENGTH);
    CHECK(map(0, object, 0, TREE_LENGTH, AT, READ | WRITE) == KOZO_OK);
    CHECK(used(0) == 0 && world.grown == 0);
    CHECK(read_word(0, AT + (TREE_LENGTH - 1) * PAGE) == 0);
    CHECK(used(0) == 2); // the page, and one of tables
    check_world();
}

TEST("what is written is read again, at every place where the object is seen")
{
    start();
    uint64_t object = make(0, 8);
    REQUIRE(map(0, object, 0, 8, AT, READ | WRITE) == KOZO_OK);
    REQUIRE(map(0, object, 2, 4, AT + 64 * PAGE, READ) == KOZO_OK);
    CHECK(write_word(0, AT + 3 * PAGE + 8, 77) == KOZO_OK);
    CHECK(read_word(0, AT + 65 * PAGE + 8) == 77);
    CHECK(read_word(0, AT + 3 * PAGE) == 0);
    check_world();
}

TEST("a page that is touched twice faults once")
{
    start();
    REQUIRE(map(0, make(0, 4), 0, 4, AT, READ | WRITE) == KOZO_OK);
    CHECK(write_word(0, AT, 1) == KOZO_OK && world.faults == 1);
    CHECK(write_word(0, AT + 4, 2) == KOZO_OK && read_word(0, AT) == 1 && world.faults == 1);
}

TEST("a copy has the same contents, and shares pages until one of the two is written")
{
    start();
    uint64_t object = make(0, 8);
    REQUIRE(map(0, object, 0, 8, AT, READ | WRITE) == KOZO_OK);
    CHECK(write_word(0, AT, 1) == KOZO_OK && write_word(0, AT + PAGE, 2) == KOZO_OK);
    uint64_t before = used(0);
    struct vmm_made copy = vmm_copy(&world.vmm, 0, object);
    REQUIRE(copy.error == KOZO_OK);
    REQUIRE(map(0, copy.object, 0, 8, AT + 64 * PAGE, READ | WRITE) == KOZO_OK);
    CHECK(read_word(0, AT + 64 * PAGE) == 1 && read_word(0, AT + 65 * PAGE) == 2);
    CHECK(read_word(0, AT) == 1 && used(0) == before);
    check_world();
    // The origin is written, and then the copy.
    CHECK(write_word(0, AT, 10) == KOZO_OK && used(0) == before + 1);
    CHECK(read_word(0, AT + 64 * PAGE) == 1);
    CHECK(write_word(0, AT + 65 * PAGE, 20) == KOZO_OK && used(0) == before + 2);
    CHECK(read_word(0, AT + PAGE) == 2 && read_word(0, AT + 65 * PAGE) == 20);
    // Nobody shares these any more.
    CHECK(write_word(0, AT + PAGE, 3) == KOZO_OK && write_word(0, AT + 64 * PAGE, 4) == KOZO_OK);
    CHECK(used(0) == before + 2 && read_word(0, AT) == 10);
    check_world();
}

TEST("a copy of a copy of a copy keeps what each had, whoever ends first")
{
    start();
    uint64_t chain[5] = {make(0, 2)};
    REQUIRE(map(0, chain[0], 0, 2, AT, READ | WRITE) == KOZO_OK);
    for (uint32_t i = 1; i < 5; i++) {
        CHECK(write_word(0, AT + (i - 1) * 16 * PAGE, i) == KOZO_OK);
        struct vmm_made copy = vmm_copy(&world.vmm, 0, chain[i - 1]);
        REQUIRE(copy.error == KOZO_OK);
        chain[i] = copy.object;
        REQUIRE(map(0, copy.object, 0, 2, AT + i * 16 * PAGE, READ | WRITE) == KOZO_OK);
    }
    CHECK(vmm_destroy(&world.vmm, 0, chain[0]) == KOZO_OK);
    CHECK(vmm_destroy(&world.vmm, 0, chain[2]) == KOZO_OK);
    CHECK(read_word(0, AT + 1UL * 16 * PAGE) == 2 && read_word(0, AT + 3UL * 16 * PAGE) == 4);
    CHECK(read_word(0, AT + 4UL * 16 * PAGE) == 4);
    check_world();
}

TEST("what was committed can be touched without a fault, shared with no copy")
{
    start();
    uint64_t object = make(0, 8);
    REQUIRE(map(0, object, 0, 8, AT, READ | WRITE) == KOZO_OK);
    REQUIRE(vmm_copy(&world.vmm, 0, object).error == KOZO_OK);
    CHECK(vmm_commit(&world.vmm, 0, object, 2 * PAGE, 3 * PAGE) == KOZO_OK);
    unsigned faults = world.faults;
    for (uint64_t page = 2; page < 5; page++) {
        CHECK(write_word(0, AT + page * PAGE, 9) == KOZO_OK);
    }
    CHECK(world.faults == faults);
    CHECK(write_word(0, AT + PAGE, 9) == KOZO_OK && world.faults == faults + 1);
    check_world();
}

TEST("a page that comes from another client is full of zeros")
{
    start();
    REQUIRE(map(0, make(0, 64), 0, 64, AT, READ | WRITE) == KOZO_OK);
    for (uint64_t page = 0; page < 20; page++) {
        CHECK(write_word(0, AT + page * PAGE + 100, 0xbad) == KOZO_OK);
    }
    vmm_leave(&world.vmm, 0);
    REQUIRE(map(1, make(1, 64), 0, 64, AT, READ) == KOZO_OK);
    for (uint64_t page = 0; page < 40; page++) {
        CHECK(read_word(1, AT + page * PAGE + 100) == 0);
    }
}

TEST("destroying everything, or leaving, gives every page back")
{
    start();
    for (int round = 0; round < 3; round++) {
        uint64_t object = make(0, 1000);
        REQUIRE(map(0, object, 0, 1000, AT, READ | WRITE) == KOZO_OK);
        for (uint64_t page = 0; page < 1000; page += 40) {
            CHECK(write_word(0, AT + page * PAGE, 1) == KOZO_OK);
        }
        struct vmm_made copy = vmm_copy(&world.vmm, 0, object);
        CHECK(copy.error == KOZO_OK && used(0) > 25);
        CHECK(vmm_destroy(&world.vmm, 0, object) == KOZO_OK);
        CHECK(vmm_destroy(&world.vmm, 0, copy.object) == KOZO_OK);
        CHECK(used(0) == 0 && world.vmm.store.free == world.vmm.store.count);
        check_world();
    }
    REQUIRE(map(0, make(0, 9), 0, 9, AT, READ | WRITE) == KOZO_OK);
    CHECK(write_word(0, AT, 1) == KOZO_OK);
    vmm_leave(&world.vmm, 0);
    CHECK(world.vmm.store.free == world.vmm.store.count);
    check_world();
}

// --- Refusals -----------------------------------------------------------------------------------

TEST("sizes that are no whole pages, and too large ones, are refused")
{
    start();
    CHECK(vmm_create(&world.vmm, 0, 0).error == KOZO_BAD_ARGUMENT);
    CHECK(vmm_create(&world.vmm, 0, 4095).error == KOZO_BAD_ARGUMENT);
    CHECK(vmm_create(&world.vmm, 0, (TREE_LENGTH + 1) * PAGE).error == KOZO_BAD_ARGUMENT);
    CHECK(vmm_create(&world.vmm, 0, UINT64_MAX & ~(PAGE - 1)).error == KOZO_BAD_ARGUMENT);
}

TEST("one object and one region too many are refused, and others can still be made by others")
{
    start();
    uint64_t object = make(0, 100);
    for (size_t i = 1; i < VMM_OBJECTS; i++) {
        (void)make(0, 1);
    }
    CHECK(vmm_create(&world.vmm, 0, PAGE).error == KOZO_NO_MEMORY);
    CHECK(vmm_copy(&world.vmm, 0, object).error == KOZO_NO_MEMORY);
    for (uint64_t i = 0; i < VMM_REGIONS; i++) {
        CHECK(map(0, object, 0, 1, AT + i * PAGE, READ) == KOZO_OK);
    }
    CHECK(map(0, object, 0, 1, AT + VMM_REGIONS * PAGE, READ) == KOZO_NO_MEMORY);
    CHECK(map(1, make(1, 1), 0, 1, AT, READ) == KOZO_OK);
}

TEST("numbers of objects that there are not, or that are another client's, are refused")
{
    start();
    uint64_t object = make(0, 4);
    static const uint64_t wrong[] = {0, 2, VMM_OBJECTS, VMM_OBJECTS + 1, UINT64_MAX, 1UL << 32};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        CHECK(vmm_destroy(&world.vmm, 0, wrong[i]) == KOZO_BAD_HANDLE);
        CHECK(vmm_copy(&world.vmm, 0, wrong[i]).error == KOZO_BAD_HANDLE);
        CHECK(map(0, wrong[i], 0, 1, AT, READ) == KOZO_BAD_HANDLE);
        CHECK(vmm_commit(&world.vmm, 0, wrong[i], 0, PAGE) == KOZO_BAD_HANDLE);
    }
    CHECK(vmm_destroy(&world.vmm, 1, object) == KOZO_BAD_HANDLE);
    CHECK(vmm_destroy(&world.vmm, 0, object) == KOZO_OK);
    CHECK(vmm_destroy(&world.vmm, 0, object) == KOZO_BAD_HANDLE);
}

TEST("a region that is not inside its object, or has no such place or rights, is refused")
{
    start();
    uint64_t object = make(0, 4);
    static const struct vmm_view wrong[] = {
        {.offset = 0, .length = 0, .address = AT, .rights = READ},
        {.offset = 0, .length = 5 * PAGE, .address = AT, .rights = READ},
        {.offset = 4 * PAGE, .length = PAGE, .address = AT, .rights = READ},
        {.offset = 3 * PAGE, .length = 2 * PAGE, .address = AT, .rights = READ},
        {.offset = 1, .length = PAGE, .address = AT, .rights = READ},
        {.offset = 0, .length = 100, .address = AT, .rights = READ},
        {.offset = UINT64_MAX - PAGE + 1, .length = PAGE, .address = AT, .rights = READ},
        {.offset = PAGE, .length = UINT64_MAX - PAGE + 1, .address = AT, .rights = READ},
        {.offset = 0, .length = PAGE, .address = AT + 1, .rights = READ},
        {.offset = 0, .length = 4 * PAGE, .address = VMM_ADDRESSES - PAGE, .rights = READ},
        {.offset = 0, .length = PAGE, .address = VMM_ADDRESSES, .rights = READ},
        {.offset = 0, .length = PAGE, .address = 1UL << 63, .rights = READ},
        {.offset = 0, .length = PAGE, .address = AT, .rights = 0},
        {.offset = 0, .length = PAGE, .address = AT, .rights = WRITE},
        {.offset = 0, .length = PAGE, .address = AT, .rights = READ | WRITE | EXECUTE},
        {.offset = 0, .length = PAGE, .address = AT, .rights = READ | KOZO_RIGHT_PHYS},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct vmm_view view = wrong[i];
        view.object = object;
        CHECK(vmm_map(&world.vmm, 0, &view) == KOZO_BAD_ARGUMENT);
    }
    CHECK(vmm_info(&world.vmm, 0).regions == 0);
}

TEST("regions do not overlap, and only a whole one is taken away")
{
    start();
    uint64_t object = make(0, 8);
    REQUIRE(map(0, object, 0, 4, AT, READ) == KOZO_OK);
    CHECK(map(0, object, 0, 1, AT, READ) == KOZO_SLOT_TAKEN);
    CHECK(map(0, object, 0, 1, AT + 3 * PAGE, READ) == KOZO_SLOT_TAKEN);
    CHECK(map(0, object, 0, 8, AT - 7 * PAGE, READ) == KOZO_SLOT_TAKEN);
    CHECK(map(0, object, 0, 7, AT - 7 * PAGE, READ) == KOZO_OK);
    CHECK(map(0, object, 0, 1, AT + 4 * PAGE, READ) == KOZO_OK);
    CHECK(vmm_unmap(&world.vmm, 0, AT + PAGE) == KOZO_BAD_ARGUMENT);
    CHECK(vmm_unmap(&world.vmm, 0, AT + 5 * PAGE) == KOZO_BAD_ARGUMENT);
    CHECK(vmm_unmap(&world.vmm, 0, AT) == KOZO_OK);
    CHECK(vmm_unmap(&world.vmm, 0, AT) == KOZO_BAD_ARGUMENT);
    check_world();
}

TEST("what was unmapped or destroyed is seen no more")
{
    start();
    uint64_t object = make(0, 4);
    REQUIRE(map(0, object, 0, 4, AT, READ | WRITE) == KOZO_OK);
    CHECK(write_word(0, AT, 5) == KOZO_OK);
    CHECK(vmm_unmap(&world.vmm, 0, AT) == KOZO_OK);
    CHECK(world_touch(&world, 0, AT, READ).error == KOZO_NO_RIGHT);
    REQUIRE(map(0, object, 0, 4, AT, READ) == KOZO_OK);
    CHECK(read_word(0, AT) == 5); // the object was there all the time
    CHECK(vmm_destroy(&world.vmm, 0, object) == KOZO_OK);
    CHECK(world_touch(&world, 0, AT, READ).error == KOZO_NO_RIGHT);
    check_world();
}

TEST("a touch without a region, or without the right, is refused")
{
    start();
    uint64_t object = make(0, 4);
    REQUIRE(map(0, object, 0, 4, AT, READ) == KOZO_OK);
    REQUIRE(map(0, object, 0, 4, AT + 8 * PAGE, READ | EXECUTE) == KOZO_OK);
    CHECK(world_touch(&world, 0, AT - 1, READ).error == KOZO_NO_RIGHT);
    CHECK(world_touch(&world, 0, AT + 4 * PAGE, READ).error == KOZO_NO_RIGHT);
    CHECK(world_touch(&world, 0, UINT64_MAX, READ).error == KOZO_NO_RIGHT);
    CHECK(world_touch(&world, 0, AT, WRITE).error == KOZO_NO_RIGHT);
    CHECK(world_touch(&world, 0, AT, EXECUTE).error == KOZO_NO_RIGHT);
    CHECK(world_touch(&world, 0, AT + 8 * PAGE, EXECUTE).error == KOZO_OK);
    CHECK(world_touch(&world, 1, AT, READ).error == KOZO_NO_RIGHT); // another client's
    CHECK(vmm_fault(&world.vmm, 0, AT, 0) == KOZO_NO_RIGHT);
    CHECK(used(0) == 2);
}

TEST("whoever is no client is refused everything")
{
    start();
    struct vmm_view view = {.object = 1, .length = PAGE, .address = AT, .rights = READ};
    for (size_t client = 2; client < VMM_CLIENTS + 2; client += VMM_CLIENTS - 1) {
        CHECK(vmm_create(&world.vmm, client, PAGE).error == KOZO_BAD_STATE);
        CHECK(vmm_copy(&world.vmm, client, 1).error == KOZO_BAD_STATE);
        CHECK(vmm_destroy(&world.vmm, client, 1) == KOZO_BAD_STATE);
        CHECK(vmm_map(&world.vmm, client, &view) == KOZO_BAD_STATE);
        CHECK(vmm_unmap(&world.vmm, client, AT) == KOZO_BAD_STATE);
        CHECK(vmm_commit(&world.vmm, client, 1, 0, PAGE) == KOZO_BAD_STATE);
        CHECK(vmm_fault(&world.vmm, client, AT, READ) == KOZO_BAD_STATE);
        vmm_leave(&world.vmm, client);
    }
}

// --- Limits -------------------------------------------------------------------------------------

TEST("a client at its limit is refused, others are not, and it goes on when it has freed something")
{
    start();
    uint64_t object = make(0, 200);
    uint64_t page = 0;
    REQUIRE(map(0, object, 0, 200, AT, READ | WRITE) == KOZO_OK);
    while (write_word(0, AT + page * PAGE, 1) == KOZO_OK) {
        page++;
    }
    CHECK(used(0) == LIMIT && page == LIMIT - 1);
    CHECK(vmm_fault(&world.vmm, 0, AT + 150 * PAGE, WRITE) == KOZO_NO_MEMORY);
    CHECK(vmm_commit(&world.vmm, 0, object, 100 * PAGE, PAGE) == KOZO_NO_MEMORY);
    CHECK(read_word(0, AT) == 1);
    check_world();
    REQUIRE(map(1, make(1, 20), 0, 20, AT, READ | WRITE) == KOZO_OK);
    CHECK(write_word(1, AT, 2) == KOZO_OK);
    CHECK(vmm_destroy(&world.vmm, 0, object) == KOZO_OK);
    REQUIRE(map(0, make(0, 20), 0, 20, AT, READ | WRITE) == KOZO_OK);
    CHECK(write_word(0, AT, 2) == KOZO_OK);
    check_world();
}

TEST("a write to a shared page at the limit is refused, and the page is whole for both")
{
    start();
    uint64_t object = make(0, 61);
    REQUIRE(map(0, object, 0, 61, AT, READ | WRITE) == KOZO_OK);
    for (uint64_t page = 0; page < 61; page++) {
        CHECK(write_word(0, AT + page * PAGE, 7) == KOZO_OK);
    }
    struct vmm_made copy = vmm_copy(&world.vmm, 0, object);
    REQUIRE(copy.error == KOZO_OK);
    uint64_t refusals = 0;
    for (uint64_t page = 0; page < 61; page++) {
        refusals += write_word(0, AT + page * PAGE, 8) == KOZO_NO_MEMORY ? 1 : 0;
    }
    CHECK(refusals == 61 - (LIMIT - 61 - 1));
    check_world();
    CHECK(vmm_destroy(&world.vmm, 0, copy.object) == KOZO_OK);
    CHECK(write_word(0, AT + 60 * PAGE, 8) == KOZO_OK);
    check_world();
}

TEST(
    "tables are charged: what is scattered costs more, and a copy without room for them is refused")
{
    start();
    uint64_t object = make(0, TREE_LENGTH);
    REQUIRE(map(0, object, 0, TREE_LENGTH, AT, READ | WRITE) == KOZO_OK);
    uint64_t pages = 0;
    while (write_word(0, AT + pages * (TREE_LENGTH / 64) * PAGE, 1) == KOZO_OK) {
        pages++;
    }
    CHECK(pages > LIMIT / 2 && pages < LIMIT - 8 && used(0) == LIMIT);
    CHECK(vmm_copy(&world.vmm, 0, object).error == KOZO_NO_MEMORY);
    CHECK(vmm_info(&world.vmm, 0).objects == 1);
    check_world();
}

TEST("when the store is empty whoever asks is refused, and goes on when another leaves")
{
    start();
    vmm_come(&world.vmm, 2, 1000);
    REQUIRE(map(2, make(2, 200), 0, 200, AT, READ | WRITE) == KOZO_OK);
    uint64_t page = 0;
    while (write_word(2, AT + page * PAGE, 1) == KOZO_OK) {
        page++;
    }
    CHECK(world.vmm.store.free == 0 && used(2) == WORLD_PAGES);
    REQUIRE(map(0, make(0, 4), 0, 4, AT, READ | WRITE) == KOZO_OK);
    CHECK(write_word(0, AT, 1) == KOZO_NO_MEMORY && used(0) == 0);
    check_world();
    vmm_leave(&world.vmm, 2);
    CHECK(write_word(0, AT, 1) == KOZO_OK);
    check_world();
}

TEST("a mapping that the kernel refuses loses nothing, and works at the next touch")
{
    start();
    REQUIRE(map(0, make(0, 4), 0, 4, AT, READ | WRITE) == KOZO_OK);
    world.refusals = 2;
    CHECK(write_word(0, AT, 1) == KOZO_NO_MEMORY && write_word(0, AT, 1) == KOZO_NO_MEMORY);
    check_world();
    CHECK(write_word(0, AT, 1) == KOZO_OK);
    check_world();
}

TEST("nobody sees more pages at a time than it may use")
{
    constexpr uint64_t few = 30;
    start();
    vmm_come(&world.vmm, 2, few);
    uint64_t object = make(2, 1);
    uint64_t seen = 0;
    for (uint64_t i = 0; i < VMM_REGIONS; i++) {
        REQUIRE(map(2, object, 0, 1, AT + i * PAGE, READ) == KOZO_OK);
        seen += world_touch(&world, 2, AT + i * PAGE, READ).error == KOZO_OK ? 1 : 0;
    }
    CHECK(seen == few && used(2) < few);
    check_world();
}

// --- Against a model ----------------------------------------------------------------------------

constexpr uint64_t SPAN = 12;  // pages of an object of the model
constexpr uint64_t MODELS = 6; // objects
constexpr uint64_t ROOM = 0x100000;

static struct {
    uint64_t object; // 0: none
    uint32_t value[SPAN];
} model[MODELS];

static uint64_t place_of(size_t i)
{
    return AT + i * ROOM;
}

static void step_make(size_t i)
{
    memset(&model[i], 0, sizeof model[i]);
    model[i].object = make(0, SPAN);
    CHECK(map(0, model[i].object, 0, SPAN, place_of(i), READ | WRITE) == KOZO_OK);
}

static void step_copy(size_t i)
{
    size_t from = (size_t)rand() % MODELS;
    if (model[from].object == 0) {
        return;
    }
    struct vmm_made made = vmm_copy(&world.vmm, 0, model[from].object);
    if (made.error == KOZO_OK) {
        model[i] = model[from];
        model[i].object = made.object;
        CHECK(map(0, made.object, 0, SPAN, place_of(i), READ | WRITE) == KOZO_OK);
    }
}

static void step_touch(size_t i)
{
    uint64_t page = (uint64_t)rand() % SPAN;
    uint64_t address = place_of(i) + page * PAGE;
    if (rand() % 2 == 0) {
        struct world_touch touch = world_touch(&world, 0, address, READ);
        CHECK(touch.error == KOZO_NO_MEMORY ||
              (touch.error == KOZO_OK && *touch.word == model[i].value[page]));
        return;
    }
    uint32_t value = (uint32_t)rand();
    if (write_word(0, address, value) == KOZO_OK) {
        model[i].value[page] = value;
    }
}

TEST("over a long random use all objects have what was written to them, and all invariants hold")
{
    world_start(&world);
    memset(model, 0, sizeof model);
    srand(5);
    vmm_come(&world.vmm, 0, 40);
    for (int step = 0; step < 4000; step++) {
        size_t i = (size_t)rand() % MODELS;
        if (model[i].object == 0) {
            (rand() % 2 == 0 ? step_make : step_copy)(i);
        } else if (rand() % 12 == 0) {
            CHECK(vmm_destroy(&world.vmm, 0, model[i].object) == KOZO_OK);
            model[i].object = 0;
        } else {
            step_touch(i);
        }
        if (step % 10 == 0) {
            check_world();
        }
    }
    vmm_leave(&world.vmm, 0);
    CHECK(world.vmm.store.free == world.vmm.store.count);
}
