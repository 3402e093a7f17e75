// SPDX-License-Identifier: MIT
// Names and scopes. Each kind of scope has one function that says whether a text is one.
#include "permission.h"

#include <kozo/format.h>
#include <string.h>

constexpr size_t HOST_MOST = 253; // bytes of a host name (RFC 1035, 2.3.4, as text)
constexpr size_t LABEL_MOST = 63;
constexpr size_t NEAR_MOST = 3; // letters that a mistyped name may differ in
constexpr size_t TEXT_MOST = 40;
constexpr size_t SHOWN_MOST = 60; // cells of a text in a complaint

static const struct policy_name names[] = {
#define POLICY_ROW(identifier, name, scope, risk, service, phrase, any)                            \
    {name, POLICY_SCOPE_##scope, POLICY_RISK_##risk, POLICY_SERVICE_##service, phrase, any},
    POLICY_PERMISSIONS(POLICY_ROW)
#undef POLICY_ROW
};

static const struct {
    const char *text;
    uint8_t rights;
} verbs[] = {
#define POLICY_ROW(identifier, text, rights) {text, rights},
    POLICY_VERBS(POLICY_ROW)
#undef POLICY_ROW
};

static const struct {
    const char *text;
    bool there;
} services[] = {
#define POLICY_ROW(identifier, text, there) {text, there},
    POLICY_SERVICES(POLICY_ROW)
#undef POLICY_ROW
};

const struct policy_name *policy_name(enum policy_id id)
{
    return &names[id < POLICY_COUNT ? id : 0];
}

const char *policy_service_name(enum policy_service service)
{
    return services[service].text;
}

bool policy_service_is_there(enum policy_service service)
{
    return services[service].there;
}

uint32_t policy_services(void)
{
    uint32_t there = 0;
    for (size_t i = 0; i < POLICY_SERVICE_COUNT; i++) {
        there |= services[i].there ? 1U << i : 0;
    }
    return there;
}

const char *policy_risk_text(enum policy_risk risk)
{
    static const char *const words[] = {"low", "medium", "high", "total control"};
    return words[risk <= POLICY_RISK_TOTAL ? risk : POLICY_RISK_TOTAL];
}

enum policy_id policy_find(const char *text, size_t length)
{
    for (size_t i = 0; i < POLICY_COUNT; i++) {
        if (strlen(names[i].text) == length && memcmp(names[i].text, text, length) == 0) {
            return (enum policy_id)i;
        }
    }
    return POLICY_COUNT;
}

size_t policy_object(enum policy_id id)
{
    const char *text = policy_name(id)->text;
    return (size_t)(strrchr(text, '.') - text);
}

uint8_t policy_rights(enum policy_id id)
{
    const char *verb = policy_name(id)->text + policy_object(id) + 1;
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        if (strcmp(verb, verbs[i].text) == 0) {
            return verbs[i].rights;
        }
    }
    return 0;
}

// --- Scopes -------------------------------------------------------------------------------------

static bool is_digit(char character)
{
    return character >= '0' && character <= '9';
}

static bool is_host_byte(char character)
{
    return (character >= 'a' && character <= 'z') || is_digit(character) || character == '-';
}

static bool is_path(const char *text, size_t length)
{
    if (text[0] != '/') {
        return false;
    }
    for (size_t start = 1, end = 1; length > 1 && end <= length; end++) {
        if (end < length && text[end] != '/') {
            continue;
        }
        size_t part = end - start;
        bool dots = part <= 2 && memcmp(text + start, "..", part) == 0;
        if (part == 0 || dots) {
            return false;
        }
        start = end + 1;
    }
    return true;
}

static bool is_port(const char *text, size_t length)
{
    unsigned value = 0;
    if (length == 0 || length > 5 || text[0] == '0') {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        if (!is_digit(text[i])) {
            return false;
        }
        value = value * 10 + (unsigned)(text[i] - '0');
    }
    return value <= UINT16_MAX;
}

// Labels of lower-case letters, digits and inner hyphens, between dots.
static bool is_host_name(const char *text, size_t length)
{
    size_t label = 0;
    if (length == 0 || length > HOST_MOST) {
        return false;
    }
    for (size_t i = 0; i <= length; i++) {
        bool end = i == length || text[i] == '.';
        if (end && (label == 0 || label > LABEL_MOST || text[i - 1] == '-')) {
            return false;
        }
        if (!end && (!is_host_byte(text[i]) || (label == 0 && text[i] == '-'))) {
            return false;
        }
        label = end ? 0 : label + 1;
    }
    return true;
}

// An IPv6 address in brackets; which addresses there are the network service knows.
static bool is_bracketed(const char *text, size_t length)
{
    if (length < 4 || text[0] != '[' || text[length - 1] != ']') {
        return false;
    }
    for (size_t i = 1; i + 1 < length; i++) {
        bool letter = text[i] >= 'a' && text[i] <= 'f';
        if (!letter && !is_digit(text[i]) && text[i] != ':' && text[i] != '.') {
            return false;
        }
    }
    return true;
}

static enum policy_fault check_host(const char *text, size_t length)
{
    size_t host = length;
    for (size_t i = length; i > 0 && text[i - 1] != ']'; i--) {
        if (text[i - 1] == ':') {
            host = i - 1;
            break;
        }
    }
    if (!is_host_name(text, host) && !is_bracketed(text, host)) {
        return POLICY_FAULT_HOST;
    }
    bool good = host == length || is_port(text + host + 1, length - host - 1);
    return good ? POLICY_FAULT_NONE : POLICY_FAULT_PORT;
}

static enum policy_fault check_scope(enum policy_scope kind, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f) {
            return POLICY_FAULT_BYTES;
        }
    }
    switch (kind) {
    case POLICY_SCOPE_PATH:
        return is_path(text, length) ? POLICY_FAULT_NONE : POLICY_FAULT_PATH;
    case POLICY_SCOPE_HOST:
        return check_host(text, length);
    case POLICY_SCOPE_PORT:
        return is_port(text, length) ? POLICY_FAULT_NONE : POLICY_FAULT_PORT;
    case POLICY_SCOPE_DEVICE:
        return POLICY_FAULT_NONE;
    case POLICY_SCOPE_NONE:
    default:
        return POLICY_FAULT_NO_SCOPE;
    }
}

static enum policy_fault check(enum policy_id id, bool scoped, const char *scope, size_t length)
{
    const struct policy_name *name = policy_name(id);
    bool needed = name->scope != POLICY_SCOPE_NONE && name->any[0] == '\0';
    if (!scoped) {
        return needed ? POLICY_FAULT_SCOPE_MISSING : POLICY_FAULT_NONE;
    }
    if (name->scope == POLICY_SCOPE_NONE) {
        return POLICY_FAULT_NO_SCOPE;
    }
    if (length == 0) {
        return POLICY_FAULT_SCOPE_MISSING;
    }
    return length < POLICY_SCOPE_SIZE ? check_scope(name->scope, scope, length) : POLICY_FAULT_LONG;
}

struct policy_parsed policy_parse(const char *text, size_t length)
{
    struct policy_parsed parsed = {};
    const char *colon = length > 0 ? memchr(text, ':', length) : nullptr;
    size_t name = colon != nullptr ? (size_t)(colon - text) : length;
    enum policy_id id = policy_find(text, name);
    if (id == POLICY_COUNT) {
        parsed.fault = POLICY_FAULT_UNKNOWN;
        return parsed;
    }
    const char *scope = colon != nullptr ? colon + 1 : text + length;
    size_t size = (size_t)(text + length - scope);
    parsed.fault = check(id, colon != nullptr, scope, size);
    if (parsed.fault == POLICY_FAULT_NONE) {
        parsed.permission.id = id;
        memcpy(parsed.permission.scope, scope, size);
    }
    return parsed;
}

// --- Mistyped names -----------------------------------------------------------------------------

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

// Letters to put in, take out or change to get from one text to the other.
static size_t distance(const char *one, size_t length, const char *other)
{
    size_t row[TEXT_MOST + 1];
    size_t width = strlen(other);
    for (size_t j = 0; j <= width && j <= TEXT_MOST; j++) {
        row[j] = j;
    }
    for (size_t i = 1; i <= length; i++) {
        size_t corner = row[0];
        row[0] = i;
        for (size_t j = 1; j <= width && j <= TEXT_MOST; j++) {
            size_t changed = corner + (one[i - 1] == other[j - 1] ? 0 : 1);
            corner = row[j];
            row[j] = least(changed, 1 + least(row[j], row[j - 1]));
        }
    }
    return row[least(width, TEXT_MOST)];
}

enum policy_id policy_nearest(const char *text, size_t length)
{
    enum policy_id best = POLICY_COUNT;
    size_t nearest = NEAR_MOST + 1;
    for (size_t i = 0; length <= TEXT_MOST && i < POLICY_COUNT; i++) {
        size_t away = distance(text, length, names[i].text);
        if (away < nearest) {
            nearest = away;
            best = (enum policy_id)i;
        }
    }
    return best;
}

// --- Text ---------------------------------------------------------------------------------------

static const char *const faults[] = {
    [POLICY_FAULT_NONE] = "is right",
    [POLICY_FAULT_UNKNOWN] = "is no permission",
    [POLICY_FAULT_SCOPE_MISSING] = "needs a scope behind a colon",
    [POLICY_FAULT_NO_SCOPE] = "takes no scope",
    [POLICY_FAULT_LONG] = "has a scope that is too long",
    [POLICY_FAULT_BYTES] = "has a control character in its scope",
    [POLICY_FAULT_PATH] = "needs a path from / on, without . and .. and // in it",
    [POLICY_FAULT_HOST] = "needs a host name in lower case, or an address in brackets",
    [POLICY_FAULT_PORT] = "needs a port from 1 to 65535",
};

void policy_complain(struct policy_text *to, const char *text, size_t length,
                     enum policy_fault fault)
{
    const char *colon = length > 0 ? memchr(text, ':', length) : nullptr;
    size_t name = colon != nullptr ? (size_t)(colon - text) : length;
    policy_add_shown(to, text, length, SHOWN_MOST);
    policy_add(to, "%s%s", length > 0 ? " " : "an empty name ", faults[fault]);
    if (fault != POLICY_FAULT_UNKNOWN) {
        return;
    }
    enum policy_id nearest = policy_nearest(text, name);
    if (nearest != POLICY_COUNT) {
        policy_add(to, "; did you mean %s?", policy_name(nearest)->text);
    } else {
        policy_add(to, " (./kozo permissions lists all)");
    }
}

void policy_write(char *buffer, size_t size, const struct policy_permission *permission)
{
    const char *colon = permission->scope[0] != '\0' ? ":" : "";
    kozo_format(buffer, size, "%s%s%s", policy_name(permission->id)->text, colon,
                permission->scope);
}

void policy_phrase(char *buffer, size_t size, const struct policy_permission *permission)
{
    const struct policy_name *name = policy_name(permission->id);
    const char *scope = permission->scope[0] != '\0' ? permission->scope : name->any;
    const char *mark = strchr(name->phrase, '%');
    if (mark == nullptr) {
        kozo_format(buffer, size, "%s", name->phrase);
        return;
    }
    kozo_format(buffer, size, "%.*s%s%s", (int)(mark - name->phrase), name->phrase, scope,
                mark + 1);
}
