// SPDX-License-Identifier: MIT
// A volume that does not do as it should; how is said by its name as a service:
//
//     silent   tells what it is, and answers nothing else
//     late     answers each request half a second after it came, or more
//     liar     answers at once what can't be
#include <kozo/start.h>
#include <string.h>

#include "server.h"

constexpr size_t WISHES = 16;

static struct server server;
static bool late;
static bool liar;

// What is to be answered later.
static struct wish {
    uint64_t number; // 0: none
    size_t place;
    uint64_t at;
    struct kozo_message answer;
    struct kozo_node_stat stat;
    unsigned looks;
} wishes[WISHES];

// Answers late or never, as it is.
static struct kozo_message later(const struct kozo_caller *caller, struct kozo_message answer,
                                 uint64_t at, struct kozo_node_stat stat)
{
    for (size_t i = 0; i < WISHES && late; i++) {
        if (wishes[i].number == 0) {
            wishes[i] = (struct wish){.number = caller->number,
                                      .place = caller->session,
                                      .at = at,
                                      .answer = answer,
                                      .stat = stat,
                                      .looks = 2};
            break;
        }
    }
    return kozo_later();
}

static void looked(void)
{
    for (size_t i = 0; i < WISHES; i++) {
        struct wish *wish = &wishes[i];
        if (wish->number == 0 || --wish->looks > 0) {
            continue;
        }
        uint8_t *bytes = server_data(&server, wish->place, wish->at, sizeof wish->stat);
        if (wish->stat.kind != 0 && bytes != nullptr) {
            memcpy(bytes, &wish->stat, sizeof wish->stat);
        }
        uint64_t number = wish->number;
        wish->number = 0;
        server_complete(&server, wish->place, number, &wish->answer);
    }
}

static bool cancel(size_t place, uint64_t number)
{
    for (size_t i = 0; i < WISHES; i++) {
        if (wishes[i].number == number && wishes[i].place == place) {
            wishes[i].number = 0;
            return true;
        }
    }
    return !late;
}

static struct kozo_message serve_describe(struct kozo_caller *caller,
                                          const struct kozo_volume_describe_arguments *asked)
{
    (void)caller;
    (void)asked;
    return kozo_volume_describe_answer(4096, UINT64_MAX, UINT64_MAX, 0, 0);
}

static struct kozo_message serve_look(struct kozo_caller *caller,
                                      const struct kozo_volume_look_arguments *asked)
{
    static uint64_t lie;
    static const struct {
        uint64_t node, kind;
    } lies[] = {{0, 1}, {1, 2}, {5, 0}, {5, 99}, {UINT64_MAX, UINT64_MAX}, {7, 2}, {8, 1}};
    struct kozo_node_stat none = {};
    if (liar) {
        size_t number = lie++ % (sizeof lies / sizeof lies[0]);
        return kozo_volume_look_answer(lies[number].node, lies[number].kind);
    }
    return later(caller, kozo_volume_look_answer(2, KOZO_NODE_FILE), asked->at, none);
}

static struct kozo_message serve_stat(struct kozo_caller *caller,
                                      const struct kozo_volume_stat_arguments *asked)
{
    struct kozo_node_stat stat = {.node = asked->node,
                                  .kind = asked->node == 1 ? KOZO_NODE_FOLDER : KOZO_NODE_FILE,
                                  .mode = 0644,
                                  .size = 100'000};
    uint8_t *bytes = server_data(&server, caller->session, asked->at, sizeof stat);
    if (liar && bytes != nullptr) {
        // Of the root what is true, so that its lists can be asked for.
        stat.kind = asked->node == 1 || asked->node == 8 ? stat.kind : KOZO_NODE_LINK;
        memcpy(bytes, &stat, sizeof stat);
        return kozo_answer(KOZO_OK);
    }
    return later(caller, kozo_answer(KOZO_OK), asked->at, stat);
}

static struct kozo_message serve_read(struct kozo_caller *caller,
                                      const struct kozo_volume_read_arguments *asked)
{
    struct kozo_node_stat none = {};
    return liar ? kozo_volume_read_answer(asked->length + 1)
                : later(caller, kozo_volume_read_answer(asked->length), asked->at, none);
}

static struct kozo_message serve_write(struct kozo_caller *caller,
                                       const struct kozo_volume_write_arguments *asked)
{
    struct kozo_node_stat none = {};
    return liar ? kozo_volume_write_answer(UINT64_MAX)
                : later(caller, kozo_volume_write_answer(asked->length), asked->at, none);
}

// Entries that go beyond what was written, and names that can't be.
static struct kozo_message serve_list(struct kozo_caller *caller,
                                      const struct kozo_volume_list_arguments *asked)
{
    static unsigned lie;
    struct kozo_folder_entry entry = {.node = 9, .next = 1, .kind = KOZO_NODE_FILE, .length = 3};
    uint8_t *bytes = server_data(&server, caller->session, asked->at, sizeof entry + 8);
    struct kozo_node_stat none = {};
    if (!liar || bytes == nullptr) {
        return later(caller, kozo_volume_list_answer(0), asked->at, none);
    }
    switch (lie++ % 5) {
    case 0:
        entry.length = UINT32_MAX;
        break;
    case 1:
        entry.kind = 77;
        break;
    case 2:
        return kozo_volume_list_answer(UINT64_MAX);
    case 3:
        return kozo_volume_list_answer(sizeof entry - 1);
    default:
        break;
    }
    memcpy(bytes, &entry, sizeof entry);
    static const char name[8] = {'a', '/', 'b'};
    memcpy(bytes + sizeof entry, name, sizeof name);
    return kozo_volume_list_answer(sizeof entry + 8);
}

static struct kozo_message serve_attribute(struct kozo_caller *caller,
                                           const struct kozo_volume_attribute_arguments *asked)
{
    struct kozo_node_stat none = {};
    return liar ? kozo_volume_attribute_answer(KOZO_ATTRIBUTE_MOST + 1)
                : later(caller, kozo_volume_attribute_answer(0), asked->at, none);
}

// Names that are empty, too long, or without an end, and too many of them.
static struct kozo_message serve_attributes(struct kozo_caller *caller,
                                            const struct kozo_volume_attributes_arguments *asked)
{
    static unsigned lie;
    uint8_t *bytes = server_data(&server, caller->session, asked->at, 512);
    struct kozo_node_stat none = {};
    if (!liar || bytes == nullptr) {
        return later(caller, kozo_volume_attributes_answer(0), asked->at, none);
    }
    memset(bytes, 'n', 512);
    switch (lie++ % 4) {
    case 0:
        bytes[0] = 0;
        return kozo_volume_attributes_answer(1);
    case 1:
        bytes[256] = 0;
        return kozo_volume_attributes_answer(257);
    case 2:
        return kozo_volume_attributes_answer(100);
    default:
        return kozo_volume_attributes_answer(KOZO_ATTRIBUTE_MOST + 1);
    }
}

static struct kozo_message serve_make(struct kozo_caller *caller,
                                      const struct kozo_volume_make_arguments *asked)
{
    struct kozo_node_stat none = {};
    return liar ? kozo_volume_make_answer((asked->kind & 0xff) == KOZO_NODE_FOLDER ? 1 : 0)
                : later(caller, kozo_volume_make_answer(3), asked->at, none);
}

static struct kozo_message serve(struct kozo_caller *caller, const struct kozo_message *message)
{
    static const struct kozo_volume_handlers handlers = {
        .describe = serve_describe,
        .look = serve_look,
        .stat = serve_stat,
        .read = serve_read,
        .write = serve_write,
        .list = serve_list,
        .make = serve_make,
        .attribute = serve_attribute,
        .attributes = serve_attributes,
    };
    return kozo_volume_dispatch(&handlers, caller, message);
}

int main(int argument_count, char **arguments)
{
    static const struct server_handlers handlers = {
        .serve = serve, .cancel = cancel, .looked = looked};
    late = argument_count > 0 && strcmp(arguments[0], "late") == 0;
    liar = argument_count > 0 && strcmp(arguments[0], "liar") == 0;
    return server_run(&server, &handlers);
}
