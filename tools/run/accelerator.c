// SPDX-License-Identifier: MIT
// The probe is a QEMU of its own whose firmware is our guest.
#include "accelerator.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "message.h"
#include "probe.h"
#include "qemu.h"

// The firmware image in memory, or -1.
static int make_firmware(void)
{
    if ((size_t)(probe_guest_end - probe_guest) != PROBE_GUEST_SIZE) {
        return -1;
    }
    int image = memfd_create("kozo-probe", MFD_CLOEXEC);
    if (image < 0) {
        return -1;
    }
    off_t place = (off_t)(PROBE_FIRMWARE_SIZE - PROBE_GUEST_SIZE);
    if (pwrite(image, probe_guest, PROBE_GUEST_SIZE, place) == (ssize_t)PROBE_GUEST_SIZE) {
        return image;
    }
    (void)close(image);
    return -1;
}

static pid_t start(int image)
{
    char path[32];
    (void)snprintf(path, sizeof path, "/dev/fd/%d", image);
    char *arguments[] = {"qemu-system-x86_64",
                         "-nodefaults",
                         "-no-user-config",
                         "-display",
                         "none",
                         "-sandbox",
                         "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny",
                         "-no-reboot",
                         "-machine",
                         "q35,accel=kvm",
                         "-cpu",
                         "max",
                         "-m",
                         "16",
                         "-device",
                         "isa-debug-exit,iobase=0xf4,iosize=4",
                         "-bios",
                         path,
                         nullptr};
    int nothing = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (nothing < 0) {
        return -1;
    }
    pid_t process = qemu_spawn(arguments, nothing, &image, 1);
    (void)close(nothing);
    return process;
}

// Gives the process its time, ends it, and says whether the guest reported what it should.
static bool judge(pid_t process)
{
    struct qemu probe = {.process = process, .watch = pidfd_open(process, 0)};
    struct pollfd watch = {.fd = probe.watch, .events = POLLIN};
    bool ended = probe.watch >= 0 && poll(&watch, 1, PROBE_LIMIT_MS) > 0;
    if (!ended && probe.watch >= 0) {
        qemu_kill(&probe);
    }
    int status = qemu_reap(&probe);
    if (probe.watch >= 0) {
        (void)close(probe.watch);
    }
    return ended && WIFEXITED(status) && WEXITSTATUS(status) == PROBE_EXIT_STATUS;
}

enum probe_result accelerator_probe(void)
{
    int device = open("/dev/kvm", O_RDWR | O_CLOEXEC);
    if (device < 0) {
        return PROBE_ABSENT;
    }
    (void)close(device);
    int image = make_firmware();
    if (image < 0) {
        return PROBE_BROKEN;
    }
    pid_t process = start(image);
    (void)close(image);
    return process > 0 && judge(process) ? PROBE_WORKS : PROBE_BROKEN;
}

enum accelerator accelerator_choose(const struct options *options)
{
    enum accelerator choice = options->accelerator;
    const char *reason = "as asked";
    if (choice == ACCELERATOR_AUTO && options->icount) {
        choice = ACCELERATOR_TCG;
        reason = "counting instructions needs it";
    } else if (choice == ACCELERATOR_AUTO) {
        enum probe_result probe = accelerator_probe();
        choice = probe == PROBE_WORKS ? ACCELERATOR_KVM : ACCELERATOR_TCG;
        reason = probe == PROBE_WORKS    ? "KVM works"
                 : probe == PROBE_ABSENT ? "there is no KVM"
                                         : "KVM is there, but does not run a guest";
    }
    if (options->verbose) {
        message("accelerator: %s (%s)", choice == ACCELERATOR_KVM ? "kvm" : "tcg", reason);
    }
    return choice;
}
