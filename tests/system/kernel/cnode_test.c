// SPDX-License-Identifier: MIT
#include "kernel_test.h"

TEST("copy makes a second capability with the same rights, a child of the first")
{
    uint64_t endpoint = make(KOZO_TYPE_ENDPOINT);
    uint64_t copy = empty_slot();
    CHECK(kozo_cnode_copy(slot(endpoint), slot(copy)) == KOZO_OK);
    struct kozo_cnode_inspect_result is = kozo_cnode_inspect(slot(copy));
    CHECK(is.type == KOZO_TYPE_ENDPOINT && is.parent.handle == endpoint);
    CHECK(is.rights == kozo_cnode_inspect(slot(endpoint)).rights);
    CHECK(kozo_cnode_inspect(slot(endpoint)).children && !is.children);
}

TEST("copy refuses a destination that is taken")
{
    uint64_t one = make(KOZO_TYPE_ENDPOINT);
    uint64_t two = make(KOZO_TYPE_NOTIFICATION);
    CHECK(kozo_cnode_copy(slot(one), slot(two)) == KOZO_SLOT_TAKEN);
    CHECK(kozo_cnode_copy(slot(one), slot(one)) == KOZO_SLOT_TAKEN);
    CHECK(type_in(two) == KOZO_TYPE_NOTIFICATION);
}

TEST("copy refuses an empty source and a destination that leads nowhere")
{
    uint64_t endpoint = make(KOZO_TYPE_ENDPOINT);
    CHECK(kozo_cnode_copy(slot(empty_slot()), slot(empty_slot())) == KOZO_BAD_HANDLE);
    CHECK(kozo_cnode_copy(slot(endpoint), slot(0)) == KOZO_BAD_HANDLE);
    CHECK(kozo_cnode_copy(slot(0), slot(empty_slot())) == KOZO_BAD_HANDLE);
    CHECK(kozo_cnode_copy(slot(endpoint), slot(endpoint << 20)) == KOZO_BAD_HANDLE);
}

TEST("copy refuses a Reply")
{
    CHECK(kozo_cnode_copy(slot(make(KOZO_TYPE_REPLY)), slot(empty_slot())) == KOZO_BAD_TYPE);
}

TEST("mint drops rights and never adds any")
{
    uint64_t endpoint = make(KOZO_TYPE_ENDPOINT);
    uint64_t less = with_rights(endpoint, KOZO_RIGHT_READ);
    CHECK(kozo_cnode_inspect(slot(less)).rights == KOZO_RIGHT_READ);
    uint64_t again = with_rights(less, ALL_RIGHTS);
    CHECK(kozo_cnode_inspect(slot(again)).rights == KOZO_RIGHT_READ);
    uint64_t none = with_rights(endpoint, 0);
    CHECK(kozo_cnode_inspect(slot(none)).rights == 0);
}

TEST("mint sets a badge once, and the badge stays along derivation")
{
    uint64_t endpoint = make(KOZO_TYPE_ENDPOINT);
    uint64_t badged = with_badge(endpoint, 77);
    CHECK(kozo_cnode_inspect(slot(badged)).value == 77);
    CHECK(mint(badged, empty_slot(), ALL_RIGHTS, 78) == KOZO_BAD_ARGUMENT);
    CHECK(kozo_cnode_inspect(slot(with_badge(badged, 0))).value == 77);
}

TEST("mint narrows a Frame, and refuses a range that is not inside")
{
    uint64_t frame = make_sized(KOZO_TYPE_FRAME, 14);
    uint64_t part = empty_slot();
    CHECK(mint(frame, part, ALL_RIGHTS, 1 | 2ul << 32) == KOZO_OK);
    CHECK(kozo_cnode_inspect(slot(part)).value == 2 * PAGE);
    uint64_t to = empty_slot();
    CHECK(mint(frame, to, ALL_RIGHTS, 3 | 2ul << 32) == KOZO_BAD_ARGUMENT);
    CHECK(mint(frame, to, ALL_RIGHTS, 4 | 1ul << 32) == KOZO_BAD_ARGUMENT);
    CHECK(mint(frame, to, ALL_RIGHTS, UINT32_MAX | (uint64_t)UINT32_MAX << 32) ==
          KOZO_BAD_ARGUMENT);
    CHECK(mint(part, to, ALL_RIGHTS, 1 | 2ul << 32) == KOZO_BAD_ARGUMENT);
    CHECK(type_in(to) == KOZO_TYPE_NONE);
}

TEST("mint refuses a range that is empty")
{
    uint64_t frame = make_sized(KOZO_TYPE_FRAME, 14);
    CHECK(mint(frame, empty_slot(), ALL_RIGHTS, 1) == KOZO_BAD_ARGUMENT);
}

TEST("mint refuses a value for a type that has none")
{
    CHECK(mint(make(KOZO_TYPE_THREAD), empty_slot(), ALL_RIGHTS, 5) == KOZO_BAD_ARGUMENT);
}

TEST("mint refuses a destination that is taken")
{
    uint64_t one = make(KOZO_TYPE_ENDPOINT);
    CHECK(mint(one, make(KOZO_TYPE_ENDPOINT), ALL_RIGHTS, 0) == KOZO_SLOT_TAKEN);
}

TEST("move takes a capability to another slot and keeps its place in the tree")
{
    uint64_t endpoint = make(KOZO_TYPE_ENDPOINT);
    uint64_t child = with_badge(endpoint, 5);
    uint64_t to = empty_slot();
    CHECK(kozo_cnode_move(slot(endpoint), slot(to)) == KOZO_OK);
    CHECK(type_in(endpoint) == KOZO_TYPE_NONE && type_in(to) == KOZO_TYPE_ENDPOINT);
    CHECK(kozo_cnode_inspect(slot(child)).parent.handle == to);
    CHECK(kozo_cnode_inspect(slot(to)).parent.handle == memory().handle);
}

TEST("move refuses an empty source and a destination that is taken")
{
    uint64_t one = make(KOZO_TYPE_ENDPOINT);
    uint64_t two = make(KOZO_TYPE_ENDPOINT);
    CHECK(kozo_cnode_move(slot(empty_slot()), slot(empty_slot())) == KOZO_BAD_HANDLE);
    CHECK(kozo_cnode_move(slot(one), slot(two)) == KOZO_SLOT_TAKEN);
    CHECK(kozo_cnode_move(slot(one), slot(one)) == KOZO_SLOT_TAKEN);
    CHECK(type_in(one) == KOZO_TYPE_ENDPOINT);
}

TEST("delete empties a slot, and an empty one stays empty without an error")
{
    uint64_t endpoint = make(KOZO_TYPE_ENDPOINT);
    CHECK(kozo_cnode_delete(slot(endpoint)) == KOZO_OK);
    CHECK(type_in(endpoint) == KOZO_TYPE_NONE);
    CHECK(kozo_cnode_delete(slot(endpoint)) == KOZO_OK);
}

TEST("delete hands children to the parent")
{
    uint64_t endpoint = make(KOZO_TYPE_ENDPOINT);
    uint64_t middle = with_badge(endpoint, 5);
    uint64_t one = with_rights(middle, KOZO_RIGHT_READ);
    uint64_t two = with_rights(middle, KOZO_RIGHT_WRITE);
    CHECK(kozo_cnode_delete(slot(middle)) == KOZO_OK);
    CHECK(kozo_cnode_inspect(slot(one)).parent.handle == endpoint);
    CHECK(kozo_cnode_inspect(slot(two)).parent.handle == endpoint);
    CHECK(kozo_cnode_inspect(slot(one)).value == 5);
}

TEST("delete of a first capability leaves the object with those that are left")
{
    uint64_t notification = make(KOZO_TYPE_NOTIFICATION);
    uint64_t copy = with_badge(notification, 4);
    CHECK(kozo_cnode_delete(slot(notification)) == KOZO_OK);
    CHECK(kozo_notification_signal((struct kozo_notification){copy}) == KOZO_OK);
    CHECK(kozo_notification_poll((struct kozo_notification){copy}).bits == 4);
}

TEST("revoke deletes all that was derived, at every depth, and leaves the capability itself")
{
    uint64_t endpoint = make(KOZO_TYPE_ENDPOINT);
    uint64_t first = empty_slots(20);
    uint64_t from = endpoint;
    for (uint64_t i = 0; i < 20; i++) {
        CHECK(kozo_cnode_copy(slot(i % 3 == 0 ? endpoint : from), slot(first + i)) == KOZO_OK);
        from = first + i;
    }
    CHECK(kozo_cnode_revoke(slot(endpoint)) == KOZO_OK);
    for (uint64_t i = 0; i < 20; i++) {
        CHECK(type_in(first + i) == KOZO_TYPE_NONE);
    }
    CHECK(type_in(endpoint) == KOZO_TYPE_ENDPOINT);
    CHECK(!kozo_cnode_inspect(slot(endpoint)).children);
}

TEST("revoke spares brothers and parents")
{
    uint64_t endpoint = make(KOZO_TYPE_ENDPOINT);
    uint64_t one = with_badge(endpoint, 1);
    uint64_t two = with_badge(endpoint, 2);
    uint64_t below = with_rights(one, KOZO_RIGHT_READ);
    CHECK(kozo_cnode_revoke(slot(one)) == KOZO_OK);
    CHECK(type_in(below) == KOZO_TYPE_NONE);
    CHECK(type_in(one) == KOZO_TYPE_ENDPOINT && type_in(two) == KOZO_TYPE_ENDPOINT);
}

TEST("revoke of an empty slot is refused")
{
    CHECK(kozo_cnode_revoke(slot(empty_slot())) == KOZO_BAD_HANDLE);
}

TEST("inspect tells that a slot is empty, without an error")
{
    struct kozo_cnode_inspect_result is = kozo_cnode_inspect(slot(empty_slot()));
    CHECK(is.error == KOZO_OK && is.type == KOZO_TYPE_NONE);
    CHECK(kozo_cnode_inspect(slot(0)).error == KOZO_BAD_HANDLE);
    CHECK(kozo_cnode_inspect(slot(UINT64_MAX)).error == KOZO_BAD_HANDLE);
}

// A handle for slot `index` of a CNode in slot `cnode`.
static uint64_t path(uint64_t cnode, uint64_t index)
{
    return cnode | index << kozo_process_info()->cnode_bits;
}

TEST("a handle is a path through CNodes of any depth")
{
    uint64_t outer = make_sized(KOZO_TYPE_CNODE, 4);
    CHECK(carve(KOZO_TYPE_CNODE, 3, path(outer, 9)) == KOZO_OK);
    uint64_t deep = path(outer, 9 | 5 << 4);
    CHECK(carve(KOZO_TYPE_NOTIFICATION, 0, deep) == KOZO_OK);
    CHECK(kozo_notification_signal((struct kozo_notification){deep}) == KOZO_OK);
    CHECK(kozo_notification_poll((struct kozo_notification){deep}).bits == 1);
    CHECK(type_in(path(outer, 9 | 4 << 4)) == KOZO_TYPE_NONE);
}

TEST("a path through something that is no CNode leads nowhere")
{
    uint64_t endpoint = make(KOZO_TYPE_ENDPOINT);
    CHECK(kozo_cnode_inspect(slot(path(endpoint, 1))).error == KOZO_BAD_HANDLE);
    CHECK(kozo_cnode_inspect(slot(path(empty_slot(), 1))).error == KOZO_BAD_HANDLE);
}

TEST("a path that has bits left over leads nowhere")
{
    uint64_t cnode = make_sized(KOZO_TYPE_CNODE, 3);
    CHECK(kozo_cnode_inspect(slot(path(cnode, 1 | 1 << 3))).error == KOZO_BAD_HANDLE);
}

TEST("a CNode without WRITE takes no capability and loses none")
{
    uint64_t cnode = make_sized(KOZO_TYPE_CNODE, 3);
    uint64_t endpoint = make(KOZO_TYPE_ENDPOINT);
    CHECK(kozo_cnode_copy(slot(endpoint), slot(path(cnode, 2))) == KOZO_OK);
    uint64_t look = with_rights(cnode, KOZO_RIGHT_READ);
    CHECK(kozo_cnode_copy(slot(endpoint), slot(path(look, 1))) == KOZO_NO_RIGHT);
    CHECK(mint(endpoint, path(look, 1), ALL_RIGHTS, 0) == KOZO_NO_RIGHT);
    CHECK(kozo_cnode_move(slot(endpoint), slot(path(look, 1))) == KOZO_NO_RIGHT);
    CHECK(kozo_cnode_move(slot(path(look, 2)), slot(empty_slot())) == KOZO_NO_RIGHT);
    CHECK(kozo_cnode_delete(slot(path(look, 2))) == KOZO_NO_RIGHT);
    CHECK(kozo_cnode_revoke(slot(path(look, 2))) == KOZO_NO_RIGHT);
    CHECK(carve(KOZO_TYPE_ENDPOINT, 0, path(look, 1)) == KOZO_NO_RIGHT);
    CHECK(type_in(path(cnode, 2)) == KOZO_TYPE_ENDPOINT);
}

TEST("deleting a CNode takes what is in it, and hands its children on")
{
    uint64_t cnode = make_sized(KOZO_TYPE_CNODE, 3);
    uint64_t notification = make(KOZO_TYPE_NOTIFICATION);
    CHECK(kozo_cnode_copy(slot(notification), slot(path(cnode, 1))) == KOZO_OK);
    uint64_t outside = with_badge(path(cnode, 1), 8);
    CHECK(kozo_cnode_delete(slot(cnode)) == KOZO_OK);
    CHECK(kozo_cnode_inspect(slot(outside)).parent.handle == notification);
    CHECK(kozo_notification_signal((struct kozo_notification){outside}) == KOZO_OK);
}

TEST("CNodes that hold one another are taken apart without a trace")
{
    uint64_t size = kozo_untyped_info(memory()).size;
    uint64_t one = make_sized(KOZO_TYPE_CNODE, 3);
    uint64_t two = make_sized(KOZO_TYPE_CNODE, 3);
    CHECK(kozo_cnode_copy(slot(one), slot(path(two, 1))) == KOZO_OK);
    CHECK(kozo_cnode_copy(slot(two), slot(path(one, 1))) == KOZO_OK);
    CHECK(kozo_cnode_copy(slot(one), slot(path(one, 2))) == KOZO_OK);
    CHECK(kozo_cnode_revoke(slot(memory().handle)) == KOZO_OK);
    CHECK(type_in(one) == KOZO_TYPE_NONE && type_in(two) == KOZO_TYPE_NONE);
    CHECK(kozo_untyped_info(memory()).free == size);
}

TEST("a large CNode full of capabilities is taken apart in one call")
{
    uint64_t size = kozo_untyped_info(memory()).size;
    uint64_t cnode = make_sized(KOZO_TYPE_CNODE, 10);
    uint64_t endpoint = make(KOZO_TYPE_ENDPOINT);
    for (uint64_t i = 1; i < 1024; i++) {
        CHECK(kozo_cnode_copy(slot(i == 1 ? endpoint : path(cnode, i - 1)), slot(path(cnode, i))) ==
              KOZO_OK);
    }
    CHECK(kozo_cnode_delete(slot(cnode)) == KOZO_OK);
    CHECK(!kozo_cnode_inspect(slot(endpoint)).children);
    CHECK(kozo_cnode_delete(slot(endpoint)) == KOZO_OK);
    CHECK(kozo_untyped_info(memory()).free == size);
}
