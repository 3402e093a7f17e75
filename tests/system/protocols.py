# SPDX-License-Identifier: MIT
"""Service protocols: a client that asks anything harms itself only. What can be asked comes from the table
that is generated from abi/proto."""

import re

from driver import cpio, kills
from driver.services import compiled, members, settle, table_of, wait_until_settled
from driver.suite import Result, expect, expect_equal, source

order = 68

COUNT, COUNT_LONG = 1500, 60_000
PROGRAM = "test/nonsense"

# The protocol that each service speaks, in groups of those with which a program can have sessions at a time.
GROUPS = (
    {"clock": "clock", "devmgr": "devices", "random": "random", "policy": "policy", "channels": "channel",
     "files": "files", "ext": "volume", "disk": "block"},  # the disk comes last: it is overwritten
    {"initrd": "volume", "ram": "volume", "share": "volume", "memory": "memory", "init": "process"},
)  # fmt: skip


def requests(kozo, protocol):
    """What the program is told of each request: its number, and a letter for each argument."""
    table = (kozo.root / "abi" / "golden" / "trace.tbl").read_text()
    rows = re.findall(rf"(?m)^request {protocol} (\d+) (\S+)(.*?) ->", table)
    return [
        f"{number}:" + "".join("t" if word.endswith(":text") else "u" for word in arguments.split())
        for number, _, arguments in rows
    ]


def init_requests(kozo):
    """Everything that init hears but `exit`, and `write`, which is shown to the person."""
    names = ("namespace", "platform", "pager")
    return [request for name in names for request in requests(kozo, name)]


def machine(kozo, number, services):
    """A machine with a disk and a shared folder, on which the program has sessions with these services."""
    text = (kozo.root / "systems" / "default" / "system").read_text() + f"\nprogram {PROGRAM}\n"
    for name in services:
        if name == "memory":
            text += "    pager memory 1M\n"
        elif name != "init":
            text += f"    uses {name} 16K\n"
    text += "    place / rw\n" if "files" in services else ""
    files = members(kozo)
    ended, table = compiled(kozo, f"nonsense{number}", text, files)
    expect_equal(ended.status, 0, "the compiler's exit status", ended.told)
    files["system"] = table.read_bytes()
    return kills.Machine(kozo, "nonsense").start(kozo,
        initrd=kozo.file(f"nonsense{number}.cpio", cpio.archive(files)))


def ask_anything(kozo, session, name, protocol):
    """Gives what the program says; fails when the service has ended, or when others have."""
    before = table_of(session.command("services"))
    kinds = init_requests(kozo) if name == "init" else requests(kozo, protocol)
    expect(kinds, "the table has no such protocol")
    count = COUNT_LONG if kozo.long else COUNT
    told = session.command(f"run {PROGRAM} {name} 7 {count} {' '.join(kinds)}", 300)
    settle(session)
    after = wait_until_settled(session)
    lives = {service: row[1] for service, row in before.items()}
    expect_equal({service: row[1] for service, row in after.items()}, lives, "the lives of services",
        session.told)
    return told


for number, services in enumerate(GROUPS):

    @source
    def nonsense(kozo, number=number, services=services):
        with machine(kozo, number, services) as session:
            for name, protocol in services.items():
                sentence = f"{name} lives on, and so do all others, whatever it is asked ({protocol})"
                told = ask_anything(kozo, session, name, protocol)
                # A client of the memory service may lose what it stands on.
                found = re.search(r"nonsense: (\d+) done, (\d+) refused|page fault|exception", told)
                expect(found, f"the client of {name} did not come to its end", session.told)
                figure = f"{name}: {found[1]} done, {found[2]} refused" if found[1] else ""
                yield Result(sentence, "passed", told, figure=figure)
            expect("initrd" in session.command("ls /"), "files can't be listed any more", session.told)
            expect("hello" in session.command("run bin/hello"), "no program runs any more", session.told)
            yield Result("afterwards files are listed and programs run", "passed")
