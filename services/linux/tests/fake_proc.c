// SPDX-License-Identifier: MIT
// Processes as /proc sees them, for the tests: 100, who calls, and 200 with two threads.
#include "fake.h"

#include "../file/proc.h"

#include <stdio.h>

struct caller *other_process;

static struct caller *of(uint32_t process)
{
    return process == 100   ? (caller()->process == 100 ? caller() : nullptr)
           : process == 200 ? other_process
                            : nullptr;
}

uint32_t process_next(uint32_t from)
{
    return from <= 100 ? 100 : from <= 200 && other_process != nullptr ? 200 : 0;
}

uint32_t process_thread_next(uint32_t process, uint32_t from)
{
    return from <= process ? process : from <= process + 1 && process == 200 ? process + 1 : 0;
}

int64_t process_facts(uint32_t process, struct process_facts *facts)
{
    if (of(process) == nullptr) {
        return -ESRCH;
    }
    *facts = (struct process_facts){.process = process,
                                    .parent = 1,
                                    .group = process,
                                    .session = 100,
                                    .state = 'S',
                                    .name = "fake",
                                    .threads = process == 200 ? 2 : 1,
                                    .size = 8 << 20,
                                    .resident = 1 << 20};
    return 0;
}

int64_t process_thread_facts(uint32_t process, uint32_t thread, struct process_facts *facts)
{
    (void)thread;
    return process_facts(process, facts);
}

struct caller *process_caller(uint32_t process)
{
    return of(process);
}

struct file *process_program(uint32_t process)
{
    (void)process;
    return descriptor_any(caller()->descriptors, 0);
}

static int64_t part_of(const char *text, size_t length, char *to, size_t size, uint64_t offset)
{
    if (offset >= length) {
        return 0;
    }
    size_t part = length - offset < size ? length - offset : size;
    memcpy(to, text + offset, part);
    return (int64_t)part;
}

int64_t process_arguments(uint32_t process, char *to, size_t size, uint64_t offset)
{
    (void)process;
    return part_of("fake\0-x", 8, to, size, offset);
}

int64_t process_environment(uint32_t process, char *to, size_t size, uint64_t offset)
{
    (void)process;
    static char much[2000];
    memset(much, 'e', sizeof much);
    return part_of(much, sizeof much, to, size, offset);
}

int64_t process_auxiliary(uint32_t process, char *to, size_t size, uint64_t offset)
{
    (void)process;
    return part_of("", 0, to, size, offset);
}

bool process_mapping(uint32_t process, uint64_t above, struct mapping_facts *facts)
{
    (void)process;
    if (above >= 0x6000) {
        return false;
    }
    *facts = (struct mapping_facts){.start = above < 0x2000 ? 0x1000 : 0x5000,
                                    .end = above < 0x2000 ? 0x2000 : 0x6000,
                                    .rights = "rw-p",
                                    .name = above < 0x2000 ? nullptr : "[heap]"};
    return true;
}

int64_t process_set_name(uint32_t process, const char *name, size_t length)
{
    (void)process;
    (void)name;
    return length > 0 ? 0 : -EINVAL;
}

int64_t process_set_score(uint32_t process, int32_t adjust)
{
    (void)process;
    return adjust >= -1000 ? 0 : -EINVAL;
}

void sandbox_facts(struct sandbox_facts *facts)
{
    *facts = (struct sandbox_facts){
        .processors = 2, .running = 1, .threads = 3, .newest = 200, .host_name = "here"};
}
