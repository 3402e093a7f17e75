// SPDX-License-Identifier: MIT
// The vDSO: a small shared object that every Linux process sees. Its page of data follows its code.
//
// Whatever it can't answer it asks linuxd, by an ordinary system call.
#include <kozo/abi.h>

struct moment {
    int64_t seconds;
    int64_t part;
};

// Where the data is, by the linker script.
extern const struct kozo_linux_process_page linux_page [[gnu::visibility("hidden")]];

enum clock : int {
    REALTIME = 0,
    MONOTONIC = 1,
    MONOTONIC_RAW = 4,
    REALTIME_COARSE = 5,
    MONOTONIC_COARSE = 6,
    BOOTTIME = 7,
};

constexpr uint64_t SECOND = 1'000'000'000;
constexpr long CALL_GETTIMEOFDAY = 96, CALL_CLOCK_GETTIME = 228, CALL_CLOCK_GETRES = 229,
               CALL_GETCPU = 309;

static long ask(long number, uint64_t first, uint64_t second, uint64_t third)
{
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(first), "S"(second), "d"(third)
                     : "rcx", "r11", "memory");
    return result;
}

static uint64_t steady(void)
{
    const struct kozo_linux_clock *clock = &linux_page.clock;
    unsigned __int128 product = (unsigned __int128)__builtin_readcyclecounter() * clock->scale;
    return (uint64_t)(product >> clock->shift);
}

int __vdso_clock_gettime(int clock, struct moment *to);
int __vdso_gettimeofday(struct moment *to, void *zone);
long __vdso_time(int64_t *to);
int __vdso_getcpu(unsigned *processor, unsigned *node, void *unused);
int __vdso_clock_getres(int clock, struct moment *to);

int __vdso_clock_gettime(int clock, struct moment *to)
{
    uint64_t now;
    switch (clock) {
    case REALTIME:
    case REALTIME_COARSE:
        now = steady() + linux_page.clock.realtime;
        break;
    case MONOTONIC:
    case MONOTONIC_RAW:
    case MONOTONIC_COARSE:
    case BOOTTIME:
        now = steady();
        break;
    default:
        return (int)ask(CALL_CLOCK_GETTIME, (uint64_t)clock, (uint64_t)to, 0);
    }
    to->seconds = (int64_t)(now / SECOND);
    to->part = (int64_t)(now % SECOND);
    return 0;
}

int __vdso_gettimeofday(struct moment *to, void *zone)
{
    if (to == nullptr || zone != nullptr) {
        return (int)ask(CALL_GETTIMEOFDAY, (uint64_t)to, (uint64_t)zone, 0);
    }
    uint64_t now = steady() + linux_page.clock.realtime;
    to->seconds = (int64_t)(now / SECOND);
    to->part = (int64_t)(now % SECOND / 1000);
    return 0;
}

long __vdso_time(int64_t *to)
{
    int64_t now = (int64_t)((steady() + linux_page.clock.realtime) / SECOND);
    if (to != nullptr) {
        *to = now;
    }
    return now;
}

int __vdso_getcpu(unsigned *processor, unsigned *node, void *unused)
{
    return (int)ask(CALL_GETCPU, (uint64_t)processor, (uint64_t)node, (uint64_t)unused);
}

int __vdso_clock_getres(int clock, struct moment *to)
{
    return (int)ask(CALL_CLOCK_GETRES, (uint64_t)clock, (uint64_t)to, 0);
}

[[gnu::weak, gnu::alias("__vdso_clock_gettime")]] int clock_gettime(int clock, struct moment *to);
[[gnu::weak, gnu::alias("__vdso_gettimeofday")]] int gettimeofday(struct moment *to, void *zone);
[[gnu::weak, gnu::alias("__vdso_time")]] long time(int64_t *to);
[[gnu::weak, gnu::alias("__vdso_getcpu")]] int getcpu(unsigned *processor, unsigned *node,
                                                      void *unused);
[[gnu::weak, gnu::alias("__vdso_clock_getres")]] int clock_getres(int clock, struct moment *to);
