// SPDX-License-Identifier: MIT
#include <kozo/cpio.h>
#include <kozo/process_info.h>
#include <kozo/start.h>
#include <kozo/system.h>

const char *kozo_system_find(const struct kozo_system **system)
{
    struct kozo_cpio_entry file =
        kozo_cpio_find((const void *)KOZO_PROCESS_INITRD, kozo_granted("initrd.size"), "system");
    if (file.step != KOZO_CPIO_ENTRY) {
        return "there is no description of the system";
    }
    *system = (const struct kozo_system *)file.data;
    return kozo_system_check(file.data, file.size);
}
