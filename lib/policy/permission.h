// SPDX-License-Identifier: MIT
// A permission: a name of the list in table.h and, where it has one, a scope. It is parsed once, from
// what a person or a program wrote, and is exact from then on: equal permissions are equal in every
// byte, and a scope that could be read in two ways is refused.
#pragma once

#include <stddef.h>
#include <stdint.h>

constexpr size_t POLICY_SCOPE_SIZE = 512; // bytes of a scope with its final zero
constexpr size_t POLICY_NAME_SIZE = POLICY_SCOPE_SIZE + 32;
constexpr size_t POLICY_PHRASE_SIZE = POLICY_SCOPE_SIZE + 80;

enum policy_right : uint8_t {
    POLICY_READ = 1 << 0,
    POLICY_WRITE = 1 << 1,
};

enum policy_risk : uint8_t {
    POLICY_RISK_LOW,
    POLICY_RISK_MEDIUM,
    POLICY_RISK_HIGH,
    POLICY_RISK_TOTAL, // equal to control over everything
};

enum policy_scope : uint8_t {
    POLICY_SCOPE_NONE,
    POLICY_SCOPE_PATH,   // an absolute path without ".", ".." and empty parts
    POLICY_SCOPE_HOST,   // host, or host:port
    POLICY_SCOPE_PORT,   // 1 to 65535
    POLICY_SCOPE_DEVICE, // the name of a device
};

#include "table.h"
#include "text.h"

enum policy_service : uint8_t {
#define POLICY_ENUMERATE(identifier, name, there) POLICY_SERVICE_##identifier,
    POLICY_SERVICES(POLICY_ENUMERATE)
#undef POLICY_ENUMERATE
        POLICY_SERVICE_COUNT,
};

enum policy_id : uint16_t {
#define POLICY_ENUMERATE(identifier, name, scope, risk, service, phrase, any) POLICY_##identifier,
    POLICY_PERMISSIONS(POLICY_ENUMERATE)
#undef POLICY_ENUMERATE
        POLICY_COUNT,
};

// One row of the list.
struct policy_name {
    const char *text;
    enum policy_scope scope;
    enum policy_risk risk;
    enum policy_service service;
    const char *phrase;
    const char *any; // said when there is no scope; empty when there must be one
};

struct policy_permission {
    enum policy_id id;
    char scope[POLICY_SCOPE_SIZE]; // empty for none; zeros behind its end
};

enum policy_fault : uint8_t {
    POLICY_FAULT_NONE,
    POLICY_FAULT_UNKNOWN,       // there is no such name
    POLICY_FAULT_SCOPE_MISSING, // the name needs a scope
    POLICY_FAULT_NO_SCOPE,      // the name takes none
    POLICY_FAULT_LONG,
    POLICY_FAULT_BYTES, // a control character
    POLICY_FAULT_PATH,
    POLICY_FAULT_HOST,
    POLICY_FAULT_PORT,
};

struct policy_parsed {
    enum policy_fault fault;
    struct policy_permission permission;
};

// The row of a name.
[[nodiscard]] const struct policy_name *policy_name(enum policy_id id);

// The row with this text; POLICY_COUNT when there is none.
[[nodiscard]] enum policy_id policy_find(const char *text, size_t length);

[[nodiscard]] struct policy_parsed policy_parse(const char *text, size_t length);

// One sentence on what is wrong with a text that was refused: who wrote it may be hostile.
void policy_complain(struct policy_text *to, const char *text, size_t length,
                     enum policy_fault fault);

// The name whose text is nearest to this one, for "did you mean"; POLICY_COUNT when none is near.
[[nodiscard]] enum policy_id policy_nearest(const char *text, size_t length);

// The permission as it is written, with its scope.
void policy_write(char *buffer, size_t size, const struct policy_permission *permission);

// What it allows, in words: "read /etc/passwd". The scope is as it was given: escape it to show it.
void policy_phrase(char *buffer, size_t size, const struct policy_permission *permission);

[[nodiscard]] uint8_t policy_rights(enum policy_id id); // of enum policy_right

// The object at the service: the name without its verb. Gives how many bytes of the name that is.
[[nodiscard]] size_t policy_object(enum policy_id id);

[[nodiscard]] const char *policy_service_name(enum policy_service service);
[[nodiscard]] bool policy_service_is_there(enum policy_service service);
[[nodiscard]] uint32_t policy_services(void); // a bit for each that is there
[[nodiscard]] const char *policy_risk_text(enum policy_risk risk);
