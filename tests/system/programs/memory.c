// SPDX-License-Identifier: MIT
// A client of the memory service. Alone it says sentences, each with yes or NO; otherwise:
//
//     memory used            says how many pages it uses at first
//     memory outside         touches what it does not have
//     memory forbidden       writes what it may only read
//     memory exhaust         touches more than its limit
//     memory hold PAGES      touches so many pages, says so, and waits for ever
//     memory churn ROUNDS    makes, copies, writes and destroys, checking contents; 0: for ever
//
// It is given: `pager memory`.
#include <kozo/print.h>
#include <kozo/session.h>
#include <kozo/start.h>
#include <stdlib.h>
#include <string.h>

constexpr uint64_t PAGE = KOZO_PAGE_SIZE;
constexpr uint64_t AT = 0x5000'0000;
constexpr uint64_t COPY_AT = 0x7000'0000;
constexpr uint64_t READ = KOZO_RIGHT_READ;
constexpr uint64_t WRITE = KOZO_RIGHT_WRITE;

static struct kozo_session memory;

static void say(const char *sentence, bool holds)
{
    kozo_printf("%s: %s\n", holds ? "yes" : "NO", sentence);
}

static volatile uint64_t *word_at(uint64_t address)
{
    return (volatile uint64_t *)address;
}

static uint64_t make(uint64_t pages)
{
    struct kozo_memory_create_result made = kozo_memory_create(memory.service, pages * PAGE);
    return made.error == KOZO_OK ? made.object : 0;
}

static uint64_t copy(uint64_t object)
{
    struct kozo_memory_copy_result made = kozo_memory_copy(memory.service, object);
    return made.error == KOZO_OK ? made.copied : 0;
}

static enum kozo_error map(uint64_t object, uint64_t pages, uint64_t address, uint64_t rights)
{
    return kozo_memory_map(memory.service, object, 0, pages * PAGE, address, (uint32_t)rights);
}

static uint64_t used(void)
{
    return kozo_memory_info(memory.service).used;
}

static bool is_empty(void)
{
    struct kozo_memory_info_result info = kozo_memory_info(memory.service);
    return info.error == KOZO_OK && info.objects == 0 && info.regions == 0;
}

// --- Sentences ----------------------------------------------------------------------------------

static void say_pages(void)
{
    constexpr uint64_t many = 1UL << 24; // pages: 64 GiB
    uint64_t object = make(many);
    bool mapped = map(object, many, AT << 12, READ | WRITE) == KOZO_OK;
    say("64 GiB are reserved, and take no page", object != 0 && mapped && used() == 0);
    volatile uint64_t *last = word_at((AT << 12) + (many - 1) * PAGE);
    bool zero = *last == 0;
    *last = 77;
    say("a page appears when it is touched, full of zeros, and keeps what is written",
        zero && *last == 77 && used() > 0);
    say("an object that is destroyed is gone",
        kozo_memory_destroy(memory.service, object) == KOZO_OK && is_empty());
}

static void say_copies(void)
{
    constexpr uint64_t pages = 8;
    uint64_t object = make(pages);
    bool good = map(object, pages, AT, READ | WRITE) == KOZO_OK;
    for (uint64_t i = 0; i < pages; i++) {
        *word_at(AT + i * PAGE) = i + 1;
    }
    uint64_t before = used();
    uint64_t copied = copy(object);
    good = good && copied != 0 && map(copied, pages, COPY_AT, READ | WRITE) == KOZO_OK;
    for (uint64_t i = 0; i < pages; i++) {
        good = good && *word_at(COPY_AT + i * PAGE) == i + 1;
    }
    say("a copy has the same contents, and takes no pages but for tables",
        good && used() <= before + 1);
    *word_at(AT) = 100;
    *word_at(COPY_AT + PAGE) = 200;
    say("what is written to one of the two is not seen in the other",
        *word_at(COPY_AT) == 1 && *word_at(AT) == 100 && *word_at(AT + PAGE) == 2 &&
            *word_at(COPY_AT + PAGE) == 200);
    (void)kozo_memory_destroy(memory.service, object);
    say("a copy outlives its origin", *word_at(COPY_AT) == 1 && *word_at(COPY_AT + 2 * PAGE) == 3);
    (void)kozo_memory_destroy(memory.service, copied);
}

static void say_refusals(void)
{
    uint64_t object = make(4);
    struct kozo_endpoint service = memory.service;
    constexpr uint32_t read = READ;
    say("a size that is no whole pages is refused",
        kozo_memory_create(service, 100).error == KOZO_BAD_ARGUMENT);
    say("an object that there is not is refused",
        kozo_memory_destroy(service, object + 1) == KOZO_BAD_HANDLE &&
            kozo_memory_copy(service, 0).error == KOZO_BAD_HANDLE);
    say("a part that is not inside the object is refused",
        kozo_memory_map(service, object, 4 * PAGE, PAGE, AT, read) == KOZO_BAD_ARGUMENT);
    say("an address of the kernel is refused",
        kozo_memory_map(service, object, 0, PAGE, 0xffff'8000'0000'0000, read) ==
            KOZO_BAD_ARGUMENT);
    say("memory that can be written and executed is refused",
        map(object, 1, AT, READ | WRITE | KOZO_RIGHT_EXECUTE) == KOZO_BAD_ARGUMENT);
    say("two parts at one place are refused",
        map(object, 4, AT, READ) == KOZO_OK && map(object, 1, AT + PAGE, READ) == KOZO_SLOT_TAKEN);
    say("what begins elsewhere is not taken away",
        kozo_memory_unmap(service, AT + PAGE) == KOZO_BAD_ARGUMENT &&
            kozo_memory_unmap(service, AT) == KOZO_OK);
    (void)kozo_memory_destroy(service, object);
}

static void say_limits(void)
{
    struct kozo_memory_info_result info = kozo_memory_info(memory.service);
    uint64_t object = make(info.limit * 2);
    bool mapped = map(object, info.limit * 2, AT, READ | WRITE) == KOZO_OK;
    enum kozo_error error = kozo_memory_commit(memory.service, object, 0, info.limit * 2 * PAGE);
    say("a client that asks for more than its limit is told NO_MEMORY, and has at most that",
        mapped && error == KOZO_NO_MEMORY && used() <= info.limit && used() > info.limit / 2);
    (void)kozo_memory_destroy(memory.service, object);
    object = make(16);
    bool good = map(object, 16, AT, READ | WRITE) == KOZO_OK &&
                kozo_memory_commit(memory.service, object, 0, 16 * PAGE) == KOZO_OK;
    for (uint64_t i = 0; good && i < 16; i++) {
        good = *word_at(AT + i * PAGE) == 0;
        *word_at(AT + i * PAGE) = i;
    }
    say("after it gave that back it can have memory again, full of zeros", good);
    (void)kozo_memory_destroy(memory.service, object);
    say("at the end it has no object and no part of one", is_empty());
}

// --- Others -------------------------------------------------------------------------------------

static int hold(uint64_t pages)
{
    if (map(make(pages), pages, AT, READ | WRITE) != KOZO_OK) {
        return 1;
    }
    for (uint64_t i = 0; i < pages; i++) {
        *word_at(AT + i * PAGE) = i + 1;
    }
    kozo_printf("holds %lu pages\n", pages);
    while (true) {
        for (uint64_t i = 0; i < pages; i++) {
            if (*word_at(AT + i * PAGE) != i + 1) {
                kozo_print("its memory has changed\n");
                return 2;
            }
        }
        (void)kozo_kernel_yield();
    }
}

static bool churn_once(uint64_t round)
{
    constexpr uint64_t pages = 24;
    uint64_t object = make(pages);
    bool good = map(object, pages, AT, READ | WRITE) == KOZO_OK;
    for (uint64_t i = 0; good && i < pages; i++) {
        *word_at(AT + i * PAGE + 8 * (round % 500)) = round + i;
    }
    uint64_t copied = copy(object);
    good = good && map(copied, pages, COPY_AT, READ | WRITE) == KOZO_OK;
    for (uint64_t i = 0; good && i < pages; i += 2) {
        *word_at(COPY_AT + i * PAGE + 8 * (round % 500)) = 0;
    }
    for (uint64_t i = 0; good && i < pages; i++) {
        good = *word_at(AT + i * PAGE + 8 * (round % 500)) == round + i;
    }
    return good && kozo_memory_destroy(memory.service, object) == KOZO_OK &&
           kozo_memory_destroy(memory.service, copied) == KOZO_OK;
}

static int churn(uint64_t rounds)
{
    for (uint64_t i = 0; rounds == 0 || i < rounds; i++) {
        if (!churn_once(i)) {
            kozo_printf("round %lu went wrong\n", i);
            return 1;
        }
    }
    kozo_printf("%lu rounds\n", rounds);
    return 0;
}

// Each of these ends by a fault.
static int fail(const char *how)
{
    struct kozo_memory_info_result info = kozo_memory_info(memory.service);
    uint64_t pages = info.limit + 10;
    uint64_t object = make(pages);
    if (strcmp(how, "outside") == 0) {
        *word_at(AT) = 1;
    } else if (strcmp(how, "forbidden") == 0 && map(object, pages, AT, READ) == KOZO_OK) {
        *word_at(AT) = *word_at(AT) + 1;
    } else if (strcmp(how, "exhaust") == 0 && map(object, pages, AT, READ | WRITE) == KOZO_OK) {
        for (uint64_t i = 0; i < pages; i++) {
            *word_at(AT + i * PAGE) = 1;
        }
    }
    kozo_print("nothing happened\n");
    return 1;
}

int main(int argument_count, char **arguments)
{
    if (!kozo_session_open(&memory, "memory")) {
        kozo_print("it has no session with the memory service\n");
        return 1;
    }
    if (strcmp(arguments[0], "holder") == 0) {
        return hold(50); // as a service of this name
    }
    const char *what = argument_count > 1 ? arguments[1] : "";
    uint64_t number = argument_count > 2 ? strtoul(arguments[2], nullptr, 10) : 0;
    if (strcmp(what, "used") == 0) {
        kozo_printf("%lu pages\n", used());
        return 0;
    }
    if (strcmp(what, "hold") == 0) {
        return hold(number);
    }
    if (strcmp(what, "churn") == 0) {
        return churn(number);
    }
    if (what[0] != 0) {
        return fail(what);
    }
    say_pages();
    say_copies();
    say_refusals();
    say_limits();
    return 0;
}
