// SPDX-License-Identifier: MIT
// Threads and futexes: waiting for a word, waking, moving, time limits, and what a thread leaves behind.
#include "test.h"

#include <linux/futex.h>
#include <pthread.h>

static long futex(volatile int *word, int operation, int value, const struct timespec *time,
                  volatile int *other, int third)
{
    return syscall(SYS_futex, word, operation, value, time, other, third);
}

static volatile int word, second;
static volatile int passed;

// --- Waiting and waking

TEST("waiting for a word that has another value is EAGAIN")
{
    word = 1;
    CHECK(FAILS(futex(&word, FUTEX_WAIT_PRIVATE, 2, NULL, NULL, 0), EAGAIN));
}

TEST("waiting gives up after its time: ETIMEDOUT")
{
    struct timespec time = {0, 30000000};
    long before = now_ms();
    CHECK(FAILS(futex(&word, FUTEX_WAIT_PRIVATE, 0, &time, NULL, 0), ETIMEDOUT));
    CHECK(now_ms() - before >= 29);
}

TEST("FUTEX_WAIT_BITSET takes a point of time")
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    time.tv_nsec += 30000000;
    if (time.tv_nsec >= 1000000000) {
        time.tv_nsec -= 1000000000;
        time.tv_sec++;
    }
    long before = now_ms();
    CHECK(FAILS(futex(&word, FUTEX_WAIT_BITSET_PRIVATE, 0, &time, NULL, -1), ETIMEDOUT));
    CHECK(now_ms() - before >= 25);
}

TEST("a point of time that has passed is ETIMEDOUT at once")
{
    struct timespec time = {0, 1};
    CHECK(FAILS(futex(&word, FUTEX_WAIT_BITSET_PRIVATE, 0, &time, NULL, -1), ETIMEDOUT));
}

TEST("a time that is none, an address that is not aligned, and no bits are EINVAL")
{
    struct timespec time = {0, 1000000000};
    CHECK(FAILS(futex(&word, FUTEX_WAIT_PRIVATE, 0, &time, NULL, 0), EINVAL));
    CHECK(FAILS(futex((int *)((char *)&word + 1), FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0), EINVAL));
    CHECK(FAILS(futex(&word, FUTEX_WAIT_BITSET_PRIVATE, 0, NULL, NULL, 0), EINVAL));
}

TEST("an operation that there is not is ENOSYS")
{
    CHECK(FAILS(futex(&word, 100, 0, NULL, NULL, 0), ENOSYS));
}

TEST("a word that is not there is EFAULT")
{
    CHECK(FAILS(futex((int *)8, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0), EFAULT));
}

TEST("waking where nobody waits gives 0")
{
    CHECK(futex(&word, FUTEX_WAKE_PRIVATE, 10, NULL, NULL, 0) == 0);
}

static void *wait_for_word(void *argument)
{
    (void)argument;
    while (word == 0) {
        futex(&word, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
    }
    __atomic_fetch_add(&passed, 1, __ATOMIC_SEQ_CST);
    return NULL;
}

static void begin(pthread_t *threads, int count, void *(*function)(void *))
{
    for (int i = 0; i < count; i++) {
        CHECK(pthread_create(&threads[i], NULL, function, NULL) == 0);
    }
    pause_ms(40);
}

static void end(pthread_t *threads, int count)
{
    for (int i = 0; i < count; i++) {
        CHECK(pthread_join(threads[i], NULL) == 0);
    }
}

TEST("waking wakes as many as it is told, and says how many")
{
    pthread_t threads[4];
    begin(threads, 4, wait_for_word);
    word = 1;
    CHECK(futex(&word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0) == 1);
    pause_ms(20);
    CHECK(passed == 1);
    CHECK(futex(&word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0) == 3);
    end(threads, 4);
    CHECK(passed == 4);
}

static void *wait_for_bit(void *argument)
{
    (void)argument;
    CHECK(futex(&word, FUTEX_WAIT_BITSET_PRIVATE, 0, NULL, NULL, 2) == 0);
    return NULL;
}

TEST("FUTEX_WAKE_BITSET wakes those only that wait for one of its bits")
{
    pthread_t thread;
    begin(&thread, 1, wait_for_bit);
    CHECK(futex(&word, FUTEX_WAKE_BITSET_PRIVATE, 1, NULL, NULL, 4) == 0);
    CHECK(futex(&word, FUTEX_WAKE_BITSET_PRIVATE, 1, NULL, NULL, 6) == 1);
    end(&thread, 1);
}

TEST("FUTEX_CMP_REQUEUE moves waiters to another word")
{
    pthread_t threads[3];
    begin(threads, 3, wait_for_word);
    CHECK(FAILS(futex(&word, FUTEX_CMP_REQUEUE_PRIVATE, 1, (void *)10, &second, 5), EAGAIN));
    word = 1;
    CHECK(futex(&word, FUTEX_CMP_REQUEUE_PRIVATE, 1, (void *)10, &second, 1) == 3);
    pause_ms(20);
    CHECK(passed == 1);
    CHECK(futex(&word, FUTEX_WAKE_PRIVATE, 10, NULL, NULL, 0) == 0);
    CHECK(futex(&second, FUTEX_WAKE_PRIVATE, 10, NULL, NULL, 0) == 2);
    end(threads, 3);
}

TEST("FUTEX_WAKE_OP changes a word and wakes by what it was")
{
    pthread_t thread;
    second = 5;
    begin(&thread, 1, wait_for_word);
    word = 1;
    int how = FUTEX_OP(FUTEX_OP_ADD, 3, FUTEX_OP_CMP_EQ, 5);
    CHECK(futex(&word, FUTEX_WAKE_OP_PRIVATE, 1, (void *)1, &second, how) == 1 && second == 8);
    end(&thread, 1);
}

TEST("a shared word wakes a process that mapped it elsewhere")
{
    int file = memfd_create("word", 0);
    CHECK(ftruncate(file, 4096) == 0);
    volatile int *here = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    pid_t child = fork();
    if (child == 0) {
        volatile int *there = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        while (*there == 0) {
            futex(there, FUTEX_WAIT, 0, NULL, NULL, 0);
        }
        _exit(*there);
    }
    pause_ms(30);
    *here = 9;
    CHECK(futex(here, FUTEX_WAKE, 1, NULL, NULL, 0) == 1);
    CHECK(end_of(child) == 9);
}

TEST("a private word of a child is another one")
{
    pid_t child = fork();
    if (child == 0) {
        struct timespec time = {0, 50000000};
        _exit(FAILS(futex(&word, FUTEX_WAIT_PRIVATE, 0, &time, NULL, 0), ETIMEDOUT) ? 0 : 1);
    }
    pause_ms(20);
    CHECK(futex(&word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0) == 0);
    CHECK(end_of(child) == 0);
}

static void nothing(int number)
{
    (void)number;
}

TEST("a signal breaks waiting off: EINTR")
{
    signal(SIGUSR1, nothing);
    struct sigaction action = {.sa_handler = nothing};
    sigaction(SIGUSR1, &action, NULL);
    pid_t self = getpid();
    pid_t child = fork();
    if (child == 0) {
        pause_ms(20);
        kill(self, SIGUSR1);
        _exit(0);
    }
    CHECK(FAILS(futex(&word, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0), EINTR));
    end_of(child);
}

// --- Threads

TEST("threads of a process share its memory and have numbers of their own")
{
    static volatile pid_t number, process;
    void *tell(void *argument)
    {
        (void)argument;
        number = (pid_t)syscall(SYS_gettid);
        process = getpid();
        return NULL;
    }
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, tell, NULL) == 0 && pthread_join(thread, NULL) == 0);
    CHECK(process == getpid() && number != process && number > 0);
}

TEST("each thread has its own thread-local memory and errno")
{
    static __thread int own = 1;
    void *change(void *argument)
    {
        own += 5;
        errno = EBADF;
        return (void *)(long)(own + (argument != NULL));
    }
    pthread_t thread;
    void *result;
    errno = 0;
    CHECK(pthread_create(&thread, NULL, change, NULL) == 0);
    CHECK(pthread_join(thread, &result) == 0);
    CHECK((long)result == 6 && own == 1 && errno == 0);
}

TEST("a mutex lets one thread at a time through")
{
    static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    static long total;
    void *count(void *argument)
    {
        (void)argument;
        for (int i = 0; i < 20000; i++) {
            pthread_mutex_lock(&mutex);
            total++;
            pthread_mutex_unlock(&mutex);
        }
        return NULL;
    }
    pthread_t threads[4];
    begin(threads, 4, count);
    end(threads, 4);
    CHECK(total == 80000);
}

TEST("a condition wakes all who wait for it")
{
    static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
    static bool set;
    void *await(void *argument)
    {
        (void)argument;
        pthread_mutex_lock(&mutex);
        while (!set) {
            pthread_cond_wait(&condition, &mutex);
        }
        pthread_mutex_unlock(&mutex);
        return NULL;
    }
    pthread_t threads[8];
    begin(threads, 8, await);
    pthread_mutex_lock(&mutex);
    set = true;
    pthread_cond_broadcast(&condition);
    pthread_mutex_unlock(&mutex);
    end(threads, 8);
}

TEST("a robust mutex tells that its owner ended")
{
    static pthread_mutex_t mutex;
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&mutex, &attributes);
    void *take(void *argument)
    {
        pthread_mutex_lock(&mutex);
        return argument;
    }
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, take, NULL) == 0 && pthread_join(thread, NULL) == 0);
    CHECK(pthread_mutex_lock(&mutex) == EOWNERDEAD);
}

TEST("two hundred threads, one after the other")
{
    void *quick(void *argument)
    {
        return argument;
    }
    for (long i = 0; i < 200; i++) {
        pthread_t thread;
        void *result;
        CHECK(pthread_create(&thread, NULL, quick, (void *)i) == 0);
        CHECK(pthread_join(thread, &result) == 0 && (long)result == i);
    }
}

TEST("exit ends all threads of a process")
{
    pid_t child = fork();
    if (child == 0) {
        void *forever(void *argument)
        {
            while (true) {
                pause_ms(1000);
            }
            return argument;
        }
        void *busy(void *argument)
        {
            for (volatile long i = 0;; i++) {
            }
            return argument;
        }
        pthread_t thread;
        pthread_create(&thread, NULL, forever, NULL);
        pthread_create(&thread, NULL, busy, NULL);
        pause_ms(20);
        exit(5);
    }
    CHECK(end_of(child) == 5);
}

TEST("a process ends when its last thread does, with the status of the first")
{
    pid_t child = fork();
    if (child == 0) {
        void *last(void *argument)
        {
            pause_ms(40);
            return argument;
        }
        pthread_t thread;
        pthread_create(&thread, NULL, last, NULL);
        pthread_detach(thread);
        pthread_exit(NULL);
    }
    CHECK(end_of(child) == 0);
}

TEST("exec by one thread ends the others, and keeps the process's number")
{
    pid_t child = fork();
    if (child == 0) {
        void *call_exec(void *argument)
        {
            execl("/proc/self/exe", "self", "99999", (char *)NULL);
            return argument;
        }
        pthread_t thread;
        pthread_create(&thread, NULL, call_exec, NULL);
        for (volatile long i = 0;; i++) {
        }
    }
    CHECK(end_of(child) == 0);
}

TEST("pthread_kill reaches one thread")
{
    static volatile pid_t who;
    void tell(int number)
    {
        (void)number;
        who = (pid_t)syscall(SYS_gettid);
    }
    static volatile pid_t waiting;
    void *await(void *argument)
    {
        waiting = (pid_t)syscall(SYS_gettid);
        pause();
        return argument;
    }
    struct sigaction action = {.sa_handler = tell};
    sigaction(SIGUSR1, &action, NULL);
    pthread_t thread;
    begin(&thread, 1, await);
    CHECK(pthread_kill(thread, SIGUSR1) == 0);
    end(&thread, 1);
    CHECK(who == waiting && who != getpid());
}

TEST("a thread that is cancelled while it waits ends")
{
    void *await(void *argument)
    {
        pause();
        return argument;
    }
    pthread_t thread;
    void *result;
    begin(&thread, 1, await);
    CHECK(pthread_cancel(thread) == 0 && pthread_join(thread, &result) == 0);
    CHECK(result == PTHREAD_CANCELED);
}

TEST("a fork in one thread gives a child with that one only")
{
    void *do_fork(void *argument)
    {
        pid_t child = fork();
        if (child == 0) {
            _exit(getpid() == (pid_t)syscall(SYS_gettid) ? 0 : 1);
        }
        *(int *)argument = end_of(child);
        return NULL;
    }
    pthread_t thread;
    int status = -1;
    CHECK(pthread_create(&thread, NULL, do_fork, &status) == 0);
    CHECK(pthread_join(thread, NULL) == 0 && status == 0);
}
