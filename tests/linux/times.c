// SPDX-License-Identifier: MIT
// Clocks, sleeping and timers.
#include "test.h"

#include <poll.h>
#include <sys/timerfd.h>
#include <sys/times.h>

static volatile int count;
static siginfo_t seen;

static void note(int number, siginfo_t *info, void *context)
{
    (void)number;
    (void)context;
    seen = *info;
    count++;
}

static void handle(int number)
{
    struct sigaction action = {.sa_sigaction = note, .sa_flags = SA_SIGINFO};
    CHECK(sigaction(number, &action, NULL) == 0);
}

static long ns_of(clockid_t clock)
{
    struct timespec time;
    CHECK(clock_gettime(clock, &time) == 0 && time.tv_nsec < 1000000000);
    return time.tv_sec * 1000000000 + time.tv_nsec;
}

TEST("the monotonic clock never goes back")
{
    long last = ns_of(CLOCK_MONOTONIC);
    for (int i = 0; i < 10000; i++) {
        long now = ns_of(CLOCK_MONOTONIC);
        CHECK(now >= last);
        last = now;
    }
}

TEST("the clock by a system call and by the C library agree")
{
    struct timespec time;
    long before = ns_of(CLOCK_MONOTONIC);
    CHECK(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &time) == 0);
    long between = time.tv_sec * 1000000000 + time.tv_nsec;
    long after = ns_of(CLOCK_MONOTONIC);
    CHECK(before <= between && between <= after);
}

TEST("the date by a system call and by the C library agree")
{
    struct timespec time;
    struct timeval date;
    long before = ns_of(CLOCK_REALTIME);
    CHECK(syscall(SYS_clock_gettime, CLOCK_REALTIME, &time) == 0);
    long between = time.tv_sec * 1000000000 + time.tv_nsec;
    CHECK(before <= between && between - before < 1000000000);
    CHECK(gettimeofday(&date, NULL) == 0 && date.tv_sec - time.tv_sec <= 1);
    CHECK(syscall(SYS_gettimeofday, &date, NULL) == 0 && date.tv_usec < 1000000);
}

TEST("it is later than 2020")
{
    CHECK(time(NULL) > 1577836800);
}

TEST("time gives and stores the same seconds")
{
    time_t stored;
    time_t given = time(&stored);
    CHECK(given == stored);
}

TEST("all clocks can be read, and have a resolution")
{
    static const clockid_t clocks[] = {
        CLOCK_REALTIME,          CLOCK_MONOTONIC,     CLOCK_PROCESS_CPUTIME_ID,
        CLOCK_THREAD_CPUTIME_ID, CLOCK_MONOTONIC_RAW, CLOCK_REALTIME_COARSE,
        CLOCK_MONOTONIC_COARSE,  CLOCK_BOOTTIME,      CLOCK_TAI,
    };
    for (size_t i = 0; i < sizeof clocks / sizeof clocks[0]; i++) {
        struct timespec time;
        CHECK(clock_gettime(clocks[i], &time) == 0);
        CHECK(clock_getres(clocks[i], &time) == 0 && time.tv_sec == 0 && time.tv_nsec > 0);
    }
}

TEST("a clock that there is not is EINVAL")
{
    struct timespec time;
    CHECK(FAILS(clock_gettime(77, &time), EINVAL));
    CHECK(FAILS(clock_getres(77, &time), EINVAL));
}

TEST("the processor time of a process grows while it computes, and hardly while it sleeps")
{
    long before = ns_of(CLOCK_PROCESS_CPUTIME_ID);
    for (volatile int i = 0; i < 3000000; i++) {
    }
    long computed = ns_of(CLOCK_PROCESS_CPUTIME_ID);
    pause_ms(60);
    long slept = ns_of(CLOCK_PROCESS_CPUTIME_ID);
    CHECK(computed > before && slept - computed < 40000000);
}

TEST("times gives ticks since some start")
{
    struct tms times_;
    clock_t before = times(&times_);
    pause_ms(30);
    CHECK(times(&times_) - before >= 2);
}

// --- Sleeping

TEST("nanosleep sleeps at least as long as it is told")
{
    struct timespec time = {0, 20000000};
    long before = ns_of(CLOCK_MONOTONIC);
    CHECK(nanosleep(&time, NULL) == 0);
    CHECK(ns_of(CLOCK_MONOTONIC) - before >= 20000000);
}

TEST("a sleep of nothing returns")
{
    struct timespec time = {0, 0};
    CHECK(nanosleep(&time, NULL) == 0);
}

TEST("times that are none are EINVAL")
{
    struct timespec many = {0, 1000000000}, negative = {-1, 0};
    CHECK(FAILS(nanosleep(&many, NULL), EINVAL));
    CHECK(FAILS(nanosleep(&negative, NULL), EINVAL));
}

TEST("clock_nanosleep sleeps until a point of time")
{
    struct timespec time;
    CHECK(clock_gettime(CLOCK_MONOTONIC, &time) == 0);
    time.tv_nsec += 30000000;
    if (time.tv_nsec >= 1000000000) {
        time.tv_sec++;
        time.tv_nsec -= 1000000000;
    }
    CHECK(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL) == 0);
    CHECK(ns_of(CLOCK_MONOTONIC) >= time.tv_sec * 1000000000 + time.tv_nsec);
    CHECK(clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &time, NULL) == 0);
}

TEST("clock_nanosleep of the own thread's time is EINVAL")
{
    struct timespec time = {0, 1};
    CHECK(clock_nanosleep(CLOCK_THREAD_CPUTIME_ID, 0, &time, NULL) == EINVAL);
}

TEST("a hundred short sleeps of several processes all end")
{
    pid_t children[5];
    for (int i = 0; i < 5; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            for (int k = 0; k < 20; k++) {
                pause_ms(1 + (i + k) % 3);
            }
            _exit(0);
        }
    }
    for (int i = 0; i < 5; i++) {
        CHECK(end_of(children[i]) == 0);
    }
}

TEST("poll waits as long as it is told")
{
    long before = now_ms();
    CHECK(poll(NULL, 0, 30) == 0 && now_ms() - before >= 29);
}

// --- Timers

TEST("alarm sends SIGALRM, and tells what was left of the one before")
{
    handle(SIGALRM);
    alarm(0); // that of the test itself
    CHECK(alarm(10) == 0);
    CHECK(alarm(1) == 10);
    pause();
    CHECK(count == 1 && alarm(0) == 0);
}

TEST("setitimer fires again and again, and getitimer tells what is left")
{
    struct itimerval timer = {{0, 10000}, {0, 10000}}, left;
    handle(SIGALRM);
    CHECK(setitimer(ITIMER_REAL, &timer, NULL) == 0);
    CHECK(getitimer(ITIMER_REAL, &left) == 0 && left.it_value.tv_usec <= 10000);
    CHECK(left.it_interval.tv_usec == 10000);
    for (int i = 0; i < 200 && count < 3; i++) {
        pause_ms(5);
    }
    CHECK(count >= 3);
    timer = (struct itimerval){{0, 0}, {0, 0}};
    CHECK(setitimer(ITIMER_REAL, &timer, &left) == 0 && left.it_interval.tv_usec == 10000);
    int before = count;
    pause_ms(40);
    CHECK(count == before);
}

TEST("setitimer of a kind that there is not, or with a time that is none, is EINVAL")
{
    struct itimerval timer = {{0, 0}, {0, 1000000}};
    CHECK(FAILS(setitimer(7, &timer, NULL), EINVAL));
    CHECK(FAILS(setitimer(ITIMER_REAL, &timer, NULL), EINVAL));
}

TEST("a child does not inherit its parent's timer")
{
    alarm(5);
    pid_t child = fork();
    if (child == 0) {
        _exit(alarm(0) == 0 ? 0 : 1);
    }
    CHECK(end_of(child) == 0 && alarm(0) > 0);
}

TEST("timer_create sends its signal with its value")
{
    timer_t timer;
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
    event.sigev_value.sival_int = 1234;
    handle(SIGUSR1);
    CHECK(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0);
    struct itimerspec time = {{0, 0}, {0, 10000000}}, left;
    CHECK(timer_settime(timer, 0, &time, NULL) == 0);
    CHECK(timer_gettime(timer, &left) == 0 && left.it_value.tv_nsec <= 10000000);
    for (int i = 0; i < 200 && count == 0; i++) {
        pause_ms(5);
    }
    CHECK(count == 1 && seen.si_code == SI_TIMER && seen.si_value.sival_int == 1234);
    CHECK(timer_delete(timer) == 0);
}

TEST("timer_create for a clock that there is not, or a signal that there is not, is EINVAL")
{
    int number;
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = 99};
    CHECK(FAILS(syscall(SYS_timer_create, 77, NULL, &number), EINVAL));
    CHECK(FAILS(syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &number), EINVAL));
    CHECK(FAILS(syscall(SYS_timer_delete, 12345), EINVAL));
}

TEST("timerfd counts how often it has expired")
{
    int file = timerfd_create(CLOCK_MONOTONIC, 0);
    struct itimerspec time = {{0, 10000000}, {0, 10000000}};
    uint64_t times_ = 0;
    CHECK(file >= 0 && timerfd_settime(file, 0, &time, NULL) == 0);
    pause_ms(45);
    CHECK(read(file, &times_, sizeof times_) == sizeof times_ && times_ >= 3);
}

TEST("timerfd is ready for poll when it has expired")
{
    int file = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    struct itimerspec time = {{0, 0}, {0, 20000000}};
    uint64_t times_;
    CHECK(timerfd_settime(file, 0, &time, NULL) == 0);
    CHECK(FAILS(read(file, &times_, sizeof times_), EAGAIN));
    struct pollfd wanted = {file, POLLIN, 0};
    CHECK(poll(&wanted, 1, 0) == 0 && poll(&wanted, 1, 1000) == 1);
}

TEST("getrandom gives other bytes each time, and refuses unknown flags")
{
    unsigned char a[32], b[32];
    CHECK(syscall(SYS_getrandom, a, sizeof a, 0) == 32);
    CHECK(syscall(SYS_getrandom, b, sizeof b, 0) == 32);
    CHECK(memcmp(a, b, sizeof a) != 0);
    CHECK(FAILS(syscall(SYS_getrandom, a, sizeof a, 0x100), EINVAL));
}
