# SPDX-License-Identifier: MIT
"""Linux programs: the same binaries on Linux and on KOZO, and whether both say the same.

Each file in tests/linux is a family of sentences about what Linux promises: an ordinary program,
compiled by this machine's compiler."""

from driver import tap
from driver.kozo import run
from driver.suite import Result, check, expect, expect_equal, source

order = 59

SECONDS = 240
FOLDER = "tests/linux"
SHARED = ("calls.c", "test.c")  # what families have in common


def families(kozo):
    return sorted(path for path in (kozo.root / FOLDER).glob("*.c") if path.name not in SHARED)


def compiled(kozo, path):
    """The program of a family, in a folder that nothing else is in."""
    folder = kozo.folder / "linux"
    folder.mkdir(exist_ok=True)
    program = folder / path.stem
    sources = [path, *(path.parent / name for name in SHARED)]
    ended = run(["cc", "-O1", "-static", "-pthread", "-o", program, *sources])
    expect_equal(ended.status, 0, f"the compiler's status for {path.name}", ended.told)
    return program


def on_kozo(kozo, program, *arguments, options=(), **how):
    return kozo.launch(
        "run", "--timeout", str(SECONDS), "--share", program.parent, *options,
        "--", program, *arguments,
        timeout=SECONDS + 60, **how
    )


@source
def what_linux_promises(kozo):
    """Each sentence has to hold on Linux first: one that does not is a fault of the test."""
    for path in families(kozo):
        program = compiled(kozo, path)
        expected = {result.sentence: result for result in tap.judge(run([program], timeout=SECONDS))}
        seen = set()
        for result in tap.parse(on_kozo(kozo, program).out):
            seen.add(result.sentence)
            linux = expected.get(result.sentence)
            if linux is not None and linux.verdict == "failed":
                result = Result(result.sentence, "failed", f"on Linux: {linux.detail}")
            yield Result(f"{path.stem}: {result.sentence}", result.verdict, result.detail)
        for sentence in expected.keys() - seen:
            yield Result(f"{path.stem}: {sentence}", "failed", "KOZO did not come so far")


# ---- programs of Debian --------------------------------------------------------------------------

# Command, input: output and status are those of Linux.
PROGRAMS = {
    "busybox, a shell with a pipe": (["/bin/busybox", "sh", "-c", "echo one two | tr a-z A-Z; exit 7"], ""),
    "sort": (["/usr/bin/sort", "-rn"], "".join(f"{i}\n" for i in range(1, 20001))),
    "bash, loops and arithmetic": (
        ["/bin/bash", "-c", "for i in {1..50}; do s=$((s + i)); done; echo $s"], ""),
    "bash, substitutions and functions": (
        ["/bin/bash", "-c", "f() { echo $(($1 * 2)); }; x=$(f 21); echo ${x/4/5} $(echo a b c | wc -w)"], ""),
    "bash, a trap": (["/bin/bash", "-c", "trap 'echo caught' USR1; kill -USR1 $$; echo after"], ""),
    "dash, a pipe and a subshell": (["/bin/sh", "-c", "(echo b; echo a) | sort; false || echo no"], ""),
    "cat": (["/bin/cat"], "line one\nline two\n"),
    "wc": (["/usr/bin/wc"], "one two\nthree\n"),
    "seq and tail": (["/bin/sh", "-c", "seq 1 1000 | tail -3"], ""),
    "sha256sum": (["/usr/bin/sha256sum"], "hello\n" * 1000),
    "python3": (["/usr/bin/python3", "-c", "print(2**100)"], ""),
    "python3, threads": (
        ["/usr/bin/python3", "-c",
         "import threading\nr=[]\nt=[threading.Thread(target=lambda i=i: r.append(i)) for i in range(8)]\n"
         "[x.start() for x in t]; [x.join() for x in t]; print(sorted(r))"], ""),
    "python3, a subprocess": (
        ["/usr/bin/python3", "-c",
         "import subprocess; print(subprocess.run(['/bin/echo', 'hi'], capture_output=True).stdout)"], ""),
    "perl": (["/usr/bin/perl", "-e", "print join(',', map { $_ ** 2 } 1..10), \"\\n\""], ""),
    "awk": (["/usr/bin/awk", "{ s += $1 } END { print s }"], "1\n2\n3\n"),
    "sed": (["/bin/sed", "s/a/b/g"], "banana\n"),
    "grep, nothing found": (["/bin/grep", "x"], "abc\n"),
}

for name, (command, text) in PROGRAMS.items():

    @check(f"{name}: output and status are those of Linux")
    def same(kozo, command=command, text=text):
        linux = run(command, input=text)
        ended = kozo.launch(
            "run", "--timeout", str(SECONDS), "--", *command, timeout=SECONDS + 60, input=text
        )
        expect_equal(ended.out, linux.out, "the output", ended.told)
        expect_equal(ended.status, linux.status, "the status", ended.told)


@check("a program that a signal ends is told so by the status")
def signalled(kozo):
    ended = kozo.launch("run", "--", "/bin/sh", "-c", "kill -TERM $$")
    expect_equal(ended.status, 128 + 15, "the status", ended.told)


@check("a trace shows calls with their arguments and results")
def traced(kozo):
    ended = kozo.launch("run", "--trace", "--", "/bin/busybox", "echo", "hi")
    expect(' write(1, 0x' in ended.err and ", 3) = 0x3" in ended.err, "no such line", ended.err)
    expect(" exit_group(0)" in ended.err, "the end is missing", ended.err)
