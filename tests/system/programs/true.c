// SPDX-License-Identifier: MIT
// Ends well.
int main(int argument_count, char **arguments)
{
    (void)argument_count;
    (void)arguments;
    return 0;
}
