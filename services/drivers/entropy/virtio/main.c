// SPDX-License-Identifier: MIT
// The driver of a virtio source of randomness (Virtual I/O Device 1.2, section 5.4).
//
// The device fills a batch of 64 bytes. Half of each goes into the kernel's generator, by a
// capability that can do nothing else; the other half is kept for the next client that asks. A new
// batch is asked for when that half was given away, so that nobody gets what another has.
//
// It is given: a session with `devmgr`, `driver`, `entropy`, `self`, `memory`.
#include <kozo/print.h>
#include <kozo/start.h>
#include <string.h>

#include "device.h"
#include "server.h"

constexpr uint16_t QUEUE_SIZE = 8;
constexpr size_t BATCH_AT = 0x1000; // behind the queue
constexpr size_t SHARED = 0x2000;
constexpr size_t HALF_WORDS = 4;
constexpr size_t BATCH_WORDS = 2 * HALF_WORDS;
constexpr size_t WISHES = 32;

// A request that waits for the next batch.
struct wish {
    uint64_t number; // 0 for none
    size_t place;
};

static struct {
    struct server server;
    struct device device;
    struct virtqueue queue;
    struct virtio_bell bell;
    struct kozo_entropy kernel;
    bool asked; // the device has the batch
    bool full;  // `stock` was given to nobody
    uint64_t stock[HALF_WORDS];
    struct wish wish[WISHES];
} driver;

// Zeros that no compiler leaves out.
static void wipe(void *memory, size_t size)
{
    memset(memory, 0, size);
    __asm__ volatile("" : : "r"(memory) : "memory");
}

static struct kozo_message answer_with(const uint64_t *word)
{
    return kozo_random_bytes_answer(word[0], word[1], word[2], word[3]);
}

// Asks the device for a batch, if there is none to be had.
static void ask(void)
{
    struct virtqueue_buffer buffer = {
        .physical = driver.device.physical + BATCH_AT,
        .length = BATCH_WORDS * sizeof(uint64_t),
        .device_writes = true,
    };
    if (driver.asked || driver.full || !virtqueue_add(&driver.queue, &buffer, 1, 0)) {
        return;
    }
    driver.asked = true;
    if (virtqueue_wants_notice(&driver.queue)) {
        virtio_ring(&driver.bell);
    }
}

static bool give_to_first(const uint64_t *word)
{
    for (size_t i = 0; i < WISHES; i++) {
        struct wish wish = driver.wish[i];
        if (wish.number != 0) {
            struct kozo_message answer = answer_with(word);
            driver.wish[i] = (struct wish){};
            server_complete(&driver.server, wish.place, wish.number, &answer);
            return true;
        }
    }
    return false;
}

// Copies the batch once, since the device could change it still, and wipes the place. The device may
// have written less than asked for: then the rest is what it was before, which was wiped, and the
// batch is of no use.
static void take_batch(uint32_t written)
{
    uint64_t batch[BATCH_WORDS];
    uint64_t *place = (uint64_t *)(driver.device.shared + BATCH_AT);
    memcpy(batch, place, sizeof batch);
    wipe(place, sizeof batch);
    driver.asked = false;
    if (written == sizeof batch) {
        (void)kozo_entropy_mix(driver.kernel, batch[0], batch[1], batch[2], batch[3]);
        driver.full = !give_to_first(batch + HALF_WORDS);
        if (driver.full) {
            memcpy(driver.stock, batch + HALF_WORDS, sizeof driver.stock);
        }
    }
    wipe(batch, sizeof batch);
}

static bool somebody_waits(void)
{
    for (size_t i = 0; i < WISHES; i++) {
        if (driver.wish[i].number != 0) {
            return true;
        }
    }
    return false;
}

static void work(void)
{
    struct virtqueue_done done = virtqueue_take(&driver.queue);
    if (done.is_done) {
        take_batch(done.written);
    }
    if (somebody_waits()) {
        ask();
    }
}

// Acknowledged first: an interrupt that comes during the work is another one.
static void interrupted(uint64_t bits)
{
    (void)bits;
    device_answer(&driver.device);
    work();
}

static struct kozo_message serve_bytes(struct kozo_caller *caller)
{
    if (driver.queue.broken) {
        return kozo_answer(KOZO_NO_REPLY);
    }
    if (driver.full) {
        struct kozo_message answer = answer_with(driver.stock);
        wipe(driver.stock, sizeof driver.stock);
        driver.full = false;
        return answer;
    }
    for (size_t i = 0; i < WISHES && caller->number != 0; i++) {
        if (driver.wish[i].number == 0) {
            driver.wish[i] = (struct wish){.number = caller->number, .place = caller->session};
            ask();
            return kozo_later();
        }
    }
    return kozo_answer(KOZO_WOULD_BLOCK);
}

static struct kozo_message serve(struct kozo_caller *caller, const struct kozo_message *message)
{
    static const struct kozo_random_handlers handlers = {.bytes = serve_bytes};
    return kozo_random_dispatch(&handlers, caller, message);
}

static bool cancel(size_t place, uint64_t number)
{
    for (size_t i = 0; i < WISHES; i++) {
        if (driver.wish[i].place == place && driver.wish[i].number == number) {
            driver.wish[i] = (struct wish){};
            return true;
        }
    }
    return false;
}

static bool left(size_t place)
{
    for (size_t i = 0; i < WISHES; i++) {
        if (driver.wish[i].place == place) {
            driver.wish[i] = (struct wish){};
        }
    }
    return true;
}

static const char *start(void)
{
    struct device *device = &driver.device;
    driver.kernel.handle = kozo_granted("entropy");
    const char *fault = device_claim(device, VIRTIO_ENTROPY, 0, SHARED);
    if (fault != nullptr) {
        return fault;
    }
    if (!virtio_start(&device->virtio, 0)) {
        return "the device does not start";
    }
    uint16_t size = virtio_queue_size(&device->virtio, 0);
    size = size < QUEUE_SIZE ? size : QUEUE_SIZE;
    if (size == 0 || device->size < BATCH_AT + BATCH_WORDS * sizeof(uint64_t)) {
        return "the device has no queue that can be used";
    }
    memset(device->shared, 0, BATCH_AT + BATCH_WORDS * sizeof(uint64_t));
    virtqueue_begin(&driver.queue, device->shared, device->physical, size);
    driver.bell = virtio_queue(&device->virtio, 0, &driver.queue);
    if (driver.bell.place == nullptr) {
        return "the device refuses its queue";
    }
    virtio_run(&device->virtio);
    ask();
    return nullptr;
}

int main(int argument_count, char **arguments)
{
    static const struct server_handlers handlers = {
        .serve = serve,
        .cancel = cancel,
        .left = left,
        .signalled = interrupted,
        .work = work,
    };
    (void)argument_count;
    (void)arguments;
    const char *fault = start();
    if (driver.device.is_absent) {
        return 0;
    }
    if (fault != nullptr) {
        kozo_print(fault);
        kozo_print("\n");
        return 1;
    }
    return server_run(&driver.server, &handlers);
}
