// SPDX-License-Identifier: MIT
#include "calls.h"

void fresh(void)
{
    world();
}

void fresh_with_devices(void)
{
    tree_world();
}

const char *current(void)
{
    static char path[4096];
    int64_t length = SYS(getcwd, AT(path), sizeof path);
    return length > 0 ? path : "";
}

void become(unsigned user)
{
    struct credentials *who = &caller()->credentials;
    who->user = who->effective_user = who->saved_user = who->file_user = user;
    who->group = who->effective_group = who->saved_group = who->file_group = user;
}

bool is_root(void)
{
    return true;
}

int own_process(void)
{
    return (int)caller()->process;
}

int own_user(void)
{
    return (int)caller()->credentials.user;
}

// The first process of a world leads a session without a terminal already.
void new_session(void)
{
}

void set_limit(int which, rlim_t soft)
{
    caller()->limit[which].soft = soft;
}

void pause_ms(long milliseconds)
{
    fake_now += (uint64_t)milliseconds * 1'000'000;
}
