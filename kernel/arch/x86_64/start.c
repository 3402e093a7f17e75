// SPDX-License-Identifier: MIT
// From the boot loader's hand-over to the first thread.
//
// boot.S has entered 64-bit mode with tables that show the first 4 GiB in the window. Here the boot
// information is read, the memory map is made, the real tables and the processor are set up, and
// the portable kernel takes over.
#include "x86.h"

#include "kernel.h"
#include "multiboot2.h"
#include "panic/panic.h"
#include "pvh.h"

constexpr uint64_t PAGE_MASK = KOZO_PAGE_SIZE - 1;

// boot.S knows these two numbers.
static_assert(KOZO_BOOT_PVH == 1 && KOZO_BOOT_MULTIBOOT2 == 2);

// The value that each function of the kernel with an array on the stack finds at both of its ends.
uint64_t __stack_chk_guard;

static struct boot boot;
static struct acpi_info acpi;

[[noreturn]] void __stack_chk_fail(void)
{
    panic("a function of the kernel wrote past the end of its stack frame");
}

// The lowest byte stays zero, so that a text that runs over can't contain the value.
[[gnu::no_stack_protector]] static void guard_start(uint64_t tsc)
{
    uint64_t random = tsc * 0x9e37'79b9'7f4a'7c15;

    arch_entropy(&random);
    __stack_chk_guard = random & ~UINT64_C(0xff);
}

static struct memory_view early_memory(void)
{
    return (struct memory_view){.bytes = arch_window(0), .base = 0, .size = UINT64_C(1) << 32};
}

static void read_boot_information(uint64_t path, physical_t information)
{
    struct memory_view view = early_memory();
    bool good = false;

    if (path == KOZO_BOOT_PVH) {
        good = pvh_read(&view, information, &boot);
    } else if (path == KOZO_BOOT_MULTIBOOT2) {
        good = multiboot2_read(&view, information, &boot);
    }
    if (!good) {
        panic("the boot loader gave no information that the kernel can read");
    }
}

static void read_acpi(void)
{
    struct memory_view view = early_memory();

    if (boot.rsdp == 0) {
        boot.rsdp = acpi_find_rsdp(&view);
    }
    if (boot.rsdp == 0 || !acpi_read(&view, boot.rsdp, &acpi)) {
        acpi.io_apics = 1;
        acpi.io_apic[0].address = IO_APIC_DEFAULT;
    }
    boot.processors = acpi.processors > 0 ? acpi.processors : 1;
}

// Whether all of it is one piece of free memory in the normalised map.
static bool is_free(physical_t base, uint64_t size)
{
    for (size_t i = 0; i < boot.ranges; i++) {
        const struct memory_range *range = &boot.range[i];

        if (range->kind == MEMORY_RAM && base >= range->base && size <= range->size &&
            base - range->base <= range->size - size) {
            return true;
        }
    }
    return false;
}

// An initrd that lies outside of free memory, or in the kernel, is none.
static void check_initrd(physical_t base, uint64_t size)
{
    physical_t first = base & ~PAGE_MASK;
    uint64_t pages = (base - first + size + PAGE_MASK) & ~PAGE_MASK;

    if (size != 0 && pages >= size && is_free(first, pages)) {
        boot.initrd_base = base;
        boot.initrd_size = size;
    }
}

static void place_image(void)
{
    boot.kernel_base = arch_physical(image_start);
    boot.kernel_end = arch_physical(image_end);
    boot.init_base = arch_physical(image_init_start);
    boot.init_end = arch_physical(image_init_end);
}

static void keep_devices(void)
{
    memory_map_add(&boot, local_apic_address(), KOZO_PAGE_SIZE, MEMORY_KEPT);
    for (size_t i = 0; i < acpi.io_apics; i++) {
        memory_map_add(&boot, acpi.io_apic[i].address & ~PAGE_MASK, KOZO_PAGE_SIZE, MEMORY_KEPT);
    }
}

// The first map shows where an initrd can be; each of the others has something more that is KEPT.
// Device registers come last, since the window has no place for them.
static void start_memory(void)
{
    physical_t initrd_base = boot.initrd_base;
    uint64_t initrd_size = boot.initrd_size;

    boot.initrd_base = 0;
    boot.initrd_size = 0;
    place_image();
    memory_map_normalise(&boot);
    check_initrd(initrd_base, initrd_size);
    memory_map_normalise(&boot);
    window_start(&boot);
    memory_map_normalise(&boot);
    secondary_reserve(&boot, &acpi);
    keep_devices();
    memory_map_normalise(&boot);
}

[[gnu::no_stack_protector]] struct thread *x86_start(uint64_t path, physical_t information,
                                                     uint64_t tsc)
{
    features_read();
    mitigation_choose();
    guard_start(tsc);
    processor_prepare(&kernel.cpu[0], &x86_stacks);
    processor_start(&kernel.cpu[0]);
    serial_start();
    boot.path = path;
    boot.tsc_entry = tsc;
    read_boot_information(path, information);
    mitigation_guard_ways_out(boot.command_line);
    mitigation_warn();
    read_acpi();
    start_memory();
    pic_silence();
    local_apic_start();
    io_apic_start(&acpi);
    boot.tsc_calibration = clock_start(&acpi);
    kernel.processors = 1;
    kernel.cpu[0].arch.apic = local_apic_id();
    secondary_start_all(&acpi);
    return kernel_start(&boot);
}
