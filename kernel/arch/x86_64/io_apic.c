// SPDX-License-Identifier: MIT
// Device interrupts: the I/O APICs (Intel 82093AA data sheet), and messages that go to the local
// APIC straight away (MSI; Intel SDM volume 3, section 11.11).
//
// An interrupt of the ABI is one input of one I/O APIC, or one vector for messages, which are edges
// that nothing can mask but the device. What the portable kernel sees as masked is:
//
//   level   masked in hardware; the device holds its line until it is served, so nothing is lost
//   edge    at first only noted here. An edge that comes meanwhile would be lost if the input were
//   masked, so
//           it is remembered, and only then is the input masked. Unmasking raises it again.
#include "x86.h"

#include "panic/panic.h"

// Registers are reached through an index and a data word.
enum io_register : uint8_t {
    IO_VERSION = 1,
    IO_ENTRY = 0x10, // two for each input
};

constexpr unsigned IO_INDEX = 0;
constexpr unsigned IO_DATA = 0x10;
constexpr unsigned IO_INPUTS_MOST = 240;

constexpr uint32_t ENTRY_LOW_ACTIVE = 1 << 13;
constexpr uint32_t ENTRY_LEVEL = 1 << 15;
constexpr uint32_t ENTRY_MASKED = 1 << 16;

constexpr uint64_t MESSAGE_ADDRESS = 0xfee0'0000;

struct io_apic {
    volatile uint32_t *registers;
    uint32_t first;
    uint32_t inputs;
};

struct input {
    struct io_apic *apic; // null: comes as a message, or no device can raise it
    uint32_t entry;       // the low half of its entry, without the mask
    uint8_t number;
    bool masked;  // as the portable kernel sees it
    bool pending; // an edge came while masked
};

static struct io_apic io_apics[ACPI_IO_APICS];
static struct input inputs[ARCH_INTERRUPTS];
static uint32_t message_target; // number of a local APIC

static uint32_t io_read(const struct io_apic *apic, uint8_t name)
{
    apic->registers[IO_INDEX / 4] = name;
    return apic->registers[IO_DATA / 4];
}

static void io_write(const struct io_apic *apic, uint8_t name, uint32_t value)
{
    apic->registers[IO_INDEX / 4] = name;
    apic->registers[IO_DATA / 4] = value;
}

static bool is_message(unsigned interrupt)
{
    return interrupt >= ARCH_LINES && interrupt < ARCH_INTERRUPTS;
}

static void input_write(const struct input *input, uint32_t mask)
{
    if (input->apic == nullptr) {
        return;
    }
    io_write(input->apic, (uint8_t)(IO_ENTRY + 2 * input->number), input->entry | mask);
}

// --- Start ---------------------------------------------------------------------------------------

static void io_apic_open(struct io_apic *apic, const struct acpi_io_apic *from)
{
    uint32_t version;

    apic->registers = window_device(from->address);
    if (apic->registers == nullptr) {
        return;
    }
    version = io_read(apic, IO_VERSION);
    apic->first = from->first;
    apic->inputs = (version >> 16 & 0xff) + 1;
    if (version == UINT32_MAX || apic->inputs > IO_INPUTS_MOST) {
        apic->inputs = 0;
    }
    for (uint32_t i = 0; i < apic->inputs; i++) {
        io_write(apic, (uint8_t)(IO_ENTRY + 2 * i), ENTRY_MASKED);
    }
}

static void input_open(unsigned interrupt, uint32_t global, uint32_t mode)
{
    for (size_t i = 0; i < ACPI_IO_APICS; i++) {
        struct io_apic *apic = &io_apics[i];

        if (global >= apic->first && global - apic->first < apic->inputs) {
            inputs[interrupt] = (struct input){
                .apic = apic,
                .entry = (VECTOR_DEVICE + interrupt) | mode,
                .number = (uint8_t)(global - apic->first),
                .masked = true,
            };
            input_write(&inputs[interrupt], ENTRY_MASKED);
            io_write(apic, (uint8_t)(IO_ENTRY + 2 * inputs[interrupt].number + 1),
                     local_apic_id() << 24);
            return;
        }
    }
}

// Whether some ISA interrupt arrives at this global one by an override.
static bool is_taken(const struct acpi_info *info, uint32_t global)
{
    for (size_t i = 0; i < ACPI_ISA_INTERRUPTS; i++) {
        if (info->isa[i].present && info->isa[i].interrupt == global) {
            return true;
        }
    }
    return false;
}

static uint32_t override_mode(const struct acpi_override *override)
{
    return (override->low ? ENTRY_LOW_ACTIVE : 0) | (override->level ? ENTRY_LEVEL : 0);
}

void io_apic_start(const struct acpi_info *info)
{
    for (size_t i = 0; i < info->io_apics; i++) {
        io_apic_open(&io_apics[i], &info->io_apic[i]);
    }
    message_target = local_apic_id();
    for (unsigned i = ARCH_LINES; i < ARCH_INTERRUPTS; i++) {
        inputs[i].masked = true;
    }
    for (unsigned i = 0; i < ARCH_LINES; i++) {
        if (i < ACPI_ISA_INTERRUPTS && info->isa[i].present) {
            input_open(i, info->isa[i].interrupt, override_mode(&info->isa[i]));
        } else if (!is_taken(info, i)) {
            input_open(i, i, i < ACPI_ISA_INTERRUPTS ? 0 : ENTRY_LOW_ACTIVE | ENTRY_LEVEL);
        }
    }
}

// --- Running -------------------------------------------------------------------------------------

static bool accept(struct input *input)
{
    if (input->apic == nullptr && input < &inputs[ARCH_LINES]) {
        return false;
    }
    if (input->masked) {
        input->pending = (input->entry & ENTRY_LEVEL) == 0;
        input_write(input, ENTRY_MASKED);
        return false;
    }
    input->masked = true;
    if ((input->entry & ENTRY_LEVEL) != 0) {
        input_write(input, ENTRY_MASKED);
    }
    return true;
}

// The input is silent before the local APIC hears that the interrupt is over.
bool arch_interrupt_accept(unsigned interrupt)
{
    bool fires = accept(&inputs[interrupt]);

    local_apic_end_of_interrupt();
    return fires;
}

bool arch_interrupt_exists(unsigned interrupt)
{
    return is_message(interrupt) || (interrupt < ARCH_LINES && inputs[interrupt].apic != nullptr);
}

// Fixed delivery to the processor that the lines go to, too.
struct arch_message arch_interrupt_message(unsigned interrupt)
{
    return (struct arch_message){
        .address = MESSAGE_ADDRESS | (uint64_t)message_target << 12,
        .data = VECTOR_DEVICE + interrupt,
    };
}

// By hand rather than by firing: the input is silent from now on, and what it had to say is
// forgotten.
void arch_interrupt_mask(unsigned interrupt)
{
    struct input *input = &inputs[interrupt];

    ASSERT(arch_interrupt_exists(interrupt));
    input->masked = true;
    input->pending = false;
    input_write(input, ENTRY_MASKED);
}

void arch_interrupt_unmask(unsigned interrupt)
{
    struct input *input = &inputs[interrupt];
    bool pending = input->pending;

    ASSERT(arch_interrupt_exists(interrupt));
    if (!input->masked) {
        return;
    }
    input->masked = false;
    input->pending = false;
    input_write(input, 0);
    if (pending) {
        local_apic_raise((uint8_t)(VECTOR_DEVICE + interrupt));
    }
}
