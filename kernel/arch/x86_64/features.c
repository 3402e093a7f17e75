// SPDX-License-Identifier: MIT
// What the processor can do, asked once (Intel SDM volume 2, CPUID; AMD APM volume 3, appendix E).
#include "x86.h"

struct features features;

static bool bit(uint32_t word, unsigned number)
{
    return (word >> number & 1) != 0;
}

void features_read(void)
{
    uint32_t highest = cpuid(0, 0).eax;
    struct cpuid_result basic = cpuid(1, 0);
    struct cpuid_result more = highest >= 7 ? cpuid(7, 0) : (struct cpuid_result){};
    struct cpuid_result state = highest >= 0xd ? cpuid(0xd, 1) : (struct cpuid_result){};
    struct cpuid_result extended = cpuid(0x80000001, 0);
    bool has_power = cpuid(0x80000000, 0).eax >= 0x80000007;

    features = (struct features){
        .x2apic = bit(basic.ecx, 21),
        .tsc_deadline = bit(basic.ecx, 24),
        .tsc_invariant = has_power && bit(cpuid(0x80000007, 0).edx, 8),
        .xsave = bit(basic.ecx, 26) && highest >= 0xd,
        .xsaveopt = bit(state.eax, 0),
        .rdrand = bit(basic.ecx, 30),
        .global = bit(basic.edx, 13),
        .fsgsbase = bit(more.ebx, 0),
        .smep = bit(more.ebx, 7),
        .rdseed = bit(more.ebx, 18),
        .smap = bit(more.ebx, 20),
        .umip = bit(more.ecx, 2),
        .large_1g = bit(extended.edx, 26),
    };
}
