// SPDX-License-Identifier: MIT
// The device manager: who has which device.
//
// A claim belongs to a session. When the session's client ends, the device is stopped and what the
// driver had is taken back, so that the next driver finds it as the first one did. When the manager
// itself ends, init takes everything back; the drivers then fault, and claim anew. It may end while it
// probes a register, which says then that the device is elsewhere: the next life puts that right first.
//
// It is given: `ports` pci (IoPort), `platform`, `memory`, `self`, `keeps`.
#include <kozo/print.h>
#include <kozo/protocol.h>
#include <kozo/start.h>

#include "ecam.h"
#include "function.h"
#include "mmio.h"
#include "ports.h"
#include "server.h"

constexpr size_t FUNCTIONS = 32;

static struct {
    struct server server;
    struct kozo_io_port ports;
    struct platform platform;
    struct ecam ecam;
    size_t count;
    struct function function[FUNCTIONS];
    size_t mmio_count;
    struct mmio mmio[VIRTIO_WORDS_MOST];
} manager;

// Without an owner no device may reach memory, whatever the firmware or a former life left.
static void find_functions(void)
{
    struct pci_walk walk = {.access = &manager.platform.access};
    struct function function = {};
    while (manager.count < FUNCTIONS && pci_walk_next(&walk, &function.pci)) {
        if (function.pci.header == 0) {
            manager.function[manager.count++] = function;
            function_silence(&manager.platform, &function);
        }
    }
}

static void refuse(const struct virtio_word *word, const char *fault)
{
    kozo_printf("virtio device at 0x%lx refused: %s\n", word->base, fault);
}

// Virtio devices that are on no bus. One that is refused is as if it were not named, and said so.
static void find_mmio(void)
{
    constexpr struct kozo_endpoint parent = {KOZO_PROCESS_PARENT};
    struct kozo_platform_command_line_result line = kozo_platform_command_line(parent);
    if (line.error != KOZO_OK) {
        return;
    }
    struct virtio_words words = virtio_words_read(line.text, line.text_length, line.is_cut);
    for (size_t i = 0; i < words.count; i++) {
        const struct virtio_word *word = &words.word[i];
        const char *fault = word->fault;
        if (fault == nullptr) {
            fault = mmio_find(&manager.mmio[manager.mmio_count], &manager.platform, word);
        }
        if (fault != nullptr) {
            refuse(word, fault);
        } else {
            manager.mmio_count++;
        }
    }
    if (words.too_many) {
        kozo_print("more virtio devices are named than there can be\n");
    }
}

// Vendor and device, as the description and the protocol have them.
static uint64_t identity_of(const struct function *function)
{
    return function->pci.vendor | (uint64_t)function->pci.device << 16;
}

static uint64_t identity_of_virtio(uint64_t kind)
{
    return VIRTIO_VENDOR | (VIRTIO_DEVICE_FIRST + kind) << 16;
}

// Such a device says by its kind alone what it is.
static struct kozo_message list_mmio(size_t place)
{
    if (place >= manager.mmio_count) {
        return kozo_answer(KOZO_BAD_ARGUMENT);
    }
    const struct mmio *mmio = &manager.mmio[place];
    return kozo_devices_list_answer(mmio->word.base, identity_of_virtio(mmio->kind), 0,
                                    mmio->holding.claimed);
}

static struct kozo_message serve_list(struct kozo_caller *caller,
                                      const struct kozo_devices_list_arguments *asked)
{
    (void)caller;
    if (asked->place >= manager.count) {
        return list_mmio(asked->place - manager.count);
    }
    const struct function *function = &manager.function[asked->place];
    return kozo_devices_list_answer(function->pci.address.number, identity_of(function),
                                    function->pci.class, function->holding.claimed);
}

// The number-th function of an identity; null when there is none.
static struct function *find(uint64_t identity, uint64_t number)
{
    for (size_t i = 0; i < manager.count; i++) {
        if (identity_of(&manager.function[i]) == identity && number-- == 0) {
            return &manager.function[i];
        }
    }
    return nullptr;
}

static size_t count_of(uint64_t identity)
{
    size_t count = 0;
    for (size_t i = 0; i < manager.count; i++) {
        count += identity_of(&manager.function[i]) == identity;
    }
    return count;
}

// The number-th virtio device of a kind, those on PCI not counted; null when there is none.
static struct mmio *find_virtio(uint64_t kind, uint64_t number)
{
    for (size_t i = 0; i < manager.mmio_count; i++) {
        if (manager.mmio[i].kind == kind && number-- == 0) {
            return &manager.mmio[i];
        }
    }
    return nullptr;
}

// Whether the description lets the client have such a device.
static bool may_claim(const struct kozo_caller *caller, uint64_t identity)
{
    return manager.server.board->may[caller->session] == identity;
}

// Puts what a driver gets beside an answer.
static struct kozo_message give(struct kozo_message answer, const struct holding *holding)
{
    uint64_t *caps = kozo_ipc_buffer()->caps;
    caps[0] = holding->frame.handle;
    caps[1] = holding->irq.handle;
    caps[2] = holding->shared.handle;
    answer.info.caps = 3;
    return answer;
}

static struct kozo_message claim_mmio(const struct kozo_caller *caller, struct mmio *mmio,
                                      uint64_t wanted)
{
    enum kozo_error error = mmio_claim(mmio, &manager.platform, caller->session, wanted);
    uint64_t shared = mmio->holding.shared_size;
    return error != KOZO_OK ? kozo_answer(error)
                            : give(kozo_devices_claim_virtio_answer(mmio_offset(mmio), 0, 0, 0, 0,
                                                                    KOZO_PAGE_SIZE, shared),
                                   &mmio->holding);
}

static struct kozo_message
serve_claim_virtio(struct kozo_caller *caller,
                   const struct kozo_devices_claim_virtio_arguments *asked)
{
    struct function_claim claim = {
        .owner = caller->session, .bar = FUNCTION_VIRTIO, .wanted = asked->wanted};
    uint64_t identity = identity_of_virtio(asked->kind);
    if (!may_claim(caller, identity)) {
        return kozo_answer(KOZO_NO_RIGHT);
    }
    struct function *function = find(identity, asked->number);
    if (function == nullptr) {
        struct mmio *mmio = find_virtio(asked->kind, asked->number - count_of(identity));
        return mmio != nullptr ? claim_mmio(caller, mmio, asked->wanted)
                               : kozo_answer(KOZO_BAD_ARGUMENT);
    }
    enum kozo_error error = function_claim(&manager.platform, function, &claim);
    if (error != KOZO_OK) {
        return kozo_answer(error);
    }
    const struct virtio_layout *layout = &function->layout;
    return give(kozo_devices_claim_virtio_answer(layout->common.offset, layout->notify.offset,
                                                 layout->notify.length, layout->notify_factor,
                                                 layout->device.offset, function->registers.size,
                                                 function->holding.shared_size),
                &function->holding);
}

static struct kozo_message serve_claim(struct kozo_caller *caller,
                                       const struct kozo_devices_claim_arguments *asked)
{
    struct function_claim claim = {
        .owner = caller->session, .bar = asked->bar, .wanted = asked->wanted};
    if (!may_claim(caller, asked->identity)) {
        return kozo_answer(KOZO_NO_RIGHT);
    }
    struct function *function = find(asked->identity, asked->number);
    if (function == nullptr) {
        return kozo_answer(KOZO_BAD_ARGUMENT);
    }
    enum kozo_error error = function_claim(&manager.platform, function, &claim);
    const struct holding *holding = &function->holding;
    return error != KOZO_OK
               ? kozo_answer(error)
               : give(kozo_devices_claim_answer(function->registers.size, holding->shared_size),
                      holding);
}

static struct kozo_message serve(struct kozo_caller *caller, const struct kozo_message *message)
{
    static const struct kozo_devices_handlers handlers = {
        .list = serve_list,
        .claim_virtio = serve_claim_virtio,
        .claim = serve_claim,
    };
    return kozo_devices_dispatch(&handlers, caller, message);
}

static bool left(size_t place)
{
    for (size_t i = 0; i < manager.count; i++) {
        struct function *function = &manager.function[i];
        if (function->holding.claimed && function->holding.owner == place) {
            function_release(&manager.platform, function);
        }
    }
    for (size_t i = 0; i < manager.mmio_count; i++) {
        struct mmio *mmio = &manager.mmio[i];
        if (mmio->holding.claimed && mmio->holding.owner == place) {
            mmio_release(mmio);
        }
    }
    return true;
}

// Page tables for what this process will see of configuration space and of tables of interrupts.
static bool feed_pool(struct platform *platform)
{
    constexpr unsigned order = 15;
    struct kozo_slot slot = {platform->next_slot++};
    return kozo_untyped_retype(platform->memory, KOZO_TYPE_UNTYPED, order, slot, 1) == KOZO_OK &&
           kozo_pool_donate((struct kozo_pool){kozo_granted("self.pool")},
                            (struct kozo_untyped){slot.handle}) == KOZO_OK;
}

static bool start(void)
{
    struct platform *platform = &manager.platform;
    manager.ports = (struct kozo_io_port){kozo_granted("pci")};
    *platform = (struct platform){
        .interrupts = {kozo_granted("interrupts")},
        .memory = {kozo_granted("memory")},
        .space = {kozo_granted("self.space")},
        .next_slot = kozo_process_info()->free_slot,
        .next_address = KOZO_PROCESS_FREE,
        .probe = (struct pci_probe *)KOZO_PROCESS_KEPT,
    };
    if (kozo_granted("keeps.size") < sizeof *platform->probe || !feed_pool(platform)) {
        return false;
    }
    // Memory reaches all of each function's space, and takes no system call.
    if (ecam_start(&manager.ecam, platform)) {
        ecam_access(&platform->access, &manager.ecam);
    } else {
        ports_access(&platform->access, &manager.ports);
    }
    pci_bar_restore(&platform->access, platform->probe);
    return true;
}

int main(int argument_count, char **arguments)
{
    static const struct server_handlers handlers = {.serve = serve, .left = left};
    (void)argument_count;
    (void)arguments;
    if (!start()) {
        kozo_print("it was not given the machine\n");
        return 1;
    }
    find_functions();
    find_mmio();
    return server_run(&manager.server, &handlers);
}
