// SPDX-License-Identifier: MIT
// Files of the host that are written to by mappings: which pages those get, and how what was written goes back to the file.
#include "fake.h"
#include "fake_files.h"

#include "../file/begin.h"
#include "../file/host_system.h"
#include "../file/host_written.h"
#include "../memory/backing.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

constexpr size_t LONG = 20'000;

static char host_path[96];
static char text[LONG + 1];

static void put_on_host(const char *contents, size_t size)
{
    int file = open(host_path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    CHECK(file >= 0 && write(file, contents, size) == (ssize_t)size);
    (void)close(file);
}

// What the host has from an offset on, as text.
static const char *on_host(long offset)
{
    int file = open(host_path, O_RDONLY);
    ssize_t got = file < 0 ? -1 : pread(file, text, LONG, offset);
    (void)close(file);
    text[got < 0 ? 0 : got] = '\0';
    return text;
}

static long host_size(void)
{
    struct stat stat;
    return lstat(host_path, &stat) == 0 ? (long)stat.st_size : -1;
}

// A file of LONG times the same letter below /work, which is the host's and may be changed; open as 0.
static void mapped_world(void)
{
    static char contents[LONG];
    char folder[96];
    tree_world();
    (void)snprintf(folder, sizeof folder, "%s/host", fake_folder);
    CHECK(mkdir(folder, 0755) == 0);
    (void)snprintf(folder, sizeof folder, "%s/host/share", fake_folder);
    CHECK(mkdir(folder, 0755) == 0);
    (void)snprintf(host_path, sizeof host_path, "%s/host/share/file", fake_folder);
    memset(contents, '.', sizeof contents);
    put_on_host(contents, sizeof contents);
    CHECK(tree_mount("/work\tshare\trw") == 0);
    CHECK(SYS(open, AT("/work/file"), O_RDWR) == 0);
}

// What a mapping gets that is about to be written to: one page, or an error.
static int64_t ask(uint64_t descriptor, uint64_t offset, page_number *page)
{
    struct file *file = descriptor_file(descriptor);
    struct page_run run = {};
    int64_t error = file_pages(file, offset, true, &run);
    if (error == 0) {
        CHECK(run.size == PAGE_BYTES && run.writable);
        CHECK(run.start == offset / PAGE_BYTES * PAGE_BYTES);
        *page = run.page;
    }
    file_drop(file);
    return error;
}

// Writes as a program would through a mapping that is then gone, but for telling so.
static int64_t put(uint64_t offset, const char *bytes)
{
    page_number page = 0;
    int64_t error = ask(0, offset, &page);
    if (error == 0) {
        memcpy((char *)page_bytes(page) + offset % PAGE_BYTES, bytes, strlen(bytes));
        page_drop(page);
    }
    return error;
}

static void unmap(uint64_t descriptor)
{
    struct file *file = descriptor_file(descriptor);
    file->operations->unmapped(file);
    file_drop(file);
}

static const char *read_at(uint64_t offset)
{
    static char got[16];
    memset(got, 0, sizeof got);
    CHECK(SYS(pread64, 0, AT(got), 8, offset) >= 0);
    return got;
}

TEST("what is written to a page of a file is sent by fsync, and not before")
{
    mapped_world();
    CHECK(put(5000, "written") == 0);
    CHECK(strncmp(on_host(5000), ".......", 7) == 0);
    CHECK(SYS(fsync, 0) == 0);
    CHECK(strncmp(on_host(4999), ".written.", 9) == 0 && host_size() == (long)LONG);
}

TEST("a page that was sent is asked for again before it is written to, and sent again")
{
    mapped_world();
    guarded = 0;
    CHECK(put(0, "one") == 0 && SYS(fsync, 0) == 0 && guarded > 0);
    unsigned before = files_asked;
    CHECK(SYS(fsync, 0) == 0 && files_asked == before + 1); // of the file server alone
    CHECK(put(1, "NE") == 0 && SYS(fdatasync, 0) == 0);
    CHECK(strncmp(on_host(0), "oNE.", 4) == 0);
}

TEST("all who map a file get the same page, to read and to write")
{
    mapped_world();
    CHECK(SYS(open, AT("/work/file"), O_RDONLY) == 1);
    struct file *file = descriptor_file(1);
    struct page_run run = {};
    page_number page = 0;
    CHECK(file_pages(file, 0, false, &run) == 0 && !run.writable && run.size == 5 * PAGE_BYTES);
    CHECK(ask(0, 4096, &page) == 0 && page == run.page + 1);
    CHECK(ask(1, 4096, &page) == -EACCES);
    page_drop(run.page + 1);
    for (uint32_t i = 0; i < 5; i++) {
        page_drop(run.page + i);
    }
    file_drop(file);
}

TEST("pages that are mapped stay those of the file when memory is short, and others go")
{
    mapped_world();
    page_number page = 0, again = 0;
    CHECK(ask(0, 0, &page) == 0 && SYS(fsync, 0) == 0);
    CHECK(SYS(open, AT("/work/other"), O_RDWR | O_CREAT, 0644) == 1);
    CHECK(SYS(ftruncate, 1, 4096) == 0);
    int64_t left = pages_left;
    pages_left = 0;
    CHECK(ask(1, 0, &again) == -ENOMEM);
    CHECK(ask(0, 0, &again) == 0 && again == page);
    page_drop(again);
    page_drop(page);
    CHECK(ask(1, 0, &again) == -ENOMEM); // it is not sent yet
    CHECK(SYS(fsync, 0) == 0 && ask(1, 0, &again) == 0);
    page_drop(again);
    pages_left += left;
}

TEST("read gives what was written to a mapping and not sent, and write shows in it")
{
    mapped_world();
    CHECK(put(4094, "ab") == 0 && put(4096, "cd") == 0);
    CHECK(strcmp(read_at(4092), "..abcd..") == 0);
    CHECK(SYS(pwrite64, 0, AT("B"), 1, 4095) == 1);
    CHECK(strcmp(read_at(4092), "..aBcd..") == 0 && SYS(fsync, 0) == 0);
    CHECK(strncmp(on_host(4092), "..aBcd..", 8) == 0);
}

TEST("what lies behind the end is not sent, and zero when the file grows")
{
    mapped_world();
    CHECK(put(LONG - 2, "in") == 0 && put(LONG, "behind") == 0);
    CHECK(SYS(fsync, 0) == 0 && host_size() == (long)LONG);
    CHECK(strcmp(on_host(LONG - 2), "in") == 0);
    CHECK(put(LONG, "behind") == 0 && SYS(ftruncate, 0, LONG + 4) == 0);
    CHECK(put(LONG + 3, "x") == 0 && SYS(fsync, 0) == 0);
    (void)on_host(LONG - 2);
    CHECK(memcmp(text, "in\0\0\0x", 6) == 0 && host_size() == (long)LONG + 4);
}

TEST("nor does it become part of a gap that a write leaves")
{
    mapped_world();
    struct file *file = descriptor_file(0);
    file->node->mappings++;
    CHECK(put(LONG, "behind") == 0);
    CHECK(SYS(pwrite64, 0, AT("x"), 1, LONG + 3) == 1 && SYS(fsync, 0) == 0);
    (void)on_host(LONG - 1);
    CHECK(memcmp(text, ".\0\0\0x", 5) == 0);
    file->node->mappings--;
    file_drop(file);
}

TEST("nor when the mapping that wrote it is gone by then")
{
    mapped_world();
    CHECK(put(LONG, "behind") == 0 && SYS(fsync, 0) == 0);
    CHECK(SYS(pwrite64, 0, AT("x"), 1, LONG + 3) == 1);
    CHECK(put(LONG - 1, "z") == 0 && SYS(fsync, 0) == 0);
    (void)on_host(LONG - 1);
    CHECK(memcmp(text, "z\0\0\0x", 5) == 0);
}

TEST("a page behind the end is not given, and one that was cut off is not sent")
{
    mapped_world();
    page_number page = 0;
    CHECK(ask(0, 5 * PAGE_BYTES, &page) == -ENXIO);
    CHECK(put(0, "kept") == 0 && put(8192, "cut") == 0);
    CHECK(SYS(ftruncate, 0, 4100) == 0);
    CHECK(ask(0, 8192, &page) == -ENXIO);
    CHECK(SYS(fsync, 0) == 0 && host_size() == 4100 && strncmp(on_host(0), "kept", 4) == 0);
}

TEST("a file that the host has cut meanwhile is not made longer")
{
    mapped_world();
    CHECK(put(0, "kept") == 0 && put(8192, "cut") == 0);
    CHECK(truncate(host_path, 100) == 0);
    CHECK(SYS(fsync, 0) == 0 && host_size() == 100 && strncmp(on_host(0), "kept", 4) == 0);
}

TEST("the end of a mapping has it sent, though nothing else holds the file")
{
    mapped_world();
    CHECK(put(0, "last") == 0 && written_due == 0);
    unmap(0);
    CHECK(SYS(close, 0) == 0 && written_due == 1);
    written_settle(true);
    CHECK(written_due == 0 && strncmp(on_host(0), "last.", 5) == 0);
}

TEST("a mapping of what was sent already ends without more")
{
    mapped_world();
    CHECK(put(0, "sent") == 0 && SYS(fsync, 0) == 0);
    unmap(0);
    CHECK(written_due == 0);
}

TEST("what nobody asks for is due after half a minute, and sync sends all at once")
{
    mapped_world();
    CHECK(put(0, "late") == 0);
    CHECK(SYS(poll, 0, 0, 29'000) == 0 && written_due == 0);
    CHECK(SYS(poll, 0, 0, 2'000) == 0 && written_due == 1);
    CHECK(SYS(sync) == 0 && written_due == 0 && strncmp(on_host(0), "late.", 5) == 0);
}

TEST("what can't be written is lost, and fsync tells why: once")
{
    mapped_world();
    CHECK(put(0, "lost") == 0);
    files_full = true;
    CHECK(SYS(fsync, 0) == -ENOSPC);
    files_full = false;
    CHECK(SYS(fsync, 0) == 0 && strncmp(on_host(0), "....", 4) == 0);
    CHECK(put(0, "lost") == 0);
    unmap(0);
    files_full = true;
    written_settle(false);
    files_full = false;
    CHECK(SYS(fsync, 0) == -ENOSPC && SYS(fsync, 0) == 0);
}

TEST("a new life of the file server, and a volume that lost its numbers, get what was written "
     "before")
{
    mapped_world();
    CHECK(put(0, "first") == 0);
    fake_files_begin_life();
    CHECK(SYS(fsync, 0) == 0 && strncmp(on_host(0), "first.", 6) == 0);
    CHECK(put(0, "again") == 0);
    fake_files_forget();
    CHECK(SYS(fsync, 0) == 0 && strncmp(on_host(0), "again.", 6) == 0);
}

TEST("while the file server is down what was written is lost, as an error of the device")
{
    mapped_world();
    CHECK(put(0, "lost") == 0);
    files_are_gone = true;
    CHECK(SYS(fsync, 0) == -EIO);
    files_are_gone = false;
    CHECK(SYS(fsync, 0) == 0 && strncmp(on_host(0), "....", 4) == 0);
}

TEST("what was taken back is not given to be written, and nothing of it is sent")
{
    mapped_world();
    CHECK(put(0, "never") == 0);
    struct file *file = descriptor_file(0);
    host_node_doubt(file->node);
    file_drop(file);
    CHECK(written_due == 1);
    files_refuse = true;
    page_number page = 0;
    CHECK(ask(0, 0, &page) == -EACCES);
    written_settle(false);
    files_refuse = false;
    CHECK(written_due == 0 && strncmp(on_host(0), ".....", 5) == 0);
}

TEST("what was doubted and is still there keeps what was written")
{
    mapped_world();
    CHECK(put(0, "kept") == 0);
    struct file *file = descriptor_file(0);
    host_node_doubt(file->node);
    file_drop(file);
    written_settle(false);
    CHECK(strncmp(on_host(0), "kept.", 5) == 0);
}

TEST("of a place that may only be read from now on no page is given to be written")
{
    mapped_world();
    CHECK(put(0, "x") == 0 && SYS(fsync, 0) == 0);
    guarded = 0;
    CHECK(tree_change_mount("/work\tshare\tro") == 0 && guarded > 0);
    page_number page = 0;
    CHECK(ask(0, 0, &page) == -EROFS);
}

TEST("without memory to note a page it is not given")
{
    mapped_world();
    page_number page = 0;
    store_fails_after = 0;
    CHECK(ask(0, 0, &page) == -ENOMEM);
    store_fails_after = -1;
    CHECK(ask(0, 0, &page) == 0);
    page_drop(page);
    CHECK(SYS(fsync, 0) == 0);
}

TEST("a file that somebody else has changed is read anew when it is opened again")
{
    mapped_world();
    struct file *file = descriptor_file(0);
    struct page_run run = {};
    CHECK(file_pages(file, 0, false, &run) == 0);
    for (uint32_t i = 0; i < run.size / PAGE_BYTES; i++) {
        page_drop(run.page + i);
    }
    file_drop(file);
    put_on_host("changed", 7);
    CHECK(SYS(open, AT("/work/file"), O_RDWR) == 1);
    CHECK(ask(1, 0, &run.page) == 0 && memcmp(page_bytes(run.page), "changed\0", 8) == 0);
    page_drop(run.page);
    CHECK(SYS(fsync, 1) == 0);
}

static void settle_as_ended(void *unused)
{
    (void)unused;
    written_settle(true);
}

// A strand that sends what is due, and waits for its first answer.
static struct caller *start_sending(void)
{
    struct caller *process = process_make(200);
    unmap(0);
    files_wait = true;
    strand_start(process, settle_as_ended, nullptr);
    CHECK(strands_left() == 1 && written_due == 0);
    return process;
}

static void finish_sending(void)
{
    files_wait = false;
    CHECK(SYS(poll, 0, 0, 1) == 0);
    strands_run();
    CHECK(strands_left() == 0);
}

TEST("fsync waits for what is on its way already")
{
    mapped_world();
    CHECK(put(0, "first") == 0);
    struct caller *process = start_sending();
    CHECK(SYS(fsync, 0) == 0 && strncmp(on_host(0), "first.", 6) == 0);
    finish_sending();
    process_end(process);
}

TEST("for threads that have ended one strand sends, also what comes meanwhile")
{
    mapped_world();
    CHECK(SYS(open, AT("/work/other"), O_RDWR | O_CREAT, 0644) == 1);
    CHECK(SYS(ftruncate, 1, 4096) == 0);
    CHECK(put(0, "first") == 0);
    page_number page = 0;
    CHECK(ask(1, 0, &page) == 0);
    page_drop(page);
    struct caller *process = start_sending();
    unmap(1);
    written_settle(true);
    CHECK(written_due == 1 && strands_left() == 1);
    finish_sending();
    CHECK(written_due == 0);
    process_end(process);
}
