// SPDX-License-Identifier: MIT
// Texts of /proc about one process, or one thread of it.
#include "proc_text.h"

#include "../core/caller.h"
#include "../core/errno.h"
#include "../memory/backing.h"
#include "file.h"
#include "linux.h"
#include "proc.h"

#include <string.h>

constexpr uint64_t TICK = 10'000'000;
constexpr size_t PART = 512;

// Facts of the thread that a place names, or of its process.
static int64_t facts_of(const struct place *place, struct process_facts *facts)
{
    *facts = (struct process_facts){};
    return place->number != 0 ? process_thread_facts(place->process, place->number, facts)
                              : process_facts(place->process, facts);
}

int64_t proc_stat(const struct place *place, struct text *text)
{
    struct process_facts f;
    int64_t error = facts_of(place, &f);
    if (error != 0) {
        return error;
    }
    uint32_t number = place->number != 0 ? place->number : f.process;
    text_put(text, "%u (%.16s) %c %u %u %u %d %d 0 ", number, f.name, f.state, f.parent, f.group,
             f.session, (int)f.terminal, f.terminal_group != 0 ? (int)f.terminal_group : -1);
    text_put(text, "%lu 0 %lu 0 %lu %lu %lu %lu ", (unsigned long)f.minor_faults,
             (unsigned long)f.major_faults, (unsigned long)(f.user_ns / TICK),
             (unsigned long)(f.system_ns / TICK), (unsigned long)(f.children_user_ns / TICK),
             (unsigned long)(f.children_system_ns / TICK));
    text_put(text, "%d %d %u 0 %lu %lu %lu 18446744073709551615 ", (int)f.priority, (int)f.nice,
             f.threads, (unsigned long)(f.started_ns / TICK), (unsigned long)f.size,
             (unsigned long)(f.resident / PAGE_BYTES));
    text_put(text, "%lu %lu %lu 0 0 %lu %lu %lu %lu 0 0 0 17 0 0 0 0 0 0 0 0 0 0 0 0 0 %u\n",
             (unsigned long)f.code_start, (unsigned long)f.code_end, (unsigned long)f.stack_start,
             (unsigned long)f.signals_pending, (unsigned long)f.signals_blocked,
             (unsigned long)f.signals_ignored, (unsigned long)f.signals_caught, f.exit_code);
    return 0;
}

int64_t proc_sizes(const struct place *place, struct text *text)
{
    struct process_facts f;
    int64_t error = facts_of(place, &f);
    if (error == 0) {
        text_put(text, "%lu %lu 0 %lu 0 %lu 0\n", (unsigned long)(f.size / PAGE_BYTES),
                 (unsigned long)(f.resident / PAGE_BYTES), (unsigned long)(f.text / PAGE_BYTES),
                 (unsigned long)((f.data + f.stack) / PAGE_BYTES));
    }
    return error;
}

static const char *state_name(char state)
{
    switch (state) {
    case 'R':
        return "R (running)";
    case 'T':
        return "T (stopped)";
    case 'Z':
        return "Z (zombie)";
    case 'D':
        return "D (disk sleep)";
    default:
        return "S (sleeping)";
    }
}

static void put_credentials(struct text *text, const struct credentials *who)
{
    text_put(text, "Uid:\t%u\t%u\t%u\t%u\n", who->user, who->effective_user, who->saved_user,
             who->file_user);
    text_put(text, "Gid:\t%u\t%u\t%u\t%u\n", who->group, who->effective_group, who->saved_group,
             who->file_group);
}

static void put_groups(struct text *text, const struct credentials *who)
{
    text_put(text, "Groups:\t");
    for (uint32_t i = 0; i < who->group_count; i++) {
        text_put(text, "%u ", who->groups[i]);
    }
    text_put(text, "\n");
}

int64_t proc_status(const struct place *place, struct text *text)
{
    struct process_facts f;
    int64_t error = facts_of(place, &f);
    if (error != 0) {
        return error;
    }
    const struct caller *process = process_caller(place->process);
    uint32_t number = place->number != 0 ? place->number : f.process;
    text_put(text,
             "Name:\t%.16s\nUmask:\t00%c%c\nState:\t%s\nTgid:\t%u\nNgid:\t0\nPid:\t%u\nPPid:\t%u\n",
             f.name, '2', '2', state_name(f.state), f.process, number, f.parent);
    text_put(text, "TracerPid:\t0\n");
    if (process != nullptr) {
        put_credentials(text, &process->credentials);
        text_put(text, "FDSize:\t64\n");
        put_groups(text, &process->credentials);
    }
    text_put(text, "VmPeak:\t%8lu kB\nVmSize:\t%8lu kB\nVmHWM:\t%8lu kB\nVmRSS:\t%8lu kB\n",
             (unsigned long)(f.size >> 10), (unsigned long)(f.size >> 10),
             (unsigned long)(f.resident >> 10), (unsigned long)(f.resident >> 10));
    text_put(text, "VmData:\t%8lu kB\nVmStk:\t%8lu kB\nVmExe:\t%8lu kB\nVmSwap:\t       0 kB\n",
             (unsigned long)(f.data >> 10), (unsigned long)(f.stack >> 10),
             (unsigned long)(f.text >> 10));
    text_put(text, "Threads:\t%u\nSigQ:\t0/1024\nSigPnd:\t%016lx\nShdPnd:\t%016lx\n", f.threads,
             0ul, (unsigned long)f.signals_pending);
    text_put(text, "SigBlk:\t%016lx\nSigIgn:\t%016lx\nSigCgt:\t%016lx\n",
             (unsigned long)f.signals_blocked, (unsigned long)f.signals_ignored,
             (unsigned long)f.signals_caught);
    text_put(text, "CapInh:\t%016lx\nCapPrm:\t%016lx\nCapEff:\t%016lx\nCapBnd:\t%016lx\n", 0ul, 0ul,
             0ul, 0ul);
    text_put(text, "NoNewPrivs:\t0\nSeccomp:\t0\nCpus_allowed:\t1\nCpus_allowed_list:\t0\n"
                   "voluntary_ctxt_switches:\t0\nnonvoluntary_ctxt_switches:\t0\n");
    return 0;
}

typedef int64_t part_teller(uint32_t process, char *to, size_t size, uint64_t offset);

// Memory of the process, in parts.
static int64_t put_parts(const struct place *place, struct text *text, part_teller *teller)
{
    char part[PART];
    uint64_t offset = 0;
    int64_t got = 0;
    while ((got = teller(place->process, part, sizeof part, offset)) > 0) {
        text_put_bytes(text, part, (size_t)got);
        offset += (uint64_t)got;
        if ((size_t)got < sizeof part) {
            break;
        }
    }
    return got < 0 ? got : 0;
}

int64_t proc_arguments(const struct place *place, struct text *text)
{
    return put_parts(place, text, process_arguments);
}

int64_t proc_environment(const struct place *place, struct text *text)
{
    return put_parts(place, text, process_environment);
}

int64_t proc_auxiliary(const struct place *place, struct text *text)
{
    return put_parts(place, text, process_auxiliary);
}

int64_t proc_name(const struct place *place, struct text *text)
{
    struct process_facts f;
    int64_t error = facts_of(place, &f);
    if (error == 0) {
        text_put(text, "%.16s\n", f.name);
    }
    return error;
}

int64_t proc_score(const struct place *place, struct text *text)
{
    struct process_facts f;
    int64_t error = facts_of(place, &f);
    if (error == 0) {
        text_put(text, "%d\n", (int)f.score_adjust);
    }
    return error;
}

int64_t proc_moved(const struct place *place, struct text *text)
{
    struct process_facts f;
    int64_t error = facts_of(place, &f);
    if (error == 0) {
        text_put(text, "rchar: 0\nwchar: 0\nsyscr: 0\nsyscw: 0\nread_bytes: 0\nwrite_bytes: "
                       "0\ncancelled_write_bytes: 0\n");
    }
    return error;
}

// Mappings.

static void put_mapping_name(struct text *text, const struct mapping_facts *facts, char *buffer)
{
    if (facts->file != nullptr && facts->file->entry != nullptr) {
        text_put(text, "%26s", "");
        const char *path = path_of(facts->file->entry, caller()->folders->root, buffer);
        text_put_bytes(text, path, strlen(path));
    } else if (facts->name != nullptr) {
        text_put(text, "%26s%s", "", facts->name);
    }
    text_put(text, "\n");
}

static void put_mapping(struct text *text, const struct mapping_facts *facts, char *buffer)
{
    uint64_t device = 0;
    uint64_t inode = 0;
    if (facts->file != nullptr && facts->file->node != nullptr) {
        device = facts->file->node->system->device;
        inode = facts->file->node->inode;
    }
    text_put(text, "%08lx-%08lx %s %08lx %02x:%02x %lu ", (unsigned long)facts->start,
             (unsigned long)facts->end, facts->rights, (unsigned long)facts->offset,
             linux_major(device), linux_minor(device), (unsigned long)inode);
    put_mapping_name(text, facts, buffer);
}

static void put_mapping_sizes(struct text *text, const struct mapping_facts *facts)
{
    text_put(text, "Size: %14lu kB\nKernelPageSize:        4 kB\nMMUPageSize:           4 kB\n",
             (unsigned long)((facts->end - facts->start) >> 10));
    text_put(text, "Rss: %15lu kB\nPss: %15lu kB\nSwap:                  0 kB\n",
             (unsigned long)(facts->resident >> 10), (unsigned long)(facts->resident >> 10));
}

static int64_t put_mappings(const struct place *place, struct text *text, bool sizes)
{
    char *buffer = path_buffer();
    if (buffer == nullptr) {
        return -ENOMEM;
    }
    struct mapping_facts facts = {};
    while (process_mapping(place->process, facts.end, &facts)) {
        put_mapping(text, &facts, buffer);
        if (sizes) {
            put_mapping_sizes(text, &facts);
        }
    }
    path_buffer_give(buffer);
    return 0;
}

int64_t proc_maps(const struct place *place, struct text *text)
{
    return put_mappings(place, text, false);
}

int64_t proc_maps_with_sizes(const struct place *place, struct text *text)
{
    return put_mappings(place, text, true);
}

// Limits, in the order of their numbers.
static const struct {
    const char *name;
    const char *unit;
} limits[LIMITS] = {
    {"Max cpu time", "seconds"},     {"Max file size", "bytes"},
    {"Max data size", "bytes"},      {"Max stack size", "bytes"},
    {"Max core file size", "bytes"}, {"Max resident set", "bytes"},
    {"Max processes", "processes"},  {"Max open files", "files"},
    {"Max locked memory", "bytes"},  {"Max address space", "bytes"},
    {"Max file locks", "locks"},     {"Max pending signals", "signals"},
    {"Max msgqueue size", "bytes"},  {"Max nice priority", ""},
    {"Max realtime priority", ""},   {"Max realtime timeout", "us"},
};

static void put_limit(struct text *text, uint64_t limit)
{
    if (limit == UINT64_MAX) {
        text_put(text, "%-20s ", "unlimited");
    } else {
        text_put(text, "%-20lu ", (unsigned long)limit);
    }
}

int64_t proc_limits(const struct place *place, struct text *text)
{
    const struct caller *process = process_caller(place->process);
    if (process == nullptr) {
        return -ESRCH;
    }
    text_put(text, "%-25s %-20s %-20s %-10s\n", "Limit", "Soft Limit", "Hard Limit", "Units");
    for (unsigned i = 0; i < LIMITS; i++) {
        text_put(text, "%-25s ", limits[i].name);
        put_limit(text, process->limit[i].soft);
        put_limit(text, process->limit[i].hard);
        text_put(text, "%-10s\n", limits[i].unit);
    }
    return 0;
}
