// SPDX-License-Identifier: MIT
#include "volume.h"

#include <string.h>

#include "cache.h"
#include "cover.h"

constexpr uint64_t ROOT = 1;

static struct {
    size_t count;
    struct volume volume[VOLUMES_MOST];
    size_t aliases;
    struct alias alias[VOLUMES_MOST];
} state;

// The volume of an earlier line on which a path below the top lies; null when that could not be opened.
static struct volume *find_under(const struct kozo_system_program *own, size_t number)
{
    size_t under = kozo_system_mount_under(own, number);
    const char *path = own->mount[under].path;
    struct volume *found = nullptr;
    for (size_t i = 0; i < state.count && under < number; i++) {
        found = strcmp(state.volume[i].path, path + 1) == 0 ? &state.volume[i] : found;
    }
    return found;
}

// Mounted at the top at once, or below that when the volume there is known.
static void place_volume(struct volume *volume, const char *path, struct volume *under)
{
    volume->mount = strrchr(path, '/') + 1;
    volume->mount_length = strlen(volume->mount);
    volume->path_length = strlen(path + 1);
    memcpy(volume->path, path + 1, volume->path_length + 1);
    volume->under = under;
    volume->mounted = under != nullptr || volume->path_length == volume->mount_length;
    volume->due = under != nullptr;
    if (under != nullptr) {
        volume->inside = under->path_length + 1;
        under->awaited++;
    }
}

static void add_volume(const struct kozo_system *system, const struct kozo_system_program *own,
                       size_t number)
{
    static_assert(KOZO_SYSTEM_PATH <= VOLUME_PATH_MOST);
    const struct kozo_system_mount *mount = &own->mount[number];
    struct volume *volume = &state.volume[state.count];
    volume->name = system->program[own->use[mount->use].program].name;
    if (kozo_session_open(&volume->session, volume->name) &&
        volume->session.data_size >= REQUESTS * KOZO_PAGE_SIZE) {
        place_volume(volume, mount->path, find_under(own, number));
        state.count++;
        if (!volume->mounted) {
            fsd_say_refused(volume->name, volume->path, "the volume there is not mounted");
        }
    }
}

// Stands behind the mount of its volume.
static void add_alias(const struct kozo_system *system, const struct kozo_system_program *own,
                      const struct kozo_system_mount *mount)
{
    const char *service = system->program[own->use[mount->use].program].name;
    for (size_t i = 0; i < state.count; i++) {
        if (strcmp(state.volume[i].name, service) == 0) {
            state.alias[state.aliases++] = (struct alias){
                .name = mount->path + 1, .inside = mount->inside, .volume = &state.volume[i]};
        }
    }
}

void volume_start(const struct kozo_system *system, const char *service)
{
    static_assert(KOZO_SYSTEM_MOUNTS <= VOLUMES_MOST);
    const struct kozo_system_program *own = kozo_system_service(system, service);
    for (size_t i = 0; own != nullptr && i < own->mounts; i++) {
        if (own->mount[i].inside[0] == 0) {
            add_volume(system, own, i);
        } else {
            add_alias(system, own, &own->mount[i]);
        }
    }
}

const struct alias *volume_alias(size_t index)
{
    return index < state.aliases ? &state.alias[index] : nullptr;
}

size_t volume_index(const struct volume *volume)
{
    return (size_t)(volume - state.volume);
}

struct volume *volume_at(size_t index)
{
    return index < state.count ? &state.volume[index] : nullptr;
}

struct volume *volume_named(const char *name, size_t length)
{
    for (size_t i = 0; i < state.count; i++) {
        struct volume *volume = &state.volume[i];
        if (volume->mount_length == length && memcmp(volume->mount, name, length) == 0) {
            return volume;
        }
    }
    return nullptr;
}

struct volume *volume_mounted_at(const char *name, size_t length)
{
    struct volume *volume = volume_named(name, length);
    return volume != nullptr && volume_is_at_top(volume) ? volume : nullptr;
}

bool volume_is_at_top(const struct volume *volume)
{
    return volume->mounted && volume->covered == nullptr && !volume->due;
}

bool volume_is_lasting(const struct volume *volume)
{
    return (volume->flags & KOZO_VOLUME_LASTING) != 0;
}

bool volume_is_shared(const struct volume *volume)
{
    return (volume->flags & KOZO_VOLUME_SHARED) != 0;
}

// --- Where it is mounted ------------------------------------------------------------------------

void volume_mount(struct volume *volume)
{
    volume->mounted = true;
}

void volume_mount_over(struct volume *volume, struct node *folder, const char *path, size_t length)
{
    volume->mounted = true;
    volume->covered = folder;
    volume->path_length = length;
    memmove(volume->path, path, length);
    folder->mounted = volume;
    node_use(folder);
    node_pin(folder); // it stays where it is
    if (volume->root != nullptr) {
        node_cover(volume->root, folder);
    }
}

const char *volume_path(const struct volume *volume, size_t *length)
{
    *length = volume->covered != nullptr ? volume->path_length : volume->mount_length;
    return volume->covered != nullptr ? volume->path : volume->mount;
}

struct volume *volume_mounted_by(const char *path, size_t length)
{
    for (size_t i = 0; i < state.count; i++) {
        size_t own = 0;
        const char *there = volume_path(&state.volume[i], &own);
        if (state.volume[i].mounted && !state.volume[i].due && own == length &&
            memcmp(there, path, length) == 0) {
            return &state.volume[i];
        }
    }
    return nullptr;
}

bool volume_is_covered(const struct volume *volume)
{
    bool covered = volume->awaited > 0;
    for (size_t i = 0; i < state.count; i++) {
        const struct node *folder = state.volume[i].covered;
        covered = covered || (folder != nullptr && folder->volume == volume);
    }
    return covered;
}

// --- Requests -----------------------------------------------------------------------------------

static struct request *free_request(struct volume *volume, size_t most)
{
    for (size_t i = 0; i < most; i++) {
        if (volume->request[i].number == 0) {
            return &volume->request[i];
        }
    }
    return nullptr;
}

static struct request *take(struct volume *volume, size_t most, struct operation *owner,
                            request_done *done)
{
    struct request *request = free_request(volume, most);
    if (request != nullptr) {
        size_t size = volume->session.data_size / REQUESTS / KOZO_PAGE_SIZE * KOZO_PAGE_SIZE;
        uint64_t at = (uint64_t)(request - volume->request) * size;
        *request = (struct request){
            .volume = volume,
            .done = done,
            .owner = owner,
            .at = at,
            .bytes = volume->session.data + at,
            .size = size,
        };
    }
    return request;
}

struct request *request_new(struct volume *volume, struct operation *owner, request_done *done)
{
    return take(volume, REQUESTS_COMMON, owner, done);
}

struct request *request_new_reserved(struct volume *volume, request_done *done)
{
    return take(volume, REQUESTS, nullptr, done);
}

void request_hold(struct request *request, struct node *node, struct node *second)
{
    request->node = node;
    request->second = second;
    if (node != nullptr) {
        node_use(node);
    }
    if (second != nullptr) {
        node_use(second);
    }
}

static void let_go(struct request *request)
{
    struct node *node = request->node;
    struct node *second = request->second;
    request->node = nullptr;
    request->second = nullptr;
    if (node != nullptr) {
        node_release(node);
    }
    if (second != nullptr) {
        node_release(second);
    }
}

bool request_begun(struct request *request, uint64_t number)
{
    request->number = number;
    if (number == 0) {
        let_go(request);
        return false;
    }
    if (request->owner != nullptr) {
        request->owner->request = request;
        request->owner->stage = STAGE_UNDER_WAY;
    }
    return true;
}

void request_disown(struct request *request)
{
    struct kozo_message message = {
        .info = {.length = 1, .label = KOZO_REQUEST_CANCEL},
        .word = {request->number},
    };
    request->owner = nullptr;
    // A full ring: then it completes for nobody.
    (void)kozo_session_begin(&request->volume->session, &message);
}

// The request is done: first the caches learn of it, then its owner.
static void finish(struct request *request, const struct kozo_entry *entry)
{
    struct volume *volume = request->volume;
    struct operation *owner = request->owner;
    if (owner != nullptr) {
        memcpy(owner->word, entry->word, sizeof owner->word);
    }
    enum kozo_error error = request->done(request, entry);
    request->number = 0;
    if (owner != nullptr) {
        owner->stage = request->change ? STAGE_DONE : STAGE_START;
        owner->failed = !request->change && error != KOZO_OK;
        owner->error = error;
        operation_resume(owner);
    }
    let_go(request);
    // All of them: the first may find what it wanted in the caches, and need no request.
    queue_wake(&volume->waiting);
}

static struct request *find_request(struct volume *volume, uint64_t number)
{
    for (size_t i = 0; i < REQUESTS; i++) {
        if (volume->request[i].number == number && number != 0) {
            return &volume->request[i];
        }
    }
    return nullptr;
}

// --- What it is ---------------------------------------------------------------------------------

static enum kozo_error described(struct request *request, const struct kozo_entry *entry)
{
    struct volume *volume = request->volume;
    struct kozo_volume_describe_result result = kozo_volume_describe_end(entry);
    if (result.error == KOZO_OK) {
        volume->block = result.block;
        volume->blocks = result.blocks;
        volume->free = result.free;
        volume->nodes = result.nodes;
        volume->flags = result.flags;
        volume->stale = false;
    }
    return result.error;
}

static enum kozo_error part_described(struct request *request, const struct kozo_entry *entry)
{
    (void)request;
    return kozo_volume_describe_end(entry).error;
}

struct kozo_message volume_describe(struct volume *volume, uint64_t pays,
                                    struct operation *operation)
{
    struct kozo_message checked = volume_check(volume, operation);
    if (checked.info.label != KOZO_OK) {
        return checked;
    }
    struct request *request =
        request_new(volume, operation, pays == 0 ? described : part_described);
    if (request == nullptr ||
        !request_begun(request, kozo_volume_describe_begin(&volume->session, pays))) {
        return operation_wait(operation, &volume->waiting);
    }
    return kozo_later();
}

static enum kozo_error introduced(struct request *request, const struct kozo_entry *entry)
{
    struct volume *volume = request->volume;
    enum kozo_error error = described(request, entry);
    struct node *root = nullptr;
    if (error == KOZO_OK && volume->root == nullptr) {
        root = node_get(volume, ROOT, KOZO_NODE_FOLDER);
        if (root != nullptr) {
            node_use(root);
            root->parent = root;
            volume->root = root;
            node_cover(root, volume->covered);
        }
    }
    volume->state = volume->root != nullptr && error == KOZO_OK ? VOLUME_READY : VOLUME_ABSENT;
    queue_wake(&volume->waiting);
    if (volume->state == VOLUME_READY) {
        cover_begin(volume);
    }
    return error;
}

static void ask(struct volume *volume)
{
    struct request *request = request_new(volume, nullptr, introduced);
    if (request != nullptr &&
        request_begun(request, kozo_volume_describe_begin(&volume->session, 0))) {
        volume->state = VOLUME_ASKED;
    }
}

bool volume_shows(struct volume *volume)
{
    return volume_is_at_top(volume) &&
           (volume->state == VOLUME_READY || !fsd_is_down(volume->name));
}

struct kozo_message volume_check(struct volume *volume, struct operation *operation)
{
    if (volume->state == VOLUME_READY) {
        return kozo_answer(KOZO_OK);
    }
    if (fsd_is_down(volume->name)) {
        return kozo_answer(KOZO_NO_REPLY);
    }
    if (volume->state == VOLUME_ABSENT) {
        ask(volume);
    }
    return operation_wait(operation, &volume->waiting);
}

// --- Lives --------------------------------------------------------------------------------------

static void fail_all(struct volume *volume)
{
    const struct kozo_entry lost = {.label = KOZO_NO_REPLY};
    for (size_t i = 0; i < REQUESTS; i++) {
        if (volume->request[i].number != 0) {
            finish(&volume->request[i], &lost);
        }
    }
}

static void lose_nodes(struct volume *volume)
{
    struct node *root = volume->root;
    if (root != nullptr) {
        volume->root = nullptr;
        node_cover(root, nullptr);
        node_lose_volume(volume);
        node_release(root);
    }
}

// All that was under way has failed. Who waited for a free request finds out afresh.
static void lose(struct volume *volume)
{
    volume->state = VOLUME_ABSENT;
    fail_all(volume);
    volume->forgets = 0;
    if (!volume_is_lasting(volume)) {
        lose_nodes(volume);
    }
    queue_wake(&volume->waiting);
}

void volume_unmount(struct volume *volume)
{
    struct node *covered = volume->covered;
    volume->mounted = false;
    volume->state = VOLUME_ABSENT;
    lose_nodes(volume);
    volume->covered = nullptr;
    if (covered != nullptr) {
        covered->mounted = nullptr;
        node_unpin(covered);
        node_release(covered);
    }
    queue_wake(&volume->waiting);
}

static void look_at_life(struct volume *volume)
{
    uint32_t life = __atomic_load_n(&volume->session.page->life, __ATOMIC_ACQUIRE);
    if (life != volume->life) {
        bool first = volume->life == 0;
        volume->life = life;
        if (!first) {
            lose(volume);
        }
        ask(volume);
    }
}

// --- Forgetting ---------------------------------------------------------------------------------

static enum kozo_error forgotten(struct request *request, const struct kozo_entry *entry)
{
    (void)request;
    return kozo_volume_forget_end(entry).error;
}

static void push_forgets(struct volume *volume)
{
    while (volume->forgets > 0) {
        struct request *request = take(volume, REQUESTS, nullptr, forgotten);
        if (request == nullptr ||
            !request_begun(request, kozo_volume_forget_begin(
                                        &volume->session, volume->forget[volume->forgets - 1]))) {
            return;
        }
        volume->forgets--;
    }
}

void volume_forget(struct volume *volume, uint64_t number)
{
    // When there are too many, the volume keeps some until its client begins anew.
    if (volume->forgets < sizeof volume->forget / sizeof volume->forget[0]) {
        volume->forget[volume->forgets++] = number;
        push_forgets(volume);
    }
}

// --- Hearing ------------------------------------------------------------------------------------

void volume_hear(void)
{
    struct kozo_entry entry;
    for (size_t i = 0; i < state.count; i++) {
        struct volume *volume = &state.volume[i];
        while (kozo_session_next(&volume->session, &entry)) {
            struct request *request = find_request(volume, entry.number);
            if (request != nullptr) {
                finish(request, &entry);
            } else {
                queue_wake(&volume->waiting); // of a request to cancel: there is room again
            }
        }
        look_at_life(volume);
        push_forgets(volume);
    }
}

static bool is_waited_for(const struct volume *volume)
{
    bool waited = volume->waiting.first != nullptr;
    for (size_t i = 0; i < REQUESTS; i++) {
        waited = waited || volume->request[i].number != 0;
    }
    return waited;
}

void volume_look(void)
{
    for (size_t i = 0; i < state.count; i++) {
        struct volume *volume = &state.volume[i];
        if (is_waited_for(volume) && fsd_is_down(volume->name)) {
            lose(volume);
        }
    }
}
