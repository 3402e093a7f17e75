# SPDX-License-Identifier: MIT
"""The measurements of `./kozo bench`, one module each, and the table that they fill."""

from dataclasses import dataclass


class NotMeasured(Exception):
    """A figure can't be had. The text says why."""


@dataclass
class Row:
    """A figure beside its goal, in the same unit. Without a goal, it is only stated."""

    what: str
    found: float
    unit: str
    goal: float | None = None

    @property
    def cells(self):
        goal = "" if self.goal is None else f"≤ {number(self.goal)} {self.unit}"
        verdict = "" if self.goal is None else ("met" if self.found <= self.goal else "missed")
        return [self.what, f"{number(self.found)} {self.unit}", goal, verdict]


def number(value):
    """With blanks between thousands, and decimals only where there are some."""
    text = f"{value:,.0f}" if float(value).is_integer() else f"{value:,.2f}"
    return text.replace(",", " ")
