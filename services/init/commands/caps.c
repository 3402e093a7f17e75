// SPDX-License-Identifier: MIT
// The capabilities of init's CNode or of a service's, each below the one that it was derived from.
#include <kozo/format.h>
#include <kozo/machine.h>

#include "commands.h"
#include "init.h"

constexpr size_t CAPS_MOST = 1024;
constexpr size_t SERVICE_SLOTS = 1 << 7; // what is looked at of a service's CNode
constexpr size_t DEPTH_MOST = 8;         // what is deeper is shown at this depth

static const char *const types[] = {
    [KOZO_TYPE_NONE] = "nothing",
    [KOZO_TYPE_UNTYPED] = "untyped",
    [KOZO_TYPE_CNODE] = "cnode",
    [KOZO_TYPE_ENDPOINT] = "endpoint",
    [KOZO_TYPE_REPLY] = "reply",
    [KOZO_TYPE_NOTIFICATION] = "notification",
    [KOZO_TYPE_THREAD] = "thread",
    [KOZO_TYPE_SCHED_CONTEXT] = "sched-context",
    [KOZO_TYPE_POOL] = "pool",
    [KOZO_TYPE_ADDRESS_SPACE] = "address-space",
    [KOZO_TYPE_FRAME] = "frame",
    [KOZO_TYPE_MAPPING] = "mapping",
    [KOZO_TYPE_IRQ_CONTROL] = "irq-control",
    [KOZO_TYPE_IRQ_HANDLER] = "irq-handler",
    [KOZO_TYPE_TIMER] = "timer",
    [KOZO_TYPE_IO_PORT] = "io-port",
    [KOZO_TYPE_SCHED_CONTROL] = "sched-control",
    [KOZO_TYPE_EXTENDED_STATE] = "extended-state",
    [KOZO_TYPE_LEASE] = "lease",
    [KOZO_TYPE_AUDIT_LOG] = "audit-log",
    [KOZO_TYPE_AUDIT_DIGEST] = "audit-digest",
    [KOZO_TYPE_ENTROPY] = "entropy",
};

// One capability of the list. The list is in the order of slots; children may come before parents.
struct cap {
    uint16_t slot;
    uint16_t parent;
    bool shown;
    struct kozo_cnode_inspect_result is;
};

static struct cap caps[CAPS_MOST];

// A slot of init's CNode, or of a service's.
static struct kozo_slot handle_of(const struct init *init, const struct service *service,
                                  size_t slot)
{
    return (struct kozo_slot){service != nullptr
                                  ? kozo_process_slot(&init->home, &service->process->process, slot)
                                  : slot};
}

static size_t collect(const struct init *init, const struct service *service)
{
    size_t count = 0;
    size_t slots = service != nullptr ? SERVICE_SLOTS : init->slots.count;
    for (size_t slot = 1; slot < slots && count < CAPS_MOST; slot++) {
        struct kozo_cnode_inspect_result is = kozo_cnode_inspect(handle_of(init, service, slot));
        if (is.error == KOZO_OK && is.type != KOZO_TYPE_NONE) {
            caps[count++] =
                (struct cap){.slot = (uint16_t)slot,
                             .parent = is.parent.handle < slots ? (uint16_t)is.parent.handle : 0,
                             .is = is};
        }
    }
    return count;
}

static void rights_in_words(char *text, size_t size, uint64_t rights)
{
    static const char *const words[] = {"read", "write", "execute", "grant", "phys", "control"};
    size_t length = 0;
    text[0] = 0;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if ((rights >> i & 1) != 0 && length < size) {
            length += kozo_format(text + length, size - length, " %s", words[i]);
        }
    }
}

// What the value of a capability means.
static void value_in_words(char *text, size_t size, enum kozo_object_type type, uint64_t value)
{
    text[0] = 0;
    switch (type) {
    case KOZO_TYPE_ENDPOINT:
    case KOZO_TYPE_NOTIFICATION:
        if (value != 0) {
            kozo_format(text, size, ", badge 0x%lx", value);
        }
        return;
    case KOZO_TYPE_CNODE:
        kozo_format(text, size, ", %lu slots", 1ul << (value & 63));
        return;
    case KOZO_TYPE_FRAME:
    case KOZO_TYPE_UNTYPED:
        kozo_format(text, size, ", %lu KiB", value / 1024);
        return;
    case KOZO_TYPE_MAPPING:
        kozo_format(text, size, ", at 0x%lx", value);
        return;
    case KOZO_TYPE_IO_PORT: {
        uint64_t first = value & 0xffff;
        uint64_t count = value >> 16 & 0xffff;
        // All 65,536 ports do not fit into the count's 16 bits.
        kozo_format(text, size, ", ports 0x%lx to 0x%lx", first,
                    first + (count == 0 ? 0x10000 : count) - 1);
        return;
    }
    case KOZO_TYPE_IRQ_HANDLER:
        kozo_format(text, size, ", interrupt %lu", value);
        return;
    default:
        return;
    }
}

// How long a capability under a Lease lasts, and whether its uses are recorded.
static void terms_in_words(char *text, size_t size, const struct init *init,
                           const struct kozo_cnode_inspect_result *is)
{
    uint64_t per_millisecond = init->boot->tsc_frequency / 1000;
    size_t length = 0;
    text[0] = 0;
    if (is->deadline != 0 && per_millisecond != 0) {
        uint64_t now = kozo_ticks();
        uint64_t left = is->deadline > now ? (is->deadline - now) / per_millisecond : 0;
        length += kozo_format(text, size, ", %lu ms left", left);
    }
    if (is->uses != UINT64_MAX && length < size) {
        length += kozo_format(text + length, size - length, ", %lu uses left", is->uses);
    }
    if (is->watched && length < size) {
        kozo_format(text + length, size - length, ", watched");
    }
}

static void say_cap(struct init *init, const struct cap *cap, size_t depth)
{
    char rights[64];
    char value[64];
    char terms[96];
    enum kozo_object_type type = cap->is.type;
    bool known = type < sizeof types / sizeof types[0] && types[type] != nullptr;
    const char *name = known ? types[type] : "unknown";
    rights_in_words(rights, sizeof rights, cap->is.rights);
    value_in_words(value, sizeof value, type, cap->is.value);
    terms_in_words(terms, sizeof terms, init, &cap->is);
    say(init, "%5u %*s%s%s%s%s%s\n", cap->slot, (int)(2 * depth), "", name, value, terms,
        rights[0] != 0 ? ":" : "", rights);
}

// The first capability that was not shown yet and was derived from `parent`.
static struct cap *next_child(size_t count, uint16_t parent)
{
    for (size_t i = 0; i < count; i++) {
        if (!caps[i].shown && caps[i].parent == parent) {
            return &caps[i];
        }
    }
    return nullptr;
}

static void show_tree(struct init *init, size_t count)
{
    uint16_t path[DEPTH_MOST] = {0};
    size_t depth = 0;
    while (true) {
        struct cap *child = next_child(count, path[depth]);
        if (child == nullptr && depth == 0) {
            return;
        }
        if (child == nullptr) {
            depth--;
            continue;
        }
        child->shown = true;
        say_cap(init, child, depth);
        if (depth + 1 < DEPTH_MOST) {
            path[++depth] = child->slot;
        }
    }
}

int command_caps(struct init *init, const struct call *call)
{
    const struct service *service = nullptr;
    if (call->count > 1) {
        service = services_find(init, call->word[1]);
        if (service == nullptr || service->process == nullptr) {
            say(init, "caps: no such service runs: %.64s\n", call->word[1]);
            return STATUS_FAILED;
        }
    }
    size_t count = collect(init, service);
    show_tree(init, count);
    // A parent beyond the list, or too deep, hides nothing: the rest is shown without a place.
    for (size_t i = 0; i < count; i++) {
        if (!caps[i].shown) {
            say_cap(init, &caps[i], 0);
        }
    }
    return 0;
}
