// SPDX-License-Identifier: MIT
// A plugin for QEMU's translator: how many instructions are executed from one time that a certain one is to the next,
// and in how many pages they and their data lie.
//
//     -plugin file=…,at=ADDRESS,out=FILE[,pages=1]
//
// The instruction belongs to a program at addresses that nothing else uses. FILE gets a line each time, but for the first:
//
//     INSTRUCTIONS PAGES
//
// A page is one of 4 KiB of virtual addresses, whoever executes there. Without `pages`, which makes the emulation several times
// slower, PAGES is 0. Time that a processor spends idle has no instructions, so unlike the virtual clock this count does not
// depend on how long the host lets the machine wait.
#include "qemu.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int qemu_plugin_version = 1;

constexpr unsigned PAGE_BITS = 12;
constexpr size_t PLACES = 1u << 16; // more pages than this are counted as this many

static struct {
    uint64_t at;
    bool pages;
    FILE *out;
    uint64_t executed;
    uint64_t before; // what `executed` was the last time; 0 for never
    uint64_t seen;   // pages since then
    // Each page in the first place from that of its hash on that is free in this round.
    struct {
        uint64_t page, round;
    } place[PLACES];
    uint64_t round;
} now = {.round = 1};

static void see(uint64_t page)
{
    constexpr uint64_t odd = 0x9e37'79b9'7f4a'7c15;
    size_t i = (page * odd) >> 48;
    while (now.place[i].round == now.round) {
        if (now.place[i].page == page) {
            return;
        }
        i = (i + 1) % PLACES;
    }
    if (now.seen < PLACES - 1) {
        now.place[i].page = page;
        now.place[i].round = now.round;
        now.seen++;
    }
}

static void execute(unsigned, void *data)
{
    see((uint64_t)(uintptr_t)data >> PAGE_BITS);
}

static void reach(unsigned, uint32_t, uint64_t address, void *)
{
    see(address >> PAGE_BITS);
}

static void turn(unsigned, void *)
{
    if (now.before != 0) {
        (void)fprintf(now.out, "%" PRIu64 " %" PRIu64 "\n", now.executed - now.before, now.seen);
        (void)fflush(now.out);
    }
    now.before = now.executed;
    now.seen = 0;
    now.round++;
}

// `before` is the page of the instruction before, which is executed before this one.
static void watch_pages(struct qemu_plugin_insn *instruction, uint64_t before)
{
    uint64_t address = qemu_plugin_insn_vaddr(instruction);
    if (address >> PAGE_BITS != before) {
        qemu_plugin_register_vcpu_insn_exec_cb(instruction, execute, WITHOUT_REGISTERS,
                                               (void *)(uintptr_t)address);
    }
    qemu_plugin_register_vcpu_mem_cb(instruction, reach, WITHOUT_REGISTERS, READ_AND_WRITE,
                                     nullptr);
}

static void translated(uint64_t, struct qemu_plugin_tb *block)
{
    uint64_t page = UINT64_MAX;
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(block); i++) {
        struct qemu_plugin_insn *instruction = qemu_plugin_tb_get_insn(block, i);
        qemu_plugin_register_vcpu_insn_exec_inline(instruction, INLINE_ADD, &now.executed, 1);
        if (now.pages) {
            watch_pages(instruction, page);
        }
        page = qemu_plugin_insn_vaddr(instruction) >> PAGE_BITS;
        if (qemu_plugin_insn_vaddr(instruction) == now.at) {
            qemu_plugin_register_vcpu_insn_exec_cb(instruction, turn, WITHOUT_REGISTERS, nullptr);
        }
    }
}

int qemu_plugin_install(uint64_t id, const void *, int count_of, char **arguments)
{
    for (int i = 0; i < count_of; i++) {
        char *value = strchr(arguments[i], '=');
        if (value == nullptr) {
            return -1;
        }
        *value++ = 0;
        if (strcmp(arguments[i], "at") == 0) {
            now.at = strtoull(value, nullptr, 0);
        } else if (strcmp(arguments[i], "pages") == 0) {
            now.pages = strtoull(value, nullptr, 0) != 0;
        } else if (strcmp(arguments[i], "out") == 0) {
            now.out = fopen(value, "we");
        } else {
            return -1;
        }
    }
    if (now.out == nullptr || now.at == 0) {
        return -1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    return 0;
}
