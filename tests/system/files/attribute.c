// SPDX-License-Identifier: MIT
// Works on the extended attributes of a file, for tests from outside: `attribute PATH WHAT…`. WHAT is NAME=VALUE to set
// one, NAME+VALUE for one that is not there yet, NAME~VALUE for one that is; NAME to read one; -NAME to remove one;
// or, alone, = to list the names. Prints for each the error, then what was read.
#include <kozo/print.h>
#include <string.h>

#include "client.h"

constexpr uint64_t TOP = 1;

static char bytes[KOZO_ATTRIBUTE_MOST + 1];

static void list(uint64_t file)
{
    struct client_count told = client_attributes(file, bytes, KOZO_ATTRIBUTE_MOST);
    kozo_printf("names: %u", told.error);
    for (size_t at = 0; told.error == KOZO_OK && at < told.done; at += strlen(bytes + at) + 1) {
        kozo_printf(" %s", bytes + at);
    }
    kozo_print("\n");
}

static void read(uint64_t file, const char *name)
{
    struct client_count told = client_attribute(file, name, bytes, KOZO_ATTRIBUTE_MOST);
    kozo_printf("%s: %u", name, told.error);
    if (told.error == KOZO_OK) {
        bytes[told.done] = 0;
        kozo_printf(" %s", bytes);
    }
    kozo_print("\n");
}

static void set(uint64_t file, const char *name, const char *sign)
{
    char copy[256] = {};
    uint64_t way = *sign == '+'   ? KOZO_ATTRIBUTE_NEW
                   : *sign == '~' ? KOZO_ATTRIBUTE_OVER
                                  : KOZO_ATTRIBUTE_EITHER;
    size_t length = (size_t)(sign - name);
    memcpy(copy, name, length < sizeof copy ? length : 0);
    enum kozo_error error = client_set_attribute(file, copy, sign + 1, strlen(sign + 1), way);
    kozo_printf("%s: %u\n", name, error);
}

static void act(uint64_t file, const char *what)
{
    size_t length = strcspn(what, "=+~");
    if (strcmp(what, "=") == 0) {
        list(file);
    } else if (what[0] == '-') {
        kozo_printf("%s: %u\n", what, client_remove_attribute(file, what + 1));
    } else if (what[length] != 0) {
        set(file, what, what + length);
    } else {
        read(file, what);
    }
}

int main(int argument_count, char **arguments)
{
    if (argument_count < 3 || !client_open()) {
        return 2;
    }
    struct client_file file = client_walk(TOP, arguments[1]);
    for (int i = 2; i < argument_count && file.error == KOZO_OK; i++) {
        act(file.file, arguments[i]);
    }
    return file.error == KOZO_OK ? 0 : 1;
}
