// SPDX-License-Identifier: MIT
// One pass over the lines; a table says which words each keyword takes.
#include "read.h"

#include <string.h>

constexpr size_t LINE_WORDS = 4;
constexpr uint64_t PAGE = 4096;
constexpr uint64_t MEMORY_LARGEST = 1ul << 40;

struct word {
    const char *text;
    size_t length;
};

static bool is(struct word word, const char *text)
{
    return strlen(text) == word.length && memcmp(word.text, text, word.length) == 0;
}

static bool copy(char *to, size_t size, struct word word)
{
    if (word.length == 0 || word.length >= size) {
        return false;
    }
    for (size_t i = 0; i < word.length; i++) {
        if (word.text[i] <= ' ' || word.text[i] > '~') {
            return false;
        }
    }
    memcpy(to, word.text, word.length);
    to[word.length] = 0;
    return true;
}

static unsigned digit_value(char digit)
{
    if (digit >= '0' && digit <= '9') {
        return (unsigned)(digit - '0');
    }
    if (digit >= 'a' && digit <= 'f') {
        return (unsigned)(digit - 'a') + 10;
    }
    return 99;
}

// A number up to 2^32, decimal or hexadecimal with 0x.
static bool read_number(struct word word, kozo_system_word *value)
{
    bool hexadecimal = word.length > 2 && word.text[0] == '0' && word.text[1] == 'x';
    unsigned base = hexadecimal ? 16 : 10;
    *value = 0;
    for (size_t i = hexadecimal ? 2 : 0; i < word.length; i++) {
        unsigned digit = digit_value(word.text[i]);
        if (digit >= base) {
            return false;
        }
        *value = *value * base + digit;
        if (*value > UINT32_MAX) {
            return false;
        }
    }
    return word.length > 0;
}

static const char *read_ports(struct kozo_system_grant *grant, const struct word *words)
{
    grant->kind = KOZO_GRANT_PORTS;
    if (!copy(grant->name, sizeof grant->name, words[1])) {
        return "the name is too long";
    }
    if (!read_number(words[2], &grant->first) || !read_number(words[3], &grant->count)) {
        return "not a number";
    }
    if (grant->count == 0 || grant->first + grant->count > 0x10000) {
        return "there are no such ports";
    }
    return nullptr;
}

static const char *read_irq(struct kozo_system_grant *grant, const struct word *words)
{
    grant->kind = KOZO_GRANT_IRQ;
    if (!copy(grant->name, sizeof grant->name, words[1])) {
        return "the name is too long";
    }
    return read_number(words[2], &grant->first) ? nullptr : "not a number";
}

// A number of bytes, with K, M or G behind it.
static bool read_size(struct word number, kozo_system_word *size)
{
    unsigned shift = 0;
    char unit = 0;
    if (number.length > 1) {
        unit = number.text[number.length - 1];
    }
    if (unit == 'K' || unit == 'M' || unit == 'G') {
        shift = unit == 'K' ? 10 : unit == 'M' ? 20 : 30;
        number.length--;
    }
    bool valid = read_number(number, size);
    *size <<= shift;
    return valid;
}

// `up to SIZE`, in whole pages: memory that is taken when it is needed.
static const char *read_supply(struct kozo_system_grant *grant, const struct word *words)
{
    grant->kind = KOZO_GRANT_SUPPLY;
    memcpy(grant->name, "supply", 7);
    if (!is(words[1], "up") || !is(words[2], "to") || !read_size(words[3], &grant->first)) {
        return "not a number";
    }
    bool fits = grant->first > 0 && grant->first <= KOZO_SUPPLY_MOST && grant->first % PAGE == 0;
    return fits ? nullptr : "memory comes in whole pages, up to 16G";
}

static const char *read_store(struct kozo_system_grant *grant, const struct word *words)
{
    const char *fault = read_supply(grant, words);
    grant->kind = KOZO_GRANT_STORE;
    memcpy(grant->name, "keeps", 6);
    return fault;
}

static const char *read_memory(struct kozo_system_grant *grant, const struct word *words)
{
    grant->kind = KOZO_GRANT_MEMORY;
    uint64_t size = 0;
    memcpy(grant->name, "memory", 7);
    if (is(words[1], "most")) {
        grant->first = KOZO_MEMORY_MOST;
        return nullptr;
    }
    if (!read_size(words[1], &size)) {
        return "not a number";
    }
    if (size < PAGE || size > MEMORY_LARGEST || (size & (size - 1)) != 0) {
        return "memory comes in powers of two from 4K on";
    }
    grant->first = (uint64_t)__builtin_ctzl(size);
    return nullptr;
}

static const char *read_keeps(struct kozo_system_grant *grant, const struct word *words)
{
    const char *fault = read_memory(grant, words);
    grant->kind = KOZO_GRANT_KEEPS;
    memcpy(grant->name, "keeps", 6);
    return fault == nullptr && grant->first == KOZO_MEMORY_MOST ? "not a number" : fault;
}

static const char *read_self(struct kozo_system_grant *grant, const struct word *words)
{
    (void)words;
    grant->kind = KOZO_GRANT_SELF;
    return nullptr;
}

static const char *read_time(struct kozo_system_grant *grant, const struct word *words)
{
    (void)words;
    grant->kind = KOZO_GRANT_TIME;
    memcpy(grant->name, "time", 5);
    return nullptr;
}

static const char *read_initrd(struct kozo_system_grant *grant, const struct word *words)
{
    (void)words;
    grant->kind = KOZO_GRANT_INITRD;
    memcpy(grant->name, "initrd", 7);
    return nullptr;
}

static const char *read_platform(struct kozo_system_grant *grant, const struct word *words)
{
    (void)words;
    grant->kind = KOZO_GRANT_PLATFORM;
    return nullptr;
}

// Four hexadecimal digits.
static bool read_digits(const char *text, uint64_t *value)
{
    *value = 0;
    for (size_t i = 0; i < 4; i++) {
        unsigned digit = digit_value(text[i]);
        if (digit > 15) {
            return false;
        }
        *value = *value << 4 | digit;
    }
    return true;
}

static const char *read_driver(struct kozo_system_grant *grant, const struct word *words)
{
    uint64_t vendor = 0;
    uint64_t device = 0;
    grant->kind = KOZO_GRANT_DRIVER;
    if (words[1].length != 9 || words[1].text[4] != ':' || !read_digits(words[1].text, &vendor) ||
        !read_digits(words[1].text + 5, &device)) {
        return "a device is named like 1af4:1042";
    }
    grant->first = vendor | device << 16;
    return nullptr;
}

static const char *read_entropy(struct kozo_system_grant *grant, const struct word *words)
{
    (void)words;
    grant->kind = KOZO_GRANT_ENTROPY;
    memcpy(grant->name, "entropy", 8);
    return nullptr;
}

static const char *read_audit(struct kozo_system_grant *grant, const struct word *words)
{
    (void)words;
    grant->kind = KOZO_GRANT_AUDIT;
    memcpy(grant->name, "audit", 6);
    return nullptr;
}

static const struct {
    const char *keyword;
    size_t words;
    const char *(*read)(struct kozo_system_grant *grant, const struct word *words);
} grant_kinds[] = {
    {"ports", 4, read_ports},       {"irq", 3, read_irq},       {"memory", 2, read_memory},
    {"self", 1, read_self},         {"time", 1, read_time},     {"initrd", 1, read_initrd},
    {"platform", 1, read_platform}, {"driver", 2, read_driver}, {"entropy", 1, read_entropy},
    {"keeps", 2, read_keeps},       {"memory", 4, read_supply}, {"keeps", 4, read_store},
    {"audit", 1, read_audit},
};

static const char *read_program(struct description *description, const struct word *words,
                                size_t count)
{
    struct kozo_system *system = &description->system;
    bool service = is(words[0], "service");
    if (count != (service ? 3 : 2)) {
        return service ? "a name and a file are due" : "a file is due";
    }
    if (system->programs == KOZO_SYSTEM_PROGRAMS) {
        return "there are too many programs";
    }
    struct kozo_system_program *program = &system->program[system->programs];
    *program = (struct kozo_system_program){.restart = service};
    if (service && !copy(program->name, sizeof program->name, words[1])) {
        return "the name is too long";
    }
    if (!copy(program->file, sizeof program->file, words[count - 1])) {
        return "the file name is too long";
    }
    description->copies[system->programs] = 1;
    description->first_line[system->programs++] = description->line;
    return nullptr;
}

static const char *read_link(const struct description *description, struct description_link *links,
                             uint32_t *count, size_t most, struct word name)
{
    if (*count == most) {
        return "there are too many of these";
    }
    struct description_link *link = &links[*count];
    *link = (struct description_link){.line = description->line};
    if (!copy(link->name, sizeof link->name, name)) {
        return "the name is too long";
    }
    (*count)++;
    return nullptr;
}

static const char *read_pages(struct description_link *link, struct word word)
{
    uint64_t size = 0;
    if (!read_size(word, &size)) {
        return "not a number";
    }
    if (size % PAGE != 0 || size / PAGE > KOZO_SYSTEM_PAGES) {
        return "shared memory comes in whole pages, up to 256M";
    }
    link->pages = (uint32_t)(size / PAGE);
    return nullptr;
}

// What a service that answers faults gives at most.
static const char *read_limit(struct description_link *link, struct word word)
{
    uint64_t size = 0;
    if (!read_size(word, &size)) {
        return "not a number";
    }
    if (size == 0 || size % PAGE != 0 || size / PAGE > UINT32_MAX) {
        return "memory comes in whole pages";
    }
    link->limit = (uint32_t)(size / PAGE);
    return nullptr;
}

static const char *read_restart(struct kozo_system_program *program, struct word word)
{
    program->restart = is(word, "always");
    return is(word, "always") || is(word, "never") ? nullptr : "it is either always or never";
}

static const char *read_copies(struct description *description, struct word word)
{
    size_t number = description->system.programs - 1;
    uint64_t *copies = &description->copies[number];
    if (!read_number(word, copies) || *copies == 0 || *copies > KOZO_SYSTEM_PROGRAMS) {
        return "not a number of copies";
    }
    bool service = description->system.program[number].name[0] != 0;
    return service ? "a service runs once" : nullptr;
}

static bool is_at_top(const struct kozo_system_mount *mount)
{
    return strchr(mount->path + 1, '/') == nullptr;
}

// What a path can't be next to those of the lines above. Each volume lies on one that comes before it, so there are no circles.
static const char *check_mount_path(const struct kozo_system_program *program)
{
    const struct kozo_system_mount *mount = &program->mount[program->mounts];
    for (size_t i = 0; i < program->mounts; i++) {
        const char *other = program->mount[i].path;
        if (strcmp(other, mount->path) == 0) {
            return "another volume is at this place";
        }
        if (kozo_system_is_below(other, mount->path)) {
            return "it would hide a volume of a line above";
        }
        if (strcmp(strrchr(other, '/'), strrchr(mount->path, '/')) == 0) {
            return "another volume has this name";
        }
    }
    bool lies = kozo_system_mount_under(program, program->mounts) < program->mounts;
    return is_at_top(mount) || lies ? nullptr : "it lies on no volume of the lines above";
}

// The place of what is the next mount.
static const char *read_mount_path(struct kozo_system_program *program, struct word word)
{
    struct kozo_system_mount *mount = &program->mount[program->mounts];
    bool fits = copy(mount->path, sizeof mount->path, word) &&
                kozo_system_is_path(mount->path, sizeof mount->path) && mount->path[1] != 0;
    return fits ? check_mount_path(program) : "it is no path from the top";
}

// A session with a service that may be down, and where its files are found.
static const char *read_mount(struct description *description, size_t number,
                              const struct word *words)
{
    struct kozo_system_program *program = &description->system.program[number];
    if (program->mounts == KOZO_SYSTEM_MOUNTS) {
        return "there are too many of these";
    }
    struct kozo_system_mount *mount = &program->mount[program->mounts];
    const char *fault = read_mount_path(program, words[1]);
    for (size_t i = 0; i < program->mounts && fault == nullptr; i++) {
        bool same = is(words[2], description->use[number][program->mount[i].use].name);
        fault = same ? "that volume is mounted already" : nullptr;
    }
    if (fault == nullptr) {
        fault = read_link(description, description->use[number], &program->uses, KOZO_SYSTEM_USES,
                          words[2]);
    }
    if (fault != nullptr) {
        return fault;
    }
    mount->use = program->uses - 1;
    program->use[mount->use].optional = 1;
    program->mounts++;
    return read_pages(&description->use[number][mount->use], words[3]);
}

static const char *read_alias(struct description *description, size_t number,
                              const struct word *words)
{
    struct kozo_system_program *program = &description->system.program[number];
    if (program->mounts == KOZO_SYSTEM_MOUNTS) {
        return "there are too many of these";
    }
    struct kozo_system_mount *alias = &program->mount[program->mounts];
    const char *fault = read_mount_path(program, words[1]);
    if (fault == nullptr && !is_at_top(alias)) {
        return "a slash and one name are due";
    }
    if (fault != nullptr || !copy(alias->inside, sizeof alias->inside, words[3]) ||
        strchr(alias->inside, '/') != nullptr) {
        return fault != nullptr ? fault : "the name of a folder is due";
    }
    for (size_t i = 0; i < program->mounts; i++) {
        alias->use = program->mount[i].use;
        if (is(words[2], description->use[number][alias->use].name)) {
            program->mounts++;
            return nullptr;
        }
    }
    return "that volume is not mounted";
}

// A session with a service that may be down, and whose sessions this one may delegate.
static const char *read_delegates(struct description *description, size_t number,
                                  const struct word *words)
{
    struct kozo_system_program *program = &description->system.program[number];
    const char *fault = read_link(description, description->use[number], &program->uses,
                                  KOZO_SYSTEM_USES, words[1]);
    if (fault != nullptr) {
        return fault;
    }
    program->use[program->uses - 1].optional = 1;
    program->use[program->uses - 1].delegates = 1;
    return read_pages(&description->use[number][program->uses - 1], words[2]);
}

static const char *read_place(struct kozo_system_program *program, const struct word *words)
{
    if (program->uses == 0) {
        return "no session is named yet";
    }
    if (program->paths == KOZO_SYSTEM_PATHS) {
        return "there are too many of these";
    }
    struct kozo_system_path *path = &program->path[program->paths];
    if (!copy(path->path, sizeof path->path, words[1]) ||
        !kozo_system_is_path(path->path, sizeof path->path)) {
        return "it is no path from the top";
    }
    if (!is(words[2], "r") && !is(words[2], "rw")) {
        return "it is either r or rw";
    }
    path->writable = is(words[2], "rw");
    path->use = program->uses - 1;
    program->paths++;
    return nullptr;
}

static const char *read_most(struct description *description, size_t number, struct word word)
{
    uint32_t uses = description->system.program[number].uses;
    struct description_link *link = uses > 0 ? &description->use[number][uses - 1] : nullptr;
    uint64_t size = 0;
    if (link == nullptr || link->most != 0) {
        return link == nullptr ? "no session is named yet" : "that session has a limit already";
    }
    if (!read_size(word, &size)) {
        return "not a number";
    }
    if (size == 0 || size % PAGE != 0 || size / PAGE > UINT32_MAX) {
        return "a limit is in whole pages";
    }
    link->most = (uint32_t)(size / PAGE);
    link->most_line = description->line;
    return nullptr;
}

static const char *read_commands(struct kozo_system_program *program, struct word word)
{
    struct description_link pages = {};
    const char *fault = read_pages(&pages, word);
    program->commands = pages.pages;
    if (fault == nullptr && (program->name[0] == 0 || program->terminal != 0)) {
        fault = "only a service that is no terminal has commands";
    }
    return fault;
}

static const char *read_terminal(struct kozo_system_program *program)
{
    program->terminal = 1;
    return program->name[0] != 0 && program->commands == 0 ? nullptr
                                                           : "only a service is a terminal";
}

static const char *read_grant(struct kozo_system_program *program, size_t line,
                              const struct word *words, size_t count)
{
    bool known = false;
    for (size_t i = 0; i < sizeof grant_kinds / sizeof grant_kinds[0]; i++) {
        if (!is(words[0], grant_kinds[i].keyword)) {
            continue;
        }
        known = true;
        if (count != grant_kinds[i].words) {
            continue;
        }
        if (program->grants == KOZO_SYSTEM_GRANTS) {
            return "the program is given too much";
        }
        struct kozo_system_grant *grant = &program->grant[program->grants];
        *grant = (struct kozo_system_grant){.line = (uint32_t)line};
        const char *fault = grant_kinds[i].read(grant, words);
        program->grants += fault == nullptr ? 1 : 0;
        return fault;
    }
    return known ? "the number of words is wrong" : "the first word is unknown";
}

// A line that belongs to the program above it.
static const char *read_part(struct description *description, const struct word *words,
                             size_t count)
{
    struct kozo_system *system = &description->system;
    if (system->programs == 0) {
        return "no program is named yet";
    }
    size_t number = system->programs - 1;
    struct kozo_system_program *program = &system->program[number];
    if ((count == 2 || count == 3) && is(words[0], "uses")) {
        const char *fault = read_link(description, description->use[number], &program->uses,
                                      KOZO_SYSTEM_USES, words[1]);
        if (fault != nullptr || count == 2) {
            return fault;
        }
        return read_pages(&description->use[number][program->uses - 1], words[2]);
    }
    if (count == 2 && is(words[0], "asks")) {
        const char *fault = read_link(description, description->use[number], &program->uses,
                                      KOZO_SYSTEM_USES, words[1]);
        if (fault == nullptr) {
            program->use[program->uses - 1].optional = 1;
        }
        return fault;
    }
    if (count == 2 && is(words[0], "limit")) {
        return read_most(description, number, words[1]);
    }
    if (count == 3 && is(words[0], "delegates")) {
        return read_delegates(description, number, words);
    }
    if (count == 3 && is(words[0], "pager")) {
        const char *fault = read_link(description, description->use[number], &program->uses,
                                      KOZO_SYSTEM_USES, words[1]);
        return fault != nullptr
                   ? fault
                   : read_limit(&description->use[number][program->uses - 1], words[2]);
    }
    if (count == 2 && is(words[0], "after")) {
        return read_link(description, description->after[number], &program->after_count,
                         KOZO_SYSTEM_AFTER, words[1]);
    }
    if (count == 2 && is(words[0], "restart")) {
        return read_restart(program, words[1]);
    }
    if (count == 2 && is(words[0], "copies")) {
        return read_copies(description, words[1]);
    }
    if (count == 4 && is(words[0], "mount")) {
        return read_mount(description, number, words);
    }
    if (count == 4 && is(words[0], "alias")) {
        return read_alias(description, number, words);
    }
    if (count == 3 && is(words[0], "place")) {
        return read_place(program, words);
    }
    if (count == 2 && is(words[0], "commands")) {
        return read_commands(program, words[1]);
    }
    if (count == 1 && is(words[0], "terminal")) {
        return read_terminal(program);
    }
    return read_grant(program, description->line, words, count);
}

// Reads one line of `length` bytes.
static const char *read_line(struct description *description, const char *line, size_t length)
{
    struct word words[LINE_WORDS];
    size_t count = 0;
    for (size_t at = 0; at < length && line[at] != '#';) {
        if (line[at] == ' ' || line[at] == '\t') {
            at++;
            continue;
        }
        if (count == LINE_WORDS) {
            return "there are too many words";
        }
        size_t start = at;
        while (at < length && line[at] != ' ' && line[at] != '\t' && line[at] != '#') {
            at++;
        }
        words[count++] = (struct word){.text = line + start, .length = at - start};
    }
    if (count == 0) {
        return nullptr;
    }
    if (is(words[0], "program") || is(words[0], "service")) {
        return read_program(description, words, count);
    }
    return read_part(description, words, count);
}

void description_read(struct description *description, const char *text, size_t size)
{
    *description = (struct description){.system.magic = KOZO_SYSTEM_MAGIC};
    while (size > 0) {
        const char *end = memchr(text, '\n', size);
        size_t length = end != nullptr ? (size_t)(end - text) : size;
        description->line++;
        description->fault = read_line(description, text, length);
        if (description->fault != nullptr) {
            return;
        }
        size_t step = end != nullptr ? length + 1 : length;
        text += step;
        size -= step;
    }
}
