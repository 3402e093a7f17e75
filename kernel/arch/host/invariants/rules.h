// SPDX-License-Identifier: MIT
// The parts of the rules, each true when all of its rules hold. walk_tree comes first: it finds what the others look at.
#pragma once

// Slots and the tree: what hangs below what, and that rights never grow.
bool walk_tree(void);

// Objects, the places for slots in them, and the memory that they stand in.
bool check_dying(void);
bool check_places(void);
bool check_memory(void);

// Threads: their time, whom they wait for, and the lists of those that are ready.
bool check_threads(void);
bool check_extended_states(void);

// Queues, Replies, and the time that SchedContexts have.
bool check_waiting(void);
bool check_replies(void);
bool check_contexts(void);

// Processors, and the heaps of what is due in them.
bool check_alarms(void);
bool check_cpus(void);

// AddressSpaces with every entry of their tables, and the Pools that tables come from.
bool check_spaces(void);
bool check_pools(void);

// Leases, and what is under them.
bool check_leases(void);
