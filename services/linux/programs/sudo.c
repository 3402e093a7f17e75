// SPDX-License-Identifier: MIT
// sudo: runs a command that may ask for what it is refused. Whoever executes this file is put under a lease by linuxd, which says so by
// AT_SECURE; the lease ends with the last process of the command. What is left to do here is to understand the arguments as other
// programs and people write them for sudo, and to find the command. Users and groups stay what they are: ids give nothing in a sandbox.
#include "linux.h"

constexpr uint64_t AT_SECURE = 23;
constexpr int STATUS_FAILED = 1;
constexpr long ERROR_ABSENT = -2, ERROR_NO_PROGRAM = -8, ERROR_REFUSED = -13, ERROR_NO_FOLDER = -20;
constexpr size_t VARIABLES = 8'192;
constexpr size_t COMMAND_SIZE = 65'536; // bytes of a command for a shell
constexpr size_t PATH_SIZE = 4'096;
constexpr size_t ARGUMENTS = 8'192;

// The folders of PATH may be anybody's; these are the system's (sudoers(5), secure_path).
static const char *const folders[] = {"/usr/local/sbin", "/usr/local/bin", "/usr/sbin",
                                      "/usr/bin",        "/sbin",          "/bin"};

// Letters that change nothing here, and those with a value that change nothing.
static const char plain[] = "AEHPSn";
static const char valued[] = "Cgprtu";

static const struct {
    const char *name;
    char letter;
} long_names[] = {
    {"askpass", 'A'},
    {"close-from", 'C'},
    {"preserve-env", 'E'},
    {"group", 'g'},
    {"set-home", 'H'},
    {"login", 'i'},
    {"remove-timestamp", 'K'},
    {"reset-timestamp", 'k'},
    {"list", 'l'},
    {"non-interactive", 'n'},
    {"preserve-groups", 'P'},
    {"prompt", 'p'},
    {"role", 'r'},
    {"stdin", 'S'},
    {"shell", 's'},
    {"type", 't'},
    {"user", 'u'},
    {"version", 'V'},
    {"validate", 'v'},
};

static struct {
    struct begun begun;
    size_t next; // argument
    bool shell;
    bool nothing; // -v, -k, -K: fine without a command
    char *environment[VARIABLES];
    size_t variables;
} own;

[[noreturn]] static void fail(const char *first, const char *second, const char *third)
{
    const char *const texts[4] = {"sudo: ", first, second, third};
    complain(texts);
    leave(STATUS_FAILED);
}

// --- Options ----------------------------------------------------------------------------------------

static bool is_among(char letter, const char *letters)
{
    return letters[text_find(letters, letter)] == letter && letter != '\0';
}

// Takes a letter. True when it has a value.
static bool take_letter(char letter, const char *argument)
{
    if (is_among(letter, "KVkv")) {
        own.nothing = true;
    } else if (is_among(letter, "is")) {
        own.shell = true;
    } else if (!is_among(letter, plain) && !is_among(letter, valued)) {
        fail(argument, " is not known here", nullptr);
    }
    return is_among(letter, valued);
}

static void take_value(const char *argument)
{
    if (own.next == own.begun.count) {
        fail(argument, " needs a value", nullptr);
    }
    own.next++;
}

static void take_letters(const char *argument)
{
    for (size_t i = 1; argument[i] != '\0'; i++) {
        if (take_letter(argument[i], argument)) {
            if (argument[i + 1] == '\0') {
                take_value(argument);
            }
            return;
        }
    }
}

static bool begins_with(const char *text, const char *name, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (name[i] == '\0' || text[i] != name[i]) {
            return false;
        }
    }
    return name[length] == '\0';
}

static void take_long(const char *argument)
{
    size_t length = text_find(argument + 2, '=');
    for (size_t i = 0; i < sizeof long_names / sizeof long_names[0]; i++) {
        if (begins_with(argument + 2, long_names[i].name, length)) {
            if (take_letter(long_names[i].letter, argument) && argument[2 + length] == '\0') {
                take_value(argument);
            }
            return;
        }
    }
    fail(argument, " is not known here", nullptr);
}

static void take_options(void)
{
    own.next = 1;
    while (own.next < own.begun.count) {
        const char *argument = own.begun.arguments[own.next];
        if (argument[0] != '-' || argument[1] == '\0') {
            return;
        }
        own.next++;
        if (text_is(argument, "--")) {
            return;
        }
        if (argument[1] == '-') {
            take_long(argument);
        } else {
            take_letters(argument);
        }
    }
}

// --- The environment --------------------------------------------------------------------------------

// Whether two variables, NAME=VALUE, have the same name.
static bool is_same_name(const char *one, const char *other)
{
    size_t i = 0;
    while (one[i] == other[i] && one[i] != '=' && one[i] != '\0') {
        i++;
    }
    return one[i] == '=' && other[i] == '=';
}

static void set_variable(char *text)
{
    size_t i = 0;
    while (i < own.variables && !is_same_name(own.environment[i], text)) {
        i++;
    }
    if (i == VARIABLES - 1) {
        fail("there are too many variables", nullptr, nullptr);
    }
    own.environment[i] = text;
    own.variables += i == own.variables ? 1 : 0;
}

static const char *variable(const char *name)
{
    for (size_t i = 0; i < own.variables; i++) {
        const char *text = own.environment[i];
        size_t length = text_find(text, '=');
        if (begins_with(text, name, length)) {
            return text + length + (text[length] == '=');
        }
    }
    return nullptr;
}

// That of the caller, with what stands before the command as NAME=VALUE.
static void make_environment(void)
{
    for (char **text = own.begun.environment; *text != nullptr; text++) {
        set_variable(*text);
    }
    while (own.next < own.begun.count) {
        char *argument = own.begun.arguments[own.next];
        size_t length = text_find(argument, '=');
        if (length == 0 || argument[length] == '\0') {
            return;
        }
        set_variable(argument);
        own.next++;
    }
}

// --- The command ------------------------------------------------------------------------------------

static char **arguments_left(void)
{
    return own.begun.arguments + own.next;
}

// Executes a file. Comes back with an error when it can't be.
static long execute(const char *path, char *const *arguments)
{
    long error =
        call(CALL_EXECVE, (uintptr_t)path, (uintptr_t)arguments, (uintptr_t)own.environment);
    if (error != ERROR_NO_PROGRAM) {
        return error;
    }
    // A script without a line that says what for: the shell's.
    static const char *words[ARGUMENTS + 3];
    size_t count = 0;
    words[0] = "sh";
    words[1] = path;
    while (arguments[count] != nullptr && count < ARGUMENTS) {
        count++;
        words[count + 1] = arguments[count];
    }
    return call(CALL_EXECVE, (uintptr_t)"/bin/sh", (uintptr_t)words, (uintptr_t)own.environment);
}

static long search(const char *name, char *const *arguments)
{
    long result = ERROR_ABSENT;
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        char bytes[PATH_SIZE];
        struct words path = {.bytes = bytes, .size = sizeof bytes};
        words_add(&path, folders[i]);
        words_add(&path, "/");
        words_add(&path, name);
        long error = path.cut ? ERROR_ABSENT : execute(bytes, arguments);
        if (error != ERROR_ABSENT && error != ERROR_NO_FOLDER) {
            result = error;
        }
    }
    return result;
}

[[noreturn]] static void run(char *const *arguments)
{
    const char *name = arguments[0];
    bool path = name[text_find(name, '/')] == '/';
    long error = path ? execute(name, arguments) : search(name, arguments);
    fail(name,
         error == ERROR_ABSENT    ? ": command not found"
         : error == ERROR_REFUSED ? ": Permission denied"
                                  : ": it can't be run",
         nullptr);
}

static bool is_of_word(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || is_among(byte, "_-./");
}

// -s and -i: the person's shell, which is given the command as one text.
[[noreturn]] static void run_shell(void)
{
    static char bytes[COMMAND_SIZE];
    struct words text = {.bytes = bytes, .size = sizeof bytes};
    for (char **argument = arguments_left(); *argument != nullptr; argument++) {
        words_add(&text, text.length > 0 ? " " : "");
        for (const char *byte = *argument; *byte != '\0'; byte++) {
            words_add(&text, is_of_word(*byte) ? "" : "\\");
            words_add_bytes(&text, byte, 1);
        }
    }
    if (text.cut) {
        fail("the command is too long", nullptr, nullptr);
    }
    const char *shell = variable("SHELL");
    static char option[] = "-c";
    static char usual[] = "/bin/sh";
    char *words[] = {shell != nullptr && shell[0] == '/' ? (char *)shell : usual,
                     text.length > 0 ? option : nullptr, bytes, nullptr};
    run(words);
}

void program_start(uint64_t *stack)
{
    own.begun = begun_at(stack);
    take_options();
    make_environment();
    bool command = own.next < own.begun.count;
    if (!command && !own.shell) {
        if (own.nothing) {
            leave(0);
        }
        fail("give a command: sudo [-n] [-u USER] [NAME=VALUE] COMMAND…", nullptr, nullptr);
    }
    if (begun_auxiliary(&own.begun, AT_SECURE) == 0) {
        fail("nobody can be asked in this run (--prompt, --broker)", nullptr, nullptr);
    }
    if (own.shell) {
        run_shell();
    }
    run(arguments_left());
}
