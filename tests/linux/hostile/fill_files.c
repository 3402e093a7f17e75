// SPDX-License-Identifier: MIT
// Fills the RAM file system below /tmp, in one large file and then in many small ones; each time it is told so, removes them, and a file
// can be written again.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char piece[1 << 16];

static void one_large(void)
{
    int file = open("/tmp/large", O_CREAT | O_RDWR, 0600);
    long long written = 0;
    ssize_t done;
    while ((done = write(file, piece, sizeof piece)) > 0) {
        written += done;
    }
    printf("large: %s\n", done < 0 && errno == ENOSPC && written > 0 ? "full" : strerror(errno));
    close(file);
    unlink("/tmp/large");
}

static void many_small(void)
{
    char name[64];
    long count = 0, error = 0;
    for (; count < 10'000'000; count++) {
        snprintf(name, sizeof name, "/tmp/small-%ld", count);
        int file = open(name, O_CREAT | O_RDWR, 0600);
        if (file < 0 || write(file, piece, 4'096) != 4'096) {
            error = errno;
            close(file);
            break;
        }
        close(file);
    }
    printf("small: %s\n", error == ENOSPC && count > 0 ? "full" : strerror((int)error));
    for (; count >= 0; count--) {
        snprintf(name, sizeof name, "/tmp/small-%ld", count);
        unlink(name);
    }
}

int main(void)
{
    memset(piece, 'x', sizeof piece);
    one_large();
    many_small();
    int file = open("/tmp/again", O_CREAT | O_RDWR, 0600);
    printf("again: %s\n",
           write(file, piece, sizeof piece) == sizeof piece ? "written" : strerror(errno));
    return 0;
}
