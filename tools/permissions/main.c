// SPDX-License-Identifier: MIT
// The command: `kozo-permissions [NAME[:SCOPE] | --names | --markdown | --completion | --profile FILE |
// --decisions | --revoke NUMBER | --record [--json] | --verify |
// --follow [--json] | --running | --take-back WHAT | --why [RUN] NAME |
// --give RUN NAME HOW]`. Each form is a function; the first four walk the one list.
#include <stdio.h>
#include <string.h>

#include "kept.h"
#include "permission.h"
#include "running.h"
#include "wishes.h"

// How the scope of a name is written, behind it.
static const char *scope_form(const struct policy_name *name)
{
    bool optional = name->any[0] != '\0';
    switch (name->scope) {
    case POLICY_SCOPE_PATH:
        return ":PATH";
    case POLICY_SCOPE_HOST:
        return optional ? "[:HOST[:PORT]]" : ":HOST[:PORT]";
    case POLICY_SCOPE_PORT:
        return optional ? "[:PORT]" : ":PORT";
    case POLICY_SCOPE_DEVICE:
        return optional ? "[:DEVICE]" : ":DEVICE";
    case POLICY_SCOPE_NONE:
    default:
        return "";
    }
}

// The phrase of a name without a scope: what is said for any, or the kind of scope that is missing.
static void plain_phrase(char *buffer, size_t size, enum policy_id id)
{
    const struct policy_name *name = policy_name(id);
    struct policy_permission permission = {.id = id};
    if (name->scope == POLICY_SCOPE_PATH) {
        (void)snprintf(permission.scope, sizeof permission.scope, "PATH");
    }
    policy_phrase(buffer, size, &permission);
}

static const char *works(const struct policy_name *name)
{
    return policy_service_is_there(name->service) ? "yes" : "not yet";
}

static void list(void)
{
    char phrase[POLICY_PHRASE_SIZE];
    char text[64];
    printf("%-32s %-14s %-8s %s\n", "NAME", "RISK", "WORKS", "ALLOWS A PROGRAM TO");
    for (size_t i = 0; i < POLICY_COUNT; i++) {
        const struct policy_name *name = policy_name((enum policy_id)i);
        plain_phrase(phrase, sizeof phrase, (enum policy_id)i);
        (void)snprintf(text, sizeof text, "%s%s", name->text, scope_form(name));
        printf("%-32s %-14s %-8s %s\n", text, policy_risk_text(name->risk), works(name), phrase);
    }
}

static void list_names(void)
{
    for (size_t i = 0; i < POLICY_COUNT; i++) {
        printf("%s\n", policy_name((enum policy_id)i)->text);
    }
}

// The words of a right, as an endpoint has it.
static const char *rights_text(uint8_t rights)
{
    static const char *const words[] = {"none", "READ", "WRITE", "READ WRITE"};
    return words[rights & (POLICY_READ | POLICY_WRITE)];
}

static void list_markdown(void)
{
    char phrase[POLICY_PHRASE_SIZE];
    printf(
        "# Permissions\n\n"
        "Made from `lib/policy/table.h` by `./kozo build --update-abi`. A risk of *total control* "
        "means that a program\nwith it can give itself everything else. The capability is an "
        "endpoint of the service, whose badge tells\nthe object and the scope, with these "
        "rights. A name whose service KOZO does not have yet is refused.\n\n"
        "| Name | Allows a program to | Risk | Service, object, rights | Works |\n"
        "|---|---|---|---|---|\n");
    for (size_t i = 0; i < POLICY_COUNT; i++) {
        enum policy_id id = (enum policy_id)i;
        const struct policy_name *name = policy_name(id);
        plain_phrase(phrase, sizeof phrase, id);
        printf("| `%s%s` | %s | %s | %s, %.*s, %s | %s |\n", name->text, scope_form(name), phrase,
               policy_risk_text(name->risk), policy_service_name(name->service),
               (int)policy_object(id), name->text, rights_text(policy_rights(id)), works(name));
    }
}

static void print_completion(void)
{
    printf("# Completes the names of permissions for ./kozo in bash.\n"
           "_kozo() {\n"
           "    case $3 in\n"
           "    --allow | --deny | permissions) mapfile -t COMPREPLY < <(compgen -W '");
    for (size_t i = 0; i < POLICY_COUNT; i++) {
        printf("%s%s", i == 0 ? "" : " ", policy_name((enum policy_id)i)->text);
    }
    printf("' -- \"$2\") ;;\n"
           "    esac\n"
           "}\n"
           "complete -o default -F _kozo kozo ./kozo\n");
}

// What was given as a name without the scope that it needs is told about as well.
static void tell(enum policy_id id, const struct policy_permission *permission)
{
    const struct policy_name *name = policy_name(id);
    char phrase[POLICY_PHRASE_SIZE];
    if (permission != nullptr) {
        policy_phrase(phrase, sizeof phrase, permission);
    } else {
        plain_phrase(phrase, sizeof phrase, id);
    }
    printf("%s%s\n", name->text, scope_form(name));
    printf("  allows a program to  %s\n", phrase);
    printf("  risk                 %s\n", policy_risk_text(name->risk));
    printf("  stands for           service %s, object %.*s, rights %s\n",
           policy_service_name(name->service), (int)policy_object(id), name->text,
           rights_text(policy_rights(id)));
    printf("  works                %s\n", works(name));
}

static int tell_about(const char *text)
{
    size_t length = strlen(text);
    enum policy_id id = policy_find(text, length);
    struct policy_parsed parsed = policy_parse(text, length);
    if (id != POLICY_COUNT || parsed.fault == POLICY_FAULT_NONE) {
        bool scoped = parsed.fault == POLICY_FAULT_NONE && parsed.permission.scope[0] != '\0';
        tell(scoped ? parsed.permission.id : id, scoped ? &parsed.permission : nullptr);
        return 0;
    }
    char buffer[256];
    struct policy_text complaint = policy_text(buffer, sizeof buffer);
    policy_complain(&complaint, text, length, parsed.fault);
    (void)fprintf(stderr, "kozo: %s\n", buffer);
    return 2;
}

static const struct {
    const char *option;
    void (*show)(void);
} forms[] = {
    {"--names", list_names}, {"--markdown", list_markdown}, {"--completion", print_completion}};

// What is kept between runs, and what runs now. -1: the options are something else.
static int show_kept(int count, char **arguments)
{
    const char *word = arguments[1];
    bool json = count == 3 && strcmp(arguments[2], "--json") == 0;
    if (strcmp(word, "--running") == 0 && count == 2) {
        return running_list();
    }
    if (strcmp(word, "--take-back") == 0 && count == 3) {
        return running_revoke(arguments[2]);
    }
    if (strcmp(word, "--why") == 0 && (count == 3 || count == 4)) {
        return running_why(count == 4 ? arguments[2] : nullptr, arguments[count - 1]);
    }
    if (strcmp(word, "--give") == 0 && count == 5) {
        return running_give(arguments[2], arguments[3], arguments[4]);
    }
    if (strcmp(word, "--revoke") == 0 && count == 3) {
        return kept_revoke(arguments[2]);
    }
    if (strcmp(word, "--record") == 0 && (count == 2 || json)) {
        return kept_record(json);
    }
    if (strcmp(word, "--follow") == 0 && (count == 2 || json)) {
        return kept_follow(json);
    }
    if (strcmp(word, "--decisions") == 0 && count == 2) {
        return kept_list();
    }
    return strcmp(word, "--verify") == 0 && count == 2 ? kept_verify() : -1;
}

int main(int count, char **arguments)
{
    if (count == 1) {
        list();
        return 0;
    }
    for (size_t i = 0; count == 2 && i < sizeof forms / sizeof forms[0]; i++) {
        if (strcmp(arguments[1], forms[i].option) == 0) {
            forms[i].show();
            return 0;
        }
    }
    if (count == 3 && strcmp(arguments[1], "--profile") == 0) {
        return wishes_show(arguments[2]);
    }
    int status = show_kept(count, arguments);
    if (status >= 0) {
        return status;
    }
    if (count == 2 && arguments[1][0] != '-' && arguments[1][0] != '\0') {
        return tell_about(arguments[1]);
    }
    (void)fprintf(stderr, "kozo: unknown option: %s (./kozo permissions --help)\n", arguments[1]);
    return 2;
}
