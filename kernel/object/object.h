// SPDX-License-Identifier: MIT
// What all kernel objects have in common: a header, a type, a life.
//
// An object begins with a struct object of 64 bytes. It counts the capabilities to the object, and
// it is also the object's grave: when the last capability is deleted, that capability moves into
// the header, keeping its place in the tree, and the object joins kernel.dying. From then on nobody
// can name it. It is taken apart in steps (the type's `reap`), each of which leaves a valid state;
// at the end the grave is removed from the tree, and the memory belongs to its Untyped again.
// Because graves stay in the tree, revoking the Untyped finds a half-destroyed object and finishes
// it.
//
//      retype            last capability deleted            reap says done
//   ──────────▶  live  ──────────────────────────▶  dying  ────────────────▶  memory
//     create    │          object_bury                        object_reap         ▲
//               └─────────────────────────────────────────────────────────────────┘
//                          the same, of an object that is at rest
//
// Invariants
//   O1  A live object's `references` is the number of slots that hold a capability to it, and not 0.
//   O2  A dying object has exactly one capability, in its own header, and is in kernel.dying once.
//   O3  Objects lie at multiples of their size, so that the owner of a slot inside one can be found.
#pragma once

#include "cap/slot.h"

struct cpu;

struct object {
    struct slot grave; // empty while the object lives; grave.header is the header
};
static_assert(sizeof(struct object) == KOZO_SLOT_SIZE);

struct object_type {
    const char *name;
    uint8_t bits;    // log2 of the object's size; 0 when retype chooses it or can't make it
    bool has_object; // a capability of this type names an object with a header
    bool can_copy;   // false: can only be moved
    uint16_t rights; // the rights that a fresh capability has

    // Sets up a zeroed object whose header is filled in. Null when there is nothing to do.
    void (*create)(struct object *object);

    // Whether nothing but its capabilities knows of the object, so that it need not be taken apart.
    // Null when it always has to be.
    bool (*at_rest)(const struct object *object);

    // Takes one more part away. True when nothing is left. Called again and again, with other calls
    // into the kernel in between. Null when there is nothing to do.
    bool (*reap)(struct cpu *cpu, struct object *object);
};

constexpr unsigned OBJECT_TYPES = 32;
extern const struct object_type object_types[OBJECT_TYPES];

// The object that a capability names. Only for types with has_object.
static inline struct object *slot_object(const struct slot *slot)
{
    return link_known(slot->object);
}

// Turns the zeroed memory at `object` into an object without capabilities. `bits` as in the header.
void object_create(struct object *object, enum kozo_object_type type, unsigned bits);

// Moves the last capability of an object into its grave, and starts to take the object apart.
void object_bury(struct slot *last);

// Takes parts away until nothing is left or it is time for a preemption point. True when the object
// is gone.
[[nodiscard]] bool object_reap(struct cpu *cpu, struct object *object);
