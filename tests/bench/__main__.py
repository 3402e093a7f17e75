# SPDX-License-Identifier: MIT
"""Runs the measurements that were asked for, and prints their tables. Called by `./kozo bench`."""

import argparse
import importlib
import sys
from pathlib import Path

from bench import NotMeasured
from driver.kozo import Kozo
from driver.suite import Failure

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent


def measurements():
    names = sorted(path.stem for path in HERE.glob("*.py") if not path.name.startswith("_"))
    return {name: importlib.import_module(f"bench.{name}") for name in names}


def print_table(title, rows):
    """A column without an entry is left out."""
    heads, words = list(rows[0].HEADS), rows[0].WORDS
    cells = [row.cells for row in rows]
    shown = [column for column in range(len(heads)) if any(line[column] for line in cells)]
    table = [heads] + cells
    widths = [max(len(line[column]) for line in table) for column in range(len(heads))]
    print(title)
    for line in table:
        aligned = [f"{line[c]:{'<' if c in words else '>'}{widths[c]}}" for c in shown]
        print(("  " + "  ".join(aligned)).rstrip())
    print(flush=True)


def measure(name, module, kozo):
    try:
        rows = module.measure(kozo)
    except (NotMeasured, Failure) as reason:
        print(f"kozo: {name} could not be measured: {reason}", file=sys.stderr)
        if seen := getattr(reason, "seen", ""):
            print(seen, file=sys.stderr)
        return False
    print_table(module.__doc__.strip().partition("\n")[0], rows)
    return all(row.found is not None for row in rows)


def main():
    parser = argparse.ArgumentParser(prog="./kozo bench", add_help=False)
    parser.add_argument("--arch", default="x86_64")
    parser.add_argument("--mode", default="release")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("names", nargs="*")
    arguments = parser.parse_args()

    known = measurements()
    if arguments.list:
        for name, module in known.items():
            print(f"{name:10} {module.__doc__.strip().partition(chr(10))[0]}")
        return 0
    for name in arguments.names:
        if name not in known:
            print(f"kozo: no such measurement: {name} (./kozo bench --list)", file=sys.stderr)
            return 2

    kozo = Kozo(ROOT, arguments.arch, arguments.mode, False)
    try:
        chosen = dict.fromkeys(arguments.names) or known
        done = [measure(name, known[name], kozo) for name in chosen]
    except KeyboardInterrupt:
        print("\nkozo: stopped", file=sys.stderr)
        return 130
    finally:
        kozo.close()
    return 0 if all(done) else 1


sys.exit(main())
