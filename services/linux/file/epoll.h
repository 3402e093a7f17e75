// SPDX-License-Identifier: MIT
// epoll: files that are watched.
#pragma once

#include "file.h"

// A file is closed for good: nobody watches it any more.
void epoll_forget(struct file *file);
