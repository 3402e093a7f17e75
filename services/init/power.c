// SPDX-License-Identifier: MIT
// Power through ACPI: the fixed table names the registers, the DSDT the values (acpi.c reads both).
#include "power.h"

#include <kozo/machine.h>

#include "acpi.h"
#include "init.h"
#include "port.h"
#include "tables.h"

constexpr uint16_t CONTROL_ENABLED = 1 << 0; // SCI_EN: ACPI mode is on (4.8.3.2.1)
constexpr uint16_t CONTROL_TYPE_SHIFT = 10;  // SLP_TYPx
constexpr uint16_t CONTROL_TYPE_MASK = 7 << 10;
constexpr uint16_t CONTROL_SLEEP = 1 << 13; // SLP_EN
constexpr uint8_t SLEEP_TYPE_SHIFT = 2;     // of the hardware-reduced register (4.8.3.7)
constexpr uint8_t SLEEP_ENABLE = 1 << 5;

static struct acpi_power read_power(struct init *init)
{
    size_t size = 0;
    const uint8_t *table = tables_find(init, "FACP", &size);
    return table != nullptr ? acpi_power_read(table, size) : (struct acpi_power){};
}

static void wait(const struct init *init, uint64_t milliseconds)
{
    uint64_t start = kozo_ticks();
    uint64_t ticks = init->boot->tsc_frequency / 1000 * milliseconds;
    while (kozo_ticks() - start < ticks) {
        (void)kozo_kernel_yield();
    }
}

static void write_register(struct init *init, const struct acpi_register *target, unsigned width,
                           uint32_t value)
{
    if (target->space == ACPI_SPACE_IO && target->address <= UINT16_MAX) {
        port_out((uint16_t)target->address, width, value);
    }
    if (target->space == ACPI_SPACE_MEMORY && width == 1) {
        volatile uint8_t *byte = physical_look(&init->platform.registers, target->address, 1, true);
        if (byte != nullptr) {
            *byte = (uint8_t)value;
        }
    }
}

// Turns ACPI mode on, when the firmware left that to the system.
static void enable(const struct init *init, const struct acpi_power *power)
{
    uint16_t port = (uint16_t)power->control_a.address;
    if (power->enable_port == 0 || power->enable_value == 0 ||
        (port_in(port, 2) & CONTROL_ENABLED) != 0) {
        return;
    }
    port_out((uint16_t)power->enable_port, 1, power->enable_value);
    for (int i = 0; i < 100 && (port_in(port, 2) & CONTROL_ENABLED) == 0; i++) {
        wait(init, 1);
    }
}

static void sleep_by_control(struct init *init, const struct acpi_register *control, uint8_t type)
{
    if (control->address == 0 || control->space != ACPI_SPACE_IO) {
        return;
    }
    uint32_t value = port_in((uint16_t)control->address, 2) & ~(uint32_t)CONTROL_TYPE_MASK;
    value |= (uint32_t)type << CONTROL_TYPE_SHIFT;
    write_register(init, control, 2, value | CONTROL_SLEEP);
}

static void sleep(struct init *init, const struct acpi_power *power, const struct acpi_off *off)
{
    if (power->reduced) {
        write_register(init, &power->sleep, 1,
                       (uint32_t)(off->a << SLEEP_TYPE_SHIFT) | SLEEP_ENABLE);
        return;
    }
    enable(init, power);
    sleep_by_control(init, &power->control_a, off->a);
    sleep_by_control(init, &power->control_b, off->b);
}

const char *power_off(struct init *init)
{
    const char *reason = "the firmware does not say how";
    terminal_drain(init);
    struct acpi_power power = read_power(init);
    size_t size = 0;
    const uint8_t *dsdt =
        power.found ? tables_look(&init->platform.registers, power.dsdt, &size) : nullptr;
    struct acpi_off off = dsdt != nullptr ? acpi_off_read(dsdt, size) : (struct acpi_off){};
    if (off.found) {
        sleep(init, &power, &off);
        wait(init, 1000);
        reason = "the machine did not obey";
    }
    physical_forget(&init->platform.registers);
    return reason;
}

const char *power_reset(struct init *init)
{
    constexpr uint16_t RESET_PORT = 0xcf9; // reset control register of PC chipsets
    constexpr uint16_t KEYBOARD_PORT = 0x64;
    constexpr uint8_t KEYBOARD_RESET = 0xfe;
    terminal_drain(init);
    struct acpi_power power = read_power(init);
    if (power.found && power.reset.address != 0) {
        write_register(init, &power.reset, 1, power.reset_value);
        wait(init, 100);
    }
    physical_forget(&init->platform.registers);
    port_out(RESET_PORT, 1, 0x02);
    port_out(RESET_PORT, 1, 0x06);
    wait(init, 100);
    port_out(KEYBOARD_PORT, 1, KEYBOARD_RESET);
    wait(init, 100);
    return "the machine did not obey";
}
