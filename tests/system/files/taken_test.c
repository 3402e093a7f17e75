// SPDX-License-Identifier: MIT
// What linuxd could do if its own code were an attacker's: this program is given exactly what the description of the system gives
// services/linux, and tries to get beyond that. The last thing that it does is to fill all memory that it shares with rubbish.
#include <kozo/start.h>
#include <string.h>

#include "client.h"
#include "test.h"

constexpr uint64_t TOP = 1;
constexpr uint64_t HANDLES = 1u << 16; // that are tried
constexpr struct kozo_endpoint parent = {KOZO_PROCESS_PARENT};

static struct kozo_session channels;

void test_clean(void)
{
}

static bool is_for_linuxd(enum kozo_object_type type)
{
    switch (type) {
    case KOZO_TYPE_IRQ_CONTROL:
    case KOZO_TYPE_IRQ_HANDLER:
    case KOZO_TYPE_IO_PORT:
    case KOZO_TYPE_AUDIT_LOG:
    case KOZO_TYPE_AUDIT_DIGEST:
    case KOZO_TYPE_ENTROPY:
        return false;
    default:
        return true;
    }
}

// Slots of its own CNode. Handles from here on lead through that once more.
static uint64_t slots(void)
{
    for (uint64_t handle = 1; handle < HANDLES; handle++) {
        struct kozo_cnode_inspect_result found = kozo_cnode_inspect((struct kozo_slot){handle});
        if (found.error == KOZO_OK && found.type == KOZO_TYPE_CNODE) {
            return 1ul << found.value;
        }
    }
    return 0;
}

// The next handle from one on that leads to an endpoint; 0 behind the last.
static uint64_t next_endpoint(uint64_t handle)
{
    for (uint64_t end = slots(); handle < end; handle++) {
        struct kozo_cnode_inspect_result found = kozo_cnode_inspect((struct kozo_slot){handle});
        if (found.error == KOZO_OK && found.type == KOZO_TYPE_ENDPOINT) {
            return handle;
        }
    }
    return 0;
}

static uint64_t empty_slot(void)
{
    for (uint64_t handle = 1; handle < HANDLES; handle++) {
        struct kozo_cnode_inspect_result found = kozo_cnode_inspect((struct kozo_slot){handle});
        if (found.error == KOZO_OK && found.type == KOZO_TYPE_NONE) {
            return handle;
        }
    }
    return 0;
}

TEST("no handle leads to a device, an interrupt, the kernel's log or the source of badges")
{
    unsigned held = 0;
    for (uint64_t handle = 0; handle < HANDLES; handle++) {
        struct kozo_cnode_inspect_result found = kozo_cnode_inspect((struct kozo_slot){handle});
        CHECK(found.error != KOZO_OK || is_for_linuxd(found.type));
        held += found.error == KOZO_OK && found.type != KOZO_TYPE_NONE;
    }
    CHECK(held > 4);
}

TEST(
    "its endpoints are those of its parent and of three services, to send to and not to receive on")
{
    unsigned endpoints = 0;
    for (uint64_t at = next_endpoint(1); at != 0; at = next_endpoint(at + 1)) {
        struct kozo_cnode_inspect_result found = kozo_cnode_inspect((struct kozo_slot){at});
        CHECK((found.rights & KOZO_RIGHT_READ) == 0 && found.value != 0);
        CHECK(kozo_endpoint_try_recv((struct kozo_endpoint){at}, (struct kozo_reply){}).error ==
              KOZO_NO_RIGHT);
        endpoints++;
    }
    CHECK(endpoints == 4);
}

TEST("a badge can't be changed, nor taken off, and a copy has no more rights")
{
    struct kozo_slot slot = {empty_slot()};
    REQUIRE(slot.handle != 0);
    for (uint64_t at = next_endpoint(1); at != 0; at = next_endpoint(at + 1)) {
        struct kozo_slot own = {at};
        struct kozo_cnode_inspect_result before = kozo_cnode_inspect(own);
        for (uint64_t badge = 1; badge < 64; badge++) {
            CHECK(kozo_cnode_mint(own, slot, UINT32_MAX, badge) == KOZO_BAD_ARGUMENT);
            CHECK(kozo_cnode_mint(own, slot, UINT32_MAX, before.value ^ badge) != KOZO_OK);
        }
        REQUIRE(kozo_cnode_mint(own, slot, UINT32_MAX, 0) == KOZO_OK);
        struct kozo_cnode_inspect_result after = kozo_cnode_inspect(slot);
        CHECK(after.value == before.value && (after.rights & ~before.rights) == 0);
        CHECK(kozo_cnode_delete(slot) == KOZO_OK);
    }
}

TEST("of all files only those that the host gives are there, by whatever path")
{
    static const char *const paths[] = {"ram",          "initrd",  "disk",           "share",
                                        "ram/own/file", "host/..", "host/../initrd", "initrd/bin",
                                        "../ram",       ".",       "host/./../ram",  "/ram"};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        struct client_file found = client_walk(TOP, paths[i]);
        CHECK(found.error == KOZO_NO_RIGHT || found.error == KOZO_BAD_ARGUMENT);
    }
    struct client_file host = client_walk(TOP, "host");
    CHECK(host.error == KOZO_OK);
    CHECK(client_walk(host.file, "..").error == KOZO_BAD_ARGUMENT);
    CHECK(client_make(TOP, "mine", KOZO_NODE_FOLDER).error != KOZO_OK);
}

TEST("numbers of files that others have open are no numbers here")
{
    for (uint64_t number = 2; number < 4096; number++) {
        CHECK(client_stat(number).error != KOZO_OK);
        CHECK(client_stat(number << 32 | number).error != KOZO_OK);
    }
}

TEST("the channel of the host's files is the file server's, and one without a name is nobody's")
{
    REQUIRE(kozo_session_open(&channels, "channels"));
    static const char *const names[] = {"kozo.files", "kozo.none", ""};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        uint64_t number = kozo_channel_find_begin(&channels, names[i], strlen(names[i]));
        struct kozo_entry entry = {};
        while (!kozo_session_next(&channels, &entry)) {
            (void)kozo_kernel_yield();
        }
        CHECK(entry.number == number && entry.label != KOZO_OK);
    }
}

TEST("it can neither be another service nor drive a device")
{
    static const char *const names[] = {"files", "policy", "channels", "console", "none"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        CHECK(kozo_namespace_announce(parent, names[i], strlen(names[i])) != KOZO_OK);
    }
    CHECK(kozo_platform_registers(parent, 0xfee0'0000, KOZO_PAGE_SIZE) != KOZO_OK);
    CHECK(kozo_platform_registers(parent, 0, KOZO_PAGE_SIZE) != KOZO_OK);
    static const char *const services[] = {"policy", "console", "disk", "random", "devmgr", "ram"};
    for (size_t i = 0; i < sizeof services / sizeof services[0]; i++) {
        CHECK(kozo_granted(services[i]) == 0);
    }
}

TEST("requests of other protocols are none of its services'")
{
    for (uint64_t at = next_endpoint(2); at != 0; at = next_endpoint(at + 1)) {
        struct kozo_endpoint service = {at};
        CHECK(kozo_policy_verify(service).error != KOZO_OK ||
              kozo_policy_list(service, UINT64_MAX, UINT64_MAX, UINT64_MAX).error != KOZO_OK);
        for (uint16_t label = 4096; label < 4160; label++) {
            struct kozo_message message = {.info = {.length = 4, .label = label}};
            memset(message.word, 0xff, sizeof message.word);
            struct kozo_received received = kozo_endpoint_call(service, message);
            CHECK(received.error != KOZO_OK || received.message.info.label != KOZO_OK);
        }
    }
}

TEST("memory that is shared holds rubbish from now on, and nobody but itself suffers")
{
    struct kozo_session *sessions[] = {&client, &channels};
    for (size_t i = 0; i < 2; i++) {
        struct kozo_session *session = sessions[i];
        for (size_t at = 0; at < session->data_size; at++) {
            session->data[at] = (uint8_t)(at * 0x9d + i);
        }
        for (uint32_t value = 0; value < 64; value++) {
            memset(session->page, (int)(0xff - value), sizeof *session->page);
            (void)kozo_notification_signal(session->arrival);
            (void)kozo_kernel_yield();
        }
    }
}

int main(int argument_count, char **arguments)
{
    (void)argument_count;
    (void)arguments;
    return client_open() ? test_main() : 1;
}
