# SPDX-License-Identifier: MIT
"""The capability engine: every state that small worlds can reach, compared with the reference model.

The kernel's unit tests and random walks come with it, and fuzzing of system calls."""

import json
import os
import re

from driver import tap
from driver.fuzz import fuzz
from driver.kozo import run
from driver.suite import Result, source

order = 15

CI_STATES = 480_000
CHECKED_STATES = 12_000
LONG_SECONDS = 3 * 3600
FUZZ_SECONDS = 20
FUZZ_LONG_SECONDS = 20 * 60


def explorer(kozo, name):
    return kozo.build / "tests" / "model" / name


@source
def explored(kozo):
    """In the CI form 480,000 states; with --long 12,000,000."""
    amount = ["--long"] if kozo.long else ["--states", CI_STATES]
    ended = run([explorer(kozo, "kozo-explore"), *amount], timeout=LONG_SECONDS)
    for result in tap.judge(ended):
        result.figure = result.sentence
        yield result
    if found := re.search(r"^# in all: (.*)$", ended.out, re.MULTILINE):
        yield Result("all worlds were explored", "passed", figure=found[1])


@source
def explored_under_sanitizers(kozo):
    states = CHECKED_STATES * (10 if kozo.long else 1)
    ended = run([explorer(kozo, "kozo-explore-checked"), "--states", states], timeout=LONG_SECONDS)
    for result in tap.judge(ended):
        result.sentence = f"under sanitizers: {result.sentence}"
        yield result


@source
def unit_tests_of_the_kernel(kozo):
    tests = json.loads((kozo.build / "meson-info" / "intro-tests.json").read_text())
    environment = {**os.environ, "KOZO_LONG": "1" if kozo.long else ""}
    for test in sorted(tests, key=lambda test: test["name"]):
        if test["name"].startswith("kernel") and any(name.endswith("unit") for name in test["suite"]):
            ended = run(test["cmd"], cwd=kozo.build, env={**environment, **test["env"]}, timeout=LONG_SECONDS)
            for result in tap.judge(ended):
                result.sentence = f"{test['name']}: {result.sentence}"
                yield result


@source
def hostile_system_calls(kozo):
    """Sequences of system calls with any handles and arguments, guided by coverage."""
    result, _ = fuzz(kozo, "system_calls", FUZZ_LONG_SECONDS if kozo.long else FUZZ_SECONDS)
    yield result
