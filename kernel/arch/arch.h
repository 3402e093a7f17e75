// SPDX-License-Identifier: MIT
// The contract between the portable kernel and a processor.
//
// Each folder beside this file (x86_64, aarch64, host) provides the same names. Two headers of its
// own come in here, found by the include path of the build:
//
//   machine.h    constants: page and table sizes, the end of user addresses, number of interrupts
//   registers.h  struct arch_registers, which a thread saves, and struct arch_cpu
//
// The kernel is an event kernel: an entry from user mode saves all registers into the current
// thread's struct arch_registers, takes the processor's one stack, and calls one of the functions
// of kernel/entry.h. Those return the thread to resume, or null to idle. Interrupts are off in the
// kernel. Nothing here sleeps, allocates or fails unless it says so.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "kozo/abi.h"

// A physical address, or a number of bytes of physical memory.
typedef uint64_t physical_t;

// A page-table entry, as the processor reads it.
typedef uint64_t arch_entry_t;

// machine.h defines, as constexpr unless said otherwise:
//   unsigned ARCH_PAGE_BITS       log2 of the smallest page
//   unsigned ARCH_TABLE_BITS      log2 of the entries of a table
//   unsigned ARCH_LEVELS          levels of tables; level 0 entries map pages of ARCH_PAGE_BITS
//   unsigned ARCH_LARGE_LEVEL     highest level whose entries may ever map memory directly (0: none)
//   uint64_t ARCH_USER_END        first address that user space can't have
//   physical_t ARCH_PHYSICAL_END  first physical address that can't exist
//   unsigned ARCH_LINES           numbers of interrupts that come by a line run from 0 to this, exclusive
//   unsigned ARCH_INTERRUPTS      then those of interrupts that come as messages, to this, exclusive
//   bool     ARCH_HAS_PORTS       whether arch_port_read and arch_port_write work
//   unsigned ARCH_CLASS_WORDS     most words of a class of registers other than EXTENDED
//   bool     ARCH_FAST_PATH       whether calls may take the fast path (ipc/fast.h); on the host it is a
//                                 variable
//   uint64_t ARCH_WORK_LIMIT      steps of a long operation between two preemption points; on the
//                                 host it is a variable
#include "machine.h"

constexpr uint64_t ARCH_PAGE_SIZE = (uint64_t)1 << ARCH_PAGE_BITS;

// registers.h defines
//   struct arch_registers   begins with uint64_t operation, handle, argument[9]: the registers of a
//                           system call in the order of abi/README.md; the rest is the arch's own
//   struct arch_cpu         what the entry code needs of one processor. It has
//                             physical_t root    of the address space that is loaded
//                             uint32_t locked    1 while this processor holds the kernel's lock
#include "registers.h"

struct cpu;
struct thread;
struct boot;

// --- Memory -------------------------------------------------------------------------------------

// Where the kernel sees physical memory. Every byte of RAM that the boot code reported is visible
// there, readable and (outside of the kernel's own text and constants) writable, never executable.
static inline void *arch_window(physical_t address);

// The opposite, for pointers into the window and into the kernel's own image.
static inline physical_t arch_physical(const void *pointer);

// The same, for pointers into the window only.
static inline physical_t arch_window_address(const void *pointer);

// Zeroes so many words of 8 bytes.
static inline void arch_zero(void *memory, uint64_t words);

// The highest level whose entries this processor lets map memory directly: ARCH_LARGE_LEVEL, or less.
unsigned arch_large_level(void);

// An entry that maps memory at `level`: a leaf. `rights` are KOZO_RIGHT_READ, WRITE and EXECUTE;
// `device` turns caching off. READ is implied by the others. Adding the size of a page of that level
// to it gives the leaf of the memory that follows.
static inline arch_entry_t arch_entry_leaf(physical_t address, unsigned level, unsigned rights,
                                           bool device);

// An entry that points to the next table.
static inline arch_entry_t arch_entry_table(physical_t table);

// An entry is a leaf, a table, or nothing.
static inline bool arch_entry_present(arch_entry_t entry);
static inline bool arch_entry_is_table(arch_entry_t entry, unsigned level);
static inline physical_t arch_entry_address(arch_entry_t entry, unsigned level);
static inline unsigned arch_entry_rights(arch_entry_t entry);

// Whether an entry is a leaf of the same memory as the leaf `bound`, which is of the same level, with
// no right beyond it.
static inline bool arch_entry_is_within(arch_entry_t entry, arch_entry_t bound);

// A leaf with those of its rights that are in `rights`; nothing when these are none.
static inline arch_entry_t arch_entry_limit(arch_entry_t entry, unsigned rights);

// The first of the leaves that show, a level below, what this one of `level` shows.
static inline arch_entry_t arch_entry_split(arch_entry_t entry, unsigned level);

// Fills the part of a zeroed root table that all address spaces share: the kernel's own.
void arch_root_prepare(arch_entry_t *root);

// Makes the address space with this root current on this processor. Does nothing when it is.
static inline void arch_space_activate(physical_t root);

// The same, for who has struct arch_cpu of this processor at hand.
static inline void arch_space_turn(struct arch_cpu *cpu, physical_t root);

// Leaves whatever user address space is current, so that its tables may go.
void arch_space_leave(void);

// Forgets what this processor may have cached of one page, or of all of the current address space.
// Only mem/flush.c calls these.
void arch_flush_page(uint64_t address);
void arch_flush_space(void);

// Writes what caches hold of ordinary memory back to it, for a device that reads it past them; the same, and
// forgets it, so that what a device wrote is read; makes what was written visible to the fetching of
// instructions. On a processor where caches see to that by themselves they may do nothing.
void arch_cache_clean(physical_t address, uint64_t size);
void arch_cache_invalidate(physical_t address, uint64_t size);
void arch_cache_unify(physical_t address, uint64_t size);

// --- Threads ------------------------------------------------------------------------------------

// Sets registers so that the thread starts at `instruction` with `argument` in the first and
// `second` in the second argument register, all others zero, in user mode with interrupts on.
void arch_registers_start(struct arch_registers *registers, uint64_t instruction, uint64_t stack,
                          uint64_t argument, uint64_t second, uint64_t thread_pointer);

// Sets the thread back to before the system call instruction that it came in with.
void arch_registers_restart(struct arch_registers *registers);

// Address of the system call instruction that the thread came in with.
uint64_t arch_registers_call_site(const struct arch_registers *registers);

// The number and the six arguments of a system call as another system counts them (struct
// kozo_foreign_call).
void arch_registers_call(const struct arch_registers *registers, uint64_t *words);

// The thread goes on at `entry`, with all other registers as the system call instruction leaves
// them: it has the address after it.
void arch_registers_enter(struct arch_registers *registers, uint64_t entry);

// The registers of one class (enum kozo_register_class) but EXTENDED, as words. 0: no such class.
// A write is refused, and nothing changed, when it can't be loaded in user mode.
unsigned arch_class_words(uint64_t class);
void arch_class_read(const struct arch_registers *registers, uint64_t class, uint64_t *words);
[[nodiscard]] bool arch_class_write(struct arch_registers *registers, uint64_t class,
                                    const uint64_t *words);

// Extended state: what a processor has in registers that only some threads use. `size` is that of
// an area that keeps it, which is 64-byte aligned; 0 when there is none. `mask` tells the parts.
uint64_t arch_extended_size(void);
uint64_t arch_extended_mask(void);

// A zeroed area is to hold the first state.
void arch_extended_create(void *area);

// Keeps the registers in `from`, and loads those of `to`. Null is for threads without: their use of
// the registers is an exception, and nothing of `from` is left in them. Not both are null.
void arch_extended_switch(void *from, const void *to);

// The registers stay as they are, and each use of them is an exception; or not any more.
void arch_extended_hide(void);
void arch_extended_show(void);

// Gives every byte of an area its meaning, before it is read or written by the portable kernel; and
// makes it loadable after a write.
void arch_extended_complete(void *area);
void arch_extended_check(void *area);

// Whether the thread has debug registers to load; loads them, or turns all off.
bool arch_debug_in_use(const struct arch_registers *registers);
void arch_debug_load(const struct arch_registers *registers);
void arch_debug_leave(void);

// These registers are about to be no registers any more, since their thread is destroyed: the exit
// to the next thread must not write to them. To be called while they may be those of the current
// thread.
void arch_registers_forget(const struct arch_registers *registers);

uint64_t arch_registers_instruction(const struct arch_registers *registers);
uint64_t arch_registers_stack(const struct arch_registers *registers);

// Ends the system call at once and goes on as `thread`, which is current, and its address space,
// too. What an arch does that can't leave the kernel from anywhere is its own matter: this gives
// what the operation then answers.
static inline enum kozo_error arch_exit_to(struct thread *thread);

// The same of a fault or an interrupt: an arch that can't gives the thread, which is to be resumed then.
static inline struct thread *arch_exit_early(struct thread *thread);

// The same as arch_exit_to, where the arch can give the thread all register words of a message straight from the
// one whose system call this is (ARCH_EXIT_WITH_WORDS).
static inline enum kozo_error arch_exit_with_words(struct thread *thread);

// And where the words are those of the foreign system call of the one that came in.
static inline enum kozo_error arch_exit_with_call(struct thread *thread);

// --- Time and interrupts ------------------------------------------------------------------------

// Ticks of the monotonic clock since some moment before the kernel started.
uint64_t arch_now(void);

// Ticks in a second. Constant after boot.
uint64_t arch_frequency(void);

// Whether the processor promises that the clock never changes its speed and never stops.
bool arch_clock_is_invariant(void);

// Calls kernel_timer at or after this time, once; UINT64_MAX turns it off. A later call replaces an
// earlier one.
void arch_timer_set(uint64_t deadline);

// Whether a device can raise this interrupt; all that come as messages can be raised. Masked at
// boot; kernel_interrupt is called when it fires, and calls arch_interrupt_accept, which masks it, or gives false when it was masked already.
bool arch_interrupt_exists(unsigned interrupt);
[[nodiscard]] bool arch_interrupt_accept(unsigned interrupt);
void arch_interrupt_mask(unsigned interrupt);
void arch_interrupt_unmask(unsigned interrupt);

// What a device writes, and where, to raise an interrupt that comes as a message.
struct arch_message {
    uint64_t address, data;
};
struct arch_message arch_interrupt_message(unsigned interrupt);

// I/O ports; `width` is 1, 2 or 4 bytes.
uint32_t arch_port_read(uint16_t port, unsigned width);
void arch_port_write(uint16_t port, unsigned width, uint32_t value);

// A random number from the processor. False when it has none.
bool arch_entropy(uint64_t *value);

// --- Processors ---------------------------------------------------------------------------------

// The processor that runs this.
static inline struct cpu *arch_cpu(void);

// Interrupts another processor. It calls processor_serve, and then kernel_reschedule if that says
// so or if it is disturbed.
void arch_processor_interrupt(unsigned number);

// Stops all other processors for good, in whatever state they are.
void arch_processors_stop(void);

// Saves all that this processor still keeps of the thread that came in, sets it back before a
// system call that it was about to make, and leaves its address space.
void arch_processor_leave(void);

// A turn of a loop that waits for another processor.
static inline void arch_pause(void);

// --- The end ------------------------------------------------------------------------------------

// One byte to the first serial port (console) or the second (crash record), polled. Usable at once
// after entry, in any state.
void arch_console_put(char character);
void arch_crash_put(char character);

// Fills `addresses` with return addresses, innermost first, reading only the kernel's own stack:
// those of the caller, or, when `registers` of an interrupted kernel are given, its instruction and
// then those of its frames. Gives their number.
size_t arch_backtrace(const struct arch_registers *registers, uint64_t *addresses, size_t most);

// Gives every register of the struct by name, in a fixed order; used for crash records.
void arch_registers_each(const struct arch_registers *registers,
                         void (*each)(const char *name, uint64_t value, void *context),
                         void *context);

// Stops this processor for good.
[[noreturn]] void arch_halt(void);

// Copies 8-byte words, each of which is read once. The two do not overlap.
static inline void arch_copy_words(uint64_t *to, const uint64_t *from, uint64_t count);

#include "inline.h" // the functions that are static inline
