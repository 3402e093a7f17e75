// SPDX-License-Identifier: MIT
// The file server of the tests: a folder of this machine.
#pragma once

// Where it is; the tests may change it behind the sandbox's back.
extern char fake_folder[64];
extern bool files_wait;      // every request waits
extern bool files_refuse;    // every request is refused
extern bool files_are_gone;  // the file server does not answer
extern bool files_full;      // there is no room for what is written
extern unsigned files_asked; // requests so far
extern unsigned files_refreshed;
extern int files_most; // numbers that it gives out

void fake_files_begin(void);
// A volume loses all that is open: the numbers stay, without files behind them.
void fake_files_forget(void);
// It begins a new life: nothing is open any more, and numbers of before stand for nothing.
void fake_files_begin_life(void);
void fake_files_end(void);
