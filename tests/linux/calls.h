// SPDX-License-Identifier: MIT
// System calls as they are, below the C library: SYS(read, 0, AT(buffer), size) gives what Linux gives, errors as negative numbers.
#pragma once

#include "test.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <termios.h>

#include "structures.h"

#define SYS(name, ...) outcome(syscall(SYS_##name __VA_OPT__(, ) __VA_ARGS__))
#define AT(pointer)    ((uint64_t)(uintptr_t)(pointer))

// An address where nothing is.
#define NOWHERE UINT64_C(0x10)

// The current folder, as the calls with "at" have it.
#define HERE ((uint64_t)AT_FDCWD)

static inline int64_t outcome(long result)
{
    return result < 0 ? -errno : result;
}

// A folder of the test's own, where it stands then, with a folder "tmp" that everybody may use; and no descriptors: the first file that
// is opened is 0. What fails is still told.
void fresh(void);
// The same, with /dev and /proc for certain.
void fresh_with_devices(void);

// The path of the current folder below that one; "/" for itself.
const char *current(void);

// The last signal that came since fresh(), of those that would end the test.
extern volatile sig_atomic_t last_signal;

// Becomes another user, until told again.
void become(unsigned user);
// Whether the test may do so.
bool is_root(void);

int own_process(void);
int own_user(void);
// Begins a session without a terminal.
void new_session(void);

void set_limit(int which, rlim_t soft);

// A child that is a copy of the test, to do something at the same time; end_of() waits for it.
pid_t child_of(void (*run)(void));

int64_t write_text(const char *path, const char *text);
const char *read_text(const char *path);
