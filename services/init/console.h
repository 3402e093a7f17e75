// SPDX-License-Identifier: MIT
// The console service: starting it, and noticing when it dies.
#pragma once

struct init;

// Starts the console service of the system description and makes it the terminal. Null, or what
// went wrong in words; the terminal is then as it was.
[[nodiscard]] const char *console_start(struct init *init);

// Forgets a console service that no longer answers. The terminal is polled from then on.
void console_lost(struct init *init);

// Starts the watcher, a second thread of init that hears the faults of services. Null, or a reason.
[[nodiscard]] const char *console_watcher_start(struct init *init);
