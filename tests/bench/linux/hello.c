// SPDX-License-Identifier: MIT
// The smallest program with a C library, for what it takes to start one.
#include <stdio.h>

int main(void)
{
    return puts("hello") < 0;
}
