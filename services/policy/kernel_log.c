// SPDX-License-Identifier: MIT
#include "kernel_log.h"

#include <kozo/start.h>
#include <kozo/stubs.h>
#include <string.h>

bool kernel_log_read(struct policy_kernel_ring ring[POLICY_KERNEL_RINGS])
{
    const struct kozo_audit_digest digest = {kozo_granted("audit")};
    for (size_t i = 0; i < POLICY_KERNEL_RINGS; i++) {
        struct kozo_audit_digest_get_result found = kozo_audit_digest_get(digest, i);
        const uint64_t words[] = {found.digest0, found.digest1, found.digest2, found.digest3};
        static_assert(sizeof words == sizeof ring->digest);
        if (found.error != KOZO_OK) {
            return false;
        }
        ring[i] = (struct policy_kernel_ring){.read = found.read, .written = found.written};
        memcpy(&ring[i].digest, words, sizeof words);
    }
    return true;
}
