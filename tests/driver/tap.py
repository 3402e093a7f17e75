# SPDX-License-Identifier: MIT
"""The Test Anything Protocol, read from other programs and written by tests in Python."""

import re
import sys
import traceback

from driver.suite import Result

_POINT = re.compile(r"^(not )?ok\b(?:\s+(\d+))?(?:\s+-)?\s*(.*)$")
_PLAN = re.compile(r"^1\.\.(\d+)")
_SKIP = re.compile(r"\s*#\s*skip\b\s*(.*)$", re.IGNORECASE)


def parse(text):
    """Gives the results in `text`. Points that are missing by the plan, or a missing plan, are failures."""
    results = []
    plan = None
    loose = []  # lines since the last point: they tell about the next one
    for line in text.splitlines():
        line = line.rstrip("\r")
        if found := _PLAN.match(line):
            plan = int(found[1])
        elif found := _POINT.match(line):
            sentence, verdict = found[3], "failed" if found[1] else "passed"
            if skipped := _SKIP.search(sentence):
                sentence, verdict = sentence[: skipped.start()], "skipped"
                loose.append(skipped[1])
            results.append(Result(sentence or f"test {len(results) + 1}", verdict, "\n".join(loose)))
            loose = []
        elif results and line.startswith("#"):
            last = results[-1]
            last.detail = f"{last.detail}\n{line}".strip()
        elif line:
            loose.append(line)
    if plan is None:
        results.append(Result("the program comes to its end", "failed", text[-4000:]))
    elif plan != len(results):
        detail = f"{len(results)} of {plan} points were made"
        results.append(Result("the program makes every point of its plan", "failed", detail))
    return results


def judge(ended):
    """The points of a program that ended, and a failure more if only its exit status tells of one."""
    results = parse(ended.out)
    if ended.status != 0 and all(result.verdict != "failed" for result in results):
        results.append(Result("the program ends well", "failed", ended.told))
    return results


class Points:
    """Writes TAP: `with points("sentence"):` around each check, `points.finish()` at the end."""

    def __init__(self):
        self.count = 0
        self.failed = 0

    def __call__(self, sentence):
        self.sentence = sentence
        return self

    def __enter__(self):
        self.count += 1

    def __exit__(self, kind, error, trace):
        if kind is None:
            print(f"ok {self.count} - {self.sentence}", flush=True)
            return True
        if not issubclass(kind, Exception):
            return False
        self.failed += 1
        print(f"not ok {self.count} - {self.sentence}")
        for line in "".join(traceback.format_exception(kind, error, trace)).splitlines():
            print(f"# {line}", flush=True)
        return True

    def finish(self):
        print(f"1..{self.count}")
        sys.exit(1 if self.failed or not self.count else 0)
