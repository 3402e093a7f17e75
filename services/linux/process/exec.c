// SPDX-License-Identifier: MIT
// A new program is put together in an address space of its own, beside the old one, so that whatever fails leaves the caller as it
// was. Then other threads are ended, and the caller goes on in the new one.
#include "exec.h"

#include "../core/errno.h"
#include "../core/loop.h"
#include "../core/random.h"
#include "../core/store.h"
#include "../file/descriptors.h"
#include "../file/lease.h"
#include "../file/linux.h"
#include "../file/open.h"
#include "../memory/space.h"
#include "../programs/table.h"
#include "image.h"
#include "process.h"
#include "sandbox.h"
#include "timer.h"
#include "vdso.h"

#include <string.h>

constexpr size_t HEAD = 256;    // bytes in which `#!` and its line must be
constexpr unsigned SCRIPTS = 4; // interpreters that may themselves be scripts
constexpr size_t TEXTS_MOST = 0x20000;
constexpr uint64_t TEXT_MOST = 128ul << 10; // bytes of one of them, with its zero
constexpr uint64_t STACK_BYTES = 8ul << 20;
constexpr uint64_t PROGRAM_BASE = 0x5555'5555'4000;
constexpr size_t SCRIPT_WORDS = 3;

// All that one exec needs while it goes on. Its strings are in the store, for a strand's stack is small.
struct build {
    const struct exec *exec;
    struct thread *thread;
    struct space *space;
    struct file *file;
    struct lease *lease; // that the program begins; null for none
    struct image image;
    struct image interpreter;
    bool has_interpreter;
    uint8_t head[HEAD];
    // What a script puts before the arguments: interpreter, its argument, and the script, of each level.
    char script[SCRIPTS][HEAD];
    const char *before[SCRIPTS * SCRIPT_WORDS];
    size_t before_count;
    char path[LINUX_PATH_MOST];
    uint64_t pointer; // where the stack has come to
    uint64_t bottom;
    uint64_t path_at, random_at, platform_at;
    uint64_t argument_count, environment_count;
    uint64_t *at; // addresses of all texts in the new space
    size_t at_room;
};

// --- The program, or the interpreter of a script ----------------------------------------------------

static bool is_space(char c)
{
    return c == ' ' || c == '\t';
}

// Takes the line of a script apart, in place. Its interpreter and what is given to that.
static int64_t read_script(struct build *build, unsigned level, size_t size)
{
    char *line = build->script[level];
    memcpy(line, build->head + 2, size - 2);
    line[size - 2] = 0;
    char *end = strchr(line, '\n');
    if (end == nullptr) {
        end = line + strlen(line);
        if (size == HEAD) {
            return -ENOEXEC;
        }
    }
    while (end > line && is_space(end[-1])) {
        end--;
    }
    *end = 0;
    while (is_space(*line)) {
        line++;
    }
    if (*line == 0) {
        return -ENOEXEC;
    }
    char *argument = line;
    while (*argument != 0 && !is_space(*argument)) {
        argument++;
    }
    if (*argument != 0) {
        *argument++ = 0;
        while (is_space(*argument)) {
            argument++;
        }
    }
    // What a script before put there takes the place of the program's own name.
    size_t words = *argument != 0 ? 3 : 2;
    for (size_t i = build->before_count; i > 1; i--) {
        build->before[i - 1 + words - 1] = build->before[i - 1];
    }
    size_t kept = build->before_count > 1 ? build->before_count - 1 : 0;
    build->before[0] = line;
    if (*argument != 0) {
        build->before[1] = argument;
    }
    build->before[words - 1] = build->path;
    build->before_count = words + kept;
    return 0;
}

static int64_t open_one(struct build *build, const char *path, uint32_t flags, int64_t folder)
{
    struct file *file = nullptr;
    int64_t error = open_program(folder, path, flags, &file);
    if (error != 0) {
        return error;
    }
    if (build->file != nullptr) {
        file_drop(build->file);
    }
    build->file = file;
    return file_read_own(file, build->head, HEAD, 0);
}

static int64_t find_program(struct build *build)
{
    constexpr int64_t here = -100; // AT_FDCWD
    const struct exec *exec = build->exec;
    int64_t size = open_one(build, exec->path, exec->flags, exec->folder);
    for (unsigned level = 0; size >= 0; level++) {
        if (size < 2 || build->head[0] != '#' || build->head[1] != '!') {
            return image_read(&build->image, build->file, build->head, (size_t)size);
        }
        if (level == SCRIPTS) {
            return -ELOOP;
        }
        int64_t error = read_script(build, level, (size_t)size);
        if (error != 0) {
            return error;
        }
        size = open_one(build, build->before[0], 0, here);
    }
    return size;
}

static int64_t find_interpreter(struct build *build)
{
    constexpr int64_t here = -100;
    if (build->image.interpreter[0] == 0) {
        return 0;
    }
    struct file *file = nullptr;
    int64_t error = open_program(here, build->image.interpreter, 0, &file);
    if (error != 0) {
        return error;
    }
    int64_t size = file_read_own(file, build->head, HEAD, 0);
    error = size < 0 ? size : image_read(&build->interpreter, file, build->head, (size_t)size);
    if (error != 0) {
        file_drop(file);
        return error == -ENOEXEC ? -ELIBBAD : error;
    }
    build->has_interpreter = true;
    return 0;
}

// --- Its stack --------------------------------------------------------------------------------------

static int64_t text_length(const struct texts *texts, size_t number, struct user *where)
{
    if (texts->own != nullptr) {
        return (int64_t)strlen(texts->own[number]);
    }
    uint64_t address;
    if (user_read(&address, user_at(texts->list, number * 8), sizeof address) != 0) {
        return -EFAULT;
    }
    *where = (struct user){address};
    int64_t length = 0;
    while (true) {
        size_t part = PAGE_BYTES;
        const char *bytes = user_look(user_at(*where, (uint64_t)length), &part);
        if (bytes == nullptr) {
            return -EFAULT;
        }
        size_t found = strnlen(bytes, part);
        length += (int64_t)found;
        if (found < part) {
            return (uint64_t)length < TEXT_MOST ? length : -E2BIG;
        }
        if ((uint64_t)length >= TEXT_MOST) {
            return -E2BIG;
        }
    }
}

static int64_t text_count(const struct texts *texts)
{
    if (texts->own != nullptr) {
        int64_t count = 0;
        while (texts->own[count] != nullptr) {
            count++;
        }
        return count;
    }
    if (texts->list.address == 0) {
        return 0;
    }
    for (int64_t count = 0; count < (int64_t)TEXTS_MOST; count++) {
        uint64_t address;
        if (user_read(&address, user_at(texts->list, (uint64_t)count * 8), sizeof address) != 0) {
            return -EFAULT;
        }
        if (address == 0) {
            return count;
        }
    }
    return -E2BIG;
}

static bool push(struct build *build, const void *bytes, size_t size)
{
    build->pointer -= size;
    return build->pointer >= build->bottom &&
           space_write(build->space, build->pointer, bytes, size);
}

// Copies a text from one address space to the other, a page at a time.
static int64_t push_user(struct build *build, struct user from, size_t size)
{
    if (size > build->pointer - build->bottom) {
        return -E2BIG;
    }
    build->pointer -= size;
    for (size_t done = 0; done < size;) {
        size_t part = size - done;
        const void *bytes = user_look(user_at(from, done), &part);
        if (bytes == nullptr || !space_write(build->space, build->pointer + done, bytes, part)) {
            return -EFAULT;
        }
        done += part;
    }
    return 0;
}

// The texts are written from the last to the first, so that they follow one another upward.
static int64_t push_texts(struct build *build, const struct texts *texts, size_t count,
                          size_t first, uint64_t *at)
{
    for (size_t i = count; i > first; i--) {
        struct user where = {};
        int64_t length = text_length(texts, i - 1, &where);
        if (length < 0) {
            return length;
        }
        size_t size = (size_t)length + 1;
        int64_t error = 0;
        if (texts->own != nullptr) {
            error = push(build, texts->own[i - 1], size) ? 0 : -E2BIG;
        } else {
            error = push_user(build, where, size);
        }
        if (error != 0) {
            return error;
        }
        at[i - 1 - first] = build->pointer;
    }
    return 0;
}

static int64_t push_all_texts(struct build *build)
{
    const struct exec *exec = build->exec;
    int64_t arguments = text_count(&exec->arguments);
    int64_t environment = text_count(&exec->environment);
    if (arguments < 0 || environment < 0) {
        return arguments < 0 ? arguments : environment;
    }
    // A script takes the place of the first argument.
    size_t replaced = build->before_count > 0 && arguments > 0 ? 1 : 0;
    build->argument_count = build->before_count + (uint64_t)arguments - replaced;
    build->environment_count = (uint64_t)environment;
    build->at_room = (build->argument_count + build->environment_count + 1) * 8;
    build->at = store_take(build->at_room);
    if (build->at == nullptr) {
        return build->at_room > 0x10000 ? -E2BIG : -ENOMEM;
    }
    struct space_told *told = &build->space->told;
    static const uint8_t zeros[8];
    if (!push(build, zeros, 8) || !push(build, build->path, strlen(build->path) + 1)) {
        return -E2BIG;
    }
    build->path_at = build->pointer;
    told->environment_end = build->pointer;
    int64_t error = push_texts(build, &exec->environment, (size_t)environment, 0,
                               build->at + build->argument_count);
    told->arguments_end = build->pointer;
    if (error == 0) {
        error = push_texts(build, &exec->arguments, (size_t)arguments, replaced,
                           build->at + build->before_count);
    }
    for (size_t i = build->before_count; error == 0 && i > 0; i--) {
        const char *text = build->before[i - 1];
        error = push(build, text, strlen(text) + 1) ? 0 : -E2BIG;
        build->at[i - 1] = build->pointer;
    }
    told->arguments = build->pointer;
    return error;
}

static uint32_t feature_bits(void)
{
    uint32_t eax = 1, ebx, ecx = 0, edx;
    __asm__ volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
    return edx;
}

struct pair {
    uint64_t type, value;
};

static size_t auxiliary(const struct build *build, struct pair *pairs)
{
    enum : uint64_t {
        PHDR = 3,
        PHENT = 4,
        PHNUM = 5,
        PAGESZ = 6,
        BASE = 7,
        FLAGS = 8,
        ENTRY = 9,
        UID = 11,
        EUID = 12,
        GID = 13,
        EGID = 14,
        PLATFORM = 15,
        HWCAP = 16,
        CLKTCK = 17,
        SECURE = 23,
        RANDOM = 25,
        HWCAP2 = 26,
        EXECFN = 31,
        SYSINFO_EHDR = 33,
        MINSIGSTKSZ = 51,
    };
    const struct credentials *who = &build->thread->process->caller.credentials;
    const struct image *image = &build->image;
    struct pair all[] = {
        {SYSINFO_EHDR, build->space->vdso},
        {MINSIGSTKSZ, extended_words() * 8 + 1024},
        {HWCAP, feature_bits()},
        {PAGESZ, PAGE_BYTES},
        {CLKTCK, 100},
        {PHDR, image_headers_address(image)},
        {PHENT, sizeof(struct image_header)},
        {PHNUM, image->headers},
        {BASE, build->has_interpreter ? build->interpreter.base : 0},
        {FLAGS, 0},
        {ENTRY, image->entry},
        {UID, who->user},
        {EUID, who->effective_user},
        {GID, who->group},
        {EGID, who->effective_group},
        {SECURE, build->lease != nullptr},
        {RANDOM, build->random_at},
        {HWCAP2, 0},
        {EXECFN, build->path_at},
        {PLATFORM, build->platform_at},
        {0, 0},
    };
    size_t first = build->space->vdso == 0 ? 1 : 0;
    size_t count = sizeof all / sizeof all[0] - first;
    memcpy(pairs, all + first, count * sizeof all[0]);
    return count;
}

// Behind the count: addresses of arguments, of the environment, and the auxiliary vector.
static int64_t push_vectors(struct build *build)
{
    struct pair pairs[24];
    uint8_t random[16];
    random_fill(random, sizeof random);
    if (!push(build, "x86_64", 7)) {
        return -E2BIG;
    }
    build->platform_at = build->pointer;
    if (!push(build, random, sizeof random)) {
        return -E2BIG;
    }
    build->random_at = build->pointer;
    size_t pair_count = auxiliary(build, pairs);
    uint64_t words = 1 + build->argument_count + 1 + build->environment_count + 1 + pair_count * 2;
    if (words * 8 + 16 > build->pointer - build->bottom) {
        return -E2BIG;
    }
    build->pointer = (build->pointer - words * 8) & ~15ul;
    uint64_t at = build->pointer;
    uint64_t none = 0;
    struct space *space = build->space;
    uint64_t arguments = build->argument_count * 8;
    uint64_t environment = build->environment_count * 8;
    space->told.auxiliary = at + 8 + arguments + 8 + environment + 8;
    space->told.auxiliary_end = space->told.auxiliary + pair_count * sizeof pairs[0];
    bool written =
        space_write(space, at, &build->argument_count, 8) &&
        space_write(space, at + 8, build->at, arguments) &&
        space_write(space, at + 8 + arguments, &none, 8) &&
        space_write(space, at + 16 + arguments, build->at + build->argument_count, environment) &&
        space_write(space, at + 16 + arguments + environment, &none, 8) &&
        space_write(space, space->told.auxiliary, pairs, pair_count * sizeof pairs[0]);
    return written ? 0 : -ENOMEM;
}

static uint64_t random_pages(uint64_t most)
{
    uint64_t number;
    random_fill(&number, sizeof number);
    return number % most * PAGE_BYTES;
}

static int64_t make_stack(struct build *build)
{
    struct space *space = build->space;
    uint64_t top = SPACE_END - PAGE_BYTES - random_pages(0x4000);
    bool executable = build->image.executable_stack;
    int64_t at =
        space_map(space, top - STACK_BYTES, STACK_BYTES, PLACE_FIXED,
                  AREA_READ | AREA_WRITE | (executable ? AREA_EXECUTE : 0), AREA_STACK, nullptr, 0);
    if (at < 0) {
        return at;
    }
    space->top = top - STACK_BYTES - (1ul << 20) - random_pages(0x1000);
    build->bottom = (uint64_t)at;
    build->pointer = top;
    return 0;
}

// --- All together -----------------------------------------------------------------------------------

static int64_t load(struct build *build)
{
    struct space *space = build->space;
    uint64_t base = PROGRAM_BASE + random_pages(0x10000);
    int64_t error = make_stack(build);
    if (error == 0) {
        error = image_load(&build->image, space, base);
    }
    if (error == 0 && build->has_interpreter) {
        error = image_load(&build->interpreter, space, 0);
    }
    if (error == 0) {
        error = vdso_map(space);
    }
    if (error == 0) {
        error = push_all_texts(build);
    }
    if (error == 0) {
        error = push_vectors(build);
    }
    space->heap_start = build->image.end;
    space->heap_end = build->image.end;
    space->told.code_start = build->image.start;
    space->told.code_end = build->image.code_end;
    space->told.stack_start = build->pointer;
    return error;
}

static int64_t prepare(struct build *build)
{
    const char *path = build->exec->path;
    if (strlen(path) >= sizeof build->path) {
        return -ENAMETOOLONG;
    }
    memcpy(build->path, path, strlen(path) + 1);
    int64_t error = find_program(build);
    if (error == 0) {
        error = find_interpreter(build);
    }
    if (error != 0) {
        return error;
    }
    if (sandbox.asks && program_asks(build->file->node)) {
        build->lease = lease_make(build->thread->process->caller.lease);
        if (build->lease == nullptr) {
            return -ENOMEM;
        }
    }
    build->space = space_make();
    return build->space == nullptr ? -ENOMEM : load(build);
}

// Other threads of the process end; the caller takes over the number of the process.
static bool be_alone(struct thread *thread)
{
    struct process *process = thread->process;
    process_end_threads(process, thread);
    while (process->thread_count > 1) {
        struct wait wait = {};
        wait_enter(&wait, &process->threads_gone);
        (void)wait_through(NO_DEADLINE);
        wait_leave(&wait);
    }
    return !thread->ends && thread_renumber(thread, process->caller.process);
}

static void set_name(struct thread *thread, const char *path)
{
    const char *name = strrchr(path, '/');
    name = name == nullptr ? path : name + 1;
    memset(thread->name, 0, sizeof thread->name);
    memcpy(thread->name, name, strnlen(name, sizeof thread->name - 1));
}

// The table is the process's alone from now on, as are its handlers.
static bool unshare(struct process *process)
{
    if (descriptors_are_shared(process->caller.descriptors)) {
        struct descriptors *copy = descriptors_copy(process->caller.descriptors);
        if (copy == nullptr) {
            return false;
        }
        descriptors_drop(process->caller.descriptors);
        process->caller.descriptors = copy;
    }
    if (process->handlers->users > 1) {
        struct handlers *copy = handlers_copy(process->handlers);
        if (copy == nullptr) {
            return false;
        }
        handlers_drop(process->handlers);
        process->handlers = copy;
    }
    return true;
}

// Can't fail any more: what does, ends the process.
static int64_t change_over(struct build *build)
{
    struct thread *thread = build->thread;
    struct process *process = thread->process;
    struct space *old = process->space;
    process->space = build->space;
    strand_now->space = build->space;
    build->space = nullptr;
    descriptors_exec(process->caller.descriptors);
    handlers_reset(process->handlers);
    timers_exec(process);
    thread->signals.stack = (struct alternate_stack){.flags = 2};
    thread->clear_number = 0;
    thread->robust_list = 0;
    thread->restart_deadline = 0;
    process->executed = true;
    process->dumpable = true;
    if (process->program != nullptr) {
        file_drop(process->program);
    }
    process->program = build->file;
    build->file = nullptr;
    if (build->lease != nullptr) {
        lease_drop(process->caller.lease);
        process->caller.lease = build->lease;
        build->lease = nullptr;
    }
    set_name(thread, build->path);
    struct kozo_x86_general registers = {
        .rip = build->has_interpreter ? build->interpreter.entry : build->image.entry,
        .rsp = build->pointer,
        .rflags = 0x202,
    };
    struct kozo_x86_bases bases = {};
    bool entered = thread_enter(thread) && thread_write(thread, &registers) &&
                   thread_write_bases(thread, &bases);
    thread_clear_extended(thread);
    if (old != nullptr) {
        space_drop(old);
    }
    thread_let_go(thread);
    if (!entered) {
        process_end(process, SIGNAL_KILL);
    }
    signals_recount(thread);
    if (thread->attention && signals_take(thread, false, CALL_RESUME) == CALL_SILENT) {
        return CALL_SILENT;
    }
    thread->strand = nullptr;
    thread_run(thread);
    return CALL_SILENT;
}

static void forget(struct build *build)
{
    if (build->file != nullptr) {
        file_drop(build->file);
    }
    if (build->has_interpreter) {
        file_drop(build->interpreter.file);
    }
    if (build->space != nullptr) {
        space_drop(build->space);
    }
    lease_drop(build->lease);
    store_give(build->at, build->at_room);
    store_give(build, sizeof *build);
}

int64_t exec_program(struct thread *thread, const struct exec *exec)
{
    struct build *build = store_take(sizeof *build);
    if (build == nullptr) {
        return -ENOMEM;
    }
    build->exec = exec;
    build->thread = thread;
    int64_t result = prepare(build);
    if (result == 0) {
        result = unshare(thread->process) ? 0 : -ENOMEM;
    }
    if (result == 0) {
        // A signal that ends the process meanwhile: the thread is at its end when this call is.
        result = be_alone(thread) ? change_over(build) : -EINTR;
    }
    forget(build);
    return result;
}
