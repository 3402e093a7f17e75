// SPDX-License-Identifier: MIT
// `devices`: the devices of the machine, and which of them have a driver.
//
// It is given: a session with `devmgr`.
#include <kozo/print.h>
#include <kozo/session.h>
#include <kozo/start.h>

// Classes of PCI that this system knows of (PCI Code and ID Assignment Specification).
static const struct {
    uint8_t class;
    const char *name;
} classes[] = {
    {0x01, "storage"}, {0x02, "network"},    {0x03, "display"},       {0x04, "multimedia"},
    {0x05, "memory"},  {0x06, "bridge"},     {0x07, "communication"}, {0x08, "system"},
    {0x09, "input"},   {0x0c, "serial bus"}, {0x10, "encryption"},    {0xff, "other"},
};

static const char *name_of(uint64_t class)
{
    for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++) {
        if (classes[i].class == class) {
            return classes[i].name;
        }
    }
    return "unknown";
}

static bool is_on_bus(uint64_t address)
{
    return address <= UINT16_MAX;
}

// Bus, device and function, or where in memory it is.
static void print_place(uint64_t address)
{
    if (is_on_bus(address)) {
        kozo_printf("%02lx:%02lx.%lu ", address >> 8, address >> 3 & 0x1f, address & 7);
    } else {
        kozo_printf("%08lx", address);
    }
}

int main(int argument_count, char **arguments)
{
    (void)argument_count;
    (void)arguments;
    struct kozo_session manager;
    if (!kozo_session_open(&manager, "devmgr")) {
        kozo_print("devices: there is no device manager\n");
        return 1;
    }
    kozo_printf("%-8s %-10s %-14s %s\n", "PLACE", "DEVICE", "CLASS", "DRIVER");
    struct kozo_devices_list_result device = kozo_devices_list(manager.service, 0);
    for (uint64_t place = 1; device.error == KOZO_OK; place++) {
        print_place(device.address);
        kozo_printf(" %04lx:%04lx  %-14s %s\n", device.identity & 0xffff, device.identity >> 16,
                    is_on_bus(device.address) ? name_of(device.class >> 16) : "virtio",
                    device.claimed ? "yes" : "no");
        device = kozo_devices_list(manager.service, place);
    }
    return device.error == KOZO_BAD_ARGUMENT ? 0 : 1;
}
