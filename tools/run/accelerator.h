// SPDX-License-Identifier: MIT
// Whether KVM runs an ordinary guest on this machine. /dev/kvm may be there and useless: inside
// some sandboxes it accepts a machine and then emulates or stalls. So a tiny guest is run under KVM
// with a short time limit. Nothing is remembered from run to run.
#pragma once

#include "options.h"

constexpr int PROBE_LIMIT_MS = 250;

enum probe_result : int {
    PROBE_WORKS,
    PROBE_ABSENT, // there is no /dev/kvm that this user may open
    PROBE_BROKEN, // it is there, and the guest failed or took too long
};

[[nodiscard]] enum probe_result accelerator_probe(void);

// The accelerator for a wish: what was wished, or for "auto" what the probe says. With verbose the
// choice and its reason are printed.
[[nodiscard]] enum accelerator accelerator_choose(const struct options *options);
