// SPDX-License-Identifier: MIT
// Children that end by a fault of each kind, round after round; the parent goes on, and says by how many signals of which it was told.
//
//     crash ROUNDS
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static void touch_nothing(void)
{
    *(volatile int *)nullptr = 1;
}

static void write_to_text(void)
{
    *(volatile char *)(uintptr_t)&touch_nothing = 0;
}

static void run_nonsense(void)
{
    __asm__ volatile("ud2");
}

static void divide(void)
{
    __asm__ volatile("xorl %%edx, %%edx; xorl %%ecx, %%ecx; movl $1, %%eax; divl %%ecx" ::
                         : "eax", "ecx", "edx");
}

static void use_up_stack(void)
{
    __asm__ volatile("1: push %rax; jmp 1b");
}

static void jump_beyond(void)
{
    __asm__ volatile("movabs $0x8000000000000000, %%rax; jmp *%%rax" ::: "rax");
}

static void stop_at_breakpoint(void)
{
    __asm__ volatile("int3");
}

static void do_what_only_a_kernel_may(void)
{
    __asm__ volatile("hlt");
}

static void read_beyond_a_file(void)
{
    int file = memfd_create("short", 0);
    char *page = mmap(nullptr, 4'096, PROT_READ, MAP_SHARED, file, 0);
    (void)*(volatile char *)page;
}

static const struct {
    void (*crash)(void);
    int signal;
} kinds[] = {
    {touch_nothing, SIGSEGV},      {write_to_text, SIGSEGV},
    {run_nonsense, SIGILL},        {divide, SIGFPE},
    {use_up_stack, SIGSEGV},       {jump_beyond, SIGSEGV},
    {stop_at_breakpoint, SIGTRAP}, {do_what_only_a_kernel_may, SIGSEGV},
    {read_beyond_a_file, SIGBUS},  {abort, SIGABRT},
};
constexpr size_t KINDS = sizeof kinds / sizeof kinds[0];

int main(int count, char **words)
{
    long rounds = count > 1 ? atol(words[1]) : 10;
    long right = 0;
    for (long i = 0; i < rounds * (long)KINDS; i++) {
        size_t kind = (size_t)i % KINDS;
        pid_t child = fork();
        if (child == 0) {
            kinds[kind].crash();
            _exit(0);
        }
        int status = 0;
        bool told = child > 0 && waitpid(child, &status, 0) == child;
        if (told && WIFSIGNALED(status) && WTERMSIG(status) == kinds[kind].signal) {
            right++;
        } else {
            printf("kind %zu: status %d, not by signal %d\n", kind, status, kinds[kind].signal);
        }
    }
    printf("%ld of %ld children ended by their signal\n", right, rounds * (long)KINDS);
    return 0;
}
