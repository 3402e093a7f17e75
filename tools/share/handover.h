// SPDX-License-Identifier: MIT
// One file server takes the place of another. When what is granted changes, a new process serves, which is born
// with exactly the places of now; the old one hands its conversation over: the numbers in use, what they
// stand for, and the descriptors of open files. So a grant that ends ends with the process that had it.
//
// Neither believes the other more than it must. The new one looks at each number anew: one whose path is no longer
// there for the guest, or no longer to be changed, or whose descriptor is of another file, is taken back; it stays
// known as that until the guest lets go of it. A file without a name is believed, since nothing else tells of it.
// An extended attribute on its way is not handed over, and is taken back as well.
//
// It goes through a socket of whole messages (SOCK_SEQPACKET): one for each number, and one for the end.
#pragma once

#include "server.h"

// Asks the server at the other end to hand over.
[[nodiscard]] bool handover_ask(int socket);

// Tells everything to who has asked. The server must not serve any more.
[[nodiscard]] bool handover_give(const struct server *server, int socket);

// Takes what another server gives, into one that has just begun. False when that does not come in time, or is no
// handover: nothing of it is to be served then.
[[nodiscard]] bool handover_take(struct server *server, int socket);
