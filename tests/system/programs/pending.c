// SPDX-License-Identifier: MIT
// Requests that wait, in both halves, against the console: pending, cancelled, refused.
#include <kozo/print.h>
#include <kozo/session.h>
#include <kozo/start.h>

static struct kozo_session console;

static void tell(bool fine, const char *sentence)
{
    kozo_printf("%s: %s\n", fine ? "yes" : "NO", sentence);
}

// The next completion; the console answers soon.
static struct kozo_entry wait(void)
{
    struct kozo_entry entry = {};
    while (!kozo_session_next(&console, &entry)) {
        (void)kozo_kernel_yield();
    }
    return entry;
}

static void called(void)
{
    struct kozo_console_watch_result watch = kozo_console_watch(console.service);
    tell(watch.error == KOZO_OK && watch.pending != 0, "a called request that waits is pending");
    tell(kozo_console_watch(console.service).error == KOZO_BAD_STATE,
         "a second one of a kind that may be there once is refused");
    tell(kozo_cancel(console.service, watch.pending + 1) == KOZO_BAD_STATE,
         "cancelling a number that is nobody's is refused");
    tell(kozo_cancel(console.service, watch.pending) == KOZO_OK, "it is cancelled by its number");
    struct kozo_entry entry = wait();
    tell(entry.number == watch.pending && entry.label == KOZO_CANCELLED,
         "and completes under that number as cancelled");
    tell(kozo_cancel(console.service, watch.pending) == KOZO_BAD_STATE,
         "what has completed can't be cancelled");
}

static void begun(void)
{
    uint64_t number = kozo_console_watch_begin(&console);
    struct kozo_message cancel = {.info = {.length = 1, .label = KOZO_REQUEST_CANCEL},
                                  .word = {number}};
    uint64_t second = kozo_session_begin(&console, &cancel);
    struct kozo_entry first_entry = wait();
    struct kozo_entry second_entry = wait();
    tell(first_entry.number == number && first_entry.label == KOZO_CANCELLED,
         "a begun request is cancelled through the ring");
    tell(second_entry.number == second && second_entry.label == KOZO_OK,
         "and the cancellation completes too");
    struct kozo_message strange = {.info = {.label = 200}};
    uint64_t third = kozo_session_begin(&console, &strange);
    struct kozo_entry third_entry = wait();
    tell(third_entry.number == third && third_entry.label == KOZO_BAD_OPERATION,
         "a request that is not known completes as refused");
    tell(!kozo_session_lost(&console, number), "nothing is lost while the service lives");
}

// More requests than the ring has entries: each completes, in order.
static void crowd(void)
{
    constexpr unsigned REQUESTS = 200;
    unsigned begun = 0;
    unsigned done = 0;
    struct kozo_message strange = {.info = {.label = 200}};
    bool ordered = true;
    uint64_t last = 0;
    while (done < REQUESTS) {
        struct kozo_entry entry;
        if (begun < REQUESTS && kozo_session_begin(&console, &strange) != 0) {
            begun++;
        } else if (kozo_session_next(&console, &entry)) {
            ordered = ordered && entry.number > last;
            last = entry.number;
            done++;
        } else {
            (void)kozo_kernel_yield();
        }
    }
    tell(ordered, "more requests than the rings hold complete, each once and in order");
}

// What a hostile client could write into the page harms only its session.
static void lie(void)
{
    console.page->requests.head += 1000;
    console.page->completions.tail += 1000;
    console.page->up.head -= 5;
    (void)kozo_notification_signal(console.arrival);
    tell(kozo_console_write(console.service, "", 0) == KOZO_OK,
         "indices that can't be are passed over, and calls go on");
}

int main(int argument_count, char **arguments)
{
    (void)argument_count;
    (void)arguments;
    if (!kozo_session_open(&console, "console")) {
        kozo_print("NO: there is a session with the console\n");
        return 1;
    }
    called();
    begun();
    crowd();
    lie();
    return 0;
}
