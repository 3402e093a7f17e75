// SPDX-License-Identifier: MIT
// /proc: the tree of it, its links, and what may be written. proc_text.c and proc_process.c tell the texts.
#include "proc.h"

#include "../core/caller.h"
#include "../core/errno.h"
#include "../core/store.h"
#include "descriptors.h"
#include "entry.h"
#include "linux.h"
#include "proc_text.h"

#include <kozo/format.h>
#include <string.h>

constexpr uint64_t MAGIC = 0x9FA0;

// Links.

// Targets of links have no zero at their end.
static int64_t copy_text(const char *text, char *target, size_t size)
{
    size_t length = strnlen(text, size);
    for (size_t i = 0; i < length; i++) {
        target[i] = text[i];
    }
    return (int64_t)length;
}

static int64_t link_self(const struct place *place, char *target, size_t size)
{
    (void)place;
    char text[16];
    (void)kozo_format(text, sizeof text, "%u", caller()->process);
    return copy_text(text, target, size);
}

static int64_t link_mounts(const struct place *place, char *target, size_t size)
{
    (void)place;
    return copy_text("self/mounts", target, size);
}

static int64_t copy_path(const struct entry *entry, char *target, size_t size)
{
    char *buffer = path_buffer();
    if (buffer == nullptr) {
        return -ENOMEM;
    }
    int64_t length = copy_text(path_of(entry, caller()->folders->root, buffer), target, size);
    path_buffer_give(buffer);
    return length;
}

// Where the links of a process lead: an entry, counted, or an error.
static int64_t entry_of_folders(const struct place *place, bool root, struct entry **entry)
{
    const struct caller *process = process_caller(place->process);
    if (process == nullptr || process->folders == nullptr) {
        return -ENOENT;
    }
    *entry = root ? process->folders->root : process->folders->current;
    entry_keep(*entry);
    return 0;
}

static int64_t jump_current(const struct place *place, struct entry **entry)
{
    return entry_of_folders(place, false, entry);
}

static int64_t jump_root(const struct place *place, struct entry **entry)
{
    return entry_of_folders(place, true, entry);
}

static int64_t jump_program(const struct place *place, struct entry **entry)
{
    struct file *file = process_program(place->process);
    if (file == nullptr) {
        return -ENOENT;
    }
    *entry = file->entry;
    entry_keep(*entry);
    file_drop(file);
    return 0;
}

static int64_t copy_jump(int64_t error, struct entry *entry, char *target, size_t size)
{
    if (error != 0) {
        return error;
    }
    int64_t length = copy_path(entry, target, size);
    entry_drop(entry);
    return length;
}

static int64_t link_current(const struct place *place, char *target, size_t size)
{
    struct entry *entry = nullptr;
    int64_t error = jump_current(place, &entry);
    return copy_jump(error, entry, target, size);
}

static int64_t link_root(const struct place *place, char *target, size_t size)
{
    struct entry *entry = nullptr;
    int64_t error = jump_root(place, &entry);
    return copy_jump(error, entry, target, size);
}

static int64_t link_program(const struct place *place, char *target, size_t size)
{
    struct entry *entry = nullptr;
    int64_t error = jump_program(place, &entry);
    return copy_jump(error, entry, target, size);
}

// Descriptors.

static struct file *file_at(const struct place *place)
{
    const struct caller *process = process_caller(place->process);
    return process != nullptr && process->descriptors != nullptr
               ? descriptor_any(process->descriptors, place->number)
               : nullptr;
}

static bool descriptor_is_there(const struct place *place)
{
    struct file *file = file_at(place);
    if (file != nullptr) {
        file_drop(file);
    }
    return file != nullptr;
}

static int64_t next_descriptor(const struct place *place, uint32_t from)
{
    const struct caller *process = process_caller(place->process);
    return process != nullptr && process->descriptors != nullptr
               ? descriptor_next(process->descriptors, from)
               : -1;
}

static int64_t name_of_file(struct file *file, char *target, size_t size)
{
    char text[64];
    if (file->entry != nullptr) {
        return copy_path(file->entry, target, size);
    }
    if (file->operations->kind[0] == '[') {
        (void)kozo_format(text, sizeof text, "anon_inode:%s", file->operations->kind);
    } else {
        struct linux_stat stat = {};
        int64_t error = file_stat(file, &stat);
        if (error != 0) {
            return error;
        }
        (void)kozo_format(text, sizeof text, "%s:[%lu]", file->operations->kind,
                          (unsigned long)stat.inode);
    }
    return copy_text(text, target, size);
}

static int64_t link_descriptor(const struct place *place, char *target, size_t size)
{
    struct file *file = file_at(place);
    if (file == nullptr) {
        return -ENOENT;
    }
    int64_t length = name_of_file(file, target, size);
    file_drop(file);
    return length;
}

// A node that stands for a file without a name: opening it gives that very file, as dup does.

static struct file_system no_system = {.type = "files"};

static struct file *file_of_node(struct node *node)
{
    struct file *file = node->own;
    file_keep(file);
    return file;
}

static int64_t tell_file(struct node *node, struct linux_stat *stat)
{
    return file_stat(node->own, stat);
}

static void drop_file_node(struct node *node)
{
    file_drop(node->own);
    store_give(node, sizeof *node);
}

static const struct node_operations file_node_operations = {
    .stat = tell_file, .drop = drop_file_node, .file = file_of_node};

// Takes the file's count over.
static int64_t entry_of_file(struct file *file, struct entry **entry)
{
    struct node *node = store_take(sizeof *node);
    if (node == nullptr) {
        file_drop(file);
        return -ENOMEM;
    }
    *node = (struct node){.operations = &file_node_operations,
                          .system = &no_system,
                          .count = 1,
                          .mode = S_IFIFO | 0666,
                          .own = file};
    *entry = entry_alone(node, file->operations->kind);
    return *entry != nullptr ? 0 : -ENOMEM;
}

static int64_t jump_descriptor(const struct place *place, struct entry **entry)
{
    struct file *file = file_at(place);
    if (file == nullptr) {
        return -ENOENT;
    }
    if (file->entry == nullptr) {
        return entry_of_file(file, entry);
    }
    *entry = file->entry;
    entry_keep(*entry);
    file_drop(file);
    return 0;
}

static int64_t tell_descriptor(const struct place *place, struct text *text)
{
    struct file *file = file_at(place);
    const struct caller *process = process_caller(place->process);
    if (file == nullptr) {
        return -ENOENT;
    }
    uint32_t flags = file->flags;
    if (descriptor_exec_closes(process->descriptors, place->number)) {
        flags |= O_CLOEXEC;
    }
    char octal[16];
    size_t at = sizeof octal;
    octal[--at] = '\0';
    do {
        octal[--at] = (char)('0' + (flags & 7));
        flags >>= 3;
    } while (flags != 0);
    text_put(text, "pos:\t%lu\nflags:\t0%s\nmnt_id:\t1\n", (unsigned long)file->offset, octal + at);
    file_drop(file);
    return 0;
}

// Processes and threads.

static int64_t next_process(const struct place *place, uint32_t from)
{
    (void)place;
    uint32_t process = process_next(from > 0 ? from : 1);
    return process != 0 ? (int64_t)process : -1;
}

static int64_t next_thread(const struct place *place, uint32_t from)
{
    uint32_t thread = process_thread_next(place->process, from > 0 ? from : 1);
    return thread != 0 ? (int64_t)thread : -1;
}

static bool thread_is_there(const struct place *place)
{
    return process_thread_next(place->process, place->number) == place->number;
}

static int64_t take_name(const struct place *place, const char *bytes, size_t size)
{
    return process_set_name(place->process, bytes, size);
}

static int64_t take_score(const struct place *place, const char *bytes, size_t size)
{
    int32_t score = 0;
    bool negative = size > 0 && bytes[0] == '-';
    for (size_t i = negative ? 1 : 0; i < size && bytes[i] != '\n'; i++) {
        if (bytes[i] < '0' || bytes[i] > '9' || score > 1000) {
            return -EINVAL;
        }
        score = score * 10 + (bytes[i] - '0');
    }
    return score > 1000 ? -EINVAL : process_set_score(place->process, negative ? -score : score);
}

static int64_t take_nothing(const struct place *place, const char *bytes, size_t size)
{
    (void)place;
    (void)bytes;
    (void)size;
    return 0;
}

// The tree. Folders come before what is in them.

enum {
    ROOT,
    PROCESS,
    FD,
    FDINFO,
    TASK,
    THREAD,
    SYS,
    SYS_KERNEL,
    SYS_RANDOM,
    SYS_VM,
    SYS_FS,
    SYS_INOTIFY,
    SYS_NET,
    SYS_NET_CORE,
    SYS_NET_IPV4,
    NET,
    FOLDERS_,
};

constexpr uint32_t FOLDER = S_IFDIR | 0555;
constexpr uint32_t TEXT = S_IFREG | 0444;
constexpr uint32_t TEXT_W = S_IFREG | 0644;
constexpr uint32_t LINK = S_IFLNK | 0777;

static const struct item items[] = {
    [ROOT] = {"", ROOT, FOLDER, .next = next_process, .numbered = PROCESS},
    [PROCESS] = {.name = nullptr, .inside = ROOT, .mode = FOLDER},
    [FD] = {"fd", PROCESS, S_IFDIR | 0500, .next = next_descriptor, .numbered = FOLDERS_},
    [FDINFO] = {"fdinfo", PROCESS, S_IFDIR | 0500, .next = next_descriptor,
                .numbered = FOLDERS_ + 1},
    [TASK] = {"task", PROCESS, FOLDER, .next = next_thread, .numbered = THREAD},
    [THREAD] = {nullptr, TASK, FOLDER, .there = thread_is_there},
    [SYS] = {.name = "sys", .inside = ROOT, .mode = FOLDER},
    [SYS_KERNEL] = {.name = "kernel", .inside = SYS, .mode = FOLDER},
    [SYS_RANDOM] = {.name = "random", .inside = SYS_KERNEL, .mode = FOLDER},
    [SYS_VM] = {.name = "vm", .inside = SYS, .mode = FOLDER},
    [SYS_FS] = {.name = "fs", .inside = SYS, .mode = FOLDER},
    [SYS_INOTIFY] = {.name = "inotify", .inside = SYS_FS, .mode = FOLDER},
    [SYS_NET] = {.name = "net", .inside = SYS, .mode = FOLDER},
    [SYS_NET_CORE] = {.name = "core", .inside = SYS_NET, .mode = FOLDER},
    [SYS_NET_IPV4] = {.name = "ipv4", .inside = SYS_NET, .mode = FOLDER},
    [NET] = {.name = "net", .inside = ROOT, .mode = FOLDER},
    [FOLDERS_] = {nullptr, FD, LINK, .link = link_descriptor, .jump = jump_descriptor,
                  .there = descriptor_is_there},
    [FOLDERS_ + 1] = {nullptr, FDINFO, TEXT, .tell = tell_descriptor, .there = descriptor_is_there},

    {"self", ROOT, LINK, .link = link_self},
    {"thread-self", ROOT, LINK, .link = link_self},
    {"mounts", ROOT, LINK, .link = link_mounts},
    {"cpuinfo", ROOT, TEXT, .tell = proc_processors},
    {"meminfo", ROOT, TEXT, .tell = proc_memory},
    {"kozo", ROOT, TEXT, .tell = proc_kozo},
    {"loadavg", ROOT, TEXT, .tell = proc_load},
    {"uptime", ROOT, TEXT, .tell = proc_uptime},
    {"stat", ROOT, TEXT, .tell = proc_times},
    {"version", ROOT, TEXT, .tell = proc_version},
    {"filesystems", ROOT, TEXT,
     .fixed = "nodev\ttmpfs\nnodev\tproc\nnodev\tsysfs\nnodev\tdevpts\nnodev\t9p\n"},
    {"cmdline", ROOT, TEXT, .fixed = "kozo\n"},
    {"devices", ROOT, TEXT,
     .fixed =
         "Character devices:\n  1 mem\n  5 /dev/tty\n  5 /dev/console\n  5 /dev/ptmx\n136 pts\n\n"
         "Block devices:\n"},
    {"partitions", ROOT, TEXT, .fixed = "major minor  #blocks  name\n\n"},
    {"swaps", ROOT, TEXT, .fixed = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"},
    {"vmstat", ROOT, TEXT, .tell = proc_memory_events},
    {"diskstats", ROOT, TEXT, .fixed = ""},
    {"unix", NET, TEXT, .fixed = "Num       RefCount Protocol Flags    Type St Inode Path\n"},
    {"dev", NET, TEXT,
     .fixed =
         "Inter-|   Receive                                                |  Transmit\n"
         " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs "
         "drop fifo colls carrier compressed\n"},

    {"ostype", SYS_KERNEL, TEXT, .fixed = "Linux\n"},
    {"osrelease", SYS_KERNEL, TEXT, .tell = proc_release},
    {"version", SYS_KERNEL, TEXT, .tell = proc_release_of},
    {"hostname", SYS_KERNEL, TEXT, .tell = proc_host_name},
    {"domainname", SYS_KERNEL, TEXT, .fixed = "(none)\n"},
    {"pid_max", SYS_KERNEL, TEXT, .fixed = "4194304\n"},
    {"threads-max", SYS_KERNEL, TEXT, .fixed = "16384\n"},
    {"ngroups_max", SYS_KERNEL, TEXT, .fixed = "65536\n"},
    {"cap_last_cap", SYS_KERNEL, TEXT, .fixed = "40\n"},
    {"overflowuid", SYS_KERNEL, TEXT, .fixed = "65534\n"},
    {"overflowgid", SYS_KERNEL, TEXT, .fixed = "65534\n"},
    {"core_pattern", SYS_KERNEL, TEXT, .fixed = "core\n"},
    {"randomize_va_space", SYS_KERNEL, TEXT, .fixed = "2\n"},
    {"shmmax", SYS_KERNEL, TEXT, .fixed = "18446744073692774399\n"},
    {"shmall", SYS_KERNEL, TEXT, .fixed = "18446744073692774399\n"},
    {"shmmni", SYS_KERNEL, TEXT, .fixed = "4096\n"},
    {"sched_child_runs_first", SYS_KERNEL, TEXT, .fixed = "0\n"},
    {.name = "seccomp", .inside = SYS_KERNEL, .mode = FOLDER},
    {"boot_id", SYS_RANDOM, TEXT, .tell = proc_boot_id},
    {"uuid", SYS_RANDOM, TEXT, .tell = proc_uuid},
    {"entropy_avail", SYS_RANDOM, TEXT, .fixed = "256\n"},
    {"poolsize", SYS_RANDOM, TEXT, .fixed = "256\n"},
    {"overcommit_memory", SYS_VM, TEXT, .fixed = "0\n"},
    {"overcommit_ratio", SYS_VM, TEXT, .fixed = "50\n"},
    {"max_map_count", SYS_VM, TEXT, .fixed = "65530\n"},
    {"mmap_min_addr", SYS_VM, TEXT, .fixed = "65536\n"},
    {"swappiness", SYS_VM, TEXT, .fixed = "0\n"},
    {"nr_hugepages", SYS_VM, TEXT, .fixed = "0\n"},
    {"file-max", SYS_FS, TEXT, .fixed = "1048576\n"},
    {"file-nr", SYS_FS, TEXT, .fixed = "0\t0\t1048576\n"},
    {"nr_open", SYS_FS, TEXT, .fixed = "8192\n"},
    {"pipe-max-size", SYS_FS, TEXT, .fixed = "1048576\n"},
    {"suid_dumpable", SYS_FS, TEXT, .fixed = "0\n"},
    {"max_user_watches", SYS_INOTIFY, TEXT, .fixed = "0\n"},
    {"max_user_instances", SYS_INOTIFY, TEXT, .fixed = "0\n"},
    {"somaxconn", SYS_NET_CORE, TEXT, .fixed = "4096\n"},
    {"ip_local_port_range", SYS_NET_IPV4, TEXT, .fixed = "32768\t60999\n"},

#define OF_PROCESS(folder)                                                                         \
    {"stat", folder, TEXT, .tell = proc_stat}, {"statm", folder, TEXT, .tell = proc_sizes},        \
        {"status", folder, TEXT, .tell = proc_status},                                             \
        {"cmdline", folder, TEXT, .tell = proc_arguments},                                         \
        {"environ", folder, S_IFREG | 0400, .tell = proc_environment},                             \
        {"auxv", folder, S_IFREG | 0400, .tell = proc_auxiliary},                                  \
        {"comm", folder, TEXT_W, .tell = proc_name, .take = take_name},                            \
        {"maps", folder, TEXT, .tell = proc_maps},                                                 \
        {"smaps", folder, TEXT, .tell = proc_maps_with_sizes},                                     \
        {"limits", folder, TEXT, .tell = proc_limits},                                             \
        {"mounts", folder, TEXT, .tell = proc_mounts},                                             \
        {"mountinfo", folder, TEXT, .tell = proc_mount_facts},                                     \
        {"cgroup", folder, TEXT, .fixed = "0::/\n"}, {"oom_score", folder, TEXT, .fixed = "0\n"},  \
        {"oom_score_adj", folder, TEXT_W, .tell = proc_score, .take = take_score},                 \
        {"loginuid", folder, TEXT_W, .fixed = "4294967295", .take = take_nothing},                 \
        {"sessionid", folder, TEXT, .fixed = "4294967295"}, {"wchan", folder, TEXT, .fixed = "0"}, \
        {"personality", folder, TEXT, .fixed = "00000000\n"},                                      \
        {"io", folder, TEXT, .tell = proc_moved},                                                  \
        {"exe", folder, LINK, .link = link_program, .jump = jump_program},                         \
        {"cwd", folder, LINK, .link = link_current, .jump = jump_current},                         \
    {                                                                                              \
        "root", folder, LINK, .link = link_root, .jump = jump_root                                 \
    }

    OF_PROCESS(PROCESS),
    OF_PROCESS(THREAD),
};

struct node *proc_system(void)
{
    constexpr uint32_t DEVICE = 21;
    constexpr uint16_t COUNT = sizeof items / sizeof items[0];
    return items_system("proc", DEVICE, MAGIC, items, COUNT);
}
