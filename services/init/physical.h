// SPDX-License-Identifier: MIT
// Physical memory that belongs to the machine, such as the firmware's tables and the registers of
// devices, out of the device memory that init was given. What was carved stays carved; init sees of
// it what it looks at, until it forgets.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <kozo/abi.h>

struct init;

constexpr size_t PHYSICAL_PIECES = 128;
constexpr size_t PHYSICAL_MAPPINGS = 128;

// A Frame that was carved out of device memory.
struct physical_piece {
    uint64_t base;
    uint64_t size;
    uint64_t slot;
};

struct physical {
    struct init *init;
    uint64_t next_address; // of the window that is free
    size_t pieces;
    size_t mappings;
    uint64_t carved[KOZO_BOOT_UNTYPEDS]; // bytes carved of each Untyped of BootInfo
    struct physical_piece piece[PHYSICAL_PIECES];
    uint64_t mapping[PHYSICAL_MAPPINGS]; // their slots
};

void physical_start(struct physical *physical, struct init *init);

// Makes `size` bytes at a physical address visible. Null when that is no device memory of init's.
[[nodiscard]] void *physical_look(struct physical *physical, uint64_t address, size_t size,
                                  bool write);

// Init no longer sees anything.
void physical_forget(struct physical *physical);

// The piece that holds all of a range; null when there is none.
[[nodiscard]] const struct physical_piece *physical_reach(struct physical *physical,
                                                          uint64_t address, uint64_t size);

// Everything that was made of the pieces is gone. Init may see nothing at that time.
void physical_take_back(struct physical *physical);
