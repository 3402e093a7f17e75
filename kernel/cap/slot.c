// SPDX-License-Identifier: MIT
// The derivation tree's only writer. Every function here keeps S1, S2 and S4 of slot.h at its end.
#include "cap/slot.h"

#include "object/address_space.h"
#include "object/lease.h"
#include "object/untyped.h"

// Flags that belong to the capability, and not to the place where it stands.
constexpr uint8_t SLOT_KEPT = SLOT_DEVICE | SLOT_LEASED | SLOT_WATCHED;

void slot_join(struct slot *first, struct slot *last, struct slot *parent)
{
    if (parent->child == 0) {
        parent->child = link_of(first);
        last->next = link_of(first);
        first->previous = link_of(last);
        first->up = link_of(parent);
        return;
    }
    struct slot *oldest = slot_at(parent->child);
    struct slot *youngest = slot_at(oldest->previous);
    last->next = parent->child;
    first->previous = oldest->previous;
    youngest->next = link_of(first);
    oldest->previous = link_of(last);
}

// Makes `heir` the first of the ring in place of `slot`, when `slot` is the first.
static void ring_pass_first(const struct slot *slot, link_t heir)
{
    if (slot->up != 0) {
        slot_at(slot->up)->child = heir;
        slot_at(heir)->up = slot->up;
    }
}

static void ring_replace_by_children(struct slot *slot)
{
    struct slot *first = slot_at(slot->child);
    struct slot *last = slot_at(first->previous);

    first->up = 0;
    if (slot->next != link_of(slot)) {
        struct slot *before = slot_at(slot->previous);
        struct slot *after = slot_at(slot->next);
        first->previous = slot->previous;
        before->next = slot->child;
        last->next = slot->next;
        after->previous = link_of(last);
    }
    ring_pass_first(slot, slot->child);
}

// Gives the parent when that has no child any more.
static struct slot *ring_unlink(struct slot *slot)
{
    if (slot->child != 0) {
        ring_replace_by_children(slot);
        return nullptr;
    }
    if (slot->next == link_of(slot)) {
        struct slot *parent = slot_at(slot->up);
        parent->child = 0;
        return parent;
    }
    slot_at(slot->previous)->next = slot->next;
    slot_at(slot->next)->previous = slot->previous;
    ring_pass_first(slot, slot->next);
    return nullptr;
}

void slot_insert(struct slot *slot, struct slot *parent, const struct slot *content)
{
    *slot = *content;
    slot->child = 0;
    slot->up = 0;
    slot->list_next = 0;
    slot->list_previous = 0;
    // The root stands in struct kernel, which the window shows as well.
    slot_join(slot, slot, slot_at(link_to(parent)));
}

void slot_join_after(struct slot *slot, struct slot *sibling)
{
    slot->next = sibling->next;
    slot->previous = link_of(sibling);
    slot_at(sibling->next)->previous = link_of(slot);
    sibling->next = link_of(slot);
}

void slot_condemn(struct slot *slot, struct slot *node)
{
    node->type = SLOT_REVOCATION;
    node->flags = SLOT_IN_THREAD;
    node->child = slot->child;
    node->next = link_of(node);
    node->previous = link_of(node);
    node->up = link_of(slot);
    slot_at(node->child)->up = link_of(node);
    slot->child = link_of(node);
}

// What names `from` now names `to`, which has its contents.
static void tree_moved(const struct slot *from, struct slot *to)
{
    link_t new = link_of(to);

    if (from->next == link_of(from)) {
        to->next = new;
        to->previous = new;
    } else {
        slot_at(from->next)->previous = new;
        slot_at(from->previous)->next = new;
    }
    if (from->up != 0) {
        slot_at(from->up)->child = new;
    }
    if (from->child != 0) {
        slot_at(from->child)->up = new;
    }
}

void slot_move(struct slot *from, struct slot *to, uint8_t flags)
{
    struct object_header header = to->header;

    *to = *from;
    to->flags = flags | (from->flags & SLOT_KEPT);
    if ((flags & SLOT_GRAVE) != 0) {
        to->header = header;
    }
    tree_moved(from, to);
    if (from->type == KOZO_TYPE_MAPPING) {
        address_space_mapping_moved(from, to);
    } else if ((from->flags & SLOT_LEASED) != 0) {
        lease_moved(from, to);
    }
    slot_clear(from);
}

void slot_remove(struct slot *slot)
{
    struct slot *childless = ring_unlink(slot);

    if ((slot->flags & SLOT_LEASED) != 0) {
        lease_leave(slot);
    }
    slot_clear(slot);
    if (childless != nullptr && childless->type == KOZO_TYPE_UNTYPED) {
        untyped_reset(childless);
    }
}

struct slot *slot_parent(struct slot *slot, unsigned steps)
{
    for (struct slot *at = slot; steps > 0; steps--, at = slot_at(at->previous)) {
        if (at->up != 0) {
            return slot_at(at->up);
        }
    }
    return nullptr;
}

void slot_list_push(link_t *head, struct slot *slot)
{
    slot->list_previous = 0;
    slot->list_next = *head;
    if (*head != 0) {
        slot_at(*head)->list_previous = link_of(slot);
    }
    *head = link_of(slot);
}

void slot_list_moved(link_t *head, const struct slot *from, struct slot *to)
{
    if (from->list_previous != 0) {
        slot_at(from->list_previous)->list_next = link_of(to);
    } else {
        *head = link_of(to);
    }
    if (from->list_next != 0) {
        slot_at(from->list_next)->list_previous = link_of(to);
    }
}

void slot_list_unlink(link_t *head, struct slot *slot)
{
    if (slot->list_previous != 0) {
        slot_at(slot->list_previous)->list_next = slot->list_next;
    } else {
        *head = slot->list_next;
    }
    if (slot->list_next != 0) {
        slot_at(slot->list_next)->list_previous = slot->list_previous;
    }
    slot->list_next = 0;
    slot->list_previous = 0;
}
