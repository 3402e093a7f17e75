// SPDX-License-Identifier: MIT
// How a sandbox begins.
#include "begin.h"

#include "../core/caller.h"
#include "../core/errno.h"
#include "entry.h"
#include "host_system.h"
#include "linux.h"
#include "open.h"
#include "proc.h"
#include "ram.h"
#include "stdio.h"
#include "sys.h"

#include <string.h>

// Minor numbers of the file systems, as stat tells them.
constexpr uint32_t ROOT_DEVICE = 23;
constexpr uint32_t FIRST_DEVICE = 24;

// Where the file server has the volume of the host's files.
constexpr char HOST_FILES[] = "host/";

static uint32_t next_device = FIRST_DEVICE;
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
    node_keep(root);
    struct entry *entry = entry_cover(folder, name, root);
    if (entry == nullptr) {
        node_drop(root);
        return -ENOMEM;
    }
    *result = entry;
    return path_mount(entry, root);
}

// Walks to a path, making what is missing, as `mode` at the end and as folders that cover the host's before. The entry is counted.
static int64_t reach(const char *path, uint32_t mode, struct entry **result)
{
    struct entry *at = path_top();
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
        int64_t error =
            name.length > LINUX_NAME_MOST ? -ENAMETOOLONG : entry_look(at, name, true, &next);
        if (error == -EACCES && !last) {
            error = cover(at, name, &next);
        }
        if (error == 0 && next->node == nullptr) {
            struct new_node what = {.mode = last ? mode : S_IFDIR | 0755};
            struct node_result made = at->node->operations->make != nullptr
                                          ? at->node->operations->make(at->node, name, &what)
                                          : (struct node_result){.error = -EROFS};
            error = made.error;
            if (error == 0) {
                made.node->covers = path_top()->node->covers;
                entry_fill(next, made.node);
            }
        }
        entry_drop(at);
        if (error != 0) {
            if (next != nullptr) {
                entry_drop(next);
            }
            return error;
        }
        at = next;
        while (at->above != nullptr) {
            struct entry *above = at->above;
            entry_keep(above);
            entry_drop(at);
            at = above;
        }
    }
    *result = at;
    return 0;
}

// Mounts a file system over a path, which is made as what the root of that is.
static int64_t mount(const char *path, struct node *root)
{
    if (root == nullptr) {
        return -ENOMEM;
    }
    struct entry *over = nullptr;
    int64_t error = reach(path, (root->mode & MODE_KIND) | 0755, &over);
    if (error == 0) {
        error = path_mount(over, root);
        entry_drop(over);
    } else {
        node_drop(root);
    }
    return error;
}

static int64_t mount_ram(const char *path, uint32_t mode)
{
    return mount(path, ram_system("tmpfs", next_device++, mode));
}

int64_t tree_folder(const char *path)
{
    struct entry *entry = nullptr;
    int64_t error = reach(path, S_IFDIR | 0755, &entry);
    if (error == 0) {
        entry->node->covers = false;
        if (caller() != nullptr) {
            entry->node->user = caller()->credentials.file_user;
            entry->node->group = caller()->credentials.file_group;
        }
        entry_drop(entry);
    }
    return error;
}

// Devices.

static int64_t make_in(struct node *folder, const char *name, const struct new_node *what)
{
    struct node_result made =
        folder->operations->make(folder, (struct name){name, strlen(name)}, what);
    if (made.error == 0) {
        node_drop(made.node);
    }
    return made.error;
}

static const struct {
    const char *name;
    uint32_t major, minor, mode;
} devices[] = {
    {"null", 1, 3, 0666},    {"zero", 1, 5, 0666}, {"full", 1, 7, 0666},    {"random", 1, 8, 0666},
    {"urandom", 1, 9, 0666}, {"tty", 5, 0, 0666},  {"console", 5, 1, 0600}, {"ptmx", 5, 2, 0666},
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
        error = make_in(folder, devices[i].name, &what);
    }
    for (size_t i = 0; error == 0 && i < sizeof device_links / sizeof device_links[0]; i++) {
        struct new_node what = {.mode = S_IFLNK | 0777,
                                .target = {device_links[i].target, strlen(device_links[i].target)}};
        error = make_in(folder, device_links[i].name, &what);
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

int64_t tree_begin(bool of_host)
{
    static const char *const private[] = {"/tmp", "/var/tmp", "/dev/shm"};
    constexpr uint32_t FOR_ALL = 01777;
    struct node *root = ram_system("rootfs", ROOT_DEVICE, 0755);
    int64_t error = root != nullptr ? path_mount(nullptr, root) : -ENOMEM;
    if (error != 0) {
        return error;
    }
    root->covers = of_host;
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

static int64_t mount_place(const char *value, char *path, char *place)
{
    const char *rest = field(value, path);
    memcpy(place, HOST_FILES, sizeof HOST_FILES - 1);
    rest = rest != nullptr && strlen(rest) < LINUX_NAME_MOST
               ? field(rest, place + sizeof HOST_FILES - 1)
               : nullptr;
    if (rest == nullptr || path[0] != '/' || (strcmp(rest, "ro") != 0 && strcmp(rest, "rw") != 0)) {
        return -EINVAL;
    }
    bool read_only = strcmp(rest, "ro") == 0;
    struct node *root = nullptr;
    int64_t error =
        host_system(place, next_device++, read_only, read_only && is_of_system(path), &root);
    return error != 0 ? error : mount(path, root);
}

static int64_t make_link(const char *value, char *path)
{
    const char *target = field(value, path);
    if (target == nullptr || path[0] != '/' || target[0] == '\0') {
        return -EINVAL;
    }
    char *name = strrchr(path, '/') + 1;
    struct name link = {name, strlen(name)};
    struct new_node what = {.mode = S_IFLNK | 0777, .target = {target, strlen(target)}};
    struct entry *folder = nullptr;
    name[-1] = '\0';
    int64_t error = reach(path, S_IFDIR | 0755, &folder);
    if (error != 0) {
        return error;
    }
    struct node_result made = {.error = -EROFS};
    if (link.length > 0 && folder->node->operations->make != nullptr) {
        made = folder->node->operations->make(folder->node, link, &what);
    }
    entry_drop(folder);
    if (made.error == 0) {
        node_drop(made.node);
    }
    return made.error;
}

static int64_t with_buffers(const char *value, bool is_mount)
{
    char *path = path_buffer();
    char *place = path_buffer();
    int64_t error = -ENOMEM;
    if (path != nullptr && place != nullptr) {
        error = is_mount ? mount_place(value, path, place) : make_link(value, path);
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
    return with_buffers(value, true);
}

int64_t tree_link(const char *value)
{
    return with_buffers(value, false);
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
