// SPDX-License-Identifier: MIT
// Texts of /proc about the whole sandbox.
#include "proc_text.h"

#include "../core/caller.h"
#include "../core/clock.h"
#include "../core/errno.h"
#include "../core/random.h"
#include "../memory/backing.h"
#include "linux.h"
#include "proc.h"

#include <string.h>

constexpr uint64_t NANOSECONDS = 1'000'000'000;
constexpr uint64_t TICK = 10'000'000; // nanoseconds: 100 a second
constexpr unsigned KIB_OF_PAGE = PAGE_BYTES / 1024;

int64_t proc_processors(const struct place *place, struct text *text)
{
    (void)place;
    struct sandbox_facts facts = {};
    sandbox_facts(&facts);
    for (uint32_t i = 0; i < facts.processors; i++) {
        text_put(
            text,
            "processor\t: %u\nvendor_id\t: %s\nmodel name\t: %s\nphysical id\t: 0\nsiblings\t: "
            "%u\ncore id\t\t: %u\ncpu cores\t: %u\nflags\t\t: fpu tsc msr pae cx8 apic cmov "
            "mmx fxsr sse sse2 syscall nx lm\nbogomips\t: 2000.00\nclflush size\t: "
            "64\naddress sizes\t: 40 bits physical, 48 bits virtual\n\n",
            i, "KOZO", "KOZO processor", facts.processors, i, facts.processors);
    }
    return 0;
}

int64_t proc_memory(const struct place *place, struct text *text)
{
    (void)place;
    unsigned long all = pages_there() * KIB_OF_PAGE;
    unsigned long free = pages_free() * KIB_OF_PAGE;
    const struct {
        const char *name;
        unsigned long size;
    } lines[] = {
        {"MemTotal:", all},
        {"MemFree:", free},
        {"MemAvailable:", free},
        {"Buffers:", 0},
        {"Cached:", 0},
        {"SwapCached:", 0},
        {"Active:", 0},
        {"Inactive:", 0},
        {"SwapTotal:", 0},
        {"SwapFree:", 0},
        {"Dirty:", 0},
        {"Writeback:", 0},
        {"AnonPages:", 0},
        {"Mapped:", 0},
        {"Shmem:", 0},
        {"Slab:", 0},
        {"SReclaimable:", 0},
        {"SUnreclaim:", 0},
        {"PageTables:", 0},
        {"CommitLimit:", all},
        {"Committed_AS:", all - free},
        {"HugePages_Total:", 0},
        {"Hugepagesize:", 2048},
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        const char *unit = strncmp(lines[i].name, "HugePages", 9) == 0 ? "" : " kB";
        text_put(text, "%-15s%9lu%s\n", lines[i].name, lines[i].size, unit);
    }
    return 0;
}

// No file of Linux: what the sandbox has of the kernel's objects, so that a program can see whether all came back.
int64_t proc_kozo(const struct place *place, struct text *text)
{
    (void)place;
    struct sandbox_facts facts = {};
    sandbox_facts(&facts);
    text_put(text, "slots %lu\nblocks %lu\ntables %lu\npages %lu\n", facts.slots, facts.blocks,
             facts.tables, pages_there() - pages_free());
    return 0;
}

int64_t proc_memory_events(const struct place *place, struct text *text)
{
    (void)place;
    text_put(text, "nr_free_pages %lu\npgfault 0\npgmajfault 0\npswpin 0\npswpout 0\n",
             (unsigned long)pages_free());
    return 0;
}

int64_t proc_load(const struct place *place, struct text *text)
{
    (void)place;
    struct sandbox_facts facts = {};
    sandbox_facts(&facts);
    text_put(text, "0.00 0.00 0.00 %u/%u %u\n", facts.running, facts.threads, facts.newest);
    return 0;
}

static void put_seconds(struct text *text, uint64_t nanoseconds, const char *end)
{
    text_put(text, "%lu.%02lu%s", (unsigned long)(nanoseconds / NANOSECONDS),
             (unsigned long)(nanoseconds / TICK % 100), end);
}

int64_t proc_uptime(const struct place *place, struct text *text)
{
    (void)place;
    struct sandbox_facts facts = {};
    sandbox_facts(&facts);
    put_seconds(text, clock_monotonic(), " ");
    put_seconds(text, facts.idle_ns, "\n");
    return 0;
}

int64_t proc_times(const struct place *place, struct text *text)
{
    (void)place;
    struct sandbox_facts facts = {};
    sandbox_facts(&facts);
    unsigned long user = facts.user_ns / TICK;
    unsigned long system = facts.system_ns / TICK;
    unsigned long idle = facts.idle_ns / TICK;
    text_put(text, "cpu  %lu 0 %lu %lu 0 0 0 0 0 0\n", user, system, idle);
    for (uint32_t i = 0; i < facts.processors; i++) {
        uint32_t n = facts.processors;
        text_put(text, "cpu%u %lu 0 %lu %lu 0 0 0 0 0 0\n", i, user / n, system / n, idle / n);
    }
    text_put(text,
             "intr 0\nctxt %lu\nbtime %lu\nprocesses %lu\nprocs_running %u\nprocs_blocked 0\n",
             (unsigned long)facts.calls, (unsigned long)(facts.started_ns / NANOSECONDS),
             (unsigned long)facts.forks, facts.running);
    return 0;
}

int64_t proc_version(const struct place *place, struct text *text)
{
    (void)place;
    text_put(text, "Linux version %s (KOZO) %s\n", LINUX_RELEASE, LINUX_VERSION);
    return 0;
}

int64_t proc_release(const struct place *place, struct text *text)
{
    (void)place;
    text_put(text, "%s\n", LINUX_RELEASE);
    return 0;
}

int64_t proc_release_of(const struct place *place, struct text *text)
{
    (void)place;
    text_put(text, "%s\n", LINUX_VERSION);
    return 0;
}

int64_t proc_host_name(const struct place *place, struct text *text)
{
    (void)place;
    struct sandbox_facts facts = {};
    sandbox_facts(&facts);
    text_put(text, "%s\n", facts.host_name != nullptr ? facts.host_name : "kozo");
    return 0;
}

static void put_uuid(struct text *text, const uint8_t bytes[16])
{
    for (size_t i = 0; i < 16; i++) {
        bool dash = i == 4 || i == 6 || i == 8 || i == 10;
        text_put(text, "%s%02x", dash ? "-" : "", bytes[i]);
    }
    text_put(text, "\n");
}

static void make_uuid(uint8_t bytes[16])
{
    random_fill(bytes, 16);
    bytes[6] = (uint8_t)((bytes[6] & 0x0F) | 0x40);
    bytes[8] = (uint8_t)((bytes[8] & 0x3F) | 0x80);
}

int64_t proc_uuid(const struct place *place, struct text *text)
{
    (void)place;
    uint8_t bytes[16];
    make_uuid(bytes);
    put_uuid(text, bytes);
    return 0;
}

int64_t proc_boot_id(const struct place *place, struct text *text)
{
    (void)place;
    static uint8_t bytes[16];
    static bool made;
    if (!made) {
        make_uuid(bytes);
        made = true;
    }
    put_uuid(text, bytes);
    return 0;
}

// A path as mounts have it: what would end a field is written in octal.
static void put_path(struct text *text, const char *path)
{
    for (; *path != '\0'; path++) {
        if (*path == ' ' || *path == '\t' || *path == '\n' || *path == '\\') {
            text_put(text, "\\%c%c%c", '0' + (*path >> 6 & 3), '0' + (*path >> 3 & 7),
                     '0' + (*path & 7));
        } else {
            text_put_bytes(text, path, 1);
        }
    }
}

int64_t proc_mounts(const struct place *place, struct text *text)
{
    (void)place;
    char *buffer = path_buffer();
    if (buffer == nullptr) {
        return -ENOMEM;
    }
    const struct entry *top = nullptr;
    for (unsigned i = 0; (top = path_mounted(i)) != nullptr; i++) {
        const struct file_system *system = top->node->system;
        text_put(text, "%s ", system->source);
        put_path(text, path_of(top, caller()->folders->root, buffer));
        text_put(text, " %s %s,relatime 0 0\n", system->type, system->read_only ? "ro" : "rw");
    }
    path_buffer_give(buffer);
    return 0;
}

int64_t proc_mount_facts(const struct place *place, struct text *text)
{
    constexpr unsigned FIRST = 20;
    (void)place;
    char *buffer = path_buffer();
    if (buffer == nullptr) {
        return -ENOMEM;
    }
    const struct entry *top = nullptr;
    for (unsigned i = 0; (top = path_mounted(i)) != nullptr; i++) {
        const struct file_system *system = top->node->system;
        text_put(text, "%u %u %u:%u / ", FIRST + i, i == 0 ? 1 : FIRST, linux_major(system->device),
                 linux_minor(system->device));
        put_path(text, path_of(top, caller()->folders->root, buffer));
        const char *way = system->read_only ? "ro" : "rw";
        text_put(text, " %s,relatime - %s %s %s\n", way, system->type, system->source, way);
    }
    path_buffer_give(buffer);
    return 0;
}
