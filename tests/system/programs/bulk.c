// SPDX-License-Identifier: MIT
// Moves bytes to and from the service `store` through the memory that their session shares.
#include <kozo/print.h>
#include <kozo/session.h>
#include <kozo/start.h>
#include <string.h>

constexpr uint64_t SIZE = 0x10000;

static struct kozo_session store;

static void tell(bool fine, const char *sentence)
{
    kozo_printf("%s: %s\n", fine ? "yes" : "NO", sentence);
}

static void called(void)
{
    struct kozo_volume_read_result read = kozo_volume_read(store.service, 7, 0, 0, SIZE);
    uint64_t equal = 0;
    for (uint64_t i = 0; i < SIZE; i++) {
        equal += store.data[i] == 7;
    }
    tell(read.error == KOZO_OK && read.pending == 0 && read.done == SIZE && equal == SIZE,
         "what the service writes into the shared memory is read by the client");
    memset(store.data + 100, 9, 5000);
    struct kozo_volume_write_result write = kozo_volume_write(store.service, 9, 0, 100, 5000, 0);
    tell(write.error == KOZO_OK && write.done == 5000, "and the other way round");
    tell(kozo_volume_read(store.service, 7, 0, SIZE - 1, 2).error == KOZO_BAD_ARGUMENT &&
             kozo_volume_read(store.service, 7, 0, UINT64_MAX, 2).error == KOZO_BAD_ARGUMENT &&
             kozo_volume_read(store.service, 7, 0, 2, UINT64_MAX).error == KOZO_BAD_ARGUMENT,
         "a place that is not inside of the shared memory is refused");
}

static void begun(void)
{
    uint64_t number = kozo_volume_read_begin(&store, 3, 0, 8, 16);
    struct kozo_entry entry;
    while (!kozo_session_next(&store, &entry)) {
        (void)kozo_kernel_yield();
    }
    struct kozo_volume_read_result read = kozo_volume_read_end(&entry);
    tell(entry.number == number && read.error == KOZO_OK && read.done == 16 && store.data[8] == 3 &&
             store.data[23] == 3 && store.data[24] == 7,
         "a request that was begun in the ring moves the same bytes");
}

int main(int argument_count, char **arguments)
{
    (void)argument_count;
    (void)arguments;
    if (!kozo_session_open(&store, "store")) {
        kozo_print("NO: there is a session with the store\n");
        return 1;
    }
    tell(store.data != nullptr && store.data_size == SIZE, "the session shares 64 KiB");
    called();
    begun();
    return 0;
}
