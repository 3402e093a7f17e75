// SPDX-License-Identifier: MIT
#include "services.h"

#include <kozo/format.h>
#include <kozo/machine.h>
#include <kozo/rights.h>
#include <string.h>

#include "init.h"

constexpr unsigned MISSED_MOST = 6;     // looks at a silent board until the service is given up
constexpr unsigned FAILURES_MOST = 6;   // quick ones in a row until it is left down
constexpr uint64_t SETTLED = 10;        // seconds after which a failure is no quick one any more
constexpr uint64_t FIRST_PAUSE = 125;   // milliseconds, doubled with each failure after the first
constexpr uint64_t BOARDS = 0x40000000; // where boards are, above the window
constexpr uint64_t BOARD_SPAN = 0x40000;
constexpr uint64_t OWN_DATA = 0x50000000; // and the data of init's own sessions
constexpr uint64_t OWN_DATA_SPAN = 0x1000000;

static const char *const state_names[] = {
    [KOZO_SERVICE_WAITING] = "waiting", [KOZO_SERVICE_STARTING] = "starting",
    [KOZO_SERVICE_UP] = "up",           [KOZO_SERVICE_PAUSING] = "pausing",
    [KOZO_SERVICE_DOWN] = "down",
};

const char *service_state_name(enum kozo_service_state state)
{
    return state_names[state];
}

struct service *services_find(struct init *init, const char *name)
{
    for (size_t i = 0; i < init->services.count; i++) {
        if (strcmp(init->services.service[i].entry->name, name) == 0) {
            return &init->services.service[i];
        }
    }
    return nullptr;
}

struct service *services_at(struct init *init, size_t program)
{
    for (size_t i = 0; i < init->services.count; i++) {
        if (init->services.service[i].entry == &init->system->program[program]) {
            return &init->services.service[i];
        }
    }
    return nullptr;
}

static uint64_t after(const struct init *init, uint64_t milliseconds)
{
    return kozo_ticks() + init->boot->tsc_frequency / 1000 * milliseconds;
}

// --- Sessions -----------------------------------------------------------------------------------

// A service that is gone has nothing to hear.
static void tell(const struct service *service)
{
    (void)kozo_notification_signal(service->signal);
}

// The slot in which a service has the notification of a client.
static struct kozo_slot client_slot(const struct init *init, const struct service *service,
                                    size_t place)
{
    uint64_t slot = KOZO_PROCESS_SESSION_SLOT + place;
    return (struct kozo_slot){kozo_process_slot(&init->home, &service->process->process, slot)};
}

// The slots in which a service has the AddressSpace (0) and the Pool (1) of a client.
static struct kozo_slot paged_slot(const struct init *init, const struct service *service,
                                   size_t place, uint64_t part)
{
    uint64_t slot = KOZO_PROCESS_PAGED_SLOT + 2 * place + part;
    return (struct kozo_slot){kozo_process_slot(&init->home, &service->process->process, slot)};
}

static void introduce(const struct init *init, const struct service *service, size_t place)
{
    const struct service_client *client = &service->client[place];
    if (service->process == nullptr || client->signal == 0) {
        return;
    }
    // Without it the client is not signalled, and has only its own looking.
    (void)kozo_cnode_mint((struct kozo_slot){client->signal}, client_slot(init, service, place),
                          KOZO_RIGHT_WRITE, client->bits);
    if (client->space != 0) {
        // Without them the service answers the client's faults with a refusal.
        (void)kozo_cnode_mint((struct kozo_slot){client->space},
                              paged_slot(init, service, place, 0), KOZO_ALL_RIGHTS, 0);
        (void)kozo_cnode_mint((struct kozo_slot){client->pool}, paged_slot(init, service, place, 1),
                              KOZO_ALL_RIGHTS, 0);
    }
}

// What the pages of its sessions say.
static uint32_t life_of(const struct service *service)
{
    return service->absent ? 0 : service->lives;
}

// Makes the page of a place as new, but for what the last client wrote into the stream up: that is
// still for the service.
static void renew_page(const struct service *service, size_t place)
{
    struct kozo_session_page *page = kozo_board_session(service->board, place);
    struct kozo_index up = page->up;
    if (up.head - up.tail > KOZO_SESSION_UP) {
        up = (struct kozo_index){};
    }
    memset(page, 0, offsetof(struct kozo_session_page, up_byte));
    memset(page->down_byte, 0, sizeof page->down_byte);
    page->up = up;
    page->life = life_of(service);
}

static void open_place(const struct init *init, struct service *service, size_t place,
                       uint64_t badge, struct service_client client)
{
    renew_page(service, place);
    service->client[place] = client;
    introduce(init, service, place);
    __atomic_store_n(&service->board->badge[place], badge, __ATOMIC_RELEASE);
    tell(service);
}

static void close_place(const struct init *init, struct service *service, size_t place)
{
    bool paged = service->client[place].space != 0;
    service->client[place] = (struct service_client){};
    __atomic_store_n(&service->board->badge[place], 0, __ATOMIC_RELEASE);
    if (service->process != nullptr) {
        (void)kozo_cnode_delete(client_slot(init, service, place));
    }
    if (service->process != nullptr && paged) {
        (void)kozo_cnode_delete(paged_slot(init, service, place, 0));
        (void)kozo_cnode_delete(paged_slot(init, service, place, 1));
    }
    tell(service);
}

// --- Data of sessions ---------------------------------------------------------------------------

static struct kozo_slot service_mapping(const struct service_data *data)
{
    return (struct kozo_slot){data->frame + 1};
}

static struct kozo_slot client_mapping(const struct service_data *data)
{
    return (struct kozo_slot){data->frame + 2};
}

static enum kozo_error make_data(struct init *init, struct service_data *data, uint64_t size)
{
    if (data->taken.slot != 0) {
        return KOZO_OK;
    }
    unsigned order = kozo_order_of(size);
    uint64_t slots = kozo_slots_take(&init->slots, 3);
    struct kozo_taken taken =
        slots != 0 ? kozo_memory_take(&init->memory, order) : (struct kozo_taken){};
    if (taken.slot != 0 && kozo_untyped_retype((struct kozo_untyped){taken.slot}, KOZO_TYPE_FRAME,
                                               order, (struct kozo_slot){slots}, 1) == KOZO_OK) {
        *data = (struct service_data){.taken = taken, .frame = slots};
        return KOZO_OK;
    }
    if (taken.slot != 0) {
        kozo_memory_give(&init->memory, taken.piece);
    }
    if (slots != 0) {
        kozo_slots_give(&init->slots, slots, 3);
    }
    return KOZO_NO_MEMORY;
}

static void drop_data(struct init *init, struct service *service, size_t place)
{
    struct service_data *data = &service->data[place];
    service->board->data_size[place] = 0;
    (void)kozo_cnode_revoke((struct kozo_slot){data->taken.slot});
    kozo_memory_give(&init->memory, data->taken.piece);
    kozo_slots_give(&init->slots, data->frame, 3);
    *data = (struct service_data){};
}

// The service uses a place's data until it has seen that the client is gone.
static void drop_unused_data(struct init *init, struct service *service)
{
    for (size_t place = 0; place < service->entry->places; place++) {
        bool seen = service->process == nullptr ||
                    __atomic_load_n(&service->board->seen[place], __ATOMIC_ACQUIRE) == 0;
        if (service->data[place].taken.slot != 0 && service->client[place].signal == 0 && seen) {
            drop_data(init, service, place);
        }
    }
}

// Shows a place's data to the service. What can't be shown is not inside, for the service.
static void show_data(struct init *init, struct service *service, size_t place, uint64_t first,
                      uint64_t size)
{
    const struct service_data *data = &service->data[place];
    uint64_t address = KOZO_PROCESS_CLIENT_DATA + first * KOZO_PAGE_SIZE;
    if (data->taken.slot == 0 || service->process == nullptr) {
        return;
    }
    (void)kozo_cnode_delete(service_mapping(data));
    bool shown = supply_show(init, service->process, (struct kozo_frame){data->frame},
                             service_mapping(data), address, size) == KOZO_OK;
    service->board->data[place] = address;
    service->board->data_size[place] = shown ? size : 0;
}

// Makes the data of a session that a process has, and shows it to both.
static enum kozo_error share_data(struct init *init, struct process *process, size_t number)
{
    const struct kozo_system_use *use = &process->entry->use[number];
    struct service *service = services_at(init, use->program);
    struct service_data *data = &service->data[use->place];
    uint64_t size = (uint64_t)use->pages * KOZO_PAGE_SIZE;
    enum kozo_error error = make_data(init, data, size);
    if (error != KOZO_OK) {
        return error;
    }
    (void)kozo_cnode_delete(client_mapping(data));
    error = supply_show(init, process, (struct kozo_frame){data->frame}, client_mapping(data),
                        KOZO_PROCESS_DATA + number * KOZO_PROCESS_DATA_SPAN, size);
    if (error == KOZO_OK) {
        show_data(init, service, use->place, use->first, size);
    }
    return error;
}

// Calls on each session that a process has with a service.
typedef enum kozo_error each_use(struct init *init, struct process *process, size_t number);

static bool for_each_user(struct init *init, const struct service *service, each_use *call)
{
    bool done = true;
    for (size_t i = 0; i < PROCESSES_MOST; i++) {
        struct process *process = &init->processes.process[i];
        size_t uses = process->live && process->entry != nullptr ? process->entry->uses : 0;
        for (size_t number = 0; number < uses; number++) {
            if (services_at(init, process->entry->use[number].program) == service) {
                done = call(init, process, number) == KOZO_OK && done;
            }
        }
    }
    return done;
}

static enum kozo_error show_again(struct init *init, struct process *process, size_t number)
{
    const struct kozo_system_use *use = &process->entry->use[number];
    show_data(init, services_at(init, use->program), use->place, use->first,
              (uint64_t)use->pages * KOZO_PAGE_SIZE);
    return KOZO_OK;
}

// A session that can do without its service has data when the service is there for the first time.
static enum kozo_error share_late(struct init *init, struct process *process, size_t number)
{
    const struct kozo_system_use *use = &process->entry->use[number];
    const struct service *service = services_at(init, use->program);
    bool due = use->pages > 0 && service->data[use->place].taken.slot == 0;
    return due ? share_data(init, process, number) : KOZO_OK;
}

// --- Connecting ---------------------------------------------------------------------------------

uint64_t services_badge(uint32_t place, uint32_t life)
{
    return (uint64_t)life << 32 | place;
}

bool services_connect(struct init *init, struct process *process, uint64_t signal, uint32_t life)
{
    const struct kozo_system_program *entry = process->entry;
    bool enough = true;
    for (size_t i = 0; i < entry->uses; i++) {
        const struct kozo_system_use *use = &entry->use[i];
        struct service *service = services_at(init, use->program);
        struct service_client client = {.signal = signal, .bits = KOZO_SIGNAL_USES << i};
        if (service == nullptr) {
            continue;
        }
        if (use->limit > 0) {
            client.space = process->process.space.handle;
            client.pool = process->process.pool.handle;
        }
        if (use->pages > 0 && (use->optional == 0 || service->state == KOZO_SERVICE_UP)) {
            enough = share_data(init, process, i) == KOZO_OK && enough;
        }
        open_place(init, service, use->place, services_badge(use->place, life), client);
        if (service->absent) {
            gifts_point(init, process, i, init->processes.inbox.handle, BADGE_ABSENT);
        }
    }
    return enough;
}

void services_disconnect(struct init *init, const struct kozo_system_program *entry)
{
    for (size_t i = 0; entry != nullptr && i < entry->uses; i++) {
        struct service *service = services_at(init, entry->use[i].program);
        if (service != nullptr) {
            close_place(init, service, entry->use[i].place);
        }
    }
}

bool services_are_free_for(struct init *init, const struct kozo_system_program *entry)
{
    for (size_t i = 0; entry != nullptr && i < entry->uses; i++) {
        const struct service *service = services_at(init, entry->use[i].program);
        if (service != nullptr && service->process != nullptr &&
            __atomic_load_n(&service->board->seen[entry->use[i].place], __ATOMIC_ACQUIRE) != 0) {
            return false;
        }
    }
    return true;
}

// --- Starting -----------------------------------------------------------------------------------

// The objects that outlive the service.
static const char *prepare(struct init *init, struct service *service, size_t number)
{
    uint64_t size = sizeof(struct kozo_board) + service->entry->places * KOZO_PAGE_SIZE;
    unsigned order = kozo_order_of(size);
    struct kozo_taken memory = kozo_memory_take(&init->memory, order);
    uint64_t mapping = init_slot(init);
    service->endpoint.handle = init_object(init, KOZO_TYPE_ENDPOINT);
    service->signal.handle = init_object(init, KOZO_TYPE_NOTIFICATION);
    service->frame.handle = init_slot(init);
    if (memory.slot == 0 || service->endpoint.handle == 0 || service->signal.handle == 0 ||
        kozo_untyped_retype((struct kozo_untyped){memory.slot}, KOZO_TYPE_FRAME, order,
                            (struct kozo_slot){service->frame.handle}, 1) != KOZO_OK) {
        return "there is too little memory for the boards of services";
    }
    uint64_t address = init->home.window + BOARDS + number * BOARD_SPAN;
    if (kozo_home_map(&init->home, service->frame, (struct kozo_slot){mapping}, address, 0, size,
                      KOZO_RIGHT_READ | KOZO_RIGHT_WRITE) != KOZO_OK) {
        return "the boards of services can't be mapped";
    }
    service->board = (struct kozo_board *)address;
    service->board->sessions = service->entry->places;
    return nullptr;
}

// What the description lets each client have of the service: memory, a device.
static void prepare_limits(const struct init *init, const struct service *service)
{
    for (size_t i = 0; i < init->system->programs; i++) {
        const struct kozo_system_program *user = &init->system->program[i];
        for (size_t j = 0; j < user->uses; j++) {
            const struct kozo_system_use *use = &user->use[j];
            if (&init->system->program[use->program] == service->entry) {
                service->board->limit[use->place] = use->limit;
                service->board->may[use->place] = gifts_value(user, KOZO_GRANT_DRIVER);
            }
        }
    }
}

// The data of init's own session, which comes first.
static const char *prepare_own_data(struct init *init, struct service *service, size_t number)
{
    struct service_data *data = &service->data[0];
    uint64_t size = (uint64_t)service->entry->commands * KOZO_PAGE_SIZE;
    uint64_t address = init->home.window + OWN_DATA + number * OWN_DATA_SPAN;
    if (size == 0) {
        return nullptr;
    }
    if (size > OWN_DATA_SPAN || make_data(init, data, size) != KOZO_OK ||
        kozo_home_map(&init->home, (struct kozo_frame){data->frame}, client_mapping(data), address,
                      0, size, KOZO_RIGHT_READ | KOZO_RIGHT_WRITE) != KOZO_OK) {
        return "there is too little memory for the data of init's own session";
    }
    service->own_data = (uint8_t *)address;
    return nullptr;
}

// Memory that it finds again in its next life.
static const char *prepare_kept(struct init *init, struct service *service)
{
    for (size_t i = 0; i < service->entry->grants; i++) {
        if (service->entry->grant[i].kind != KOZO_GRANT_KEEPS) {
            continue;
        }
        unsigned order = (unsigned)service->entry->grant[i].first;
        struct kozo_taken memory = kozo_memory_take(&init->memory, order);
        service->kept.handle = init_slot(init);
        if (memory.slot == 0 ||
            kozo_untyped_retype((struct kozo_untyped){memory.slot}, KOZO_TYPE_FRAME, order,
                                (struct kozo_slot){service->kept.handle}, 1) != KOZO_OK) {
            return "there is too little memory for what services keep";
        }
    }
    return nullptr;
}

static bool is_up(struct init *init, uint32_t program)
{
    const struct service *service = services_at(init, program);
    return service != nullptr && service->state == KOZO_SERVICE_UP;
}

static bool is_lost(struct init *init, uint32_t program)
{
    const struct service *service = services_at(init, program);
    return service == nullptr || service->state == KOZO_SERVICE_DOWN;
}

// The service that this one can't do without and that is down; null when there is none.
static const char *lacks(struct init *init, const struct kozo_system_program *entry)
{
    for (size_t i = 0; i < entry->uses; i++) {
        if (entry->use[i].optional == 0 && is_lost(init, entry->use[i].program)) {
            return init->system->program[entry->use[i].program].name;
        }
    }
    for (size_t i = 0; i < entry->after_count; i++) {
        if (is_lost(init, entry->after[i])) {
            return init->system->program[entry->after[i]].name;
        }
    }
    return nullptr;
}

static bool may_start(struct init *init, const struct service *service)
{
    if (service->state == KOZO_SERVICE_PAUSING && kozo_ticks() < service->wake) {
        return false;
    }
    for (size_t i = 0; i < service->entry->after_count; i++) {
        if (!is_up(init, service->entry->after[i])) {
            return false;
        }
    }
    return services_are_free_for(init, service->entry);
}

static void write_life(const struct service *service)
{
    for (size_t place = 0; place < service->entry->places; place++) {
        __atomic_store_n(&kozo_board_session(service->board, place)->life, life_of(service),
                         __ATOMIC_RELEASE);
    }
}

// All that a new life finds: a silent board, and clients that know of it.
static void begin_life(const struct init *init, struct service *service)
{
    struct kozo_board *board = service->board;
    service->lives++;
    service->missed = 0;
    service->started = kozo_ticks();
    board->beat = board->asked;
    memset(board->seen, 0, sizeof board->seen);
    write_life(service);
    for (size_t place = 0; place < service->entry->places; place++) {
        introduce(init, service, place);
    }
}

// Tells the clients of a service that something happened to it.
static void tell_clients(const struct init *init, const struct service *service)
{
    struct kozo_slot scratch = {init->services.scratch};
    for (size_t place = 0; place < service->entry->places; place++) {
        const struct service_client *client = &service->client[place];
        if (client->signal != 0 && kozo_cnode_mint((struct kozo_slot){client->signal}, scratch,
                                                   KOZO_RIGHT_WRITE, client->bits) == KOZO_OK) {
            (void)kozo_notification_signal((struct kozo_notification){scratch.handle});
            (void)kozo_cnode_delete(scratch);
        }
    }
}

static enum kozo_error point_client(struct init *init, struct process *process, size_t number)
{
    const struct kozo_system_use *use = &process->entry->use[number];
    const struct service *service = services_at(init, use->program);
    if (service->absent) {
        gifts_point(init, process, number, init->processes.inbox.handle, BADGE_ABSENT);
    } else {
        gifts_point(init, process, number, service->endpoint.handle,
                    services_badge(use->place, process->life));
    }
    return KOZO_OK;
}

// Lets all processes that have a session with a service call it, or, while it is down, init.
static void point_clients(struct init *init, struct service *service, bool absent)
{
    service->absent = absent;
    write_life(service);
    (void)for_each_user(init, service, point_client);
}

static void end_process(struct init *init, struct service *service)
{
    service->gone = kozo_ticks();
    if (service->process != nullptr) {
        services_disconnect(init, service->entry);
        processes_end(init, service->process);
        service->process = nullptr;
        processes_lose(init, service);
    }
}

void services_reap(struct init *init)
{
    for (size_t i = 0; i < init->services.count; i++) {
        struct service *service = &init->services.service[i];
        if (service->process != nullptr && service->process->ended) {
            services_ended(init, service, "lost its memory");
        }
    }
}

// What uses or follows a service that is down for good can't go on either.
static void end_users(struct init *init)
{
    for (size_t i = 0; i < init->services.count; i++) {
        struct service *user = &init->services.service[i];
        if (user->process == nullptr) {
            continue;
        }
        for (size_t j = 0; j < user->entry->uses; j++) {
            if (user->entry->use[j].optional == 0 && is_lost(init, user->entry->use[j].program)) {
                end_process(init, user);
                user->state = KOZO_SERVICE_WAITING;
                break;
            }
        }
    }
}

// init itself goes on where its terminal stopped, on the same device.
static void take_devices(struct init *init, const struct service *terminal)
{
    for (size_t i = 0; i < terminal->entry->uses; i++) {
        struct service *driver = services_at(init, terminal->entry->use[i].program);
        if (driver != nullptr && driver->process != nullptr) {
            end_process(init, driver);
            driver->state = KOZO_SERVICE_DOWN;
            kozo_format(driver->reason, sizeof driver->reason, "init uses its device");
        }
    }
}

static void leave_down(struct init *init, struct service *service, const char *reason)
{
    service->state = KOZO_SERVICE_DOWN;
    if (reason != service->reason) {
        kozo_format(service->reason, sizeof service->reason, "%s", reason);
    }
    // Who waits for it waits no longer, in a call or for a completion.
    (void)kozo_cnode_revoke((struct kozo_slot){service->endpoint.handle});
    point_clients(init, service, true);
    tell_clients(init, service);
    if (service->entry->terminal != 0) {
        take_devices(init, service);
        terminal_lost(init, service);
    }
    end_users(init);
}

static void start_service(struct init *init, struct service *service)
{
    const struct kozo_system_program *entry = service->entry;
    char *arguments[] = {(char *)entry->name};
    struct processes_result made =
        processes_create(init, entry->file, entry, service, arguments, 1, PRIORITY_SERVICE);
    if (made.reason != nullptr) {
        leave_down(init, service, made.reason);
        notice(init, "init: %s can't be run: it %s\n", entry->file, made.reason);
        return;
    }
    service->process = made.process;
    service->state = KOZO_SERVICE_STARTING;
    if (service->absent) {
        point_clients(init, service, false);
    }
    begin_life(init, service);
    (void)for_each_user(init, service, show_again);
    if (entry->commands > 0) {
        show_data(init, service, 0, 0, (uint64_t)entry->commands * KOZO_PAGE_SIZE);
    }
    if (!services_connect(init, made.process, service->signal.handle, service->lives)) {
        end_process(init, service);
        leave_down(init, service, KOZO_PROCESS_SHORT);
        return;
    }
    if (kozo_thread_resume(made.process->process.thread) != KOZO_OK) {
        end_process(init, service);
        leave_down(init, service, "can't be started");
        return;
    }
    tell_clients(init, service);
}

// Starts or gives up one service when its turn has come; false when nothing changed.
static bool advance(struct init *init, struct service *service)
{
    if (service->state != KOZO_SERVICE_WAITING && service->state != KOZO_SERVICE_PAUSING) {
        return false;
    }
    const char *lacking = lacks(init, service->entry);
    if (lacking != nullptr) {
        char reason[SERVICE_REASON];
        kozo_format(reason, sizeof reason, "needs %s, which is down", lacking);
        leave_down(init, service, reason);
        return true;
    }
    if (!may_start(init, service)) {
        return false;
    }
    start_service(init, service);
    return true;
}

static bool is_on_its_way(const struct service *service)
{
    return service->state != KOZO_SERVICE_UP && service->state != KOZO_SERVICE_DOWN;
}

bool services_are_settled(const struct init *init)
{
    for (size_t i = 0; i < init->services.count; i++) {
        if (is_on_its_way(&init->services.service[i])) {
            return false;
        }
    }
    return true;
}

void services_advance(struct init *init)
{
    bool changed = true;
    while (changed) {
        changed = false;
        for (size_t i = 0; i < init->services.count; i++) {
            drop_unused_data(init, &init->services.service[i]);
            changed |= advance(init, &init->services.service[i]);
        }
    }
    if (init->services.settled == 0 && services_are_settled(init)) {
        init->services.settled = kozo_ticks();
    }
}

const char *services_start(struct init *init)
{
    struct services *services = &init->services;
    services->scratch = init_slot(init);
    for (size_t i = 0; i < init->system->programs; i++) {
        const struct kozo_system_program *entry = &init->system->program[i];
        if (entry->name[0] == 0) {
            continue;
        }
        if (services->count == SERVICES_MOST) {
            return "the system description has too many services";
        }
        struct service *service = &services->service[services->count++];
        *service =
            (struct service){.entry = entry, .state = KOZO_SERVICE_WAITING, .gone = kozo_ticks()};
        const char *reason = prepare(init, service, i);
        if (reason == nullptr) {
            prepare_limits(init, service);
            reason = prepare_own_data(init, service, i);
        }
        if (reason == nullptr) {
            reason = prepare_kept(init, service);
        }
        if (reason != nullptr) {
            services->count--;
            return reason;
        }
        if (entry->terminal != 0) {
            terminal_meet(init, service);
        }
        if (entry->commands != 0) {
            files_meet(init, service);
        }
    }
    services_advance(init);
    return nullptr;
}

void services_open_own(struct init *init, struct service *service, uint64_t bits)
{
    struct service_client client = {.signal = init->processes.signals.handle, .bits = bits};
    open_place(init, service, 0, KOZO_BADGE_LEAST, client);
}

// --- Ending -------------------------------------------------------------------------------------

void services_announced(struct init *init, struct service *service)
{
    if (!for_each_user(init, service, share_late)) {
        services_ended(init, service, KOZO_PROCESS_SHORT);
        return;
    }
    service->state = KOZO_SERVICE_UP;
    service->took = kozo_ticks() - service->gone;
    services_advance(init);
}

// How long to wait before the next life, in milliseconds: nothing at first.
static uint64_t pause_of(const struct service *service)
{
    return service->failures <= 1 ? 0 : FIRST_PAUSE << (service->failures - 2);
}

void services_ended(struct init *init, struct service *service, const char *reason)
{
    bool quick = kozo_ticks() - service->started < SETTLED * init->boot->tsc_frequency;
    const char *name = service->entry->name;
    end_process(init, service);
    kozo_format(service->reason, sizeof service->reason, "%s", reason);
    service->failures = quick ? service->failures + 1 : 1;
    if (service->entry->restart == 0 || service->failures > FAILURES_MOST) {
        notice(init, "init: service %s %s, and stays down\n", name, service->reason);
        leave_down(init, service, service->reason);
    } else {
        uint64_t pause = pause_of(service);
        service->state = KOZO_SERVICE_PAUSING;
        service->wake = after(init, pause);
        if (pause == 0) {
            notice(init, "init: service %s %s, and is started again\n", name, service->reason);
        } else {
            notice(init, "init: service %s %s, and is started again in %lu.%03lu s\n", name,
                   service->reason, pause / 1000, pause % 1000);
        }
    }
    services_advance(init);
}

void services_idle(struct init *init, struct service *service)
{
    end_process(init, service);
    kozo_format(service->reason, sizeof service->reason, "has nothing to do");
    leave_down(init, service, service->reason);
    services_advance(init);
}

static void begin_anew(struct init *init, struct service *service)
{
    end_process(init, service);
    service->failures = 0;
    service->state = KOZO_SERVICE_WAITING;
}

void services_restart(struct init *init, struct service *service)
{
    bool down = service->state == KOZO_SERVICE_DOWN;
    begin_anew(init, service);
    if (down && service->entry->terminal != 0) {
        // In the meantime init used its device.
        for (size_t i = 0; i < service->entry->uses; i++) {
            begin_anew(init, services_at(init, service->entry->use[i].program));
        }
        terminal_meet(init, service);
    }
    services_advance(init);
    if (down) {
        // What gave up for want of this one may try again.
        for (size_t i = 0; i < init->services.count; i++) {
            struct service *other = &init->services.service[i];
            if (other->state == KOZO_SERVICE_DOWN && strncmp(other->reason, "needs ", 6) == 0) {
                other->state = KOZO_SERVICE_WAITING;
            }
        }
        services_advance(init);
    }
}

void services_look(struct init *init)
{
    for (size_t i = 0; i < init->services.count; i++) {
        struct service *service = &init->services.service[i];
        struct kozo_board *board = service->board;
        if (service->process == nullptr) {
            continue;
        }
        bool silent = __atomic_load_n(&board->beat, __ATOMIC_ACQUIRE) != board->asked;
        service->missed = silent ? service->missed + 1 : 0;
        if (service->missed > MISSED_MOST) {
            services_ended(init, service, "gave no sign of life");
            continue;
        }
        if (!silent) {
            __atomic_store_n(&board->asked, board->asked + 1, __ATOMIC_RELEASE);
        }
        tell(service);
    }
    services_advance(init);
}
