# SPDX-License-Identifier: MIT
"""Channels: what their driver refuses, and what it takes back.

Streams through them are the business of the suite run, their driver's death that of share."""

import shutil

from driver.kozo import run
from driver.suite import check, expect, expect_equal

order = 56

RULES = (
    "an unknown name", "no name", "a channel that is open", "a channel that is not open", "memory outside",
    "nothing at all", "one that is cancelled", "a channel that is closed", "a channel that is opened again",
    "the end of the host",
)


@check("whoever breaks the rules of channels is refused, and a channel that was closed can be opened again")
def rules(kozo):
    path = kozo.folder / "rules"
    shutil.copy("/bin/true", path)
    options = ["--share", kozo.folder, "--command", "run test/relay", "--timeout", "60"]
    ended = run(kozo.command_line(*options, "--", path))
    expect_equal(ended.out.splitlines(), [f"{rule}: kept" for rule in RULES], "the rules", ended.told)
    expect_equal(ended.status, 0, "the status", ended.told)


@check("a machine without channels says so")
def without(kozo):
    ended = kozo.execute("run test/relay")
    expect_equal((ended.status, ended.out), (1, "there are no channels\n"), "what came", ended.told)


@check("a machine with a folder and no program has only the channel for files")
def only_files(kozo):
    ended = kozo.execute("run test/relay", "--share", kozo.folder)
    expect(ended.status == 1 and "a channel is not there" in ended.out, "another answer", ended.told)
