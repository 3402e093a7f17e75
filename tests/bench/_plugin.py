# SPDX-License-Identifier: MIT
"""QEMU with one of the plugins of plugin/.

The runner starts whatever qemu-system-x86_64 it finds first, so a script of that name, which adds the
plugin, is put before the real one.
"""

import contextlib
import os
import shutil
import tempfile
from pathlib import Path

from bench import NotMeasured
from driver.kozo import run

EMULATOR = "qemu-system-x86_64"


def symbol(program, name):
    """Where a function of a program begins and ends."""
    for line in run(["nm", "-S", program], timeout=60).out.splitlines():
        words = line.split()
        if len(words) == 4 and words[3] == name:
            start = int(words[0], 16)
            return start, start + int(words[1], 16)
    raise NotMeasured(f"{program.name} has no function {name}")


@contextlib.contextmanager
def plugged(kozo, name, **arguments):
    """The environment in which QEMU has this plugin, and the file that it writes."""
    with tempfile.TemporaryDirectory() as folder:
        found = Path(folder) / "found"
        words = "".join(f",{key}={value}" for key, value in arguments.items())
        plugin = f"file={kozo.build}/tests/bench/{name}.so,out={found}{words}"
        script = Path(folder) / EMULATOR
        script.write_text(f'#!/bin/sh\nexec {shutil.which(EMULATOR)} "$@" -plugin {plugin}\n')
        script.chmod(0o755)
        yield {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"}, found
