// SPDX-License-Identifier: MIT
// Ends with status 1.
int main(int argument_count, char **arguments)
{
    (void)argument_count;
    (void)arguments;
    return 1;
}
