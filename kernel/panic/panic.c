// SPDX-License-Identifier: MIT
// Tells the end of the system: a line on the console, then the crash record, then silence.
//
// Everything here works in any state: it takes no memory, waits for nobody, and reads only
// constants, the given registers and the kernel's own stack. A panic inside a panic, or on another
// processor meanwhile, stops the processor at once: there is one record.
#include "panic/panic.h"

#include "arch/arch.h"
#include "entry.h"
#include "kernel.h"
#include "panic/build_id.h"

constexpr size_t CRASH_RECORD_SIZE = 4096;
constexpr size_t CRASH_TRACE = 32;

// The last line must always fit.
constexpr char CRASH_END[] = "end\n";

static _Atomic bool panicking;
static size_t crash_size; // bytes of the record so far

static void console_text(const char *text)
{
    for (; *text != 0; text++) {
        arch_console_put(*text);
    }
}

// What does not fit into the record is left out; the last line always fits.
static void crash_text(const char *text)
{
    for (; *text != 0 && crash_size < CRASH_RECORD_SIZE - sizeof(CRASH_END); text++) {
        arch_crash_put(*text);
        crash_size++;
    }
}

static void crash_end(void)
{
    for (const char *text = CRASH_END; *text != 0; text++) {
        arch_crash_put(*text);
    }
}

// A number with its shortest run of digits; `base` is 10 or 16.
static void crash_number(uint64_t number, unsigned base)
{
    char text[24];
    size_t start = sizeof(text) - 1;

    text[start] = 0;
    do {
        text[--start] = "0123456789abcdef"[number % base];
        number /= base;
    } while (number != 0);
    crash_text(text + start);
}

static void crash_line(const char *name, const char *text)
{
    crash_text(name);
    crash_text(" ");
    crash_text(text);
    crash_text("\n");
}

static void crash_register(const char *name, uint64_t value, void *)
{
    crash_text("register ");
    crash_text(name);
    crash_text(" ");
    crash_number(value, 16);
    crash_text("\n");
}

static void crash_trace(const struct arch_registers *registers)
{
    uint64_t addresses[CRASH_TRACE];
    size_t count = arch_backtrace(registers, addresses, CRASH_TRACE);

    for (size_t i = 0; i < count; i++) {
        crash_text("trace ");
        crash_number(addresses[i], 16);
        crash_text("\n");
    }
}

// `all`: the registers are the kernel's own. Those of user mode may hold anything that a program
// knows.
[[noreturn]] static void panic_with(const char *kind, const char *reason,
                                    const struct arch_registers *registers, bool all,
                                    const struct fault *fault)
{
    if (atomic_exchange(&panicking, true)) {
        arch_halt();
    }
    arch_processors_stop();
    console_text("\r\nkozo: panic: ");
    console_text(reason);
    console_text("\r\n");

    crash_text("KOZO-CRASH 1\n");
    crash_line("build", build_id());
    crash_line("kind", kind);
    crash_line("reason", reason);
    crash_text("cpu ");
    crash_number(arch_cpu()->number, 10);
    crash_text("\n");
    if (all) {
        arch_registers_each(registers, crash_register, nullptr);
    } else if (registers != nullptr) {
        crash_register("instruction", arch_registers_instruction(registers), nullptr);
        crash_register("stack", arch_registers_stack(registers), nullptr);
    }
    if (fault != nullptr) {
        crash_register("exception", fault->exception, nullptr);
        crash_register("code", fault->code, nullptr);
    }
    crash_trace(all ? registers : nullptr);
    crash_end();
    arch_halt();
}

void panic(const char *reason)
{
    panic_with("panic", reason, nullptr, false, nullptr);
}

void panic_exception(const char *reason, const struct arch_registers *registers)
{
    panic_with("exception", reason, registers, true, nullptr);
}

// Where init was is told, since that is an address in a program of the build; its other registers
// are not.
void panic_init(const char *reason, const struct arch_registers *registers,
                const struct fault *fault)
{
    panic_with("init-died", reason, registers, false, fault);
}
