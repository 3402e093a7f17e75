// SPDX-License-Identifier: MIT
#include "share.h"

#include <string.h>

#include "answer.h"
#include "host.h"
#include "job.h"
#include "message.h"
#include "node.h"
#include "step.h"

constexpr size_t GREETING = sizeof NINE_GREETING - 1;

enum conversation : uint8_t {
    SILENT,
    ASKED_VERSION,
    ASKED_ROOT,
    READY,
};

static struct {
    enum conversation conversation;
    size_t greeted; // bytes of the greeting that came
    size_t come;    // bytes of the message that is coming
    uint8_t message[SHARE_MESSAGE];
} state;

void share_work(void)
{
    host_close_more();
    for (size_t i = 0; i < JOBS; i++) {
        struct job *job = &job_table[i];
        if (job->kind != JOB_NONE && !job->sent) {
            step_run(job);
        }
    }
}

static void ask_version(void)
{
    struct wire_writer out = host_begin(NINE_HEADER + 4 + 2 + sizeof NINE_VERSION_NAME);
    if (out.bytes == nullptr) {
        return; // a host that takes nothing gets nothing
    }
    wire_write(&out, SHARE_MESSAGE, 4);
    wire_write_text(&out, NINE_VERSION_NAME, sizeof NINE_VERSION_NAME - 1);
    host_end(&out, NINE_VERSION, NINE_NO_TAG);
    state.conversation = ASKED_VERSION;
}

static void ask_root(void)
{
    struct wire_writer out = host_begin(NINE_HEADER + 4 + 4 + 2 + 2 + 4);
    if (out.bytes == nullptr) {
        return;
    }
    host.file = host_new_file();
    wire_write(&out, host.file, 4);
    wire_write(&out, NINE_NO_FILE, 4);
    wire_write_text(&out, "", 0);
    wire_write_text(&out, "", 0);
    wire_write(&out, 0, 4);
    host_end(&out, NINE_ATTACH, HOST_TAG_ROOT);
    state.conversation = ASKED_ROOT;
}

static bool take_version(uint8_t type, uint16_t tag, struct wire_reader *in)
{
    uint64_t most = wire_read(in, 4);
    struct wire_text version = wire_read_text(in);
    bool fits = type == NINE_VERSION + 1 && tag == NINE_NO_TAG && answer_is_whole(in) &&
                most >= 4'096 && most <= SHARE_MESSAGE &&
                version.length == sizeof NINE_VERSION_NAME - 1 &&
                memcmp(version.text, NINE_VERSION_NAME, version.length) == 0;
    if (fits) {
        size_t data = (size_t)most - NINE_WRITE_HEADER;
        host.data = data < SHARE_DATA ? data : SHARE_DATA;
        ask_root();
    }
    return fits;
}

static bool take_root(uint8_t type, uint16_t tag, struct wire_reader *in)
{
    struct message_qid qid = message_read_qid(in);
    struct node *root = node_get(NODE_ROOT, KOZO_NODE_FOLDER);
    if (type != NINE_ATTACH + 1 || tag != HOST_TAG_ROOT || !answer_is_whole(in) ||
        qid.kind != KOZO_NODE_FOLDER || root == nullptr) {
        return false;
    }
    root->walk = host.file;
    state.conversation = READY;
    host.ready = true;
    share_work();
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
        return host_closed(tag);
    }
    struct job *job = &job_table[tag];
    if (job->kind == JOB_NONE || !job->sent) {
        return false;
    }
    job->sent = false;
    bool fits = answer_take(job, type, &in);
    if (fits) {
        step_run(job);
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
    host.link = link;
    forget_all();
    for (size_t i = 0; i < JOBS; i++) {
        job_clear(&job_table[i]);
    }
}

void share_lose(void)
{
    state.conversation = SILENT;
    state.greeted = 0;
    state.come = 0;
    host_lose();
    forget_all();
    for (size_t i = 0; i < JOBS; i++) {
        if (job_table[i].kind != JOB_NONE) {
            job_fail(&job_table[i], KOZO_NO_REPLY);
        }
    }
    host_lose();
}

bool share_is_ready(void)
{
    return host.ready;
}
