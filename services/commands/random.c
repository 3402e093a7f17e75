// SPDX-License-Identifier: MIT
// `random`: 32 bytes from the machine's source of randomness, as hexadecimal digits.
//
// It is given: a session with `random`.
#include <kozo/print.h>
#include <kozo/session.h>
#include <kozo/start.h>

static struct kozo_random_bytes_result ask(struct kozo_session *session)
{
    uint64_t number = kozo_random_bytes_begin(session);
    struct kozo_entry entry;
    while (number != 0) {
        if (kozo_session_next(session, &entry)) {
            return kozo_random_bytes_end(&entry);
        }
        if (kozo_session_lost(session, number)) {
            break;
        }
        (void)kozo_notification_wait((struct kozo_notification){kozo_granted("signal")});
    }
    return (struct kozo_random_bytes_result){.error = KOZO_NO_REPLY};
}

int main(int argument_count, char **arguments)
{
    (void)argument_count;
    (void)arguments;
    struct kozo_session session;
    if (!kozo_session_open(&session, "random")) {
        kozo_print("random: there is no source of randomness\n");
        return 1;
    }
    struct kozo_random_bytes_result bytes = ask(&session);
    if (bytes.error != KOZO_OK) {
        kozo_print("random: the source of randomness does not answer\n");
        return 1;
    }
    kozo_printf("%016lx%016lx%016lx%016lx\n", bytes.word0, bytes.word1, bytes.word2, bytes.word3);
    return 0;
}
