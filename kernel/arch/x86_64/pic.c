// SPDX-License-Identifier: MIT
// The pair of 8259 interrupt controllers, which KOZO does not use: they are moved away from the
// vectors of exceptions, and every input is masked (Intel 8259A data sheet, initialization command
// words).
//
// This has to happen while the local APIC still lets the 8259's output through. Otherwise a request
// of the firmware's timer may stay pending in the processor with nobody left to say which one it
// is: QEMU 7.2 then delivers it as a general protection fault, at the first instruction with
// interrupts on.
#include "x86.h"

constexpr uint16_t FIRST = 0x20;
constexpr uint16_t SECOND = 0xa0;
constexpr uint8_t START = 0x11;     // word 1: four words follow, edge triggered, two controllers
constexpr uint8_t SECOND_INPUT = 2; // word 3: where the second is attached to the first
constexpr uint8_t MODE_8086 = 1;    // word 4
constexpr uint8_t MASK_ALL = 0xff;

void pic_silence(void)
{
    outb(FIRST, START);
    outb(SECOND, START);
    outb(FIRST + 1, VECTOR_PIC);
    outb(SECOND + 1, VECTOR_PIC + 8);
    outb(FIRST + 1, 1 << SECOND_INPUT);
    outb(SECOND + 1, SECOND_INPUT);
    outb(FIRST + 1, MODE_8086);
    outb(SECOND + 1, MODE_8086);
    outb(FIRST + 1, MASK_ALL);
    outb(SECOND + 1, MASK_ALL);
}
