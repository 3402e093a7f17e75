// SPDX-License-Identifier: MIT
// Signals: handlers and what they are told, masks, queues, waiting, stacks, and calls that a signal breaks off.
#include "test.h"

#include <setjmp.h>
#include <sys/signalfd.h>
#include <ucontext.h>

static volatile int count, last, order[16];
static siginfo_t seen;

static void note(int number)
{
    if (count < 16) {
        order[count] = number;
    }
    count++;
    last = number;
}

static void note_info(int number, siginfo_t *info, void *context)
{
    (void)context;
    seen = *info;
    note(number);
}

static void handle(int number, void (*function)(int), int flags)
{
    struct sigaction action = {.sa_handler = function, .sa_flags = flags};
    CHECK(sigaction(number, &action, NULL) == 0);
}

static void handle_info(int number, int flags)
{
    struct sigaction action = {.sa_sigaction = note_info, .sa_flags = SA_SIGINFO | flags};
    CHECK(sigaction(number, &action, NULL) == 0);
}

static sigset_t set_of(int number)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, number);
    return set;
}

static void block(int number)
{
    sigset_t set = set_of(number);
    CHECK(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
}

static void unblock(int number)
{
    sigset_t set = set_of(number);
    CHECK(sigprocmask(SIG_UNBLOCK, &set, NULL) == 0);
}

// A child that sends a signal to this process after a while.
static pid_t send_later(int number, long milliseconds)
{
    pid_t self = getpid();
    pid_t child = fork();
    if (child == 0) {
        pause_ms(milliseconds);
        kill(self, number);
        _exit(0);
    }
    return child;
}

// --- Handlers

TEST("a handler runs when the signal is raised, before raise returns")
{
    handle(SIGUSR1, note, 0);
    CHECK(raise(SIGUSR1) == 0 && count == 1 && last == SIGUSR1);
}

TEST("a handler with SA_SIGINFO learns who sent the signal")
{
    handle_info(SIGUSR1, 0);
    CHECK(kill(getpid(), SIGUSR1) == 0);
    CHECK(seen.si_signo == SIGUSR1 && seen.si_code == SI_USER);
    CHECK(seen.si_pid == getpid() && seen.si_uid == getuid());
}

TEST("tgkill is told by its code")
{
    handle_info(SIGUSR1, 0);
    CHECK(raise(SIGUSR1) == 0 && seen.si_code == SI_TKILL);
}

TEST("sigqueue carries a value")
{
    handle_info(SIGUSR2, 0);
    union sigval value = {.sival_int = 4711};
    CHECK(sigqueue(getpid(), SIGUSR2, value) == 0);
    CHECK(seen.si_code == SI_QUEUE && seen.si_value.sival_int == 4711);
}

TEST("sigaction gives the old action")
{
    struct sigaction old;
    handle(SIGUSR1, note, SA_RESTART);
    CHECK(sigaction(SIGUSR1, NULL, &old) == 0);
    CHECK(old.sa_handler == note && (old.sa_flags & SA_RESTART) != 0);
}

TEST("SIGKILL and SIGSTOP can't be handled: EINVAL")
{
    struct sigaction action = {.sa_handler = note};
    CHECK(FAILS(sigaction(SIGKILL, &action, NULL), EINVAL));
    CHECK(FAILS(sigaction(SIGSTOP, &action, NULL), EINVAL));
    CHECK(FAILS(sigaction(65, &action, NULL), EINVAL));
    CHECK(FAILS(sigaction(0, &action, NULL), EINVAL));
}

TEST("a signal is blocked while its handler runs")
{
    static volatile bool nested;
    struct sigaction action = {.sa_handler = note};
    sigaction(SIGUSR2, &action, NULL);
    void again(int number)
    {
        note(number);
        if (count == 1) {
            raise(SIGUSR1);
            nested = count > 1;
        }
    }
    handle(SIGUSR1, again, 0);
    raise(SIGUSR1);
    CHECK(!nested && count == 2);
}

TEST("SA_NODEFER lets a handler be interrupted by its own signal")
{
    static volatile bool nested;
    void again(int number)
    {
        note(number);
        if (count == 1) {
            raise(SIGUSR1);
            nested = count == 2;
        }
    }
    handle(SIGUSR1, again, SA_NODEFER);
    raise(SIGUSR1);
    CHECK(nested && count == 2);
}

TEST("SA_RESETHAND makes the action the default after one signal")
{
    struct sigaction old;
    handle(SIGUSR1, note, SA_RESETHAND);
    raise(SIGUSR1);
    CHECK(count == 1 && sigaction(SIGUSR1, NULL, &old) == 0 && old.sa_handler == SIG_DFL);
}

TEST("the mask of an action holds while the handler runs, and no longer")
{
    static volatile int inside;
    void look(int number)
    {
        (void)number;
        raise(SIGUSR2);
        inside = count;
    }
    struct sigaction action = {.sa_handler = look};
    sigaddset(&action.sa_mask, SIGUSR2);
    CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
    handle(SIGUSR2, note, 0);
    raise(SIGUSR1);
    CHECK(inside == 0 && count == 1);
}

TEST("a handler may leave by siglongjmp")
{
    static sigjmp_buf *place;
    sigjmp_buf here;
    place = &here;
    void leave(int number)
    {
        (void)number;
        siglongjmp(*place, 5);
    }
    handle(SIGUSR1, leave, 0);
    if (sigsetjmp(here, 1) == 0) {
        raise(SIGUSR1);
        CHECK(false);
    }
    sigset_t now;
    sigprocmask(SIG_BLOCK, NULL, &now);
    CHECK(!sigismember(&now, SIGUSR1));
}

TEST("a handler keeps the registers of the program")
{
    handle(SIGUSR1, note, 0);
    register double a = 1.5, b = 2.5, c = 3.5;
    long sum = 0;
    for (long i = 0; i < 1000; i++) {
        sum += i;
        if (i % 100 == 0) {
            raise(SIGUSR1);
        }
        a += 1;
        b += a;
        c += b;
    }
    CHECK(count == 10 && sum == 499500 && a == 1001.5 && b == 502002.5 && c > b);
}

TEST("a handler that uses vector registers does not change the program's")
{
    static volatile double other;
    void compute(int number)
    {
        note(number);
        double x = 1;
        for (int i = 0; i < 50; i++) {
            x = x * 1.5 + 2;
        }
        other = x;
        (void)other;
    }
    handle(SIGALRM, compute, 0);
    struct itimerval timer = {{0, 2000}, {0, 2000}};
    setitimer(ITIMER_REAL, &timer, NULL);
    double value = 0;
    long until = now_ms() + 100;
    bool good = true;
    while (now_ms() < until) {
        double x = 3;
        for (int i = 0; i < 100; i++) {
            x = x * 2 - 3;
        }
        good = good && x == 3;
        value += x;
    }
    CHECK(count > 0 && good && value > 0);
}

TEST("a handler sees where the program stood, and can make it go on elsewhere")
{
    static volatile bool jumped;
    void skip(int number, siginfo_t *info, void *context)
    {
        (void)number;
        (void)info;
        ucontext_t *machine = context;
        machine->uc_mcontext.gregs[REG_RIP] += 2; // over the UD2
        jumped = true;
    }
    struct sigaction action = {.sa_sigaction = skip, .sa_flags = SA_SIGINFO};
    sigaction(SIGILL, &action, NULL);
    __asm__ volatile("ud2");
    CHECK(jumped);
}

TEST("a division by zero is SIGFPE with FPE_INTDIV and the address")
{
    static sigjmp_buf here;
    void leave(int number, siginfo_t *info, void *context)
    {
        (void)number;
        (void)context;
        seen = *info;
        siglongjmp(here, 1);
    }
    struct sigaction action = {.sa_sigaction = leave, .sa_flags = SA_SIGINFO};
    sigaction(SIGFPE, &action, NULL);
    if (sigsetjmp(here, 1) == 0) {
        volatile int zero = 0;
        volatile int result = 1234 / zero;
        (void)result;
        CHECK(false);
    }
    CHECK(seen.si_code == FPE_INTDIV && seen.si_addr != NULL);
}

TEST("a breakpoint is SIGTRAP, and the program goes on after it")
{
    handle_info(SIGTRAP, 0);
    __asm__ volatile("int3");
    CHECK(count == 1 && seen.si_code == SI_KERNEL);
}

TEST("a privileged instruction is SIGSEGV")
{
    static sigjmp_buf here;
    void leave(int number)
    {
        note(number);
        siglongjmp(here, 1);
    }
    handle(SIGSEGV, leave, 0);
    if (sigsetjmp(here, 1) == 0) {
        __asm__ volatile("hlt");
    }
    CHECK(last == SIGSEGV);
}

TEST("a fault in a program without a handler ends it with that signal")
{
    pid_t child = fork();
    if (child == 0) {
        *(volatile int *)16 = 1;
        _exit(0);
    }
    CHECK(end_of(child) == 1000 + SIGSEGV);
}

TEST("a fault ends a program that blocks or ignores the signal")
{
    pid_t child = fork();
    if (child == 0) {
        signal(SIGSEGV, SIG_IGN);
        *(volatile int *)16 = 1;
        _exit(0);
    }
    CHECK(end_of(child) == 1000 + SIGSEGV);
}

TEST("abort ends a program with SIGABRT, even with a handler that returns")
{
    pid_t child = fork();
    if (child == 0) {
        handle(SIGABRT, note, 0);
        abort();
    }
    CHECK(end_of(child) == 1000 + SIGABRT);
}

// --- Masks and queues

TEST("a blocked signal is pending, and is taken when it is unblocked")
{
    sigset_t pending;
    handle(SIGUSR1, note, 0);
    block(SIGUSR1);
    raise(SIGUSR1);
    CHECK(count == 0 && sigpending(&pending) == 0 && sigismember(&pending, SIGUSR1));
    unblock(SIGUSR1);
    CHECK(count == 1 && sigpending(&pending) == 0 && !sigismember(&pending, SIGUSR1));
}

TEST("an ordinary signal is pending once, however often it was sent")
{
    handle(SIGUSR1, note, 0);
    block(SIGUSR1);
    for (int i = 0; i < 5; i++) {
        raise(SIGUSR1);
    }
    unblock(SIGUSR1);
    CHECK(count == 1);
}

TEST("real-time signals queue up, in order")
{
    static int values[8];
    void keep(int number, siginfo_t *info, void *context)
    {
        (void)number;
        (void)context;
        values[count++] = info->si_value.sival_int;
    }
    struct sigaction action = {.sa_sigaction = keep, .sa_flags = SA_SIGINFO};
    sigaction(SIGRTMIN, &action, NULL);
    block(SIGRTMIN);
    for (int i = 0; i < 5; i++) {
        union sigval value = {.sival_int = i};
        CHECK(sigqueue(getpid(), SIGRTMIN, value) == 0);
    }
    unblock(SIGRTMIN);
    CHECK(count == 5);
    for (int i = 0; i < 5; i++) {
        CHECK(values[i] == i);
    }
}

TEST("a signal that is ignored is not pending afterwards")
{
    sigset_t pending;
    block(SIGUSR1);
    raise(SIGUSR1);
    signal(SIGUSR1, SIG_IGN);
    CHECK(sigpending(&pending) == 0 && !sigismember(&pending, SIGUSR1));
}

TEST("SIGKILL and SIGSTOP can't be blocked")
{
    sigset_t all, now;
    sigfillset(&all);
    CHECK(sigprocmask(SIG_SETMASK, &all, NULL) == 0);
    CHECK(sigprocmask(SIG_BLOCK, NULL, &now) == 0);
    CHECK(sigismember(&now, SIGUSR1) && !sigismember(&now, SIGKILL) && !sigismember(&now, SIGSTOP));
}

TEST("sigprocmask with an operation that there is not is EINVAL")
{
    sigset_t set = set_of(SIGUSR1);
    CHECK(FAILS(syscall(SYS_rt_sigprocmask, 99, &set, NULL, 8), EINVAL));
    CHECK(FAILS(syscall(SYS_rt_sigprocmask, SIG_BLOCK, &set, NULL, 4), EINVAL));
}

TEST("a child inherits mask and handlers, but no pending signals")
{
    handle(SIGUSR1, note, 0);
    block(SIGUSR1);
    raise(SIGUSR1);
    pid_t child = fork();
    if (child == 0) {
        sigset_t pending, now;
        sigpending(&pending);
        sigprocmask(SIG_BLOCK, NULL, &now);
        _exit(!sigismember(&pending, SIGUSR1) && sigismember(&now, SIGUSR1) ? 0 : 1);
    }
    CHECK(end_of(child) == 0);
}

// --- Waiting

TEST("sigsuspend waits for a signal and puts the mask back")
{
    sigset_t empty, now;
    handle(SIGUSR1, note, 0);
    block(SIGUSR1);
    sigemptyset(&empty);
    pid_t child = send_later(SIGUSR1, 30);
    CHECK(FAILS(sigsuspend(&empty), EINTR) && count == 1);
    CHECK(sigprocmask(SIG_BLOCK, NULL, &now) == 0 && sigismember(&now, SIGUSR1));
    end_of(child);
}

TEST("sigsuspend takes a signal that is pending already")
{
    sigset_t empty;
    handle(SIGUSR1, note, 0);
    block(SIGUSR1);
    raise(SIGUSR1);
    sigemptyset(&empty);
    CHECK(FAILS(sigsuspend(&empty), EINTR) && count == 1);
}

TEST("pause returns after a handler has run")
{
    handle(SIGUSR1, note, SA_RESTART);
    pid_t child = send_later(SIGUSR1, 30);
    CHECK(FAILS(pause(), EINTR) && count == 1);
    end_of(child);
}

TEST("sigwait gives a signal that is blocked, without its handler")
{
    int number = 0;
    handle(SIGUSR1, note, 0);
    block(SIGUSR1);
    sigset_t set = set_of(SIGUSR1);
    pid_t child = send_later(SIGUSR1, 20);
    CHECK(sigwait(&set, &number) == 0 && number == SIGUSR1 && count == 0);
    end_of(child);
}

TEST("sigtimedwait gives up after its time: EAGAIN")
{
    sigset_t set = set_of(SIGUSR1);
    struct timespec time = {0, 30000000};
    block(SIGUSR1);
    long before = now_ms();
    CHECK(FAILS(sigtimedwait(&set, NULL, &time), EAGAIN) && now_ms() - before >= 29);
}

TEST("sigtimedwait tells the particulars")
{
    sigset_t set = set_of(SIGRTMIN + 1);
    siginfo_t info;
    struct timespec time = {5, 0};
    union sigval value = {.sival_int = 99};
    block(SIGRTMIN + 1);
    CHECK(sigqueue(getpid(), SIGRTMIN + 1, value) == 0);
    CHECK(sigtimedwait(&set, &info, &time) == SIGRTMIN + 1 && info.si_value.sival_int == 99);
}

TEST("sigtimedwait is broken off by another signal: EINTR")
{
    sigset_t set = set_of(SIGUSR1);
    struct timespec time = {5, 0};
    block(SIGUSR1);
    handle(SIGUSR2, note, 0);
    pid_t child = send_later(SIGUSR2, 20);
    CHECK(FAILS(sigtimedwait(&set, NULL, &time), EINTR) && count == 1);
    end_of(child);
}

TEST("signalfd gives signals as records")
{
    sigset_t set = set_of(SIGUSR1);
    struct signalfd_siginfo info;
    block(SIGUSR1);
    int file = signalfd(-1, &set, 0);
    CHECK(file >= 0 && raise(SIGUSR1) == 0);
    CHECK(read(file, &info, sizeof info) == sizeof info && info.ssi_signo == SIGUSR1);
}

// --- Calls that are broken off

TEST("a read that waits is broken off by a handler without SA_RESTART: EINTR")
{
    int ends[2];
    char byte;
    CHECK(pipe(ends) == 0);
    handle(SIGUSR1, note, 0);
    pid_t child = send_later(SIGUSR1, 30);
    CHECK(FAILS(read(ends[0], &byte, 1), EINTR) && count == 1);
    end_of(child);
}

TEST("a read that waits goes on after a handler with SA_RESTART")
{
    int ends[2];
    char byte = 0;
    CHECK(pipe(ends) == 0);
    handle(SIGUSR1, note, SA_RESTART);
    pid_t self = getpid();
    pid_t child = fork();
    if (child == 0) {
        pause_ms(20);
        kill(self, SIGUSR1);
        pause_ms(20);
        (void)!write(ends[1], "z", 1);
        _exit(0);
    }
    CHECK(read(ends[0], &byte, 1) == 1 && byte == 'z' && count == 1);
    end_of(child);
}

TEST("a signal that is ignored breaks nothing off")
{
    signal(SIGUSR1, SIG_IGN);
    pid_t child = send_later(SIGUSR1, 10);
    struct timespec time = {0, 60000000}, left;
    CHECK(nanosleep(&time, &left) == 0);
    end_of(child);
}

TEST("nanosleep is broken off by a handler, even with SA_RESTART, and tells what was left")
{
    handle(SIGUSR1, note, SA_RESTART);
    pid_t child = send_later(SIGUSR1, 20);
    struct timespec time = {5, 0}, left = {0, 0};
    CHECK(FAILS(nanosleep(&time, &left), EINTR));
    CHECK(count == 1 && (left.tv_sec == 4 || (left.tv_sec == 5 && left.tv_nsec == 0)));
    end_of(child);
}

TEST("poll is broken off by a handler, even with SA_RESTART")
{
    handle(SIGUSR1, note, SA_RESTART);
    pid_t child = send_later(SIGUSR1, 20);
    CHECK(FAILS(poll(NULL, 0, 5000), EINTR) && count == 1);
    end_of(child);
}

TEST("wait goes on after a handler with SA_RESTART")
{
    handle(SIGUSR1, note, SA_RESTART);
    pid_t sender = send_later(SIGUSR1, 10);
    pid_t child = fork();
    if (child == 0) {
        pause_ms(60);
        _exit(3);
    }
    CHECK(end_of(child) == 3 && count == 1);
    end_of(sender);
}

TEST("a program that computes is interrupted by a signal")
{
    handle(SIGUSR1, note, 0);
    pid_t child = send_later(SIGUSR1, 20);
    long until = now_ms() + 5000;
    while (count == 0 && now_ms() < until) {
    }
    CHECK(count == 1);
    end_of(child);
}

TEST("a program that computes without a system call is interrupted, too")
{
    handle(SIGALRM, note, 0);
    alarm(1);
    for (volatile unsigned long i = 0; count == 0; i++) {
    }
    CHECK(count == 1);
}

// --- Sending

TEST("kill 0 looks whether a process is there")
{
    CHECK(kill(getpid(), 0) == 0);
    CHECK(FAILS(kill(99999, 0), ESRCH));
    CHECK(FAILS(kill(getpid(), 65), EINVAL));
}

TEST("the end of a child is SIGCHLD, with its particulars")
{
    handle_info(SIGCHLD, 0);
    pid_t child = fork();
    if (child == 0) {
        _exit(4);
    }
    while (count == 0) {
        pause_ms(5);
    }
    CHECK(seen.si_pid == child && seen.si_code == CLD_EXITED && seen.si_status == 4);
    CHECK(end_of(child) == 4);
}

TEST("SA_NOCLDSTOP: a child that stops is not told of")
{
    handle_info(SIGCHLD, SA_NOCLDSTOP);
    pid_t child = fork();
    if (child == 0) {
        pause();
    }
    int status;
    kill(child, SIGSTOP);
    CHECK(waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status) && count == 0);
    kill(child, SIGKILL);
    end_of(child);
}

TEST("a stopped process does nothing until SIGCONT")
{
    volatile long *counter =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t child = fork();
    if (child == 0) {
        while (true) {
            (*counter)++;
        }
    }
    int status;
    pause_ms(20);
    CHECK(kill(child, SIGSTOP) == 0 && waitpid(child, &status, WUNTRACED) == child);
    long before = *counter;
    pause_ms(30);
    CHECK(*counter == before && before > 0);
    CHECK(kill(child, SIGCONT) == 0);
    for (int i = 0; i < 100 && *counter == before; i++) {
        pause_ms(5);
    }
    CHECK(*counter > before);
    kill(child, SIGKILL);
    CHECK(end_of(child) == 1000 + SIGKILL);
}

TEST("SIGKILL ends a stopped process")
{
    pid_t child = fork();
    if (child == 0) {
        raise(SIGSTOP);
        _exit(1);
    }
    int status;
    CHECK(waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status));
    CHECK(kill(child, SIGKILL) == 0 && end_of(child) == 1000 + SIGKILL);
}

TEST("writing to a pipe without readers is SIGPIPE, and EPIPE when that is ignored")
{
    int ends[2];
    CHECK(pipe(ends) == 0 && close(ends[0]) == 0);
    handle(SIGPIPE, note, 0);
    CHECK(FAILS(write(ends[1], "x", 1), EPIPE) && count == 1);
    signal(SIGPIPE, SIG_IGN);
    CHECK(FAILS(write(ends[1], "x", 1), EPIPE));
}

// --- Stacks

TEST("a handler with SA_ONSTACK runs on the alternate stack")
{
    static char area[65536];
    static volatile bool there;
    void look(int number)
    {
        char local;
        (void)number;
        there = &local >= area && &local < area + sizeof area;
    }
    stack_t stack = {.ss_sp = area, .ss_size = sizeof area};
    CHECK(sigaltstack(&stack, NULL) == 0);
    struct sigaction action = {.sa_handler = look, .sa_flags = SA_ONSTACK};
    sigaction(SIGUSR1, &action, NULL);
    raise(SIGUSR1);
    CHECK(there);
}

TEST("a stack that ran over is handled on the alternate one")
{
    static char area[65536];
    stack_t stack = {.ss_sp = area, .ss_size = sizeof area};
    CHECK(sigaltstack(&stack, NULL) == 0);
    pid_t child = fork();
    if (child == 0) {
        void leave(int number)
        {
            (void)number;
            _exit(12);
        }
        struct sigaction action = {.sa_handler = leave, .sa_flags = SA_ONSTACK};
        sigaction(SIGSEGV, &action, NULL);
        __asm__ volatile("1: push %rax; jmp 1b");
    }
    CHECK(end_of(child) == 12);
}

TEST("sigaltstack tells what is set, refuses small ones with ENOMEM, and can be disabled")
{
    static char area[65536];
    stack_t stack = {.ss_sp = area, .ss_size = sizeof area}, old;
    CHECK(sigaltstack(NULL, &old) == 0 && old.ss_flags == SS_DISABLE);
    CHECK(sigaltstack(&stack, NULL) == 0);
    CHECK(sigaltstack(NULL, &old) == 0 && old.ss_sp == area && old.ss_size == sizeof area);
    stack.ss_size = 100;
    CHECK(FAILS(sigaltstack(&stack, NULL), ENOMEM));
    stack.ss_flags = SS_DISABLE;
    CHECK(sigaltstack(&stack, NULL) == 0);
    CHECK(sigaltstack(NULL, &old) == 0 && old.ss_flags == SS_DISABLE);
}

TEST("SIGCONT, SIGCHLD, SIGURG and SIGWINCH do nothing by default")
{
    CHECK(raise(SIGCONT) == 0 && raise(SIGCHLD) == 0 && raise(SIGURG) == 0 && raise(SIGWINCH) == 0);
}

TEST("other signals end a program by default")
{
    static const int numbers[] = {SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGALRM, SIGTERM, SIGIO};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        pid_t child = fork();
        if (child == 0) {
            signal(numbers[i], SIG_DFL);
            raise(numbers[i]);
            _exit(0);
        }
        CHECK(end_of(child) == 1000 + numbers[i]);
    }
}
