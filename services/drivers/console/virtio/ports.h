// SPDX-License-Identifier: MIT
// The console device as hardware: ports, each a stream of bytes in either direction (Virtual I/O
// Device 1.2, section 5.3).
//
//            host adds it           ports_open
//   ABSENT ───────────────▶ CLOSED ────────────▶ OPEN: bytes flow
//      ▲    host removes it    ▲                   │
//      └───────────────────────┴─── ports_close ───┘ what was not read is lost
//
// Names, and whether the host has opened its end, come in messages of the device; so does all else
// that is believed about a port. A device that breaks the rules of its queues makes all of it broken.
//
// The memory shared with the device holds the queues, buffers for messages, and for each port a
// fixed part for what comes and what goes. No function here waits, and none makes a system call.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "virtio.h"

constexpr size_t PORTS = 7;                // numbers from 1 on
constexpr size_t PORTS_SHARED = 0x10'0000; // bytes of shared memory that it takes
constexpr size_t PORT_NAME = 40;           // most bytes of a name that can be found

constexpr size_t PORT_IN_BUFFERS = 16;
constexpr size_t PORT_IN_BYTES = 4'096; // QEMU fills no more of one
constexpr size_t PORT_OUT_BUFFERS = 4;
constexpr size_t PORT_OUT_BYTES = 16'384;

// A queue and the register that tells the device of what was added.
struct ports_queue {
    struct virtqueue queue;
    struct virtio_bell bell;
    uint16_t index;
    bool added; // since the bell was last rung
};

// A buffer that the device has filled and that was not read to its end yet.
struct port_piece {
    uint8_t buffer;
    uint32_t length;
};

struct port {
    bool usable; // has queues
    bool exists; // the host has added it
    bool open;   // to somebody here
    bool host_open;
    bool tell_ready;      // the device is to be told that the port is ready,
    uint8_t tell_changes; // and so often that it was opened or closed
    bool told_open;
    uint8_t name_length;
    char name[PORT_NAME];
    struct ports_queue in;
    struct ports_queue out;
    struct port_piece piece[PORT_IN_BUFFERS]; // in the order in which they came
    size_t first;                             // of them
    size_t pieces;
    size_t used;       // bytes of the first one that were read
    uint32_t out_busy; // one bit for each buffer that the device has
    uint64_t given;    // bytes given to the device so far
    uint64_t taken;    // of them, those that the device is done with
};

struct ports {
    uint8_t *shared;
    uint64_t physical;
    struct ports_queue control_in;
    struct ports_queue control_out;
    uint32_t control_busy; // one bit for each buffer of control_out that the device has
    bool ready_told;
    bool settled;                // the host has told of all ports that it had at the start
    bool broken;                 // the device does not keep to the rules
    struct port port[PORTS + 1]; // by number; 0 is not used
};

// Sets the device up, in memory of PORTS_SHARED bytes. Null, or what is wrong.
[[nodiscard]] const char *ports_start(struct ports *ports, struct virtio_device *device,
                                      uint8_t *shared, uint64_t physical);

// The two halves of that, without the device's registers, for tests: prepares the queues of ports below
// `count`; then, once each queue has its bell, gives the device all buffers.
void ports_prepare(struct ports *ports, uint8_t *shared, uint64_t physical, size_t count);
void ports_begin(struct ports *ports);

// Takes what the device has done since. Afterwards look at `broken`.
void ports_work(struct ports *ports);

// Tells the device of all that was given to it.
void ports_ring(struct ports *ports);

// The number of the port with this name; 0 when there is none.
[[nodiscard]] size_t ports_find(const struct ports *ports, const char *name, size_t length);

void ports_open(struct ports *ports, size_t number);
void ports_close(struct ports *ports, size_t number);

// Takes bytes that came. Gives how many.
[[nodiscard]] size_t ports_take(struct ports *ports, size_t number, uint8_t *bytes, size_t most);

// Whether the host has closed its end and everything before was taken.
[[nodiscard]] bool ports_ended(const struct ports *ports, size_t number);

// Gives the device bytes to send. Gives how many it took. They are with the host when `taken` of the
// port has come to where `given` stands now.
[[nodiscard]] size_t ports_put(struct ports *ports, size_t number, const uint8_t *bytes,
                               size_t length);
