# SPDX-License-Identifier: MIT
"""Deliberate faults of the kernel. Each replaces `old`, which stands once in a file below kernel/."""

from typing import NamedTuple


class Mutation(NamedTuple):
    fault: str
    file: str
    old: str
    new: str


NOTHING = ";"

MUTATIONS = [
    # --- Finding capabilities
    Mutation("rights are not checked when an operation is called", "cap/lookup.c",
             "if ((slot->rights & rights) != rights) {", "if (false) {"),
    Mutation("the type of a capability is not checked", "cap/lookup.c",
             "if (slot->type != type) {", "if (false) {"),
    Mutation("a slot is filled without WRITE on its CNode", "cap/lookup.c",
             "if ((place.rights & KOZO_RIGHT_WRITE) == 0) {", "if (false) {"),
    Mutation("a slot that is taken is filled", "cap/lookup.c",
             "} else if (place_slot(&place)->type != KOZO_TYPE_NONE) {", "} else if (false) {"),
    Mutation("slot 0, the CNode's header, can be named", "cap/lookup.c",
             "if (index == 0) {", "if (false) {"),
    Mutation("rights are not checked on the short way of a call", "syscall/dispatch.c",
             "(operation->rights & ~slot->rights) == 0 && ", ""),
    Mutation("the short way of a call does not see a Lease", "syscall/dispatch.c",
             " && (slot->flags & SLOT_LEASED) == 0) {", ") {"),
    Mutation("a thread that waits stays current", "object/endpoint.c",
             "    scheduler_disturb(cpu);\n    thread->state = state;", "    thread->state = state;"),
    # --- Copies
    Mutation("a copy does not count as a reference", "object/cnode.c",
             "slot_object(source)->grave.header.references++;", NOTHING),
    Mutation("mint keeps all rights", "object/cnode.c",
             "destination->rights &= (uint16_t)rights;", "(void)rights;"),
    Mutation("mint does not apply the badge", "object/cnode.c",
             "destination->value = content.value;", NOTHING),
    Mutation("a badge can be replaced", "object/cnode.c",
             "if (content->value != 0) {", "if (false) {"),
    Mutation("a narrowed Frame is one page too long", "object/cnode.c",
             "if (count == 0 || first >= units || count > units - first) {",
             "if (count == 0 || first >= units || count > units - first + 1) {"),
    Mutation("what can't be copied is copied", "object/cnode.c",
             "if (!object_types[source->type].can_copy) {", "if (false) {"),
    Mutation("a capability is moved out of a CNode without WRITE", "object/cnode.c",
             "if ((from.rights & KOZO_RIGHT_WRITE) == 0) {", "if (false) {"),
    # --- The tree
    Mutation("removing the first of a ring forgets to tell the parent", "cap/slot.c",
             "    ring_pass_first(slot, slot->next);", NOTHING),
    Mutation("a moved capability's children keep the old parent", "cap/slot.c",
             "slot_at(from->child)->up = new;", NOTHING),
    Mutation("a moved capability's neighbours keep the old one", "cap/slot.c",
             "slot_at(from->previous)->next = new;", NOTHING),
    Mutation("a removed slot's children are cut off", "cap/slot.c",
             "        before->next = slot->child;", NOTHING),
    Mutation("an Untyped without children is not reset", "cap/slot.c",
             "untyped_reset(childless);", NOTHING),
    # --- Deleting
    Mutation("an object dies with its last capability but one", "cap/delete.c",
             "if (object->grave.header.references > 1) {",
             "if (object->grave.header.references > 2) {"),
    Mutation("an object outlives its last capability", "cap/delete.c",
             "if (object->grave.header.references > 1) {",
             "if (object->grave.header.references > 0) {"),
    Mutation("a deleted Mapping stays in the page tables", "cap/delete.c",
             "if (slot->type == KOZO_TYPE_MAPPING && !mapping_clear(cpu, slot)) {", "if (false) {"),
    Mutation("a dying CNode forgets its last slot", "object/cnode.c",
             "if (*progress + 1 >= cnode_slots(cnode)) {", "if (*progress + 2 >= cnode_slots(cnode)) {"),
    Mutation("dying objects are left behind", "cap/delete.c",
             "while (kernel.dying != 0) {", "while (false) {"),
    # --- Memory
    Mutation("memory is not zeroed", "object/untyped.c",
             "memory_zero(arch_window(untyped->base + untyped->zeroed), length);", NOTHING),
    Mutation("the watermark does not rise", "object/untyped.c", "    untyped->value = end;", NOTHING),
    Mutation("objects are not aligned", "object/untyped.c",
             "(first + retype->bytes - 1) & ~(retype->bytes - 1);", "first;"),
    Mutation("retype looks at the first slot only", "object/untyped.c",
             "if (retype->place.cnode->slot[index + i].type != KOZO_TYPE_NONE) {", "if (false) {"),
    Mutation("kernel objects are made in device memory", "object/untyped.c",
             "return !device && type < OBJECT_TYPES &&", "return type < OBJECT_TYPES &&"),
    # --- Leases
    Mutation("a Lease is not asked", "syscall/dispatch.c", "if (!lease_allows(lease)) {", "if (false) {"),
    Mutation("a closed Lease still yields", "object/lease.c",
             "lease->opened && !lease->closed && lease->uses > 0", "lease->opened && lease->uses > 0"),
    Mutation("a deadline is not kept", "object/lease.c", " && now <= lease->deadline;", " && now > 0;"),
    Mutation("a use counts for the inner Lease only", "object/lease.c",
             "for (struct lease *at = lease; at != nullptr; at = lease_at(at->outer)) {",
             "for (struct lease *at = lease; at != nullptr; at = nullptr) {"),
    Mutation("a copy of what was lent is not under the Lease", "object/cnode.c",
             "lease_join(lease_at(source->lease), destination);", NOTHING),
    Mutation("a removed slot stays in its Lease's list", "cap/slot.c", "    lease_leave(slot);", NOTHING),
    Mutation("what was lent can be lent on under any Lease", "object/cnode.c",
             "} else if (leased && !lease_is_inside(lease, lease_at(source->lease))) {",
             "} else if (false && leased) {"),
    # --- Mappings
    Mutation("a cleared page is not flushed", "object/mapping.c",
             "        *entry = 0;\n        arch_flush_page(mapping->value + offset);", "        *entry = 0;"),
    Mutation("clearing takes entries of others", "object/mapping.c",
             "arch_entry_address(*entry, 0) == mapping->base + offset &&", ""),
    Mutation("a page can be set beyond the Mapping's bound", "object/mapping.c",
             "if ((rights & ~(uint64_t)mapping->rights) != 0) {", "if (false) {"),
    Mutation("a Frame is mapped with more rights than it has", "object/frame.c",
             "return (map->rights & ~(uint64_t)frame->rights) != 0 ? KOZO_NO_RIGHT : KOZO_OK;",
             "return KOZO_OK;"),
    Mutation("map does not count the tables that it needs", "object/frame.c",
             "!mapping_has_tables(map.space, map.address, map.address + map.length)", "false"),
    Mutation("tables that come back are still taken", "object/pool.c", "    pool->taken--;", NOTHING),
    Mutation("tables that come back are dirty", "mem/table.c",
             "memory_zero(arch_window(table), TABLE_ENTRIES * sizeof(arch_entry_t));", NOTHING),
    # --- Messages, signals, time
    Mutation("the badge does not arrive", "ipc/message.c",
             "receiver->registers.handle = badge;", "receiver->registers.handle = badge & 0;"),
    Mutation("a thread that dies stays bound to its notification", "object/thread.c",
             "    thread_stop(cpu, thread);\n    notification_unbind(thread);",
             "    thread_stop(cpu, thread);"),
    Mutation("a caller is not told that the Reply is gone", "object/reply.c",
             "thread_cancel(cpu, thread, KOZO_NO_REPLY);", "reply_forget(thread);"),
    Mutation("the lender of time that came back does not know", "sched/time.c",
             "lender->borrower = 0;", NOTHING),
    Mutation("borrowed time is kept by a receiver", "object/endpoint.c",
             "        time_return(call->cpu, call->caller);\n        reply_offer(reply, call->caller);",
             "        reply_offer(reply, call->caller);"),
    Mutation("signals are kept although they were taken", "object/notification.c",
             "give_as_message(receiver, notification->bits);\n    notification->bits = 0;",
             "give_as_message(receiver, notification->bits);"),
]
