// SPDX-License-Identifier: MIT
// The service of a virtio disk.
//
// A request waits until the disk has room, is under way, and completes. A client that ends leaves
// nothing: what waits is dropped, and what is under way completes for nobody. Each session has a part
// of the memory that the disk reaches.
//
// It is given: a session with `devmgr`, `driver`, `self`, `memory`.
#include <kozo/print.h>
#include <kozo/start.h>
#include <string.h>

#include "disk.h"
#include "server.h"

constexpr size_t CLIENTS = 3; // that have memory at the same time
constexpr size_t WISHES = 32;
constexpr uint64_t PAGE = KOZO_PAGE_SIZE;

// A request of a client, waiting or under way.
struct wish {
    bool used;
    bool under_way;
    bool dropped; // nobody wants to know any more
    size_t place;
    size_t disk; // number of the disk's request, when under way
    uint64_t number;
    uint64_t order; // the lower, the earlier
    struct disk_request request;
};

static struct {
    struct server server;
    struct disk disk;
    uint64_t begun;
    struct wish wish[WISHES];
    size_t client[CLIENTS]; // whose each part of the memory is: its place plus 1, or 0
} driver;

// The part of the memory that a client has; CLIENTS when it has none.
static size_t part_of(size_t client)
{
    size_t part = 0;
    while (part < CLIENTS && driver.client[part] != client) {
        part++;
    }
    return part;
}

static uint64_t share_of(size_t place)
{
    return DISK_FREE + part_of(place + 1) * KOZO_BLOCK_MOST;
}

static void end(struct wish *wish, enum kozo_error error)
{
    struct kozo_message answer = kozo_answer(error);
    struct wish ended = *wish;
    *wish = (struct wish){};
    if (!ended.dropped) {
        server_complete(&driver.server, ended.place, ended.number, &answer);
    }
}

static struct wish *first_waiting(void)
{
    struct wish *first = nullptr;
    for (size_t i = 0; i < WISHES; i++) {
        struct wish *wish = &driver.wish[i];
        if (wish->used && !wish->under_way && (first == nullptr || wish->order < first->order)) {
            first = wish;
        }
    }
    return first;
}

// Gives the disk as much as it takes.
static void push(void)
{
    struct wish *wish = first_waiting();
    size_t number = disk_free(&driver.disk);
    while (wish != nullptr && number < DISK_REQUESTS) {
        if (disk_begin(&driver.disk, number, &wish->request)) {
            wish->under_way = true;
            wish->disk = number;
        } else if (driver.disk.queue.broken) {
            end(wish, KOZO_NO_REPLY);
        } else {
            return;
        }
        wish = first_waiting();
        number = disk_free(&driver.disk);
    }
}

static void finish(const struct disk_done *done)
{
    for (size_t i = 0; i < WISHES; i++) {
        struct wish *wish = &driver.wish[i];
        if (wish->used && wish->under_way && wish->disk == done->request) {
            end(wish, done->good ? KOZO_OK : KOZO_NO_REPLY);
            return;
        }
    }
}

static void work(void)
{
    struct disk_done done = disk_next(&driver.disk);
    while (done.is_done) {
        finish(&done);
        done = disk_next(&driver.disk);
    }
    push();
}

// Acknowledged first: an interrupt that comes during the work is another one.
static void interrupted(uint64_t bits)
{
    (void)bits;
    device_answer(&driver.disk.device);
    work();
}

// --- Requests -----------------------------------------------------------------------------------

static struct kozo_message serve_info(struct kozo_caller *caller)
{
    (void)caller;
    return kozo_block_info_answer(driver.disk.blocks, driver.disk.writable);
}

static struct kozo_slot share_slot(size_t part)
{
    return (struct kozo_slot){driver.disk.device.free_slot + part};
}

static struct kozo_message serve_share(struct kozo_caller *caller)
{
    size_t part = part_of(caller->session + 1);
    if (part == CLIENTS) {
        part = part_of(0);
    }
    if (part == CLIENTS) {
        return kozo_answer(KOZO_NO_MEMORY);
    }
    driver.client[part] = caller->session + 1;
    struct kozo_slot slot = share_slot(part);
    constexpr uint64_t pages = KOZO_BLOCK_MOST / PAGE;
    enum kozo_error error = kozo_cnode_delete(slot);
    if (error == KOZO_OK) {
        error = kozo_cnode_mint(driver.disk.device.shared_slot, slot,
                                KOZO_RIGHT_READ | KOZO_RIGHT_WRITE,
                                share_of(caller->session) / PAGE | pages << 32);
    }
    struct kozo_message answer = kozo_answer(error);
    if (error == KOZO_OK) {
        answer.info.caps = 1;
        kozo_ipc_buffer()->caps[0] = slot.handle;
    }
    return answer;
}

// Notes a request that has been checked.
static struct kozo_message begin(const struct kozo_caller *caller, struct disk_request request)
{
    if (caller->number == 0) {
        return kozo_answer(KOZO_WOULD_BLOCK);
    }
    for (size_t i = 0; i < WISHES; i++) {
        if (!driver.wish[i].used) {
            driver.wish[i] = (struct wish){
                .used = true,
                .place = caller->session,
                .number = caller->number,
                .order = ++driver.begun,
                .request = request,
            };
            push();
            return kozo_later();
        }
    }
    return kozo_answer(KOZO_WOULD_BLOCK);
}

static bool is_in_range(const struct kozo_caller *caller, uint64_t block, uint64_t count,
                        uint64_t offset)
{
    constexpr uint64_t most = KOZO_BLOCK_MOST / KOZO_BLOCK_SIZE;
    return part_of(caller->session + 1) < CLIENTS && count > 0 && count <= most &&
           block < driver.disk.blocks && count <= driver.disk.blocks - block &&
           offset % KOZO_BLOCK_SIZE == 0 && offset <= KOZO_BLOCK_MOST - count * KOZO_BLOCK_SIZE;
}

static struct kozo_message begin_transfer(const struct kozo_caller *caller,
                                          enum disk_command command, uint64_t block, uint64_t count,
                                          uint64_t offset)
{
    if (!is_in_range(caller, block, count, offset)) {
        return kozo_answer(KOZO_BAD_ARGUMENT);
    }
    struct disk_request request = {
        .command = command,
        .bytes = (uint32_t)(count * KOZO_BLOCK_SIZE),
        .block = block,
        .offset = share_of(caller->session) + offset,
    };
    return begin(caller, request);
}

static struct kozo_message serve_read(struct kozo_caller *caller,
                                      const struct kozo_block_read_arguments *asked)
{
    return begin_transfer(caller, DISK_READ, asked->block, asked->count, asked->offset);
}

static struct kozo_message serve_write(struct kozo_caller *caller,
                                       const struct kozo_block_write_arguments *asked)
{
    if (!driver.disk.writable) {
        return kozo_answer(KOZO_NO_RIGHT);
    }
    return begin_transfer(caller, DISK_WRITE, asked->block, asked->count, asked->offset);
}

// A disk without the request for it has nothing that could be lost.
static struct kozo_message serve_flush(struct kozo_caller *caller)
{
    return driver.disk.flushes ? begin(caller, (struct disk_request){.command = DISK_FLUSH})
                               : kozo_answer(KOZO_OK);
}

static struct kozo_message serve(struct kozo_caller *caller, const struct kozo_message *message)
{
    static const struct kozo_block_handlers handlers = {
        .info = serve_info,
        .share = serve_share,
        .read = serve_read,
        .write = serve_write,
        .flush = serve_flush,
    };
    return kozo_block_dispatch(&handlers, caller, message);
}

// What the disk has already can't be taken back; it completes for nobody.
static void drop(struct wish *wish)
{
    if (wish->under_way) {
        wish->dropped = true;
    } else {
        *wish = (struct wish){};
    }
}

static bool cancel(size_t place, uint64_t number)
{
    for (size_t i = 0; i < WISHES; i++) {
        struct wish *wish = &driver.wish[i];
        if (wish->used && !wish->dropped && wish->place == place && wish->number == number) {
            drop(wish);
            return true;
        }
    }
    return false;
}

// The place has no new client while the disk still writes into its memory.
static bool left(size_t place)
{
    bool under_way = false;
    for (size_t i = 0; i < WISHES; i++) {
        struct wish *wish = &driver.wish[i];
        if (wish->used && wish->place == place) {
            drop(wish);
            under_way = under_way || wish->used;
        }
    }
    size_t part = part_of(place + 1);
    if (part < CLIENTS) {
        (void)kozo_cnode_revoke(share_slot(part));
        driver.client[part] = under_way ? place + 1 : 0;
    }
    return !under_way;
}

// Which disk it is, by the service's name: `disk` the first, `disk2` the second.
static uint64_t number_of(const char *name)
{
    size_t length = strlen(name);
    if (length == 0 || name[length - 1] < '2' || name[length - 1] > '9') {
        return 0;
    }
    return (uint64_t)(name[length - 1] - '1');
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
    const char *fault = disk_start(&driver.disk, argument_count > 0 ? number_of(arguments[0]) : 0);
    if (driver.disk.device.is_absent) {
        return 0;
    }
    if (fault != nullptr) {
        kozo_print(fault);
        kozo_print("\n");
        return 1;
    }
    return server_run(&driver.server, &handlers);
}
