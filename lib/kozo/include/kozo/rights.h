// SPDX-License-Identifier: MIT
// Sets of rights, as numbers and as the type that the stubs take.
#pragma once

#include <kozo/abi.h>

constexpr uint64_t KOZO_ALL_RIGHTS = KOZO_RIGHT_READ | KOZO_RIGHT_WRITE | KOZO_RIGHT_EXECUTE |
                                     KOZO_RIGHT_GRANT | KOZO_RIGHT_PHYS | KOZO_RIGHT_CONTROL;

// Any set of rights. A union and not a cast: analysers take a set for a value out of the enum's
// range.
static inline enum kozo_right kozo_rights(uint64_t bits)
{
    union {
        uint32_t bits;
        enum kozo_right rights;
    } set = {.bits = (uint32_t)bits};
    return set.rights;
}
