# SPDX-License-Identifier: MIT
"""Messages, signals and time: unit tests, every state of small worlds, stress, and response under load."""

import json
import os
import random

from driver import tap
from driver.kozo import run
from driver.suite import source

order = 45

WORLDS = ("ipc", "waits", "letter", "foreign", "timer")
CHECKED_STATES = 60_000
LONG_STATES = 2_000_000
STRESS_SECONDS = 10
STRESS_LONG_SECONDS = 5 * 60
RESPONSE_MILLISECONDS = 200  # of the machine, which runs more slowly when instructions are counted
RESPONSE_LONG_MILLISECONDS = 10_000
RESPONSE_LIMIT = 3600
LONG_SECONDS = 3 * 3600


@source
def every_state_of_the_worlds_of_messages(kozo):
    states = LONG_STATES if kozo.long else CHECKED_STATES
    for world in WORLDS:
        ended = run([kozo.build / "tests" / "model" / "kozo-explore", "--world", world, "--states", states],
                    timeout=LONG_SECONDS)
        for result in tap.judge(ended):
            result.figure = result.sentence
            yield result


@source
def unit_tests(kozo):
    tests = json.loads((kozo.build / "meson-info" / "intro-tests.json").read_text())
    environment = {**os.environ, "KOZO_LONG": "1" if kozo.long else ""}
    for test in tests:
        if test["name"].startswith("kernel-"):
            for result in tap.judge(run(test["cmd"], cwd=kozo.build, env=environment, timeout=LONG_SECONDS)):
                result.sentence = f"{test['name']}: {result.sentence}"
                yield result


@source
def stress_on_one_processor(kozo):
    """Random senders, receivers, breakers and destroyers; what was sent is counted at the end."""
    seconds = STRESS_LONG_SECONDS if kozo.long else STRESS_SECONDS
    seed = random.randrange(1 << 32)
    ended = kozo.execute(f"run test/stress {seconds} 1 {seed}", seconds=seconds + 120)
    for result in tap.judge(ended):
        result.sentence = f"stress with seed {seed}: {result.sentence}"
        if result.verdict == "passed":
            result.figure = result.detail.replace("# ", "  ").strip()
        yield result


@source
def response_under_load(kozo):
    """Senders, callers, revokers, destroyers and hogs, all with budgets; the bound is in
    stress/response.c."""
    time = RESPONSE_LONG_MILLISECONDS if kozo.long else RESPONSE_MILLISECONDS
    seed = random.randrange(1 << 32)
    ended = kozo.execute(f"run test/response {time} {seed}", "--icount", seconds=RESPONSE_LIMIT)
    for result in tap.judge(ended):
        result.sentence = f"response with seed {seed}: {result.sentence}"
        if result.verdict == "passed":
            result.figure = result.detail.replace("# ", "  ").strip()
        yield result
