# SPDX-License-Identifier: MIT
"""The built system in the hands of a test: its files, commands run in it, and whole sessions on a
pseudo-terminal."""

import os
import pty
import re
import select
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from driver.suite import Failure, expect

PROMPT = "Init> "

# Waits are generous: a busy machine without KVM must not fail a test. None of them is spent in vain.
BOOT_SECONDS = 60
ANSWER_SECONDS = 30

TOLD = 6000  # characters of the console's end that a failure shows

_ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07]*\x07|[@-Z\\-_])")


def shown(line):
    """What a terminal shows after the characters of one line: carriage returns and backspaces move."""
    cells, at = [], 0
    for character in line:
        if character == "\r":
            at = 0
        elif character == "\b":
            at = max(at - 1, 0)
        elif character >= " ":
            cells[at : at + 1] = character
            at += 1
    return "".join(cells)


def plain(text):
    """Terminal output as a person reads it."""
    return "\n".join(shown(line) for line in _ESCAPE.sub("", text).split("\n"))


@dataclass
class Ended:
    """A program that came to its end."""

    status: int
    out: str
    err: str

    @property
    def told(self):
        return f"exit status {self.status}\n--- output ---\n{self.out}\n--- errors ---\n{self.err}"


def run(command, timeout=600, **options):
    """Runs a host program to its end, with no input unless `input` is given."""
    options.setdefault("input", "")
    try:
        done = subprocess.run(
            [str(part) for part in command],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            **options,
        )
    except subprocess.TimeoutExpired as late:
        out = late.stdout.decode(errors="replace") if late.stdout else ""
        raise Failure(f"{command[0]} did not end within {timeout} s", out) from None
    return Ended(done.returncode, done.stdout, done.stderr)


class Session:
    """A running KOZO whose console is a pseudo-terminal, as `./kozo run` shows it to a person."""

    def __init__(self, command, environment=None):
        self.seen = ""  # everything since the start
        self.mark = 0  # up to here it was read as plain text,
        self.left = ""  # of which this was not matched yet
        self.master, slave = pty.openpty()
        self.errors = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [str(part) for part in command],
            stdin=slave,
            stdout=slave,
            stderr=self.errors,
            start_new_session=True,
            env=environment,
        )
        os.close(slave)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def send(self, text):
        """Types `text`, as fast as the console takes it."""
        data = text.encode() if isinstance(text, str) else text
        limit = time.monotonic() + ANSWER_SECONDS
        while data:
            readable, writable, _ = select.select([self.master], [self.master], [], 1)
            if readable:
                self._read()
            if writable:
                data = data[os.write(self.master, data[:512]) :]
            if time.monotonic() > limit:
                raise Failure("the console takes no more input", self.told)

    def _read(self):
        try:
            data = os.read(self.master, 65536)
        except OSError:  # the other side is closed
            data = b""
        self.seen += data.decode(errors="replace")
        return bool(data)

    def wait_for(self, pattern, seconds=ANSWER_SECONDS):
        """Waits until the console shows what the regular expression says; gives the match."""
        limit = time.monotonic() + seconds
        while True:
            text = self.left + plain(self.seen[self.mark :])
            if found := re.search(pattern, text):
                self.mark = len(self.seen)
                self.left = text[found.end() :]
                return found
            left = limit - time.monotonic()
            if left <= 0:
                raise Failure(f"no {pattern!r} within {seconds} s", self.told)
            if select.select([self.master], [], [], left)[0] and not self._read():
                raise Failure(f"KOZO ended, and no {pattern!r} was seen", self.told)

    def prompt(self, seconds=BOOT_SECONDS):
        """Waits for the prompt, and gives what was printed before it."""
        # Tried from the first place only: from each it would take the square of the time.
        return self.wait_for(rf"(?s)\A(.*?)(?m:^){re.escape(PROMPT)} *\Z", seconds)[1]

    def command(self, line, seconds=ANSWER_SECONDS):
        """Types a command at the prompt, and gives what it printed."""
        self.send(line + "\r")
        answer = self.prompt(seconds)
        # The first line is the echo of what was typed.
        return answer.partition("\n")[2]

    def ended(self, seconds=ANSWER_SECONDS):
        """Waits for the end, and gives the exit status."""
        limit = time.monotonic() + seconds
        while self.process.poll() is None:
            if time.monotonic() > limit:
                raise Failure(f"still running after {seconds} s", self.told)
            if select.select([self.master], [], [], 0.1)[0] and not self._read():
                time.sleep(0.02)
        return self.process.returncode

    @property
    def err(self):
        self.errors.seek(0)
        return self.errors.read().decode(errors="replace")

    @property
    def told(self):
        # Of checks that hold, too, so it must not take longer the longer the session has been going on.
        shown = plain(self.seen[-4 * TOLD :])[-TOLD:]
        return f"--- console ---\n{shown}\n--- errors ---\n{self.err[-4000:]}"

    @property
    def alive(self):
        return self.process.poll() is None

    def end(self):
        """Ends KOZO from outside, if it still runs."""
        if self.alive:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if self.master >= 0:
            os.close(self.master)
            self.master = -1


class Kozo:
    """Where everything is, and how it is started."""

    def __init__(self, root, arch, mode, long, only=""):
        self.root = root
        self.arch = arch
        self.mode = mode
        self.long = long
        self.only = only  # a suite of very many like checks makes those with this text in their names
        self.build = root / "build" / f"{arch}-{mode}"
        self.kernel = self.build / "kernel" / "kozo.elf"
        self.shipped = self.build / "systems" / "initrd.cpio"  # without programs of tests
        self.initrd = self.build / "systems" / "initrd-with-tests.cpio"
        self.image = self.build / "tools" / "image" / "kozo.img"
        self.iso = self.build / "tools" / "image" / "kozo.iso"
        self.runner = self.build / "tools" / "run" / "kozo-run"
        self.launcher = root / "kozo"
        self._folder = None
        self._shared = {}
        self._lost = {}  # how often a shared session did not come to its prompt

    @property
    def folder(self):
        """A folder of this run's own, gone afterwards."""
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="kozo-test-"))
        return self._folder

    def file(self, name, data):
        path = self.folder / name
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return path

    def command_line(self, *options, initrd=True, boot=None):
        """The runner's command line. `boot` replaces the usual kernel and initrd."""
        if boot is None:
            boot = ["--kernel", self.kernel]
            if initrd:
                boot += ["--initrd", self.initrd if initrd is True else initrd]
        return [self.runner, "--arch", self.arch, *boot, *options]

    def start(self, *options, environment=None, **how):
        """A session on a pseudo-terminal."""
        return Session(self.command_line(*options, **how), environment)

    def execute(self, command, *options, seconds=BOOT_SECONDS, **how):
        """Boots, runs one command of the prompt, and gives its output and status."""
        limit = ["--timeout", str(seconds)]
        line = self.command_line("--exec", command, *limit, *options, **how)
        return run(line, timeout=seconds + 30)

    def shared(self, name, *options, **how):
        """A session that the checks of a suite share, at its prompt; a new one if the last one ended."""
        session = self._shared.get(name)
        if session is None or not session.alive:
            if self._lost.get(name, 0) >= 3:
                raise Failure("no session came to its prompt, see the checks before")
            session = self._shared[name] = self.start(*options, **how)
            try:
                session.prompt()
            except Failure:
                self._lost[name] = self._lost.get(name, 0) + 1
                self.forget(name)
                raise
        return session

    def forget(self, name):
        """Ends a shared session: the next check starts a new one."""
        if session := self._shared.pop(name, None):
            session.end()

    def copy_sources(self, name):
        """A copy of the repository without what was built, in a folder of its own."""
        target = self.folder / name
        shutil.copytree(
            self.root, target, symlinks=True, ignore=lambda folder, _: self._unwanted(folder)
        )
        return target

    def _unwanted(self, folder):
        return {"build", ".git"} if Path(folder) == self.root else {"__pycache__"}

    def launch(self, *arguments, root=None, **options):
        """Runs ./kozo, of this repository or of a copy."""
        return run([(root or self.root) / "kozo", *arguments], **options)

    def close(self):
        for name in list(self._shared):
            self.forget(name)
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None


def one_line(text, what):
    """Expects exactly one line, and gives it without its end."""
    lines = plain(text).splitlines()
    expect(len(lines) == 1, f"{what} is {len(lines)} lines, not one", text)
    return lines[0]
