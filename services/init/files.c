// SPDX-License-Identifier: MIT
#include "files.h"

#include <kozo/format.h>
#include <string.h>

#include "init.h"

constexpr unsigned LINKS_MOST = 16; // followed on one way

// --- The session --------------------------------------------------------------------------------

void files_meet(struct init *init, struct service *service)
{
    struct kozo_notification arrival = {init_slot(init)};
    if (kozo_cnode_mint((struct kozo_slot){service->signal.handle},
                        (struct kozo_slot){arrival.handle}, KOZO_RIGHT_WRITE,
                        KOZO_SIGNAL_ARRIVAL) != KOZO_OK) {
        return;
    }
    services_open_own(init, service, SIGNAL_FILES);
    kozo_session_start(&init->files.session, kozo_board_session(service->board, 0),
                       (struct kozo_endpoint){}, arrival);
    init->files.session.data = service->own_data;
    init->files.session.data_size = (size_t)service->entry->commands * KOZO_PAGE_SIZE;
    init->files.service = service;
}

void files_hear(struct init *init)
{
    struct files *files = &init->files;
    struct kozo_entry entry;
    while (files->service != nullptr && kozo_session_next(&files->session, &entry)) {
        if (entry.number == files->waiting) {
            files->entry = entry;
            files->answered = true;
        }
    }
}

static void cancel(struct files *files, uint64_t number)
{
    struct kozo_message message = {
        .info = {.length = 1, .label = KOZO_REQUEST_CANCEL},
        .word = {number},
    };
    (void)kozo_session_begin(&files->session, &message);
}

enum kozo_error files_await(struct init *init, uint64_t number)
{
    struct files *files = &init->files;
    files->waiting = number;
    files->answered = false;
    while (number != 0) {
        files_hear(init);
        if (files->answered) {
            return kozo_entry_error(&files->entry, 0);
        }
        if (kozo_session_lost(&files->session, number) ||
            files->service->state == KOZO_SERVICE_DOWN) {
            return KOZO_NO_REPLY;
        }
        if (terminal_was_interrupted(init)) {
            cancel(files, number);
            return KOZO_CANCELLED;
        }
        events_wait(init);
    }
    return KOZO_NO_REPLY;
}

uint8_t *files_data(const struct init *init)
{
    return init->files.session.data;
}

size_t files_size(const struct init *init)
{
    return init->files.session.data_size;
}

// --- Paths --------------------------------------------------------------------------------------

bool files_is_path(const char *word)
{
    return word[0] == '/';
}

static void drop_name(char *path, size_t *length)
{
    bool more = *length > 0;
    while (more) {
        --*length;
        more = *length > 0 && path[*length] != '/';
    }
}

bool files_shorten(char *result, const char *path)
{
    size_t length = 0;
    while (*path != 0) {
        size_t part = strcspn(path, "/");
        if (part == 2 && path[0] == '.' && path[1] == '.') {
            drop_name(result, &length);
        } else if (part > 0 && !(part == 1 && path[0] == '.')) {
            if (length + 1 + part >= FILES_PATH) {
                return false;
            }
            result[length] = '/';
            memcpy(result + length + 1, path, part);
            length += 1 + part;
        }
        path += part + (path[part] == '/' ? 1 : 0);
    }
    result[length] = 0;
    return true;
}

// Walks a path in its shortest form, which has no slash in front then; `used` tells how far.
static struct files_file walk(struct init *init, const char *path, size_t *used)
{
    size_t length = strlen(path);
    struct kozo_session *session = &init->files.session;
    if (init->files.service == nullptr) {
        return (struct files_file){.error = KOZO_NO_REPLY};
    }
    memcpy(session->data, path, length);
    enum kozo_error error = files_await(init, kozo_files_walk_begin(session, 1, 0, length));
    if (error != KOZO_OK) {
        return (struct files_file){.error = error};
    }
    struct kozo_files_walk_result result = kozo_files_walk_end(&init->files.entry);
    struct files_file file = {.error = result.error, .number = result.file};
    *used = result.used;
    memcpy(&file.stat, session->data, sizeof file.stat);
    return file;
}

// Puts the target of a link in its place in the path.
static enum kozo_error follow_link(struct init *init, const struct files_file *link, char *path,
                                   size_t used)
{
    char together[3 * FILES_PATH];
    char target[FILES_PATH];
    enum kozo_error error = files_await(
        init, kozo_files_read_begin(&init->files.session, link->number, 0, 0, sizeof target - 1));
    if (error != KOZO_OK) {
        return error;
    }
    uint64_t length = kozo_files_read_end(&init->files.entry).done;
    length = length < sizeof target ? length : 0;
    memcpy(target, files_data(init), length);
    target[length] = 0;
    char rest[FILES_PATH];
    kozo_format(rest, sizeof rest, "%s", path + used);
    drop_name(path, &used);
    path[used] = 0;
    kozo_format(together, sizeof together, "%s/%s/%s", target[0] == '/' ? "" : path, target, rest);
    return files_shorten(path, together) ? KOZO_OK : KOZO_BAD_ARGUMENT;
}

struct files_file files_open(struct init *init, const char *path, bool follow)
{
    char way[FILES_PATH];
    if (!files_shorten(way, path)) {
        return (struct files_file){.error = KOZO_BAD_ARGUMENT};
    }
    for (unsigned links = 0; links < LINKS_MOST; links++) {
        size_t used = 0;
        const char *names = way[0] == '/' ? way + 1 : way;
        struct files_file file = walk(init, names, &used);
        bool at_end = used == strlen(names);
        if (file.error != KOZO_OK || file.stat.kind != KOZO_NODE_LINK || (at_end && !follow)) {
            return file;
        }
        file.error = follow_link(init, &file, way, used + 1);
        files_close(init, file.number);
        if (file.error != KOZO_OK) {
            return file;
        }
    }
    return (struct files_file){.error = KOZO_TOO_DEEP};
}

void files_close(struct init *init, uint64_t number)
{
    struct kozo_message message = {
        .info = {.length = 1, .label = KOZO_FILES_CLOSE},
        .word = {number},
    };
    (void)files_await(init, kozo_session_begin(&init->files.session, &message));
}

struct files_file files_open_folder(struct init *init, const char *path, const char **name)
{
    static char way[FILES_PATH];
    if (!files_shorten(way, path) || way[0] == 0) {
        return (struct files_file){.error = KOZO_BAD_ARGUMENT};
    }
    char *slash = strrchr(way, '/');
    *slash = 0;
    *name = slash + 1;
    return files_open(init, way, true);
}

const char *files_reason(enum kozo_error error)
{
    switch (error) {
    case KOZO_BAD_HANDLE:
        return "no such file or folder";
    case KOZO_SLOT_TAKEN:
        return "the name is taken";
    case KOZO_BAD_TYPE:
        return "the wrong kind of file";
    case KOZO_BAD_STATE:
        return "not empty, or in use";
    case KOZO_NO_RIGHT:
        return "not permitted";
    case KOZO_NO_MEMORY:
        return "no room is left";
    case KOZO_BAD_OPERATION:
        return "not from one volume to another";
    case KOZO_BAD_ARGUMENT:
        return "not a name or path that can be";
    case KOZO_TOO_DEEP:
        return "too many links";
    case KOZO_CANCELLED:
        return "broken off";
    default:
        return "the volume does not answer";
    }
}
