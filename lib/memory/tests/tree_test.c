// SPDX-License-Identifier: MIT
#include "test.h"
#include "world.h"

static struct world world;
static struct account account;

static void start(uint64_t limit)
{
    world_start(&world);
    account_start(&account, &world.vmm.store, limit);
}

TEST("a number that was set is there, and its neighbours are 0")
{
    start(50);
    struct tree tree = {};
    static const uint64_t index[] = {0, 63, 64, 4095, 4096, 262'143, 262'144, TREE_LENGTH - 1};
    for (uint32_t i = 0; i < 8; i++) {
        CHECK(tree_set(&account, &tree, index[i], i + 1));
    }
    for (uint32_t i = 0; i < 8; i++) {
        CHECK(tree_get(&account, tree, index[i]) == i + 1);
    }
    CHECK(tree_get(&account, tree, 1) == 0 && tree_get(&account, tree, 5000) == 0);
    uint64_t at = 0;
    for (uint32_t i = 0; i < 8; i++) {
        at = tree_next(&account, tree, at);
        CHECK(at == index[i]);
        at++;
    }
    CHECK(tree_next(&account, tree, at) == TREE_LENGTH);
}

TEST("an empty tree takes nothing, and setting 0 in it neither")
{
    start(50);
    struct tree tree = {};
    CHECK(tree_next(&account, tree, 0) == TREE_LENGTH && tree_get(&account, tree, 7) == 0);
    CHECK(tree_set(&account, &tree, 7, 0) && account.used == 0);
    tree_end(&account, &tree);
    CHECK(account.used == 0);
}

TEST("without room a number can't be set, and what was set stays; the end gives everything back")
{
    start(2);
    struct tree tree = {};
    uint64_t index = 0;
    while (tree_set(&account, &tree, index * 4096 * 64 % TREE_LENGTH + index, 9)) {
        index++;
    }
    CHECK(index > 5 && account.used == 2);
    for (uint64_t i = 0; i < index; i++) {
        CHECK(tree_get(&account, tree, i * 4096 * 64 % TREE_LENGTH + i) == 9);
    }
    CHECK(tree_set(&account, &tree, 0, 10) && tree_get(&account, tree, 0) == 10);
    tree_end(&account, &tree);
    CHECK(account.used == 0 && account.tables == STORE_NONE);
    CHECK(world.vmm.store.free == world.vmm.store.count);
}

TEST("several trees share pages of tables, and one's end leaves the others whole")
{
    start(50);
    struct tree trees[6] = {};
    for (uint32_t i = 0; i < 6; i++) {
        for (uint64_t index = 0; index < 200; index++) {
            CHECK(tree_set(&account, &trees[i], index * 7, i + 1));
        }
    }
    for (uint32_t i = 0; i < 6; i += 2) {
        tree_end(&account, &trees[i]);
    }
    for (uint32_t i = 1; i < 6; i += 2) {
        for (uint64_t index = 0; index < 200; index++) {
            CHECK(tree_get(&account, trees[i], index * 7) == i + 1);
        }
        tree_end(&account, &trees[i]);
    }
    CHECK(account.used == 0);
}
