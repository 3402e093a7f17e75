# SPDX-License-Identifier: MIT
"""Tests of abigen: good input, each mistake with its message, stale copies, and whether compilers
accept what it generates. Usage: abigen.py ABIGEN SOURCE-ROOT."""

import os
import re
import shutil
import subprocess
import sys
import tempfile

from driver.tap import Points

ABIGEN = os.path.abspath(sys.argv[1])
ROOT = os.path.abspath(sys.argv[2])
GOLDEN = os.path.join(ROOT, "abi/golden")
MANUAL = os.path.join(ROOT, "docs/reference/abi.md")
LIBRARY = os.path.join(ROOT, "lib/kozo/include")
TARGETS = ["x86_64-unknown-none-elf", "aarch64-none-elf"]
NAMES = ["kozo/abi.h", "kozo/stubs.h", "kozo/protocol.h", "kozo/operations.h", "abi.inc", "abi.rs",
         "trace.tbl"]

# What every small test file needs around it: seven lines, so that a mistake's line is 7 more.
COMMON = """\
enum Error -
    Errors.
    OK 0  fine
    NO_RIGHT 4  a right is missing
enum ObjectType TYPE
    Types.
    NONE 0  none
    THING 1  a thing
bits Right RIGHT
    Rights.
    READ 0  reading
"""
THING = "object Thing 1\n    A thing.\n"
OPERATION = THING + "operation go 0\n    Goes.\n"
PROTOCOL = "protocol Talk\n    Talks.\n"
REQUEST = PROTOCOL + "request say 1\n    Says.\n"

# Sentence, text, line of the mistake in it, message. The text stands behind COMMON.
MISTAKES = [
    ("an unknown keyword", "objct Thing 1\n", 1, "unknown keyword `objct`"),
    ("a debug block that is no operation", THING + "debug request go 0\n", 3,
     "expected `debug operation`"),
    ("a tab", "constant A 1\n\tWhy.\n", 2, "tab; use spaces"),
    ("white space at the end of a line", "constant A 1 \n    Why.\n", 1,
     "white space at the end of the line"),
    ("a character beyond ASCII", "constant A 1\n    Caf\u00e9.\n", 2,
     "character 0xc3; only plain ASCII text is allowed"),
    ("a control character", "constant A 1\n    Why\x1b.\n", 2,
     "character 0x1b; only plain ASCII text is allowed"),
    ("a zero byte", "constant A 1\n    Why\0.\n", 2,
     "character 0x00; only plain ASCII text is allowed"),
    ("indentation that is neither 4 nor 8", "constant A 1\n   Why.\n", 2,
     "indented by 3; a line of a block is indented by 4, its continuation by 8 or more"),
    ("a continuation of nothing", "constant A 1\n        Why.\n", 2,
     "a continuation without a field before it"),
    ("a block without prose", "constant A 1\n", 1, "`A` has no prose"),
    ("prose without a full stop", "constant A 1\n    Why\n", 1,
     "the prose of `A` does not end with a full stop"),
    ("a constant without a number", "constant A b\n    Why.\n", 1, "expected `constant NAME number`"),
    ("a constant that is too large", "constant A 99999999999999999999\n    Why.\n", 1,
     "expected `constant NAME number`"),
    ("a constant with a small name", "constant a 1\n    Why.\n", 1, "expected `constant NAME number`"),
    ("a constant that stands twice", "constant A 1\n    Why.\nconstant A 2\n    Why.\n", 3,
     "the name A is taken by line 12 of case.abi"),
    ("an enum with a bad name", "enum x_y\n    Why.\n", 1,
     "expected `enum Name`, `enum Name PREFIX` or `enum Name -`"),
    ("an enum without members", "enum Some\n    Why.\n", 1, "`Some` has no members"),
    ("a member without a description", "enum Some\n    Why.\n    A 1\n", 3,
     "member `A` has no description"),
    ("a member without a number", "enum Some\n    Why.\n    A 1  a\n    B  b\n", 4,
     "expected `NAME number` and a description"),
    ("a member's number that is taken", "enum Some\n    Why.\n    A 1  a\n    B 1  b\n", 4,
     "number 1 is taken by A"),
    ("a member that stands twice", "enum Some\n    Why.\n    A 1  a\n    A 2  b\n", 4,
     "there is a `A` already"),
    ("a bit that does not fit", "bits Some\n    Why.\n    A 32  a\n", 3, "number 32 is above 31"),
    ("two members that get the same name in C",
     "enum Some X\n    Why.\n    A 1  a\nenum Other X\n    Why.\n    A 1  a\n", 6,
     "the name X_A is taken by line 14 of case.abi"),
    ("an unknown type", "struct Some\n    Why.\n    a u65  a\n", 3, "unknown type `u65`"),
    ("a type with a broken bracket", "struct Some\n    Why.\n    a u8[4  a\n", 3, "`u8[4` is no type"),
    ("an array of nothing", "struct Some\n    Why.\n    a u8[0]  a\n", 3,
     "`0` is no number of elements"),
    ("a handle in a struct", THING + "struct Some\n    Why.\n    a Thing  a\n", 5,
     "`Thing` can't stand in a struct"),
    ("a struct that holds itself", "struct Some\n    Why.\n    a Some\n", 3,
     "`Some` is not defined before this"),
    ("a struct with a gap", "struct Some\n    Why.\n    a u8  a\n    b u32  b\n", 4,
     "`b` would lie at 1, which is no multiple of 4"),
    ("a struct with a gap at its end", "struct Some\n    Why.\n    a u32  a\n    b u8  b\n", 1,
     "the size of `Some`, 5, is no multiple of 4"),
    ("a field that stands twice", "struct Some\n    Why.\n    a u8  a\n    a u8  b\n", 4,
     "there is a `a` already"),
    ("a field without a description", "struct Some\n    Why.\n    a u8\n", 3,
     "field `a` has no description"),
    ("an object without a number", "object Thing\n    Why.\n", 1, "expected `object Name number`"),
    ("an object whose number is not its type's", "object Thing 2\n    Why.\n", 1,
     "number 2 of `Thing` is not that of ObjectType"),
    ("an object that stands twice", THING + THING, 3, "object number 1 is taken by Thing"),
    ("an unknown kind of handle", THING + "    handle: Place\n", 3,
     "a handle is `Slot` or `none`, not `Place`"),
    ("an operation of no object", "operation go 0\n    Goes.\n", 1,
     "operation `go` belongs to no object"),
    ("an operation with a capital letter", THING + "operation Go 0\n    Goes.\n", 3,
     "expected `operation name number`"),
    ("an operation number above 15", THING + "operation go 16\n    Goes.\n", 3,
     "operation number 16 is above 15"),
    ("an operation number that is taken", OPERATION + "operation run 0\n    Runs.\n", 5,
     "operation number 0 is taken by go"),
    ("an operation that stands twice", OPERATION + "operation go 1\n    Goes.\n", 5,
     "the name thing_go is taken by line 14 of case.abi"),
    ("an unknown field", OPERATION + "    uses: READ\n", 5, "unknown field `uses:`"),
    ("a field of another kind of block", OPERATION + "    caps: 1  one\n", 5,
     "`caps:` has no place in this block"),
    ("a field in a constant", "constant A 1\n    Why.\n    in: a u64  a\n", 3,
     "`in:` has no place in this block"),
    ("prose after the fields", OPERATION + "    needs: READ\n    More.\n", 6,
     "prose stands before the fields, or this line is indented too little"),
    ("an argument without a type", OPERATION + "    in: a\n", 5,
     "expected a name, a type and a description"),
    ("an argument without a description", OPERATION + "    in: a u64\n", 5,
     "argument `a` has no description"),
    ("an argument that stands twice", OPERATION + "    in: a u64  a\n    in: a u64  b\n", 6,
     "there is a `a` already"),
    ("an argument of an unknown type", OPERATION + "    in: a Nothing  a\n", 5,
     "unknown type `Nothing`"),
    ("an argument that fits no register", OPERATION + "    in: a text  a\n", 5,
     "`text` can't travel in a register"),
    ("ten arguments", OPERATION + "".join(f"    in: a{i} u64  a\n" for i in range(10)), 14,
     "too many arguments, at most 9"),
    ("an array of eight words", OPERATION + "    in: a u64[8]  a\n", 5,
     "an array is of u64, at most 7, stands last, and after at most two others"),
    ("an array that is not last", OPERATION + "    in: a u64[2]  a\n    in: b u64  b\n", 5,
     "an array is of u64, at most 7, stands last, and after at most two others"),
    ("an unknown right", OPERATION + "    needs: FLY\n    error: NO_RIGHT no\n", 5,
     "unknown right `FLY`"),
    ("a right without its error", OPERATION + "    needs: READ\n", 3,
     "`go` needs a right but does not list NO_RIGHT"),
    ("an unknown error", OPERATION + "    error: BROKEN it is\n", 5, "unknown error `BROKEN`"),
    ("success as an error", OPERATION + "    error: OK it is\n", 5, "unknown error `OK`"),
    ("an error without a cause", OPERATION + "    error: NO_RIGHT\n", 5, "error NO_RIGHT has no cause"),
    ("an error that stands twice", OPERATION + "    error: NO_RIGHT a\n    error: NO_RIGHT b\n", 6,
     "error NO_RIGHT is listed already"),
    ("two audit events", OPERATION + "    audit: a\n    audit: b\n", 6,
     "there is a `audit:` already"),
    ("a message beside arguments", OPERATION + "    message\n    in: a u64  a\n", 3,
     "`go` has a message, which leaves no register for arguments"),
    ("an answer without a message", OPERATION + "    answer\n", 3,
     "`go` has an answer, so it has a message and no `receive`"),
    ("`message` twice", OPERATION + "    message\n    message\n", 6, "this line stands here already"),
    ("a right on a slot",
     THING + "    handle: Slot\noperation go 0\n    Goes.\n    needs: READ\n"
     "    error: NO_RIGHT no\n", 4, "`go` acts on a slot, so it can't need a right"),
    ("a protocol without requests", PROTOCOL, 1, "`Talk` has no requests"),
    ("a request of no protocol", "request say 1\n    Says.\n", 1,
     "request `say` belongs to no protocol"),
    ("a request with number 0", PROTOCOL + "request say 0\n    Says.\n", 3,
     "request number 0 is not in 1 to 4294967295"),
    ("a request number that is taken", REQUEST + "request tell 1\n    Tells.\n", 5,
     "request number 1 is taken by say"),
    ("a text that is not last", REQUEST + "    in: a text  a\n    in: b u64  b\n", 5,
     "a text stands last"),
    ("a handle in a message", THING + REQUEST + "    in: a Thing  a\n", 7,
     "`Thing` can't travel in a message"),
    ("eight values in a message", REQUEST + "".join(f"    in: a{i} u64  a\n" for i in range(8)), 12,
     "more than 7 values in a message"),
    ("an argument and a result of one name", REQUEST + "    in: a u64  a\n    out: a u64  a\n", 6,
     "`a` is an argument already"),
    ("no capability", REQUEST + "    caps: 0  none\n", 5,
     "too many capabilities for a message, or none"),
    ("a protocol with the name of an object", THING + "protocol Thing\n    Talks.\nrequest a 1\n    A.\n",
     3, "the name thing is taken by line 12 of case.abi"),
]

points = Points()


def run(*words, folder=None):
    return subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=60, check=False)


def succeed(*words, folder=None):
    ended = run(*words, folder=folder)
    assert ended.returncode == 0, f"{' '.join(words)}\n{ended.stdout}{ended.stderr}"
    return ended.stdout


def inputs(root):
    found = ["abi/types.abi"]
    for folder in ["abi/object", "abi/proto"]:
        found += [f"{folder}/{name}" for name in sorted(os.listdir(os.path.join(root, folder)))
                  if name.endswith(".abi")]
    return found


def read(path):
    with open(path, "rb") as stream:
        return stream.read()


def check_mistake(text, line, message):
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "case.abi"), "w", encoding="utf-8") as stream:
            stream.write(COMMON + text)
        ended = run(ABIGEN, "--out", "out", "case.abi", folder=folder)
        wanted = f"case.abi:{line + COMMON.count(chr(10))}: {message}"
        assert wanted in ended.stderr.splitlines(), f"wanted {wanted}\n{ended.stderr}"
        assert ended.returncode == 1, f"exit status {ended.returncode}"
        assert not os.path.exists(os.path.join(folder, "out")), "something was written"


def check_good():
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "case.abi"), "w", encoding="utf-8") as stream:
            stream.write(COMMON + OPERATION + REQUEST)
        succeed(ABIGEN, "--out", "out", "case.abi", folder=folder)


def check_fresh():
    succeed(ABIGEN, "--check", "abi/golden", "--docs", "docs/reference/abi.md", *inputs(ROOT), folder=ROOT)


def copy_golden(folder):
    golden = os.path.join(folder, "abi/golden")
    shutil.copytree(GOLDEN, golden)
    return golden


def check_stale(damage, name):
    with tempfile.TemporaryDirectory() as folder:
        golden = copy_golden(folder)
        damage(os.path.join(golden, name))
        ended = run(ABIGEN, "--check", golden, *inputs(ROOT), folder=ROOT)
        assert ended.returncode == 1, f"exit status {ended.returncode}"
        wanted = f"abi/golden/{name} is stale: run ./kozo build --update-abi\n"
        assert ended.stderr == wanted, ended.stderr


def append_blank(path):
    with open(path, "a", encoding="utf-8") as stream:
        stream.write("\n")


def check_deterministic():
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(os.path.join(ROOT, "abi"), os.path.join(folder, "abi"))
        succeed(ABIGEN, "--out", "new", "--docs", "new/abi.md", *reversed(inputs(ROOT)), folder=folder)
        for name in NAMES:
            assert read(os.path.join(folder, "new", name)) == read(os.path.join(GOLDEN, name)), name
        assert read(os.path.join(folder, "new/abi.md")) == read(MANUAL), "abi.md"


def check_untouched():
    with tempfile.TemporaryDirectory() as folder:
        golden = copy_golden(folder)
        before = {name: os.stat(os.path.join(golden, name)).st_mtime_ns for name in NAMES}
        succeed(ABIGEN, "--out", golden, *inputs(ROOT), folder=ROOT)
        after = {name: os.stat(os.path.join(golden, name)).st_mtime_ns for name in NAMES}
        assert before == after


def check_usage(words, message):
    ended = run(ABIGEN, *words)
    assert ended.returncode == 2, f"exit status {ended.returncode}"
    assert ended.stderr == f"abigen: {message}; see abigen --help\n", ended.stderr


def compile_c(target, source, *more):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "try.c")
        with open(path, "w", encoding="utf-8") as stream:
            stream.write(source)
        product = os.path.join(folder, "try.o")
        succeed("clang-19", *target, "-std=c23", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-Wconversion",
                "-Wshadow", "-Wundef", "-ffreestanding", "-fomit-frame-pointer", "-I", GOLDEN, "-I", LIBRARY,
                *more, "-c", path, "-o", product)
        return succeed("llvm-objdump-19", "-d", "--no-show-raw-insn", product)


ALL_HEADERS = "".join(f"#include <{name}>\n" for name in NAMES if name.endswith(".h"))


def use_every_stub():
    """C that takes the address of each generated function, so that each body is compiled."""
    found = []
    for name in ["kozo/stubs.h", "kozo/protocol.h"]:
        text = read(os.path.join(GOLDEN, name)).decode()
        found += re.findall(r"^(?:static inline [^(]*?)?\b(kozo_\w+)\([^;]*?\)\n\{", text, re.MULTILINE)
    assert len(found) > 60, found
    table = "".join(f"    (function *){name},\n" for name in dict.fromkeys(found))
    return f"{ALL_HEADERS}typedef void function(void);\nfunction *const all[] = {{\n{table}}};\n"


def instructions(listing, function):
    body = listing.split(f"<{function}>:")[1].split("\n\n")[0]
    return [line.split(":", 1)[1].split("#")[0].split() for line in body.splitlines() if ":" in line]


def check_short_stubs():
    source = f"""{ALL_HEADERS}
enum kozo_error null(void) {{ return kozo_kernel_null(); }}
uint64_t poll(struct kozo_notification object) {{ return kozo_notification_poll(object).bits; }}
enum kozo_error copy(struct kozo_slot from, struct kozo_slot to) {{ return kozo_cnode_copy(from, to); }}
"""
    listing = compile_c([f"--target={TARGETS[0]}"], source, "-O2")
    for function, most in [("null", 3), ("poll", 4), ("copy", 3)]:
        found = [words for words in instructions(listing, function) if words[0][:3] != "nop"]
        assert len(found) <= most, f"{function}: {found}"


def check_table():
    source = f"""{ALL_HEADERS}
#define ENTRY(number, object, operation, type, rights, debug, audited) \\
    [number] = {{type, rights, debug, #object "." #operation}},
static const struct {{ enum kozo_object_type type; enum kozo_right rights; bool debug; const char *name; }}
    TABLE[] = {{KOZO_OPERATIONS(ENTRY)}};
static_assert(sizeof TABLE / sizeof TABLE[0] > KOZO_OP_SCHED_CONTROL_CONFIGURE);
const char *name(enum kozo_operation operation) {{ return TABLE[operation].name; }}
"""
    compile_c([f"--target={TARGETS[0]}"], source)


def check_assembler():
    for target in TARGETS:
        for text, language in [('.include "abi.inc"\n', "assembler"),
                               ("#include <abi.inc>\n", "assembler-with-cpp")]:
            with tempfile.TemporaryDirectory() as folder:
                path = os.path.join(folder, "try.S")
                with open(path, "w", encoding="utf-8") as stream:
                    stream.write(text + ".quad KOZO_OP_CNODE_COPY, KOZO_OFFSET_IPC_BUFFER_CAPS\n")
                succeed("clang-19", f"--target={target}", "-Wall", "-Werror", "-I", GOLDEN, "-x", language,
                        "-c", path, "-o", os.path.join(folder, "try.o"))


def check_rust():
    with tempfile.TemporaryDirectory() as folder:
        succeed("rustc", "--crate-type", "lib", "--crate-name", "abi", "-D", "warnings", "--out-dir", folder,
                os.path.join(GOLDEN, "abi.rs"))


def skip(sentence, reason):
    points.count += 1
    print(f"ok {points.count} - {sentence} # SKIP {reason}")


def main():
    with points("the smallest good input is accepted"):
        check_good()
    with points("the golden copies are fresh"):
        check_fresh()
    with points("the output depends neither on the order of the files nor on where they lie"):
        check_deterministic()
    with points("a file that is right already is not written again"):
        check_untouched()
    for target in [[], *([f"--target={target}"] for target in TARGETS)]:
        for level in ["-O0", "-O2"]:
            with points(f"all headers compile, {target[0][9:] if target else 'host'}, {level}"):
                compile_c(target, use_every_stub(), level)
    with points("a stub costs no instruction that the call does not need"):
        check_short_stubs()
    with points("the kernel's table can be built from operations.h"):
        check_table()
    with points("abi.inc assembles for every target"):
        check_assembler()
    if shutil.which("rustc"):
        with points("abi.rs compiles"):
            check_rust()
    else:
        skip("abi.rs compiles", "there is no rustc")
    if shutil.which("clang-format-19"):
        with points("the headers are formatted"):
            succeed("clang-format-19", "--dry-run", "-Werror",
                    *(os.path.join(GOLDEN, name) for name in NAMES if name.endswith(".h")))
    else:
        skip("the headers are formatted", "there is no clang-format-19")

    for name in NAMES:
        with points(f"a change in {name} is found"):
            check_stale(append_blank, name)
    with points("a missing golden copy is found"):
        check_stale(os.remove, "trace.tbl")
    for words, message in [
        ([], "give one of --out and --check"),
        (["--out", "x", "--check", "y", "a.abi"], "give one of --out and --check"),
        (["--out", "x"], "no input file"),
        (["--out"], "--out needs a value"),
        (["--what"], "unknown option --what"),
        (["--out", "x", "--only", "y", "a.abi"], "no such group: y"),
    ]:
        with points(f"`abigen {' '.join(words)}` is refused"):
            check_usage(words, message)
    with points("a file that is not there is refused"):
        ended = run(ABIGEN, "--out", "x", "nosuch.abi")
        assert ended.returncode == 1 and "nosuch.abi:0: can't be read" in ended.stderr, ended.stderr
    for sentence, text, line, message in MISTAKES:
        with points(f"{sentence} is refused"):
            check_mistake(text, line, message)
    points.finish()


main()
