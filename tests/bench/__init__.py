# SPDX-License-Identifier: MIT
"""The measurements of `./kozo bench`, one module each, and the table that they fill."""

from dataclasses import dataclass


class NotMeasured(Exception):
    """A figure can't be had. The text says why."""


@dataclass
class Row:
    """A figure beside its goal and what seL4 takes, in the same unit. Without a goal, it is only stated;
    without a figure, `lost` says why there is none."""

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


def number(value):
    """With blanks between thousands, and decimals only where there are some."""
    text = f"{value:,.0f}" if float(value).is_integer() else f"{value:,.2f}"
    return text.replace(",", " ")
