// SPDX-License-Identifier: MIT
// Numbers of 9P2000.L. A message is its length in four bytes, a type, a tag of two bytes that the
// answer repeats, and fields; the answer's type is one more than the request's.
#pragma once

#include <stddef.h>
#include <stdint.h>

// Types of requests (include/net/9p/9p.h of Linux, and the 9P2000.L description of diod).
enum nine_request : uint8_t {
    NINE_ERROR = 6, // only its answer exists
    NINE_STATFS = 8,
    NINE_OPEN = 12,
    NINE_CREATE = 14,
    NINE_SYMLINK = 16,
    NINE_READLINK = 22,
    NINE_GETATTR = 24,
    NINE_SETATTR = 26,
    NINE_ATTRIBUTE_WALK = 30, // xattrwalk
    NINE_ATTRIBUTE_CREATE = 32,
    NINE_READDIR = 40,
    NINE_FSYNC = 50,
    NINE_LINK = 70,
    NINE_MKDIR = 72,
    NINE_RENAME = 74,
    NINE_UNLINK = 76,
    NINE_VERSION = 100,
    NINE_ATTACH = 104,
    NINE_FLUSH = 108,
    NINE_WALK = 110,
    NINE_READ = 116,
    NINE_WRITE = 118,
    NINE_CLUNK = 120,
    NINE_REQUESTS = 128, // beyond the last
};

constexpr size_t NINE_HEADER = 4 + 1 + 2;            // length, type, tag
constexpr size_t NINE_DATA_HEADER = NINE_HEADER + 4; // of an answer with data: and its count
constexpr size_t NINE_WRITE_HEADER =
    NINE_HEADER + 16;                   // of a request with data: file, offset, count
constexpr size_t NINE_QID = 13;         // kind, version, number of a file
constexpr size_t NINE_NAME_MOST = 255;  // bytes of one part of a path
constexpr unsigned NINE_WALK_MOST = 16; // parts of one walk
constexpr uint16_t NINE_NO_TAG = 0xffff;
constexpr uint32_t NINE_NO_FILE = 0xffff'ffff;
constexpr uint32_t NINE_UNLINK_FOLDER = 0x200; // AT_REMOVEDIR, as Linux sends it

// Flags of xattrcreate: setxattr(2)'s, and one of KOZO's to take an attribute away.
constexpr uint32_t NINE_ATTRIBUTE_NEW = 1;
constexpr uint32_t NINE_ATTRIBUTE_OVER = 2;
constexpr uint32_t NINE_ATTRIBUTE_REMOVE = 0x8000'0000;
constexpr size_t NINE_ATTRIBUTE_MOST = 7'936; // bytes of a value, or of all names with their zeros

// Kinds in a qid.
constexpr uint8_t NINE_FOLDER = 0x80;
constexpr uint8_t NINE_LINKED = 0x02; // a symbolic link

// Bits of setattr's mask.
enum nine_change : uint32_t {
    NINE_CHANGE_MODE = 1 << 0,
    NINE_CHANGE_OWNER = 1 << 1,
    NINE_CHANGE_GROUP = 1 << 2,
    NINE_CHANGE_SIZE = 1 << 3,
    NINE_CHANGE_ACCESSED = 1 << 4,
    NINE_CHANGE_MODIFIED = 1 << 5,
    NINE_CHANGE_ACCESSED_TO = 1 << 7,
    NINE_CHANGE_MODIFIED_TO = 1 << 8,
};

static const char NINE_VERSION_NAME[] = "9P2000.L";

// What KOZO's file server says before any message: whoever meets the stream in the middle finds its
// beginning by it. As a length its first four bytes are more than any message has.
static const char NINE_GREETING[] = "kozo-files 1\n";
