// SPDX-License-Identifier: MIT
// Tests on the building machine: a program of their own, output to the standard output.
#include "test.h"

#include <stdio.h>

void test_print(const char *text)
{
    (void)fputs(text, stdout);
    (void)fflush(stdout);
}

void test_clean(void)
{
}

int main(void)
{
    return test_main();
}
