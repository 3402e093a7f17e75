// SPDX-License-Identifier: MIT
// The device of channels as its driver meets it: the input is what the device does (messages, contents,
// buffers given back, lies) and what clients do meanwhile.
#include "tests/device.h"

#include <stdlib.h>

#include "input.h"

static struct ports ports;

static void act_as_device(struct input *input, uint8_t what)
{
    uint8_t port = input_byte(input) % (PORTS + 2);
    uint16_t queue = input_byte(input) % 18;
    char name[64] = {};
    struct device_buffer buffer;
    switch (what % 6) {
    case 0:
        (void)input_take(input, (uint8_t *)name, sizeof name - 1);
        (void)device_tell(port, input_byte(input) % 9, input_byte(input) % 2, name);
        break;
    case 1:
        (void)device_send(port <= PORTS ? port : 1, name, input_byte(input) % sizeof name);
        break;
    case 2:
        (void)device_listen();
        break;
    case 3:
        buffer = device_next(queue);
        if (buffer.bytes != nullptr) {
            device_done(queue, buffer.head, input_byte(input) % 8 == 0 ? buffer.length : 0);
        }
        break;
    case 4:
        device_done(queue, input_byte(input), (uint32_t)input_byte(input) * 33);
        break;
    default:
        device_lie(queue, input_byte(input), input_byte(input), input_byte(input));
        break;
    }
}

static void act_as_client(struct input *input, uint8_t what)
{
    static uint8_t bytes[2 * PORT_IN_BYTES];
    size_t port = 1 + input_byte(input) % PORTS;
    if (!ports.port[port].usable) {
        return;
    }
    switch (what % 4) {
    case 0:
        ports_open(&ports, port);
        break;
    case 1:
        ports_close(&ports, port);
        break;
    case 2:
        (void)ports_take(&ports, port, bytes, (size_t)input_byte(input) * 32);
        break;
    default:
        (void)ports_put(&ports, port, bytes, 1 + (size_t)input_byte(input) * 32);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *byte, size_t size)
{
    struct input input = {byte, size};
    device_start(&ports, 1 + input_byte(&input) % 10);
    while (input.left > 0 && !ports.broken) {
        uint8_t what = input_byte(&input);
        if (what % 2 == 0) {
            act_as_device(&input, what / 2);
            ports_work(&ports);
        } else {
            act_as_client(&input, what / 2);
            ports_ring(&ports);
        }
        for (size_t i = 1; i <= PORTS; i++) {
            const struct port *port = &ports.port[i];
            if (port->pieces > PORT_IN_BUFFERS || port->taken > port->given) {
                abort();
            }
        }
    }
    return 0;
}
