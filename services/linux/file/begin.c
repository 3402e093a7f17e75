// SPDX-License-Identifier: MIT
// How a sandbox begins.
#include "begin.h"

#include "../core/caller.h"
#include "../core/errno.h"
#include "device.h"
#include "entry.h"
#include "host_system.h"
#include "linux.h"
#include "open.h"
#include "proc.h"
#include "ram.h"
#include "scratch.h"
#include "stdio.h"
#include "sys.h"

#include <kozo/format.h>
#include <string.h>

// Minor numbers of the file systems, as stat tells them.
constexpr uint32_t ROOT_DEVICE = 23;
constexpr uint32_t FIRST_DEVICE = 24;

// Where the file server has the volume of the host's files.
constexpr char HOST_FILES[] = "host/";

static uint32_t next_device = FIRST_DEVICE;
static bool layers; // over what can only be read
static struct terminal *terminal;
static struct channel *channels[3];

// A folder of the host that is not to be seen, with something below it that is: a private one is mounted in its place.
static int64_t cover(struct entry *folder, struct name name, struct entry **result)
{
    struct node *root = ram_system("tmpfs", next_device++, 0755);
    if (root == nullptr) {
        return -ENOMEM;
    }
    root->covers = path_top()->node->covers;
    root->system->scratch = layers;
    node_keep(root);
    struct entry *entry = entry_cover(folder, name, root);
    if (entry == nullptr) {
        node_drop(root);
        return -ENOMEM;
    }
    *result = entry;
    return path_mount(entry, root);
}

// Makes what is missing at a name. A place that can't be written to is covered there.
static int64_t make_missing(struct entry *folder, struct name name, uint32_t mode,
                            struct entry **entry)
{
    struct new_node what = {.mode = mode};
    struct node_result made = folder->node->operations->make != nullptr
                                  ? folder->node->operations->make(folder->node, name, &what)
                                  : (struct node_result){.error = -EROFS};
    if (made.error == -EROFS || made.error == -EACCES) {
        entry_drop(*entry);
        *entry = nullptr;
        return cover(folder, name, entry);
    }
    if (made.error == 0) {
        made.node->covers = path_top()->node->covers;
        entry_fill(*entry, made.node);
    }
    return made.error;
}

// Where a path leads, and whether that had to be made.
struct reached {
    struct entry *entry; // counted
    bool made;
};

static void give_to_caller(struct node *node)
{
    if (caller() != nullptr) {
        node->user = caller()->credentials.file_user;
        node->group = caller()->credentials.file_group;
    }
}

// Mounts an empty folder, in which nothing of the host's is seen, over an entry.
static int64_t mount_cover(struct entry *over)
{
    struct node *root = ram_system("tmpfs", next_device++, 0755);
    int64_t error = root == nullptr ? -ENOMEM : path_mount(over, root);
    if (error == 0) {
        root->covers = true;
        root->system->scratch = layers;
        give_to_caller(root);
    }
    return error;
}

// From an entry to what is mounted on it. What was taken away is covered: nothing can be reached in it.
static int64_t enter_mounts(struct entry **at)
{
    int64_t error = 0;
    while ((*at)->above != nullptr && error == 0) {
        struct entry *above = (*at)->above;
        entry_keep(above);
        entry_drop(*at);
        *at = above;
        error = above->above == nullptr && above->node->system->gone ? mount_cover(above) : 0;
    }
    return error;
}

// Walks to a path, making what is missing, as `mode` at the end and as folders that cover the host's before. With the mode 0 nothing is
// made: ENOENT.
static int64_t reach(const char *path, uint32_t mode, struct reached *reached)
{
    struct entry *at = path_top();
    *reached = (struct reached){};
    entry_keep(at);
    while (*path != '\0') {
        path += strspn(path, "/");
        struct name name = {path, strcspn(path, "/")};
        if (name.length == 0) {
            break;
        }
        path += name.length;
        bool last = path[strspn(path, "/")] == '\0';
        struct entry *next = nullptr;
        const struct asked asked = {.absent = true, .quiet = true, .rest = ""};
        int64_t error =
            name.length > LINUX_NAME_MOST ? -ENAMETOOLONG : entry_look(at, name, &asked, &next);
        if (error == -EACCES && mode != 0) {
            error = cover(at, name, &next);
        }
        reached->made = error == 0 && next->node == nullptr;
        if (reached->made && mode == 0) {
            error = -ENOENT;
        } else if (reached->made) {
            error = make_missing(at, name, last ? mode : S_IFDIR | 0755, &next);
        }
        entry_drop(at);
        if (error != 0) {
            if (next != nullptr) {
                entry_drop(next);
            }
            return error;
        }
        at = next;
        error = enter_mounts(&at);
        if (error != 0) {
            entry_drop(at);
            return error;
        }
    }
    reached->entry = at;
    return 0;
}

// Mounts a file system over a path, which is made as what the root of that is.
static int64_t mount(const char *path, struct node *root)
{
    if (root == nullptr) {
        return -ENOMEM;
    }
    struct reached over;
    int64_t error = reach(path, (root->mode & MODE_KIND) | 0755, &over);
    if (error == 0) {
        error = path_mount(over.entry, root);
        entry_drop(over.entry);
    } else {
        node_drop(root);
    }
    return error;
}

static int64_t mount_ram(const char *path, uint32_t mode)
{
    return mount(path, ram_system("tmpfs", next_device++, mode));
}

int64_t tree_home(const char *path)
{
    struct reached home;
    int64_t error = reach(path, S_IFDIR | 0755, &home);
    if (error != 0) {
        return error;
    }
    struct node *node = home.entry->node;
    node->is_home = node->covers && home.entry != path_top();
    if (home.made || node->is_home) {
        give_to_caller(node);
    }
    entry_drop(home.entry);
    return 0;
}

// The folder of programs. A whole system that has none stays as it is: null and no error.
static int64_t program_folder(struct entry **folder)
{
    bool whole = !path_top()->node->covers;
    struct reached reached = {};
    int64_t error = reach("/usr/bin", whole ? 0 : S_IFDIR | 0755, &reached);
    if (error == 0 && !S_ISDIR(reached.entry->node->mode)) {
        entry_drop(reached.entry);
        reached.entry = nullptr;
        error = -ENOTDIR;
    }
    *folder = reached.entry;
    return whole && error != -ENOMEM ? 0 : error;
}

int64_t tree_program(const char *name, struct node *node)
{
    struct entry *folder = nullptr;
    struct entry *entry = nullptr;
    int64_t error = program_folder(&folder);
    if (folder != nullptr) {
        node_keep(node);
        entry = entry_cover(folder, (struct name){name, strlen(name)}, node);
        entry_drop(folder);
        error = entry != nullptr ? 0 : -ENOMEM;
    }
    if (entry == nullptr) {
        node_drop(node);
        return error;
    }
    error = path_mount(entry, node);
    entry_drop(entry);
    return error;
}

int64_t tree_cover(const char *path)
{
    struct reached reached;
    int64_t error = reach(path, S_IFDIR | 0755, &reached);
    if (error != 0) {
        return error;
    }
    struct entry *entry = reached.entry;
    if (entry->node->covers && !entry->node->system->scratch) {
        // It lies in memory of the programs' own, of which nothing is told: it gets a file system of its own.
        error = mount_cover(entry);
    } else if (entry->node->covers) {
        give_to_caller(entry->node);
    }
    entry_drop(entry);
    return error;
}

// Devices.

static struct name text_name(const char *text)
{
    return (struct name){text, strlen(text)};
}

static int64_t make_in(struct node *folder, struct name name, const struct new_node *what)
{
    struct node_result made = folder->operations->make(folder, name, what);
    if (made.error == 0) {
        node_drop(made.node);
    }
    return made.error;
}

static const struct {
    const char *name;
    uint32_t major, minor, mode;
} devices[] = {
    {"null", 1, 3, 0666},
    {"zero", 1, 5, 0666},
    {"full", 1, 7, 0666},
    {"random", 1, 8, 0666},
    {"urandom", 1, 9, 0666},
    {"tty", 5, 0, 0666},
    {"console", 5, 1, 0600},
    {"ptmx", 5, 2, 0666},
    {"kozo", DEVICE_OF_KOZO, 0, 0666},
    {"kozo-permissions", DEVICE_OF_KOZO, DEVICE_QUERY, 0666},
};

static const struct {
    const char *name, *target;
} device_links[] = {
    {"fd", "/proc/self/fd"},
    {"stdin", "/proc/self/fd/0"},
    {"stdout", "/proc/self/fd/1"},
    {"stderr", "/proc/self/fd/2"},
};

static int64_t fill_devices(struct node *folder)
{
    int64_t error = 0;
    for (size_t i = 0; error == 0 && i < sizeof devices / sizeof devices[0]; i++) {
        struct new_node what = {.mode = S_IFCHR | devices[i].mode,
                                .special = linux_device(devices[i].major, devices[i].minor)};
        error = make_in(folder, text_name(devices[i].name), &what);
    }
    for (size_t i = 0; error == 0 && i < sizeof device_links / sizeof device_links[0]; i++) {
        struct new_node what = {.mode = S_IFLNK | 0777,
                                .target = {device_links[i].target, strlen(device_links[i].target)}};
        error = make_in(folder, text_name(device_links[i].name), &what);
    }
    return error;
}

static int64_t mount_devices(void)
{
    struct node *root = ram_system("devtmpfs", next_device++, 0755);
    if (root == nullptr) {
        return -ENOMEM;
    }
    int64_t error = fill_devices(root);
    if (error != 0) {
        ram_system_drop(root);
        return error;
    }
    return mount("/dev", root);
}

// Terminals come and go here without a walk, so names are looked up each time.
static int64_t mount_terminals(void)
{
    struct node *root = ram_system("devpts", next_device++, 0755);
    if (root == nullptr) {
        return -ENOMEM;
    }
    root->system->keeps = false;
    root->system->type = "devpts";
    pty_system_set(root);
    return mount("/dev/pts", root);
}

// A whole system of the host as the root of all.
static int64_t begin_place(const char *place, bool scratch)
{
    char name[LINUX_NAME_MOST];
    struct node *root = nullptr;
    if (kozo_format(name, sizeof name, "%s%s", HOST_FILES, place) >= sizeof name) {
        return -ENAMETOOLONG;
    }
    int64_t error = host_system(name, ROOT_DEVICE, true, true, &root);
    if (error == 0 && scratch) {
        root = scratch_system(root, next_device++);
        error = root != nullptr ? 0 : -ENOMEM;
    }
    return error != 0 ? error : path_mount(nullptr, root);
}

static int64_t begin_root(enum tree_root kind, const char *place, bool scratch)
{
    layers = scratch;
    if (kind == TREE_OF_PLACE) {
        return begin_place(place, scratch);
    }
    struct node *root = ram_system("rootfs", ROOT_DEVICE, 0755);
    if (root == nullptr) {
        return -ENOMEM;
    }
    root->covers = kind == TREE_OF_HOST;
    root->system->scratch = scratch;
    return path_mount(nullptr, root);
}

int64_t tree_begin(enum tree_root root, const char *place, bool scratch)
{
    static const char *const private[] = {"/tmp", "/var/tmp", "/dev/shm"};
    constexpr uint32_t FOR_ALL = 01777;
    int64_t error = begin_root(root, place, scratch);
    if (error != 0) {
        return error;
    }
    error = mount_devices();
    error = error == 0 ? mount_terminals() : error;
    error = error == 0 ? mount("/proc", proc_system()) : error;
    error = error == 0 ? mount("/sys", sys_system()) : error;
    error = error == 0 ? mount_ram("/run", 0755) : error;
    for (size_t i = 0; error == 0 && i < sizeof private / sizeof private[0]; i++) {
        error = mount_ram(private[i], FOR_ALL);
    }
    return error == 0 ? tree_link("/var/run\t/run") : error;
}

// Places of the host.

// One field of a record's value, up to a tab or the end, in a buffer of LINUX_PATH_MOST bytes; null when it is too long.
static const char *field(const char *value, char *to)
{
    size_t length = strcspn(value, "\t");
    if (length == 0 || length >= LINUX_PATH_MOST) {
        return nullptr;
    }
    memcpy(to, value, length);
    to[length] = '\0';
    return value + length + (value[length] == '\t');
}

// What comes with the host's system does not change while a program runs.
static bool is_of_system(const char *path)
{
    static const char *const folders[] = {"/usr", "/bin", "/sbin", "/lib", "/etc"};
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        if (strncmp(path, folders[i], strlen(folders[i])) == 0) {
            return true;
        }
    }
    return false;
}

static int64_t read_mount(const char *value, char *path, char *place, bool *read_only)
{
    const char *rest = field(value, path);
    memcpy(place, HOST_FILES, sizeof HOST_FILES - 1);
    rest = rest != nullptr && strlen(rest) < LINUX_NAME_MOST
               ? field(rest, place + sizeof HOST_FILES - 1)
               : nullptr;
    if (rest == nullptr || path[0] != '/' || (strcmp(rest, "ro") != 0 && strcmp(rest, "rw") != 0)) {
        return -EINVAL;
    }
    *read_only = strcmp(rest, "ro") == 0;
    return 0;
}

static int64_t change_mount(const char *value, char *path, char *place)
{
    bool read_only = false;
    int64_t error = read_mount(value, path, place, &read_only);
    return error != 0 || host_system_change(place, read_only) ? error : -ENOENT;
}

// One that is mounted already may have other rights now.
static int64_t mount_place(const char *value, char *path, char *place)
{
    bool read_only = false;
    int64_t error = read_mount(value, path, place, &read_only);
    if (error != 0 || host_system_change(place, read_only)) {
        return error;
    }
    struct node *root = nullptr;
    error = host_system(place, next_device++, read_only, read_only && is_of_system(path), &root);
    if (error == 0 && layers && read_only && S_ISDIR(root->mode)) {
        root = scratch_system(root, next_device++);
        error = root == nullptr ? -ENOMEM : 0;
    }
    return error != 0 ? error : mount(path, root);
}

static int64_t make_link(const char *value, char *path, char *unused)
{
    (void)unused;
    const char *target = field(value, path);
    if (target == nullptr || path[0] != '/' || target[0] == '\0') {
        return -EINVAL;
    }
    char *name = strrchr(path, '/') + 1;
    struct name link = {name, strlen(name)};
    struct new_node what = {.mode = S_IFLNK | 0777, .target = {target, strlen(target)}};
    struct reached folder;
    name[-1] = '\0';
    int64_t error = reach(path, S_IFDIR | 0755, &folder);
    if (error != 0) {
        return error;
    }
    struct entry *there = nullptr;
    const struct asked asked = {.absent = true, .quiet = true, .rest = ""};
    error = entry_look(folder.entry, link, &asked, &there);
    // A system of the host may have one already.
    if (error == 0 && there->node == nullptr) {
        struct node_result made = {.error = -EROFS};
        if (link.length > 0 && folder.entry->node->operations->make != nullptr) {
            made = folder.entry->node->operations->make(folder.entry->node, link, &what);
        }
        error = made.error;
        if (error == 0) {
            entry_fill(there, made.node);
        }
    }
    if (there != nullptr) {
        entry_drop(there);
    }
    entry_drop(folder.entry);
    return error;
}

static int64_t with_buffers(const char *value,
                            int64_t (*act)(const char *value, char *path, char *place))
{
    char *path = path_buffer();
    char *place = path_buffer();
    int64_t error = -ENOMEM;
    if (path != nullptr && place != nullptr) {
        error = act(value, path, place);
    }
    if (place != nullptr) {
        path_buffer_give(place);
    }
    if (path != nullptr) {
        path_buffer_give(path);
    }
    return error;
}

int64_t tree_mount(const char *value)
{
    return with_buffers(value, mount_place);
}

int64_t tree_change_mount(const char *value)
{
    return with_buffers(value, change_mount);
}

int64_t tree_link(const char *value)
{
    return with_buffers(value, make_link);
}

// The first descriptors.

struct terminal *begin_terminal(void)
{
    return terminal;
}

static int64_t begin_one(uint32_t number, bool on_terminal)
{
    static const char *const names[] = {"kozo.stdin", "kozo.stdout", "kozo.stderr"};
    struct file *file = nullptr;
    int64_t error = 0;
    if (on_terminal) {
        error = open_path(AT_FDCWD, "/dev/pts/0", O_RDWR, 0, 0, &file);
    } else {
        channels[number] = channel_open(names[number]);
        if (channels[number] != nullptr) {
            file = stdio_file(channels[number], number != 0);
            error = file != nullptr ? 0 : -ENOMEM;
        } else {
            error = open_path(AT_FDCWD, "/dev/null", O_RDWR, 0, 0, &file);
        }
    }
    if (error == 0) {
        error = descriptor_set(caller()->descriptors, number, file, false);
    }
    return error < 0 ? error : 0;
}

int64_t descriptors_begin(const char *on_terminal, uint16_t rows, uint16_t columns)
{
    // A run may have a terminal that none of the three is on: /dev/tty is it then.
    struct channel *channel = channel_open("kozo.tty");
    if (channel != nullptr) {
        terminal = terminal_main(channel);
        if (terminal == nullptr) {
            return -ENOMEM;
        }
        terminal_set_size(terminal, rows, columns);
    }
    int64_t error = 0;
    for (uint32_t number = 0; error == 0 && number < 3; number++) {
        bool here = terminal != nullptr && strchr(on_terminal, (int)('0' + number)) != nullptr;
        error = begin_one(number, here);
    }
    return error;
}

int64_t descriptors_begin_alone(void)
{
    struct channel *channel = channel_of_parent();
    if (channel == nullptr) {
        return -ENXIO;
    }
    terminal = terminal_main(channel);
    int64_t error = terminal != nullptr ? 0 : -ENOMEM;
    for (uint32_t number = 0; error == 0 && number < 3; number++) {
        error = begin_one(number, true);
    }
    return error;
}

void descriptors_forget(void)
{
    terminal = nullptr;
    for (size_t i = 0; i < 3; i++) {
        channels[i] = nullptr;
    }
}

void descriptors_settle(void)
{
    for (size_t i = 0; i < 3; i++) {
        if (channels[i] != nullptr) {
            channel_settle(channels[i]);
        }
    }
    if (terminal != nullptr) {
        terminal_settle(terminal);
    }
}
