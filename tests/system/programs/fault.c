// SPDX-License-Identifier: MIT
// Does one thing that the processor refuses, by name.
#include <kozo/print.h>
#include <kozo/process_info.h>
#include <string.h>

static void touch_nothing(void)
{
    *(volatile char *)KOZO_PROGRAM_END = 0;
}

static void write_code(void)
{
    *(volatile char *)(unsigned long)touch_nothing = 0;
}

static void write_info(void)
{
    *(volatile char *)KOZO_PROCESS_INFO = 0;
}

static void read_kernel(void)
{
    (void)*(volatile char *)0xffffffff80200000;
}

static void read_null(void)
{
    (void)*(volatile char *)8;
}

// Data that would be code.
static unsigned char data[] = {0xc3, 0xc3, 0xc3, 0xc3};

static void run_data(void)
{
    __asm__ volatile("call *%0" : : "r"(data) : "memory");
}

static void illegal(void)
{
    __asm__ volatile("ud2");
}

static void privileged(void)
{
    __asm__ volatile("hlt");
}

static void divide(void)
{
    __asm__ volatile("xor %%edx, %%edx; xor %%ecx, %%ecx; mov $1, %%eax; div %%ecx"
                     :
                     :
                     : "eax", "ecx", "edx", "cc");
}

static void vector(void)
{
    __asm__ volatile("xorps %xmm0, %xmm0");
}

static void breakpoint(void)
{
    __asm__ volatile("int3");
}

static void old_call(void)
{
    __asm__ volatile("int $0x80");
}

static void wild(void)
{
    (void)*(volatile char *)0x1234567800000000;
}

static void port(void)
{
    __asm__ volatile("outb %%al, $0x80" : : "a"(0));
}

static const struct {
    const char *name;
    void (*run)(void);
} kinds[] = {
    {"page", touch_nothing},
    {"write-code", write_code},
    {"write-info", write_info},
    {"read-kernel", read_kernel},
    {"null", read_null},
    {"run-data", run_data},
    {"illegal", illegal},
    {"privileged", privileged},
    {"divide", divide},
    {"vector", vector},
    {"breakpoint", breakpoint},
    {"int80", old_call},
    {"wild", wild},
    {"port", port},
};

int main(int argument_count, char **arguments)
{
    constexpr int usage = 2;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0] && argument_count == 2; i++) {
        if (strcmp(kinds[i].name, arguments[1]) == 0) {
            kinds[i].run();
            kozo_print("the processor did not refuse it\n");
            return 1;
        }
    }
    kozo_print("usage: fault KIND, one of:");
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        kozo_printf(" %s", kinds[i].name);
    }
    kozo_print("\n");
    return usage;
}
