// SPDX-License-Identifier: MIT
// Memory of a Linux program, as linuxd sees it: an address that the program named, and nothing more. It can't be
// dereferenced, only copied from and to, each time checked against the program's address space; pages that
// are not there yet are brought as for the program itself, which may wait. What was copied is linuxd's own
// and is checked only then. Null is an address like any other.
#pragma once

#include <stddef.h>
#include <stdint.h>

// An address in the memory of the thread whose call is carried out.
struct user {
    uint64_t address;
};

// Copy; 0, or -EFAULT when some of it is not there or not allowed. What was copied before that stays.
[[nodiscard]] int64_t user_read(void *to, struct user from, size_t size);
[[nodiscard]] int64_t user_write(struct user to, const void *from, size_t size);

// Fills with zeros.
[[nodiscard]] int64_t user_zero(struct user to, size_t size);

// Copies a string with its zero. Gives its length without that, -EFAULT, or -ENAMETOOLONG when no zero comes
// within `size` bytes.
[[nodiscard]] int64_t user_string(char *to, struct user from, size_t size);

// A part of a range as linuxd may touch it itself: at most `*size` bytes from `address` on, which is made smaller to what
// lies in one piece. Null for a fault. Good until the next wait. For reading and writing files without a copy between.
[[nodiscard]] const void *user_look(struct user address, size_t *size);
[[nodiscard]] void *user_touch(struct user address, size_t *size);

static inline struct user user_at(struct user base, uint64_t offset)
{
    return (struct user){base.address + offset};
}
