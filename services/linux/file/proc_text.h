// SPDX-License-Identifier: MIT
// The texts of /proc. Each is told as a whole; 0 or an error.
#pragma once

#include "items.h"

typedef int64_t proc_teller(const struct place *place, struct text *text);

// Of the whole sandbox: proc_text.c.
proc_teller proc_processors, proc_memory, proc_memory_events, proc_kozo, proc_load, proc_uptime,
    proc_times, proc_version, proc_release, proc_release_of, proc_host_name, proc_boot_id,
    proc_uuid, proc_mounts, proc_mount_facts;

// Of a process or thread: proc_process.c.
proc_teller proc_stat, proc_sizes, proc_status, proc_arguments, proc_environment, proc_auxiliary,
    proc_name, proc_maps, proc_maps_with_sizes, proc_limits, proc_score, proc_moved;

// What this system says it is, to programs that ask for the release of Linux.
constexpr char LINUX_RELEASE[] = "6.1.0-kozo";
constexpr char LINUX_VERSION[] = "#1 SMP KOZO";
