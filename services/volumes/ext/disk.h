// SPDX-License-Identifier: MIT
// The disk below the volume, through its driver. A read waits: this process has one client, which
// waits for nothing else.
#pragma once

#include "device.h"

struct server;

// Opens the session with the driver. Null, or what is wrong.
[[nodiscard]] const char *disk_open(struct server *server, struct ext_device *device);
