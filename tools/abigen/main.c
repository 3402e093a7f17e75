// SPDX-License-Identifier: MIT
//
// abigen: reads the .abi files and writes, or compares, everything that is generated from them.
// The command line is described in README.md.
#include "check.h"
#include "emit.h"
#include "output.h"
#include "parse.h"
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct model model;

// What to generate. `group` names the sets that --only chooses from.
static const struct {
    const char *group;
    const char *name;
    void (*emit)(struct text *text, const struct model *model);
} OUTPUTS[] = {
    {"headers", "kozo/abi.h", emit_abi_h},
    {"headers", "kozo/stubs.h", emit_stubs_h},
    {"headers", "kozo/protocol.h", emit_protocol_h},
    {"headers", "kozo/operations.h", emit_operations_h},
    {"tables", "abi.inc", emit_abi_inc},
    {"tables", "abi.rs", emit_abi_rs},
    {"tables", "trace.tbl", emit_trace_tbl},
};

struct options {
    const char *out;   // folder to write to, or nullptr
    const char *check; // folder to compare with, or nullptr
    const char *docs;  // the manual, or nullptr
    const char *only;  // a group, or nullptr for all
    const char **inputs;
    size_t input_count;
};

static void print_usage(FILE *stream)
{
    (void)fputs("usage: abigen --out DIR [--docs FILE] [--only headers|tables] FILE.abi…\n"
                "       abigen --check DIR [--docs FILE] FILE.abi…\n\n"
                "Generates what both sides of the kernel boundary share from its definitions.\n"
                "  --out DIR      write the generated files into this folder\n"
                "  --check DIR    compare them with this folder; exit status 1 when they differ\n"
                "  --docs FILE    write, or compare, the reference manual too\n"
                "  --only GROUP   write kozo/*.h (headers) or the other files (tables) only\n",
                stream);
}

[[noreturn]]
static void refuse(const char *message)
{
    (void)fprintf(stderr, "abigen: %s; see abigen --help\n", message);
    exit(2);
}

static struct options parse_options(int count, char **words)
{
    struct options options = {
        .inputs = (const char **)reserve((size_t)count * sizeof(char *)),
    };
    const struct {
        const char *name;
        const char **value;
    } known[] = {
        {"--out", &options.out},
        {"--check", &options.check},
        {"--docs", &options.docs},
        {"--only", &options.only},
    };
    for (int i = 1; i < count; i++) {
        const char *word = words[i];
        if (strcmp(word, "--help") == 0) {
            print_usage(stdout);
            exit(0);
        }
        const char **value = nullptr;
        for (size_t j = 0; j < sizeof known / sizeof known[0]; j++) {
            if (strcmp(word, known[j].name) == 0) {
                value = known[j].value;
            }
        }
        if (value == nullptr && word[0] == '-') {
            refuse(format("unknown option %s", word));
        } else if (value == nullptr) {
            options.inputs[options.input_count++] = word;
        } else if (i + 1 == count) {
            refuse(format("%s needs a value", word));
        } else {
            *value = words[++i];
        }
    }
    if ((options.out == nullptr) == (options.check == nullptr)) {
        refuse("give one of --out and --check");
    }
    if (options.only != nullptr && strcmp(options.only, "headers") != 0 &&
        strcmp(options.only, "tables") != 0) {
        refuse(format("no such group: %s", options.only));
    }
    if (options.input_count == 0) {
        refuse("no input file");
    }
    return options;
}

// The order of files: shallow ones first, so that what all share comes before the rest.
static int by_depth_and_name(const void *left, const void *right)
{
    const char *a = project_path(*(const char *const *)left);
    const char *b = project_path(*(const char *const *)right);
    size_t slashes_a = 0;
    size_t slashes_b = 0;
    for (const char *at = a; *at != '\0'; at++) {
        slashes_a += *at == '/';
    }
    for (const char *at = b; *at != '\0'; at++) {
        slashes_b += *at == '/';
    }
    if (slashes_a != slashes_b) {
        return slashes_a < slashes_b ? -1 : 1;
    }
    return strcmp(a, b);
}

static bool deliver(const struct options *options, const char *path, const struct text *text)
{
    return options->check != nullptr ? output_compare(path, text) : output_write(path, text);
}

int main(int count, char **words)
{
    struct options options = parse_options(count, words);
    qsort((void *)options.inputs, options.input_count, sizeof options.inputs[0], by_depth_and_name);
    for (size_t i = 0; i < options.input_count; i++) {
        parse_file(&model, options.inputs[i], project_path(options.inputs[i]));
    }
    if (mistakes() == 0) {
        check_model(&model);
    }
    if (mistakes() > 0) {
        return 1;
    }
    const char *folder = options.check != nullptr ? options.check : options.out;
    bool fine = true;
    for (size_t i = 0; i < sizeof OUTPUTS / sizeof OUTPUTS[0]; i++) {
        if (options.only != nullptr && strcmp(options.only, OUTPUTS[i].group) != 0) {
            continue;
        }
        struct text text = {};
        OUTPUTS[i].emit(&text, &model);
        fine = deliver(&options, format("%s/%s", folder, OUTPUTS[i].name), &text) && fine;
    }
    if (options.docs != nullptr) {
        struct text text = {};
        emit_manual(&text, &model);
        fine = deliver(&options, options.docs, &text) && fine;
    }
    return fine ? 0 : 1;
}
