// SPDX-License-Identifier: MIT
// What is chosen for processors of several kinds. The words are those that they report.
#include "speculation.h"
#include "test.h"

constexpr uint64_t RDCL_NO = 1 << 0, IBRS_ALL = 1 << 1, MDS_NO = 1 << 5, TAA_NO = 1 << 8;
constexpr uint64_t STALE_NO = 7 << 13, FB_CLEAR = 1 << 17, BHI_NO = 1 << 20;
constexpr uint64_t RFDS_NO = 1 << 27, RFDS_CLEAR = 1 << 28;
constexpr uint32_t MD_CLEAR = 1 << 10, STIBP = 1 << 27, RTM = 1 << 11, BHI_CONTROL = 1 << 4;

static struct speculation choose(struct speculation_facts facts)
{
    return speculation_choose(&facts);
}

static bool nothing_open(const struct speculation *choice)
{
    return !choice->open_memory && !choice->open_branches && !choice->open_history &&
           !choice->open_returns && !choice->open_buffers;
}

TEST("an Intel processor of before 2018 is open to Meltdown and Spectre 2, and its buffers are "
     "cleared")
{
    struct speculation choice = choose((struct speculation_facts){
        .intel = true, .family = 6, .leaf7_edx = MD_CLEAR | STIBP, .leaf7_ebx = RTM});
    CHECK(choice.open_memory && choice.open_branches && choice.clear_buffers);
    CHECK(choice.control == 0 && !choice.automatic && !choice.open_buffers);
}

TEST("an Intel processor without the microcode for it says that data in flight leaks")
{
    struct speculation choice = choose((struct speculation_facts){.intel = true, .family = 6});
    CHECK(choice.open_buffers && !choice.clear_buffers);
}

TEST("an Intel processor with everything mended sets its control register once, and clears nothing")
{
    struct speculation choice = choose((struct speculation_facts){
        .intel = true,
        .family = 6,
        .leaf7_edx = MD_CLEAR | STIBP,
        .leaf7_2_edx = BHI_CONTROL,
        .capabilities = RDCL_NO | IBRS_ALL | MDS_NO | TAA_NO | STALE_NO | BHI_NO | RFDS_NO});
    CHECK(nothing_open(&choice) && !choice.clear_buffers);
    CHECK(choice.control == 3);
}

TEST("the history of branches is turned off where that can be done, else it is open")
{
    struct speculation_facts facts = {.intel = true,
                                      .leaf7_edx = MD_CLEAR,
                                      .leaf7_2_edx = BHI_CONTROL,
                                      .capabilities = RDCL_NO | IBRS_ALL | MDS_NO | TAA_NO};
    struct speculation choice = speculation_choose(&facts);
    CHECK(choice.control == (1 | 1 << 10) && !choice.open_history);
    facts.leaf7_2_edx = 0;
    choice = speculation_choose(&facts);
    CHECK(choice.control == 1 && choice.open_history);
}

TEST("buffers are cleared for each attack on its own")
{
    struct speculation_facts facts = {.intel = true, .leaf7_edx = MD_CLEAR};
    constexpr uint64_t sound = RDCL_NO | IBRS_ALL | BHI_NO;
    facts.capabilities = sound | MDS_NO;
    CHECK(!speculation_choose(&facts).clear_buffers);
    facts.leaf7_ebx = RTM;
    CHECK(speculation_choose(&facts).clear_buffers);
    facts.capabilities = sound | MDS_NO | TAA_NO;
    CHECK(!speculation_choose(&facts).clear_buffers);
    facts.capabilities = sound | MDS_NO | TAA_NO | FB_CLEAR;
    CHECK(speculation_choose(&facts).clear_buffers);
    facts.capabilities = sound | MDS_NO | TAA_NO | FB_CLEAR | STALE_NO;
    CHECK(!speculation_choose(&facts).clear_buffers);
    facts.capabilities = sound | MDS_NO | TAA_NO | RFDS_CLEAR;
    CHECK(speculation_choose(&facts).clear_buffers);
    facts.capabilities |= RFDS_NO;
    CHECK(!speculation_choose(&facts).clear_buffers);
}

TEST("an AMD processor with automatic IBRS uses it")
{
    struct speculation choice = choose((struct speculation_facts){
        .amd = true, .family = 0x1a, .leaf8_ebx = 1 << 15, .leaf21_eax = 1 << 8, .leaf21_ecx = 6});
    CHECK(choice.automatic && choice.control == 2 && !choice.clear_buffers);
    CHECK(nothing_open(&choice));
}

TEST("AMD processors of Zen 1 to 4 are open by their returns, unless they say that they are not")
{
    struct speculation_facts facts = {.amd = true, .family = 0x17};
    CHECK(speculation_choose(&facts).open_returns && speculation_choose(&facts).open_branches);
    facts.family = 0x19;
    facts.leaf21_eax = 1 << 8;
    CHECK(speculation_choose(&facts).open_returns && !speculation_choose(&facts).open_branches);
    facts.leaf21_eax |= 1 << 29;
    CHECK(!speculation_choose(&facts).open_returns);
}

TEST("an AMD processor whose VERW clears buffers uses it, unless both attacks are mended")
{
    struct speculation_facts facts = {.amd = true, .family = 0x19, .leaf21_eax = 1 << 5};
    CHECK(speculation_choose(&facts).clear_buffers);
    facts.leaf21_ecx = 1 << 1;
    CHECK(speculation_choose(&facts).clear_buffers);
    facts.leaf21_ecx = 1 << 1 | 1 << 2;
    CHECK(!speculation_choose(&facts).clear_buffers);
}

TEST("a processor of an unknown maker is taken as open")
{
    struct speculation choice = choose((struct speculation_facts){});
    CHECK(choice.open_branches && choice.control == 0 && !choice.clear_buffers);
}
