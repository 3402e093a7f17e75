# SPDX-License-Identifier: MIT
"""Deliberate faults of the kernel, each of which the state explorer or a unit test must notice.

For each one the changed file alone is compiled, with the very commands of the build, and linked with
everything else as it is; of a header, the files that include it. The quickest is asked first: the unit
tests' sentences, then both ways of a call side by side, the explorer with few states, and random walks.
"""

import json
import os
import re
import resource
import shlex
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from driver.kozo import run
from driver.suite import Failure, Result, expect, source
from mutations.list import MUTATIONS

order = 95

UNIT_TESTS = ("kernel/*/tests/*_test.c", "kernel/tests/*.c", "lib/test/test.c", "lib/test/test_host.c")
WALKS = "kernel/tests/random_test.c"
BOTH_WAYS = "kernel/ipc/tests/fast_test.c"
EXPLORER = "kozo-explore"
LATEST = 1200


class Check(NamedTuple):
    """A program that may notice a fault."""

    name: str
    who: str
    kind: str  # of its objects: as the explorer or as the unit tests are compiled
    without: tuple[str, ...]  # files that it is not linked with
    arguments: tuple[str, ...]
    seconds: int  # of the processor, so that a busy machine makes no fault look noticed


CHECKS = (
    Check("sentences", "a unit test", "unit", (WALKS, BOTH_WAYS), (), 20),
    Check("ways", "both ways of a call", "unit", (WALKS,), (), 20),
    Check("explorer", "the explorer", "explore", (), ("--states", "70000"), 60),
    Check("walks", "a random walk", "unit", (), (), 60),
)


def commands(kozo):
    """How the build compiles each file of the explorer: path from the root -> words."""
    found = {}
    for entry in json.loads((kozo.build / "compile_commands.json").read_text()):
        if re.search(rf"/(lib)?{EXPLORER}(-kernel\.a)?\.p/", entry["output"]):
            words = shlex.split(entry["command"])
            path = (kozo.build / entry["file"]).resolve().relative_to(kozo.root)
            found[str(path)] = words[: words.index("-o")]
    expect(found, f"{EXPLORER} is not built")
    return {path: [word for word in words if not re.fullmatch(r"-M[DQF]*|.*\.o\.d|.*\.o", word)]
            for path, words in found.items()}


class Workshop:
    """Compiles and links the explorer and the kernel's unit tests, once as they are and then with faults."""

    def __init__(self, kozo):
        self.kozo = kozo
        self.folder = kozo.build / "mutations"
        self.folder.mkdir(exist_ok=True)
        self.commands = commands(kozo)
        kernel = self.commands["kernel/cap/slot.c"]
        small = [word.replace("tests/model", "kernel/arch/host/small") for word in kernel]
        self.unit_words = [*small, f"-I{kozo.root}/lib/test"]
        self.kernel = [path for path in self.commands if not path.startswith("tests/")]
        self.tests = sorted(
            str(path.relative_to(kozo.root))
            for pattern in UNIT_TESTS
            for path in kozo.root.glob(pattern)
            if "boot" not in path.parts and "arch" not in path.parts
        )

    def words(self, kind, path):
        """How a file of the kernel is compiled."""
        return self.commands[path] if kind == "explore" else self.unit_words

    def compile(self, words, path, name):
        out = self.folder / name
        ended = run([*words, "-O1", "-w", "-o", out, "-c", path], cwd=self.kozo.build)
        expect(ended.status == 0, f"{path} does not compile", ended.err)
        return out

    def link(self, check, objects, name):
        out = self.folder / f"{name}-{check.name}"
        objects = [object for path, object in objects.items() if path not in check.without]
        # A fault and the tests of another are independent: whatever is missing is missing in the build, too.
        ended = run(["clang-19", "-fuse-ld=lld", "-Wl,--gc-sections", *objects, "-o", out])
        expect(ended.status == 0, f"{out.name} does not link", ended.err)
        return out

    def perform(self, check, objects, name):
        """Runs a check that is linked of `objects`. Gives what it complains of; nothing when all is well."""
        def limit():
            resource.setrlimit(resource.RLIMIT_CPU, (check.seconds, check.seconds + 1))

        linked = self.link(check, objects, name)
        try:
            ended = run([linked, *check.arguments], timeout=LATEST, preexec_fn=limit)
        finally:
            linked.unlink()
        return first_failure(ended.out) if ended.status != 0 else ""

    def prepare(self):
        """Gives the objects of the explorer and of the unit tests: path -> object."""
        root = self.kozo.root
        boot = [path for path in self.kernel if path.startswith("kernel/boot/")]
        jobs = [("explore", self.commands[path], path) for path in self.commands if path not in boot]
        # The unit tests are those of a debug build.
        debug = [path.replace("_release.c", "_debug.c") for path in self.kernel if path not in boot]
        jobs += [("unit", self.unit_words, path) for path in debug + self.tests]

        def compile_one(job):
            kind, words, path = job
            return self.compile(words, root / path, f"{kind}-{path.replace('/', '-')}.o")

        with ThreadPoolExecutor(os.cpu_count()) as pool:
            made = list(pool.map(compile_one, jobs))
        objects = {"explore": {}, "unit": {}}
        for job, out in zip(jobs, made):
            objects[job[0]][job[2]] = out
        return objects


def first_failure(out):
    """What a program that prints TAP complains of first."""
    lines = out.splitlines()
    for at, line in enumerate(lines):
        if line.startswith("not ok"):
            return re.sub(r"^not ok \d+ - ", "", line)
        if line.startswith("# in world"):
            return line.removeprefix("# ")
    return "it did not come to its end"


def apply(workshop, number, mutation):
    """Writes the changed file. Gives what has to be compiled, path -> file, and where changed headers lie."""
    path = f"kernel/{mutation.file}"
    text = (workshop.kozo.root / path).read_text()
    times = text.count(mutation.old)
    expect(times == 1, f"{path} holds the line {times} times", mutation.old)
    headers = workshop.folder / f"fault-{number}"
    header = path.endswith(".h")
    changed = headers / mutation.file if header else workshop.folder / f"fault-{number}.c"
    changed.parent.mkdir(parents=True, exist_ok=True)
    changed.write_text(text.replace(mutation.old, mutation.new))
    if not header:
        return {path: changed}, headers
    known = [path for path in workshop.kernel if not path.startswith("kernel/boot/")]
    files = {path: workshop.kozo.root / path for path in known}
    including = f'#include "{mutation.file}"'
    return {path: file for path, file in files.items() if including in file.read_text()}, headers


def judge(workshop, objects, number, mutation):
    """Who notices the fault, and what is said."""
    files, headers = apply(workshop, number, mutation)
    changed = {}
    for check in CHECKS:
        if check.kind not in changed:
            changed[check.kind] = dict(objects[check.kind])
            for path, file in files.items():
                compiler, *words = workshop.words(check.kind, path)
                name = f"fault-{number}-{check.kind}-{path.replace('/', '-')}.o"
                changed[check.kind][path] = workshop.compile([compiler, f"-I{headers}", *words], file, name)
        told = workshop.perform(check, changed[check.kind], f"fault-{number}")
        if told:
            return check.who, told
    return None, "nothing notices it"


@source
def faults_are_noticed(kozo):
    workshop = Workshop(kozo)
    objects = workshop.prepare()
    for check in CHECKS:
        told = workshop.perform(check, objects[check.kind], "no-fault")
        expect(not told, f"without a fault there is one for {check.who}", told)

    def attempt(item):
        try:
            return judge(workshop, objects, *item)
        except Failure as failure:
            return None, f"{failure}\n{failure.seen}"

    chosen = [mutation for mutation in MUTATIONS if kozo.only in f"{mutation.file}: {mutation.fault}"]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        told = pool.map(attempt, enumerate(chosen))
        for mutation, (who, what) in zip(chosen, told):
            by = f"{who} ({what})" if who else ""
            yield Result(f"{mutation.fault}: noticed by {by or 'nobody'}",
                         "passed" if who else "failed", "" if who else f"{mutation.file}: {what}")
