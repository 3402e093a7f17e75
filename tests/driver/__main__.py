# SPDX-License-Identifier: MIT
"""Finds the suites, runs those that were asked for, and reports. Called by `./kozo test`."""

import argparse
import importlib
import os
import signal
import sys
import time
import traceback
from pathlib import Path

from driver import junit, lanes, tap
from driver.kozo import Kozo, run
from driver.report import Report
from driver.suite import Failure, Result, Skip, Suite, source, taken_steps

ROOT = Path(__file__).resolve().parents[2]
SYSTEM = ROOT / "tests" / "system"

# Where a suite has no `order` of its own: between the quick ones and those that take minutes.
USUAL_ORDER = 50


def program_suite(path):
    """A program that prints TAP is a suite as it stands."""

    @source
    def points(kozo):
        ended = run([path], cwd=ROOT, env={**os.environ, "KOZO_BUILD": str(kozo.build)})
        yield from tap.judge(ended)

    return Suite(path.stem, f"what {path.name} checks", USUAL_ORDER, taken_steps())


def module_suite(path):
    module = importlib.import_module(f"system.{path.stem}")
    about = (module.__doc__ or "").strip().partition("\n")[0]
    return Suite(path.stem, about, getattr(module, "order", USUAL_ORDER), taken_steps())


def find_suites():
    suites = []
    for path in sorted(SYSTEM.iterdir()):
        if path.name.startswith(("_", ".")) or not path.is_file():
            continue
        if path.suffix == ".py":
            suite = module_suite(path)
            if suite.steps:  # a module without checks serves others
                suites.append(suite)
        elif os.access(path, os.X_OK):
            suites.append(program_suite(path))
    return sorted(suites, key=lambda suite: (suite.order, suite.name))


def explain(error):
    if isinstance(error, Failure):
        return f"{error}\n{error.seen}".strip()
    return "".join(traceback.format_exception(error)).strip()


def perform(sentence, function, kozo):
    """Runs one step and gives its results one by one, each with its time, and what it says meanwhile."""
    start = time.monotonic()
    figure = ""
    try:
        if sentence is None:
            for result in function(kozo):
                if isinstance(result, str):
                    yield result
                    continue
                now = time.monotonic()
                result.seconds = result.seconds or now - start
                start = now
                yield result
            return
        figure = function(kozo) or ""
        verdict, detail = "passed", ""
    except Skip as reason:
        verdict, detail = "skipped", str(reason)
    except Exception as error:
        verdict, detail = "failed", explain(error)
    sentence = sentence or f"{function.__name__.replace('_', ' ')} can be checked"
    yield Result(sentence, verdict, detail, time.monotonic() - start, figure)


def perform_suite(suite, kozo):
    """Runs all steps. Gives before each its sentence, and then its results."""
    try:
        for sentence, function in suite.steps:
            yield sentence or suite.about
            yield from perform(sentence, function, kozo)
    finally:
        kozo.close()


def read_arguments():
    parser = argparse.ArgumentParser(prog="./kozo test", add_help=False)
    parser.add_argument("--arch", default="x86_64")
    parser.add_argument("--mode", default="release")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--junit", type=Path)
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--only", metavar="TEXT", default="")
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("suites", nargs="*")
    return parser.parse_args()


def main():
    arguments = read_arguments()
    suites = find_suites()
    if arguments.list:
        for suite in suites:
            print(f"{suite.name:10} {suite.about}")
        return 0
    if arguments.jobs < 1:
        print("kozo: --jobs takes a number from 1 on", file=sys.stderr)
        return 2
    by_name = {suite.name: suite for suite in suites}
    for name in arguments.suites:
        if name not in by_name:
            print(f"kozo: no such suite: {name} (./kozo test --list)", file=sys.stderr)
            return 2
    chosen = [by_name[name] for name in dict.fromkeys(arguments.suites)] or suites

    # An end from outside is an exception like Ctrl-C, so that sessions and folders are cleared away.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    report = Report(arguments.verbose)

    def perform(suite):
        return perform_suite(suite, Kozo(ROOT, arguments.arch, arguments.mode, arguments.long,
            arguments.only))

    try:
        results = lanes.run(chosen, perform, arguments.jobs, report)
    except KeyboardInterrupt:
        print("\nkozo: stopped", file=sys.stderr)
        return 130
    if arguments.junit:
        junit.write(arguments.junit, results)
    return report.close()


sys.exit(main())
