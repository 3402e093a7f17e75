// SPDX-License-Identifier: MIT
// /sys.
#include "sys.h"

#include "items.h"
#include "linux.h"
#include "proc.h"

constexpr uint64_t MAGIC = 0x6265'6572;

static int64_t tell_processors(const struct place *place, struct text *text)
{
    (void)place;
    struct sandbox_facts facts = {};
    sandbox_facts(&facts);
    if (facts.processors > 1) {
        text_put(text, "0-%u\n", facts.processors - 1);
    } else {
        text_put(text, "0\n");
    }
    return 0;
}

static bool always(const struct place *place)
{
    (void)place;
    return true;
}

// Folders come before what is in them.
enum {
    ROOT,
    DEVICES,
    DEVICES_SYSTEM,
    PROCESSORS,
    FIRST_PROCESSOR,
    TOPOLOGY,
    FS,
    CGROUP,
    KERNEL,
    KERNEL_MM,
    HUGE_PAGES,
    CLASS,
    BLOCK,
    BUS,
    MODULE,
    FOLDERS_,
};

constexpr uint32_t FOLDER = S_IFDIR | 0755;
constexpr uint32_t TEXT = S_IFREG | 0444;

static const struct item items[] = {
    [ROOT] = {"", ROOT, FOLDER, .there = always},
    [DEVICES] = {.name = "devices", .inside = ROOT, .mode = FOLDER},
    [DEVICES_SYSTEM] = {.name = "system", .inside = DEVICES, .mode = FOLDER},
    [PROCESSORS] = {.name = "cpu", .inside = DEVICES_SYSTEM, .mode = FOLDER},
    [FIRST_PROCESSOR] = {.name = "cpu0", .inside = PROCESSORS, .mode = FOLDER},
    [TOPOLOGY] = {.name = "topology", .inside = FIRST_PROCESSOR, .mode = FOLDER},
    [FS] = {.name = "fs", .inside = ROOT, .mode = FOLDER},
    [CGROUP] = {.name = "cgroup", .inside = FS, .mode = FOLDER},
    [KERNEL] = {.name = "kernel", .inside = ROOT, .mode = FOLDER},
    [KERNEL_MM] = {.name = "mm", .inside = KERNEL, .mode = FOLDER},
    [HUGE_PAGES] = {.name = "transparent_hugepage", .inside = KERNEL_MM, .mode = FOLDER},
    [CLASS] = {.name = "class", .inside = ROOT, .mode = FOLDER},
    [BLOCK] = {.name = "block", .inside = ROOT, .mode = FOLDER},
    [BUS] = {.name = "bus", .inside = ROOT, .mode = FOLDER},
    [MODULE] = {.name = "module", .inside = ROOT, .mode = FOLDER},

    [FOLDERS_] = {"online", PROCESSORS, TEXT, .tell = tell_processors},
    {"possible", PROCESSORS, TEXT, .tell = tell_processors},
    {"present", PROCESSORS, TEXT, .tell = tell_processors},
    {"kernel_max", PROCESSORS, TEXT, .fixed = "63\n"},
    {"offline", PROCESSORS, TEXT, .fixed = "\n"},
    {"core_id", TOPOLOGY, TEXT, .fixed = "0\n"},
    {"physical_package_id", TOPOLOGY, TEXT, .fixed = "0\n"},
    {"core_siblings", TOPOLOGY, TEXT, .fixed = "1\n"},
    {"thread_siblings", TOPOLOGY, TEXT, .fixed = "1\n"},
    {"enabled", HUGE_PAGES, TEXT, .fixed = "always madvise [never]\n"},
    {"hpage_pmd_size", HUGE_PAGES, TEXT, .fixed = "2097152\n"},
};

struct node *sys_system(void)
{
    constexpr uint32_t DEVICE = 22;
    constexpr uint16_t COUNT = sizeof items / sizeof items[0];
    return items_system("sysfs", DEVICE, MAGIC, items, COUNT);
}
