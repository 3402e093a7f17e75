// SPDX-License-Identifier: MIT
// What libext2fs asks about the machine that it is compiled for. There is no Linux below it, so
// nothing of one is said to be there.
#pragma once

#define SIZEOF_INT       4
#define SIZEOF_SHORT     2
#define SIZEOF_LONG      8
#define SIZEOF_LONG_LONG 8
#define SIZEOF_OFF_T     8
#define SIZEOF_TIME_T    8

#define HAVE_ERRNO_H      1
#define HAVE_INTPTR_T     1
#define HAVE_INTTYPES_H   1
#define HAVE_STDINT_H     1
#define HAVE_STDLIB_H     1
#define HAVE_STRNLEN      1
#define HAVE_SYS_STAT_H   1
#define HAVE_SYS_TIME_H   1
#define HAVE_SYS_TYPES_H  1
#define HAVE_TYPE_SSIZE_T 1
#define HAVE_UNISTD_H     1
#define DISABLE_BACKTRACE 1
