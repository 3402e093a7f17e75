// SPDX-License-Identifier: MIT
// The device manager: who has which device.
//
// A claim belongs to a session. When the session's client ends, the device is stopped and what the
// driver had is taken back, so that the next driver finds it as the first one did. When the manager
// itself ends, init takes everything back; the drivers then fault, and claim anew.
//
// It is given: `ports` pci (IoPort), `platform`, `memory`, `self`.
#include <kozo/print.h>
#include <kozo/start.h>

#include "function.h"
#include "ports.h"
#include "server.h"

constexpr size_t FUNCTIONS = 32;

static struct {
    struct server server;
    struct kozo_io_port ports;
    struct platform platform;
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

static struct kozo_message serve_list(struct kozo_caller *caller,
                                      const struct kozo_devices_list_arguments *asked)
{
    (void)caller;
    if (asked->place >= manager.count) {
        return kozo_answer(KOZO_BAD_ARGUMENT);
    }
    const struct function *function = &manager.function[asked->place];
    return kozo_devices_list_answer(function->pci.address.number,
                                    function->pci.vendor | (uint64_t)function->pci.device << 16,
                                    function->pci.class, function->claimed);
}

static struct function *find_virtio(uint64_t kind, uint64_t number)
{
    for (size_t i = 0; i < manager.count; i++) {
        const struct pci_function *pci = &manager.function[i].pci;
        if (pci->vendor == VIRTIO_VENDOR && pci->device == VIRTIO_DEVICE_FIRST + kind &&
            number-- == 0) {
            return &manager.function[i];
        }
    }
    return nullptr;
}

static struct kozo_message
serve_claim_virtio(struct kozo_caller *caller,
                   const struct kozo_devices_claim_virtio_arguments *asked)
{
    struct function *function = find_virtio(asked->kind, asked->number);
    if (function == nullptr) {
        return kozo_answer(KOZO_BAD_ARGUMENT);
    }
    enum kozo_error error =
        function_claim(&manager.platform, function, caller->session, asked->wanted);
    if (error != KOZO_OK) {
        return kozo_answer(error);
    }
    const struct virtio_layout *layout = &function->layout;
    struct kozo_message answer = kozo_devices_claim_virtio_answer(
        layout->common.offset, layout->notify.offset, layout->notify.length, layout->notify_factor,
        layout->device.offset, function->registers.size, function->shared_size);
    uint64_t *caps = kozo_ipc_buffer()->caps;
    caps[0] = function->frame.handle;
    caps[1] = function->irq.handle;
    caps[2] = function->shared.handle;
    answer.info.caps = 3;
    return answer;
}

static struct kozo_message serve(struct kozo_caller *caller, const struct kozo_message *message)
{
    static const struct kozo_devices_handlers handlers = {
        .list = serve_list,
        .claim_virtio = serve_claim_virtio,
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

static bool ask_dma(struct platform *platform)
{
    struct kozo_ipc_buffer *buffer = kozo_ipc_buffer();
    buffer->receive_slot = platform->next_slot;
    buffer->receive_count = 1;
    constexpr struct kozo_endpoint parent = {KOZO_PROCESS_PARENT};
    enum kozo_error error = kozo_platform_dma(parent, FUNCTION_SHARES * FUNCTION_SHARED);
    buffer->receive_slot = 0;
    platform->dma.handle = platform->next_slot++;
    return error == KOZO_OK;
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
    };
    ports_access(&platform->access, &manager.ports);
    return ask_dma(platform);
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
