// SPDX-License-Identifier: MIT
#include "host.h"

#include <kozo/session.h>
#include <kozo/system.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "../../volumes/ram/items.h"
#include "../../volumes/ram/ram.h"
#include "../cache.h"
#include "../delegated.h"
#include "../fsd.h"
#include "../handle.h"
#include "../lock.h"
#include "../operation.h"
#include "../requests.h"
#include "../supply.h"
#include "../table.h"
#include "../volume.h"
#include "../write.h"

constexpr size_t SHARED = 16 * 65536; // with the volume
constexpr size_t VOLUME_SIZE = 16 << 20;
constexpr size_t WAITING = 64;

uint8_t host_data[HOST_DATA];
struct kozo_delegations host_list;

static struct {
    host_volume *answer;
    struct ram *ram;
    void *memory;
    uint8_t *cache;
    size_t size;    // bytes of it
    uint64_t taken; // that are there
    uint64_t room;  // that may be
    uint8_t shared[SHARED];
    struct kozo_session_page page;
    uint64_t now;
    size_t place;  // whose requests are begun
    bool starves;  // the volume gets no memory for contents
    bool refused;  // and has found out
    uint64_t slow; // time that the volume takes for an answer; 0: nobody else changes it
    size_t completed;
    uint64_t last; // number of the last completion, and what it said
    struct kozo_message said;
    size_t asked; // requests that the volume has not answered
    struct kozo_entry entry[WAITING];
    size_t answered; // completions that the server has not taken
    struct kozo_entry completion[WAITING];
} host;

// --- What main.c does ---------------------------------------------------------------------------

uint64_t fsd_date(void)
{
    return host.now;
}

uint64_t fsd_now(void)
{
    return host.now;
}

uint8_t *fsd_data(size_t place, uint64_t at, uint64_t length)
{
    if (place == HOST_SESSIONS) {
        return length <= sizeof host_list ? (uint8_t *)&host_list : nullptr;
    }
    return at <= HOST_DATA && length <= HOST_DATA - at ? host_data + at : nullptr;
}

void fsd_complete(size_t place, uint64_t number, const struct kozo_message *answer)
{
    (void)place;
    host.completed++;
    host.last = number;
    host.said = *answer;
}

bool fsd_is_down(const char *service)
{
    (void)service;
    return false;
}

void fsd_say_refused(const char *volume, const char *path, const char *reason)
{
    (void)volume;
    (void)path;
    (void)reason;
}

bool fsd_knows(uint64_t badge)
{
    return badge != 0;
}

void lend_drop(size_t place)
{
    (void)place;
}

bool lend_is_over(uint32_t run)
{
    (void)run;
    return true;
}

void lend_end(uint32_t run)
{
    (void)run;
}

void lend_forget(uint32_t piece)
{
    (void)piece;
}

struct kozo_message serve_pages(struct kozo_caller *caller,
                                const struct kozo_files_pages_arguments *asked)
{
    (void)caller;
    (void)asked;
    return kozo_answer(KOZO_BAD_OPERATION);
}

// --- Sessions -----------------------------------------------------------------------------------

bool kozo_session_open(struct kozo_session *session, const char *name)
{
    (void)name;
    *session = (struct kozo_session){
        .page = &host.page, .data = host.shared, .data_size = sizeof host.shared};
    return true;
}

uint64_t kozo_session_begin(struct kozo_session *session, const struct kozo_message *message)
{
    // Of requests to cancel there may be more than the volume ever sees.
    if (host.asked == WAITING) {
        return 0;
    }
    struct kozo_entry *entry = &host.entry[host.asked++];
    *entry = (struct kozo_entry){
        .number = (uint64_t)host.page.life << 32 | ++session->begun,
        .label = message->info.label,
        .length = message->info.length,
    };
    memcpy(entry->word, message->word, sizeof entry->word);
    return entry->number;
}

bool kozo_session_next(struct kozo_session *session, struct kozo_entry *entry)
{
    (void)session;
    if (host.answered == 0) {
        return false;
    }
    *entry = host.completion[0];
    memmove(host.completion, host.completion + 1, --host.answered * sizeof *entry);
    return true;
}

// --- The RAM volume -----------------------------------------------------------------------------

static struct volume_text text(uint64_t at, uint64_t length)
{
    return (struct volume_text){.bytes = (const char *)host.shared + at, .length = length};
}

static struct kozo_message look(const uint64_t *word)
{
    uint64_t node = 0;
    uint32_t kind = 0;
    enum kozo_error error = ram_look(host.ram, word[0], text(word[1], word[2]), &node, &kind);
    return error == KOZO_OK ? kozo_volume_look_answer(node, kind) : kozo_answer(error);
}

static struct kozo_message stat(const uint64_t *word)
{
    return kozo_answer(
        ram_stat(host.ram, word[0], (struct kozo_node_stat *)(host.shared + word[1])));
}

static struct kozo_message make(const uint64_t *word)
{
    uint64_t node = 0;
    enum kozo_error error = ram_make(host.ram, word[0], word[1] & ((1u << KOZO_MODE_SHIFT) - 1),
                                     (uint32_t)(word[1] >> KOZO_MODE_SHIFT), text(word[2], word[3]),
                                     text(word[2] + word[3], word[4]), host.now, &node);
    return error == KOZO_OK ? kozo_volume_make_answer(node) : kozo_answer(error);
}

static struct kozo_message move_bytes(const struct kozo_entry *entry)
{
    const uint64_t *word = entry->word;
    size_t done = 0;
    if (host.starves && entry->label == KOZO_VOLUME_WRITE) {
        host.refused = true;
        return kozo_answer(KOZO_NO_MEMORY);
    }
    enum kozo_error error =
        entry->label == KOZO_VOLUME_READ
            ? ram_read(host.ram, word[0], word[1], host.shared + word[2], word[3], &done)
            : ram_write(host.ram, word[0], word[1], host.shared + word[2], word[3], &done,
                        host.now);
    return error == KOZO_OK ? kozo_volume_read_answer(done) : kozo_answer(error);
}

static struct kozo_message list(const uint64_t *word)
{
    struct volume_listing listing = {.bytes = host.shared + word[2], .size = word[3]};
    enum kozo_error error = ram_list(host.ram, word[0], word[1], &listing);
    return error == KOZO_OK ? kozo_volume_list_answer(listing.done) : kozo_answer(error);
}

static struct kozo_message attribute(const uint64_t *word)
{
    size_t size = 0;
    enum kozo_error error = ram_attribute(host.ram, word[0], text(word[1], word[2]),
                                          host.shared + word[1], word[3], &size);
    return error == KOZO_OK ? kozo_volume_attribute_answer(size) : kozo_answer(error);
}

static struct kozo_message attributes(const uint64_t *word)
{
    size_t size = 0;
    enum kozo_error error =
        ram_attributes(host.ram, word[0], host.shared + word[1], word[2], &size);
    return error == KOZO_OK ? kozo_volume_attributes_answer(size) : kozo_answer(error);
}

// Who pays stands behind the arguments of what stores something.
static void pay(const struct kozo_entry *entry)
{
    static const struct {
        uint32_t label;
        size_t word;
    } stores[] = {
        {KOZO_VOLUME_DESCRIBE, 0}, {KOZO_VOLUME_WRITE, 4},  {KOZO_VOLUME_MAKE, 5},
        {KOZO_VOLUME_LINK, 4},     {KOZO_VOLUME_RENAME, 5}, {KOZO_VOLUME_SET_ATTRIBUTE, 5},
    };
    for (size_t i = 0; i < sizeof stores / sizeof stores[0]; i++) {
        if (stores[i].label == entry->label) {
            uint64_t pays = entry->word[stores[i].word];
            ram_pay(host.ram, (uint32_t)pays, (uint32_t)(pays >> 32));
        }
    }
}

static struct kozo_message honest(const struct kozo_entry *entry)
{
    const uint64_t *word = entry->word;
    struct volume_space space;
    pay(entry);
    switch (entry->label) {
    case KOZO_VOLUME_DESCRIBE:
        ram_space(host.ram, &space);
        return kozo_volume_describe_answer(space.block, space.blocks, host.refused ? 0 : space.free,
                                           space.nodes,
                                           space.flags | (host.slow > 0 ? KOZO_VOLUME_SHARED : 0));
    case KOZO_VOLUME_LOOK:
        return look(word);
    case KOZO_VOLUME_STAT:
        return stat(word);
    case KOZO_VOLUME_READ:
    case KOZO_VOLUME_WRITE:
        return move_bytes(entry);
    case KOZO_VOLUME_LIST:
        return list(word);
    case KOZO_VOLUME_MAKE:
        return make(word);
    case KOZO_VOLUME_LINK:
        return kozo_answer(ram_link(host.ram, word[0], word[1], text(word[2], word[3]), host.now));
    case KOZO_VOLUME_REMOVE:
        return kozo_answer(ram_remove(host.ram, word[0], text(word[1], word[2]), host.now));
    case KOZO_VOLUME_RENAME:
        return kozo_answer(ram_rename(host.ram, word[0], text(word[2], word[3]), word[1],
                                      text(word[2] + word[3], word[4]), host.now));
    case KOZO_VOLUME_CHANGE:
        return kozo_answer(ram_change(host.ram, word[0],
                                      (const struct kozo_node_stat *)(host.shared + word[1]),
                                      word[2], host.now));
    case KOZO_VOLUME_ATTRIBUTE:
        return attribute(word);
    case KOZO_VOLUME_ATTRIBUTES:
        return attributes(word);
    case KOZO_VOLUME_SET_ATTRIBUTE:
        return kozo_answer(ram_set_attribute(host.ram, word[0], text(word[1], word[2]),
                                             text(word[1] + word[2], word[3]), word[4], host.now));
    case KOZO_VOLUME_REMOVE_ATTRIBUTE:
        return kozo_answer(
            ram_remove_attribute(host.ram, word[0], text(word[1], word[2]), host.now));
    case KOZO_VOLUME_FORGET:
        ram_forget(host.ram, word[0]);
        return kozo_answer(KOZO_OK);
    default:
        return kozo_answer(KOZO_OK);
    }
}

// --- Running ------------------------------------------------------------------------------------

void host_turn(size_t requests)
{
    for (size_t i = 0; i < requests && host.asked > 0; i++) {
        struct kozo_entry entry = host.entry[0];
        memmove(host.entry, host.entry + 1, --host.asked * sizeof entry);
        host.now += host.slow;
        if (entry.label == KOZO_REQUEST_CANCEL) {
            continue;
        }
        struct kozo_message answer = host.answer != nullptr
                                         ? host.answer(&entry, host.shared, sizeof host.shared)
                                         : honest(&entry);
        struct kozo_entry done = {
            .number = entry.number, .label = answer.info.label, .length = answer.info.length};
        memcpy(done.word, answer.word, sizeof done.word);
        host.completion[host.answered++] = done;
        volume_hear();
        operation_work();
    }
}

struct kozo_message host_begin(const struct kozo_message *message, uint64_t number)
{
    const struct kozo_caller caller = {.session = host.place, .number = number};
    struct kozo_message answer = operation_begin(&caller, message);
    operation_work();
    return answer;
}

struct kozo_message host_call(const struct kozo_message *message)
{
    static uint64_t number;
    struct kozo_message answer = host_begin(message, ++number);
    if (answer.info.label != KOZO_PENDING) {
        return answer;
    }
    host.last = 0;
    while (host.last != number && host.asked > 0) {
        host_turn(1);
    }
    return host.last == number ? host.said : kozo_later();
}

void host_volume_is(host_volume *volume)
{
    host.answer = volume;
}

void host_session(size_t place)
{
    host.place = place;
}

void host_starve(bool starves)
{
    host.starves = starves;
    host.refused = host.refused && starves;
}

void host_slow(uint64_t nanoseconds)
{
    host.slow = nanoseconds;
}

void host_pass(uint64_t nanoseconds)
{
    host.now += nanoseconds;
    write_look();
    operation_work();
}

void host_new_life(void)
{
    host.page.life++;
    host.asked = 0;
    host.answered = 0;
    volume_hear();
    operation_work();
}

size_t host_completed(void)
{
    return host.completed;
}

uint32_t host_said(void)
{
    return host.said.info.label;
}

// Memory of the cache is there when it was taken, and not otherwise.
bool supply_take(void *address, uint64_t size)
{
    if ((uint8_t *)address < host.cache || (uint8_t *)address >= host.cache + host.size) {
        return true; // of a table
    }
    bool fits = host.taken + size <= host.room;
    host.taken += fits ? size : 0;
    return fits && mprotect(address, size, PROT_READ | PROT_WRITE) == 0;
}

void supply_give(void *address)
{
    uint64_t page = ((uint64_t)address - (uint64_t)host.cache) / CACHE_PAGE;
    uint64_t size = (uint64_t)CACHE_PAGE << cache_piece_of((uint32_t)page).order;
    host.taken -= size;
    (void)madvise(address, size, MADV_DONTNEED);
    (void)mprotect(address, size, PROT_NONE);
}

uint8_t *supply_table(uint32_t place)
{
    constexpr size_t most = 2 << 20;
    static uint8_t *tables[TABLES];
    free(tables[place]);
    tables[place] = calloc(1, most);
    return tables[place];
}

void host_room(uint64_t size)
{
    host.room = size;
}

// The volume's memory is there from the start.
bool room_take(uint64_t offset, uint64_t size)
{
    return offset + size <= VOLUME_SIZE;
}

void room_give(uint64_t offset)
{
    (void)offset;
}

void host_start(uint32_t pages, host_volume *volume)
{
    static struct kozo_system system = {
        .magic = KOZO_SYSTEM_MAGIC,
        .programs = 4,
        .program =
            {
                {.file = "a", .name = "ram", .places = 1},
                {.file = "b",
                 .name = "files",
                 .commands = 1,
                 .places = HOST_SESSIONS,
                 .pages = 1,
                 .uses = 1,
                 .mounts = 1,
                 .mount = {{.path = "/ram"}}},
                {.file = "c",
                 .uses = HOST_SESSIONS - 1,
                 .use = {{.program = 1, .place = 1},
                         {.program = 1, .place = 2},
                         {.program = 1, .place = 3, .most = HOST_MOST}},
                 .paths = HOST_SESSIONS - 1,
                 .path = {{.path = "/", .writable = 1, .use = 0},
                          {.path = "/", .writable = 1, .use = 1},
                          {.path = "/", .writable = 1, .use = 2}}},
                {.file = "d",
                 .uses = 1,
                 .use = {{.program = 1, .place = HOST_SESSIONS, .delegates = 1}}},
            },
    };
    free(host.memory);
    if (host.cache != nullptr) {
        (void)munmap(host.cache, host.size);
    }
    host.memory = aligned_alloc(KOZO_PAGE_SIZE, VOLUME_SIZE);
    host.size = (size_t)pages * KOZO_PAGE_SIZE;
    host.cache = mmap(nullptr, host.size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    host.taken = 0;
    host.room = host.size;
    memset(host.memory, 0, VOLUME_SIZE);
    host.ram = ram_open(host.memory, VOLUME_SIZE, 1);
    host.answer = volume;
    host.page.life = 1;
    cache_start(host.cache, pages);
    place_start(&system, "files");
    delegated_start(&system, "files");
    handle_start(HOST_LIFE);
    lock_start();
    (void)node_start();
    volume_start(&system, "files");
    volume_hear();
}
