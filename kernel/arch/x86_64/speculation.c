// SPDX-License-Identifier: MIT
// Sources: Intel, "CPUID Enumeration and Architectural MSRs" (bits of leaf 7 and of
// IA32_ARCH_CAPABILITIES); AMD APM volume 3, appendix E.4, and AMD's notes on SRSO and TSA (leaves
// 0x80000008 and 0x80000021).
#include "speculation.h"

// Leaf 7.
constexpr unsigned LEAF7_EBX_RTM = 11;
constexpr unsigned LEAF7_EDX_MD_CLEAR = 10;
constexpr unsigned LEAF7_EDX_STIBP = 27;
constexpr unsigned LEAF7_2_EDX_BHI_CONTROL = 4;

// Leaves 0x80000008 and 0x80000021.
constexpr unsigned LEAF8_EBX_STIBP = 15;
constexpr unsigned LEAF21_EAX_VERW_CLEARS = 5;
constexpr unsigned LEAF21_EAX_AUTOMATIC_IBRS = 8;
constexpr unsigned LEAF21_EAX_SRSO_NO = 29;
constexpr unsigned LEAF21_ECX_TSA_STORE_NO = 1;
constexpr unsigned LEAF21_ECX_TSA_L1_NO = 2;

// IA32_ARCH_CAPABILITIES.
constexpr unsigned CAPABLE_RDCL_NO = 0;
constexpr unsigned CAPABLE_IBRS_ALL = 1;
constexpr unsigned CAPABLE_MDS_NO = 5;
constexpr unsigned CAPABLE_TAA_NO = 8;
constexpr uint64_t CAPABLE_STALE_NO = 7 << 13; // SBDR_SSDP_NO, FBSDP_NO, PSDP_NO
constexpr unsigned CAPABLE_FB_CLEAR = 17;
constexpr unsigned CAPABLE_BHI_NO = 20;
constexpr unsigned CAPABLE_RFDS_NO = 27;
constexpr unsigned CAPABLE_RFDS_CLEAR = 28;

// IA32_SPEC_CTRL.
constexpr uint64_t CONTROL_IBRS = 1 << 0;
constexpr uint64_t CONTROL_STIBP = 1 << 1;
constexpr uint64_t CONTROL_BHI_DISABLE = 1 << 10;

constexpr uint32_t FAMILY_ZEN_1_AND_2 = 0x17;
constexpr uint32_t FAMILY_ZEN_3_AND_4 = 0x19;

static bool bit(uint64_t word, unsigned number)
{
    return (word >> number & 1) != 0;
}

static void choose_intel(struct speculation *choice, const struct speculation_facts *facts)
{
    uint64_t capable = facts->capabilities;
    bool clears = bit(facts->leaf7_edx, LEAF7_EDX_MD_CLEAR);
    bool sampled = !bit(capable, CAPABLE_MDS_NO);
    bool aborts = bit(facts->leaf7_ebx, LEAF7_EBX_RTM) && !bit(capable, CAPABLE_TAA_NO);
    bool stale = bit(capable, CAPABLE_FB_CLEAR) && (capable & CAPABLE_STALE_NO) != CAPABLE_STALE_NO;
    bool files = bit(capable, CAPABLE_RFDS_CLEAR) && !bit(capable, CAPABLE_RFDS_NO);

    choice->clear_buffers = (clears && (sampled || aborts)) || stale || files;
    choice->open_buffers = (sampled || aborts) && !clears;
    choice->open_memory = !bit(capable, CAPABLE_RDCL_NO);
    choice->open_branches = !bit(capable, CAPABLE_IBRS_ALL);
    if (choice->open_branches) {
        return;
    }
    bool history = !bit(capable, CAPABLE_BHI_NO);
    bool history_control = bit(facts->leaf7_2_edx, LEAF7_2_EDX_BHI_CONTROL);
    choice->control = CONTROL_IBRS;
    choice->control |= bit(facts->leaf7_edx, LEAF7_EDX_STIBP) ? CONTROL_STIBP : 0;
    choice->control |= history && history_control ? CONTROL_BHI_DISABLE : 0;
    choice->open_history = history && !history_control;
}

static void choose_amd(struct speculation *choice, const struct speculation_facts *facts)
{
    bool zen = facts->family == FAMILY_ZEN_1_AND_2 || facts->family == FAMILY_ZEN_3_AND_4;
    bool stores = !bit(facts->leaf21_ecx, LEAF21_ECX_TSA_STORE_NO);
    bool loads = !bit(facts->leaf21_ecx, LEAF21_ECX_TSA_L1_NO);

    choice->automatic = bit(facts->leaf21_eax, LEAF21_EAX_AUTOMATIC_IBRS);
    choice->control =
        choice->automatic && bit(facts->leaf8_ebx, LEAF8_EBX_STIBP) ? CONTROL_STIBP : 0;
    choice->clear_buffers = bit(facts->leaf21_eax, LEAF21_EAX_VERW_CLEARS) && (stores || loads);
    choice->open_branches = !choice->automatic;
    choice->open_returns = zen && !bit(facts->leaf21_eax, LEAF21_EAX_SRSO_NO);
}

// Of other makers nothing is known.
struct speculation speculation_choose(const struct speculation_facts *facts)
{
    struct speculation choice = {.open_branches = true};

    if (facts->intel) {
        choose_intel(&choice, facts);
    } else if (facts->amd) {
        choose_amd(&choice, facts);
    }
    return choice;
}
