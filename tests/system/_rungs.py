# SPDX-License-Identifier: MIT
"""Programs of Debian, unmodified: each prints on KOZO what it prints on Linux, and ends alike."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from driver.kozo import run
from driver.suite import Failure, Result, Skip, expect, expect_equal, skip

ENVIRONMENT = {"PATH": "/usr/bin:/bin", "HOME": "/", "LANG": "C.UTF-8", "TERM": "dumb", "TZ": "UTC"}
SECONDS = 240


@dataclass
class Rung:
    """A program, and a file of tests/linux/rungs that it is given as its last argument."""

    number: int
    name: str
    program: str
    arguments: tuple
    script: str
    by_input: bool = False  # the script is its standard input
    needs: str = ""  # another program that the script starts


RUNGS = (
    Rung(3, "busybox", "/bin/busybox", ("sh", "-c"), "03-busybox.sh"),
    Rung(4, "coreutils", "/bin/sh", ("-c",), "04-coreutils.sh"),
    Rung(5, "bash", "/bin/bash", ("-c",), "05-bash.sh"),
    Rung(6, "python3", "/usr/bin/python3", ("-c",), "06-python.py"),
    Rung(7, "sqlite3", "/usr/bin/sqlite3", ("/tmp/kozo-rung.db",), "07-sqlite.sql", True),
    Rung(8, "lua", "/usr/bin/lua5.4", ("-",), "08-lua.lua", True),
    Rung(9, "perl", "/usr/bin/perl", ("-e",), "09-perl.pl"),
    Rung(10, "gcc and make", "/bin/sh", ("-c",), "10-gcc.sh"),
    Rung(11, "git", "/bin/sh", ("-c",), "11-git.sh"),
    Rung(11, "vim and less", "/bin/sh", ("-c",), "11-vim.sh"),
    Rung(11, "htop", "/usr/bin/python3", ("-c",), "11-htop.py", needs="/usr/bin/htop"),
)


def command_of(kozo, rung):
    """The command line and the input of a rung."""
    text = (kozo.root / "tests" / "linux" / "rungs" / rung.script).read_text()
    command = [rung.program, *rung.arguments]
    return (command, text) if rung.by_input else ([*command, text], "")


def remove_leftovers():
    shutil.rmtree("/tmp/kozo-rung", ignore_errors=True)
    for path in Path("/tmp").glob("kozo-rung.db*"):
        path.unlink()


def on_linux(command, text):
    remove_leftovers()
    try:
        return run(command, timeout=SECONDS, input=text, env=ENVIRONMENT, cwd="/")
    finally:
        remove_leftovers()


def on_kozo(kozo, command, text):
    given = [f"--env={name}={value}" for name, value in ENVIRONMENT.items()]
    limit = ["--timeout", str(SECONDS)]
    ended = run(
        [kozo.launcher, "run", *given, *limit, "--", *command], timeout=SECONDS + 30, input=text, cwd="/"
    )
    # What KOZO itself says at the end is no part of the program's errors.
    ended.err = "".join(line for line in ended.err.splitlines(True) if not line.startswith("kozo: "))
    return ended


def first_difference(wanted, found):
    wanted, found = wanted.splitlines(), found.splitlines()
    for number, (one, other) in enumerate(zip(wanted, found), 1):
        if one != other:
            return f"line {number}: Linux {one!r}, KOZO {other!r}"
    return f"Linux has {len(wanted)} lines, KOZO {len(found)}"


def compare(kozo, rung):
    """Gives how many lines came out alike."""
    for path in filter(None, (rung.program, rung.needs)):
        if not os.path.exists(path):
            skip(f"{path} is not on this machine")
    command, text = command_of(kozo, rung)
    linux, own = on_linux(command, text), on_kozo(kozo, command, text)
    for what, wanted, found in (("output", linux.out, own.out), ("errors", linux.err, own.err)):
        expect(wanted == found, f"{what}: {first_difference(wanted, found)}", own.told)
    expect_equal(own.status, linux.status, "the exit status", own.told)
    return len(linux.out.splitlines())


def results(kozo):
    """A result for each rung, with its line of the table."""
    for rung in RUNGS:
        promised = f"rung {rung.number}: {rung.name} gives the same output, errors and status as on Linux"
        result = Result(promised, "passed")
        told = ""
        try:
            told = f"{compare(kozo, rung):4} lines as on Linux"
        except Skip as reason:
            result.verdict, result.detail = "skipped", str(reason)
        except Failure as failure:
            result.verdict, result.detail = "failed", f"{failure}\n{failure.seen}"
        result.figure = f"rung {rung.number:2}  {rung.name:14} {told}"
        yield result
