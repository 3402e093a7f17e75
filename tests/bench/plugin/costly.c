// SPDX-License-Identifier: MIT
// A plugin for QEMU's translator: counts the instructions of a measured operation that cost more than
// their one on a real processor.
//
//     -plugin file=…,from=ADDRESS,to=ADDRESS,out=FILE[,trace=NUMBER]
//
// `from` and `to` are the bounds of a function that reads the time-stamp counter twice: what is executed
// between the two is one operation. FILE gets a line for each, in their order:
//
//     CR3 WRMSR XSAVE INVLPG LOCKED RDTSC MMIO
//
// and, before that of operation number `trace` (from 0), the address of each instruction in it.
#include "qemu.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int qemu_plugin_version = 1;

enum kind { CR3, WRMSR, XSAVE, INVLPG, LOCKED, RDTSC, MMIO, KINDS, OTHER = KINDS };

constexpr uint64_t KERNEL = UINT64_C(1) << 63; // addresses from here on are the kernel's

static struct {
    uint64_t from, to;
    uint64_t trace; // number of the operation; all ones for none
    FILE *out;
    uint64_t begins; // the address of the first reading of the counter; 0 until it is known
    bool inside;
    uint64_t done; // operations
    unsigned count[KINDS];
} at;

// --- What an instruction is ---------------------------------------------------------------------

// Prefixes that say nothing here: operand size, repeats, segments, REX.
static bool is_prefix(uint8_t byte)
{
    return byte == 0x66 || byte == 0xf2 || byte == 0xf3 || byte == 0x2e || byte == 0x36 ||
           byte == 0x3e || byte == 0x26 || byte == 0x64 || byte == 0x65 || (byte & 0xf0) == 0x40;
}

static bool is_memory(uint8_t modrm)
{
    return modrm >> 6 != 3;
}

static unsigned register_of(uint8_t modrm)
{
    return modrm >> 3 & 7;
}

// Opcodes of two bytes: Intel SDM volume 2, appendix A.
static enum kind kind_of_two(const uint8_t *code)
{
    uint8_t modrm = code[1];

    switch (code[0]) {
    case 0x22:
        return register_of(modrm) == 3 ? CR3 : OTHER;
    case 0x30:
        return WRMSR;
    case 0x31:
        return RDTSC;
    case 0x01:
        if (modrm == 0xf9) {
            return RDTSC; // RDTSCP
        }
        return is_memory(modrm) && register_of(modrm) == 7 ? INVLPG : OTHER;
    case 0xae: // XSAVE, XRSTOR, XSAVEOPT; without memory they are fences
        return is_memory(modrm) && register_of(modrm) >= 4 && register_of(modrm) <= 6 ? XSAVE
                                                                                      : OTHER;
    case 0xc7: // XRSTORS, XSAVEC, XSAVES
        return is_memory(modrm) && register_of(modrm) >= 3 && register_of(modrm) <= 5 ? XSAVE
                                                                                      : OTHER;
    default:
        return OTHER;
    }
}

// `code` has at least 15 bytes to look at.
static enum kind kind_of(const uint8_t *code)
{
    size_t i = 0;
    bool locked = false;

    while (i < 12 && (is_prefix(code[i]) || code[i] == 0xf0)) {
        locked = locked || code[i] == 0xf0;
        i++;
    }
    bool exchange = (code[i] == 0x86 || code[i] == 0x87) && is_memory(code[i + 1]);
    if (locked || exchange) {
        return LOCKED;
    }
    return code[i] == 0x0f ? kind_of_two(code + i + 1) : OTHER;
}

// --- When one is executed -----------------------------------------------------------------------

static void count(unsigned, void *data)
{
    at.count[(uintptr_t)data] += at.inside;
}

static void count_memory(unsigned, uint32_t info, uint64_t address, void *)
{
    if (at.inside) {
        const struct qemu_plugin_hwaddr *where = qemu_plugin_get_hwaddr(info, address);
        at.count[MMIO] += where != nullptr && qemu_plugin_hwaddr_is_io(where);
    }
}

static void trace(unsigned, void *data)
{
    if (at.inside && at.done == at.trace) {
        (void)fprintf(at.out, "%" PRIx64 "\n", (uint64_t)(uintptr_t)data);
    }
}

// The counter is read in the function: an operation begins or ends.
static void turn(unsigned, void *data)
{
    uint64_t where = (uint64_t)(uintptr_t)data;

    at.begins = at.begins == 0 ? where : at.begins;
    at.inside = where == at.begins;
    if (!at.inside) {
        for (unsigned i = 0; i < KINDS; i++) {
            (void)fprintf(at.out, "%u%c", at.count[i], i + 1 < KINDS ? ' ' : '\n');
        }
        (void)fflush(at.out);
        at.done++;
    }
    memset(at.count, 0, sizeof(at.count));
}

static void translated(uint64_t, struct qemu_plugin_tb *block)
{
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(block); i++) {
        struct qemu_plugin_insn *instruction = qemu_plugin_tb_get_insn(block, i);
        uint64_t address = qemu_plugin_insn_vaddr(instruction);
        size_t size = qemu_plugin_insn_size(instruction);
        uint8_t code[16] = {};

        memcpy(code, qemu_plugin_insn_data(instruction), size < sizeof(code) ? size : 15);
        enum kind kind = kind_of(code);
        if (at.trace != UINT64_MAX) {
            qemu_plugin_register_vcpu_insn_exec_cb(instruction, trace, WITHOUT_REGISTERS,
                                                   (void *)(uintptr_t)address);
        }
        if (address >= at.from && address < at.to && kind == RDTSC) {
            qemu_plugin_register_vcpu_insn_exec_cb(instruction, turn, WITHOUT_REGISTERS,
                                                   (void *)(uintptr_t)address);
        } else if (kind != OTHER) {
            qemu_plugin_register_vcpu_insn_exec_cb(instruction, count, WITHOUT_REGISTERS,
                                                   (void *)(uintptr_t)kind);
        }
        if (address >= KERNEL) {
            qemu_plugin_register_vcpu_mem_cb(instruction, count_memory, WITHOUT_REGISTERS,
                                             READ_AND_WRITE, nullptr);
        }
    }
}

int qemu_plugin_install(uint64_t id, const void *, int count_of, char **arguments)
{
    at.trace = UINT64_MAX;
    for (int i = 0; i < count_of; i++) {
        char *value = strchr(arguments[i], '=');
        if (value == nullptr) {
            return -1;
        }
        *value++ = 0;
        if (strcmp(arguments[i], "from") == 0) {
            at.from = strtoull(value, nullptr, 0);
        } else if (strcmp(arguments[i], "to") == 0) {
            at.to = strtoull(value, nullptr, 0);
        } else if (strcmp(arguments[i], "trace") == 0) {
            at.trace = strtoull(value, nullptr, 0);
        } else if (strcmp(arguments[i], "out") == 0) {
            at.out = fopen(value, "we");
        } else {
            return -1;
        }
    }
    if (at.out == nullptr || at.to <= at.from) {
        return -1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    return 0;
}
