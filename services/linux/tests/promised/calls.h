// SPDX-License-Identifier: MIT
// tests/linux/calls.h for the sentences of tests/linux/single when they are about linuxd's handlers: the same names, over fake.h.
#pragma once

#include "../fake.h"

#include "../../../../tests/linux/structures.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <termios.h>

#define HERE ((uint64_t)AT_FDCWD)

void fresh(void);
void fresh_with_devices(void);
const char *current(void);
void become(unsigned user);
bool is_root(void);
int own_process(void);
int own_user(void);
void new_session(void);
void set_limit(int which, rlim_t soft);
void pause_ms(long milliseconds);
