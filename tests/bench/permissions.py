# SPDX-License-Identifier: MIT
"""Permissions: opening, asking, taking back, and the record

Instructions under --icount, client, services and kernel included; the program bench/permissions counts them
in the same session of the system in which bench/files counts what a client without limits pays. What is
taken back is taken from a lease by the kernel, and from a Linux program by the runner, as a broker says:
from its last read that went well to the first that answers EIO, in wall time on this machine as it is just
now, since the host has its part in it. Lengths are those of the record that the run left.
"""

import json
import re
import shutil
import socket
import statistics
import subprocess
import threading

from bench import NotMeasured, Row, _counted
from driver.kozo import run

MACHINE = ["--mem", "512", "--smp", "1", "--accel", "tcg", "--icount", "--timeout", "600"]
SECONDS = 300

# A busy program: so many permissions in use all the time. Each is a line when a minute begins and one with a
# count when it ends.
PERMISSIONS = 8
LINES = 2
FILES = (1, 1_000)  # open at a time
RUNS = 3


def run_program(session, program):
    """What a program of bench/ prints, when its calibration is good."""
    out = session.command(f"run {program}", seconds=SECONDS)
    found = re.search(r"(?m)^calibration (\d+) (\d+)\s*$", out)
    if not found or not 0 <= int(found[1]) - int(found[2]) <= _counted.TOLERANCE:
        raise NotMeasured(f"{program} did not count instructions\n{out}")
    return out


def row(out, name, what, less=0):
    value, lost = _counted.figure(out, name)
    return Row(what, None if value is None else value - less, "instructions", lost=lost)


def serve(listener, revokes):
    """Answers the one question of a run, and takes that back when it is time."""
    connection, _ = listener.accept()
    with connection:
        question = json.loads(connection.makefile().readline())
        for word in ("close", "revoke"):
            line = json.dumps({"v": 1, "id": question["id"], "answer": word})
            connection.sendall(line.encode() + b"\n")
            if word == "close":
                revokes.wait(SECONDS)
        connection.recv(1)


def revoke(kozo, files):
    """Milliseconds in which a Linux program with so many files open waits when their folder is taken back."""
    folder = kozo.build / "bench-permissions"
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "files").mkdir(parents=True)
    for number in range(files):
        (folder / "files" / str(number)).write_text("x")
    built = run(["clang-19", "-std=gnu23", "-O2", "-static", "-o", folder / "revoke",
        kozo.root / "tests/bench/linux/revoke.c"])
    if built.status != 0:
        raise NotMeasured(f"revoke.c can't be compiled\n{built.told}")
    listener = socket.socket(socket.AF_UNIX)
    (kozo.folder / "revoker").unlink(missing_ok=True)
    listener.bind(str(kozo.folder / "revoker"))
    listener.listen()
    revokes = threading.Event()
    threading.Thread(target=serve, args=(listener, revokes), daemon=True).start()
    command = [
        kozo.launcher, "run", "--timeout", str(SECONDS), "--broker", kozo.folder / "revoker", "--allow",
        f"files.path.read:{folder}/revoke",
        "--", folder / "revoke", folder / "files", str(files),
    ]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        said = process.stdout.readline()
        revokes.set()
        out, errors = process.communicate(timeout=SECONDS)
    found = re.search(r"(?m)^revoked (\d+) (\d+)$", out)
    if said != "ready\n" or not found:
        raise NotMeasured(f"it was not taken back\n{said}{out}{errors}")
    if found[2] != "0":
        raise NotMeasured(f"{found[2]} of the files can still be read")
    return int(found[1]) / 1e6


def measure(kozo):
    with kozo.start(*MACHINE) as session:
        session.prompt()
        plain = run_program(session, "bench/files")
        session.command("kozo-cap grant permissions usb.use always")
        own = run_program(session, "bench/permissions")
        lines = session.command("kozo-audit --json").split("\n")
        leases = run_program(session, "bench/caps")
    free, _ = _counted.figure(plain, "open-close")
    look, _ = _counted.figure(own, "look")
    again, _ = _counted.figure(own, "ask-again")
    if None in (free, look, again):
        raise NotMeasured("a row is missing")
    kept = [len(line.strip()) + 1 for line in lines
        if line.startswith("{") and json.loads(line.strip())["event"] == "use"]
    if not kept:
        raise NotMeasured("nothing was recorded")
    length = statistics.mean(kept)
    return [
        row(own, "open-close", "open + close of a file in a place that was given"),
        row(own, "open-close", "of it beyond what a client without limits pays", free),
        row(own, "refused", "a file that was not given: refused"),
        row(own, "look", "asking what a stored rule says, without a use"),
        row(own, "ask-new", "first ask with a stored rule, recorded"),
        row(own, "ask-again", "the same ask again within a minute, counted"),
        row(own, "ask-new", "audit of one event: its line of the record, chained", again),
        row(leases, "lease", "taking back what 1,000 capabilities hold, by their lease"),
        *(
            Row(f"taking a folder back from a Linux program, open there: {files:,}, wall time",
                statistics.median(revoke(kozo, files) for _ in range(RUNS)), "ms")
            for files in FILES
        ),
        Row("a line of the record", round(length), "bytes"),
        Row(f"record of a busy program, {PERMISSIONS} permissions in use, in an hour",
            round(length * LINES * 60 * PERMISSIONS / 1024), "KiB"),
    ]
