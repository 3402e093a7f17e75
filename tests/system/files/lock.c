// SPDX-License-Identifier: MIT
// Locks a file, for tests with several sessions: `lock PATH WHAT…`. WHAT is, each with a part as
// OFFSET:LENGTH behind it: s or e for a lock, shared or exclusive, that is not waited for, S or E for one
// that is, f to give back; or, alone, h to wait for ever, c to close and open the file, m for as many locks as there can be.
// Prints for each the error, and for a lock that is not to be had what is in the way.
#include <kozo/print.h>
#include <kozo/start.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"

constexpr uint64_t TOP = 1;

static enum kozo_error lock(uint64_t file, uint64_t offset, uint64_t length, uint64_t kind,
                            bool wait)
{
    struct kozo_files_lock_result result =
        kozo_files_lock(client.service, file, offset, length, kind, wait);
    struct kozo_entry entry;
    return result.pending != 0 ? client_await(result.pending, &entry) : result.error;
}

static uint64_t kind_of(char letter)
{
    return strchr("sS", letter) != nullptr   ? KOZO_LOCK_SHARED
           : strchr("eE", letter) != nullptr ? KOZO_LOCK_EXCLUSIVE
                                             : KOZO_LOCK_FREE;
}

static void act(uint64_t file, const char *what)
{
    char *rest = nullptr;
    uint64_t offset = strtoul(what + 1, &rest, 10);
    uint64_t length = *rest == ':' ? strtoul(rest + 1, nullptr, 10) : 0;
    uint64_t kind = kind_of(what[0]);
    enum kozo_error error = lock(file, offset, length, kind, strchr("SE", what[0]) != nullptr);
    kozo_printf("%s: %u", what, error);
    if (error == KOZO_BAD_STATE) {
        struct kozo_files_find_lock_result found =
            kozo_files_find_lock(client.service, file, offset, length, kind);
        kozo_printf(", found %lu at %lu, %lu bytes", found.found, found.start, found.size);
    }
    kozo_print("\n");
}

// As many single bytes as can be locked, each apart from the next.
static void lock_many(uint64_t file)
{
    uint64_t count = 0;
    enum kozo_error error = KOZO_OK;
    while (error == KOZO_OK && count < 10'000) {
        error = lock(file, count * 2, 1, KOZO_LOCK_SHARED, false);
        count += error == KOZO_OK ? 1 : 0;
    }
    kozo_printf("many: %lu, then %u\n", count, error);
}

int main(int argument_count, char **arguments)
{
    if (argument_count < 3 || !client_open()) {
        return 2;
    }
    struct client_file file = client_walk(TOP, arguments[1]);
    for (int i = 2; i < argument_count && file.error == KOZO_OK; i++) {
        if (arguments[i][0] == 'h') {
            kozo_print("holds\n");
            (void)kozo_notification_wait((struct kozo_notification){kozo_granted("signal")});
        } else if (arguments[i][0] == 'c') {
            (void)client_close(file.file);
            file = client_walk(TOP, arguments[1]);
        } else if (arguments[i][0] == 'm') {
            lock_many(file.file);
        } else {
            act(file.file, arguments[i]);
        }
    }
    return file.error == KOZO_OK ? 0 : 1;
}
