// SPDX-License-Identifier: MIT
// Runs the tests that the linker collected, and prints TAP.
#include "test.h"

#include <stddef.h>

extern const struct test *const __start_kozo_tests[];
extern const struct test *const __stop_kozo_tests[];

static bool failed;

static void print_number(size_t number)
{
    char digits[24];
    size_t at = sizeof digits;
    digits[--at] = 0;
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    test_print(&digits[at]);
}

void test_failed(const char *file, int line, const char *what)
{
    failed = true;
    test_print("# ");
    test_print(file);
    test_print(":");
    print_number((size_t)line);
    test_print(": not so: ");
    test_print(what);
    test_print("\n");
}

int test_main(void)
{
    size_t count = 0;
    size_t failures = 0;
    for (const struct test *const *test = __start_kozo_tests; test < __stop_kozo_tests; test++) {
        failed = false;
        (*test)->run();
        test_clean();
        count++;
        failures += failed ? 1 : 0;
        test_print(failed ? "not ok " : "ok ");
        print_number(count);
        test_print(" - ");
        test_print((*test)->sentence);
        test_print("\n");
    }
    test_print("1..");
    print_number(count);
    test_print("\n");
    return failures > 0 || count == 0 ? 1 : 0;
}
