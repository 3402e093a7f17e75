// SPDX-License-Identifier: MIT
// The memory service: requests of the Memory protocol, and faults of its clients.
//
// A client is a session with a limit, that its description gives. init puts the AddressSpace and the
// Pool of each into this process's CNode, so that no client needs them itself. When a client ends
// they are gone, and everything that it used is free. When this service ends, all clients lose their
// memory, and init ends them.
//
// It is given: `memory` for page tables of clients, `memory up to` so much for pages, `self`.
#include <kozo/print.h>
#include <kozo/start.h>

#include "pages.h"
#include "server.h"

static struct {
    struct server server;
    struct vmm vmm;
} memory;

static struct kozo_message serve_create(struct kozo_caller *caller,
                                        const struct kozo_memory_create_arguments *asked)
{
    struct vmm_made made = vmm_create(&memory.vmm, caller->session, asked->size);
    return made.error == KOZO_OK ? kozo_memory_create_answer(made.object) : kozo_answer(made.error);
}

static struct kozo_message serve_destroy(struct kozo_caller *caller,
                                         const struct kozo_memory_destroy_arguments *asked)
{
    return kozo_answer(vmm_destroy(&memory.vmm, caller->session, asked->object));
}

static struct kozo_message serve_copy(struct kozo_caller *caller,
                                      const struct kozo_memory_copy_arguments *asked)
{
    struct vmm_made made = vmm_copy(&memory.vmm, caller->session, asked->object);
    return made.error == KOZO_OK ? kozo_memory_copy_answer(made.object) : kozo_answer(made.error);
}

static struct kozo_message serve_map(struct kozo_caller *caller,
                                     const struct kozo_memory_map_arguments *asked)
{
    struct vmm_view view = {
        .object = asked->object,
        .offset = asked->offset,
        .length = asked->length,
        .address = asked->address,
        .rights = asked->rights,
    };
    return kozo_answer(vmm_map(&memory.vmm, caller->session, &view));
}

static struct kozo_message serve_unmap(struct kozo_caller *caller,
                                       const struct kozo_memory_unmap_arguments *asked)
{
    return kozo_answer(vmm_unmap(&memory.vmm, caller->session, asked->address));
}

static struct kozo_message serve_commit(struct kozo_caller *caller,
                                        const struct kozo_memory_commit_arguments *asked)
{
    return kozo_answer(
        vmm_commit(&memory.vmm, caller->session, asked->object, asked->offset, asked->length));
}

static struct kozo_message serve_info(struct kozo_caller *caller)
{
    if (caller->session >= VMM_CLIENTS || !memory.vmm.client[caller->session].live) {
        return kozo_answer(KOZO_BAD_STATE);
    }
    struct vmm_info info = vmm_info(&memory.vmm, caller->session);
    return kozo_memory_info_answer(info.limit, info.used, info.objects, info.regions);
}

static struct kozo_message serve(struct kozo_caller *caller, const struct kozo_message *message)
{
    static const struct kozo_memory_handlers handlers = {
        .create = serve_create,
        .destroy = serve_destroy,
        .copy = serve_copy,
        .map = serve_map,
        .unmap = serve_unmap,
        .commit = serve_commit,
        .info = serve_info,
    };
    return kozo_memory_dispatch(&handlers, caller, message);
}

static uint64_t word_of(const struct kozo_message *message, size_t offset)
{
    return message->word[offset / sizeof message->word[0]];
}

// What can't be helped is told to init, which ends the client.
static struct kozo_message refuse(const struct kozo_caller *caller,
                                  const struct kozo_message *message, enum kozo_error error)
{
    constexpr struct kozo_endpoint parent = {KOZO_PROCESS_PARENT};
    (void)kozo_pager_refuse(parent, caller->badge,
                            error == KOZO_NO_MEMORY ? KOZO_PAGER_NO_MEMORY : KOZO_PAGER_NO_REGION,
                            message->info.label,
                            word_of(message, offsetof(struct kozo_fault_message, address)),
                            word_of(message, offsetof(struct kozo_fault_message, instruction)),
                            word_of(message, offsetof(struct kozo_fault_message, access)),
                            word_of(message, offsetof(struct kozo_fault_message, exception)));
    return (struct kozo_message){.info.label = KOZO_ANSWER_STOP};
}

static struct kozo_message faulted(struct kozo_caller *caller, const struct kozo_message *message)
{
    enum kozo_error error = KOZO_NO_RIGHT;
    if (message->info.label == KOZO_FAULT_PAGE) {
        error = vmm_fault(&memory.vmm, caller->session,
                          word_of(message, offsetof(struct kozo_fault_message, address)),
                          word_of(message, offsetof(struct kozo_fault_message, access)));
    }
    return error == KOZO_OK ? (struct kozo_message){.info.label = KOZO_ANSWER_RESUME}
                            : refuse(caller, message, error);
}

static void came(size_t place)
{
    uint64_t limit = memory.server.board->limit[place];
    if (place < VMM_CLIENTS && limit > 0) {
        vmm_come(&memory.vmm, place, limit);
    }
}

static bool left(size_t place)
{
    if (place < VMM_CLIENTS) {
        vmm_leave(&memory.vmm, place);
        pages_leave(place);
    }
    return true;
}

int main(int argument_count, char **arguments)
{
    static const struct server_handlers handlers = {
        .serve = serve,
        .faulted = faulted,
        .came = came,
        .left = left,
    };
    (void)argument_count;
    (void)arguments;
    const char *fault = pages_start(&memory.vmm);
    if (fault != nullptr) {
        kozo_print(fault);
        kozo_print("\n");
        return 1;
    }
    return server_run(&memory.server, &handlers);
}
