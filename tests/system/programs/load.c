// SPDX-License-Identifier: MIT
// Keeps a service busy while it is ended by others: `load NAME MILLISECONDS`. Several requests are
// under way in the ring all the time, and each turn makes one by call, too.
//
// Each request must be answered well, or be lost with a life of the service. When the time is up it goes on
// until one more is answered, so that a service which does not come back is noticed. Prints how many
// were answered and how many were lost; status 1 when an answer is wrong. `load NAME` makes one request by call and
// begins one, and prints how that went.
//
// It is given: sessions with those services.
#include <kozo/machine.h>
#include <kozo/print.h>
#include <kozo/session.h>
#include <kozo/start.h>
#include <stdlib.h>
#include <string.h>

constexpr unsigned DEPTH = 8;  // requests under way
constexpr uint64_t BLOCKS = 8; // of one read

// What is asked of each service. `answer` is what it must say, `unshared` what it says when memory that it had given
// is gone with its last life.
struct kind {
    const char *name;
    const char *text; // for the shared memory; null for none
    uint32_t label;
    uint8_t length;
    enum kozo_error answer;
    enum kozo_error unshared;
    uint64_t word[4];
};

static const struct kind kinds[] = {
    {.name = "clock", .label = KOZO_CLOCK_DATE},
    {.name = "devmgr", .label = KOZO_DEVICES_LIST, .length = 1},
    {.name = "random", .label = KOZO_RANDOM_BYTES},
    {.name = "policy",
     .text = "files.home.read",
     .label = KOZO_POLICY_LOOK,
     .length = 2,
     .word = {0, 15}},
    {.name = "disk",
     .label = KOZO_BLOCK_READ,
     .length = 3,
     .unshared = KOZO_BAD_ARGUMENT,
     .word = {3, BLOCKS, 0}},
    {.name = "channels",
     .label = KOZO_CHANNEL_FIND,
     .length = 2,
     .answer = KOZO_BAD_HANDLE,
     .word = {7, 0x00676e6968746f6e}}, // "nothing"
};

static struct kozo_session session;
static struct kozo_message asked;
static enum kozo_error wanted;
static enum kozo_error
    unshared; // what is answered when the memory to read into is gone; OK for no such
static unsigned under_way;
static uint64_t last; // number of the last that was begun
static bool shares;   // a disk: whether it has given its memory
static uint64_t answered;
static uint64_t lost;
static bool wrong;

static const struct kind *find(const char *name)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(kinds[i].name, name) == 0) {
            return &kinds[i];
        }
    }
    return nullptr;
}

static void judge(uint32_t label)
{
    if (label == wanted) {
        answered++;
    } else if (label == KOZO_NO_REPLY || label == KOZO_CANCELLED || label == unshared) {
        lost++;
        shares = false;
    } else if (label != KOZO_PENDING && label != KOZO_WOULD_BLOCK) {
        kozo_printf("error %u\n", label);
        wrong = true;
    }
}

// The memory that a disk reads into is gone with each life of its driver, which says BAD_ARGUMENT then.
static void share_memory(void)
{
    uint64_t slot = kozo_process_info()->free_slot;
    (void)kozo_cnode_delete((struct kozo_slot){slot});
    kozo_ipc_buffer()->receive_slot = slot;
    kozo_ipc_buffer()->receive_count = 1;
    shares = kozo_block_share(session.service) == KOZO_OK;
    kozo_ipc_buffer()->receive_slot = 0;
}

static void begin_all(void)
{
    if (unshared != KOZO_OK && !shares) {
        share_memory();
    }
    while (under_way < DEPTH) {
        uint64_t number = kozo_session_begin(&session, &asked);
        if (number == 0) {
            return;
        }
        last = number;
        under_way++;
    }
}

static void take_all(void)
{
    struct kozo_entry entry;
    while (kozo_session_next(&session, &entry)) {
        // One that was called, and answered later, was not counted as under way.
        under_way -= (entry.number & KOZO_CALLED) == 0 && under_way > 0 ? 1 : 0;
        judge(entry.label);
    }
    if (under_way > 0 && kozo_session_lost(&session, last)) {
        lost += under_way;
        under_way = 0;
        shares = false;
    }
}

static uint32_t call(void)
{
    struct kozo_received received = kozo_endpoint_call(session.service, asked);
    return received.error != KOZO_OK ? (uint32_t)received.error : received.message.info.label;
}

static void turn(void)
{
    begin_all();
    judge(call());
    (void)kozo_notification_wait((struct kozo_notification){kozo_granted("signal")});
    take_all();
}

static void work(uint64_t until)
{
    while (!wrong && kozo_ticks() < until) {
        turn();
    }
    uint64_t before = answered;
    while (!wrong && answered == before) {
        turn();
    }
}

int main(int argument_count, char **arguments)
{
    const struct kind *kind = argument_count > 1 ? find(arguments[1]) : nullptr;
    if (kind == nullptr || !kozo_session_open(&session, kind->name)) {
        kozo_print("there is no such service\n");
        return 2;
    }
    asked = (struct kozo_message){.info = {.label = kind->label, .length = kind->length}};
    memcpy(asked.word, kind->word, sizeof kind->word);
    wanted = kind->answer;
    unshared = kind->unshared;
    if (kind->text != nullptr) {
        memcpy(session.data, kind->text, strlen(kind->text));
    }
    if (argument_count == 2) {
        kozo_printf("called: %u, begun: %s\n", call(),
                    kozo_session_begin(&session, &asked) != 0 ? "yes" : "no");
        return 0;
    }
    work(kozo_ticks() +
         strtoul(arguments[2], nullptr, 10) * kozo_process_info()->tsc_frequency / 1000);
    kozo_printf("load: %lu answered, %lu lost\n", answered, lost);
    return wrong ? 1 : 0;
}
