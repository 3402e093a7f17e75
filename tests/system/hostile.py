# SPDX-License-Identifier: MIT
"""Linux programs that mean harm: the sandbox may suffer, KOZO does not, and nothing is left over."""

import re

from driver.kozo import run
from driver.suite import check, expect, expect_equal

order = 82

SECONDS = 240
COMPILER = ("clang-19", "-std=c23", "-O1", "-static", "-Wall", "-Wextra", "-Werror")


def program(kozo, name):
    """The program of this name in tests/linux/hostile, compiled once."""
    folder = kozo.folder / "hostile"
    folder.mkdir(exist_ok=True)
    if not (folder / name).exists():
        source = kozo.root / "tests" / "linux" / "hostile" / f"{name}.c"
        ended = run([*COMPILER, source, "-o", folder / name])
        expect_equal(ended.status, 0, "the compiler's exit status", ended.told)
    return folder / name


def on_kozo(kozo, name, *words, seconds=SECONDS, mem=512):
    path = program(kozo, name)
    return run(
        [
            kozo.launcher,
            "run",
            "--mem",
            mem,
            "--timeout",
            seconds,
            "--share",
            path.parent,
            "--",
            path,
            *words,
        ],
        timeout=seconds + 30,
    )


def last_line(ended):
    expect_equal(ended.status, 0, "the exit status", ended.told)
    lines = ended.out.splitlines()
    expect(lines, "nothing was printed", ended.told)
    return lines[-1]


@check("random system calls with random arguments end no sandbox")
def random_calls(kozo):
    count = 1_000_000 if kozo.long else 20_000
    ended = on_kozo(kozo, "random_calls", count, seconds=7200 if kozo.long else SECONDS)
    made = re.fullmatch(r"(\d+) calls by \d+ children", last_line(ended))
    expect(made and int(made[1]) >= count, "not all calls were made", ended.told)


@check("a program that forks without end is ended as a group, and then a fork succeeds again")
def fork_bomb(kozo):
    expect_equal(last_line(on_kozo(kozo, "fork_bomb", 1)), "over, and a fork succeeds again", "the report")


@check("programs that eat all memory get none any more or are ended, one after the other and four at once")
def eat_memory(kozo):
    ended = on_kozo(kozo, "eat_memory")
    expect_equal(
        ended.out.splitlines(), [f"{n} of {n} had no more" for n in (1, 1, 4)], "the report", ended.told
    )
    expect_equal(ended.status, 0, "the exit status", ended.told)


@check("a full RAM file system is an error to who fills it, and has room again when files are removed")
def fill_files(kozo):
    ended = on_kozo(kozo, "fill_files")
    expect_equal(
        ended.out.splitlines(), ["large: full", "small: full", "again: written"], "the report", ended.told
    )


@check("after rounds of fork, exec, mprotect and munmap the sandbox has as much free memory as before")
def churn(kozo):
    rounds = 10_000 if kozo.long else 200
    ended = on_kozo(kozo, "churn", rounds, seconds=3600 if kozo.long else SECONDS)
    told = re.fullmatch(r"(\d+) rounds, free before (\d+) KiB, after (\d+) KiB", last_line(ended))
    expect(told and int(told[1]) == rounds, "not all rounds were made", ended.told)
    expect_equal(told[3], told[2], "free memory afterwards", ended.told)
