# SPDX-License-Identifier: MIT
"""Host tests of all folders: what their meson.build registers with suite: 'unit'."""

import json
import os

from driver import tap
from driver.kozo import run
from driver.suite import Result, source

order = 10

LEAST_LIMIT = 300  # seconds: what Meson gives a test that names none is too little on a busy machine


def host_tests(kozo):
    tests = json.loads((kozo.build / "meson-info" / "intro-tests.json").read_text())
    return [test for test in tests if any(name.endswith("unit") for name in test["suite"])]


@source
def host_tests_of_all_folders(kozo):
    environment = {**os.environ, "KOZO_LONG": "1" if kozo.long else ""}
    for test in sorted(host_tests(kozo), key=lambda test: test["name"]):
        limit = max(test["timeout"], LEAST_LIMIT)
        where = test["workdir"] or kozo.build
        ended = run(test["cmd"], cwd=where, env={**environment, **test["env"]}, timeout=limit)
        for result in tap.judge(ended):
            if result.verdict == "failed" and ended.err:
                result.detail = f"{result.detail}\n{ended.err}".strip()
            yield Result(f"{test['name']}: {result.sentence}", result.verdict, result.detail)
