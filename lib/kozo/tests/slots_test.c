// SPDX-License-Identifier: MIT
#include <kozo/slots.h>

#include "test.h"

static uint64_t words[3];
static struct kozo_slots slots;

TEST("slots are given from the first free one on")
{
    kozo_slots_start(&slots, words, 14, 130);
    CHECK(kozo_slots_take(&slots, 1) == 14);
    CHECK(kozo_slots_take(&slots, 3) == 15);
    CHECK(kozo_slots_take(&slots, 1) == 18);
    CHECK(slots.used == 19);
}

TEST("slots that were given back are used again")
{
    kozo_slots_start(&slots, words, 1, 130);
    uint64_t first = kozo_slots_take(&slots, 4);
    CHECK(kozo_slots_take(&slots, 1) == 5);
    kozo_slots_give(&slots, first, 4);
    CHECK(kozo_slots_take(&slots, 5) == 6);
    CHECK(kozo_slots_take(&slots, 4) == first);
}

TEST("slots run out without harm, at the very end of the CNode")
{
    kozo_slots_start(&slots, words, 1, 130);
    CHECK(kozo_slots_take(&slots, 130) == 0);
    CHECK(kozo_slots_take(&slots, 129) == 1);
    CHECK(kozo_slots_take(&slots, 1) == 0);
    kozo_slots_give(&slots, 129, 1);
    CHECK(kozo_slots_take(&slots, 1) == 129);
}
