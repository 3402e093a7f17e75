// SPDX-License-Identifier: MIT
// The host's side of kernel/arch/arch.h. A table entry is an address with the rights and two flags
// in the bits that are below every page.
#include "host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "entry.h"
#include "kernel.h"
#include "mem/table.h"
#include "object/thread.h"
#include "panic/build_id.h"
#include "panic/panic.h"
#include "sched/processors.h"
#include "sched/scheduler.h"

constexpr uint64_t DEFAULT_WORK_LIMIT = 512;
constexpr unsigned char RUBBISH = 0xa5;

alignas(4096) unsigned char host_ram[HOST_RAM];
uint64_t host_work_limit = DEFAULT_WORK_LIMIT;
bool host_fast_path = true;
struct host host;

static_assert(sizeof(struct kernel) <= HOST_IMAGE);

void host_reset(void)
{
    host_work_limit = DEFAULT_WORK_LIMIT;
    host = (struct host){
        .now = 1'000'000,
        .deadline = UINT64_MAX,
        .lines = ARCH_LINES - 1,
        .has_entropy = true,
        .has_extended = true,
    };
    for (unsigned i = 0; i < ARCH_INTERRUPTS; i++) {
        host.masked[i] = true;
    }
    memset(host_ram, RUBBISH, sizeof(host_ram));
    memset(&kernel, 0, sizeof(kernel));
    kernel.processors = 1;
    for (unsigned i = 0; i < HOST_CPUS; i++) {
        kernel.cpu[i].number = (uint8_t)i;
        kernel.cpu[i].armed = UINT64_MAX;
        kernel.cpu[i].arch.deadline = UINT64_MAX;
    }
}

void host_no_memory(physical_t address)
{
    (void)fprintf(stderr, "the kernel looked at %#llx, where no memory is\n",
                  (unsigned long long)address);
    abort();
}

struct cpu *host_cpu(void)
{
    return &kernel.cpu[host.processor];
}

// --- Memory -------------------------------------------------------------------------------------

unsigned arch_large_level(void)
{
    return ARCH_LARGE_LEVEL;
}

// The kernel is not mapped in any table here.
void arch_root_prepare(arch_entry_t *)
{
}

// Forgets what the processor that runs has cached of `address`; of all when that is UINT64_MAX.
static void forget(uint64_t address)
{
    unsigned kept = 0;

    host.tlb_flushes++;
    for (unsigned i = 0; i < host.tlb_count; i++) {
        const struct host_translation *at = &host.tlb[i];
        uint64_t span = table_span(at->level);
        if (at->cpu != host.processor ||
            (address != UINT64_MAX && at->address / span != address / span)) {
            host.tlb[kept++] = *at;
        }
    }
    host.tlb_count = kept;
}

void host_space_activate(physical_t root)
{
    if (host_cpu()->arch.root != root) {
        host_cpu()->arch.root = root;
        forget(UINT64_MAX);
    }
}

void arch_space_leave(void)
{
    arch_space_activate(0);
}

// As on real machines, one address inside a large page is enough, and what is cached of the tables on the way
// to it goes too.
void arch_flush_page(uint64_t address)
{
    forget(address);
}

void arch_flush_space(void)
{
    forget(UINT64_MAX);
}

// Where a walk ended.
struct found {
    const arch_entry_t *entry;
    unsigned level;
};

// The entry on the way to an address that is no table, or that of level `down_to`.
static struct found walk(physical_t root, uint64_t address, unsigned down_to)
{
    physical_t table = root;

    for (unsigned level = ARCH_LEVELS - 1;; level--) {
        const arch_entry_t *entry =
            (const arch_entry_t *)arch_window(table) + address / table_span(level) % TABLE_ENTRIES;
        if (level == down_to || !arch_entry_is_table(*entry, level)) {
            return (struct found){entry, level};
        }
        table = arch_entry_address(*entry, level);
    }
}

arch_entry_t host_entry(physical_t root, uint64_t address)
{
    struct found found = walk(root, address, 0);

    if (!arch_entry_present(*found.entry)) {
        return 0;
    }
    return *found.entry + (address % table_span(found.level) & ~(ARCH_PAGE_SIZE - 1));
}

static void touch(unsigned cpu, uint64_t address, struct found found)
{
    if (arch_entry_present(*found.entry) && host.tlb_count < HOST_TLB) {
        host.tlb[host.tlb_count++] =
            (struct host_translation){cpu, address, *found.entry, (uint8_t)found.level};
    }
}

static void touch_space(unsigned cpu, physical_t root)
{
    struct found found;

    for (uint64_t address = 0; root != 0 && address < ARCH_USER_END;
         address += table_span(found.level)) {
        found = walk(root, address, 0);
        touch(cpu, address, found);
        for (unsigned level = found.level + 1; level < ARCH_LEVELS; level++) {
            if (address % table_span(level) == 0) {
                touch(cpu, address, walk(root, address, level));
            }
        }
    }
}

void host_touch_all(void)
{
    host.tlb_count = 0;
    for (unsigned i = 0; i < kernel.processors; i++) {
        touch_space(i, kernel.cpu[i].arch.root);
    }
}

uint64_t host_stale(void)
{
    for (unsigned i = 0; i < host.tlb_count; i++) {
        const struct host_translation *cached = &host.tlb[i];
        struct found found =
            walk(kernel.cpu[cached->cpu].arch.root, cached->address, cached->level);
        if (found.level != cached->level || *found.entry != cached->entry) {
            return cached->address;
        }
    }
    return UINT64_MAX;
}

// There are no caches.
void arch_cache_clean(physical_t address, uint64_t size)
{
    host.cache = (struct host_cache){HOST_CLEAN, address, size};
}

void arch_cache_invalidate(physical_t address, uint64_t size)
{
    host.cache = (struct host_cache){HOST_INVALIDATE, address, size};
}

void arch_cache_unify(physical_t address, uint64_t size)
{
    host.cache = (struct host_cache){HOST_UNIFY, address, size};
}

// --- Threads ------------------------------------------------------------------------------------

void arch_registers_start(struct arch_registers *registers, uint64_t instruction, uint64_t stack,
                          uint64_t argument, uint64_t second, uint64_t thread_pointer)
{
    *registers = (struct arch_registers){
        .handle = argument,
        .argument[0] = second,
        .instruction = instruction,
        .stack = stack,
        .thread_pointer = thread_pointer,
        .mode = HOST_USER_MODE,
    };
}

void arch_registers_restart(struct arch_registers *registers)
{
    registers->instruction -= HOST_SYSCALL_SIZE;
}

uint64_t arch_registers_call_site(const struct arch_registers *registers)
{
    return registers->instruction - HOST_SYSCALL_SIZE;
}

void arch_registers_call(const struct arch_registers *registers, uint64_t *words)
{
    words[0] = registers->operation;
    words[1] = registers->handle;
    for (unsigned i = 0; i < KOZO_REGISTER_WORDS - 2; i++) {
        words[2 + i] = registers->argument[i];
    }
}

// The address after the system call goes where no system call looks.
void arch_registers_enter(struct arch_registers *registers, uint64_t entry)
{
    registers->back = registers->instruction;
    registers->instruction = entry;
}

static void *class_start(const struct arch_registers *registers, uint64_t class)
{
    switch (class) {
    case KOZO_REGISTERS_GENERAL:
        return (void *)&registers->operation;
    case KOZO_REGISTERS_BASES:
        return (void *)&registers->thread_pointer;
    default:
        return (void *)&registers->debug;
    }
}

unsigned arch_class_words(uint64_t class)
{
    return class == KOZO_REGISTERS_GENERAL
               ? ARCH_CLASS_WORDS
               : class == KOZO_REGISTERS_BASES || class == KOZO_REGISTERS_DEBUG;
}

void arch_class_read(const struct arch_registers *registers, uint64_t class, uint64_t *words)
{
    memcpy(words, class_start(registers, class), arch_class_words(class) * sizeof(uint64_t));
}

bool arch_class_write(struct arch_registers *registers, uint64_t class, const uint64_t *words)
{
    constexpr unsigned instruction = offsetof(struct arch_registers, instruction) / 8;

    if (words[class == KOZO_REGISTERS_GENERAL ? instruction : 0] >= ARCH_USER_END) {
        return false;
    }
    memcpy(class_start(registers, class), words, arch_class_words(class) * sizeof(uint64_t));
    return true;
}

// --- Extended state: some words, the first of which must stay even ------------------------------

uint64_t arch_extended_size(void)
{
    return host.has_extended ? HOST_EXTENDED * sizeof(uint64_t) : 0;
}

uint64_t arch_extended_mask(void)
{
    return 0;
}

void arch_extended_create(void *area)
{
    *(uint64_t *)area = HOST_EXTENDED_FIRST;
}

void arch_extended_switch(void *from, const void *to)
{
    if (from != nullptr) {
        if (!host.extended_usable) {
            panic("extended state is kept while it can't be read");
        }
        memcpy(from, host.extended, sizeof(host.extended));
    }
    memset(host.extended, 0, sizeof(host.extended));
    if (to != nullptr) {
        memcpy(host.extended, to, sizeof(host.extended));
    }
    host.extended_usable = to != nullptr;
}

void arch_extended_hide(void)
{
    host.extended_usable = false;
}

void arch_extended_show(void)
{
    host.extended_usable = true;
}

void arch_extended_complete(void *)
{
}

void arch_extended_check(void *area)
{
    *(uint64_t *)area &= ~(uint64_t)1;
}

bool arch_debug_in_use(const struct arch_registers *registers)
{
    return registers->debug != 0;
}

void arch_debug_load(const struct arch_registers *registers)
{
    host.debug = registers->debug;
}

void arch_debug_leave(void)
{
    host.debug = 0;
}

// Registers are never written behind the kernel's back here.
void arch_registers_forget(const struct arch_registers *)
{
}

uint64_t arch_registers_instruction(const struct arch_registers *registers)
{
    return registers->instruction;
}

uint64_t arch_registers_stack(const struct arch_registers *registers)
{
    return registers->stack;
}

void arch_registers_each(const struct arch_registers *registers,
                         void (*each)(const char *name, uint64_t value, void *context),
                         void *context)
{
    each("instruction", registers->instruction, context);
    each("stack", registers->stack, context);
}

// --- Entry --------------------------------------------------------------------------------------

unsigned host_exits;

enum kozo_error host_exit_to(void)
{
    host_exits++;
    host_cpu()->pending = PENDING_SWITCHED;
    return KOZO_OK;
}

struct thread *kernel_syscall(struct cpu *cpu)
{
    if (!lock_take(cpu)) {
        return scheduler_choose(cpu);
    }
    struct thread *thread = cpu->current;
    enum kozo_error error = syscall_begin(&cpu->call);

    if (error == KOZO_OK && cpu->pending == 0) {
        thread->registers.operation = KOZO_OK;
    } else if (error == KOZO_OK && cpu->pending == PENDING_SWITCHED) {
        cpu->pending = 0;
        thread = cpu->current;
    } else {
        thread = syscall_end(cpu, error);
    }
    // What a call leaves behind is of no meaning, so that states can be compared byte by byte.
    cpu->call.slot = nullptr;
    cpu->call.number = 0;
    cpu->call.handle = 0;
    cpu->call.object = 0;
    cpu->call.badge = 0;
    return thread;
}

// --- Time, interrupts, ports --------------------------------------------------------------------

uint64_t arch_now(void)
{
    host.now += host.step;
    return host.now;
}

uint64_t arch_frequency(void)
{
    return 1'000'000;
}

bool arch_clock_is_invariant(void)
{
    return host.clock_is_invariant;
}

void arch_timer_set(uint64_t deadline)
{
    if (host.processor == 0) {
        host.deadline = deadline;
    } else {
        host_cpu()->arch.deadline = deadline;
    }
    host.timer_set++;
}

uint64_t host_deadline(const struct cpu *cpu)
{
    return cpu->number == 0 ? host.deadline : cpu->arch.deadline;
}

bool arch_interrupt_exists(unsigned interrupt)
{
    return interrupt < host.lines || (interrupt >= ARCH_LINES && interrupt < ARCH_INTERRUPTS);
}

struct arch_message arch_interrupt_message(unsigned interrupt)
{
    return (struct arch_message){.address = HOST_RAM, .data = interrupt};
}

bool arch_interrupt_accept(unsigned interrupt)
{
    bool fires = !host.masked[interrupt];

    host.masked[interrupt] = true;
    return fires;
}

void arch_interrupt_mask(unsigned interrupt)
{
    host.masked[interrupt] = true;
}

void arch_interrupt_unmask(unsigned interrupt)
{
    host.masked[interrupt] = false;
}

uint32_t arch_port_read(uint16_t port, unsigned width)
{
    host.port = (struct host_port){port, (uint8_t)width, false, host.port_input};
    return host.port_input;
}

void arch_port_write(uint16_t port, unsigned width, uint32_t value)
{
    host.port = (struct host_port){port, (uint8_t)width, true, value};
}

bool arch_entropy(uint64_t *value)
{
    *value = host.entropy++;
    return host.has_entropy;
}

// --- Processors ---------------------------------------------------------------------------------

// The other processor answers before anything else happens.
void arch_processor_interrupt(unsigned number)
{
    unsigned self = host.processor;

    host.interrupted[number] = true;
    host.processor = number;
    (void)processor_serve(&kernel.cpu[number]);
    host.processor = self;
}

// What other processors are asked for is done at once: only tests make somebody wait.
void host_pause(void)
{
    void (*what)(void) = host.while_waiting;
    unsigned self = host.processor;

    host.while_waiting = nullptr;
    host.processor = 0;
    what();
    host.processor = self;
}

void arch_processor_leave(void)
{
    const struct cpu *cpu = host_cpu();

    if (host.coming_in && cpu->current != nullptr) {
        arch_registers_restart(&cpu->current->registers);
    }
    arch_space_leave();
}

static void unlock(void)
{
    struct cpu *cpu = host_cpu();

    if (cpu->arch.locked != 0) {
        cpu->arch.locked = 0;
        kernel.lock.held = 0;
    }
}

void host_exit(void)
{
    unsigned self = host.processor;

    unlock();
    for (unsigned i = 0; i < kernel.processors; i++) {
        if (host.interrupted[i] && kernel.cpu[i].pending != 0) {
            host.processor = i;
            (void)kernel_reschedule(&kernel.cpu[i]);
            unlock();
        }
        host.interrupted[i] = false;
    }
    host.processor = self;
}

// --- The end ------------------------------------------------------------------------------------

void arch_console_put(char character)
{
    if (host.console_length + 1 < sizeof(host.console)) {
        host.console[host.console_length++] = character;
        host.console[host.console_length] = 0;
    }
}

void arch_crash_put(char)
{
}

size_t arch_backtrace(const struct arch_registers *, uint64_t *, size_t)
{
    return 0;
}

void arch_halt(void)
{
    abort();
}

const char *build_id(void)
{
    return "0123456789abcdef0123456789abcdef01234567";
}

void panic(const char *reason)
{
    if (host.panic_exit == nullptr) {
        (void)fprintf(stderr, "the kernel panicked: %s\n", reason);
        abort();
    }
    host.panic_reason = reason;
    longjmp(*host.panic_exit, 1);
}

void panic_exception(const char *reason, const struct arch_registers *)
{
    panic(reason);
}

void panic_init(const char *reason, const struct arch_registers *, const struct fault *)
{
    panic(reason);
}

const char *host_panic_of(void (*function)(void))
{
    jmp_buf exit;

    host.panic_reason = nullptr;
    host.panic_exit = &exit;
    if (setjmp(exit) == 0) {
        function();
    }
    host.panic_exit = nullptr;
    return host.panic_reason;
}
