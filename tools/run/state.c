// SPDX-License-Identifier: MIT
#include "state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

constexpr off_t LARGE = 512 << 10;   // of decisions, which are then written anew
constexpr off_t LARGEST = 64L << 20; // bytes of a file that is read
constexpr mode_t PRIVATE_FOLDER = 0700;
constexpr mode_t PRIVATE_FILE = 0600;

[[gnu::format(printf, 2, 3)]]
static bool fail(struct state *state, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(state->problem, sizeof state->problem, format, arguments);
    va_end(arguments);
    return false;
}

uint64_t state_now(void)
{
    return (uint64_t)time(nullptr);
}

// --- The folder ---------------------------------------------------------------------------------

// Makes a folder and those above it.
static bool make_folders(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash != nullptr; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        bool made = mkdir(path, PRIVATE_FOLDER) == 0 || errno == EEXIST;
        *slash = '/';
        if (!made) {
            return false;
        }
    }
    return mkdir(path, PRIVATE_FOLDER) == 0 || errno == EEXIST;
}

bool state_begin(struct state *state, const struct policy_folders *folders)
{
    const char *base = getenv("XDG_STATE_HOME");
    const char *home = getenv("HOME");
    memset(state, 0, sizeof *state);
    state->decisions = -1;
    state->policy.folders = *folders;
    int length = base != nullptr && base[0] == '/'
                     ? snprintf(state->folder, sizeof state->folder, "%s/kozo", base)
                     : snprintf(state->folder, sizeof state->folder, "%s/.local/state/kozo",
                                home != nullptr ? home : "");
    if (state->folder[0] != '/' || length < 0 || (size_t)length >= sizeof state->folder - 16) {
        return fail(state, "there is no folder for what is decided (HOME)");
    }
    if (!make_folders(state->folder)) {
        return fail(state, "what is decided can't be kept in %.200s: %s", state->folder,
                    strerror(errno));
    }
    return true;
}

// Opens a file of the folder, alone.
static int open_file(struct state *state, const char *name)
{
    char path[STATE_PATH + 16];
    (void)snprintf(path, sizeof path, "%s/%s", state->folder, name);
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, PRIVATE_FILE);
    if (file < 0 || flock(file, LOCK_EX) != 0) {
        (void)fail(state, "%.200s can't be opened: %s", path, strerror(errno));
        if (file >= 0) {
            (void)close(file);
        }
        return -1;
    }
    return file;
}

// The contents of a file, to be freed; null with a problem.
static char *read_file(struct state *state, int file, size_t *length)
{
    struct stat status;
    *length = 0;
    if (fstat(file, &status) != 0 || status.st_size > LARGEST) {
        (void)fail(state, "a file in %.200s is too large", state->folder);
        return nullptr;
    }
    char *text = malloc((size_t)status.st_size + 1);
    while (text != nullptr && *length < (size_t)status.st_size) {
        ssize_t count =
            pread(file, text + *length, (size_t)status.st_size - *length, (off_t)*length);
        if (count <= 0) {
            break;
        }
        *length += (size_t)count;
    }
    if (text == nullptr) {
        (void)fail(state, "there is not enough memory");
    }
    return text;
}

static bool write_all(int file, const char *bytes, size_t length, off_t at)
{
    for (size_t done = 0; done < length;) {
        ssize_t written = pwrite(file, bytes + done, length - done, at + (off_t)done);
        if (written <= 0) {
            return false;
        }
        done += (size_t)written;
    }
    return true;
}

// --- Decisions ----------------------------------------------------------------------------------

static bool store(void *context, const char *line, size_t length)
{
    struct state *state = context;
    if (!write_all(state->decisions, line, length, state->length) ||
        fdatasync(state->decisions) != 0) {
        (void)ftruncate(state->decisions, state->length);
        return false;
    }
    state->length += (off_t)length;
    return true;
}

// What is written anew goes to a second file, which then takes the place of the first at one stroke.
static void compact(struct state *state)
{
    char path[STATE_PATH + 16];
    char fresh[STATE_PATH + 16];
    (void)snprintf(path, sizeof path, "%s/decisions", state->folder);
    (void)snprintf(fresh, sizeof fresh, "%s/decisions.new", state->folder);
    int old = state->decisions;
    off_t length = state->length;
    state->decisions = open_file(state, "decisions.new");
    state->length = 0;
    if (state->decisions >= 0 && ftruncate(state->decisions, 0) == 0 &&
        policy_database_compact(&state->policy.database, store, state) &&
        rename(fresh, path) == 0) {
        (void)close(old);
        return;
    }
    if (state->decisions >= 0) {
        (void)close(state->decisions);
    }
    state->decisions = old;
    state->length = length;
}

static bool take_decisions(struct state *state, const char *text, size_t length)
{
    struct policy_database *database = &state->policy.database;
    if (length == 0) {
        state->length = 0;
        return policy_database_begin(database, store, state) ||
               fail(state, "what is decided can't be written: %s", strerror(errno));
    }
    struct policy_read read = policy_database_read(database, text, length, store, state);
    if (read.result == POLICY_READ_DAMAGED) {
        return fail(state, "%.200s/decisions was changed at line %zu; remove it to decide anew",
                    state->folder, read.line);
    }
    state->length = (off_t)read.length;
    return ftruncate(state->decisions, state->length) == 0 ||
           fail(state, "what is decided can't be written: %s", strerror(errno));
}

// Which run of the computer this is. When it can't be known, it is one of its own.
static uint64_t this_restart(uint64_t otherwise)
{
    char text[64];
    int file = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    ssize_t length = file >= 0 ? read(file, text, sizeof text) : -1;
    if (file >= 0) {
        (void)close(file);
    }
    if (length <= 0) {
        return otherwise;
    }
    struct kozo_digest digest = kozo_blake2s(text, (size_t)length);
    uint64_t number = 0;
    memcpy(&number, digest.bytes, sizeof number);
    return number;
}

bool state_open(struct state *state)
{
    size_t length = 0;
    struct timespec time = {};
    state->decisions = open_file(state, "decisions");
    char *text = state->decisions >= 0 ? read_file(state, state->decisions, &length) : nullptr;
    bool good = text != nullptr && take_decisions(state, text, length);
    free(text);
    if (!good) {
        state_close(state);
        return false;
    }
    // Each run is a system of its own: what was to last until its end is over.
    (void)clock_gettime(CLOCK_REALTIME, &time);
    state->policy.boot = (uint64_t)time.tv_sec * 1'000'000 + (uint64_t)time.tv_nsec / 1'000;
    state->policy.restart = this_restart(state->policy.boot);
    (void)policy_database_expire(&state->policy.database, state_now(), state->policy.boot,
                                 state->policy.restart);
    if (state->length > LARGE) {
        compact(state);
    }
    return true;
}

void state_close(struct state *state)
{
    if (state->decisions >= 0) {
        (void)close(state->decisions);
    }
    state->decisions = -1;
}

// --- The record ---------------------------------------------------------------------------------

bool state_record(struct state *state, const struct policy_record *records, size_t count)
{
    size_t length = 0;
    size_t size = count * POLICY_RECORD_SIZE + 1;
    char *lines = malloc(size);
    int file = open_file(state, "record");
    char *text = file >= 0 ? read_file(state, file, &length) : nullptr;
    bool good = lines != nullptr && text != nullptr;
    if (good) {
        struct policy_verification found = policy_record_verify(text, length, nullptr, nullptr);
        struct policy_text added = policy_text(lines, size);
        good = found.result == POLICY_RECORD_WHOLE || found.result == POLICY_RECORD_CUT ||
               fail(state, "%.200s/record was changed at line %lu", state->folder, found.line);
        for (size_t i = 0; i < count && good; i++) {
            good = policy_record_add(&added, &found.chain, &records[i]);
        }
        // Half a line, which a run left that was ended in the middle of it, is written over.
        good = good && ftruncate(file, (off_t)found.length) == 0 &&
               write_all(file, lines, added.length, (off_t)found.length);
    }
    if (file >= 0) {
        (void)close(file);
    }
    free(text);
    free(lines);
    return good || state->problem[0] != '\0' ? good : fail(state, "the record can't be written");
}

bool state_verify(struct state *state, struct policy_verification *found)
{
    size_t length = 0;
    int file = open_file(state, "record");
    char *text = file >= 0 ? read_file(state, file, &length) : nullptr;
    if (text != nullptr) {
        *found = policy_record_verify(text, length, nullptr, nullptr);
    }
    if (file >= 0) {
        (void)close(file);
    }
    free(text);
    return text != nullptr;
}
