// SPDX-License-Identifier: MIT
// The conversation with QEMU over QMP: starting, ending and restarting the machine, and finding out
// why it stopped.
//
// A guest that resets stops the machine; QEMU's reason is the same for a reboot that was asked for
// and for a triple fault. The chipset's reset control register (port 0xcf9, Intel ICH9 data
// sheet, 13.7.5) tells them apart: whoever reboots properly writes 2, "system reset", and then 6,
// "do it", and QEMU keeps the 2. (SeaBIOS does so too, and may even fault before its reset takes
// effect.) A guest that resets in another way is taken at its word under TCG, where QEMU's log of
// resets names a triple fault; KVM has no such log.
#pragma once

#include <stdint.h>

#include "qmp.h"
#include "queue.h"

enum machine_state : int {
    MACHINE_RUNNING,
    MACHINE_ASKED,     // the guest reset it; the registers have been asked for
    MACHINE_RESETTING, // a restart was ordered
    MACHINE_PAUSED,    // stopped, for good unless machine_restart() is called
};

struct machine {
    bool kvm;
    bool pausing;      // machine_pause() was called
    bool fault_logged; // the log of resets named a triple fault; set by the owner
    enum machine_state state;
    bool reset_control_known;
    unsigned reset_control;
    bool pointer_known;
    uint64_t pointer; // of the first processor's next instruction, when the guest reset
    struct queue out; // to QEMU
    struct qmp qmp;
};

enum machine_news : int {
    MACHINE_NOTHING,
    MACHINE_POWERED_OFF,
    MACHINE_REBOOT,         // the guest asked for a reset: machine_restart() or the end
    MACHINE_TRIPLE_FAULT,   // pointer may be known
    MACHINE_RESTARTED,      // after machine_restart(): the guest begins anew
    MACHINE_CONTROL_OPENED, // the guest has opened its end of this channel,
    MACHINE_FILES_OPENED,   // or of that for files
    MACHINE_STOPPED,        // QEMU stopped it by itself, or did not start it
};

// Lets the machine, which QEMU was told to create stopped, run.
void machine_begin(struct machine *machine, bool kvm);

// Takes bytes from QEMU up to the first news. *used says how many.
[[nodiscard]] enum machine_news machine_read(struct machine *machine, const uint8_t *bytes,
                                             size_t length, size_t *used);

void machine_restart(struct machine *machine);

// Stops the processors. MACHINE_PAUSED follows, without news.
void machine_pause(struct machine *machine);

// Ends QEMU in an orderly way: disks are flushed.
void machine_quit(struct machine *machine);
