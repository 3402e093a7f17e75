// SPDX-License-Identifier: MIT
// All that init knows: one struct, made at start and passed to everything.
#pragma once

#include <kozo/abi.h>
#include <kozo/cpio.h>
#include <kozo/memory.h>
#include <kozo/process.h>
#include <kozo/slots.h>

#include "events.h"
#include "files.h"
#include "line.h"
#include "log.h"
#include "platform.h"
#include "processes.h"
#include "services.h"
#include "supply.h"
#include "terminal.h"

constexpr size_t INIT_SLOTS = 16384; // most slots of init's CNode that are looked after

// Priorities: init itself is started with 200 by the kernel.
constexpr uint64_t PRIORITY_SERVICE = 190;
constexpr uint64_t PRIORITY_PROGRAM = 100;

// Microseconds of one turn.
constexpr uint64_t BUDGET = 10'000;

struct init {
    const struct kozo_boot_info *boot;
    struct kozo_slots slots;
    struct kozo_memory memory;
    struct kozo_home home;
    const struct kozo_system *system; // in the initrd, checked; one without programs if it has none
    struct terminal terminal;
    struct files files;
    struct processes processes;
    struct services services;
    struct supplies supplies;
    struct log log;
    struct platform platform;
    struct kozo_timer clock; // handle 0: there are no ticks
    uint64_t pace;           // milliseconds between ticks, 0 for not set yet
    uint64_t looked;         // ticks, when services were last looked at
    size_t initrd_size;      // 0 when there is none, or none that can be read
    uint64_t prompt_ticks;   // when init was ready for its first command
    uint64_t slot_words[INIT_SLOTS / 64];
};

// A fault that init can't go on with: says it, and ends the system with a crash record.
[[noreturn]] void init_die(struct init *init, const char *reason);

// Takes one slot; dies when there is none.
[[nodiscard]] uint64_t init_slot(struct init *init);

// Makes one kernel object of its only size in a slot of its own. 0 when memory or slots are short.
[[nodiscard]] uint64_t init_object(struct init *init, enum kozo_object_type type);

// A file of the initrd; `step` is not ENTRY when there is none.
[[nodiscard]] struct kozo_cpio_entry init_file(const struct init *init, const char *name);

// Some bits that differ from use to use.
[[nodiscard]] uint64_t init_random(const struct init *init);
