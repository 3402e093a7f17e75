// SPDX-License-Identifier: MIT
// Tests that read as sentences, on the host and inside the system.
//
//     TEST("retype refuses a slot that is taken")
//     {
//         CHECK(retype(...) == KOZO_SLOT_TAKEN);
//     }
//
// The one line registers the test: the linker collects all of them into one array, and test_main
// runs them in the order of the files and prints TAP. A CHECK that fails ends nothing; the test is
// counted as failed once, and each failed check is named in a line of its own. REQUIRE also leaves
// the test.
#pragma once

struct test {
    const char *sentence;
    void (*run)(void);
};

// Runs all tests of the program and gives its exit status: 0 when all passed and there was one.
[[nodiscard]] int test_main(void);

// Notes that a check of the current test failed.
void test_failed(const char *file, int line, const char *what);

// Called after each test, to undo what it did. Provided by test_host.c or the native program.
void test_clean(void);

// Prints one line or a part of it. Provided by test_host.c or test_native.c.
void test_print(const char *text);

#define TEST_JOIN_(a, b) a##b
#define TEST_JOIN(a, b)  TEST_JOIN_(a, b)

#define TEST(text) TEST_NUMBERED(text, __COUNTER__)
#define TEST_NUMBERED(text, number)                                                                \
    static void TEST_JOIN(test_run_, number)(void);                                                \
    static const struct test TEST_JOIN(test_, number) = {text, TEST_JOIN(test_run_, number)};      \
    [[gnu::section("kozo_tests"), gnu::used, gnu::retain, clang::no_sanitize("address")]]          \
    static const struct test *const TEST_JOIN(test_pointer_, number) = &TEST_JOIN(test_, number);  \
    static void TEST_JOIN(test_run_, number)(void)

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            test_failed(__FILE__, __LINE__, #condition);                                           \
    } while (false)

#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            test_failed(__FILE__, __LINE__, #condition);                                           \
            return;                                                                                \
        }                                                                                          \
    } while (false)
