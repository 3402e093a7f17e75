// SPDX-License-Identifier: MIT
// On a host whose processor can't run the guest's code there is nothing to probe with: the guest is
// empty, and KVM is not used.
#include "probe.h"

const unsigned char probe_guest[1] = {0};
const unsigned char probe_guest_end[1] = {0};
