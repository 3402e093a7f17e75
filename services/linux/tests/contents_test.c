// SPDX-License-Identifier: MIT
// Reading and writing, and contents of files in RAM.
#include "../../../tests/linux/single/contents.h"

#include "../file/ram.h"

TEST("holes read as zeros, take no memory, and are found")
{
    world();
    char text[8] = "xxxxxxx";
    CHECK(open_new("/a") == 0);
    int64_t before = pages_left;
    CHECK(SYS(pwrite64, 0, AT("end"), 3, 1 << 20) == 3);
    CHECK(before - pages_left == 1);
    CHECK(SYS(pread64, 0, AT(text), 4, 5000) == 4);
    CHECK(memcmp(text, "\0\0\0\0xxx", 8) == 0);
    CHECK(SYS(lseek, 0, 0, SEEK_DATA) == 1 << 20);
    CHECK(SYS(lseek, 0, 0, SEEK_HOLE) == 0);
    CHECK(SYS(lseek, 0, 1 << 20, SEEK_HOLE) == (1 << 20) + 3);
    CHECK(SYS(lseek, 0, 2 << 20, SEEK_DATA) == -ENXIO);
}

TEST("a cut gives memory back")
{
    world();
    static char block[65536];
    CHECK(open_new("/a") == 0);
    int64_t before = pages_left;
    for (int i = 0; i < 64; i++) {
        CHECK(SYS(write, 0, AT(block), sizeof block) == sizeof block);
    }
    CHECK(before - pages_left == 1024);
    CHECK(SYS(ftruncate, 0, 4096 * 100 + 1) == 0);
    CHECK(before - pages_left == 101);
    CHECK(SYS(ftruncate, 0, 0) == 0);
    CHECK(before == pages_left);
}

TEST("when memory is used up, writing ends with ENOSPC and says how much was written")
{
    world();
    static char block[65536];
    CHECK(open_new("/a") == 0);
    pages_left -= 65'000;
    int64_t done = 0;
    while ((done = SYS(write, 0, AT(block), sizeof block)) == (int64_t)sizeof block) {
    }
    CHECK(done == -ENOSPC || (done > 0 && SYS(write, 0, AT(block), 4096) == -ENOSPC));
    CHECK(SYS(fallocate, 0, 0, 0, 1 << 30) == -ENOSPC);
    CHECK(SYS(ftruncate, 0, 0) == 0);
    CHECK(SYS(pwrite64, 0, AT(block), 10, 0) == 10);
    pages_left += 65'000;
}

TEST("fallocate takes memory, punches holes and zeroes ranges")
{
    world();
    char text[4];
    CHECK(open_new("/a") == 0);
    int64_t before = pages_left;
    CHECK(SYS(fallocate, 0, 0, 0, 16384) == 0);
    CHECK(size_of(0) == 16384 && before - pages_left == 4);
    CHECK(SYS(fallocate, 0, 1, 16384, 4096) == 0);
    CHECK(size_of(0) == 16384 && before - pages_left == 5);
    CHECK(SYS(pwrite64, 0, AT("abcd"), 4, 4094) == 4);
    CHECK(SYS(fallocate, 0, 3, 4096, 8192) == 0);
    CHECK(before - pages_left == 3);
    CHECK(SYS(pread64, 0, AT(text), 4, 4094) == 4);
    CHECK(memcmp(text, "ab\0\0", 4) == 0);
    CHECK(SYS(fallocate, 0, 0x10, 4090, 6) == 0);
    CHECK(SYS(pread64, 0, AT(text), 4, 4094) == 4);
    CHECK(memcmp(text, "\0\0\0\0", 4) == 0);
    CHECK(SYS(fallocate, 0, 2, 0, 10) == -EOPNOTSUPP);
    CHECK(SYS(fallocate, 0, 8, 0, 10) == -EOPNOTSUPP);
    CHECK(SYS(fallocate, 0, 0, 0, 0) == -EINVAL);
    CHECK(SYS(fallocate, 0, 0, (uint64_t)-1, 1) == -EINVAL);
}

struct writer {
    char letter;
    int64_t result;
};

static void append_much(void *context)
{
    struct writer *writer = context;
    char block[10'000];
    memset(block, writer->letter, sizeof block);
    int64_t file = SYS(open, AT("/log"), O_WRONLY | O_APPEND | O_CREAT, 0644);
    writer->result = SYS(write, (uint64_t)file, AT(block), sizeof block);
}

TEST("two that append at once do not write over each other")
{
    world();
    struct caller *second = process_make(200);
    struct caller *third = process_make(300);
    struct writer a = {'a', 0}, b = {'b', 0};
    copies_wait = true;
    strand_start(second, append_much, &a);
    strand_start(third, append_much, &b);
    while (strands_left() > 0) {
        struct wait_queue nothing = {};
        (void)wait_on(&nothing, fake_now + 1000);
        strands_run();
    }
    copies_wait = false;
    CHECK(a.result == 10'000 && b.result == 10'000);
    process_end(second);
    process_end(third);
    static char all[20'001];
    CHECK(SYS(open, AT("/log"), O_RDONLY) == 0);
    CHECK(SYS(read, 0, AT(all), sizeof all) == 20'000);
    int letters = 0;
    for (int i = 0; i < 20'000; i++) {
        letters += all[i] == 'a';
    }
    CHECK(letters == 10'000);
}

TEST("mmap gets the very pages of a file")
{
    world();
    CHECK(open_new("/a") == 0);
    CHECK(SYS(write, 0, AT("hello"), 5) == 5);
    struct file *file = descriptor_file(0);
    struct page_run run;
    CHECK(file_pages(file, 0, true, &run) == 0);
    CHECK(run.start == 0 && run.size == PAGE_BYTES && run.writable);
    char *bytes = page_bytes(run.page);
    CHECK(memcmp(bytes, "hello", 5) == 0);
    bytes[0] = 'j';
    page_drop(run.page);
    CHECK(file_pages(file, PAGE_BYTES, false, &run) == -ENXIO);
    file_drop(file);
    CHECK(strcmp(read_text("/a"), "jello") == 0);
}
