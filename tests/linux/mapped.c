// SPDX-License-Identifier: MIT
// Files that are mapped to be shared and written to. On KOZO they lie in a folder of the host.
#include "faults.h"

#define PAGE 4096L

// A file of this size, without a name but as long as it takes; its path is left in `path`.
static char path[PATH_MAX];

static int file_of(long size)
{
    const char *place = getenv("TMPDIR");
    (void)snprintf(path, sizeof path, "%s/mapped-XXXXXX", place != NULL ? place : "/tmp");
    int file = mkstemp(path);
    CHECK(file >= 0 && ftruncate(file, size) == 0);
    return file;
}

static char *map(int file, long size)
{
    char *memory = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    CHECK(memory != MAP_FAILED);
    return memory;
}

// Whether the file has these bytes at an offset, by what read gives.
static bool has(int file, long offset, const char *text)
{
    char got[64];
    size_t length = strlen(text);
    return pread(file, got, length, offset) == (ssize_t)length && memcmp(got, text, length) == 0;
}

static long size_of(int file)
{
    struct stat stat;
    return fstat(file, &stat) == 0 ? (long)stat.st_size : -1;
}

// --- The same bytes

TEST("what is written to a shared mapping is what read gives")
{
    int file = file_of(3 * PAGE);
    char *memory = map(file, 3 * PAGE);
    memcpy(memory + PAGE - 3, "across", 6);
    CHECK(has(file, PAGE - 3, "across"));
    memcpy(memory + PAGE - 3, "ACROSS", 6);
    CHECK(has(file, PAGE - 3, "ACROSS"));
}

TEST("what is written to the file shows in a mapping, before and after that was written to")
{
    int file = file_of(2 * PAGE);
    char *memory = map(file, 2 * PAGE);
    CHECK(memory[0] == 0 && pwrite(file, "one", 3, 0) == 3 && memcmp(memory, "one", 3) == 0);
    memory[1] = 'N';
    CHECK(pwrite(file, "O", 1, 0) == 1 && memcmp(memory, "ONe", 3) == 0);
    CHECK(has(file, 0, "ONe"));
}

TEST("what is appended to the file shows in a mapping that reaches so far")
{
    int file = file_of(10);
    char *memory = map(file, 2 * PAGE);
    memory[9] = 'x';
    int end = open(path, O_WRONLY | O_APPEND);
    CHECK(write(end, "yz", 2) == 2 && memcmp(memory + 9, "xyz", 3) == 0 && has(file, 9, "xyz"));
}

TEST("two mappings of a file show the same, made by one descriptor or by two")
{
    int file = file_of(PAGE);
    char *one = map(file, PAGE);
    char *two = map(file, PAGE);
    char *three = map(open(path, O_RDWR), PAGE);
    CHECK(one[5] == 0 && two[5] == 0 && three[5] == 0);
    one[5] = 1;
    CHECK(two[5] == 1 && three[5] == 1);
    three[5] = 3;
    CHECK(one[5] == 3 && two[5] == 3);
}

TEST("who mapped it to read sees what others write to theirs")
{
    int file = file_of(PAGE);
    const char *shown = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, file, 0);
    CHECK(shown != MAP_FAILED && *(const volatile char *)shown == 0);
    map(file, PAGE)[0] = 7;
    CHECK(*(const volatile char *)shown == 7);
}

static int write_there(void *memory)
{
    memcpy(memory, "child", 5);
    return 0;
}

static int open_and_write(void *unused)
{
    (void)unused;
    memcpy(map(open(path, O_RDWR), PAGE), "other", 5);
    return 0;
}

TEST("processes see what others write, by a mapping over a fork and by one of their own")
{
    int file = file_of(PAGE);
    char *memory = map(file, PAGE);
    memory[5] = '!';
    CHECK(end_of(start(write_there, memory)) == 0);
    CHECK(memcmp(memory, "child!", 6) == 0);
    CHECK(end_of(start(open_and_write, NULL)) == 0);
    CHECK(memcmp(memory, "other!", 6) == 0 && has(file, 0, "other!"));
}

static int add(void *memory)
{
    for (int i = 0; i < 1000; i++) {
        __atomic_add_fetch((int *)memory, 1, __ATOMIC_SEQ_CST);
        if (i % 100 == 0) {
            (void)msync(memory, PAGE, MS_SYNC);
        }
    }
    return 0;
}

TEST("nothing is lost when four count in one place and settle it meanwhile")
{
    int file = file_of(PAGE);
    char *memory = map(file, PAGE);
    pid_t child[4];
    for (int i = 0; i < 4; i++) {
        child[i] = start(add, memory);
    }
    for (int i = 0; i < 4; i++) {
        CHECK(end_of(child[i]) == 0);
    }
    CHECK(*(int *)memory == 4000);
    int count = 0;
    CHECK(pread(file, &count, sizeof count, 0) == sizeof count && count == 4000);
}

TEST("four MiB that were written page by page are read as they were written")
{
    enum { PAGES = 1024 };
    int file = file_of(PAGES * PAGE);
    char *memory = map(file, PAGES * PAGE);
    for (int i = 0; i < PAGES; i++) {
        memset(memory + i * PAGE, i % 251, PAGE);
    }
    CHECK(munmap(memory, PAGES * PAGE) == 0);
    static char block[PAGE];
    for (int i = 0; i < PAGES; i++) {
        CHECK(pread(file, block, PAGE, i * PAGE) == PAGE);
        CHECK(block[0] == (char)(i % 251) && block[PAGE - 1] == (char)(i % 251));
    }
}

static int write_and_be_killed(void *number)
{
    char own[PATH_MAX + 8];
    (void)snprintf(own, sizeof own, "%s-%d", path, *(int *)number);
    int file = open(own, O_RDWR | O_CREAT, 0600);
    CHECK(file >= 0 && ftruncate(file, 20 * PAGE) == 0);
    char *memory = map(file, 20 * PAGE);
    memory[0] = memory[20 * PAGE - 1] = (char)*(int *)number;
    return raise(SIGKILL);
}

TEST("what twenty processes wrote that were killed at once is in their files")
{
    enum { CHILDREN = 20 };
    CHECK(file_of(0) >= 0);
    pid_t child[CHILDREN];
    for (int i = 0; i < CHILDREN; i++) {
        child[i] = start(write_and_be_killed, &i);
    }
    for (int i = 0; i < CHILDREN; i++) {
        CHECK(end_of(child[i]) == 1000 + SIGKILL);
        char own[PATH_MAX + 8], ends[2];
        (void)snprintf(own, sizeof own, "%s-%d", path, i);
        int file = open(own, O_RDONLY);
        CHECK(pread(file, ends, 1, 0) == 1 && pread(file, ends + 1, 1, 20 * PAGE - 1) == 1);
        CHECK(ends[0] == i && ends[1] == i && close(file) == 0 && unlink(own) == 0);
    }
}

TEST("a mapping outlives its descriptor, the name and a move of the file")
{
    int file = file_of(PAGE);
    int again = open(path, O_RDONLY);
    char *memory = map(file, PAGE);
    memory[0] = 'a';
    char moved[PATH_MAX + 8];
    (void)snprintf(moved, sizeof moved, "%s-moved", path);
    CHECK(close(file) == 0 && rename(path, moved) == 0);
    memory[1] = 'b';
    CHECK(unlink(moved) == 0);
    memory[2] = 'c';
    CHECK(msync(memory, PAGE, MS_SYNC) == 0 && has(again, 0, "abc"));
}

TEST("read into a mapping of the same file, and write from one, end as anywhere")
{
    int file = file_of(4 * PAGE);
    CHECK(pwrite(file, "from", 4, 0) == 4);
    char *memory = map(file, 4 * PAGE);
    CHECK(pread(file, memory + PAGE, 4, 0) == 4 && has(file, PAGE, "from"));
    CHECK(pwrite(file, memory + 2 * PAGE - 2, 4, 3 * PAGE) == 4);
    CHECK(pwrite(file, memory, PAGE + 4, 2 * PAGE) == PAGE + 4 && has(file, 3 * PAGE, "from"));
    CHECK(memcmp(memory + 2 * PAGE, "from", 4) == 0);
}

// --- Going back

TEST("msync and fsync settle what was written, and it can be written again")
{
    int file = file_of(PAGE);
    char *memory = map(file, PAGE);
    for (int i = 0; i < 10; i++) {
        memory[0] = (char)('a' + i);
        CHECK((i % 2 == 0 ? msync(memory, PAGE, MS_SYNC) : fsync(file)) == 0);
        CHECK(memory[0] == 'a' + i);
        memory[1] = (char)('a' + i);
        CHECK(memory[1] == 'a' + i);
    }
    CHECK(has(file, 0, "jj"));
}

TEST("what lies in the last page behind the end does not become part of the file")
{
    int file = file_of(100);
    char *memory = map(file, PAGE);
    memset(memory, 'x', 200);
    CHECK(msync(memory, PAGE, MS_SYNC) == 0 && size_of(file) == 100);
    memset(memory, 'y', 200);
    CHECK(ftruncate(file, 300) == 0);
    CHECK(has(file, 99, "y") && memory[99] == 'y');
    char got[200];
    CHECK(pread(file, got, 200, 100) == 200);
    for (int i = 0; i < 200; i++) {
        CHECK(got[i] == 0 && memory[100 + i] == 0);
    }
}

TEST("what is written to a private mapping stays there")
{
    int file = file_of(PAGE);
    char *memory = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
    CHECK(memory != MAP_FAILED);
    memory[0] = 'p';
    map(file, PAGE)[1] = 's';
    CHECK(msync(memory, PAGE, MS_SYNC) == 0 && memory[0] == 'p');
    char got[2];
    CHECK(pread(file, got, 2, 0) == 2 && got[0] == 0 && got[1] == 's');
}

TEST("msync of both kinds is EINVAL, and where nothing is mapped ENOMEM")
{
    char *memory = map(file_of(PAGE), PAGE);
    CHECK(FAILS(msync(memory, PAGE, MS_SYNC | MS_ASYNC), EINVAL));
    CHECK(msync(memory, PAGE, MS_ASYNC) == 0 && munmap(memory, PAGE) == 0);
    CHECK(FAILS(msync(memory, PAGE, MS_SYNC), ENOMEM));
}

// --- The end of the file

TEST("behind the end of the file is SIGBUS with BUS_ADRERR, to read and to write")
{
    char *memory = map(file_of(PAGE + 1), 4 * PAGE);
    CHECK(fault_of(memory + 2 * PAGE - 1, true) == 0);
    CHECK(fault_of(memory + 2 * PAGE, false) == SIGBUS);
    CHECK(seen.si_code == BUS_ADRERR && seen.si_addr == memory + 2 * PAGE);
    CHECK(fault_of(memory + 3 * PAGE, true) == SIGBUS && seen.si_code == BUS_ADRERR);
}

TEST("a file that is cut takes its pages along, also those that were written to")
{
    int file = file_of(4 * PAGE);
    char *memory = map(file, 4 * PAGE);
    memset(memory, 'x', 4 * PAGE);
    CHECK(ftruncate(file, PAGE + 10) == 0);
    CHECK(fault_of(memory + 2 * PAGE, false) == SIGBUS &&
          fault_of(memory + 3 * PAGE, true) == SIGBUS);
    CHECK(memory[PAGE + 9] == 'x' && memory[PAGE + 10] == 0 && memory[2 * PAGE - 1] == 0);
    CHECK(ftruncate(file, 4 * PAGE) == 0);
    CHECK(memory[PAGE + 9] == 'x' && memory[2 * PAGE] == 0 && memory[4 * PAGE - 1] == 0);
    memory[3 * PAGE] = 'y';
    CHECK(has(file, 3 * PAGE, "y"));
}

TEST("open with O_TRUNC cuts it under a mapping")
{
    char *memory = map(file_of(PAGE), PAGE);
    memory[0] = 1;
    CHECK(open(path, O_RDWR | O_TRUNC) >= 0 && fault_of(memory, false) == SIGBUS);
}

TEST("pages are there as soon as the file has become long enough")
{
    int file = file_of(0);
    char *memory = map(file, 2 * PAGE);
    CHECK(fault_of(memory, true) == SIGBUS);
    CHECK(pwrite(file, "z", 1, PAGE) == 1 && memory[0] == 0 && memory[PAGE] == 'z');
    memory[0] = 'a';
    CHECK(has(file, 0, "a"));
}

// --- Rights

TEST("a file that was opened to read only is not mapped to be written: EACCES, nor made so")
{
    (void)file_of(PAGE);
    int file = open(path, O_RDONLY);
    CHECK(FAILS(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0), EACCES));
    void *memory = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, file, 0);
    CHECK(memory != MAP_FAILED && FAILS(mprotect(memory, PAGE, PROT_READ | PROT_WRITE), EACCES));
    int only = open(path, O_WRONLY);
    CHECK(FAILS(mmap(NULL, PAGE, PROT_WRITE, MAP_SHARED, only, 0), EACCES));
}

TEST("a mapping that lost the right to write keeps what was written, and can have it back")
{
    int file = file_of(PAGE);
    char *memory = map(file, PAGE);
    memory[0] = 'a';
    CHECK(mprotect(memory, PAGE, PROT_READ) == 0);
    CHECK(fault_of(memory, true) == SIGSEGV && memory[0] == 'a' && has(file, 0, "a"));
    CHECK(mprotect(memory, PAGE, PROT_READ | PROT_WRITE) == 0);
    memory[1] = 'b';
    CHECK(has(file, 0, "ab"));
}

TEST("a mapping that was made to be read can become one to be written")
{
    int file = file_of(PAGE);
    char *memory = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, file, 0);
    CHECK(memory != MAP_FAILED && *(volatile char *)memory == 0);
    CHECK(mprotect(memory, PAGE, PROT_READ | PROT_WRITE) == 0);
    memory[0] = 'w';
    CHECK(has(file, 0, "w"));
}

TEST("a mapping that was moved and made longer is still the file")
{
    int file = file_of(4 * PAGE);
    char *memory = map(file, PAGE);
    memory[0] = 'a';
    char *wall = mmap(memory + PAGE, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *moved = mremap(memory, PAGE, 4 * PAGE, MREMAP_MAYMOVE);
    CHECK(moved != MAP_FAILED && wall != MAP_FAILED);
    moved[1] = 'b';
    moved[3 * PAGE] = 'c';
    CHECK(has(file, 0, "ab") && has(file, 3 * PAGE, "c"));
}
