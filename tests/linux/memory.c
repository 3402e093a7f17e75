// SPDX-License-Identifier: MIT
// Memory: mmap and its kin, brk, what a fork copies and what it shares, and what is refused.
#include "faults.h"

#define PAGE 4096L

static char *map(size_t size, int protection, int flags)
{
    char *memory = mmap(NULL, size, protection, flags | MAP_ANONYMOUS, -1, 0);
    CHECK(memory != MAP_FAILED);
    return memory;
}

static char *map_private(size_t size)
{
    return map(size, PROT_READ | PROT_WRITE, MAP_PRIVATE);
}

static bool all_zero(const char *memory, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (memory[i] != 0) {
            return false;
        }
    }
    return true;
}

// --- mmap

TEST("mmap gives memory that is zero and can be written")
{
    char *memory = map_private(64 * PAGE);
    CHECK(all_zero(memory, 64 * PAGE));
    memset(memory, 7, 64 * PAGE);
    CHECK(memory[0] == 7 && memory[64 * PAGE - 1] == 7);
}

TEST("mmap of no bytes is EINVAL")
{
    CHECK(FAILS(mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), EINVAL));
}

TEST("mmap without MAP_SHARED or MAP_PRIVATE is EINVAL")
{
    CHECK(FAILS(mmap(NULL, PAGE, PROT_READ, MAP_ANONYMOUS, -1, 0), EINVAL));
}

TEST("mmap of a descriptor that is not open is EBADF")
{
    CHECK(FAILS(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, 1000, 0), EBADF));
}

TEST("mmap at an offset that is no multiple of a page is EINVAL")
{
    int file = memfd_create("x", 0);
    CHECK(FAILS(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, file, 100), EINVAL));
}

TEST("mmap of more than there can be is ENOMEM")
{
    CHECK(FAILS(mmap(NULL, 1ul << 47, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), ENOMEM));
}

TEST("mmap takes a hint that is free")
{
    char *memory = map_private(8 * PAGE);
    munmap(memory, 8 * PAGE);
    CHECK(mmap(memory, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == memory);
}

TEST("mmap with a hint that is taken goes elsewhere")
{
    char *memory = map_private(PAGE);
    char *other = mmap(memory, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(other != MAP_FAILED && other != memory);
}

TEST("MAP_FIXED takes the place of what is there")
{
    char *memory = map_private(3 * PAGE);
    memset(memory, 5, 3 * PAGE);
    CHECK(mmap(memory + PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
          memory + PAGE);
    CHECK(memory[0] == 5 && memory[PAGE] == 0 && memory[2 * PAGE] == 5);
}

TEST("MAP_FIXED at an address that is no multiple of a page is EINVAL")
{
    char *memory = map_private(2 * PAGE);
    CHECK(FAILS(mmap(memory + 1, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
                EINVAL));
}

TEST("MAP_FIXED_NOREPLACE where something is, is EEXIST")
{
    char *memory = map_private(PAGE);
    CHECK(FAILS(
        mmap(memory, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0),
        EEXIST));
}

TEST("reserving a terabyte costs nothing, and its pages can be used one by one")
{
    size_t size = 1ul << 40;
    char *memory = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    CHECK(memory != MAP_FAILED);
    CHECK(mprotect(memory + (size / 2), PAGE, PROT_READ | PROT_WRITE) == 0);
    memory[size / 2] = 1;
    CHECK(fault_of(memory + (size / 2) + PAGE, false) == SIGSEGV);
    CHECK(munmap(memory, size) == 0);
}

TEST("memory far apart is found again")
{
    enum { COUNT = 200 };
    char *page[COUNT];
    for (int i = 0; i < COUNT; i++) {
        page[i] = map_private(16 * PAGE);
        page[i][8 * PAGE] = (char)i;
    }
    for (int i = 0; i < COUNT; i += 2) {
        CHECK(munmap(page[i], 16 * PAGE) == 0);
    }
    for (int i = 1; i < COUNT; i += 2) {
        CHECK(page[i][8 * PAGE] == (char)i);
    }
}

// --- munmap

TEST("memory that was unmapped can't be touched: SIGSEGV with SEGV_MAPERR and the address")
{
    char *memory = map_private(PAGE);
    CHECK(munmap(memory, PAGE) == 0);
    CHECK(fault_of(memory + 123, true) == SIGSEGV);
    CHECK(seen.si_code == SEGV_MAPERR && seen.si_addr == memory + 123);
}

TEST("munmap in the middle leaves both sides")
{
    char *memory = map_private(5 * PAGE);
    memset(memory, 3, 5 * PAGE);
    CHECK(munmap(memory + 2 * PAGE, PAGE) == 0);
    CHECK(memory[PAGE] == 3 && memory[3 * PAGE] == 3);
    CHECK(fault_of(memory + 2 * PAGE, false) == SIGSEGV);
}

TEST("munmap where nothing is, succeeds")
{
    char *memory = map_private(4 * PAGE);
    CHECK(munmap(memory, 4 * PAGE) == 0);
    CHECK(munmap(memory, 4 * PAGE) == 0);
}

TEST("munmap of an address that is no multiple of a page, or of no bytes, is EINVAL")
{
    char *memory = map_private(PAGE);
    CHECK(FAILS(munmap(memory + 1, PAGE), EINVAL));
    CHECK(FAILS(munmap(memory, 0), EINVAL));
}

// --- mprotect

TEST("memory without PROT_WRITE can't be written: SIGSEGV with SEGV_ACCERR")
{
    char *memory = map_private(PAGE);
    memory[0] = 9;
    CHECK(mprotect(memory, PAGE, PROT_READ) == 0);
    CHECK(memory[0] == 9);
    CHECK(fault_of(memory, true) == SIGSEGV && seen.si_code == SEGV_ACCERR);
}

TEST("memory keeps its contents while it has no rights at all")
{
    char *memory = map_private(4 * PAGE);
    memset(memory, 6, 4 * PAGE);
    CHECK(mprotect(memory, 4 * PAGE, PROT_NONE) == 0);
    CHECK(fault_of(memory + PAGE, false) == SIGSEGV && seen.si_code == SEGV_ACCERR);
    CHECK(mprotect(memory, 4 * PAGE, PROT_READ | PROT_WRITE) == 0);
    CHECK(memory[0] == 6 && memory[4 * PAGE - 1] == 6);
    memory[PAGE] = 1;
}

TEST("mprotect of one page in the middle changes that one only")
{
    char *memory = map_private(3 * PAGE);
    memset(memory, 1, 3 * PAGE);
    CHECK(mprotect(memory + PAGE, PAGE, PROT_READ) == 0);
    memory[0] = 2;
    memory[2 * PAGE] = 2;
    CHECK(fault_of(memory + PAGE, true) == SIGSEGV);
}

TEST("mprotect over a hole is ENOMEM")
{
    char *memory = map_private(3 * PAGE);
    munmap(memory + PAGE, PAGE);
    CHECK(FAILS(mprotect(memory, 3 * PAGE, PROT_READ), ENOMEM));
}

TEST("mprotect of an address that is no multiple of a page is EINVAL")
{
    char *memory = map_private(PAGE);
    CHECK(FAILS(mprotect(memory + 8, PAGE, PROT_READ), EINVAL));
}

static const unsigned char give_42[] = {0xb8, 42, 0, 0, 0, 0xc3}; // mov $42, %eax; ret

TEST("code can be written, made executable, and run")
{
    char *memory = map_private(PAGE);
    memcpy(memory, give_42, sizeof give_42);
    CHECK(mprotect(memory, PAGE, PROT_READ | PROT_EXEC) == 0);
    CHECK(((int (*)(void))memory)() == 42);
}

TEST("memory without PROT_EXEC does not run")
{
    char *memory = map_private(PAGE);
    memcpy(memory, give_42, sizeof give_42);
    CHECK(fault_of_call((int (*)(void))memory) == SIGSEGV);
    CHECK(seen.si_code == SEGV_ACCERR && seen.si_addr == memory);
}

TEST("memory that is writable and executable at once can be written and run in turns")
{
    char *memory = map(PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE);
    for (int i = 0; i < 5; i++) {
        memcpy(memory, give_42, sizeof give_42);
        memory[1] = (char)i;
        CHECK(((int (*)(void))memory)() == i);
    }
}

// --- Files

static int file_of(size_t size)
{
    int file = memfd_create("file", 0);
    CHECK(file >= 0);
    for (size_t i = 0; i < size; i++) {
        char byte = (char)(i / PAGE + 1);
        if (i % PAGE == 0) {
            CHECK(pwrite(file, &byte, 1, (off_t)i) == 1);
        }
    }
    CHECK(ftruncate(file, (off_t)size) == 0);
    return file;
}

TEST("a private mapping of a file shows its contents, and does not change it")
{
    int file = file_of(4 * PAGE);
    char *memory = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
    CHECK(memory != MAP_FAILED && memory[0] == 1 && memory[3 * PAGE] == 4);
    memory[0] = 99;
    char byte = 0;
    CHECK(pread(file, &byte, 1, 0) == 1 && byte == 1 && memory[0] == 99);
}

TEST("a shared mapping of a file changes it, and sees what others write")
{
    int file = file_of(2 * PAGE);
    char *memory = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    CHECK(memory != MAP_FAILED);
    memory[PAGE + 5] = 77;
    char byte = 0;
    CHECK(pread(file, &byte, 1, PAGE + 5) == 1 && byte == 77);
    byte = 55;
    CHECK(pwrite(file, &byte, 1, 9) == 1 && memory[9] == 55);
}

TEST("a mapping of a file begins at its offset")
{
    int file = file_of(4 * PAGE);
    char *memory = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, file, 2 * PAGE);
    CHECK(memory != MAP_FAILED && memory[0] == 3);
}

TEST("what is beyond the end of a file in its last page is zero")
{
    int file = memfd_create("file", 0);
    CHECK(write(file, "abc", 3) == 3);
    char *memory = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, file, 0);
    CHECK(memcmp(memory, "abc", 3) == 0 && all_zero(memory + 3, PAGE - 3));
}

TEST("a page beyond the end of a file is SIGBUS with BUS_ADRERR")
{
    int file = file_of(PAGE);
    char *memory = mmap(NULL, 3 * PAGE, PROT_READ, MAP_SHARED, file, 0);
    CHECK(memory[0] == 1);
    CHECK(fault_of(memory + PAGE, false) == SIGBUS && seen.si_code == BUS_ADRERR);
}

TEST("a file that is cut takes its pages out of mappings, and gives them again when it grows")
{
    int file = file_of(2 * PAGE);
    char *memory = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    memory[PAGE] = 8;
    CHECK(ftruncate(file, PAGE) == 0);
    CHECK(fault_of(memory + PAGE, false) == SIGBUS);
    CHECK(ftruncate(file, 2 * PAGE) == 0 && memory[PAGE] == 0);
}

TEST("a shared mapping that is writable, of a file that is not, is EACCES")
{
    int file = file_of(PAGE);
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    int again = open(path, O_RDONLY);
    CHECK(again >= 0);
    CHECK(FAILS(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, again, 0), EACCES));
    CHECK(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, again, 0) != MAP_FAILED);
}

TEST("a pipe can't be mapped: ENODEV")
{
    int ends[2];
    CHECK(pipe(ends) == 0);
    CHECK(FAILS(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, ends[0], 0), ENODEV));
}

TEST("a mapping outlives the descriptor that it was made with")
{
    int file = file_of(PAGE);
    char *memory = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, file, 0);
    close(file);
    CHECK(memory[0] == 1);
}

TEST("msync of a mapping succeeds; of a hole it is ENOMEM, with both kinds of flags EINVAL")
{
    int file = file_of(PAGE);
    char *memory = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    CHECK(msync(memory, PAGE, MS_SYNC) == 0);
    CHECK(FAILS(msync(memory, PAGE, MS_SYNC | MS_ASYNC), EINVAL));
    munmap(memory, PAGE);
    CHECK(FAILS(msync(memory, PAGE, MS_SYNC), ENOMEM));
}

// --- brk

TEST("brk grows the heap by zeroed memory, and shrinks it again")
{
    char *before = sbrk(0);
    CHECK(sbrk(100000) == before);
    CHECK(all_zero(before, 100000));
    memset(before, 1, 100000);
    CHECK(brk(before) == 0 && sbrk(0) == before);
    CHECK(sbrk(100000) == before);
    CHECK(all_zero((char *)(((uintptr_t)before + PAGE) & ~(PAGE - 1)), PAGE));
}

TEST("brk below the heap changes nothing")
{
    char *before = sbrk(0);
    CHECK(syscall(SYS_brk, 0x1000) == (long)before);
}

// --- fork

TEST("what a child writes to private memory its parent does not see, and the other way round")
{
    char *memory = map_private(16 * PAGE);
    memset(memory, 1, 16 * PAGE);
    int ends[2];
    CHECK(pipe(ends) == 0);
    pid_t child = fork();
    if (child == 0) {
        char byte;
        memory[0] = 2;
        (void)!read(ends[0], &byte, 1);
        _exit(memory[PAGE] == 1 && memory[0] == 2 ? 0 : 1);
    }
    memory[PAGE] = 3;
    CHECK(write(ends[1], "x", 1) == 1);
    CHECK(end_of(child) == 0 && memory[0] == 1);
}

TEST("shared anonymous memory is one for parent and child")
{
    volatile char *memory = map(2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED);
    pid_t child = fork();
    if (child == 0) {
        memory[PAGE] = 42;
        _exit(0);
    }
    CHECK(end_of(child) == 0 && memory[PAGE] == 42);
}

TEST("generations of children each have their own copy")
{
    char *memory = map_private(8 * PAGE);
    for (int generation = 0; generation < 8; generation++) {
        memory[generation * PAGE] = (char)(generation + 1);
        pid_t child = fork();
        if (child != 0) {
            int status = end_of(child);
            bool own = generation == 7 || memory[(generation + 1) * PAGE] == 0;
            if (generation == 0) {
                CHECK(status == 0 && own);
                return;
            }
            _exit(status == 0 && own ? 0 : 1);
        }
    }
    bool all = true;
    for (int i = 0; i < 8; i++) {
        all = all && memory[i * PAGE] == i + 1;
    }
    _exit(all ? 0 : 1);
}

TEST("memory that has no rights is copied by a fork, too")
{
    char *memory = map_private(2 * PAGE);
    memory[0] = 4;
    CHECK(mprotect(memory, PAGE, PROT_NONE) == 0);
    pid_t child = fork();
    if (child == 0) {
        _exit(mprotect(memory, PAGE, PROT_READ | PROT_WRITE) == 0 && memory[0] == 4 ? 0 : 1);
    }
    CHECK(end_of(child) == 0);
    CHECK(mprotect(memory, PAGE, PROT_READ) == 0 && memory[0] == 4);
}

TEST("a page that only one process has left is written without a copy being seen")
{
    char *memory = map_private(PAGE);
    memory[0] = 1;
    for (int i = 0; i < 20; i++) {
        pid_t child = fork();
        if (child == 0) {
            _exit(memory[0] == i + 1 ? 0 : 1);
        }
        CHECK(end_of(child) == 0);
        memory[0]++;
    }
    CHECK(memory[0] == 21);
}

// --- mremap

TEST("mremap grows in place or elsewhere, and keeps the contents")
{
    char *memory = map_private(4 * PAGE);
    memset(memory, 8, 4 * PAGE);
    char *larger = mremap(memory, 4 * PAGE, 64 * PAGE, MREMAP_MAYMOVE);
    CHECK(larger != MAP_FAILED);
    CHECK(larger[0] == 8 && larger[4 * PAGE - 1] == 8 && all_zero(larger + 4 * PAGE, 60 * PAGE));
    larger[63 * PAGE] = 1;
}

TEST("mremap without MREMAP_MAYMOVE is ENOMEM when there is no room")
{
    char *memory = map_private(3 * PAGE);
    CHECK(FAILS(mremap(memory, PAGE, 2 * PAGE, 0), ENOMEM));
}

TEST("mremap shrinks in place")
{
    char *memory = map_private(4 * PAGE);
    memory[0] = 1;
    CHECK(mremap(memory, 4 * PAGE, PAGE, 0) == memory && memory[0] == 1);
    CHECK(fault_of(memory + PAGE, false) == SIGSEGV);
}

TEST("mremap to a fixed place takes the place of what is there")
{
    char *memory = map_private(2 * PAGE);
    char *target = map_private(2 * PAGE);
    memory[PAGE] = 5;
    target[PAGE] = 6;
    CHECK(mremap(memory, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, target) == target);
    CHECK(target[PAGE] == 5 && fault_of(memory, false) == SIGSEGV);
}

TEST("mremap of memory that is not there is EFAULT, of a wrong address EINVAL")
{
    char *memory = map_private(PAGE);
    CHECK(FAILS(mremap(memory + 1, PAGE, PAGE, MREMAP_MAYMOVE), EINVAL));
    munmap(memory, PAGE);
    CHECK(FAILS(mremap(memory, PAGE, 2 * PAGE, MREMAP_MAYMOVE), EFAULT));
}

TEST("mremap moves what a child does not see")
{
    char *memory = map_private(2 * PAGE);
    memory[0] = 1;
    char *room = map_private(8 * PAGE);
    pid_t child = fork();
    if (child == 0) {
        memory = mremap(memory, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, room);
        memory[0] = 2;
        _exit(memory == room ? 0 : 1);
    }
    CHECK(end_of(child) == 0 && memory[0] == 1);
}

// --- madvise and the others

TEST("MADV_DONTNEED makes anonymous memory zero again")
{
    char *memory = map_private(4 * PAGE);
    memset(memory, 9, 4 * PAGE);
    CHECK(madvise(memory + PAGE, 2 * PAGE, MADV_DONTNEED) == 0);
    CHECK(memory[0] == 9 && all_zero(memory + PAGE, 2 * PAGE) && memory[3 * PAGE] == 9);
}

TEST("MADV_DONTNEED makes a private mapping of a file show the file again")
{
    int file = file_of(PAGE);
    char *memory = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
    memory[0] = 50;
    CHECK(madvise(memory, PAGE, MADV_DONTNEED) == 0 && memory[0] == 1);
}

TEST("madvise over a hole is ENOMEM, with unknown advice EINVAL")
{
    char *memory = map_private(3 * PAGE);
    CHECK(FAILS(madvise(memory, PAGE, 9999), EINVAL));
    CHECK(FAILS(madvise(memory + 1, PAGE, MADV_NORMAL), EINVAL));
    munmap(memory + PAGE, PAGE);
    CHECK(FAILS(madvise(memory, 3 * PAGE, MADV_DONTNEED), ENOMEM));
}

TEST("MADV_POPULATE_WRITE brings all pages")
{
    char *memory = map_private(8 * PAGE);
    unsigned char there[8];
    CHECK(madvise(memory, 8 * PAGE, MADV_POPULATE_WRITE) == 0);
    CHECK(mincore(memory, 8 * PAGE, there) == 0);
    for (int i = 0; i < 8; i++) {
        CHECK((there[i] & 1) == 1);
    }
}

TEST("mincore of a hole is ENOMEM, of a wrong address EINVAL")
{
    unsigned char there[2];
    char *memory = map_private(2 * PAGE);
    CHECK(FAILS(mincore(memory + 1, PAGE, there), EINVAL));
    munmap(memory, 2 * PAGE);
    CHECK(FAILS(mincore(memory, PAGE, there), ENOMEM));
}

TEST("mlock of memory that is there succeeds, of a hole it is ENOMEM")
{
    char *memory = map_private(2 * PAGE);
    CHECK(mlock(memory, PAGE) == 0 && munlock(memory, PAGE) == 0);
    munmap(memory, 2 * PAGE);
    CHECK(FAILS(mlock(memory, PAGE), ENOMEM));
}

TEST("RLIMIT_AS makes mmap fail with ENOMEM")
{
    struct rlimit limit = {256ul << 20, 256ul << 20};
    CHECK(setrlimit(RLIMIT_AS, &limit) == 0);
    CHECK(FAILS(mmap(NULL, 512ul << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), ENOMEM));
    CHECK(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED);
}

TEST("a system call with an address that is not there is EFAULT")
{
    char *memory = map_private(PAGE);
    int ends[2];
    CHECK(pipe(ends) == 0);
    munmap(memory, PAGE);
    CHECK(FAILS(write(ends[1], memory, 10), EFAULT));
    CHECK(FAILS(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, memory), EFAULT));
    CHECK(FAILS(syscall(SYS_uname, (void *)-1), EFAULT));
}

TEST("a system call does not write to memory that the program may not write")
{
    char *memory = map_private(PAGE);
    CHECK(mprotect(memory, PAGE, PROT_READ) == 0);
    int ends[2];
    CHECK(pipe(ends) == 0 && write(ends[1], "abc", 3) == 3);
    CHECK(FAILS(read(ends[0], memory, 3), EFAULT));
}

TEST("a system call brings memory that was not touched yet")
{
    char *memory = map_private(300 * PAGE);
    int ends[2];
    CHECK(pipe(ends) == 0 && write(ends[1], "abc", 3) == 3);
    CHECK(read(ends[0], memory + 200 * PAGE - 1, 3) == 3);
    CHECK(memcmp(memory + 200 * PAGE - 1, "abc", 3) == 0);
}

TEST("the stack grows as deep as its limit allows")
{
    volatile char large[6 << 20];
    for (size_t i = 0; i < sizeof large; i += PAGE) {
        large[i] = 1;
    }
    CHECK(large[0] == 1);
}

TEST("address 0 is not there")
{
    CHECK(fault_of(NULL, false) == SIGSEGV);
    CHECK(seen.si_code == SEGV_MAPERR && seen.si_addr == NULL);
}

TEST("an address of the kernel is not the program's")
{
    CHECK(fault_of((char *)0xffff800000000000, false) == SIGSEGV);
}

TEST("a thousand areas with different rights are kept apart")
{
    char *memory = map_private(1000 * PAGE);
    for (int i = 0; i < 1000; i += 2) {
        CHECK(mprotect(memory + i * PAGE, PAGE, PROT_READ) == 0);
    }
    for (int i = 1; i < 1000; i += 2) {
        memory[i * PAGE] = 1;
    }
    CHECK(fault_of(memory + 500 * PAGE, true) == SIGSEGV);
    CHECK(mprotect(memory, 1000 * PAGE, PROT_READ | PROT_WRITE) == 0);
    memset(memory, 2, 1000 * PAGE);
}
