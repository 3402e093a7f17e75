// SPDX-License-Identifier: MIT
// Reads the text of a system description.
//
//     # a remark
//     service NAME FILE        a program that init starts, watches, and starts again when it ends
//     program FILE             one that is run by a command
//
// What follows belongs to the service or program above:
//
//     uses NAME [SIZE]         a session with that service, which is started first; with memory
//                              of SIZE (with K, M or G, whole pages) that both share for bulk data
//     asks NAME                a session with that service, which may be down
//     delegates NAME SIZE      a session with that service, which may be down, by which this one tells
//                              of sessions that it delegates to clients of both; with memory of SIZE
//     place PATH r|rw          what the session with the file server, in the line `uses` above, may
//                              reach there: to read, or to read and write
//     limit SIZE               what that session may have stored on each volume, in whole pages
//     mount PATH NAME SIZE     for the file server: a session with a volume's service, which may be
//                              down, and the path at which its files are found: one name after a
//                              slash, or a folder of a volume that is mounted in a line above
//     alias PATH NAME FOLDER   for the file server: one more such name, for a folder in the root of
//                              a volume that is mounted in a line above
//     commands SIZE            init's commands have a session with that service, and memory
//     pager NAME SIZE          a session with that service, which also answers the program's faults
//                              and gives it up to SIZE of memory
//     after NAME               that service must be up first
//     restart always|never     what happens when it ends; always, when nothing is said
//     copies NUMBER            so many of this program may run at the same time, each with sessions
//                              of its own; one, when nothing is said
//     terminal                 this service is where init speaks and listens
//     ports NAME FIRST COUNT   a range of I/O ports
//     irq NAME NUMBER          an interrupt
//     memory SIZE              Untyped memory of its own (with K, M or G), a power of two; or
//     memory most              the largest piece that is free at its start and leaves a quarter of
//                              all memory free
//     memory up to SIZE        memory that it takes when it needs it, and may give back
//     keeps SIZE               memory, a power of two, that outlives it and that it finds as it left it
//     keeps up to SIZE         the same, but taken when it is needed
//     self                     its own CNode, AddressSpace, Pool, Thread and SchedContext
//     time                     the right to give out processor time
//     initrd                   the initrd, to read
//     platform                 the device manager: device memory, memory for devices, interrupts
//     driver VENDOR:DEVICE     may claim devices of this identity of PCI (four hexadecimal digits
//                              each), and be interrupted by them
//     entropy                  may feed the kernel's generator of random numbers
//     audit                    sees how far the kernel's log goes, and the hash over it
//
// A program without an entry is given nothing but the way to its parent.
#pragma once

#include <kozo/system.h>

// A name that a program uses, still as a word.
struct description_link {
    char name[KOZO_SYSTEM_NAME];
    size_t line;
    uint32_t pages;
    uint32_t limit;
    uint32_t most; // pages that may be stored; 0 for no limit, which is said in this line:
    size_t most_line;
};

// What stands in the text, before the names in it are looked up.
struct description {
    const char *fault; // null, or what is wrong
    size_t line;       // where
    struct kozo_system system;
    size_t first_line[KOZO_SYSTEM_PROGRAMS];
    uint64_t copies[KOZO_SYSTEM_PROGRAMS];
    struct description_link use[KOZO_SYSTEM_PROGRAMS][KOZO_SYSTEM_USES];
    struct description_link after[KOZO_SYSTEM_PROGRAMS][KOZO_SYSTEM_AFTER];
};

// Reads `size` bytes of text, which may be anything.
void description_read(struct description *description, const char *text, size_t size);
