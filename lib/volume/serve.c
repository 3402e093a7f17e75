// SPDX-License-Identifier: MIT
// One handler a request: names and records are copied out of the shared memory before they are
// looked at, and every place in it is checked.
#include "serve.h"

#include <string.h>

#include "server.h"

static struct server server;
static const struct volume_functions *volume;

// Two names, or a name and a target or value, one after the other.
struct texts {
    bool valid;
    struct volume_text first;
    struct volume_text second;
};

// Copies them; whether the first is a name is the caller's to say.
static struct texts copy(const struct kozo_caller *caller, uint64_t at, uint64_t length,
                         uint64_t second, size_t most)
{
    static char bytes[VOLUME_NAME_MOST + KOZO_ATTRIBUTE_MOST];
    static_assert(VOLUME_TARGET_MOST <= KOZO_ATTRIBUTE_MOST);
    if (length > VOLUME_NAME_MOST || second > most) {
        return (struct texts){};
    }
    const uint8_t *from = server_data(&server, caller->session, at, length + second);
    if (from == nullptr) {
        return (struct texts){};
    }
    memcpy(bytes, from, length + second);
    return (struct texts){
        .valid = true,
        .first = {.bytes = bytes, .length = length},
        .second = {.bytes = bytes + length, .length = second},
    };
}

static struct texts copy_texts(const struct kozo_caller *caller, uint64_t at, uint64_t length,
                               uint64_t second)
{
    struct texts texts = copy(caller, at, length, second, VOLUME_TARGET_MOST);
    texts.valid = texts.valid && volume_name_is_fine(texts.first.bytes, texts.first.length);
    return texts;
}

static struct texts copy_attribute(const struct kozo_caller *caller, uint64_t at, uint64_t length,
                                   uint64_t value)
{
    struct texts texts = copy(caller, at, length, value, KOZO_ATTRIBUTE_MOST);
    texts.valid = texts.valid && volume_attribute_is_fine(texts.first.bytes, texts.first.length);
    return texts;
}

// --- Looking ------------------------------------------------------------------------------------

// Says who pays for what follows; false for who can't be.
static bool pay(uint64_t pays)
{
    uint32_t account = (uint32_t)pays;
    if (account >= KOZO_ACCOUNTS || (account == 0 && pays != 0)) {
        return false;
    }
    if (volume->pay != nullptr) {
        volume->pay(account, (uint32_t)(pays >> 32));
    }
    return true;
}

static struct kozo_message serve_describe(struct kozo_caller *caller,
                                          const struct kozo_volume_describe_arguments *asked)
{
    (void)caller;
    struct volume_space space = {};
    if (!pay(asked->pays)) {
        return kozo_answer(KOZO_BAD_ARGUMENT);
    }
    volume->describe(&space);
    return kozo_volume_describe_answer(space.block, space.blocks, space.free, space.nodes,
                                       space.flags);
}

static struct kozo_message serve_look(struct kozo_caller *caller,
                                      const struct kozo_volume_look_arguments *asked)
{
    struct texts texts = copy_texts(caller, asked->at, asked->length, 0);
    if (!texts.valid) {
        return kozo_answer(KOZO_BAD_ARGUMENT);
    }
    uint64_t node = 0;
    uint32_t kind = 0;
    enum kozo_error error = volume->look(asked->folder, texts.first, &node, &kind);
    return error == KOZO_OK ? kozo_volume_look_answer(node, kind) : kozo_answer(error);
}

static struct kozo_message serve_stat(struct kozo_caller *caller,
                                      const struct kozo_volume_stat_arguments *asked)
{
    struct kozo_node_stat stat = {};
    uint8_t *bytes = server_data(&server, caller->session, asked->at, sizeof stat);
    if (bytes == nullptr) {
        return kozo_answer(KOZO_BAD_ARGUMENT);
    }
    enum kozo_error error = volume->stat(asked->node, &stat);
    if (error == KOZO_OK) {
        memcpy(bytes, &stat, sizeof stat);
    }
    return kozo_answer(error);
}

static struct kozo_message serve_read(struct kozo_caller *caller,
                                      const struct kozo_volume_read_arguments *asked)
{
    uint8_t *bytes = server_data(&server, caller->session, asked->at, asked->length);
    if (bytes == nullptr) {
        return kozo_answer(KOZO_BAD_ARGUMENT);
    }
    size_t done = 0;
    enum kozo_error error = volume->read(asked->node, asked->offset, bytes, asked->length, &done);
    return error == KOZO_OK ? kozo_volume_read_answer(done) : kozo_answer(error);
}

static struct kozo_message serve_list(struct kozo_caller *caller,
                                      const struct kozo_volume_list_arguments *asked)
{
    struct volume_listing listing = {
        .bytes = server_data(&server, caller->session, asked->at, asked->length),
        .size = asked->length,
    };
    if (listing.bytes == nullptr) {
        return kozo_answer(KOZO_BAD_ARGUMENT);
    }
    enum kozo_error error = volume->list(asked->folder, asked->from, &listing);
    return error == KOZO_OK ? kozo_volume_list_answer(listing.done) : kozo_answer(error);
}

// Where nothing has attributes, a node that is there has none.
static enum kozo_error check_bare(uint64_t node)
{
    struct kozo_node_stat stat;
    return volume->stat(node, &stat);
}

static struct kozo_message serve_attribute(struct kozo_caller *caller,
                                           const struct kozo_volume_attribute_arguments *asked)
{
    struct texts texts = copy_attribute(caller, asked->at, asked->length, 0);
    uint8_t *bytes = server_data(&server, caller->session, asked->at, asked->room);
    if (!texts.valid || bytes == nullptr) {
        return kozo_answer(KOZO_BAD_ARGUMENT);
    }
    size_t size = 0;
    enum kozo_error error = KOZO_BAD_HANDLE;
    if (volume->attribute != nullptr) {
        error = volume->attribute(asked->node, texts.first, bytes, asked->room, &size);
    }
    return error == KOZO_OK ? kozo_volume_attribute_answer(size) : kozo_answer(error);
}

static struct kozo_message serve_attributes(struct kozo_caller *caller,
                                            const struct kozo_volume_attributes_arguments *asked)
{
    uint8_t *bytes = server_data(&server, caller->session, asked->at, asked->room);
    if (bytes == nullptr) {
        return kozo_answer(KOZO_BAD_ARGUMENT);
    }
    size_t size = 0;
    enum kozo_error error = volume->attributes != nullptr
                                ? volume->attributes(asked->node, bytes, asked->room, &size)
                                : check_bare(asked->node);
    return error == KOZO_OK ? kozo_volume_attributes_answer(size) : kozo_answer(error);
}

static struct kozo_message serve_forget(struct kozo_caller *caller,
                                        const struct kozo_volume_forget_arguments *asked)
{
    (void)caller;
    if (volume->forget != nullptr) {
        volume->forget(asked->node);
    }
    return kozo_answer(KOZO_OK);
}

// --- Changing -----------------------------------------------------------------------------------

static struct kozo_message serve_write(struct kozo_caller *caller,
                                       const struct kozo_volume_write_arguments *asked)
{
    const uint8_t *bytes = server_data(&server, caller->session, asked->at, asked->length);
    if (bytes == nullptr || asked->offset > INT64_MAX ||
        asked->length > INT64_MAX - asked->offset || !pay(asked->pays)) {
        return kozo_answer(KOZO_BAD_ARGUMENT);
    }
    if (volume->write == nullptr) {
        return kozo_answer(KOZO_NO_RIGHT);
    }
    size_t done = 0;
    enum kozo_error error = volume->write(asked->node, asked->offset, bytes, asked->length, &done);
    return error == KOZO_OK ? kozo_volume_write_answer(done) : kozo_answer(error);
}

static struct kozo_message serve_make(struct kozo_caller *caller,
                                      const struct kozo_volume_make_arguments *asked)
{
    struct texts texts = copy_texts(caller, asked->at, asked->length, asked->target);
    uint32_t kind = asked->kind & ((1u << KOZO_MODE_SHIFT) - 1);
    uint64_t mode = asked->kind >> KOZO_MODE_SHIFT;
    bool link = kind == KOZO_NODE_LINK;
    bool known = link || kind == KOZO_NODE_FILE || kind == KOZO_NODE_FOLDER;
    if (!texts.valid || !known || mode > 07777 || link != (asked->target > 0) ||
        !pay(asked->pays)) {
        return kozo_answer(KOZO_BAD_ARGUMENT);
    }
    if (volume->make == nullptr) {
        return kozo_answer(KOZO_NO_RIGHT);
    }
    uint64_t node = 0;
    enum kozo_error error =
        volume->make(asked->folder, kind, (uint32_t)mode, texts.first, texts.second, &node);
    return error == KOZO_OK ? kozo_volume_make_answer(node) : kozo_answer(error);
}

static struct kozo_message serve_link(struct kozo_caller *caller,
                                      const struct kozo_volume_link_arguments *asked)
{
    struct texts texts = copy_texts(caller, asked->at, asked->length, 0);
    if (!texts.valid || !pay(asked->pays)) {
        return kozo_answer(KOZO_BAD_ARGUMENT);
    }
    return kozo_answer(volume->link != nullptr
                           ? volume->link(asked->node, asked->folder, texts.first)
                           : KOZO_NO_RIGHT);
}

static struct kozo_message serve_remove(struct kozo_caller *caller,
                                        const struct kozo_volume_remove_arguments *asked)
{
    struct texts texts = copy_texts(caller, asked->at, asked->length, 0);
    if (!texts.valid) {
        return kozo_answer(KOZO_BAD_ARGUMENT);
    }
    return kozo_answer(volume->remove != nullptr ? volume->remove(asked->folder, texts.first)
                                                 : KOZO_NO_RIGHT);
}

static struct kozo_message serve_rename(struct kozo_caller *caller,
                                        const struct kozo_volume_rename_arguments *asked)
{
    struct texts texts = copy_texts(caller, asked->at, asked->length, asked->second);
    if (!texts.valid || !volume_name_is_fine(texts.second.bytes, texts.second.length) ||
        !pay(asked->pays)) {
        return kozo_answer(KOZO_BAD_ARGUMENT);
    }
    return kozo_answer(volume->rename != nullptr
                           ? volume->rename(asked->folder, texts.first, asked->target, texts.second)
                           : KOZO_NO_RIGHT);
}

static struct kozo_message serve_change(struct kozo_caller *caller,
                                        const struct kozo_volume_change_arguments *asked)
{
    struct kozo_node_stat stat;
    const uint8_t *bytes = server_data(&server, caller->session, asked->at, sizeof stat);
    if (bytes == nullptr) {
        return kozo_answer(KOZO_BAD_ARGUMENT);
    }
    memcpy(&stat, bytes, sizeof stat);
    if (stat.mode > 07777 || stat.size > INT64_MAX) {
        return kozo_answer(KOZO_BAD_ARGUMENT);
    }
    return kozo_answer(volume->change != nullptr ? volume->change(asked->node, &stat, asked->what)
                                                 : KOZO_NO_RIGHT);
}

static struct kozo_message
serve_set_attribute(struct kozo_caller *caller,
                    const struct kozo_volume_set_attribute_arguments *asked)
{
    struct texts texts = copy_attribute(caller, asked->at, asked->length, asked->size);
    if (!texts.valid || asked->way > KOZO_ATTRIBUTE_OVER || !pay(asked->pays)) {
        return kozo_answer(KOZO_BAD_ARGUMENT);
    }
    return kozo_answer(
        volume->set_attribute != nullptr
            ? volume->set_attribute(asked->node, texts.first, texts.second, asked->way)
            : KOZO_NO_RIGHT);
}

static struct kozo_message
serve_remove_attribute(struct kozo_caller *caller,
                       const struct kozo_volume_remove_attribute_arguments *asked)
{
    struct texts texts = copy_attribute(caller, asked->at, asked->length, 0);
    if (!texts.valid) {
        return kozo_answer(KOZO_BAD_ARGUMENT);
    }
    return kozo_answer(volume->remove_attribute != nullptr
                           ? volume->remove_attribute(asked->node, texts.first)
                           : KOZO_NO_RIGHT);
}

static struct kozo_message serve_sync(struct kozo_caller *caller,
                                      const struct kozo_volume_sync_arguments *asked)
{
    (void)caller;
    return kozo_answer(volume->sync != nullptr ? volume->sync(asked->node) : KOZO_OK);
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
        .link = serve_link,
        .remove = serve_remove,
        .rename = serve_rename,
        .change = serve_change,
        .attribute = serve_attribute,
        .attributes = serve_attributes,
        .set_attribute = serve_set_attribute,
        .remove_attribute = serve_remove_attribute,
        .sync = serve_sync,
        .forget = serve_forget,
    };
    return kozo_volume_dispatch(&handlers, caller, message);
}

static bool left(size_t place)
{
    (void)place;
    if (volume->forget_all != nullptr) {
        volume->forget_all();
    }
    return true;
}

static void signalled(uint64_t bits)
{
    if (volume->signalled != nullptr) {
        volume->signalled(bits);
    }
}

static void looked(void)
{
    if (volume->looked != nullptr) {
        volume->looked();
    }
}

static void pressed(void)
{
    if (volume->pressed != nullptr) {
        volume->pressed();
    }
}

struct server *volume_server(void)
{
    return &server;
}

int volume_serve(const struct volume_functions *functions)
{
    static const struct server_handlers handlers = {
        .serve = serve,
        .left = left,
        .signalled = signalled,
        .looked = looked,
        .pressed = pressed,
    };
    volume = functions;
    return server_run(&server, &handlers);
}
