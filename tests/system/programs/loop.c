// SPDX-License-Identifier: MIT
// Never ends by itself.
int main(int argument_count, char **arguments)
{
    (void)argument_count;
    (void)arguments;
    while (true) {
        __asm__ volatile("" : : : "memory");
    }
}
