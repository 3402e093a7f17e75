# SPDX-License-Identifier: MIT
"""The measurements of `./kozo bench`, one module each, and the table that they fill."""

from dataclasses import dataclass
from typing import ClassVar


class NotMeasured(Exception):
    """A figure can't be had. The text says why."""


@dataclass
class Row:
    """A figure beside its goal and what seL4 takes, in the same unit. Without a goal, it is only stated;
    without a figure, `lost` says why there is none."""

    HEADS: ClassVar = ("", "found", "goal", "seL4", "", "of them")
    WORDS: ClassVar = (0, 4, 5)  # columns of text

    what: str
    found: float | None
    unit: str = ""
    goal: float | None = None
    sel4: float | None = None
    lost: str = ""
    costly: str = ""  # instructions of it that cost more than one

    @property
    def cells(self):
        goal = "" if self.goal is None else f"≤ {self.amount(self.goal)}"
        sel4 = "" if self.sel4 is None else self.amount(self.sel4)
        if self.found is None:
            return [self.what, "none", goal, sel4, f"not measured: {self.lost}", ""]
        verdict = "" if self.goal is None else ("met" if self.found <= self.goal else "missed")
        return [self.what, self.amount(self.found), goal, sel4, verdict, self.costly]

    def amount(self, value):
        return f"{number(value)} {self.unit}".rstrip()


@dataclass
class Compared:
    """An operation on KOZO and on Linux, in the same emulator: a figure each, most often instructions, and
    wall time in nanoseconds. The goal is a figure, or how many times Linux's is allowed."""

    HEADS: ClassVar = (
        "", "KOZO", "Linux", "ratio", "goal", "", "KOZO µs", "Linux µs", "ratio"
    )
    WORDS: ClassVar = (0, 5)

    what: str
    kozo: float | None = None
    linux: float | None = None
    wall: float | None = None
    linux_wall: float | None = None
    goal: float | None = None
    times: float | None = None
    lost: str = ""

    @property
    def found(self):
        return self.wall if self.kozo is None else self.kozo

    @property
    def ratio(self):
        return over(self.kozo, self.linux)

    @property
    def wall_ratio(self):
        return over(self.wall, self.linux_wall)

    @property
    def verdict(self):
        if self.found is None:
            return f"not measured: {self.lost}"
        if self.goal is not None:
            return "met" if self.kozo <= self.goal else "missed"
        if self.times is not None and self.ratio is not None:
            return "met" if self.ratio <= self.times else "missed"
        return ""

    @property
    def cells(self):
        goal = "" if self.goal is None else f"≤ {number(self.goal)}"
        if self.times is not None:
            goal = f"≤ {number(self.times)} times"
        figures = [given(self.kozo), given(self.linux), given(self.ratio), goal, self.verdict]
        times = [given(microseconds(self.wall)), given(microseconds(self.linux_wall))]
        return [self.what, *figures, *times, given(self.wall_ratio)]


def over(one, other):
    return None if one is None or not other else one / other


def microseconds(nanoseconds):
    """With decimals only where they say something."""
    if nanoseconds is None:
        return None
    return round(nanoseconds / 1000, 2 if nanoseconds < 100_000 else None)


def given(value):
    return "" if value is None else number(value)


def number(value):
    """With blanks between thousands, and decimals only where there are some that matter."""
    value = round(value) if value >= 10_000 else value
    text = f"{value:,.0f}" if float(value).is_integer() else f"{value:,.2f}"
    return text.replace(",", " ")
