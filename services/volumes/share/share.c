// SPDX-License-Identifier: MIT
#include "share.h"

#include <string.h>

#include "job.h"
#include "message.h"
#include "node.h"

// Flags of open, as Linux has them on x86_64 and in 9P2000.L.
constexpr uint32_t OPEN_READ = 0;
constexpr uint32_t OPEN_WRITE = 1;
constexpr uint32_t CREATE_BOTH = 2;

constexpr size_t GREETING = sizeof NINE_GREETING - 1;
constexpr uint64_t LIST_LEAST = 512; // more than any entry has

// Tags: those of jobs are their numbers, then come those of messages that nobody waits for.
constexpr uint16_t TAG_ROOT = JOBS;
constexpr uint16_t TAG_CLUNKS = JOBS + 1;
constexpr size_t CLUNKS = 16; // under way at a time
constexpr size_t CLUNKS_WAITING = 3 * NODES + JOBS;

enum conversation : uint8_t {
    SILENT,
    ASKED_VERSION,
    ASKED_ROOT,
    READY,
};

static struct {
    const struct share_link *link;
    enum conversation conversation;
    size_t greeted;    // bytes of the greeting that came
    uint32_t file;     // the last number for a file of the host
    size_t data;       // most bytes of contents in a message, as agreed upon
    uint32_t clunking; // one bit for each tag of them that is in use
    size_t clunks;
    uint32_t clunk[CLUNKS_WAITING];
    struct job job[JOBS];
    size_t come; // bytes of the message that is coming
    uint8_t message[SHARE_MESSAGE];
} state;

// --- Messages -----------------------------------------------------------------------------------

static uint32_t new_file(void)
{
    state.file = state.file + 1 == NINE_NO_FILE ? 1 : state.file + 1;
    return state.file;
}

// A message of at most `most` bytes, behind its header. Its bytes are null when there is no room.
static struct wire_writer begin_message(size_t most)
{
    uint8_t *bytes = state.link->room(most);
    return (struct wire_writer){.bytes = bytes, .used = NINE_HEADER, .size = most};
}

static void end_message(struct wire_writer *out, enum nine_request type, uint16_t tag)
{
    wire_patch(out, 0, out->used, 4);
    wire_patch(out, 4, type, 1);
    wire_patch(out, 5, tag, 2);
    state.link->put(out->used);
}

// --- Files of the host that are not needed any more -----------------------------------------------

static void push_clunks(void)
{
    constexpr size_t SIZE = NINE_HEADER + 4;
    if (state.conversation != READY) {
        return;
    }
    for (uint16_t i = 0; i < CLUNKS && state.clunks > 0; i++) {
        if ((state.clunking >> i & 1) != 0) {
            continue;
        }
        struct wire_writer out = begin_message(SIZE);
        if (out.bytes == nullptr) {
            return;
        }
        wire_write(&out, state.clunk[--state.clunks], 4);
        end_message(&out, NINE_CLUNK, TAG_CLUNKS + i);
        state.clunking |= 1U << i;
    }
}

static void clunk(uint32_t file)
{
    // There is a place for each number there can be. Were there not, the host would keep one too many.
    if (file != NINE_NO_FILE && state.clunks < CLUNKS_WAITING) {
        state.clunk[state.clunks++] = file;
        push_clunks();
    }
}

// Closes what a node is open by. False when that is nothing.
static bool close_node(struct node *node)
{
    bool open = node->read != NINE_NO_FILE || node->write != NINE_NO_FILE;
    clunk(node->read);
    if (node->write != node->read) {
        clunk(node->write);
    }
    node->read = NINE_NO_FILE;
    node->write = NINE_NO_FILE;
    return open;
}

static void forget(struct node *node)
{
    clunk(node->walk);
    (void)close_node(node);
    node_remove(node);
}

// --- Ends ---------------------------------------------------------------------------------------

static void clear(struct job *job)
{
    memset(job, 0, offsetof(struct job, name));
    job->file = NINE_NO_FILE;
    job->made = NINE_NO_FILE;
}

static void complete(struct job *job, const struct kozo_message *answer)
{
    if (!job->dropped) {
        state.link->complete(job->place, job->number, answer);
    }
    struct node *node = node_find(job->node);
    if (job->opens && node != nullptr) {
        node->opening = false;
    }
    uint32_t file = job->file;
    uint32_t made = job->made;
    clear(job);
    clunk(file);
    clunk(made);
}

static void fail(struct job *job, enum kozo_error error)
{
    struct kozo_message answer = kozo_answer(error);
    complete(job, &answer);
}

static void succeed(struct job *job)
{
    fail(job, KOZO_OK);
}

// Makes the file that the job walked to known to its client. False: there are too many.
static bool adopt(struct job *job, struct message_qid qid)
{
    if (job->dropped) {
        return true; // its numbers are not needed
    }
    struct node *node = node_get(qid.number, qid.kind);
    if (node == nullptr) {
        return false;
    }
    // The newest path is the best: the host may have renamed what is on the way.
    clunk(node->walk);
    node->walk = job->file;
    node->kind = qid.kind;
    node->users |= 1ull << job->place;
    job->file = NINE_NO_FILE;
    if (job->made != NINE_NO_FILE && node->read == NINE_NO_FILE && node->write == NINE_NO_FILE) {
        node->read = job->made;
        node->write = job->made;
        job->made = NINE_NO_FILE;
    }
    return true;
}

// --- Steps --------------------------------------------------------------------------------------

// What the next message shall bring, of contents that are left.
static uint32_t next_piece(const struct job *job)
{
    uint64_t left = job->length - job->done;
    return (uint32_t)(left < state.data ? left : state.data);
}

static void read_on(struct job *job)
{
    if (job->done == job->length || job->dropped) {
        struct kozo_message answer = kozo_volume_read_answer(job->done);
        complete(job, &answer);
        return;
    }
    job->asked = next_piece(job);
    job->step = STEP_READ;
}

static void write_on(struct job *job)
{
    if (job->done == job->length || job->dropped) {
        struct kozo_message answer = kozo_volume_write_answer(job->done);
        complete(job, &answer);
        return;
    }
    job->asked = next_piece(job);
    job->step = STEP_WRITE;
}

// Asks for as many entries as fit when they are written in this system's form, which takes at most a
// third more.
static void list_on(struct job *job)
{
    uint64_t piece = job->length - job->length / 4;
    piece = piece < LIST_LEAST ? LIST_LEAST : piece;
    job->asked = (uint32_t)(piece < state.data ? piece : state.data);
    job->step = STEP_READDIR;
}

// A step that gives a number of the job's own its meaning.
static bool needs_file_for(enum step step)
{
    return step == STEP_WALK || step == STEP_CLONE || step == STEP_ATTRIBUTE_WALK;
}

// The file is open: what comes next is what it was opened for.
static void opened(struct job *job)
{
    if (job->kind == JOB_READ) {
        read_on(job);
    } else if (job->kind == JOB_WRITE) {
        write_on(job);
    } else {
        list_on(job);
    }
}

static void answer_size(struct job *job)
{
    struct kozo_message answer = job->kind == JOB_ATTRIBUTE
                                     ? kozo_volume_attribute_answer(job->length)
                                     : kozo_volume_attributes_answer(job->length);
    complete(job, &answer);
}

// The next file that may hold what is not on the host's disk yet. `done` counts.
static void sync_on(struct job *job)
{
    size_t place = job->done;
    struct node *node = node_next(&place);
    while (node != nullptr && node->write == NINE_NO_FILE) {
        node = node_next(&place);
    }
    job->done = place;
    if (node == nullptr) {
        succeed(job);
        return;
    }
    job->node = node->number;
    job->step = STEP_FSYNC;
}

// The file that is about to lose its name stays open, if the client knows it.
static void name_goes(struct job *job, const struct message_qid *qid)
{
    struct node *node = qid == nullptr ? nullptr : node_find(qid->number);
    job->folder = qid != nullptr && qid->kind == KOZO_NODE_FOLDER;
    bool keep = node != nullptr && node->kind == KOZO_NODE_FILE && node->read == NINE_NO_FILE &&
                node->write == NINE_NO_FILE;
    if (keep) {
        job->what = node->number;
        job->flags = OPEN_READ;
        job->step = STEP_OPEN;
    } else {
        job->step = job->kind == JOB_RENAME ? STEP_RENAME : STEP_UNLINK;
    }
}

static void kept_open(struct job *job, bool good)
{
    struct node *node = node_find(job->what);
    if (good && node != nullptr && node->read == NINE_NO_FILE) {
        node->read = job->file;
        job->file = NINE_NO_FILE;
    }
    job->step = job->kind == JOB_RENAME ? STEP_RENAME : STEP_UNLINK;
}

// --- Answers, each in the form of its step --------------------------------------------------------
// They give false when the answer does not fit.

static bool is_whole(const struct wire_reader *in)
{
    return !in->broken && in->left == 0;
}

static bool take_statfs(struct job *job, struct wire_reader *in)
{
    (void)wire_read(in, 4);
    uint64_t block = wire_read(in, 4);
    uint64_t blocks = wire_read(in, 8);
    uint64_t free = wire_read(in, 8);
    (void)wire_read(in, 8);
    uint64_t nodes = wire_read(in, 8);
    (void)wire_read(in, 8);
    (void)wire_read(in, 8);
    (void)wire_read(in, 4);
    if (!is_whole(in) || block == 0) {
        return false;
    }
    struct kozo_message answer =
        kozo_volume_describe_answer(block, blocks, free, nodes, KOZO_VOLUME_SHARED);
    complete(job, &answer);
    return true;
}

static void take_walked(struct job *job, struct message_qid qid)
{
    if (job->kind == JOB_REMOVE || job->kind == JOB_RENAME) {
        name_goes(job, &qid);
        return;
    }
    if (!adopt(job, qid)) {
        fail(job, KOZO_NO_MEMORY);
        return;
    }
    struct kozo_message answer = job->kind == JOB_MAKE
                                     ? kozo_volume_make_answer(qid.number)
                                     : kozo_volume_look_answer(qid.number, qid.kind);
    complete(job, &answer);
}

static bool take_walk(struct job *job, struct wire_reader *in)
{
    uint64_t walked = wire_read(in, 2);
    struct message_qid qid = walked == 1 ? message_read_qid(in) : (struct message_qid){};
    if (!is_whole(in) || walked > 1) {
        return false;
    }
    if (walked == 1) {
        take_walked(job, qid);
        return true;
    }
    job->file = NINE_NO_FILE;
    if (job->kind == JOB_RENAME) {
        name_goes(job, nullptr);
    } else {
        fail(job, KOZO_BAD_HANDLE);
    }
    return true;
}

static bool is_about_attribute(const struct job *job)
{
    return job->kind >= JOB_ATTRIBUTE;
}

static bool take_clone(struct job *job, struct wire_reader *in)
{
    if (wire_read(in, 2) != 0 || !is_whole(in)) {
        return false;
    }
    job->step = job->kind == JOB_MAKE     ? STEP_CREATE
                : is_about_attribute(job) ? STEP_ATTRIBUTE_CREATE
                                          : STEP_OPEN;
    return true;
}

static bool take_open(struct job *job, struct wire_reader *in)
{
    (void)message_read_qid(in);
    (void)wire_read(in, 4);
    if (!is_whole(in)) {
        return false;
    }
    if (job->kind == JOB_REMOVE || job->kind == JOB_RENAME) {
        kept_open(job, true);
        return true;
    }
    struct node *node = node_find(job->node);
    if (node == nullptr) {
        fail(job, KOZO_BAD_HANDLE);
        return true;
    }
    uint32_t *file = job->flags == OPEN_READ ? &node->read : &node->write;
    clunk(*file);
    *file = job->file;
    job->file = NINE_NO_FILE;
    job->opens = false;
    node->opening = false;
    opened(job);
    return true;
}

// What was created is known by its name, as all others are.
static bool take_create(struct job *job, struct wire_reader *in)
{
    (void)message_read_qid(in);
    (void)wire_read(in, 4);
    if (!is_whole(in)) {
        return false;
    }
    job->made = job->file;
    job->file = new_file();
    job->step = STEP_WALK;
    return true;
}

static bool take_made(struct job *job, struct wire_reader *in)
{
    (void)message_read_qid(in);
    if (!is_whole(in)) {
        return false;
    }
    job->file = new_file();
    job->step = STEP_WALK;
    return true;
}

static bool take_getattr(struct job *job, struct wire_reader *in)
{
    struct kozo_node_stat stat = {.node = job->node};
    message_read_stat(in, &stat);
    if (!is_whole(in)) {
        return false;
    }
    uint8_t *record = job->dropped ? nullptr : state.link->data(job->place, job->at, sizeof stat);
    if (record != nullptr) {
        memcpy(record, &stat, sizeof stat);
    }
    succeed(job);
    return true;
}

static bool take_read(struct job *job, struct wire_reader *in)
{
    uint64_t count = wire_read(in, 4);
    struct wire_text bytes = wire_read_bytes(in, count);
    if (!is_whole(in) || count > job->asked) {
        return false;
    }
    uint8_t *to = job->dropped ? nullptr : state.link->data(job->place, job->at + job->done, count);
    if (to != nullptr) {
        memcpy(to, bytes.text, count);
    }
    job->done += count;
    // Fewer bytes than asked for are the file's last ones.
    job->length = count < job->asked ? job->done : job->length;
    read_on(job);
    return true;
}

static bool take_readlink(struct job *job, struct wire_reader *in)
{
    struct wire_text target = wire_read_text(in);
    if (!is_whole(in)) {
        return false;
    }
    size_t from = job->offset < target.length ? job->offset : target.length;
    size_t count = target.length - from < job->length ? target.length - from : job->length;
    uint8_t *to = job->dropped ? nullptr : state.link->data(job->place, job->at, count);
    if (to != nullptr) {
        memcpy(to, target.text + from, count);
    }
    struct kozo_message answer = kozo_volume_read_answer(count);
    complete(job, &answer);
    return true;
}

// Writes one entry of the host's list in this system's form. False when there is no room for it.
static bool put_entry(struct job *job, uint8_t *to, struct message_qid qid, uint64_t next,
                      struct wire_text name)
{
    struct kozo_folder_entry entry = {
        .node = qid.number, .next = next, .kind = qid.kind, .length = (uint32_t)name.length};
    size_t size = (sizeof entry + name.length + 7) / 8 * 8;
    if (size > job->length - job->done) {
        return false;
    }
    if (to != nullptr) {
        memset(to + job->done, 0, size);
        memcpy(to + job->done, &entry, sizeof entry);
        memcpy(to + job->done + sizeof entry, name.text, name.length);
    }
    job->done += size;
    return true;
}

static bool take_readdir(struct job *job, struct wire_reader *in)
{
    uint64_t count = wire_read(in, 4);
    uint8_t *to = job->dropped ? nullptr : state.link->data(job->place, job->at, job->length);
    if (in->broken || count != in->left || count > job->asked) {
        return false;
    }
    bool fits = true;
    while (in->left > 0) {
        struct message_qid qid = message_read_qid(in);
        uint64_t next = wire_read(in, 8);
        (void)wire_read(in, 1);
        struct wire_text name = wire_read_text(in);
        if (in->broken || !message_is_name(name.text, name.length)) {
            return false;
        }
        // What does not fit is asked for again, from the entry before it on.
        fits = fits && put_entry(job, to, qid, next, name);
    }
    struct kozo_message answer =
        fits || job->done > 0 ? kozo_volume_list_answer(job->done) : kozo_answer(KOZO_BAD_ARGUMENT);
    complete(job, &answer);
    return true;
}

static bool take_write(struct job *job, struct wire_reader *in)
{
    uint64_t count = wire_read(in, 4);
    if (!is_whole(in) || count > job->asked) {
        return false;
    }
    job->done += count;
    job->length = count == 0 ? job->done : job->length;
    write_on(job);
    return true;
}

static bool take_fsync(struct job *job, struct wire_reader *in)
{
    if (!is_whole(in)) {
        return false;
    }
    if (job->what != 0) {
        sync_on(job);
    } else {
        succeed(job);
    }
    return true;
}

// An attribute was found, or the names of all. What has no room is not read.
static bool take_attribute_walk(struct job *job, struct wire_reader *in)
{
    uint64_t size = wire_read(in, 8);
    if (!is_whole(in) || size > KOZO_ATTRIBUTE_MOST) {
        return false;
    }
    bool fits = size <= job->length;
    job->length = size;
    if (!fits || size == 0 || job->dropped) {
        answer_size(job);
        return true;
    }
    job->asked = next_piece(job);
    job->step = STEP_ATTRIBUTE_READ;
    return true;
}

static bool take_attribute_read(struct job *job, struct wire_reader *in)
{
    uint64_t count = wire_read(in, 4);
    struct wire_text bytes = wire_read_bytes(in, count);
    if (!is_whole(in) || count == 0 || count > job->asked) {
        return false;
    }
    uint8_t *to = job->dropped ? nullptr : state.link->data(job->place, job->at + job->done, count);
    if (to != nullptr) {
        memcpy(to, bytes.text, count);
    }
    job->done += count;
    if (job->done == job->length || job->dropped) {
        answer_size(job);
    } else {
        job->asked = next_piece(job);
    }
    return true;
}

// The host changes the attribute when it has the last byte of the value.
static void set_on(struct job *job)
{
    if (job->done == job->length || job->dropped) {
        succeed(job);
        return;
    }
    job->asked = next_piece(job);
    job->step = STEP_ATTRIBUTE_WRITE;
}

static bool take_attribute_create(struct job *job, struct wire_reader *in)
{
    if (!is_whole(in)) {
        return false;
    }
    set_on(job);
    return true;
}

static bool take_attribute_write(struct job *job, struct wire_reader *in)
{
    uint64_t count = wire_read(in, 4);
    if (!is_whole(in) || count == 0 || count > job->asked) {
        return false;
    }
    job->done += count;
    set_on(job);
    return true;
}

static bool take_nothing(struct job *job, struct wire_reader *in)
{
    if (!is_whole(in)) {
        return false;
    }
    succeed(job);
    return true;
}

// What a node is open by was taken back, for good. It may have been given again since, and then its path leads there: the job
// begins anew, once. False: it can't.
static bool begin_anew(struct job *job)
{
    bool contents = job->step == STEP_READ || job->step == STEP_WRITE || job->step == STEP_READDIR;
    struct node *node = node_find(job->node);
    bool can = node != nullptr && !job->anew &&
               (contents || job->step == STEP_GETATTR || job->step == STEP_SETATTR);
    if (!can || !close_node(node)) {
        return false;
    }
    job->anew = true;
    job->step = contents ? STEP_CLONE : job->step;
    return true;
}

// The same for an attribute. The host keeps a value for the number that asked for it, but not when another of its processes goes
// on in its place.
static bool begin_attribute_anew(struct job *job)
{
    struct node *node = node_find(job->node);
    bool own = job->step >= STEP_ATTRIBUTE_READ; // by a number of the job's own
    if (node == nullptr || job->anew || job->step == STEP_CLONE || (!own && !close_node(node))) {
        return false;
    }
    bool reads = job->kind == JOB_ATTRIBUTE || job->kind == JOB_ATTRIBUTES;
    clunk(own ? job->file : NINE_NO_FILE);
    job->file = NINE_NO_FILE;
    job->anew = true;
    job->done = 0;
    job->length = reads ? job->room : job->length;
    job->step = reads ? STEP_ATTRIBUTE_WALK : STEP_CLONE;
    return true;
}

static void take_error(struct job *job, uint32_t number)
{
    if (message_error(number) == KOZO_EXPIRED &&
        (is_about_attribute(job) ? begin_attribute_anew(job) : begin_anew(job))) {
        return;
    }
    if (needs_file_for(job->step)) {
        job->file = NINE_NO_FILE; // there is no such number
    }
    if (job->kind == JOB_RENAME && job->step == STEP_WALK) {
        name_goes(job, nullptr);
    } else if (job->step == STEP_OPEN && (job->kind == JOB_REMOVE || job->kind == JOB_RENAME)) {
        kept_open(job, false);
    } else {
        fail(job, message_error(number));
    }
}

typedef bool take_function(struct job *job, struct wire_reader *in);

static take_function *const takes[STEPS] = {
    [STEP_STATFS] = take_statfs,
    [STEP_WALK] = take_walk,
    [STEP_CLONE] = take_clone,
    [STEP_OPEN] = take_open,
    [STEP_CREATE] = take_create,
    [STEP_FOLDER] = take_made,
    [STEP_SYMLINK] = take_made,
    [STEP_GETATTR] = take_getattr,
    [STEP_SETATTR] = take_nothing,
    [STEP_READ] = take_read,
    [STEP_READLINK] = take_readlink,
    [STEP_READDIR] = take_readdir,
    [STEP_WRITE] = take_write,
    [STEP_FSYNC] = take_fsync,
    [STEP_LINK] = take_nothing,
    [STEP_UNLINK] = take_nothing,
    [STEP_RENAME] = take_nothing,
    [STEP_ATTRIBUTE_WALK] = take_attribute_walk,
    [STEP_ATTRIBUTE_READ] = take_attribute_read,
    [STEP_ATTRIBUTE_CREATE] = take_attribute_create,
    [STEP_ATTRIBUTE_WRITE] = take_attribute_write,
};

// --- Running ------------------------------------------------------------------------------------

// Before a file is opened. False: another job opens it, and this one waits.
static bool may_open(struct job *job)
{
    struct node *node = node_find(job->node);
    if (node == nullptr || job->kind == JOB_MAKE || is_about_attribute(job)) {
        return true;
    }
    uint32_t file = job->flags == OPEN_READ ? node->read : node->write;
    if (file != NINE_NO_FILE) {
        opened(job);
        return true;
    }
    if (node->opening && !job->opens) {
        return false;
    }
    node->opening = true;
    job->opens = true;
    return true;
}

// Sends the message of a job's step, or lets it wait for room.
static void run(struct job *job)
{
    bool ready = state.conversation == READY && job->kind != JOB_NONE &&
                 (job->step != STEP_CLONE || may_open(job));
    // Nothing may have been left to do.
    if (!ready || job->kind == JOB_NONE) {
        return;
    }
    struct wire_writer out = begin_message(message_most(job));
    if (out.bytes == nullptr) {
        return;
    }
    if (needs_file_for(job->step) && job->file == NINE_NO_FILE) {
        job->file = new_file();
    }
    const uint8_t *contents = nullptr;
    if (job->step == STEP_WRITE || job->step == STEP_ATTRIBUTE_WRITE) {
        contents = state.link->data(job->place, job->at + job->done, job->asked);
        if (contents == nullptr) {
            fail(job, KOZO_BAD_ARGUMENT);
            return;
        }
    }
    enum kozo_error error = message_put(job, contents, &out);
    if (error != KOZO_OK) {
        fail(job, error);
        return;
    }
    job->sent = true;
    end_message(&out, message_type(job->step), (uint16_t)(job - state.job));
}

void share_work(void)
{
    push_clunks();
    for (size_t i = 0; i < JOBS; i++) {
        struct job *job = &state.job[i];
        if (job->kind != JOB_NONE && !job->sent) {
            run(job);
        }
    }
}

// --- The conversation ---------------------------------------------------------------------------

static void ask_version(void)
{
    struct wire_writer out = begin_message(NINE_HEADER + 4 + 2 + sizeof NINE_VERSION_NAME);
    if (out.bytes == nullptr) {
        return; // a host that takes nothing gets nothing
    }
    wire_write(&out, SHARE_MESSAGE, 4);
    wire_write_text(&out, NINE_VERSION_NAME, sizeof NINE_VERSION_NAME - 1);
    end_message(&out, NINE_VERSION, NINE_NO_TAG);
    state.conversation = ASKED_VERSION;
}

static void ask_root(void)
{
    struct wire_writer out = begin_message(NINE_HEADER + 4 + 4 + 2 + 2 + 4);
    if (out.bytes == nullptr) {
        return;
    }
    state.file = new_file();
    wire_write(&out, state.file, 4);
    wire_write(&out, NINE_NO_FILE, 4);
    wire_write_text(&out, "", 0);
    wire_write_text(&out, "", 0);
    wire_write(&out, 0, 4);
    end_message(&out, NINE_ATTACH, TAG_ROOT);
    state.conversation = ASKED_ROOT;
}

static bool take_version(uint8_t type, uint16_t tag, struct wire_reader *in)
{
    uint64_t most = wire_read(in, 4);
    struct wire_text version = wire_read_text(in);
    bool fits = type == NINE_VERSION + 1 && tag == NINE_NO_TAG && is_whole(in) && most >= 4'096 &&
                most <= SHARE_MESSAGE && version.length == sizeof NINE_VERSION_NAME - 1 &&
                memcmp(version.text, NINE_VERSION_NAME, version.length) == 0;
    if (fits) {
        size_t data = (size_t)most - NINE_WRITE_HEADER;
        state.data = data < SHARE_DATA ? data : SHARE_DATA;
        ask_root();
    }
    return fits;
}

static bool take_root(uint8_t type, uint16_t tag, struct wire_reader *in)
{
    struct message_qid qid = message_read_qid(in);
    struct node *root = node_get(NODE_ROOT, KOZO_NODE_FOLDER);
    if (type != NINE_ATTACH + 1 || tag != TAG_ROOT || !is_whole(in) ||
        qid.kind != KOZO_NODE_FOLDER || root == nullptr) {
        return false;
    }
    root->walk = state.file;
    state.conversation = READY;
    share_work();
    return true;
}

static bool take_clunked(uint16_t tag)
{
    uint16_t number = tag - TAG_CLUNKS;
    if (tag < TAG_CLUNKS || number >= CLUNKS || (state.clunking >> number & 1) == 0) {
        return false;
    }
    state.clunking &= ~(1U << number);
    push_clunks();
    return true;
}

// One whole message. False: it fits nothing that was asked.
static bool take_message(const uint8_t *bytes, size_t size)
{
    struct wire_reader in = {.at = bytes + 4, .left = size - 4};
    uint8_t type = (uint8_t)wire_read(&in, 1);
    uint16_t tag = (uint16_t)wire_read(&in, 2);
    if (state.conversation == ASKED_VERSION) {
        return take_version(type, tag, &in);
    }
    if (state.conversation == ASKED_ROOT) {
        return take_root(type, tag, &in);
    }
    if (tag >= JOBS) {
        return take_clunked(tag);
    }
    struct job *job = &state.job[tag];
    if (job->kind == JOB_NONE || !job->sent) {
        return false;
    }
    job->sent = false;
    bool fits = false;
    if (type == NINE_ERROR + 1) {
        uint32_t number = (uint32_t)wire_read(&in, 4);
        fits = is_whole(&in);
        if (fits) {
            take_error(job, number);
        }
    } else {
        fits = type == message_type(job->step) + 1 && takes[job->step](job, &in);
    }
    if (fits) {
        run(job);
    }
    return fits;
}

// Looks for the greeting; whatever comes before it is what is left of an older conversation.
static void take_greeting(uint8_t byte)
{
    if (byte != (uint8_t)NINE_GREETING[state.greeted]) {
        state.greeted = 0;
    }
    if (byte == (uint8_t)NINE_GREETING[state.greeted]) {
        state.greeted++;
    }
    if (state.greeted == GREETING) {
        state.greeted = 0;
        state.come = 0;
        ask_version();
    }
}

// The length of the message that is coming, once its first bytes are there.
static size_t message_size(void)
{
    struct wire_reader in = {.at = state.message, .left = 4};
    return wire_read(&in, 4);
}

// The root is known from the start, and reached once the host is.
static void forget_all(void)
{
    node_start();
    (void)node_get(NODE_ROOT, KOZO_NODE_FOLDER);
}

enum part : uint8_t {
    PART_FITS,
    PART_GREETING, // it began like a greeting, not like a message
    PART_BROKEN,
};

// Takes bytes of a message up to its end; *used says how many.
static enum part take_part(const uint8_t *bytes, size_t length, size_t *used)
{
    size_t whole = state.come < 4 ? 4 : message_size();
    size_t count = whole - state.come < length ? whole - state.come : length;
    memcpy(state.message + state.come, bytes, count);
    state.come += count;
    *used += count;
    if (state.come < whole) {
        return PART_FITS;
    }
    size_t size = message_size();
    if (size < NINE_HEADER || size > SHARE_MESSAGE) {
        return memcmp(state.message, NINE_GREETING, 4) == 0 ? PART_GREETING : PART_BROKEN;
    }
    if (state.come < size) {
        return PART_FITS;
    }
    state.come = 0;
    return take_message(state.message, size) ? PART_FITS : PART_BROKEN;
}

bool share_take(const uint8_t *bytes, size_t length)
{
    for (size_t used = 0; used < length;) {
        if (state.conversation == SILENT) {
            take_greeting(bytes[used++]);
            continue;
        }
        enum part part = take_part(bytes + used, length - used, &used);
        if (part == PART_BROKEN) {
            return false;
        }
        if (part == PART_GREETING) {
            // The host begins anew, and has said so much of it.
            share_lose();
            state.greeted = 4;
        }
    }
    return true;
}

void share_start(const struct share_link *link)
{
    state.link = link;
    forget_all();
    for (size_t i = 0; i < JOBS; i++) {
        clear(&state.job[i]);
    }
}

void share_lose(void)
{
    state.conversation = SILENT;
    state.greeted = 0;
    state.come = 0;
    state.clunks = 0;
    state.clunking = 0;
    forget_all();
    for (size_t i = 0; i < JOBS; i++) {
        if (state.job[i].kind != JOB_NONE) {
            fail(&state.job[i], KOZO_NO_REPLY);
        }
    }
    state.clunks = 0;
}

bool share_is_ready(void)
{
    return state.conversation == READY;
}

// --- Requests -----------------------------------------------------------------------------------

static struct job *new_job(const struct kozo_caller *caller, enum job_kind kind, uint64_t node)
{
    for (size_t i = 0; i < JOBS && caller->number != 0; i++) {
        struct job *job = &state.job[i];
        if (job->kind == JOB_NONE) {
            job->kind = kind;
            job->place = caller->session;
            job->number = caller->number;
            job->node = node;
            return job;
        }
    }
    return nullptr;
}

// Lets a job begin. Its answer may come before this returns.
static struct kozo_message begin(struct job *job, enum step step)
{
    job->step = step;
    run(job);
    return kozo_later();
}

// Copies a name, or two that follow each other, out of the session's memory.
static enum kozo_error take_names(struct job *job, uint64_t at, uint64_t length, uint64_t second,
                                  bool second_is_name)
{
    size_t most = second_is_name ? JOB_NAME : JOB_TARGET;
    if (length > JOB_NAME || second > most) {
        return KOZO_BAD_ARGUMENT;
    }
    const uint8_t *bytes = state.link->data(job->place, at, length + second);
    if (bytes == nullptr) {
        return KOZO_BAD_ARGUMENT;
    }
    memcpy(job->name, bytes, length);
    memcpy(job->target, bytes + length, second);
    job->name_length = length;
    job->target_length = second;
    bool fits = message_is_name(job->name, length) &&
                (!second_is_name || message_is_name(job->target, second));
    return fits ? KOZO_OK : KOZO_BAD_ARGUMENT;
}

// A job that is about names in a folder.
static struct kozo_message begin_names(struct job *job, enum step step, uint64_t at,
                                       uint64_t length)
{
    if (job == nullptr) {
        return kozo_answer(KOZO_WOULD_BLOCK);
    }
    enum kozo_error error = take_names(job, at, length, 0, false);
    if (error != KOZO_OK) {
        clear(job);
        return kozo_answer(error);
    }
    return begin(job, step);
}

static struct kozo_message serve_describe(struct kozo_caller *caller)
{
    struct job *job = new_job(caller, JOB_DESCRIBE, NODE_ROOT);
    return job == nullptr ? kozo_answer(KOZO_WOULD_BLOCK) : begin(job, STEP_STATFS);
}

static struct kozo_message serve_look(struct kozo_caller *caller,
                                      const struct kozo_volume_look_arguments *asked)
{
    struct job *job = new_job(caller, JOB_LOOK, asked->folder);
    return begin_names(job, STEP_WALK, asked->at, asked->length);
}

static struct kozo_message serve_stat(struct kozo_caller *caller,
                                      const struct kozo_volume_stat_arguments *asked)
{
    if (state.link->data(caller->session, asked->at, sizeof(struct kozo_node_stat)) == nullptr) {
        return kozo_answer(KOZO_BAD_ARGUMENT);
    }
    struct job *job = new_job(caller, JOB_STAT, asked->node);
    if (job == nullptr) {
        return kozo_answer(KOZO_WOULD_BLOCK);
    }
    job->at = asked->at;
    return begin(job, STEP_GETATTR);
}

// A job about contents, of a node of a kind that has them.
static struct kozo_message begin_contents(const struct kozo_caller *caller, enum job_kind kind,
                                          uint64_t number, uint64_t offset, uint64_t at,
                                          uint64_t length)
{
    const struct node *node = node_find(number);
    if (state.link->data(caller->session, at, length) == nullptr) {
        return kozo_answer(KOZO_BAD_ARGUMENT);
    }
    if (node == nullptr) {
        return kozo_answer(KOZO_BAD_HANDLE);
    }
    bool fits = kind == JOB_LIST ? node->kind == KOZO_NODE_FOLDER
                                 : node->kind == KOZO_NODE_FILE ||
                                       (kind == JOB_READ && node->kind == KOZO_NODE_LINK);
    if (!fits) {
        return kozo_answer(KOZO_BAD_TYPE);
    }
    struct job *job = new_job(caller, kind, number);
    if (job == nullptr) {
        return kozo_answer(KOZO_WOULD_BLOCK);
    }
    job->offset = offset;
    job->at = at;
    job->length = length;
    job->flags = kind == JOB_WRITE ? OPEN_WRITE : OPEN_READ;
    return begin(job, node->kind == KOZO_NODE_LINK ? STEP_READLINK : STEP_CLONE);
}

static struct kozo_message serve_read(struct kozo_caller *caller,
                                      const struct kozo_volume_read_arguments *asked)
{
    return begin_contents(caller, JOB_READ, asked->node, asked->offset, asked->at, asked->length);
}

static struct kozo_message serve_write(struct kozo_caller *caller,
                                       const struct kozo_volume_write_arguments *asked)
{
    return begin_contents(caller, JOB_WRITE, asked->node, asked->offset, asked->at, asked->length);
}

static struct kozo_message serve_list(struct kozo_caller *caller,
                                      const struct kozo_volume_list_arguments *asked)
{
    return begin_contents(caller, JOB_LIST, asked->folder, asked->from, asked->at, asked->length);
}

static enum step step_to_make(uint64_t kind)
{
    switch (kind) {
    case KOZO_NODE_FILE:
        return STEP_CLONE;
    case KOZO_NODE_FOLDER:
        return STEP_FOLDER;
    case KOZO_NODE_LINK:
        return STEP_SYMLINK;
    default:
        return STEP_DONE;
    }
}

static struct kozo_message serve_make(struct kozo_caller *caller,
                                      const struct kozo_volume_make_arguments *asked)
{
    enum step step = step_to_make(asked->kind);
    if (step == STEP_DONE) {
        return kozo_answer(KOZO_BAD_TYPE);
    }
    struct job *job = new_job(caller, JOB_MAKE, asked->folder);
    if (job == nullptr) {
        return kozo_answer(KOZO_WOULD_BLOCK);
    }
    enum kozo_error error =
        take_names(job, asked->at, asked->length, step == STEP_SYMLINK ? asked->target : 0, false);
    bool zero = memchr(job->target, '\0', job->target_length) != nullptr;
    if (error != KOZO_OK || zero || (step == STEP_SYMLINK && asked->target == 0)) {
        clear(job);
        return kozo_answer(error != KOZO_OK ? error : KOZO_BAD_ARGUMENT);
    }
    job->mode = (uint32_t)(asked->mode & 07777);
    job->flags = CREATE_BOTH;
    return begin(job, step);
}

static struct kozo_message serve_link(struct kozo_caller *caller,
                                      const struct kozo_volume_link_arguments *asked)
{
    if (node_find(asked->folder) == nullptr) {
        return kozo_answer(KOZO_BAD_HANDLE);
    }
    struct job *job = new_job(caller, JOB_LINK, asked->node);
    if (job != nullptr) {
        job->second = asked->folder;
    }
    return begin_names(job, STEP_LINK, asked->at, asked->length);
}

static struct kozo_message serve_remove(struct kozo_caller *caller,
                                        const struct kozo_volume_remove_arguments *asked)
{
    struct job *job = new_job(caller, JOB_REMOVE, asked->folder);
    return begin_names(job, STEP_WALK, asked->at, asked->length);
}

static struct kozo_message serve_rename(struct kozo_caller *caller,
                                        const struct kozo_volume_rename_arguments *asked)
{
    if (node_find(asked->target) == nullptr) {
        return kozo_answer(KOZO_BAD_HANDLE);
    }
    struct job *job = new_job(caller, JOB_RENAME, asked->folder);
    if (job == nullptr) {
        return kozo_answer(KOZO_WOULD_BLOCK);
    }
    job->second = asked->target;
    enum kozo_error error = take_names(job, asked->at, asked->length, asked->second, true);
    if (error != KOZO_OK) {
        clear(job);
        return kozo_answer(error);
    }
    return begin(job, STEP_WALK);
}

static struct kozo_message serve_change(struct kozo_caller *caller,
                                        const struct kozo_volume_change_arguments *asked)
{
    const uint8_t *record =
        state.link->data(caller->session, asked->at, sizeof(struct kozo_node_stat));
    if (record == nullptr) {
        return kozo_answer(KOZO_BAD_ARGUMENT);
    }
    struct job *job = new_job(caller, JOB_CHANGE, asked->node);
    if (job == nullptr) {
        return kozo_answer(KOZO_WOULD_BLOCK);
    }
    memcpy(&job->stat, record, sizeof job->stat);
    job->what = asked->what;
    return begin(job, STEP_SETATTR);
}

// What was never written to has nothing that could be lost.
static struct kozo_message serve_sync(struct kozo_caller *caller,
                                      const struct kozo_volume_sync_arguments *asked)
{
    const struct node *node = node_find(asked->node);
    if (asked->node != 0 && node == nullptr) {
        return kozo_answer(KOZO_BAD_HANDLE);
    }
    if (node != nullptr && node->write == NINE_NO_FILE) {
        return kozo_answer(KOZO_OK);
    }
    struct job *job = new_job(caller, JOB_SYNC, asked->node);
    if (job == nullptr) {
        return kozo_answer(KOZO_WOULD_BLOCK);
    }
    job->what = asked->node == 0;
    if (asked->node != 0) {
        return begin(job, STEP_FSYNC);
    }
    sync_on(job);
    run(job);
    return kozo_later();
}

// --- Extended attributes ------------------------------------------------------------------------

// A job about an attribute of a node that can have some. A value that is set, of `room` bytes, follows the name.
static struct kozo_message begin_attribute(const struct kozo_caller *caller, enum job_kind kind,
                                           uint64_t number, uint64_t at, uint64_t length,
                                           uint64_t room, uint64_t what)
{
    const struct node *node = node_find(number);
    bool sets = kind == JOB_SET_ATTRIBUTE;
    bool named = kind != JOB_ATTRIBUTES;
    const uint8_t *name = length <= JOB_NAME
                              ? state.link->data(caller->session, at, sets ? length + room : length)
                              : nullptr;
    if (name == nullptr || (named && !message_is_attribute((const char *)name, length)) ||
        state.link->data(caller->session, at, room) == nullptr) {
        return kozo_answer(KOZO_BAD_ARGUMENT);
    }
    if (node == nullptr || (node->kind != KOZO_NODE_FILE && node->kind != KOZO_NODE_FOLDER)) {
        return kozo_answer(node == nullptr ? KOZO_BAD_HANDLE : KOZO_BAD_TYPE);
    }
    struct job *job = new_job(caller, kind, number);
    if (job == nullptr) {
        return kozo_answer(KOZO_WOULD_BLOCK);
    }
    memcpy(job->name, name, length);
    job->name_length = length;
    job->at = sets ? at + length : at;
    job->room = room;
    job->length = room;
    job->what = what;
    return begin(job, kind <= JOB_ATTRIBUTES ? STEP_ATTRIBUTE_WALK : STEP_CLONE);
}

static struct kozo_message serve_attribute(struct kozo_caller *caller,
                                           const struct kozo_volume_attribute_arguments *asked)
{
    return begin_attribute(caller, JOB_ATTRIBUTE, asked->node, asked->at, asked->length,
                           asked->room, 0);
}

static struct kozo_message serve_attributes(struct kozo_caller *caller,
                                            const struct kozo_volume_attributes_arguments *asked)
{
    return begin_attribute(caller, JOB_ATTRIBUTES, asked->node, asked->at, 0, asked->room, 0);
}

static struct kozo_message
serve_set_attribute(struct kozo_caller *caller,
                    const struct kozo_volume_set_attribute_arguments *asked)
{
    static_assert(KOZO_ATTRIBUTE_MOST == NINE_ATTRIBUTE_MOST);
    static_assert((int)KOZO_ATTRIBUTE_NEW == (int)NINE_ATTRIBUTE_NEW &&
                  (int)KOZO_ATTRIBUTE_OVER == (int)NINE_ATTRIBUTE_OVER);
    if (asked->size > KOZO_ATTRIBUTE_MOST || asked->way > KOZO_ATTRIBUTE_OVER) {
        return kozo_answer(KOZO_BAD_ARGUMENT);
    }
    return begin_attribute(caller, JOB_SET_ATTRIBUTE, asked->node, asked->at, asked->length,
                           asked->size, asked->way);
}

static struct kozo_message
serve_remove_attribute(struct kozo_caller *caller,
                       const struct kozo_volume_remove_attribute_arguments *asked)
{
    return begin_attribute(caller, JOB_REMOVE_ATTRIBUTE, asked->node, asked->at, asked->length, 0,
                           NINE_ATTRIBUTE_REMOVE);
}

static void forget_for(struct node *node, size_t place)
{
    node->users &= ~(1ull << place);
    if (node->users == 0 && node->number != NODE_ROOT) {
        forget(node);
    }
}

static struct kozo_message serve_forget(struct kozo_caller *caller,
                                        const struct kozo_volume_forget_arguments *asked)
{
    struct node *node = node_find(asked->node);
    if (node != nullptr) {
        forget_for(node, caller->session);
    }
    return kozo_answer(node != nullptr ? KOZO_OK : KOZO_BAD_HANDLE);
}

struct kozo_message share_serve(struct kozo_caller *caller, const struct kozo_message *message)
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
    return caller->session < NODE_CLIENTS ? kozo_volume_dispatch(&handlers, caller, message)
                                          : kozo_answer(KOZO_NO_MEMORY);
}

// What is on its way is let go on, for nobody; what is not is as if it had not been asked.
static void drop(struct job *job)
{
    job->dropped = true;
    if (!job->sent) {
        fail(job, KOZO_CANCELLED);
    }
}

bool share_cancel(size_t place, uint64_t number)
{
    for (size_t i = 0; i < JOBS; i++) {
        struct job *job = &state.job[i];
        if (job->kind != JOB_NONE && !job->dropped && job->place == place &&
            job->number == number) {
            drop(job);
            return true;
        }
    }
    return false;
}

void share_left(size_t place)
{
    for (size_t i = 0; i < JOBS; i++) {
        if (state.job[i].kind != JOB_NONE && state.job[i].place == place) {
            drop(&state.job[i]);
        }
    }
    size_t next = 0;
    for (struct node *node = node_next(&next); node != nullptr; node = node_next(&next)) {
        forget_for(node, place);
    }
}
