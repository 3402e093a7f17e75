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
#include <kozo/start.h>

#include "ecam.h"
#include "function.h"
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

// Vendor and device, as the description and the protocol have them.
static uint64_t identity_of(const struct function *function)
{
    return function->pci.vendor | (uint64_t)function->pci.device << 16;
}

static struct kozo_message serve_list(struct kozo_caller *caller,
                                      const struct kozo_devices_list_arguments *asked)
{
    (void)caller;
    if (asked->place >= manager.count) {
        return kozo_answer(KOZO_BAD_ARGUMENT);
    }
    const struct function *function = &manager.function[asked->place];
    return kozo_devices_list_answer(function->pci.address.number, identity_of(function),
                                    function->pci.class, function->claimed);
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

// Carries out a claim, if the description lets the client have such a device.
static enum kozo_error claim(const struct kozo_caller *caller, uint64_t identity, uint64_t number,
                             uint64_t bar, uint64_t wanted, struct function **function)
{
    struct function_claim asked = {.owner = caller->session, .bar = bar, .wanted = wanted};
    if (manager.server.board->may[caller->session] != identity) {
        return KOZO_NO_RIGHT;
    }
    *function = find(identity, number);
    return *function != nullptr ? function_claim(&manager.platform, *function, &asked)
                                : KOZO_BAD_ARGUMENT;
}

// Puts what a driver gets beside an answer.
static struct kozo_message give(struct kozo_message answer, const struct function *function)
{
    uint64_t *caps = kozo_ipc_buffer()->caps;
    caps[0] = function->frame.handle;
    caps[1] = function->irq.handle;
    caps[2] = function->shared.handle;
    answer.info.caps = 3;
    return answer;
}

static struct kozo_message
serve_claim_virtio(struct kozo_caller *caller,
                   const struct kozo_devices_claim_virtio_arguments *asked)
{
    uint64_t identity = VIRTIO_VENDOR | (VIRTIO_DEVICE_FIRST + asked->kind) << 16;
    struct function *function = nullptr;
    enum kozo_error error =
        claim(caller, identity, asked->number, FUNCTION_VIRTIO, asked->wanted, &function);
    if (error != KOZO_OK) {
        return kozo_answer(error);
    }
    const struct virtio_layout *layout = &function->layout;
    return give(kozo_devices_claim_virtio_answer(layout->common.offset, layout->notify.offset,
                                                 layout->notify.length, layout->notify_factor,
                                                 layout->device.offset, function->registers.size,
                                                 function->shared_size),
                function);
}

static struct kozo_message serve_claim(struct kozo_caller *caller,
                                       const struct kozo_devices_claim_arguments *asked)
{
    struct function *function = nullptr;
    enum kozo_error error =
        claim(caller, asked->identity, asked->number, asked->bar, asked->wanted, &function);
    return error != KOZO_OK
               ? kozo_answer(error)
               : give(kozo_devices_claim_answer(function->registers.size, function->shared_size),
                      function);
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
        if (function->claimed && function->owner == place) {
            function_release(&manager.platform, function);
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
    return server_run(&manager.server, &handlers);
}
