// SPDX-License-Identifier: MIT
#include "fake.h"
#include "fake_channel.h"
#include "fake_files.h"

#include "../core/clock.h"
#include "../core/deadline.h"
#include "../core/errno.h"
#include "../core/random.h"
#include "../core/store.h"
#include "../file/begin.h"
#include "../file/changes.h"
#include "../file/entry.h"
#include "../file/host_system.h"
#include "../file/host_written.h"
#include "../file/items.h"
#include "../file/linux.h"
#include "../file/memfd.h"
#include "../file/opened.h"
#include "../file/ram.h"
#include "../file/refusal.h"
#include "../file/scratch.h"
#include "../memory/backing.h"

#include <stdio.h>
#include <sys/resource.h>
#include <ucontext.h>

#include <sanitizer/common_interface_defs.h>

// Strands.

constexpr size_t STACK = 256 << 10;

struct strand {
    ucontext_t context;
    void *stack; // null: the test's own
    size_t stack_size;
    struct strand *next;
    void (*run)(void *);
    void *argument;
    struct caller *process;
    uint64_t deadline;
    enum wake wake;
    bool waits, woken, breakable, ended;
};

static struct strand main_strand;
static struct strand *all = &main_strand;
static struct strand *now = &main_strand;
static struct strand *newest;

struct thread *strand_thread(void)
{
    return (struct thread *)now;
}

static struct deadline *deadlines[64];

int64_t store_fails_after = -1;
int64_t pages_left = 65'536;
bool copies_wait;
uint64_t fake_now = 1'700'000'000'000'000'000;
int last_signal;
uint32_t last_signal_group;
bool signals_held_back;
uint32_t orphaned_group;
uint64_t signals_pending;
struct wait_queue signals;

static void go_to(struct strand *strand)
{
    struct strand *before = now;
    void *fake_stack = nullptr;
    now = strand;
    __sanitizer_start_switch_fiber(before->ended ? nullptr : &fake_stack, strand->stack,
                                   strand->stack_size);
    (void)swapcontext(&before->context, &strand->context);
    const void *bottom = nullptr;
    size_t size = 0;
    __sanitizer_finish_switch_fiber(fake_stack, &bottom, &size);
    if (main_strand.stack == nullptr && now != &main_strand) {
        main_strand.stack = (void *)(uintptr_t)bottom;
        main_strand.stack_size = size;
    }
}

static bool is_ready(const struct strand *strand)
{
    return !strand->ended && (!strand->waits || strand->woken);
}

static struct strand *next_ready(const struct strand *but)
{
    for (struct strand *strand = all; strand != nullptr; strand = strand->next) {
        if (strand != but && is_ready(strand)) {
            return strand;
        }
    }
    return nullptr;
}

static void wake(struct strand *strand, enum wake why)
{
    if (!strand->woken) {
        strand->woken = true;
        strand->wake = why;
    }
}

// Lets time pass to the next thing that waits for a time; false when there is none.
static bool pass_time(void)
{
    uint64_t next = NO_DEADLINE;
    for (struct strand *strand = all; strand != nullptr; strand = strand->next) {
        if (strand->waits && !strand->ended && !strand->woken && strand->deadline < next) {
            next = strand->deadline;
        }
    }
    struct deadline *first = nullptr;
    for (size_t i = 0; i < 64; i++) {
        if (deadlines[i] != nullptr && deadlines[i]->node.key < next) {
            first = deadlines[i];
            next = first->node.key;
        }
    }
    if (next == NO_DEADLINE) {
        return false;
    }
    fake_now = next > fake_now ? next : fake_now;
    if (first != nullptr) {
        deadline_clear(first);
        first->due(first);
        return true;
    }
    for (struct strand *strand = all; strand != nullptr; strand = strand->next) {
        if (strand->waits && !strand->ended && strand->deadline <= fake_now) {
            wake(strand, WAKE_TIME);
        }
    }
    return true;
}

static enum wake wait_here(uint64_t deadline, bool breakable)
{
    struct strand *strand = now;
    strand->waits = true;
    strand->breakable = breakable;
    strand->deadline = deadline;
    while (!strand->woken) {
        struct strand *next = next_ready(strand);
        if (next == nullptr && strand != &main_strand && !main_strand.waits) {
            next = &main_strand;
        }
        if (next != nullptr) {
            go_to(next);
        } else if (!pass_time()) {
            // Nothing can happen any more. The test's own wait is broken off.
            if (strand == &main_strand) {
                wake(strand, WAKE_INTERRUPT);
            } else {
                go_to(&main_strand);
            }
        }
    }
    strand->waits = false;
    strand->woken = false;
    return strand->wake;
}

enum wake wait_until(uint64_t deadline)
{
    return wait_here(deadline, true);
}

enum wake wait_through(uint64_t deadline)
{
    return wait_here(deadline, false);
}

void wait_enter(struct wait *wait, struct wait_queue *queue)
{
    wait->queue = queue;
    wait->strand = now;
    wait->next = nullptr;
    wait->previous = queue->last;
    *(queue->last != nullptr ? &queue->last->next : &queue->first) = wait;
    queue->last = wait;
}

void wait_leave(struct wait *wait)
{
    struct wait_queue *queue = wait->queue;
    if (queue == nullptr) {
        return;
    }
    *(wait->previous != nullptr ? &wait->previous->next : &queue->first) = wait->next;
    *(wait->next != nullptr ? &wait->next->previous : &queue->last) = wait->previous;
    wait->queue = nullptr;
}

enum wake wait_on(struct wait_queue *queue, uint64_t deadline)
{
    struct wait wait = {};
    wait_enter(&wait, queue);
    enum wake why = wait_until(deadline);
    wait_leave(&wait);
    return why;
}

size_t wait_wake(struct wait_queue *queue, size_t most)
{
    size_t woken = 0;
    struct wait *wait = queue->first;
    while (wait != nullptr && woken < most) {
        struct wait *next = wait->next;
        if (wait->notice != nullptr) {
            wait->notice(wait);
        } else {
            wake(wait->strand, WAKE_EVENT);
            wait_leave(wait);
            woken++;
        }
        wait = next;
    }
    return woken;
}

static void begin(void)
{
    const void *bottom = nullptr;
    size_t size = 0;
    __sanitizer_finish_switch_fiber(nullptr, &bottom, &size);
    if (main_strand.stack == nullptr) {
        main_strand.stack = (void *)(uintptr_t)bottom;
        main_strand.stack_size = size;
    }
    now->run(now->argument);
    now->ended = true;
    struct strand *next = next_ready(now);
    go_to(next != nullptr ? next : &main_strand);
}

void strand_start(struct caller *process, void (*run)(void *), void *context)
{
    struct strand *strand = calloc(1, sizeof *strand);
    strand->stack = malloc(STACK);
    strand->stack_size = STACK;
    strand->run = run;
    strand->argument = context;
    strand->process = process;
    (void)getcontext(&strand->context);
    strand->context.uc_stack.ss_sp = strand->stack;
    strand->context.uc_stack.ss_size = STACK;
    makecontext(&strand->context, begin, 0);
    strand->next = main_strand.next;
    main_strand.next = strand;
    newest = strand;
    strands_run();
}

static void bury(void)
{
    struct strand **place = &main_strand.next;
    while (*place != nullptr) {
        struct strand *strand = *place;
        if (strand->ended) {
            *place = strand->next;
            newest = newest == strand ? nullptr : newest;
            free(strand->stack);
            free(strand);
        } else {
            place = &strand->next;
        }
    }
}

void strands_run(void)
{
    struct strand *next = nullptr;
    while ((next = next_ready(&main_strand)) != nullptr) {
        go_to(next);
    }
    bury();
}

unsigned strands_left(void)
{
    unsigned left = 0;
    for (const struct strand *strand = main_strand.next; strand != nullptr; strand = strand->next) {
        left++;
    }
    return left;
}

void strand_break(void)
{
    if (newest != nullptr && newest->waits && newest->breakable) {
        wake(newest, WAKE_INTERRUPT);
    }
    strands_run();
}

static void let_others_run(void)
{
    if (copies_wait) {
        copies_wait = false;
        struct wait wait = {};
        struct wait_queue queue = {};
        wait_enter(&wait, &queue);
        (void)wait_through(fake_now + 1);
        wait_leave(&wait);
        copies_wait = true;
    }
}

// Time.

uint64_t clock_monotonic(void)
{
    return fake_now;
}

uint64_t clock_realtime(void)
{
    return fake_now;
}

void deadline_set(struct deadline *deadline, uint64_t nanoseconds)
{
    deadline_clear(deadline);
    deadline->node.key = nanoseconds;
    for (size_t i = 0; i < 64; i++) {
        if (deadlines[i] == nullptr) {
            deadlines[i] = deadline;
            deadline->set = true;
            return;
        }
    }
}

void deadline_clear(struct deadline *deadline)
{
    for (size_t i = 0; i < 64; i++) {
        if (deadlines[i] == deadline) {
            deadlines[i] = nullptr;
        }
    }
    deadline->set = false;
}

// Memory.

static int64_t pieces;

void *store_take(size_t size)
{
    if (size > 1 << 20) {
        abort();
    }
    if (store_fails_after == 0) {
        return nullptr;
    }
    store_fails_after -= store_fails_after > 0;
    pieces++;
    return calloc(1, size);
}

void store_give(void *piece, size_t size)
{
    (void)size;
    pieces -= piece != nullptr ? 1 : 0;
    free(piece);
}

constexpr size_t PAGES = 65'536;
static uint8_t *page_memory[PAGES];
static uint32_t page_uses[PAGES];
static page_number page_hint = 1;

page_number pages_take(unsigned order)
{
    size_t count = (size_t)1 << order;
    size_t run = 0;
    if (pages_left < (int64_t)count) {
        return 0;
    }
    for (size_t page = 1; page < PAGES; page++) {
        run = page_uses[page] == 0 ? run + 1 : 0;
        if (run == count) {
            page_number first = (page_number)(page + 1 - count);
            for (size_t i = 0; i < count; i++) {
                page_uses[first + i] = 1;
                page_memory[first + i] = malloc(PAGE_BYTES);
                memset(page_memory[first + i], 0xEE, PAGE_BYTES);
            }
            pages_left -= (int64_t)count;
            return first;
        }
    }
    return 0;
}

void pages_drop(page_number page, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        page_drop(page + i);
    }
}

page_number page_take(void)
{
    if (pages_left == 0) {
        return 0;
    }
    for (size_t i = 0; i < PAGES; i++) {
        page_number page = (page_number)(1 + (page_hint - 1 + i) % (PAGES - 1));
        if (page_uses[page] == 0) {
            pages_left--;
            page_hint = page;
            page_uses[page] = 1;
            page_memory[page] = calloc(1, PAGE_BYTES);
            return page;
        }
    }
    return 0;
}

void page_keep(page_number page)
{
    page_uses[page]++;
}

void page_drop(page_number page)
{
    if (--page_uses[page] == 0) {
        free(page_memory[page]);
        pages_left++;
    }
}

bool page_is_shared(page_number page)
{
    return page_uses[page] > 1;
}

void *page_bytes(page_number page)
{
    return page_memory[page];
}

uint64_t pages_there(void)
{
    return PAGES;
}

uint64_t pages_free(void)
{
    return (uint64_t)pages_left;
}

void mappings_cut(struct node *node, uint64_t offset)
{
    (void)node;
    (void)offset;
}

uint64_t guarded;

void mappings_guard(struct node *node, uint64_t offset, uint64_t size)
{
    (void)node;
    (void)offset;
    guarded += size;
}

bool mappings_write(const struct node *node)
{
    (void)node;
    return false;
}

void random_fill(void *to, size_t size)
{
    static uint8_t next;
    for (size_t i = 0; i < size; i++) {
        ((uint8_t *)to)[i] = (uint8_t)(next += 37);
    }
}

// Memory of programs.

static void *host(struct user at)
{
    return at.address < 4096 ? nullptr : (void *)(uintptr_t)at.address;
}

int64_t user_read(void *to, struct user from, size_t size)
{
    let_others_run();
    if (size > 0 && host(from) == nullptr) {
        return -EFAULT;
    }
    memcpy(to, host(from), size);
    return 0;
}

int64_t user_write(struct user to, const void *from, size_t size)
{
    let_others_run();
    if (size > 0 && host(to) == nullptr) {
        return -EFAULT;
    }
    memcpy(host(to), from, size);
    return 0;
}

int64_t user_zero(struct user to, size_t size)
{
    let_others_run();
    if (size > 0 && host(to) == nullptr) {
        return -EFAULT;
    }
    memset(host(to), 0, size);
    return 0;
}

int64_t user_string(char *to, struct user from, size_t size)
{
    if (host(from) == nullptr) {
        return -EFAULT;
    }
    size_t length = strnlen(host(from), size);
    if (length == size) {
        return -ENAMETOOLONG;
    }
    memcpy(to, host(from), length + 1);
    return (int64_t)length;
}

// Processes.

struct caller *caller(void)
{
    return now->process;
}

void process_enter(struct caller *process)
{
    now->process = process;
}

struct caller *process_make(uint32_t number)
{
    struct caller *process = calloc(1, sizeof *process);
    process->process = number;
    process->parent = 1;
    process->group = number;
    process->session = number;
    process->descriptors = descriptors_make();
    process->folders = folders_make(path_top());
    for (unsigned i = 0; i < LIMITS; i++) {
        process->limit[i] = (struct limit){RLIM_INFINITY, RLIM_INFINITY};
    }
    process->limit[RLIMIT_NOFILE] = (struct limit){1024, 4096};
    return process;
}

void process_end(struct caller *process)
{
    struct strand *strand = now;
    struct caller *before = strand->process;
    strand->process = process;
    descriptors_drop(process->descriptors);
    folders_drop(process->folders);
    strand->process = before == process ? nullptr : before;
    free(process);
}

void signal_thread_of_call(int signal, int code, uint64_t value)
{
    (void)code;
    (void)value;
    last_signal = signal;
}

void signal_group(uint32_t group, int signal)
{
    last_signal = signal;
    last_signal_group = group;
}

void signal_process(uint32_t process, int signal, int code, uint64_t value)
{
    (void)process;
    (void)code;
    (void)value;
    last_signal = signal;
}

bool group_is_orphaned(uint32_t group)
{
    return group == orphaned_group;
}

uint32_t group_session(uint32_t group)
{
    return group >= 100 && group < 1000 ? 100 : 0;
}

bool signal_is_held_back(int signal)
{
    (void)signal;
    return signals_held_back;
}

int64_t signal_mask_during_call(struct user mask, uint64_t size)
{
    return mask.address != 0 && size != 8 ? -EINVAL : 0;
}

bool signal_is_pending(uint64_t set)
{
    return (signals_pending & set) != 0;
}

bool signal_take(uint64_t set, void *record)
{
    uint64_t found = signals_pending & set;
    if (found == 0) {
        return false;
    }
    memset(record, 0, 128);
    *(uint32_t *)record = (uint32_t)__builtin_ctzll(found) + 1;
    signals_pending &= ~(found & -found);
    return true;
}

struct wait_queue *signal_queue(void)
{
    return &signals;
}

// Worlds.

static struct caller *first_process;

void world(void)
{
    last_signal = 0;
    struct node *root = ram_system("root", 2, 0755);
    if (path_mount(nullptr, root) != 0) {
        abort();
    }
    first_process = process_make(100);
    process_enter(first_process);
    if (SYS(mkdir, AT("/tmp"), 0777) != 0 || SYS(chmod, AT("/tmp"), 01777) != 0) {
        abort();
    }
}

void world_replace(struct caller *process)
{
    first_process = process;
}

static void drop_system(struct node *root)
{
    const char *type = root->system->type;
    if (strcmp(type, "9p") == 0) {
        host_system_drop(root);
    } else if (strcmp(type, "overlay") == 0) {
        struct node *below = scratch_of(root)->below;
        node_keep(below);
        scratch_system_drop(root);
        host_system_drop(below);
    } else if (strcmp(type, "proc") == 0 || strcmp(type, "sysfs") == 0) {
        items_system_drop(root);
    } else {
        ram_system_drop(root);
    }
}

// Takes the tree of names down, with all file systems.
static void drop_tree(void)
{
    struct node *roots[16];
    unsigned count = 0;
    pty_system_set(nullptr);
    for (struct entry *top = nullptr; (top = path_mounted(count)) != nullptr; count++) {
        roots[count] = top->node;
        node_keep(roots[count]);
    }
    path_unmount_all();
    while (count > 0) {
        drop_system(roots[--count]);
    }
}

static void begin_world(bool scratch)
{
    last_signal = 0;
    fake_files_begin();
    if (tree_begin(TREE_OF_HOST, nullptr, scratch) != 0) {
        abort();
    }
    first_process = process_make(100);
    process_enter(first_process);
}

void tree_world(void)
{
    begin_world(false);
}

void scratch_world(void)
{
    begin_world(true);
}

static void drop_terminal(void)
{
    if (begin_terminal() != nullptr) {
        terminal_drop(begin_terminal());
        descriptors_forget();
    }
}

void test_clean(void)
{
    store_fails_after = -1;
    copies_wait = false;
    signals_held_back = false;
    signals_pending = 0;
    last_signal = 0;
    strands_run();
    CHECK(strands_left() == 0);
    if (first_process == nullptr) {
        return;
    }
    process_enter(first_process);
    written_all_due();
    written_settle(false);
    drop_terminal();
    process_end(first_process);
    first_process = nullptr;
    drop_tree();
    fake_files_end();
    fake_channels_clear();
    memfd_clear();
    refusals_clear();
    changes_clear();
    opened_clear();
    path_buffers_clear();
    CHECK(pieces == 0);
    CHECK(pages_left == PAGES);
    pieces = 0;
    pages_left = PAGES;
}

int64_t write_text(const char *path, const char *text)
{
    int64_t file = SYS(open, AT(path), O_CREAT | O_WRONLY | O_TRUNC, 0644);
    if (file < 0) {
        return file;
    }
    int64_t done = SYS(write, (uint64_t)file, AT(text), strlen(text));
    (void)SYS(close, (uint64_t)file);
    return done;
}

const char *read_text(const char *path)
{
    static char text[4096];
    text[0] = '\0';
    int64_t file = SYS(open, AT(path), O_RDONLY);
    if (file < 0) {
        return text;
    }
    int64_t done = SYS(read, (uint64_t)file, AT(text), sizeof text - 1);
    text[done < 0 ? 0 : done] = '\0';
    (void)SYS(close, (uint64_t)file);
    return text;
}

void test_print(const char *text)
{
    (void)fputs(text, stdout);
    (void)fflush(stdout);
}

int main(void)
{
    return test_main();
}
