// SPDX-License-Identifier: MIT
// Two sandboxes side by side, of which neither may notice the other. One holds a thing of each kind, by names and addresses that the
// other knows, and looks whether somebody touches it; the other one tries.
//
//     neighbour hold FOLDER     until FOLDER/done is there
//     neighbour try             each attempt is a line: "crossed: …" when it came through
//     neighbour reach OWN OTHER the same, for `secret` in OTHER, the folder that only the other one was given
//     neighbour numbers         what the kernel of this sandbox counts from, and the room in its memory
//
// A folder of the host that was given to both is the one way between them.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

constexpr size_t PAGE = 4096;
constexpr int NUMBERS = 2048; // of processes that are tried
constexpr size_t FILLED = 16 << 20;
constexpr key_t KEY = 0x6b6f7a6f;
static const char SHARED[] = "/dev/shm/neighbour";
static const char PRIVATE[] = "/tmp/neighbour";

static socklen_t address_of(struct sockaddr_un *address)
{
    *address = (struct sockaddr_un){.sun_family = AF_UNIX, .sun_path = "\0neighbour"};
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + sizeof "\0neighbour" - 1);
}

// A page of shared memory in a file of this name, and -1 when that can't be made as a new one.
static _Atomic uint32_t *share(bool fresh)
{
    int file = open(SHARED, O_RDWR | O_CREAT | (fresh ? O_EXCL : 0), 0666);
    if (file < 0 || ftruncate(file, (off_t)PAGE) != 0) {
        return nullptr;
    }
    void *page = mmap(nullptr, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    (void)close(file);
    return page == MAP_FAILED ? nullptr : page;
}

// --- Holding ------------------------------------------------------------------------------------

static _Atomic int woken, signals;

static void *sleep_on(void *word)
{
    while (syscall(SYS_futex, word, FUTEX_WAIT, 1, nullptr, nullptr, 0) != 0 && errno == EINTR) {
    }
    woken++;
    return nullptr;
}

static void count_signal(int number)
{
    (void)number;
    signals++;
}

static bool fill(void)
{
    static char bytes[1 << 16];
    int file = open(PRIVATE, O_RDWR | O_CREAT | O_EXCL, 0666);
    for (size_t done = 0; file >= 0 && done < FILLED; done += sizeof bytes) {
        if (write(file, bytes, sizeof bytes) != sizeof bytes) {
            return false;
        }
    }
    return file >= 0;
}

static int hold(const char *folder)
{
    char done[256];
    struct sockaddr_un address;
    pthread_t sleeper;
    struct stat status;
    // Whoever found a way to its descriptors would find this one, and this folder.
    (void)snprintf(done, sizeof done, "%s/secret", folder);
    (void)open(done, O_RDONLY);
    (void)chdir(folder);
    (void)snprintf(done, sizeof done, "%s/done", folder);
    for (int i = 1; i < NSIG; i++) {
        (void)signal(i, count_signal);
    }
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    _Atomic uint32_t *word = share(true);
    if (word == nullptr || !fill() || bind(listener, (void *)&address, address_of(&address)) != 0 ||
        listen(listener, 1) != 0) {
        printf("it can't hold: %s\n", strerror(errno));
        return 2;
    }
    *word = 1;
    (void)shmget(KEY, PAGE, IPC_CREAT | 0666);
    (void)sethostname("neighbour", 9);
    if (pthread_create(&sleeper, nullptr, sleep_on, (void *)word) != 0) {
        return 2;
    }
    printf("holding as process %d\n", getpid());
    (void)fflush(stdout);
    while (access(done, F_OK) != 0) {
        (void)usleep(100'000);
    }
    bool came = accept(listener, nullptr, nullptr) >= 0;
    bool whole = stat(PRIVATE, &status) == 0 && status.st_size == (off_t)FILLED;
    printf("held: %d signals, %d woken, %d came, memory %u, file %s\n", signals, woken, came, *word,
           whole ? "whole" : "changed");
    return 0;
}

// --- Trying -------------------------------------------------------------------------------------

static int tried, crossed;

static void attempt(const char *what, bool through)
{
    tried++;
    if (through) {
        crossed++;
        printf("crossed: %s\n", what);
    }
}

// Whether a folder of /proc is of another process.
static bool sees_others(void)
{
    DIR *folder = opendir("/proc");
    bool others = folder == nullptr;
    const struct dirent *entry = nullptr;
    while (folder != nullptr && (entry = readdir(folder)) != nullptr) {
        int number = atoi(entry->d_name);
        others = others || (number > 0 && number != getpid());
    }
    return others;
}

static int try(void)
{
    struct sockaddr_un address;
    struct utsname name;
    int own = getpid();
    int found = 0;
    for (int i = 2; i <= NUMBERS; i++) {
        found += i != own && (kill(i, SIGTERM) == 0 || errno != ESRCH) ? 1 : 0;
        found += i != own && (syscall(SYS_tgkill, i, i, SIGTERM) == 0 || errno != ESRCH) ? 1 : 0;
        char path[32];
        (void)snprintf(path, sizeof path, "/proc/%d/status", i);
        found += i != own && access(path, F_OK) == 0 ? 1 : 0;
    }
    attempt("a process by its number", found > 0);
    attempt("a process in /proc", sees_others());
    int stream = socket(AF_UNIX, SOCK_STREAM, 0);
    attempt("an abstract socket", connect(stream, (void *)&address, address_of(&address)) == 0);
    attempt("the name of an abstract socket",
            bind(stream, (void *)&address, address_of(&address)) != 0);
    attempt("a file by its name", access(PRIVATE, F_OK) == 0);
    _Atomic uint32_t *word = share(true);
    attempt("the name of shared memory", word == nullptr);
    word = word == nullptr ? share(false) : word;
    attempt("what is in shared memory", word == nullptr || *word != 0);
    if (word != nullptr) {
        *word = 7;
        attempt("who sleeps on shared memory",
                syscall(SYS_futex, word, FUTEX_WAKE, INT32_MAX, nullptr, nullptr, 0) != 0);
    }
    attempt("shared memory by its key", shmget(KEY, PAGE, 0) >= 0);
    attempt("the name of the system", uname(&name) != 0 || strcmp(name.nodename, "neighbour") == 0);
    printf("%d tried, %d crossed\n", tried, crossed);
    return crossed;
}

// Whether there is something to read at a path, made as printf makes it.
[[gnu::format(printf, 1, 2)]]
static bool opens(const char *format, ...)
{
    char path[512];
    va_list values;
    va_start(values, format);
    (void)vsnprintf(path, sizeof path, format, values);
    va_end(values);
    int file = open(path, O_RDONLY);
    char byte;
    bool read_it = file >= 0 && read(file, &byte, 1) == 1;
    (void)close(file);
    return read_it;
}

static bool is_listed(const char *name)
{
    DIR *folder = opendir("/");
    bool found = folder == nullptr;
    const struct dirent *entry = nullptr;
    while (folder != nullptr && (entry = readdir(folder)) != nullptr) {
        found = found || strcmp(entry->d_name, name) == 0;
    }
    return found;
}

static bool in_processes(const char *other)
{
    bool found = false;
    for (int i = 1; i < 64; i++) {
        found = found || opens("/proc/%d/root%s/secret", i, other);
        found = found || (i != getpid() && opens("/proc/%d/cwd/secret", i));
        for (int file = 3; file < 6; file++) {
            found = found || (i != getpid() && opens("/proc/%d/fd/%d", i, file));
        }
    }
    return found;
}

static int reach(const char *own, const char *other)
{
    struct sockaddr_un address;
    char secret[256], mine[256];
    (void)snprintf(secret, sizeof secret, "%s/secret", other);
    (void)snprintf(mine, sizeof mine, "%s/way", own);
    printf("its own is %s\n", opens("%s/secret", own) ? "there" : "not there");
    attempt("the name of the folder", is_listed(other + 1));
    attempt("its path", opens("%s/secret", other));
    attempt("a path through its own folder", opens("%s/..%s/secret", own, other));
    attempt("a path through its working folder", chdir(own) == 0 && opens("..%s/secret", other));
    attempt("a symbolic link", symlink(secret, mine) == 0 && opens("%s", mine));
    (void)unlink(mine);
    attempt("a hard link", link(secret, mine) == 0);
    attempt("a move", rename(secret, mine) == 0);
    attempt("folders and files of processes", in_processes(other));
    attempt("a new name in it",
            open(other, O_TMPFILE | O_WRONLY, 0600) >= 0 || mkdir(secret, 0700) == 0);
    int stream = socket(AF_UNIX, SOCK_STREAM, 0);
    attempt("who would pass a descriptor on",
            connect(stream, (void *)&address, address_of(&address)) == 0);
    printf("%d tried, %d crossed\n", tried, crossed);
    return crossed;
}

static int tell_numbers(void)
{
    struct stat status = {};
    struct statvfs space = {};
    int pipes[2] = {-1, -1};
    struct stat pipe_status = {};
    int file = open("/tmp/numbers", O_RDWR | O_CREAT, 0666);
    bool good = file >= 0 && fstat(file, &status) == 0 && statvfs("/tmp", &space) == 0 &&
                pipe(pipes) == 0 && fstat(pipes[0], &pipe_status) == 0;
    printf("process %d, parent %d, inode %lu on %lx, pipe %lu, %lu of %lu blocks and %lu inodes "
           "free\n",
           getpid(), getppid(), status.st_ino, status.st_dev, pipe_status.st_ino, space.f_bfree,
           space.f_blocks, space.f_ffree);
    return good ? 0 : 1;
}

int main(int count, char **arguments)
{
    const char *verb = count > 1 ? arguments[1] : "";
    if (strcmp(verb, "hold") == 0 && count == 3) {
        return hold(arguments[2]);
    }
    if (strcmp(verb, "reach") == 0 && count == 4) {
        return reach(arguments[2], arguments[3]);
    }
    return strcmp(verb, "numbers") == 0 ? tell_numbers() : try();
}
