// SPDX-License-Identifier: MIT
// A link: how one kernel object names another, in 32 bits.
//
// It is the number of a 64-byte unit counted from the start of physical memory, so that kernel
// objects live in the first 256 GiB; 0 names nothing. Links keep slots at one cache line, and make
// the state of the kernel independent of where the window happens to be.
#pragma once

#include "arch/arch.h"

typedef uint32_t link_t;

constexpr unsigned LINK_UNIT_BITS = 6;
constexpr physical_t LINK_END = (physical_t)1 << (32 + LINK_UNIT_BITS);

// What a link names that is not 0.
static inline void *link_known(link_t link)
{
    return arch_window((physical_t)link << LINK_UNIT_BITS);
}

// What the link names; null for 0.
static inline void *link_target(link_t link)
{
    return link == 0 ? nullptr : link_known(link);
}

// The link to something that is 64-byte aligned and below LINK_END; 0 for null.
static inline link_t link_to(const void *target)
{
    return target == nullptr ? 0 : (link_t)(arch_physical(target) >> LINK_UNIT_BITS);
}

// The same for what is seen through the window, which is all but struct kernel; not null.
static inline link_t link_of(const void *target)
{
    return (link_t)(arch_window_address(target) >> LINK_UNIT_BITS);
}
