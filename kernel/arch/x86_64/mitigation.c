// SPDX-License-Identifier: MIT
// Carries out what speculation.c chose. A processor that needs nothing pays nothing: registers are
// set once, and the ways out of the kernel are changed at boot, in their place, where more has to be
// done.
#include "speculation.h"
#include "x86.h"

#include "lib/memory.h"

constexpr uint32_t MSR_SPEC_CTRL = 0x48;
constexpr uint32_t MSR_ARCH_CAPABILITIES = 0x10a;
constexpr uint32_t MSR_EFER = 0xc000'0080;
constexpr uint64_t EFER_AUTOMATIC_IBRS = 1 << 21;

constexpr unsigned LEAF7_EDX_ARCH_CAPABILITIES = 29;
constexpr unsigned LEAF1_ECX_HYPERVISOR = 31;

constexpr uint8_t JUMP = 0xe9;
constexpr uint64_t JUMP_SIZE = 5;

// The ways out, from entry.S, and what takes the place of each.
struct way_out {
    uint64_t at, guarded;
};
extern const struct way_out ways_out[], ways_out_end[];

static struct speculation chosen;

static bool is_maker(const struct cpuid_result *first, const char *name)
{
    const uint32_t words[] = {first->ebx, first->edx, first->ecx};

    return memcmp(words, name, sizeof(words)) == 0;
}

static struct speculation_facts facts_read(void)
{
    constexpr uint32_t extended = 0x8000'0000;
    struct cpuid_result first = cpuid(0, 0);
    uint32_t highest = cpuid(extended, 0).eax;
    uint32_t version = cpuid(1, 0).eax;
    struct cpuid_result none = {};
    struct cpuid_result seven = first.eax >= 7 ? cpuid(7, 0) : none;
    struct cpuid_result seven_2 = seven.eax >= 2 ? cpuid(7, 2) : none;
    struct cpuid_result eight = highest >= extended + 8 ? cpuid(extended + 8, 0) : none;
    struct cpuid_result more = highest >= extended + 0x21 ? cpuid(extended + 0x21, 0) : none;
    bool capable = (seven.edx >> LEAF7_EDX_ARCH_CAPABILITIES & 1) != 0;

    return (struct speculation_facts){
        .intel = is_maker(&first, "GenuineIntel"),
        .amd = is_maker(&first, "AuthenticAMD"),
        .family = (version >> 8 & 0xf) + (version >> 20 & 0xff),
        .leaf7_ebx = seven.ebx,
        .leaf7_edx = seven.edx,
        .leaf7_2_edx = seven_2.edx,
        .leaf8_ebx = eight.ebx,
        .leaf21_eax = more.eax,
        .leaf21_ecx = more.ecx,
        .capabilities = capable ? rdmsr(MSR_ARCH_CAPABILITIES) : 0,
    };
}

void mitigation_choose(void)
{
    struct speculation_facts facts = facts_read();

    chosen = speculation_choose(&facts);
}

void mitigation_start(void)
{
    if (chosen.control != 0) {
        wrmsr(MSR_SPEC_CTRL, chosen.control);
    }
    if (chosen.automatic) {
        wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_AUTOMATIC_IBRS);
    }
}

// Each way out begins with at least five bytes that a jump may take the place of.
static void guard(const struct way_out *way)
{
    uint8_t *code = (uint8_t *)way->at;
    int32_t distance = (int32_t)(way->guarded - way->at - JUMP_SIZE);

    code[0] = JUMP;
    memcpy(code + 1, &distance, sizeof(distance));
}

static bool has_word(const char *line, const char *word)
{
    size_t length = 0;

    while (word[length] != 0) {
        length++;
    }
    for (; *line != 0; line++) {
        size_t same = 0;
        while (same < length && line[same] == word[same]) {
            same++;
        }
        if (same == length) {
            return true;
        }
    }
    return false;
}

void mitigation_guard_ways_out(const char *command_line)
{
    if (!chosen.clear_buffers && !has_word(command_line, "speculation=guarded")) {
        return;
    }
    for (const struct way_out *way = ways_out; way < ways_out_end; way++) {
        guard(way);
    }
}

static void warn(bool open, const char *text)
{
    static const char start[] = "kozo: this processor is not safe: ";

    for (const char *at = start; open && *at != 0; at++) {
        arch_console_put(*at);
    }
    for (const char *at = text; open && *at != 0; at++) {
        arch_console_put(*at);
    }
}

// An emulator that runs one instruction after the other has none of this.
static bool is_emulated(void)
{
    struct cpuid_result hypervisor = cpuid(0x4000'0000, 0);
    const uint32_t words[] = {hypervisor.ebx, hypervisor.ecx, hypervisor.edx};

    return (cpuid(1, 0).ecx >> LEAF1_ECX_HYPERVISOR & 1) != 0 &&
           memcmp(words, "TCGTCGTCGTCG", sizeof(words)) == 0;
}

void mitigation_warn(void)
{
    if (is_emulated()) {
        return;
    }
    warn(chosen.open_memory, "programs can read the kernel's memory (Meltdown)\n");
    warn(chosen.open_branches, "programs can steer the kernel's branches (Spectre 2)\n");
    warn(chosen.open_history, "programs can steer the kernel's branches (BHI)\n");
    warn(chosen.open_returns, "programs can steer the kernel's returns (Retbleed, SRSO)\n");
    warn(chosen.open_buffers,
         "programs can read data in flight (MDS; newer microcode is needed)\n");
}
