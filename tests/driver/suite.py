# SPDX-License-Identifier: MIT
"""What a suite is made of.

A suite is a module in tests/system. Each of its checks is a function under the line

    @check("a sentence that is true when the check passes")

which takes the Kozo object (see kozo.py) and fails by raising an exception; `expect` raises a Failure
with what was seen. A text that it returns is what was measured, for the person who waits. Where the
sentences are not known beforehand, because another program prints them, a function under `@source` yields
Result objects instead, and text meanwhile that says how far it is.
"""

from dataclasses import dataclass, field
from typing import Callable


class Failure(Exception):
    """A check does not hold. The text says what was expected, `seen` what was there instead."""

    def __init__(self, text, seen=""):
        super().__init__(text)
        self.seen = seen


class Skip(Exception):
    """A check can't be made on this machine. The text says why."""


@dataclass
class Result:
    sentence: str
    verdict: str  # passed, failed or skipped
    detail: str = ""
    seconds: float = 0.0
    figure: str = ""  # what was measured, for the person who waits


@dataclass
class Suite:
    name: str
    about: str
    order: int
    steps: list[tuple[str | None, Callable]] = field(default_factory=list)


# The steps of the module that is being loaded, in the order of the file.
_steps: list[tuple[str | None, Callable]] = []


def check(sentence):
    """Registers the function below as one check."""

    def register(function):
        _steps.append((sentence, function))
        return function

    return register


def source(function):
    """Registers the function below as a source of any number of results."""
    _steps.append((None, function))
    return function


def taken_steps():
    """Gives the registered steps away, and starts a new list."""
    steps = list(_steps)
    _steps.clear()
    return steps


def expect(condition, text, seen=""):
    """Fails with this text unless the condition is true."""
    if not condition:
        raise Failure(text, seen)


def expect_equal(found, wanted, what, seen=""):
    expect(found == wanted, f"{what} is {found!r}, not {wanted!r}", seen)


def skip(reason):
    raise Skip(reason)
