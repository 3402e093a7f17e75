// SPDX-License-Identifier: MIT
// What has to be done on this processor against programs that attack by speculation
// (docs/security.md). The choice is a function of what CPUID and one register say, and nothing
// else; mitigation.c carries it out.
#pragma once

#include <stdint.h>

// What the processor says of itself: CPUID leaves 7, 0x80000008 and 0x80000021, and
// IA32_ARCH_CAPABILITIES, which are zero where they are missing.
struct speculation_facts {
    bool intel, amd;
    uint32_t family;
    uint32_t leaf7_ebx, leaf7_edx, leaf7_2_edx;
    uint32_t leaf8_ebx, leaf21_eax, leaf21_ecx;
    uint64_t capabilities;
};

struct speculation {
    uint64_t control;   // IA32_SPEC_CTRL, set once; 0 leaves it as it is
    bool automatic;     // AMD: EFER.AIBRSE, set once
    bool clear_buffers; // VERW on the way out to user mode

    // What the processor would need and does not get.
    bool open_memory;   // programs can read all of the kernel's memory (Meltdown)
    bool open_branches; // programs can steer indirect branches of the kernel (Spectre 2)
    bool open_history;  // the same through the history of branches (BHI)
    bool open_returns;  // the same for returns (Retbleed, SRSO)
    bool open_buffers;  // data in flight leaks, and the microcode can't clear it (MDS)
};

struct speculation speculation_choose(const struct speculation_facts *facts);
