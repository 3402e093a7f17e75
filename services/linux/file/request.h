// SPDX-License-Identifier: MIT
// /dev/kozo: what a program may ask of whoever decides about this run. A line is written, the write waits, and what is read then is the
// answer:
//
//     pick read REASON      one file, which the person chooses, to be read; its path is the answer
//     pick write REASON     the same, to be read and changed
//
// A write fails with EACCES when the answer is no, ENXIO when nobody can be asked, EINVAL when it asks for nothing of these.
#pragma once

#include "file.h"

[[nodiscard]] int64_t request_open(struct file *file);
