// SPDX-License-Identifier: MIT
// The driver of a PC's clock, which counts whole seconds in battery-backed memory.
//
//    COARSE ──────── the clock changes its second: an interrupt ────────▶ EXACT
//
// At the start the registers tell the second, and the date is that second's beginning at that
// moment: behind the true one by less than a second. When the clock changes its second next, the
// date and the processor's counter are tied to each other for good, and the clock is left alone. So
// what is told only ever steps forward.
//
// It is given: `ports` (IoPort, two ports), `irq` (IrqHandler).
#include <kozo/clock.h>
#include <kozo/print.h>
#include <kozo/start.h>

#include "date.h"
#include "server.h"

constexpr uint64_t SECOND = 1'000'000'000;

// Registers behind the two ports: the first takes a number, the second is that register.
constexpr uint8_t REGISTER_A = 0x0a;
constexpr uint8_t REGISTER_B = 0x0b;
constexpr uint8_t REGISTER_C = 0x0c; // reading it ends the interrupt
constexpr uint8_t A_UPDATING = 1 << 7;
constexpr uint8_t B_ENDED = 1 << 4; // interrupt when a second has been counted
constexpr uint8_t B_OTHERS = 3 << 5;
constexpr unsigned UPDATE_LOOKS = 100'000; // an update takes 2 ms

static struct {
    struct server server;
    struct kozo_io_port ports;
    struct kozo_irq_handler irq;
    uint64_t first; // number of the first port
    bool known;     // date and ticks are those of one moment
    bool exact;
    uint64_t date; // in nanoseconds
    uint64_t ticks;
} clock;

static uint8_t read_register(uint8_t number)
{
    (void)kozo_io_port_write(clock.ports, clock.first, 1, number);
    return (uint8_t)kozo_io_port_read(clock.ports, clock.first + 1, 1).value;
}

static void write_register(uint8_t number, uint8_t value)
{
    (void)kozo_io_port_write(clock.ports, clock.first, 1, number);
    (void)kozo_io_port_write(clock.ports, clock.first + 1, 1, value);
}

// Reads everything while the clock counts no second, so that all of it is of the same one. False:
// there is no clock.
static bool read_all(uint8_t registers[DATE_REGISTERS])
{
    static const uint8_t number[DATE_REGISTERS] = {
        [DATE_SECOND] = 0, [DATE_MINUTE] = 2, [DATE_HOUR] = 4,       [DATE_DAY] = 7,
        [DATE_MONTH] = 8,  [DATE_YEAR] = 9,   [DATE_CENTURY] = 0x32, [DATE_MODE] = REGISTER_B,
    };
    for (unsigned look = 0; look < UPDATE_LOOKS; look++) {
        if ((read_register(REGISTER_A) & A_UPDATING) != 0) {
            continue;
        }
        for (size_t i = 0; i < DATE_REGISTERS; i++) {
            registers[i] = read_register(number[i]);
        }
        if ((read_register(REGISTER_A) & A_UPDATING) == 0 &&
            read_register(0) == registers[DATE_SECOND]) {
            return true;
        }
    }
    return false;
}

static void learn(uint64_t ticks, bool exact)
{
    uint8_t registers[DATE_REGISTERS];
    uint64_t seconds = read_all(registers) ? date_seconds(registers) : DATE_UNKNOWN;
    if (seconds == DATE_UNKNOWN) {
        return;
    }
    clock.known = true;
    clock.exact = exact;
    clock.date = seconds * SECOND;
    clock.ticks = ticks;
}

static void interrupts(bool wanted)
{
    uint8_t mode = read_register(REGISTER_B) & (uint8_t)~(B_ENDED | B_OTHERS);
    write_register(REGISTER_B, wanted ? mode | B_ENDED : mode);
    (void)read_register(REGISTER_C);
}

static void interrupted(uint64_t bits)
{
    uint64_t ticks = kozo_ticks();
    (void)bits;
    bool ended = (read_register(REGISTER_C) & B_ENDED) != 0;
    if (ended && !clock.exact) {
        learn(ticks, true);
    }
    if (clock.exact) {
        interrupts(false);
    }
    (void)kozo_irq_handler_acknowledge(clock.irq);
}

static struct kozo_message serve_date(struct kozo_caller *caller)
{
    (void)caller;
    if (!clock.known) {
        return kozo_answer(KOZO_BAD_STATE);
    }
    uint64_t ticks = kozo_ticks();
    uint64_t date = clock.date + kozo_clock_nanoseconds(ticks - clock.ticks);
    return kozo_clock_date_answer(date, ticks, clock.exact);
}

static struct kozo_message serve(struct kozo_caller *caller, const struct kozo_message *message)
{
    static const struct kozo_clock_handlers handlers = {.date = serve_date};
    return kozo_clock_dispatch(&handlers, caller, message);
}

int main(int argument_count, char **arguments)
{
    static const struct server_handlers handlers = {.serve = serve, .signalled = interrupted};
    (void)argument_count;
    (void)arguments;
    clock.irq = (struct kozo_irq_handler){kozo_granted("irq")};
    clock.ports = (struct kozo_io_port){kozo_granted("ports")};
    // The range of the capability says where the device is.
    clock.first = kozo_cnode_inspect((struct kozo_slot){clock.ports.handle}).value & 0xffff;
    learn(kozo_ticks(), false);
    if (!clock.known) {
        kozo_print("the clock shows no date\n");
    }
    interrupts(true);
    // An interrupt that a former life left unanswered is answered now.
    (void)kozo_irq_handler_acknowledge(clock.irq);
    return server_run(&clock.server, &handlers);
}
