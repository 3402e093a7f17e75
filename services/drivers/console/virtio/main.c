// SPDX-License-Identifier: MIT
// The service `channels`: who has which channel, and which requests wait.
//
//   find ── waits until the host has told of all its ports ──▶ the channel is the session's
//   read ── waits for bytes, or for the end ──▶ done
//   write ── waits for room, then until the host has all of it ──▶ done
//
// A client that ends leaves nothing: what waits is dropped, its channels are closed, and what the
// device has of its bytes still goes out. A device that breaks the rules ends this process; the next
// life finds it as new.
//
// It is given: a session with `devmgr`, `driver`, `self`, `memory`.
#include <kozo/print.h>
#include <kozo/start.h>
#include <string.h>

#include "device.h"
#include "ports.h"
#include "server.h"

constexpr size_t WISHES = 96;
constexpr size_t NOBODY = SIZE_MAX;

enum wish_kind : uint8_t {
    WISH_NONE,
    WISH_FIND,
    WISH_READ,
    WISH_WRITE,
};

// A request that is answered later.
struct wish {
    enum wish_kind kind;
    size_t place;
    uint64_t number;
    uint64_t order; // the lower, the earlier
    size_t port;
    uint64_t at;
    uint64_t length;
    uint64_t done; // bytes given to the device
    uint64_t end;  // of a write that was given wholly: where its bytes end in the port's count
    char name[PORT_NAME];
};

static struct {
    struct server server;
    struct device device;
    struct ports ports;
    uint64_t begun;
    size_t owner[PORTS + 1]; // place of the session that has the port
    struct wish wish[WISHES];
} driver;

static void complete(struct wish *wish, struct kozo_message answer)
{
    struct wish ended = *wish;
    *wish = (struct wish){};
    server_complete(&driver.server, ended.place, ended.number, &answer);
}

// Notes a request; null when there are too many.
static struct wish *note(const struct kozo_caller *caller, enum wish_kind kind)
{
    for (size_t i = 0; i < WISHES && caller->number != 0; i++) {
        if (driver.wish[i].kind == WISH_NONE) {
            driver.wish[i] = (struct wish){
                .kind = kind,
                .place = caller->session,
                .number = caller->number,
                .order = ++driver.begun,
            };
            return &driver.wish[i];
        }
    }
    return nullptr;
}

// The earliest request of a kind about a port, but for those before `order`.
static struct wish *first_of(enum wish_kind kind, size_t port, uint64_t order)
{
    struct wish *first = nullptr;
    for (size_t i = 0; i < WISHES; i++) {
        struct wish *wish = &driver.wish[i];
        if (wish->kind == kind && wish->port == port && wish->order >= order &&
            (first == nullptr || wish->order < first->order)) {
            first = wish;
        }
    }
    return first;
}

// --- What can be done now -----------------------------------------------------------------------

// Opens the channel for a client, or says why not.
static struct kozo_message open_channel(size_t place, const char *name, size_t length)
{
    size_t port = ports_find(&driver.ports, name, length);
    if (port == 0) {
        return kozo_answer(KOZO_BAD_HANDLE);
    }
    if (driver.owner[port] != NOBODY) {
        return kozo_answer(KOZO_BAD_STATE);
    }
    driver.owner[port] = place;
    ports_open(&driver.ports, port);
    return kozo_channel_find_answer(port);
}

static void finish_finds(void)
{
    struct wish *wish = first_of(WISH_FIND, 0, 0);
    while (wish != nullptr && driver.ports.settled) {
        complete(wish, open_channel(wish->place, wish->name, wish->length));
        wish = first_of(WISH_FIND, 0, 0);
    }
}

// The memory that a request named. It was there when the request was noted, and stays as long as
// the session.
static uint8_t *bytes_of(const struct wish *wish)
{
    return server_data(&driver.server, wish->place, wish->at, wish->length);
}

static void finish_reads(size_t number)
{
    const struct port *port = &driver.ports.port[number];
    while (port->pieces > 0 || ports_ended(&driver.ports, number)) {
        struct wish *wish = first_of(WISH_READ, number, 0);
        if (wish == nullptr) {
            return;
        }
        size_t done = ports_take(&driver.ports, number, bytes_of(wish), wish->length);
        complete(wish, kozo_channel_read_answer(done));
    }
}

// Gives the device as much as it takes, in order.
static void push_writes(size_t number)
{
    struct port *port = &driver.ports.port[number];
    struct wish *wish = first_of(WISH_WRITE, number, 0);
    while (wish != nullptr) {
        if (wish->done < wish->length) {
            wish->done += ports_put(&driver.ports, number, bytes_of(wish) + wish->done,
                                    wish->length - wish->done);
            wish->end = port->given;
        }
        if (wish->done < wish->length) {
            return;
        }
        wish = first_of(WISH_WRITE, number, wish->order + 1);
    }
}

static void finish_writes(size_t number)
{
    const struct port *port = &driver.ports.port[number];
    struct wish *wish = first_of(WISH_WRITE, number, 0);
    while (wish != nullptr) {
        if (!port->host_open) {
            complete(wish, kozo_answer(KOZO_BAD_STATE));
        } else if (wish->done == wish->length && wish->end <= port->taken) {
            complete(wish, kozo_answer(KOZO_OK));
        } else {
            return;
        }
        wish = first_of(WISH_WRITE, number, 0);
    }
}

static void advance(size_t port)
{
    finish_reads(port);
    finish_writes(port);
    push_writes(port);
}

static void work(void)
{
    ports_work(&driver.ports);
    if (driver.ports.broken) {
        kozo_print("the device does not keep to the rules of its queues\n");
        kozo_exit(1);
    }
    finish_finds();
    for (size_t i = 1; i <= PORTS; i++) {
        if (driver.owner[i] != NOBODY) {
            advance(i);
        }
    }
    ports_ring(&driver.ports);
}

// Acknowledged first: an interrupt that comes during the work is another one.
static void interrupted(uint64_t bits)
{
    (void)bits;
    device_answer(&driver.device);
}

// --- Requests -----------------------------------------------------------------------------------

static bool has(const struct kozo_caller *caller, uint64_t channel)
{
    return channel >= 1 && channel <= PORTS && driver.owner[channel] == caller->session;
}

static struct kozo_message serve_find(struct kozo_caller *caller,
                                      const struct kozo_channel_find_arguments *asked)
{
    if (asked->name_length == 0 || asked->name_length > PORT_NAME) {
        return kozo_answer(KOZO_BAD_ARGUMENT);
    }
    if (driver.ports.settled) {
        return open_channel(caller->session, asked->name, asked->name_length);
    }
    struct wish *wish = note(caller, WISH_FIND);
    if (wish == nullptr) {
        return kozo_answer(KOZO_WOULD_BLOCK);
    }
    wish->length = asked->name_length;
    memcpy(wish->name, asked->name, asked->name_length);
    return kozo_later();
}

static struct kozo_message begin(const struct kozo_caller *caller, enum wish_kind kind,
                                 uint64_t channel, uint64_t at, uint64_t length)
{
    if (!has(caller, channel)) {
        return kozo_answer(KOZO_BAD_HANDLE);
    }
    if (length == 0 || server_data(&driver.server, caller->session, at, length) == nullptr) {
        return kozo_answer(KOZO_BAD_ARGUMENT);
    }
    struct wish *wish = note(caller, kind);
    if (wish == nullptr) {
        return kozo_answer(KOZO_WOULD_BLOCK);
    }
    wish->port = channel;
    wish->at = at;
    wish->length = length;
    advance(channel);
    ports_ring(&driver.ports);
    return kozo_later();
}

static struct kozo_message serve_read(struct kozo_caller *caller,
                                      const struct kozo_channel_read_arguments *asked)
{
    return begin(caller, WISH_READ, asked->channel, asked->at, asked->length);
}

static struct kozo_message serve_write(struct kozo_caller *caller,
                                       const struct kozo_channel_write_arguments *asked)
{
    return begin(caller, WISH_WRITE, asked->channel, asked->at, asked->length);
}

static void close_port(size_t port)
{
    driver.owner[port] = NOBODY;
    ports_close(&driver.ports, port);
}

static struct kozo_message serve_close(struct kozo_caller *caller,
                                       const struct kozo_channel_close_arguments *asked)
{
    if (!has(caller, asked->channel)) {
        return kozo_answer(KOZO_BAD_HANDLE);
    }
    for (size_t i = 0; i < WISHES; i++) {
        struct wish *wish = &driver.wish[i];
        if (wish->kind != WISH_NONE && wish->port == asked->channel) {
            complete(wish, kozo_answer(KOZO_CANCELLED));
        }
    }
    close_port(asked->channel);
    return kozo_answer(KOZO_OK);
}

static struct kozo_message serve(struct kozo_caller *caller, const struct kozo_message *message)
{
    static const struct kozo_channel_handlers handlers = {
        .find = serve_find,
        .read = serve_read,
        .write = serve_write,
        .close = serve_close,
    };
    return kozo_channel_dispatch(&handlers, caller, message);
}

static bool cancel(size_t place, uint64_t number)
{
    for (size_t i = 0; i < WISHES; i++) {
        struct wish *wish = &driver.wish[i];
        if (wish->kind != WISH_NONE && wish->place == place && wish->number == number) {
            *wish = (struct wish){};
            return true;
        }
    }
    return false;
}

static bool left(size_t place)
{
    for (size_t i = 0; i < WISHES; i++) {
        if (driver.wish[i].kind != WISH_NONE && driver.wish[i].place == place) {
            driver.wish[i] = (struct wish){};
        }
    }
    for (size_t i = 1; i <= PORTS; i++) {
        if (driver.owner[i] == place) {
            close_port(i);
        }
    }
    return true;
}

// --- Start --------------------------------------------------------------------------------------

// Null, or what is wrong.
static const char *start(void)
{
    struct device *device = &driver.device;
    const char *fault = device_claim(device, VIRTIO_CONSOLE, 0, PORTS_SHARED);
    if (fault == nullptr) {
        fault = ports_start(&driver.ports, &device->virtio, device->shared, device->physical);
    }
    for (size_t i = 0; i <= PORTS; i++) {
        driver.owner[i] = NOBODY;
    }
    return fault;
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
