# SPDX-License-Identifier: MIT
"""Deliberate faults of the kernel, each of which the state explorer or a unit test must notice.

For each one the changed file alone is compiled, with the very commands of the build, and linked with
everything else as it is; of a header, the files that include it. The explorer is asked first, with few
states; then the unit tests.
"""

import json
import os
import re
import resource
import shlex
from concurrent.futures import ThreadPoolExecutor

from driver.kozo import run
from driver.suite import Failure, Result, expect, source
from mutations.list import MUTATIONS

order = 95

UNIT_TESTS = ("kernel/*/tests/*_test.c", "kernel/tests/*.c", "lib/test/test.c", "lib/test/test_host.c")
EXPLORED_STATES = 70_000
SECONDS = 60  # of the processor, so that a busy machine makes no fault look noticed
LATEST = 1200
EXPLORER = "kozo-explore"


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


def run_limited(command):
    def limit():
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 1))

    return run(command, timeout=LATEST, preexec_fn=limit)


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

    def compile(self, words, path, name):
        out = self.folder / name
        ended = run([*words, "-O1", "-w", "-o", out, "-c", path], cwd=self.kozo.build)
        expect(ended.status == 0, f"{path} does not compile", ended.err)
        return out

    def link(self, objects, name):
        out = self.folder / name
        # A fault and the tests of another are independent: whatever is missing is missing in the build, too.
        ended = run(["clang-19", "-fuse-ld=lld", "-Wl,--gc-sections", *objects, "-o", out])
        expect(ended.status == 0, f"{name} does not link", ended.err)
        return out

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
    programs = (
        ("explore", workshop.commands, ["--states", EXPLORED_STATES], "the explorer"),
        ("unit", None, [], "a unit test"),
    )
    for kind, commands_of, arguments, who in programs:
        made = {}
        for path, file in files.items():
            compiler, *words = commands_of[path] if commands_of else workshop.unit_words
            name = f"fault-{number}-{kind}-{path.replace('/', '-')}.o"
            made[path] = workshop.compile([compiler, f"-I{headers}", *words], file, name)
        linked = workshop.link([*{**objects[kind], **made}.values()], f"fault-{number}-{kind}")
        try:
            ended = run_limited([linked, *arguments])
        finally:
            linked.unlink()
        if ended.status != 0:
            return who, first_failure(ended.out)
    return None, "nothing notices it"


@source
def faults_are_noticed(kozo):
    workshop = Workshop(kozo)
    objects = workshop.prepare()
    for kind, arguments in (("explore", ["--states", EXPLORED_STATES]), ("unit", [])):
        linked = workshop.link(objects[kind].values(), kind)
        ended = run_limited([linked, *arguments])
        expect(ended.status == 0, f"without a fault the program {kind} fails", first_failure(ended.out))

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
