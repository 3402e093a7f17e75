// SPDX-License-Identifier: MIT
// Takes of the file server all that a session can get, and keeps it: `greedy NAME`. NAME is of a folder in /ram, which it makes.
// Prints how much of each it got, and what it was told then.
//
// It is given: a session with `files` with the right to write, and slots of its own.
#include <kozo/format.h>
#include <kozo/print.h>
#include <kozo/start.h>

#include "client.h"

constexpr uint64_t TOP = 1;
constexpr uint64_t ENOUGH = 20'000; // of anything

static uint64_t folder;
static uint64_t file;   // that it locks and opens
static uint64_t opened; // files so far
static uint64_t known;  // files and folders that it has open, and those above

static struct client_file make(uint64_t number)
{
    char name[32];
    kozo_format(name, sizeof name, "file-%lu", number);
    return client_make(folder, name, KOZO_NODE_FILE);
}

static void tell(const char *what, uint64_t count, enum kozo_error error)
{
    kozo_printf("%s: %lu, then %u\n", what, count, error);
}

static void borrow(void)
{
    uint64_t count = 0;
    enum kozo_error error = KOZO_OK;
    while (error == KOZO_OK && count < ENOUGH) {
        struct client_file made = make(count);
        (void)client_write(made.file, 0, "x", 1);
        error = client_pages(made.file, 0, false, kozo_process_info()->free_slot + count).error;
        count += error == KOZO_OK ? 1 : 0;
        (void)client_close(made.file);
    }
    tell("lent", count, error);
}

static void lock(void)
{
    uint64_t count = 0;
    enum kozo_error error = KOZO_OK;
    while (error == KOZO_OK && count < ENOUGH) {
        error =
            kozo_files_lock(client.service, file, count * 2, 1, KOZO_LOCK_EXCLUSIVE, false).error;
        count += error == KOZO_OK ? 1 : 0;
    }
    tell("locks", count, error);
}

static void know(void)
{
    enum kozo_error error = KOZO_OK;
    while (error == KOZO_OK && known < ENOUGH) {
        error = make(ENOUGH + known).error;
        known += error == KOZO_OK ? 1 : 0;
        opened += error == KOZO_OK ? 1 : 0;
    }
    tell("known", known, error);
}

static void open(void)
{
    enum kozo_error error = KOZO_OK;
    while (error == KOZO_OK && opened < ENOUGH) {
        error = client_walk(file, "").error;
        opened += error == KOZO_OK ? 1 : 0;
    }
    tell("open", opened, error);
}

int main(int argument_count, char **arguments)
{
    if (argument_count < 2 || !client_open()) {
        return 2;
    }
    struct client_file ram = client_walk(TOP, "ram");
    folder = client_make(ram.file, arguments[1], KOZO_NODE_FOLDER).file;
    borrow();
    (void)client_sync(folder, true); // what is not written would be held
    file = make(ENOUGH).file;
    opened = 3;
    known = 3;
    lock();
    know();
    open();
    kozo_print("holds\n");
    while (true) {
        (void)kozo_notification_wait((struct kozo_notification){kozo_granted("signal")});
    }
}
