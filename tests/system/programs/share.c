// SPDX-License-Identifier: MIT
// A client of the volume of the host's files, for tests. Paths are names with slashes between them.
//
//     share list PATH            names, one a line, each with the letter of its kind
//     share show PATH            contents of a file, or the target of a link
//     share sum PATH             bytes of a file, and the sum of all of them
//     share put PATH TEXT        makes a file with a text
//     share change PATH TEXT     writes a text at the start of a file, and syncs it
//     share fill PATH BYTES      makes a file of so many bytes, that sum would show as BYTES * 7
//     share folder PATH, share remove PATH, share link PATH TARGET, share move PATH PATH
//     share size PATH BYTES      cuts a file off, or lengthens it
//     share stat PATH            kind, mode, size
//     share held PATH            opens a file, removes it, and shows it all the same
//
// A refusal is printed by its number, with status 1. It is given: a session with `share`, with memory.
#include <kozo/format.h>
#include <kozo/print.h>
#include <kozo/session.h>
#include <kozo/start.h>
#include <stdlib.h>
#include <string.h>

constexpr size_t NAMES_AT = 0; // in the shared memory
constexpr size_t STAT_AT = 0x2000;
constexpr size_t DATA_AT = 0x10000;
constexpr size_t PIECE = 0x10000;
constexpr size_t PIECES = 4; // read at a time
constexpr uint64_t ROOT = 1;

static struct kozo_session share;

[[noreturn]] static void refuse(enum kozo_error error)
{
    char line[32];
    kozo_format(line, sizeof line, "refused: %u\n", (unsigned)error);
    kozo_print(line);
    kozo_exit(1);
}

static struct kozo_entry await(uint64_t number)
{
    struct kozo_entry entry;
    while (true) {
        while (kozo_session_next(&share, &entry)) {
            if (entry.number == number) {
                return entry;
            }
        }
        if (number == 0 || kozo_session_lost(&share, number)) {
            refuse(KOZO_NO_REPLY);
        }
        (void)kozo_notification_wait((struct kozo_notification){kozo_granted("signal")});
    }
}

static void await_good(uint64_t number)
{
    struct kozo_entry entry = await(number);
    enum kozo_error error = kozo_entry_error(&entry, 0);
    if (error != KOZO_OK) {
        refuse(error);
    }
}

static uint64_t put_name(const char *name, size_t length)
{
    memcpy(share.data + NAMES_AT, name, length);
    return length;
}

// A folder, and the last name of a path in it.
struct place {
    uint64_t folder;
    const char *name;
    size_t length;
};

static uint64_t look(uint64_t folder, const char *name, size_t length)
{
    struct kozo_entry entry =
        await(kozo_volume_look_begin(&share, folder, NAMES_AT, put_name(name, length)));
    struct kozo_volume_look_result result = kozo_volume_look_end(&entry);
    if (result.error != KOZO_OK) {
        refuse(result.error);
    }
    return result.node;
}

static struct place find_place(const char *path)
{
    struct place place = {.folder = ROOT, .name = path};
    place.length = strcspn(path, "/");
    while (place.name[place.length] == '/') {
        place.folder = look(place.folder, place.name, place.length);
        place.name += place.length + 1;
        place.length = strcspn(place.name, "/");
    }
    return place;
}

static uint64_t find(const char *path)
{
    struct place place = find_place(path);
    return place.length == 0 ? place.folder : look(place.folder, place.name, place.length);
}

static const struct kozo_node_stat *get_stat(uint64_t node)
{
    await_good(kozo_volume_stat_begin(&share, node, STAT_AT));
    return (const struct kozo_node_stat *)(share.data + STAT_AT);
}

static void list(const char *path)
{
    uint64_t folder = find(path);
    uint64_t from = 0;
    while (true) {
        struct kozo_entry entry =
            await(kozo_volume_list_begin(&share, folder, from, DATA_AT, PIECE));
        struct kozo_volume_list_result result = kozo_volume_list_end(&entry);
        if (result.error != KOZO_OK) {
            refuse(result.error);
        }
        if (result.done == 0) {
            return;
        }
        for (size_t at = 0; at < result.done;) {
            const struct kozo_folder_entry *found =
                (const struct kozo_folder_entry *)(share.data + DATA_AT + at);
            char line[300];
            kozo_format(line, sizeof line, "%c %.*s\n", "?fdlo"[found->kind], (int)found -> length,
                        (const char *)(found + 1));
            kozo_print(line);
            from = found->next;
            at += (sizeof *found + found->length + 7) / 8 * 8;
        }
    }
}

static void show(const char *path)
{
    struct kozo_entry entry = await(kozo_volume_read_begin(&share, find(path), 0, DATA_AT, PIECE));
    struct kozo_volume_read_result result = kozo_volume_read_end(&entry);
    if (result.error != KOZO_OK) {
        refuse(result.error);
    }
    share.data[DATA_AT + result.done] = 0;
    kozo_print((const char *)share.data + DATA_AT);
}

// Reads several pieces at a time, in turn.
static void sum(const char *path)
{
    uint64_t node = find(path);
    uint64_t number[PIECES];
    uint64_t bytes = 0;
    uint64_t total = 0;
    for (size_t i = 0; i < PIECES; i++) {
        number[i] = kozo_volume_read_begin(&share, node, i * PIECE, DATA_AT + i * PIECE, PIECE);
    }
    for (size_t turn = 0;; turn++) {
        size_t which = turn % PIECES;
        struct kozo_entry entry = await(number[which]);
        struct kozo_volume_read_result result = kozo_volume_read_end(&entry);
        if (result.error != KOZO_OK) {
            refuse(result.error);
        }
        for (size_t i = 0; i < result.done; i++) {
            total += share.data[DATA_AT + which * PIECE + i];
        }
        bytes += result.done;
        if (result.done < PIECE) {
            break;
        }
        number[which] = kozo_volume_read_begin(&share, node, (turn + PIECES) * PIECE,
                                               DATA_AT + which * PIECE, PIECE);
    }
    char line[64];
    kozo_format(line, sizeof line, "%lu bytes, %lu\n", bytes, total);
    kozo_print(line);
}

static uint64_t make(const char *path, enum kozo_node_kind kind, const char *target)
{
    struct place place = find_place(path);
    size_t length = put_name(place.name, place.length);
    memcpy(share.data + NAMES_AT + length, target, strlen(target));
    uint64_t mode = kind == KOZO_NODE_FOLDER ? 0755 : 0644;
    struct kozo_entry entry = await(kozo_volume_make_begin(
        &share, place.folder, kind | mode << KOZO_MODE_SHIFT, NAMES_AT, length, strlen(target), 0));
    struct kozo_volume_make_result result = kozo_volume_make_end(&entry);
    if (result.error != KOZO_OK) {
        refuse(result.error);
    }
    return result.node;
}

static void write_at(uint64_t node, uint64_t offset, size_t length)
{
    struct kozo_entry entry =
        await(kozo_volume_write_begin(&share, node, offset, DATA_AT, length, 0));
    struct kozo_volume_write_result result = kozo_volume_write_end(&entry);
    if (result.error != KOZO_OK || result.done != length) {
        refuse(result.error);
    }
}

static void write_text(uint64_t node, const char *text)
{
    memcpy(share.data + DATA_AT, text, strlen(text));
    write_at(node, 0, strlen(text));
    await_good(kozo_volume_sync_begin(&share, node));
}

static void fill(const char *path, uint64_t bytes)
{
    uint64_t node = make(path, KOZO_NODE_FILE, "");
    memset(share.data + DATA_AT, 7, 3 * PIECE);
    for (uint64_t done = 0; done < bytes;) {
        uint64_t piece = bytes - done < 3 * PIECE ? bytes - done : 3 * PIECE;
        write_at(node, done, piece);
        done += piece;
    }
    await_good(kozo_volume_sync_begin(&share, 0));
}

static void remove_name(const char *path)
{
    struct place place = find_place(path);
    size_t length = put_name(place.name, place.length);
    await_good(kozo_volume_remove_begin(&share, place.folder, NAMES_AT, length));
}

static void move(const char *path, const char *to)
{
    struct place from = find_place(path);
    struct place target = find_place(to);
    size_t length = put_name(from.name, from.length);
    memcpy(share.data + NAMES_AT + length, target.name, target.length);
    await_good(kozo_volume_rename_begin(&share, from.folder, target.folder, NAMES_AT, length,
                                        target.length, 0));
}

static void set_size(const char *path, uint64_t size)
{
    uint64_t node = find(path);
    struct kozo_node_stat *stat = (struct kozo_node_stat *)(share.data + STAT_AT);
    *stat = (struct kozo_node_stat){.size = size};
    await_good(kozo_volume_change_begin(&share, node, STAT_AT, KOZO_CHANGE_SIZE));
}

static void show_stat(const char *path)
{
    const struct kozo_node_stat *stat = get_stat(find(path));
    char line[64];
    kozo_format(line, sizeof line, "%c %u %lu\n", "?fdlo"[stat->kind % 5], stat -> mode,
                stat -> size);
    kozo_print(line);
}

static void hold(const char *path)
{
    uint64_t node = find(path);
    remove_name(path);
    struct kozo_entry entry = await(kozo_volume_read_begin(&share, node, 0, DATA_AT, PIECE));
    struct kozo_volume_read_result result = kozo_volume_read_end(&entry);
    if (result.error != KOZO_OK) {
        refuse(result.error);
    }
    share.data[DATA_AT + result.done] = 0;
    kozo_print((const char *)share.data + DATA_AT);
    await_good(kozo_volume_forget_begin(&share, node));
}

int main(int argument_count, char **arguments)
{
    if (!kozo_session_open(&share, "share") || share.data_size < DATA_AT + PIECES * PIECE) {
        kozo_print("there is no share\n");
        return 1;
    }
    // Called, it is refused at once when there is no such service.
    struct kozo_volume_describe_result volume = kozo_volume_describe(share.service, 0);
    if (volume.pending != 0) {
        (void)kozo_cancel(share.service, volume.pending);
    } else if (volume.error != KOZO_OK) {
        refuse(volume.error);
    }
    const char *what = argument_count > 1 ? arguments[1] : "";
    const char *path = argument_count > 2 ? arguments[2] : "";
    const char *more = argument_count > 3 ? arguments[3] : "";
    if (strcmp(what, "list") == 0) {
        list(path);
    } else if (strcmp(what, "show") == 0) {
        show(path);
    } else if (strcmp(what, "sum") == 0) {
        sum(path);
    } else if (strcmp(what, "put") == 0) {
        write_text(make(path, KOZO_NODE_FILE, ""), more);
    } else if (strcmp(what, "change") == 0) {
        write_text(find(path), more);
    } else if (strcmp(what, "fill") == 0) {
        fill(path, strtoul(more, nullptr, 0));
    } else if (strcmp(what, "folder") == 0) {
        (void)make(path, KOZO_NODE_FOLDER, "");
    } else if (strcmp(what, "link") == 0) {
        (void)make(path, KOZO_NODE_LINK, more);
    } else if (strcmp(what, "remove") == 0) {
        remove_name(path);
    } else if (strcmp(what, "move") == 0) {
        move(path, more);
    } else if (strcmp(what, "size") == 0) {
        set_size(path, strtoul(more, nullptr, 0));
    } else if (strcmp(what, "stat") == 0) {
        show_stat(path);
    } else if (strcmp(what, "held") == 0) {
        hold(path);
    } else {
        kozo_print("no such request\n");
        return 1;
    }
    return 0;
}
