# SPDX-License-Identifier: MIT
"""Fuzz targets and their corpus.

The inputs that a target starts from stand in tests/fuzz/corpus/TARGET, one in each line, as hexadecimal
digits. To put new ones there, after a run that kept its findings in a folder:

    PYTHONPATH=tests python3 -m driver.fuzz BUILD-FOLDER TARGET FOLDER
"""

import os
import re
import sys
import tempfile
from pathlib import Path

from driver.kozo import run
from driver.suite import Result

ROOT = Path(__file__).resolve().parents[2]
LONGEST = 512  # bytes of an input, unless it starts from longer ones
MARGIN = 120  # seconds that a run may take beyond its time
SHOWN = 4000


def targets(build):
    """The names of all targets, by the programs that were built."""
    found = (build / "tests" / "fuzz").glob("fuzz-*")
    return sorted(path.name.removeprefix("fuzz-") for path in found if path.is_file())


def corpus(target):
    path = ROOT / "tests" / "fuzz" / "corpus" / target
    return [bytes.fromhex(line) for line in path.read_text().split()] if path.is_file() else []


def unpack(target, folder):
    """Writes the corpus as files; gives how long an input may be."""
    folder.mkdir(parents=True, exist_ok=True)
    inputs = corpus(target)
    for number, data in enumerate(inputs):
        (folder / f"{number:04}").write_bytes(data)
    return max([LONGEST, *map(len, inputs)])


def describe(folder, program, ended):
    """What a person needs to find the fault: the input, and what the program said of it."""
    told = []
    for found in sorted(folder.glob("found-*")):
        told.append(f"input: {found.read_bytes().hex()}")
        again = run([program, found], env={**os.environ, "KOZO_TRACE": "1"})
        told.append(again.err[-SHOWN:])
    return "\n".join(told) or ended.told[-SHOWN:]


def fuzz(kozo, target, seconds):
    """Runs a target for so many seconds. Gives the result and the number of executions."""
    program = kozo.build / "tests" / "fuzz" / f"fuzz-{target}"
    folder = kozo.folder / f"fuzz-{target}"
    longest = unpack(target, folder / "corpus")
    ended = run(
        [program, f"-max_total_time={seconds}", f"-max_len={longest}", "-print_final_stats=1", "-timeout=20",
         "-rss_limit_mb=4096", f"-artifact_prefix={folder}/found-", folder / "corpus"],
        timeout=seconds + MARGIN,
    )
    count = re.search(r"number_of_executed_units: (\d+)", ended.err)
    executions = int(count[1]) if count else 0
    well = ended.status == 0 and executions > 0
    result = Result(f"fuzzed {target}", "passed" if well else "failed")
    result.figure = f"{target}: {executions:,} executions in {seconds} s"
    if not well:
        result.detail = describe(folder, program, ended)
    return result, executions


def keep(build, target, folder):
    """Writes the smallest set of inputs that reaches all that the corpus and the folder reach."""
    program = Path(build) / "tests" / "fuzz" / f"fuzz-{target}"
    with tempfile.TemporaryDirectory() as place:
        old, merged = Path(place) / "old", Path(place) / "merged"
        longest = unpack(target, old)
        merged.mkdir()
        ended = run([program, "-merge=1", f"-max_len={longest}", merged, old, folder], timeout=3600)
        if ended.status != 0:
            sys.exit(ended.told)
        inputs = sorted((path.read_bytes() for path in merged.iterdir()), key=lambda data: (len(data), data))
    path = ROOT / "tests" / "fuzz" / "corpus" / target
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(f"{data.hex()}\n" for data in inputs if data))
    print(f"{target}: {len(inputs)} inputs")


if __name__ == "__main__":
    keep(*sys.argv[1:])
