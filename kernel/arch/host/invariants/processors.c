// SPDX-License-Identifier: MIT
// Processors, and the heaps of what is due in them.
#include "found.h"
#include "object/sched_context.h"
#include "object/thread.h"
#include "rules.h"
#include "sched/extra.h"

static uint32_t rank_of(link_t object, size_t offset)
{
    return object == 0 ? 0 : heap_node(object, offset)->rank;
}

static bool is_child(link_t child, link_t parent, size_t offset)
{
    return child == 0 ||
           (heap_node(child, offset)->up == parent && heap_node(child, offset)->rank != 0 &&
            heap_node(child, offset)->key >= heap_node(parent, offset)->key);
}

// Whether the node is in the heap: the way up leads to the root.
static bool is_in_heap(link_t object, size_t offset, link_t root)
{
    for (unsigned steps = 0; steps < UNITS; steps++) {
        link_t up = heap_node(object, offset)->up;
        if (up == 0) {
            return object == root;
        }
        if (heap_node(up, offset)->left != object && heap_node(up, offset)->right != object) {
            return false;
        }
        object = up;
    }
    return false;
}

bool check_node(const void *object, size_t offset, link_t root)
{
    link_t self = link_to(object);
    const struct heap_node *node = heap_node(self, offset);

    if (node->rank == 0) {
        RULE(is_zero(node, sizeof(*node)), "H1: a node in no heap is zero", object);
        return true;
    }
    RULE(is_child(node->left, self, offset) && is_child(node->right, self, offset),
         "H1: a node comes before those below it, which know it", object);
    RULE(rank_of(node->left, offset) >= rank_of(node->right, offset) &&
             node->rank == rank_of(node->right, offset) + 1,
         "H1: the right side of a node is the shorter one", object);
    RULE(is_in_heap(self, offset, root), "H1: a node is in its heap", object);
    return true;
}

bool check_alarms(void)
{
    static const enum kozo_object_type types[] = {KOZO_TYPE_TIMER, KOZO_TYPE_SCHED_CONTEXT};
    const struct alarm *alarm;

    for (unsigned i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        for (unsigned at = 0; (alarm = next_object(&at, types[i])) != nullptr;) {
            if (!check_node(alarm, ALARM_NODE, kernel.cpu[alarm->cpu].alarms)) {
                return false;
            }
        }
    }
    for (unsigned i = 0; i < kernel.processors; i++) {
        const struct cpu *cpu = &kernel.cpu[i];
        RULE(cpu->alarms == 0 || is_object(cpu->alarms, KOZO_TYPE_TIMER) ||
                 is_object(cpu->alarms, KOZO_TYPE_SCHED_CONTEXT),
             "K1: an alarm is a Timer or a SchedContext", cpu);
        RULE(cpu->alarms == 0 || host_deadline(cpu) <= heap_node(cpu->alarms, ALARM_NODE)->key,
             "K1: the hardware timer fires at the first alarm", cpu);
    }
    return true;
}

// Whether the extra state in a processor is that of a thread that has stepped aside.
static bool is_aside(link_t extra)
{
    link_t thread = extra & ~EXTRA_ASIDE;

    return thread != extra && kernel.processors == 1 && is_object(thread, KOZO_TYPE_THREAD) &&
           thread_at(thread)->extra == thread;
}

static bool check_cpu(const struct cpu *cpu)
{
    const struct thread *current = cpu->current;
    unsigned lowest = current == nullptr ? 0 : current->priority + 1u;

    for (unsigned priority = lowest; priority < KOZO_PRIORITIES; priority++) {
        RULE(cpu->queue[priority].first == 0, "nobody of a higher priority waits for the processor",
             cpu);
    }

    RULE(cpu->pending == 0, "nothing is left to do", cpu);
    RULE(current == nullptr || (cpu->call.cpu == cpu && cpu->call.caller == current &&
                                cpu->call.argument == current->registers.argument &&
                                current->foreign == ((cpu->detour & DETOUR_FOREIGN) != 0)),
         "the next call is that of the current thread", cpu);
    RULE(cpu->late.first == 0, "nobody is left to be told of a timeout", cpu);
    RULE(cpu->context == 0 || is_object(cpu->context, KOZO_TYPE_SCHED_CONTEXT),
         "what is charged is a SchedContext", cpu);
    RULE(cpu->context == (current == nullptr ? 0 : current->time),
         "the SchedContext of the current thread is charged", cpu);
    link_t extra = current == nullptr ? 0 : current->extra;
    RULE(cpu->extra == extra || (extra == 0 && is_aside(cpu->extra)),
         "X3: the processor has the extra state of its current thread", cpu);
    RULE(host.extended_usable == (current != nullptr && current->extended != 0),
         "X3: the registers can be used exactly by a thread that has some", cpu);
    RULE(host.debug == (current == nullptr ? 0 : current->registers.debug),
         "X3: the breakpoint of the current thread is set", cpu);
    if (current != nullptr) {
        RULE(is_object(link_to(current), KOZO_TYPE_THREAD), "the current thread is a thread",
             current);
        RULE(current->state == READY && current->time != 0 &&
                 !sched_context_is_spent(link_target(current->time)),
             "the current thread can run", current);
        RULE(current->cpu == cpu->number, "V1: a thread is current on its own processor", current);
        RULE(thread_root(current) != 0 && cpu->arch.root == thread_root(current),
             "the current thread's address space is current", current);
        RULE(host_deadline(cpu) <=
                 cpu->charged + (uint64_t)((struct sched_context *)link_target(cpu->context))->left,
             "the timer fires before the turn ends", current);
    }
    RULE(atomic_load(&cpu->asked) == 0 && cpu->arch.locked == 0,
         "V3: nothing is asked while nobody holds the lock", cpu);
    return true;
}

bool check_cpus(void)
{
    for (unsigned i = 0; i < kernel.processors; i++) {
        if (!check_cpu(&kernel.cpu[i])) {
            return false;
        }
    }
    RULE(kernel.init == 0 || is_object(kernel.init, KOZO_TYPE_THREAD), "init is a thread", &kernel);
    RULE(kernel.flush.processors == 0, "what was cached is forgotten before the entry ends",
         &kernel);
    return true;
}
