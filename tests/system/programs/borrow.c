// SPDX-License-Identifier: MIT
// Asks the policy service for permissions, and uses the capabilities that it is given: a step for each argument, and a line
// about each. A second thread, with a CNode of its own, stands for another process to which a capability was handed on.
//
// It is given: sessions with `policy` and `files`, but no place there; `memory`, `self`, `time`.
#include <kozo/clock.h>
#include <kozo/print.h>
#include <kozo/rights.h>
#include <kozo/start.h>
#include <string.h>

#include "../files/client.h"

constexpr uint64_t TOP = 1;
constexpr uint64_t OTHER_BITS = 4; // of its CNode
constexpr uint64_t OTHER_SLOT = 2; // where its copy is
constexpr size_t STACK_SIZE = 4096;
constexpr uint64_t PATIENCE = 100'000;    // yields
constexpr uint64_t PAUSE = 8'000'000'000; // nanoseconds

static struct kozo_session policy;
static uint64_t next_slot;
static uint64_t own; // the capability of its own session
static uint64_t file;
static uint64_t copy;
static uint64_t frame;
alignas(16) static unsigned char stack[STACK_SIZE];
static _Atomic enum kozo_error other_told;

static const char *const verdicts[] = {"refused", "allowed", "undecided"};

// --- Asking -------------------------------------------------------------------------------------

static uint64_t put(const char *text)
{
    size_t length = strlen(text);
    memcpy(policy.data, text, length);
    return length;
}

// By a call, which a capability may come with. It is used from then on.
static void call(const char *name)
{
    struct kozo_ipc_buffer *buffer = kozo_ipc_buffer();
    struct kozo_slot slot = {next_slot};
    buffer->receive_slot = slot.handle;
    buffer->receive_count = 1;
    struct kozo_policy_ask_result result = kozo_policy_ask(policy.service, 0, put(name));
    buffer->receive_slot = 0;
    buffer->receive_count = 0;
    bool given = kozo_cnode_inspect(slot).type == KOZO_TYPE_ENDPOINT;
    if (given) {
        client.service.handle = slot.handle;
        next_slot++;
    }
    if (result.error != KOZO_OK) {
        kozo_printf("borrow: %s: error %d%s\n", name, (int)result.error, given ? ", GIVEN" : "");
    } else if (result.pending != 0) {
        kozo_printf("borrow: %s: a person is asked\n", name);
    } else {
        kozo_printf("borrow: %s: %s, %s\n", name, verdicts[result.verdict % 3],
                    given ? "given" : "nothing given");
    }
}

// Who is asked may take a minute to answer.
static void ask(const char *name)
{
    uint64_t number = kozo_policy_ask_begin(&policy, 0, put(name));
    struct kozo_entry entry = {};
    while (!kozo_session_next(&policy, &entry)) {
        if (kozo_session_lost(&policy, number)) {
            kozo_printf("borrow: %s: lost\n", name);
            return;
        }
        (void)kozo_kernel_yield();
    }
    struct kozo_policy_ask_result result = kozo_policy_ask_end(&entry);
    if (result.error == KOZO_OK && result.verdict == KOZO_VERDICT_ALLOWED) {
        call(name);
    } else {
        kozo_printf("borrow: %s: %s, error %d\n", name, verdicts[result.verdict % 3],
                    (int)result.error);
    }
}

// --- Using --------------------------------------------------------------------------------------

static void open(const char *path)
{
    struct client_file found = client_walk(TOP, path);
    file = found.file;
    kozo_printf("borrow: open %s: %d%s\n", path, (int)found.error,
                found.error == KOZO_OK && found.kind == KOZO_NODE_LINK ? ", a link" : "");
}

static void read(void)
{
    char text[64] = "";
    struct client_count done = client_read(file, 0, text, sizeof text - 1);
    kozo_printf("borrow: read: %d %s\n", (int)done.error, text);
}

static void write(void)
{
    kozo_printf("borrow: write: %d\n", (int)client_write(file, 0, "new", 3).error);
}

static void list(void)
{
    static char entries[1024];
    kozo_printf("borrow: list: %d\n", (int)client_list(file, 0, entries, sizeof entries).error);
}

// Makes a name in the open folder and takes it away.
static void make(const char *name)
{
    struct client_file made = client_make(file, name, KOZO_NODE_FILE);
    enum kozo_error removed = client_remove(file, name);
    kozo_printf("borrow: make: %d, remove: %d\n", (int)made.error, (int)removed);
}

// A link in the open folder, whose target is then opened as a path.
static void leave(const char *target)
{
    struct client_file made = client_make_link(file, "way-out", target);
    struct client_file through = client_walk(file, "way-out/x");
    (void)client_remove(file, "way-out");
    struct client_file there = client_walk(TOP, target + 1);
    kozo_printf("borrow: link: %d, through it: %d, its target: %d\n", (int)made.error,
                (int)(through.error != KOZO_OK || through.kind == KOZO_NODE_LINK ? KOZO_OK : 1),
                (int)there.error);
}

static void pages(void)
{
    frame = next_slot++;
    kozo_printf("borrow: pages: %d\n", (int)client_pages(file, 0, false, frame).error);
}

// --- The end ------------------------------------------------------------------------------------

// What is malformed, so that it uses no memory: BAD_ARGUMENT as long as the capability is good.
static enum kozo_error probe(uint64_t capability)
{
    return kozo_files_stat((struct kozo_endpoint){capability}, TOP, UINT64_MAX).error;
}

[[noreturn]] static void run_other(void)
{
    while (true) {
        other_told = probe(OTHER_SLOT);
        (void)kozo_kernel_yield();
    }
}

static uint64_t make_object(enum kozo_object_type type, uint64_t size)
{
    uint64_t slot = next_slot++;
    struct kozo_untyped memory = {kozo_granted("memory")};
    if (kozo_untyped_retype(memory, type, size, (struct kozo_slot){slot}, 1) != KOZO_OK) {
        kozo_abort();
    }
    return slot;
}

static void expect(enum kozo_error error)
{
    if (error != KOZO_OK) {
        kozo_abort();
    }
}

// Copies the capability, and hands a copy of the copy to the other thread.
static void hand_on(void)
{
    uint64_t home = make_object(KOZO_TYPE_CNODE, OTHER_BITS);
    struct kozo_thread thread = {make_object(KOZO_TYPE_THREAD, 0)};
    struct kozo_sched_context context = {make_object(KOZO_TYPE_SCHED_CONTEXT, 0)};
    struct kozo_frame buffer = {make_object(KOZO_TYPE_FRAME, 12)};
    struct kozo_address_space space = {kozo_granted("self.space")};
    uint64_t inside = home | OTHER_SLOT << kozo_process_info()->cnode_bits;
    copy = next_slot++;
    expect(kozo_cnode_copy((struct kozo_slot){client.service.handle}, (struct kozo_slot){copy}));
    expect(kozo_cnode_copy((struct kozo_slot){copy}, (struct kozo_slot){inside}));
    expect(kozo_thread_configure(thread, (struct kozo_cnode){home}, space, buffer, 0,
                                 (struct kozo_endpoint){}));
    expect(kozo_thread_write_registers(thread, (uint64_t)run_other,
                                       (uint64_t)(stack + STACK_SIZE) - sizeof(uint64_t), 0, 0, 0));
    expect(kozo_thread_set_priority(thread, 100));
    expect(kozo_sched_control_configure((struct kozo_sched_control){kozo_granted("time")}, context,
                                        10'000, 10'000));
    expect(kozo_sched_context_bind(context, thread));
    expect(kozo_thread_resume(thread));
    kozo_print("borrow: handed on\n");
}

static bool is_frame_gone(void)
{
    return kozo_cnode_inspect((struct kozo_slot){frame}).type == KOZO_TYPE_NONE;
}

// Waits for the end, and tells what each capability answers from then on.
static void hold(void)
{
    enum kozo_error told = KOZO_BAD_ARGUMENT;
    kozo_print("borrow: holds\n");
    while (told == KOZO_BAD_ARGUMENT) {
        (void)kozo_kernel_yield();
        told = probe(client.service.handle);
    }
    enum kozo_error copied = copy != 0 ? probe(copy) : told;
    for (uint64_t i = 0; i < PATIENCE && copy != 0 && other_told != told; i++) {
        (void)kozo_kernel_yield();
    }
    for (uint64_t i = 0; i < PATIENCE && frame != 0 && !is_frame_gone(); i++) {
        (void)kozo_kernel_yield();
    }
    kozo_printf("borrow: ended: %d, copy: %d, elsewhere: %d, memory: %s\n", (int)told, (int)copied,
                (int)(copy != 0 ? other_told : told),
                frame == 0        ? "none"
                : is_frame_gone() ? "gone"
                                  : "THERE");
}

// Reads the open file until that fails.
static void keep(void)
{
    char byte;
    enum kozo_error told = KOZO_OK;
    kozo_print("borrow: keeps\n");
    while (told == KOZO_OK) {
        (void)kozo_kernel_yield();
        told = client_read(file, 0, &byte, 1).error;
    }
    kozo_printf("borrow: kept until: %d\n", (int)told);
}

// Does nothing for a while, so that no request is used up.
static void pause(void)
{
    uint64_t end = kozo_clock_now() + PAUSE;
    kozo_print("borrow: keeps\n");
    while (kozo_clock_now() < end) {
        (void)kozo_kernel_yield();
    }
}

static void use_up(void)
{
    unsigned count = 0;
    enum kozo_error told = probe(client.service.handle);
    while (told == KOZO_BAD_ARGUMENT && count < 1000) {
        count++;
        told = probe(client.service.handle);
    }
    kozo_printf("borrow: %u requests, then %d\n", count, (int)told);
}

static void step(const char *word)
{
    static const struct {
        const char *word;
        void (*step)(void);
    } plain[] = {
        {"read", read},       {"write", write},   {"list", list}, {"pages", pages}, {"hold", hold},
        {"hand-on", hand_on}, {"use-up", use_up}, {"keep", keep}, {"pause", pause},
    };
    static const struct {
        const char *word;
        void (*step)(const char *text);
    } with[] = {
        {"ask:", ask}, {"call:", call}, {"open:", open}, {"make:", make}, {"leave:", leave},
    };
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++) {
        if (strcmp(word, plain[i].word) == 0) {
            plain[i].step();
            return;
        }
    }
    for (size_t i = 0; i < sizeof with / sizeof with[0]; i++) {
        size_t length = strlen(with[i].word);
        if (strncmp(word, with[i].word, length) == 0) {
            with[i].step(word + length);
            return;
        }
    }
    client.service.handle = own; // "own"
}

int main(int count, char **arguments)
{
    if (!client_open() || !kozo_session_open(&policy, "policy") || policy.data == nullptr) {
        kozo_print("borrow: a service is not there\n");
        return 1;
    }
    own = client.service.handle;
    next_slot = kozo_process_info()->free_slot;
    for (int i = 1; i < count; i++) {
        step(arguments[i]);
    }
    return 0;
}
