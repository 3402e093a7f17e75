// SPDX-License-Identifier: MIT
// What programs write to files of the host by shared mappings, on its way back to the file. A page counts as written to from the
// first write that its mappings let through: it is asked for with that right, and whoever sends it takes the right away from all
// mappings first. It is sent when a mapping of the file ends, when a program asks for it (fsync, msync, sync), and half a
// minute after it was written to at the latest; never what lies behind the end of the file.
//
// A file is counted as long as some of it is not sent. What can't be sent is lost, and the next who asks is told why.
#pragma once

#include <stddef.h>
#include <stdint.h>

struct chunk;
struct file;
struct host_node;

// A page of a chunk is about to be shown so that it may be written. Between this and showing it nothing may wait.
void written_note(struct host_node *host, struct chunk *chunk, size_t page);

// Sends all that was written to a file before. 0, or why something was lost since this was last asked.
[[nodiscard]] int64_t written_send(struct host_node *host);

// A file may have been taken back: what is not sent is sent, or refused. False when there is nothing.
bool written_doubt(struct host_node *host);

// A shared mapping of a file has ended.
void written_unmapped(struct file *file);

// How many files are to be sent now.
extern uint32_t written_due;
void written_all_due(void);

// Sends these, before a thread goes on. For threads that have `ended` one strand at a time does; the others leave it to that.
void written_settle(bool ended);
