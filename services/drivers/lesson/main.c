// SPDX-License-Identifier: MIT
// A driver written from nothing, step by step in docs/drivers.md. Its device is QEMU's `edu` (QEMU
// documentation, "EDU device"): it computes factorials, moves memory to and from a buffer of its own,
// and interrupts when it is done.
//
//   request ── waits until the device is idle ──▶ the device works ── interrupt ──▶ answered
//
// It is given: a session with `devmgr`, `driver 1234:11e8`, `self`, `memory`.
#include <kozo/clock.h>
#include <kozo/print.h>
#include <kozo/start.h>
#include <string.h>

#include "device.h"
#include "server.h"

constexpr uint64_t IDENTITY = 0x11e8'1234;

// Registers.
constexpr uint64_t WHO = 0x00; // 0xed in the lowest byte
constexpr uint64_t FACTORIAL = 0x08;
constexpr uint64_t STATUS = 0x20;
constexpr uint64_t CAUSE = 0x24;
constexpr uint64_t ACKNOWLEDGE = 0x64;
constexpr uint64_t DMA_FROM = 0x80;
constexpr uint64_t DMA_TO = 0x88;
constexpr uint64_t DMA_COUNT = 0x90;
constexpr uint64_t DMA_COMMAND = 0x98;

constexpr uint32_t STATUS_COMPUTES = 0x01;
constexpr uint32_t STATUS_INTERRUPT = 0x80; // when a factorial is done
constexpr uint32_t CAUSE_FACTORIAL = 0x001;
constexpr uint32_t CAUSE_DMA = 0x100;
constexpr uint64_t DMA_START = 1 << 0;
constexpr uint64_t DMA_OUT = 1 << 1; // from the device
constexpr uint64_t DMA_INTERRUPT = 1 << 2;
constexpr uint64_t BUFFER = 0x40000; // the device's own, as its DMA sees it

constexpr uint64_t LONGEST = 2'000'000'000; // nanoseconds that the device works on one thing

constexpr size_t WISHES = 16;

enum step : uint8_t {
    STEP_NONE,
    STEP_WAITS,    // for the device
    STEP_COMPUTES, // a factorial
    STEP_MOVES_IN,
    STEP_MOVES_OUT,
};

struct wish {
    enum step step;
    bool carries; // else it wants a factorial
    bool dropped; // nobody wants to know any more
    size_t place;
    uint64_t number;
    uint64_t order; // the lower, the earlier
    uint64_t factor;
    uint64_t from;
    uint64_t to;
    uint64_t length;
};

static struct {
    struct server server;
    struct device device;
    uint64_t begun;
    struct wish *working; // what the device does; null when it is idle
    struct wish wish[WISHES];
} driver;

// --- The device ---------------------------------------------------------------------------------

static uint32_t read_register(uint64_t at)
{
    return *(volatile uint32_t *)(driver.device.registers + at);
}

static void write_register(uint64_t at, uint32_t value)
{
    *(volatile uint32_t *)(driver.device.registers + at) = value;
}

static void write_wide(uint64_t at, uint64_t value)
{
    *(volatile uint64_t *)(driver.device.registers + at) = value;
}

// Moves bytes between the start of the shared memory and the device's buffer.
static void move(uint64_t length, bool out)
{
    uint64_t memory = driver.device.physical;
    write_wide(DMA_FROM, out ? BUFFER : memory);
    write_wide(DMA_TO, out ? memory : BUFFER);
    write_wide(DMA_COUNT, length);
    write_wide(DMA_COMMAND, DMA_START | DMA_INTERRUPT | (out ? DMA_OUT : 0));
}

// --- Requests, one step after the other ---------------------------------------------------------

static void end(struct wish *wish, struct kozo_message answer)
{
    struct wish ended = *wish;
    *wish = (struct wish){};
    driver.working = nullptr;
    if (!ended.dropped) {
        server_complete(&driver.server, ended.place, ended.number, &answer);
    }
}

// The client's memory is looked at now: it may have gone while the request waited.
static void begin(struct wish *wish)
{
    driver.working = wish;
    if (!wish->carries) {
        wish->step = STEP_COMPUTES;
        write_register(FACTORIAL, (uint32_t)wish->factor);
        return;
    }
    const uint8_t *bytes = server_data(&driver.server, wish->place, wish->from, wish->length);
    if (bytes == nullptr) {
        end(wish, kozo_answer(KOZO_BAD_ARGUMENT));
        return;
    }
    memcpy(driver.device.shared, bytes, wish->length);
    wish->step = STEP_MOVES_IN;
    move(wish->length, false);
}

static void go_on(struct wish *wish)
{
    if (wish->step == STEP_COMPUTES) {
        end(wish, kozo_lesson_factorial_answer(read_register(FACTORIAL)));
    } else if (wish->step == STEP_MOVES_IN) {
        memset(driver.device.shared, 0, wish->length);
        wish->step = STEP_MOVES_OUT;
        move(wish->length, true);
    } else if (wish->step == STEP_MOVES_OUT) {
        uint8_t *bytes = server_data(&driver.server, wish->place, wish->to, wish->length);
        if (bytes != nullptr && !wish->dropped) {
            memcpy(bytes, driver.device.shared, wish->length);
        }
        end(wish, kozo_answer(bytes != nullptr ? KOZO_OK : KOZO_BAD_ARGUMENT));
    }
}

static struct wish *first_waiting(void)
{
    struct wish *first = nullptr;
    for (size_t i = 0; i < WISHES; i++) {
        struct wish *wish = &driver.wish[i];
        if (wish->step == STEP_WAITS && (first == nullptr || wish->order < first->order)) {
            first = wish;
        }
    }
    return first;
}

static void work(void)
{
    for (struct wish *next = first_waiting(); driver.working == nullptr && next != nullptr;
         next = first_waiting()) {
        begin(next);
    }
}

static void interrupted(uint64_t bits)
{
    (void)bits;
    uint32_t cause = read_register(CAUSE);
    write_register(ACKNOWLEDGE, cause);
    (void)kozo_irq_handler_acknowledge(driver.device.irq);
    bool computed = driver.working != nullptr && driver.working->step == STEP_COMPUTES;
    if (driver.working != nullptr && (cause & (computed ? CAUSE_FACTORIAL : CAUSE_DMA)) != 0) {
        go_on(driver.working);
    }
    work();
}

// --- The protocol -------------------------------------------------------------------------------

// Notes a request that has been checked.
static struct kozo_message note(const struct kozo_caller *caller, struct wish wish)
{
    for (size_t i = 0; i < WISHES && caller->number != 0; i++) {
        if (driver.wish[i].step == STEP_NONE) {
            wish.step = STEP_WAITS;
            wish.place = caller->session;
            wish.number = caller->number;
            wish.order = ++driver.begun;
            driver.wish[i] = wish;
            work();
            return kozo_later();
        }
    }
    return kozo_answer(KOZO_WOULD_BLOCK);
}

static struct kozo_message serve_factorial(struct kozo_caller *caller,
                                           const struct kozo_lesson_factorial_arguments *asked)
{
    return asked->number > UINT32_MAX ? kozo_answer(KOZO_BAD_ARGUMENT)
                                      : note(caller, (struct wish){.factor = asked->number});
}

static struct kozo_message serve_carry(struct kozo_caller *caller,
                                       const struct kozo_lesson_carry_arguments *asked)
{
    bool inside =
        asked->length >= 1 && asked->length <= KOZO_LESSON_MOST &&
        server_data(&driver.server, caller->session, asked->from, asked->length) != nullptr &&
        server_data(&driver.server, caller->session, asked->to, asked->length) != nullptr;
    struct wish wish = {
        .carries = true, .from = asked->from, .to = asked->to, .length = asked->length};
    return inside ? note(caller, wish) : kozo_answer(KOZO_BAD_ARGUMENT);
}

static struct kozo_message serve(struct kozo_caller *caller, const struct kozo_message *message)
{
    static const struct kozo_lesson_handlers handlers = {
        .factorial = serve_factorial,
        .carry = serve_carry,
    };
    return kozo_lesson_dispatch(&handlers, caller, message);
}

// What the device does already it does to its end; it completes for nobody.
static void drop(struct wish *wish)
{
    if (wish == driver.working) {
        wish->dropped = true;
    } else {
        *wish = (struct wish){};
    }
}

static bool cancel(size_t place, uint64_t number)
{
    for (size_t i = 0; i < WISHES; i++) {
        struct wish *wish = &driver.wish[i];
        if (wish->step != STEP_NONE && !wish->dropped && wish->place == place &&
            wish->number == number) {
            drop(wish);
            return true;
        }
    }
    return false;
}

static bool left(size_t place)
{
    for (size_t i = 0; i < WISHES; i++) {
        if (driver.wish[i].step != STEP_NONE && driver.wish[i].place == place) {
            drop(&driver.wish[i]);
        }
    }
    return true;
}

// A device does not know that its driver has changed: it goes on with what a former life began, takes
// nothing new meanwhile, and interrupts at the end.
static bool wait_until_idle(void)
{
    uint64_t deadline = kozo_clock_deadline(LONGEST);
    while ((read_register(STATUS) & STATUS_COMPUTES) != 0 ||
           (read_register(DMA_COMMAND) & DMA_START) != 0) {
        if (kozo_ticks() > deadline) {
            return false;
        }
        (void)kozo_kernel_yield();
    }
    write_register(ACKNOWLEDGE, read_register(CAUSE));
    return true;
}

static const char *start(void)
{
    const char *fault = device_claim_pci(&driver.device, IDENTITY, 0, 0, KOZO_LESSON_MOST);
    if (fault != nullptr) {
        return fault;
    }
    if (driver.device.registers_size < DMA_COMMAND + 8 || (read_register(WHO) & 0xff) != 0xed) {
        return "this is another device";
    }
    if (!wait_until_idle()) {
        return "the device does not come to rest";
    }
    write_register(STATUS, STATUS_INTERRUPT);
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
        return 0; // there is nothing to do
    }
    if (fault != nullptr) {
        kozo_printf("%s\n", fault);
        return 1;
    }
    return server_run(&driver.server, &handlers);
}
