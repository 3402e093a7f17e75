// SPDX-License-Identifier: MIT
#include "followers.h"

static struct {
    uint64_t number; // of the request; 0: none waits
    uint64_t seen;
} follower[KOZO_BOARD_SESSIONS];

bool followers_add(size_t place, uint64_t number, uint64_t seen)
{
    if (follower[place].number != 0 || number == 0) {
        return false;
    }
    follower[place].number = number;
    follower[place].seen = seen;
    return true;
}

bool followers_drop(size_t place, uint64_t number)
{
    bool found = follower[place].number != 0 && (number == 0 || follower[place].number == number);
    if (found) {
        follower[place].number = 0;
    }
    return found;
}

uint64_t followers_due(size_t place, uint64_t lines)
{
    uint64_t number = lines > follower[place].seen ? follower[place].number : 0;
    if (number != 0) {
        follower[place].number = 0;
    }
    return number;
}
