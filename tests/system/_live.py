# SPDX-License-Identifier: MIT
"""Runs of a shell of this host whose permissions are asked for, given and taken back while they go on."""

import json
import os
import shutil
import socket
import subprocess
import threading

from driver.kozo import run
from driver.suite import expect_equal, skip
from system._tree import tree


def runner(kozo, *options, program=None, script="", initrd=None):
    """The command of a run of a shell of this host, or of another program, in KOZO."""
    shell = shutil.which("busybox")
    if not shell:
        skip("there is no busybox on this host")
    return [
        kozo.runner, "--arch", kozo.arch, "--kernel", kozo.kernel, "--initrd", initrd or kozo.initrd,
        "--timeout", "90", *options, "--", *(program or (shell, "sh", "-c", script)),
    ]  # fmt: skip


def surroundings(kozo, name):
    return {**os.environ, "XDG_STATE_HOME": str(kozo.folder / name)}


def own_tree(kozo, name):
    """Such a folder with `other` in it. In /tmp a program has files of its own, so it lies elsewhere."""
    folder = tree(kozo.build / "test-consent" / name)
    (folder / "other").write_text("other\n")
    return folder


class Broker:
    """Answers questions of a run, one after the other. An answer is a word, a number of minutes, or a
    function that is given the number of the question and a way to say more, and gives the word."""

    def __init__(self, kozo, name, *answers):
        self.path = kozo.folder / f"live-{name}"
        self.path.unlink(missing_ok=True)
        self.server = socket.socket(socket.AF_UNIX)
        self.server.bind(str(self.path))
        self.server.listen()
        self.answers, self.heard, self.questions = answers, [], []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        connection, _ = self.server.accept()

        def say(number, word):
            answer = {"answer": "minutes", "minutes": word} if isinstance(word, int) else {"answer": word}
            answer = word if isinstance(word, dict) else answer
            line = json.dumps({"v": 1, "id": number, **answer})
            connection.sendall(line.encode() + b"\n")

        with connection:
            for line in connection.makefile():
                question = json.loads(line)
                place = len(self.heard)
                self.heard.append((question["permission"], question.get("scope")))
                self.questions.append(question)
                answer = self.answers[place] if place < len(self.answers) else "no"
                word = answer(question["id"], say) if callable(answer) else answer
                if word:
                    say(question["id"], word)

    def scopes(self):
        return [scope for _, scope in self.heard]


def kept(kozo, name):
    """The folder with what the runs of this name keep."""
    return kozo.folder / f"live-{name}-state" / "kozo"


def record_of(kozo, name):
    return [json.loads(line) for line in (kept(kozo, name) / "record").read_text().splitlines()]


def asking(kozo, name, answers, script, *options, program=None, initrd=None):
    """Runs a script whose questions are answered; gives how it ended, and the broker."""
    broker = Broker(kozo, name, *answers)
    shutil.rmtree(kozo.folder / f"live-{name}-state", ignore_errors=True)
    command = runner(kozo, "--broker", broker.path, *options, program=program, script=script, initrd=initrd)
    return run(command, env=surroundings(kozo, f"live-{name}-state")), broker


def cap(kozo, *arguments):
    """What ./kozo cap does, by the program that it calls."""
    return run([kozo.build / "tools" / "permissions" / "kozo-permissions", *arguments])


def begun(kozo, name, script, *options):
    """A run whose script has printed `ready`, and goes on by what is written to it."""
    shutil.rmtree(kozo.folder / f"live-{name}-state", ignore_errors=True)
    process = subprocess.Popen(
        [str(part) for part in runner(kozo, *options, script=script)], stdin=subprocess.PIPE, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=surroundings(kozo, f"live-{name}-state"),
    )  # fmt: skip
    expect_equal(process.stdout.readline(), "ready\n", "the first line")
    return process
