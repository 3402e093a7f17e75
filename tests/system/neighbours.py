# SPDX-License-Identifier: MIT
"""Two sandboxes side by side in one machine: what the one has, the other can neither find, use, nor count."""

from driver.services import initrd_with
from driver.suite import check, expect_equal
from system._sandboxes import end_of_job, program, settle

order = 47

SECONDS = 120

# linuxd, with one folder each.
ONE_FOLDER = """
program {name}
    uses channels 512K
    uses files 512K
    place /host/{place} rw
    uses clock
    self
    time
    memory most
    initrd
"""
FOLDERS = {"bin/left": "share", "bin/right": "share2"}


@check("process numbers, /proc, abstract sockets, futexes, shared memory, inodes, free space and names of a "
       "sandbox are its own: a neighbour that tries each notices nothing, and is not noticed")  # fmt: skip
def neighbours(kozo):
    path = program(kozo, "neighbour")
    done = path.parent / "done"
    done.unlink(missing_ok=True)
    with kozo.start("--mem", "512", "--share", f"{path.parent}:rw") as session:
        session.prompt()
        alone = session.command("linux /share/neighbour numbers")
        begun = len(session.seen)
        session.send("linux /share/neighbour hold /share &\r")
        session.wait_for(r"holding as process \d+", SECONDS)
        settle(session)
        beside = session.command("linux /share/neighbour numbers")
        expect_equal(beside, alone, "what is counted", session.told)
        told = session.command("linux /share/neighbour try")
        expect_equal(told, "10 tried, 0 crossed\n", "what was tried", session.told)
        done.touch()
        expect_equal(end_of_job(session, begun, SECONDS), "ended with status 0", "the other one")
        held = "held: 0 signals, 0 woken, 0 came, memory 1, file whole"
        expect_equal(session.seen[begun:].count(held), 1, "what the other one noticed", session.told)


@check("two sandboxes that were given a folder each reach their own, and not the other's: by no path, link, "
       "process, or socket")  # fmt: skip
def folders(kozo):
    path = program(kozo, "neighbour")
    given = [kozo.folder / "neighbours" / name for name in FOLDERS.values()]
    for folder in given:
        folder.mkdir(parents=True)
        (folder / "neighbour").write_bytes(path.read_bytes())
        (folder / "neighbour").chmod(0o755)
        (folder / "secret").write_text("secret\n")
    text = (kozo.root / "systems" / "default" / "system").read_text()
    text += "".join(ONE_FOLDER.format(name=name, place=place) for name, place in FOLDERS.items())
    shares = [word for folder in given for word in ("--share", f"{folder}:rw")]
    initrd = initrd_with(kozo, "left-right", text, FOLDERS)
    with kozo.start("--mem", "512", *shares, initrd=initrd) as session:
        session.prompt()
        for holder, other in (("bin/left", "bin/right"), ("bin/right", "bin/left")):
            held, own = f"/{FOLDERS[holder]}", f"/{FOLDERS[other]}"
            begun = len(session.seen)
            session.send(f"run {holder} {held}/neighbour hold {held} &\r")
            session.wait_for(r"holding as process \d+", SECONDS)
            settle(session)
            told = session.command(f"run {other} {own}/neighbour reach {own} {held}")
            expect_equal(told, "its own is there\n10 tried, 0 crossed\n", "what was tried", session.told)
            (given[list(FOLDERS).index(holder)] / "done").touch()
            end_of_job(session, begun, SECONDS)
            expect_equal(session.seen[begun:].count(" 0 came,"), 1, "what was noticed", session.told)
    for folder in given:
        expect_equal((folder / "secret").read_text(), "secret\n", f"the file in {folder.name}")
