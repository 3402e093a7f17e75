// SPDX-License-Identifier: MIT
// Commands carry an id, so that answers are known whatever their order.
#include "machine.h"

#include <stdlib.h>
#include <string.h>

#include "channel.h"

static void send(struct machine *machine, const char *command)
{
    size_t length = strlen(command);
    // A queue this full means that QEMU has stopped listening; the time limit ends it.
    if (queue_room(&machine->out) >= length) {
        queue_put(&machine->out, command, length);
    }
}

void machine_begin(struct machine *machine, bool kvm)
{
    machine->kvm = kvm;
    machine->state = MACHINE_RUNNING;
    send(machine, "{\"execute\":\"qmp_capabilities\"}\n"
                  "{\"execute\":\"cont\",\"id\":\"cont\"}\n");
}

void machine_restart(struct machine *machine)
{
    machine->state = MACHINE_RESETTING;
    machine->fault_logged = false;
    send(machine, "{\"execute\":\"set-action\",\"arguments\":{\"reboot\":\"reset\"}}\n"
                  "{\"execute\":\"system_reset\",\"id\":\"restart\"}\n");
}

void machine_pause(struct machine *machine)
{
    machine->pausing = true;
    send(machine, "{\"execute\":\"stop\",\"id\":\"stop\"}\n");
}

void machine_quit(struct machine *machine)
{
    send(machine, "{\"execute\":\"quit\"}\n");
}

static enum machine_news was_shut_down(struct machine *machine, const char *reason)
{
    if (strcmp(reason, "guest-shutdown") == 0) {
        machine->state = MACHINE_PAUSED;
        return MACHINE_POWERED_OFF;
    }
    if (strcmp(reason, "guest-reset") == 0) {
        machine->state = MACHINE_ASKED;
        machine->reset_control_known = false;
        machine->pointer_known = false;
        send(machine, "{\"execute\":\"human-monitor-command\",\"id\":\"reset-control\","
                      "\"arguments\":{\"command-line\":\"i /b 0xcf9\"}}\n"
                      "{\"execute\":\"human-monitor-command\",\"id\":\"registers\","
                      "\"arguments\":{\"command-line\":\"info registers\"}}\n");
        return MACHINE_NOTHING;
    }
    // What the runner ordered itself.
    if (strncmp(reason, "host-", 5) == 0 && strcmp(reason, "host-error") != 0) {
        return MACHINE_NOTHING;
    }
    machine->state = MACHINE_PAUSED;
    return MACHINE_STOPPED;
}

static enum machine_news was_reset(struct machine *machine)
{
    if (machine->state != MACHINE_RESETTING) {
        return MACHINE_NOTHING;
    }
    machine->state = MACHINE_RUNNING;
    send(machine, "{\"execute\":\"set-action\",\"arguments\":{\"reboot\":\"shutdown\"}}\n"
                  "{\"execute\":\"cont\",\"id\":\"cont\"}\n");
    return MACHINE_RESTARTED;
}

// The number behind a mark in what the monitor printed.
static bool number_behind(const char *text, const char *mark, uint64_t *value)
{
    const char *place = strstr(text, mark);
    if (place == nullptr) {
        return false;
    }
    const char *digits = place + strlen(mark);
    char *end = nullptr;
    *value = strtoull(digits, &end, 16);
    return end != digits;
}

static enum machine_news judge_reset(struct machine *machine)
{
    machine->state = MACHINE_PAUSED;
    bool ordered = machine->reset_control_known && machine->reset_control == 2;
    bool innocent = !machine->kvm && !machine->fault_logged;
    return ordered || innocent ? MACHINE_REBOOT : MACHINE_TRIPLE_FAULT;
}

static enum machine_news was_answered(struct machine *machine, const struct qmp_event *event)
{
    uint64_t number = 0;
    if (strcmp(event->name, "stop") == 0) {
        machine->state = MACHINE_PAUSED;
        return MACHINE_NOTHING;
    }
    if (machine->state != MACHINE_ASKED) {
        return MACHINE_NOTHING;
    }
    if (strcmp(event->name, "reset-control") == 0 && number_behind(event->text, "] = ", &number)) {
        machine->reset_control_known = true;
        machine->reset_control = (unsigned)(number & 0xff);
    }
    if (strcmp(event->name, "registers") != 0) {
        return MACHINE_NOTHING;
    }
    machine->pointer_known = number_behind(event->text, "RIP=", &machine->pointer) ||
                             number_behind(event->text, "EIP=", &machine->pointer);
    return judge_reset(machine);
}

static enum machine_news port_opened(const char *device)
{
    size_t prefix = strlen(CHANNEL_DEVICE);
    if (strncmp(device, CHANNEL_DEVICE, prefix) != 0) {
        return MACHINE_NOTHING;
    }
    const char *name = device + prefix;
    if (strcmp(name, channel_name(CHANNEL_FILES)) == 0) {
        return MACHINE_FILES_OPENED;
    }
    return strcmp(name, channel_name(CHANNEL_CONTROL)) == 0 ? MACHINE_CONTROL_OPENED
                                                            : MACHINE_NOTHING;
}

static enum machine_news take_event(struct machine *machine, const struct qmp_event *event)
{
    if (event->kind == QMP_RETURN) {
        return was_answered(machine, event);
    }
    if (event->kind == QMP_ERROR) {
        // Without its registers a reset is judged by what is known.
        if (machine->state == MACHINE_ASKED && strcmp(event->name, "registers") == 0) {
            return judge_reset(machine);
        }
        bool grave = strcmp(event->name, "cont") == 0 || strcmp(event->name, "restart") == 0;
        return grave ? MACHINE_STOPPED : MACHINE_NOTHING;
    }
    if (strcmp(event->name, "SHUTDOWN") == 0) {
        return was_shut_down(machine, event->text);
    }
    if (strcmp(event->name, "RESET") == 0) {
        return was_reset(machine);
    }
    if (strcmp(event->name, "VSERPORT_CHANGE") == 0) {
        return event->open ? port_opened(event->text) : MACHINE_NOTHING;
    }
    if (strcmp(event->name, "STOP") == 0 && machine->state == MACHINE_RUNNING) {
        machine->state = MACHINE_PAUSED;
        return machine->pausing ? MACHINE_NOTHING : MACHINE_STOPPED;
    }
    return MACHINE_NOTHING;
}

enum machine_news machine_read(struct machine *machine, const uint8_t *bytes, size_t length,
                               size_t *used)
{
    struct qmp_event event;
    *used = 0;
    while (*used < length) {
        qmp_read(&machine->qmp, bytes + *used, length - *used, &event);
        *used += event.used;
        if (event.kind == QMP_MORE) {
            break;
        }
        enum machine_news news = take_event(machine, &event);
        if (news != MACHINE_NOTHING) {
            return news;
        }
    }
    return MACHINE_NOTHING;
}
