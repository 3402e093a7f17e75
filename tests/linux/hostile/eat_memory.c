// SPDX-License-Identifier: MIT
// Touches memory until there is none, in a child at a time, and then in several at once. A child may get ENOMEM, or be
// ended; the parent must be able to go on.
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

constexpr size_t PIECE = 1 << 20;

static void eat(void)
{
    for (;;) {
        char *piece =
            mmap(nullptr, PIECE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (piece == MAP_FAILED) {
            _exit(3);
        }
        for (size_t at = 0; at < PIECE; at += 4'096) {
            piece[at] = 1;
        }
    }
}

static void let_children_eat(int children)
{
    for (int i = 0; i < children; i++) {
        if (fork() == 0) {
            eat();
        }
    }
    int status, ended = 0;
    while (wait(&status) > 0) {
        ended += (WIFEXITED(status) && WEXITSTATUS(status) == 3) ||
                 (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    }
    printf("%d of %d had no more\n", ended, children);
    fflush(stdout);
}

int main(void)
{
    let_children_eat(1);
    let_children_eat(1);
    let_children_eat(4);
    return 0;
}
