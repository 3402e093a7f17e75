// SPDX-License-Identifier: MIT
#include "faults.h"

#include <setjmp.h>

siginfo_t seen;
static sigjmp_buf jump;

static void catch_fault(int number, siginfo_t *info, void *context)
{
    (void)number;
    (void)context;
    seen = *info;
    siglongjmp(jump, 1);
}

static void catch_faults(void)
{
    struct sigaction action = {.sa_sigaction = catch_fault, .sa_flags = SA_SIGINFO | SA_NODEFER};
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGBUS, &action, NULL);
}

int fault_of(volatile char *address, bool write)
{
    catch_faults();
    if (sigsetjmp(jump, 1) != 0) {
        return seen.si_signo;
    }
    if (write) {
        *address = 1;
    } else {
        (void)*address;
    }
    return 0;
}

int fault_of_call(int (*code)(void))
{
    catch_faults();
    if (sigsetjmp(jump, 1) != 0) {
        return seen.si_signo;
    }
    (void)code();
    return 0;
}
