// SPDX-License-Identifier: MIT
//
// What the .abi files say, as data. The parser fills the model in, the checks complete it (types,
// registers, offsets), and the emitters only read it. There is one model, of fixed capacity; every
// pointer in it stays valid until the program ends.
#pragma once

#include <stddef.h>
#include <stdint.h>

// Capacities. A file that needs more gets an error message, and this is the place to change.
constexpr size_t MAX_CONSTANTS = 128;
constexpr size_t MAX_ENUMS = 64;
constexpr size_t MAX_MEMBERS = 128;
constexpr size_t MAX_STRUCTS = 64;
constexpr size_t MAX_FIELDS = 64;
constexpr size_t MAX_OBJECTS = 64;
constexpr size_t MAX_OPERATIONS = 16; // fixed by the operation number: object * 16 + operation
constexpr size_t MAX_PROTOCOLS = 64;
constexpr size_t MAX_REQUESTS = 64;
constexpr size_t MAX_ARGUMENTS = 9; // the registers a0 to a8
constexpr size_t MAX_ERRORS = 16;
constexpr int RING_WORDS = 6;        // words of a message in an entry of a session's ring
constexpr int COMMON_REQUESTS = 240; // from here on: requests that every protocol has
constexpr size_t MAX_RIGHTS = 8;

// Where something was said.
struct where {
    const char *path; // as given on the command line
    const char *file; // the same from the project's root: abi/object/thread.abi
    int line;
};

// A line of text that belongs to something, with the something's place.
struct named {
    const char *name;
    const char *prose;
    struct where where;
};

enum kind {
    KIND_UNKNOWN,
    KIND_UNSIGNED, // u8, u16, u32, u64
    KIND_BOOL,
    KIND_TEXT, // protocols only
    KIND_SLOT,
    KIND_ENUM,
    KIND_STRUCT,
    KIND_OBJECT, // a handle
};

struct type {
    enum kind kind;
    const char *name;     // as written, without the brackets
    const char *count_of; // what stands in the brackets, or nullptr
    uint64_t count;       // elements, 0 when it isn't an array
    uint64_t size;        // bytes of one element in a struct, 0 when it can't stand there
    const struct enumeration *enumeration;
    const struct structure *structure;
};

// An argument, a result, or a field of a struct.
struct field {
    struct named named;
    struct type type;
    uint64_t place; // argument: first register; struct: offset in bytes; protocol: first word
};

struct constant {
    struct named named;
    uint64_t value;
};

struct member {
    struct named named;
    uint64_t value; // the number in the file: for bits, the bit
};

struct enumeration {
    struct named named;
    bool bits;
    const char *prefix; // what stands before the members: "TYPE_", or ""
    struct member members[MAX_MEMBERS];
    size_t member_count;
};

struct structure {
    struct named named;
    struct field fields[MAX_FIELDS];
    size_t field_count;
    uint64_t size;
    uint64_t alignment;
};

// What happens to messages in an operation.
enum traffic {
    TRAFFIC_SENDS = 1,    // `message`: the words and the info word are arguments
    TRAFFIC_RECEIVES = 2, // `receive`: takes a Reply, and the words and info word are results
    TRAFFIC_ANSWERED = 4, // `answer`: the words and info word are results too
};

struct operation {
    struct named named;
    uint64_t number; // within its object
    uint64_t code;   // object number * 16 + number
    bool debug;
    unsigned traffic;
    struct field in[MAX_ARGUMENTS];
    size_t in_count;
    struct field out[MAX_ARGUMENTS];
    size_t out_count;
    size_t registers; // argument registers a0 … that go in or come out
    struct named needs[MAX_RIGHTS];
    size_t need_count;
    uint64_t rights; // the mask of `needs`
    struct named errors[MAX_ERRORS];
    size_t error_count;
    struct named audit; // name nullptr: none
};

// What the handle of an object's operations means.
enum handle {
    HANDLE_CAPABILITY, // a capability for this type of object
    HANDLE_SLOT,       // a slot, whatever it holds
    HANDLE_NONE,       // the operations take no handle
};

struct object {
    struct named named;
    uint64_t number;
    enum handle handle;
    struct named handle_field; // name nullptr: not given
    struct operation operations[MAX_OPERATIONS];
    size_t operation_count;
};

struct request {
    struct named named;
    uint64_t number;
    struct field in[MAX_ARGUMENTS];
    size_t in_count;
    struct field out[MAX_ARGUMENTS];
    size_t out_count;
    uint64_t caps; // capabilities that travel with the request
    struct named caps_field;
    bool waits; // may be answered later, see embed/protocol.h
};

struct protocol {
    struct named named;
    struct request requests[MAX_REQUESTS];
    size_t request_count;
};

struct model {
    struct constant constants[MAX_CONSTANTS];
    size_t constant_count;
    struct enumeration enums[MAX_ENUMS];
    size_t enum_count;
    struct structure structs[MAX_STRUCTS];
    size_t struct_count;
    struct object objects[MAX_OBJECTS];
    size_t object_count;
    struct protocol protocols[MAX_PROTOCOLS];
    size_t protocol_count;
};

// Look-ups by the name as written; nullptr when there is none.
[[nodiscard]] const struct constant *find_constant(const struct model *model, const char *name);
[[nodiscard]] const struct enumeration *find_enum(const struct model *model, const char *name);
[[nodiscard]] const struct structure *find_struct(const struct model *model, const char *name);
[[nodiscard]] const struct object *find_object(const struct model *model, const char *name);
[[nodiscard]] const struct member *find_member(const struct enumeration *enumeration,
                                               const char *name);

// Whether the file is one of protocols; what it defines goes to the user side only.
[[nodiscard]] bool from_protocol(const struct where *where);

// The value of a member: 1 << n for bits.
[[nodiscard]] uint64_t member_value(const struct enumeration *enumeration,
                                    const struct member *member);

// Says what is wrong, as `file:line: …` on standard error, and counts it.
[[gnu::format(printf, 2, 3)]] void mistake(const struct where *where, const char *format, ...);

// How many mistakes were found so far.
[[nodiscard]] size_t mistakes(void);
