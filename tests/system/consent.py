# SPDX-License-Identifier: MIT
"""Questions while a program runs, and what is taken back from it: by a broker, at a terminal, from another
terminal."""

import os
import re
import shutil
import signal
import time

from driver import cpio
from driver.kozo import Session, plain, run
from driver.services import members
from driver.suite import check, expect, expect_equal, skip
from system._live import Broker, asking, begun, cap, kept, own_tree, record_of, runner, surroundings

order = 46


# --- A broker answers


@check("what a running program is refused is asked for then, and each answer gives what it says and no more")
def asked_then(kozo):
    folder = own_tree(kozo, "asked")
    notes, a, other, b = (f"{folder}/{path}" for path in ("notes", "public/a", "other", "secret/b"))
    script = "; ".join(f"cat {path}" for path in (notes, notes, a, a, other, other, b, b))
    ended, broker = asking(kozo, "then", ("once", "once", "close", "no", 15), script)
    expect_equal(broker.scopes(), [notes, notes, a, other, b], "the questions")
    expect_equal(
        ended.out, "notes\nnotes\npublic\npublic\nsecret\nsecret\n", "what was read", ended.told
    )
    expect("asked/other, 2 times" in ended.err, "what is reported", ended.told)
    events = [line["event"] for line in record_of(kozo, "then")]
    asks = ["ask", "grant"] * 3 + ["ask", "refuse", "refuse", "ask", "grant"]
    expect_equal(events[: len(asks)], asks, "the record")


@check("a change is asked for as such, and what was given to be read stays as it is")
def asked_to_change(kozo):
    folder = own_tree(kozo, "change")
    script = f"cat {folder}/notes; echo x >>{folder}/notes; echo y >{folder}/new; cat {folder}/new"
    ended, broker = asking(kozo, "change", ("close", "no", "close"), script)
    expect_equal(
        broker.heard,
        [("files.path.read", f"{folder}/notes"), ("files.path.write", f"{folder}/notes"),
         ("files.path.write", f"{folder}/new")],
        "the questions", ended.told,
    )  # fmt: skip
    expect_equal((folder / "notes").read_text(), "notes\n", "the file that was not to be changed", ended.told)
    expect_equal((folder / "new").read_text(), "y\n", "the file that was", ended.told)


@check("always is remembered for the next run, until the restart and never as well, without a question")
def asked_for_good(kozo):
    folder = own_tree(kozo, "good")
    script = f"cat {folder}/notes; cat {folder}/public/a; cat {folder}/other; true"
    ended, broker = asking(kozo, "good", ("always", "never", "restart"), script)
    expect_equal(ended.out, "notes\nother\n", "what was read", ended.told)
    again = Broker(kozo, "good-again")
    command = runner(kozo, "--broker", again.path, script=script)
    ended = run(command, env=surroundings(kozo, "live-good-state"))
    expect_equal((ended.out, again.heard), ("notes\nother\n", []), "the next run", ended.told)


@check("a program that asks for one thing after another is refused after six questions, and goes on")
def asked_too_often(kozo):
    folder = own_tree(kozo, "often")
    script = "for i in 1 2 3 4 5 6 7 8 9; do cat %s/$i; done; echo done" % folder
    ended, broker = asking(kozo, "often", (), script)
    expect_equal((len(broker.heard), ended.out), (6, "done\n"), "questions and output", ended.told)
    expect("kozo: blocked: " in ended.err, "the report", ended.told)


@check("a broker that says nonsense or leaves gives nothing, then and later")
def broker_fails(kozo):
    folder = own_tree(kozo, "fails")
    script = f"cat {folder}/notes; cat {folder}/public/a; echo done"
    ended, broker = asking(kozo, "fails", ("yes",), script)
    expect_equal((ended.out, len(broker.heard)), ("done\n", 1), "output and questions", ended.told)


HOLDS = """
import errno, mmap, os, socket, sys
path, other, changed = sys.argv[1:4]

def told(what, act):
    try:
        act()
        print(what, "works", flush=True)
    except OSError as error:
        print(what, errno.errorcode[error.errno], flush=True)

file = os.open(path, os.O_RDONLY)
writing = os.open(changed, os.O_RDWR)
os.write(writing, b"before")
shown = mmap.mmap(file, 0, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ)
first = shown[0]
kept = mmap.mmap(writing, 0)
kept[1:2] = b"E"
kept.flush()
kept[2:3] = b"F"
mine, yours = socket.socketpair()
socket.send_fds(mine, [b"x"], [file])
told("another", lambda: os.open(other, os.O_RDONLY))
told("read", lambda: os.pread(file, 1, 0))
told("write", lambda: os.write(writing, b"after"))
told("stat", lambda: os.stat(path))
told("open", lambda: os.open(path, os.O_RDONLY))
told("link", lambda: os.open("/proc/self/fd/%d" % file, os.O_RDONLY))
passed = socket.recv_fds(yours, 1, 1)[1][0]
told("passed", lambda: os.pread(passed, 1, 0))
told("duplicate", lambda: os.pread(os.dup(file), 1, 0))
if os.fork() == 0:
    told("child", lambda: os.pread(file, 1, 0))
    os._exit(0)
os.wait()
if os.fork() == 0:
    os._exit(shown[0])
print("mapping", os.WTERMSIG(os.wait()[1]), flush=True)
if os.fork() == 0:
    kept[3:4] = b"O"
    os._exit(0)
print("written mapping", os.WTERMSIG(os.wait()[1]), flush=True)
told("system", lambda: os.stat("/usr/bin/env"))
"""


@check("what is taken back is gone at once: from descriptors, those of children and those that were "
       "passed on, "
       "from paths, and from mappings")  # fmt: skip
def taken_back(kozo):
    if not os.access("/usr/bin/python3", os.X_OK):
        skip("there is no python3")
    folder = own_tree(kozo, "taken")

    def take_back(number, say):
        say(1, "revoke")
        say(2, "revoke")
        return "no"

    arguments = (f"{folder}/notes", f"{folder}/secret/b", f"{folder}/public/a")
    ended, broker = asking(
        kozo, "taken", ("close", "close", take_back), "",
        program=("/usr/bin/python3", "-ISc", HOLDS, *arguments)
    )
    expect_equal(
        ended.out.split("\n")[:-1],
        ["another EACCES", "read EIO", "write EIO", "stat EACCES", "open EACCES", "link EIO", "passed EIO",
         "duplicate EIO", "child EIO", "mapping 7", "written mapping 7", "system works"],
        "what it finds", ended.told,
    )  # fmt: skip
    expect_equal(len(broker.heard), 3, "the questions")
    expect_equal((folder / "public" / "a").read_text(), "bEfore\n", "what was written", ended.told)


# --- sudo


@check("a command under sudo asks for what it is refused, and nothing else does with --sudo; what it was "
       "given ends with it, and users stay what they are")  # fmt: skip
def sudo_asks(kozo):
    folder = own_tree(kozo, "sudo")
    notes, other = f"{folder}/notes", f"{folder}/other"
    script = f"""cat {notes}; sudo cat {notes}; cat {notes}
    sudo sh -c 'cat {other}; cat {other}'; cat {other}
    sudo sh -c 'echo x >>{notes}'; echo "$?"; echo y >>{notes}; [ $(id -u) = $(sudo id -u) ] && echo same"""
    ended, broker = asking(kozo, "sudo", ("always", 15, "hour"), script, "--sudo")
    expect_equal(
        broker.heard,
        [("files.path.read", notes), ("files.path.read", other), ("files.path.write", notes)],
        "the questions", ended.told,
    )  # fmt: skip
    expect_equal(ended.out, "notes\nother\nother\n0\nsame\n", "what was read", ended.told)
    expect_equal(ended.err.count("Permission denied"), 4, "what was refused", ended.told)
    expect_equal((folder / "notes").read_text(), "notes\nx\n", "what was changed")
    expect_equal(
        [(question["program"].rpartition("/")[2], question["reason"]) for question in broker.questions],
        [("busybox through sudo", f"{name} asks for it") for name in ("cat", "cat", "sh")],
        "who asks",
    )  # fmt: skip
    events = [(line["event"], line.get("because")) for line in record_of(kozo, "sudo")][:9]
    expect_equal(events, [("ask", None), ("grant", "rule"), ("expire", "sudo")] * 3, "the record")
    expect("always" not in (kept(kozo, "sudo") / "decisions").read_text(), "something was kept for good")
    again = Broker(kozo, "sudo-again")
    ended = run(runner(kozo, "--broker", again.path, "--sudo", script=f"sudo cat {notes}"),
                env=surroundings(kozo, "live-sudo-state"))  # fmt: skip
    expect_equal((again.scopes(), ended.out), ([notes], ""), "the next run", ended.told)


KEPT = """
import errno, os, socket, subprocess, sys
path = sys.argv[1]
COMMAND = "import os, socket, sys; mine = socket.socket(fileno=int(sys.argv[2])); \
file = os.open(sys.argv[1], os.O_RDONLY); os.fork() or (mine.recv(1), os._exit(0)); \
socket.send_fds(mine, [b'x'], [file])"

def told(what, act):
    try:
        print(what, act().decode().strip(), flush=True)
    except OSError as error:
        print(what, errno.errorcode[error.errno], flush=True)

def opened():
    file = os.open(path, os.O_RDONLY)
    return os.pread(file, 9, 0)

mine, its = socket.socketpair()
os.set_inheritable(its.fileno(), True)
command = ["sudo", sys.executable, "-ISc", COMMAND, path, str(its.fileno())]
print("status", subprocess.run(command, close_fds=False).returncode, flush=True)
its.close()
passed = socket.recv_fds(mine, 1, 1)[1][0]
told("passed", lambda: os.pread(passed, 9, 0))
told("another", opened)
mine.send(b"x")
mine.recv(1)  # the child that it left running has ended
told("passed", lambda: os.pread(passed, 9, 0))
told("another", opened)
"""


@check("a child that a command of sudo leaves running keeps what it was given; with the last of them it "
       "ends, for who has it open elsewhere as well")  # fmt: skip
def sudo_left_running(kozo):
    if not os.access("/usr/bin/python3", os.X_OK):
        skip("there is no python3")
    folder = own_tree(kozo, "sudo-kept")
    ended, broker = asking(kozo, "sudo-kept", ("close",), "", "--sudo",
                           program=("/usr/bin/python3", "-ISc", KEPT, f"{folder}/notes"))  # fmt: skip
    expect_equal(
        ended.out.split("\n")[:-1],
        ["status 0", "passed notes", "another notes", "passed EIO", "another EACCES"],
        "what it finds", ended.told,
    )  # fmt: skip


@check("sudo within sudo has a lease of its own: what it was given ends before the outer command's")
def sudo_within(kozo):
    folder = own_tree(kozo, "sudo-within")
    notes, other = f"{folder}/notes", f"{folder}/other"
    inner = f"cat {notes}; sudo cat {other}; cat {other} 2>&1; cat {notes}; exec sudo cat {notes}"
    ended, broker = asking(kozo, "sudo-within", ("close", "close"), f'sudo sh -c "{inner}"; cat {notes}')
    expect_equal(broker.scopes(), [notes, other, other, notes], "the questions", ended.told)
    expect_equal(ended.out.count("notes\n"), 3, "what the outer command was given", ended.told)
    expect_equal(ended.err.count("Permission denied"), 1, "what was refused at the end", ended.told)


@check("sudo gets along with how it is called: options, a user, variables, a shell; and says what it does "
       "not know")  # fmt: skip
def sudo_called(kozo):
    script = """sudo -n echo 1; sudo -u root -- echo 2; sudo -uroot -EH --user=root A=3 sh -c 'echo $A'
    A=1 sudo A=4 B=5 sh -c 'echo $A $B'; sudo --user root --non-interactive -p '' echo 6
    sudo -s echo '7;' "8  9"; sudo -v && sudo -k && echo 10; sudo sh -c 'exit 11'; echo $?
    SHELL=/bin/sh sudo -i echo 12; echo 'echo $1' >/tmp/script; chmod +x /tmp/script; sudo /tmp/script 13
    exec sudo sh -c 'kill -TERM $$'"""
    ended, broker = asking(kozo, "sudo-called", (), script, "--sudo")
    expect_equal(ended.out, "1\n2\n3\n4 5\n6\n7; 8  9\n10\n11\n12\n13\n", "what was said", ended.told)
    expect_equal((ended.status, broker.heard), (143, []), "how it ended, and the questions", ended.told)
    script = """sudo; echo $?; sudo -b true; echo $?; sudo --chroot=/ true; echo $?; sudo -u; echo $?
    sudo nosuch; echo $?; sudo /etc/hosts; echo $?; echo x | sudo tee /usr/bin/sudo"""
    ended, broker = asking(kozo, "sudo-wrong", (), script, "--sudo")
    expect_equal(ended.out, "1\n" * 6 + "x\n", "the statuses", ended.told)
    for words in (
        "give a command: sudo", "-b is not known here", "--chroot=/ is not known here",
        "-u needs a value", "nosuch: command not found", "/etc/hosts: Permission denied",
    ):  # fmt: skip
        expect(f"sudo: {words}" in ended.err, words, ended.told)


@check("where nobody can be asked, sudo says so and runs nothing")
def sudo_nobody(kozo):
    ended = run(runner(kozo, script="sudo echo ran; echo $?; sudo -n true || echo no"),
                env=surroundings(kozo, "live-sudo-nobody"))  # fmt: skip
    expect_equal(ended.out, "1\nno\n", "what was said", ended.told)
    words = "sudo: nobody can be asked in this run (--prompt, --broker)"
    expect_equal(ended.err.count(words), 2, "the words", ended.told)
    ended = run(runner(kozo, "--sudo", script="true"))
    expect("--sudo goes with --prompt or --broker" in ended.err, "--sudo alone", ended.told)


@check("one sudo after the other is refused after six questions, and a copy of sudo, or what calls itself "
       "so, asks for nothing")  # fmt: skip
def sudo_too_often(kozo):
    folder = own_tree(kozo, "sudo-often")
    script = f"""cp /usr/bin/sudo /tmp/sudo; /tmp/sudo cat {folder}/notes; echo $?
    cp /bin/busybox /tmp/sudo; /tmp/sudo cat {folder}/notes; echo $?
    for i in 1 2 3 4 5 6 7 8 9; do sudo cat {folder}/$i; done; echo done"""
    ended, broker = asking(kozo, "sudo-often", (), script, "--sudo")
    expect_equal(broker.scopes(), [f"{folder}/{i}" for i in range(1, 7)], "the questions", ended.told)
    expect(ended.out.startswith("1\n") and ended.out.endswith("\ndone\n"), "the output", ended.told)


# --- A file that is chosen


def file(path):
    return {"answer": "file", "path": str(path)}


@check("a program that asks for a file gets the one that was chosen and nothing beside it, to read it or "
       "to change it as well; it is listed, in the record, and can be taken back")  # fmt: skip
def picked(kozo):
    folder = own_tree(kozo, "picked")
    (folder / "link").symlink_to("notes")
    script = f"""path=$(kozo-pick the notes of today); echo $path; cat $path
    echo x >>$path; cat {folder}/public/a
    path=$(kozo-pick --write); echo y >>$path; cat $path; kozo-pick; echo $?; cat {folder}/notes"""
    listed = []

    def second(number, say):
        listed.append(cap(kozo, "--running").out)
        return file(folder / "other")

    def third(number, say):
        say(1, "revoke")
        return "no"

    answers = (file(folder / "link"), "no", "no", second, third)
    ended, broker = asking(kozo, "picked", answers, script)
    expect_equal(
        broker.heard,
        [("files.pick.read", None), ("files.path.write", f"{folder}/notes"),
         ("files.path.read", f"{folder}/public/a"), ("files.pick.write", None), ("files.pick.read", None)],
        "the questions", ended.told,
    )  # fmt: skip
    expect_equal(broker.questions[0]["reason"], "the notes of today", "the reason")
    expect_equal(ended.out, f"{folder}/notes\nnotes\nother\ny\n1\n", "what was read", ended.told)
    expect("kozo-pick: no file was given" in ended.err, "the words", ended.told)
    expect_equal((folder / "notes").read_text(), "notes\n", "what was given to be read", ended.told)
    expect_equal((folder / "other").read_text(), "other\ny\n", "what was given to be changed", ended.told)
    expect(f"files.path.read:{folder}/notes until it closes" in listed[0], "the list", listed[0])
    lines = [(line["event"], line["permission"], line.get("because")) for line in record_of(kozo, "picked")]
    begin = [("ask", "files.pick.read", None), ("grant", "files.path.read", "picked")]
    expect_equal(lines[:2], begin, "the record")
    expect(("grant", "files.path.write", "picked") in lines, "the record", str(lines))


@check("what a broker chooses that is no file, holds a secret, is not there or is denied is refused in "
       "words, and any other answer gives nothing")  # fmt: skip
def picked_wrongly(kozo):
    folder = own_tree(kozo, "wrongly")
    (folder / "secret-link").symlink_to(".env")
    (folder / ".env").write_text("KEY=1\n")
    os.mkfifo(folder / "fifo")
    denied = ("--deny", f"files.path.read:{folder}/other")
    for answer, words in (
        (file(folder), "it is a folder"),
        (file(folder / "none"), "there is no such file"),
        (file(folder / "fifo"), "it is no ordinary file"),
        (file("/dev/null"), "it is no ordinary file"),
        (file(folder / "secret-link"), "only --allow gives that"),
        (file("notes"), "there is no such file"),
        (file(folder / "other"), ""),
        ("once", ""), ("always", ""), ("file", ""), ({"answer": "file", "path": ""}, ""),
    ):
        script = f"kozo-pick && echo given; cat {folder}/other"
        ended, broker = asking(kozo, "wrongly", (answer,), script, *denied)
        expect_equal((ended.out, broker.heard[0][0]), ("", "files.pick.read"), f"after {answer}", ended.told)
        told = "kozo-pick: no file was given" in ended.err
        expect(told and words in ended.err, f"the words after {answer}", ended.told)
    ended, broker = asking(kozo, "wrongly", (), "kozo-pick", "--deny", "files.pick.read")
    expect_equal((ended.status, broker.heard), (1, []), "when it is denied", ended.told)


@check("where nobody can be asked a program gets no file, and what /dev/kozo does not understand asks for "
       "nothing")  # fmt: skip
def picked_by_nobody(kozo):
    ended = run(runner(kozo, script="kozo-pick; echo $?; echo pick read >/dev/kozo; cat /dev/kozo"))
    expect_equal(ended.out, "1\n", "what was said", ended.told)
    words = "kozo-pick: nobody can be asked in this run (--prompt, --broker)"
    expect(words in ended.err, "the words", ended.told)
    script = """echo pick >/dev/kozo; echo pick readme >/dev/kozo; head -c 200 /dev/zero >/dev/kozo
    printf '' >/dev/kozo; cat /dev/kozo; kozo-pick -x; kozo-pick
    kozo-pick $(head -c 200 /dev/zero | tr '\\0' x)
    echo done"""
    ended, broker = asking(kozo, "nobody", (), script, "--sudo")
    expect_equal((ended.out, broker.heard), ("done\n", []), "output and questions", ended.told)
    for words in ("usage: kozo-pick", "the reason is too long", "nobody can be asked"):
        expect(f"kozo-pick: {words}" in ended.err, words, ended.told)
    expect_equal(ended.err.count("Invalid argument"), 3, "the errors", ended.told)


@check("a program that no longer waits for a file gets none, and an answer that comes late spoils nothing")
def picked_late(kozo):
    folder = own_tree(kozo, "late")

    def late(number, say):
        time.sleep(3)
        return file(folder / "notes")

    script = f"""kozo-pick & pick=$!; sleep 1; kill $pick; wait $pick; echo $?; sleep 4
    cat {folder}/notes 2>&1; cat {folder}/other"""
    ended, broker = asking(kozo, "late", (late, "no", "once"), script)
    expect(ended.out.startswith("143\n") and ended.out.endswith("\nother\n"), "the output", ended.told)
    expect("notes\n" not in ended.out.replace("/notes", ""), "what came late was given", ended.told)
    expect_equal(broker.scopes(), [None, f"{folder}/notes", f"{folder}/other"], "the questions", ended.told)


# --- A person answers


class Person(Session):
    """A terminal that a run has as its own."""

    def __init__(self, kozo, name, script, *options, program=None):
        shutil.rmtree(kozo.folder / f"live-{name}-state", ignore_errors=True)
        command = runner(kozo, "--prompt", *options, program=program, script=script)
        state = f"XDG_STATE_HOME={kozo.folder / f'live-{name}-state'}"
        super().__init__(["env", state, "setsid", "--ctty", "--wait", *command])
        self.word = self.wait_for(r"KOZO: questions of this run show the word (\w+)\.", 20)[1]

    def signal(self, number):
        """Sends the runner a signal."""
        os.kill(int(run(["pgrep", "-P", str(self.process.pid)]).out.split()[0]), number)

    def question(self):
        found = self.wait_for(r"(?s)KOZO asks \((\w+)\):(.*?)  (\d\d)o only now.*?Your answer: ", 60)
        expect_equal(found[1], self.word, "the word of the question", self.told)
        return found

    def answer(self, letter):
        found = self.question()
        self.send(f"{found[3]}{letter}\r")
        return found


@check("a question comes to the terminal while the program runs, says who wants what, and each answer holds")
def at_the_terminal(kozo):
    folder = own_tree(kozo, "terminal")
    script = "for i in notes notes public/a public/a other; do cat %s/$i 2>&1; done" % folder
    with Person(kozo, "terminal", script) as person:
        found = person.answer("o")
        expect("busybox wants to read " in found[2], "who wants what", found[0])
        expect("Permission: files.path.read:/" in found[2], "the permission", found[0])
        expect(all(len(line) <= 80 for line in found[0].splitlines()), "a line is too long", found[0])
        person.wait_for(r"allowed, only now\s+notes\s")
        person.answer("c")
        person.wait_for(r"allowed until it closes\s+notes\s")
        person.answer("h")
        person.wait_for(r"allowed for one hour\s+public\s+public\s")
        person.answer("n")
        person.wait_for(r"no\s+cat: .*other.*: Permission denied")
        expect_equal(person.ended(30), 1, "the exit status", person.told)


@check("silence for 60 seconds is a no, and what was given for a minute has ended by then: what was open "
       "answers an error, and the path is asked for anew")  # fmt: skip
def one_minute(kozo):
    folder = own_tree(kozo, "minute")
    script = f"exec 3<{folder}/notes; cat {folder}/other 2>&1; cat <&3 2>&1; cat {folder}/notes; echo done"
    with Person(kozo, "minute", script) as person:
        person.answer("m1")
        person.wait_for("allowed for 1 minute")
        person.question()
        asked = time.monotonic()
        person.wait_for(r"no\s+cat: .*other.*: Permission denied", 90)
        silent = time.monotonic() - asked
        expect(58 < silent < 75, f"it was a no after {silent:.0f} s", person.told)
        person.wait_for(r"cat: .*Input/output error")
        person.answer("o")
        person.wait_for(r"notes\s+done")
    events = [(line["event"], os.path.basename(line["scope"])) for line in record_of(kozo, "minute")]
    expect_equal(
        events[:7],  # what was refused is told once more when the run ends
        [("ask", "notes"), ("grant", "notes"), ("ask", "other"), ("expire", "notes"), ("refuse", "other"),
         ("ask", "notes"), ("grant", "notes")],
        "the record",
    )  # fmt: skip


@check("a wrong answer, one with an escape in it, an interrupt and a bare return give nothing")
def no_answer(kozo):
    folder = own_tree(kozo, "no-answer")
    script = "for i in notes public/a other; do cat %s/$i 2>&1; done; echo done" % folder
    with Person(kozo, "no-answer", script) as person:
        digits = int(person.question()[3])
        person.send(f"{10 + (digits - 9) % 90}a\r")
        found = person.question()
        person.send(f"\x1b[1;1R{found[3]}a\r")
        found = person.question()
        person.send("yes\r")
        person.wait_for(r"Permission denied")
        person.question()
        person.send("\x03")
        person.wait_for(r"Permission denied")
        person.question()
        person.send("\r")
        person.wait_for(r"Permission denied\s+done")


@check("a question under sudo says so, and offers nothing that lasts beyond the command")
def sudo_at_the_terminal(kozo):
    folder = own_tree(kozo, "sudo-terminal")
    script = f"sudo cat {folder}/notes 2>&1; cat {folder}/notes 2>&1; echo done"
    with Person(kozo, "sudo-terminal", script, "--sudo") as person:
        found = person.question()
        expect("busybox through sudo wants to read " in found[2], "who wants what", found[0])
        expect("It says: cat asks for it" in found[2], "what it says", found[0])
        expect(f"{found[3]}c until the command ends" in found[0], "how long", found[0])
        expect("always" not in found[0] and "restart" not in found[0], "how long", found[0])
        person.send(f"{found[3]}a\r")
        person.wait_for("That is no answer to this question")
        person.answer("c")
        person.wait_for(r"allowed until the command ends\s+notes\s+cat: .*notes.*: Permission denied\s+done")


@check("a person chooses a file by its number or its path, goes into folders, and is told why one can't be "
       "given")  # fmt: skip
def picked_at_the_terminal(kozo):
    folder = own_tree(kozo, "chosen")
    (folder / "key").symlink_to(".env")
    (folder / ".env").write_text("KEY=1\n")
    script = "p=$(kozo-pick 'the one to read'); echo got $p; cat $p; kozo-pick --write; echo $?"

    def choose(text):
        found = person.wait_for(r"(?s)KOZO asks \((\w+)\):(.*?)Type (\d\d) and a number.*?Your answer: ")
        expect_equal(found[1], person.word, "the word of the question", person.told)
        expect(all(len(line) <= 80 for line in found[0].splitlines()), "a line is too long", found[0])
        person.send(f"{found[3]}{text}\r")
        return found

    with Person(kozo, "chosen", script) as person:
        found = choose(f" {folder}")
        expect("busybox wants to read one file, which you choose then" in found[2], "who", found[0])
        expect("It says: the one to read" in found[2], "why", found[0])
        found = choose(" none")
        names = re.findall(r" (\d+) (\S+?)(/?) ", found[2].replace("\n", " "))
        wanted = {("key", ""), ("notes", ""), ("public", "/")}
        expect(wanted <= {name[1:] for name in names}, "the names", found[0])
        found = choose(" key")
        expect("there is no such file" in found[2], "what is not there", found[0])
        number = next(number for number, name, _ in names if name == "public")
        found = choose(f" {number}")
        expect("only --allow gives that" in found[2], "a secret", found[0])
        found = choose(" 1")
        expect(" 1 a " in found[2], "another folder", found[0])
        person.wait_for(r"given until it closes: \S*a\s+got \S*public/a\s+public\s")
        choose("n")
        person.wait_for(r"no\s+1\s")


@check("what was typed before a question is no answer to it, and goes to nobody; the program's screen waits")
def typed_before(kozo):
    folder = own_tree(kozo, "typed")
    script = f"echo ready; sleep 2; (sleep 1; echo behind) & cat {folder}/notes 2>&1; wait; echo done"
    with Person(kozo, "typed", script) as person:
        person.wait_for("ready")
        person.send("".join(f"{number}a\r" for number in range(10, 100)))
        digits = person.question()[3]
        time.sleep(2)
        person.send(f"{digits}n\r")
        found = person.wait_for(r"(?s)(.*)no\s+(.*)done")
        expect("behind" not in found[1] and "behind" in found[0], "the output came into it", person.told)
        expect("Permission denied" in found[2] and "\nnotes" not in found[2], "it was given", person.told)


@check("what a program wrote before it asked is shown above the question, however late the runner comes "
       "to both")  # fmt: skip
def written_before(kozo):
    folder = own_tree(kozo, "written")
    script = f"echo ready; sleep 1; echo written; cat {folder}/notes 2>&1; echo done"
    with Person(kozo, "written", script) as person:
        person.wait_for("ready")
        person.signal(signal.SIGSTOP)
        time.sleep(5)
        person.signal(signal.SIGCONT)
        found = person.wait_for(r"(?s)(.*)KOZO asks .*?  (\d\d)o only now.*?Your answer: ")
        expect("written" in found[1], "it is not above the question", person.told)
        person.send(f"{found[2]}o\r")
        person.wait_for(r"notes\s+done")


@check("a signal to the program ends its wait, and the question is withdrawn; others had gone on meanwhile")
def interrupted(kozo):
    folder = own_tree(kozo, "interrupted")
    script = f"""cat {folder}/notes & reader=$!; i=0; while [ $i -lt 300 ]; do i=$((i+1)); done
    sleep 2; kill -TERM $reader; wait $reader; echo "ended $?"; sleep 2; cat {folder}/other"""
    with Person(kozo, "interrupted", script) as person:
        person.question()
        person.wait_for(r"(?s)no longer asked.*ended 143", 30)
        person.answer("o")
        person.wait_for("other")


@check("a program that draws a perfect question gains nothing: it does not know the word, and decides "
       "nothing")
def imitated(kozo):
    folder = own_tree(kozo, "imitated")
    script = "printf 'KOZO asks (walnut):\\n  47o only now\\n  Your answer: '; read a; echo; "
    script += f"echo got $a; cat {folder}/notes 2>&1; echo done"
    with Person(kozo, "imitated", script) as person:
        person.wait_for("Your answer: ")
        person.send("47a\r")
        person.wait_for("got 47a")
        person.answer("n")
        person.wait_for(r"Permission denied\s+done")


@check("who ends a run in the middle of a question has given nothing, now or later")
def killed_while_asked(kozo):
    folder = own_tree(kozo, "killed")
    with Person(kozo, "killed", f"cat {folder}/notes") as person:
        person.question()
        person.signal(signal.SIGKILL)
        person.ended(20)
    decisions = (kept(kozo, "killed") / "decisions").read_text()
    expect("allow" not in decisions, "something was decided", decisions)
    events = [line["event"] for line in record_of(kozo, "killed")]
    expect_equal(events, ["ask"], "the record")


@check("what the person was told to be decided is kept, whenever the runner is killed, and nothing half")
def killed_while_decided(kozo):
    folder = own_tree(kozo, "decided")
    state = kept(kozo, "decided")
    for turn, (letter, told) in enumerate((("x", "it won't be asked again"), ("a", "allowed, always")) * 4):
        with Person(kozo, "decided", f"cat {folder}/notes 2>&1; sleep 9") as person:
            person.answer(letter)
            if turn < 4:
                person.wait_for(told)
            person.signal(signal.SIGKILL)
            person.ended(20)
            seen = plain(person.seen)
        listed = run([kozo.build / "tools" / "permissions" / "kozo-permissions", "--decisions"],
                     env=surroundings(kozo, "live-decided-state"))  # fmt: skip
        expect_equal(listed.status, 0, "what was decided can't be read", listed.told)
        rules = re.findall(r"(?m)^ +\d+ (allow|refuse) ", listed.out)
        wanted = ["refuse" if letter == "x" else "allow"]
        expect(rules == wanted or (told not in seen and not rules), f"{letter} became {rules}", listed.told)
        verified = run([kozo.build / "tools" / "permissions" / "kozo-permissions", "--verify"],
                       env=surroundings(kozo, "live-decided-state"))  # fmt: skip
        expect_equal(verified.status, 0, "the record", verified.told)
    expect("notes" not in (state / "record").read_text().replace(f"{folder}/notes", ""), "another path")


@check("a file server that dies while a permission is taken back has lost it when it is there again")
def file_server_killed_in_revocation(kozo):
    folder = own_tree(kozo, "revoked")
    broker_path = kozo.folder / "live-revoked"

    def take_back(number, say):
        servers = run(["pgrep", "-f", f"kozo-run.*{broker_path}"]).out.split()[1:]
        for process in servers:
            os.kill(int(process), signal.SIGSTOP)  # it does not take part in the revocation,
        say(1, "revoke")
        time.sleep(0.5)
        for process in servers:
            os.kill(int(process), signal.SIGKILL)  # and dies in the middle of it
        return "close"

    script = f"exec 3<{folder}/notes; cat {folder}/other; cat <&3; cat {folder}/notes; echo done"
    ended, broker = asking(kozo, "revoked", ("close", take_back), script)
    expect("notes" not in ended.out and ended.out.endswith("done\n"), "what was given", ended.told)
    expect_equal(broker.scopes(), [f"{folder}/notes", f"{folder}/other"], "the questions", ended.told)


@check("a file server that dies under a question loses what is open, and gives no more than before")
def file_server_killed(kozo):
    folder = own_tree(kozo, "server")

    def kill_server(number, say):
        found = run(["pgrep", "-f", f"kozo-run.*{broker_path}"]).out.split()
        for process in found[1:]:
            if int(process) != os.getpid():
                os.kill(int(process), 9)
        return "no"

    broker_path = kozo.folder / "live-server"
    script = f"cat {folder}/notes; cat {folder}/other; cat {folder}/notes; cat {folder}/other; echo done"
    ended, broker = asking(kozo, "server", ("close", kill_server), script)
    expect("other\n" not in ended.out and ended.out.startswith("notes\n"), "what was given", ended.told)


# --- The file server inside of the machine ends, when the program walks to such a name


def mortal(kozo):
    """The built initrd with tests/system/programs/mortal.c as its file server."""
    files = members(kozo)
    files["services/fsd"] = files["test/mortal"]
    return kozo.file("mortal.cpio", cpio.archive(files))


END = "cat /usr/fsd-ends-{} 2>/dev/null"


@check("a program outlives KOZO's own file server: what it has open, was given and was refused is as before")
def own_server_ends(kozo):
    folder = own_tree(kozo, "own")
    (folder / "work").mkdir()
    script = f"""cd {folder}/work; exec 3<{folder}/notes; cat {folder}/other; echo one >a
        {END.format("now1")}
        cat <&3; cat {folder}/notes; cat {folder}/other; cat a; echo two >>a; {END.format("now2")}
        cat a; cat {folder}/public/a; cat {folder}/other; echo done"""
    answers, share = ("close", "no", "close"), f"{folder}/work:rw"
    ended, broker = asking(kozo, "own", answers, script, "--share", share, initrd=mortal(kozo))
    expect_equal(ended.out, "notes\nnotes\none\none\ntwo\npublic\ndone\n", "what it wrote", ended.told)
    wanted = [f"{folder}/{path}" for path in ("notes", "other", "public/a")]
    expect_equal(broker.scopes(), wanted, "the questions", ended.told)
    expect("own/other, 3 times" in ended.err, "a refusal is lost", ended.told)
    expect_equal((folder / "work" / "a").read_text(), "one\ntwo\n", "what it changed", ended.told)


@check("KOZO's own file server ends while a question is open, and while what was answered is given: the "
       "answer holds, and nothing else is given")  # fmt: skip
def own_server_ends_in_grant(kozo):
    folder = own_tree(kozo, "own-grant")

    def late(number, say):
        time.sleep(4)
        return "close"

    # What is under way when the server ends for the second time may fail, once.
    script = f"""(sleep 1; {END.format("now")}) & cat {folder}/notes; wait
        cat {folder}/other; {END.format("at-walk")}
        cat {folder}/public/a 2>/dev/null || cat {folder}/public/a
        cat {folder}/notes; cat {folder}/other; echo done"""
    ended, broker = asking(kozo, "own-grant", (late, "no", "close"), script, initrd=mortal(kozo))
    expect_equal(ended.out, "notes\npublic\nnotes\ndone\n", "what was read", ended.told)
    wanted = [f"{folder}/{path}" for path in ("notes", "other", "public/a")]
    expect_equal(broker.scopes(), wanted, "the questions", ended.told)


@check("KOZO's own file server ends while a permission is taken back: it is lost all the same")
def own_server_ends_in_revocation(kozo):
    folder = own_tree(kozo, "own-revoked")

    def take_back(number, say):
        say(1, "revoke")
        time.sleep(1)
        return "close"

    script = f"""exec 3<{folder}/notes; {END.format("at-refresh")}; cat {folder}/other; cat <&3
        cat {folder}/notes; cat {folder}/other; echo done"""
    ended, broker = asking(kozo, "own-revoked", ("close", take_back), script, initrd=mortal(kozo))
    expect_equal(ended.out, "other\nother\ndone\n", "what was read", ended.told)
    expect_equal(broker.scopes()[:2], [f"{folder}/notes", f"{folder}/other"], "the questions", ended.told)


# --- Another terminal


@check("from another terminal what a running program was given is listed, and taken back at once")
def other_terminal(kozo):
    folder = own_tree(kozo, "cap")
    script = f"exec 3<{folder}/notes; echo ready; read a; cat <&3; cat {folder}/notes; cat {folder}/other"
    options = [word for name in ("notes", "other") for word in ("--allow",
        f"files.path.read:{folder}/{name}")]
    process = begun(kozo, "cap", script, *options)
    listed = cap(kozo, "--running").out
    found = re.search(r"(?m)^ +(\d+) files\.path\.read:\S*cap/notes until it closes$", listed)
    expect(found and f"run {process.pid} of " in listed, "the list", listed)
    expect_equal(cap(kozo, "--take-back", f"{process.pid}/999").status, 1, "a number that is not there")
    expect_equal(cap(kozo, "--take-back", f"{process.pid}/{found[1]}").status, 0, "taking it back")
    expect("cap/notes" not in cap(kozo, "--running").out, "it is still listed")
    out, err = process.communicate("go on\n", timeout=60)
    expect_equal(out, "other\n", "what was read", err)
    expect("Input/output error" in err and "notes': Permission denied" in err, "the errors", err)


@check("from another terminal it is told why a running program may do something: by what, who decided it, "
       "when, through whom")  # fmt: skip
def told_why(kozo):
    folder = own_tree(kozo, "why")
    notes, other = (f"files.path.read:{folder}/{name}" for name in ("notes", "other"))
    options = ("--allow", notes, "--allow", other, "--deny", "files.path.read:/etc/hosts")
    process = begun(kozo, "why", "echo ready; read a", *options)

    def why(name):
        told = cap(kozo, "--why", process.pid, name)
        expect_equal((told.status, told.err), (0, ""), f"why {name}")
        return told.out

    expect_equal(cap(kozo, "--take-back", f"{process.pid}/{other}").status, 0, "revoke")
    time_of_day = r"on 20\d\d-\d\d-\d\d \d\d:\d\d UTC"
    for name, pattern in (
        (notes,
         rf"may read .*notes: number 1, files\.path\.read:.*notes, given by the command that started it "
         rf"{time_of_day}, until it closes"),
        (other,
         rf"may not read .*other: files\.path\.read:.*other was taken back from it by you {time_of_day}"),
        ("files.path.read:/etc/hosts",
         r"may not read /etc/hosts: the command that started it denies files\.path\.read:/etc/hosts"),
        ("files.path.read:/usr/bin/env",
         r"may read /usr/bin/env: files\.system\.read is given to every program"),
        ("files.path.write:/srv/x", r"may not .*: nothing allows it, and nobody is there to be asked"),
        ("camera.use", r"may not see through the camera: KOZO has no mediad yet"),
    ):  # fmt: skip
        told = why(name)
        expect(re.fullmatch(rf"busybox\+[0-9a-f]{{8}} {pattern}.*\.\n", told), f"why {name}", told)
    told = cap(kozo, "--why", "camera.use")
    expect(re.search(rf"(?m)^run {process.pid}: busybox.*camera", told.out), "of each run", told.out)
    told = cap(kozo, "--why", process.pid, "camera.uze")
    expect("did you mean camera.use" in told.err and told.status == 1, "what is no name", told.err)
    process.communicate("\n", timeout=60)
    told = cap(kozo, "--why", process.pid, "camera.use")
    expect(f"there is no run {process.pid}" in told.err and told.status == 1, "a run that ended", told.err)


@check("from another terminal a running program is given more, for a time or for good, and what can't be "
       "given is refused in words; all of it is in the record")  # fmt: skip
def given_more(kozo):
    folder = own_tree(kozo, "more")
    (folder / "link").symlink_to("public/a")
    script = f"echo ready; while read path; do cat {folder}/$path 2>&1; done"
    denied = ("--deny", f"files.path.read:{folder}/secret")
    process = begun(kozo, "more", script, "--allow", f"files.path.read:{folder}/other", *denied)

    def read(name):
        process.stdin.write(f"{name}\n")
        process.stdin.flush()
        return process.stdout.readline()

    def give(name, how="close"):
        return cap(kozo, "--give", process.pid, name, how)

    expect("Permission denied" in read("notes"), "before", "it was read")
    for name, how, words in (
        (f"files.path.read:{folder}/secret/b", "close", "the command that started it denies that"),
        (f"files.path.read:{folder}/other", "close", "it has that already, by number 1"),
        ("camera.use", "close", "KOZO has no mediad yet"),
        ("files.pick.read", "close", "files.pick.read has no place of its own on this host"),
        ("files.system.read", "close", "every program may do that"),
        ("files.path.read:/tmp/x", "close", "each program has files of its own there"),
        (f"files.path.read:{folder}/no/where", "close", "there is no folder "),
        ("files.path.read:notes", "close", "needs a path from / on"),
        (f"files.path.read:{folder}/notes", "m0", "it can be given until it closes"),
        (f"files.path.read:{folder}/notes", "once", "it can be given until it closes (close)"),
    ):
        told = give(name, how)
        expect(told.status == 1 and words in told.err, f"giving {name}", told.err)
    notes = f"files.path.read:{folder}/notes"
    expect_equal(give(notes).status, 0, "giving it")
    expect_equal(read("notes"), "notes\n", "what was given")
    why = cap(kozo, "--why", process.pid, notes).out
    expect("given by you through ./kozo cap grant on " in why, "why", why)
    expect_equal(cap(kozo, "--take-back", f"{process.pid}/{notes}").status, 0, "taking it back")
    expect("Permission denied" in read("notes"), "what was taken back", "it was read")
    expect_equal(give(notes, "m5").status, 0, "giving it again")
    expect_equal(read("notes"), "notes\n", "what was given again")
    expect_equal(give(f"files.path.read:{folder}/link", "always").status, 0, "giving what a link leads to")
    expect_equal((read("link"), read("public/a")), ("public\n", "public\n"), "the link, and where it leads")
    expect_equal(give(f"files.path.read:{folder}/public/b", "restart").status, 0, "giving until the restart")
    listed = cap(kozo, "--running").out
    for pattern in (r"other until it closes", r"notes for [0-9]+ more seconds", r"public/a always",
                    r"public/b until the restart"):
        expect(re.search(rf"(?m)^ +\d+ files\.path\.read:\S*/{pattern}$", listed), pattern, listed)
    out, err = process.communicate("", timeout=60)
    expect_equal(err.count("kozo: blocked: "), 1, "the report", err)
    lines = record_of(kozo, "more")
    expect_equal(
        [(line["event"], line["scope"].rsplit("/", 1)[1], line["because"]) for line in lines[:5]],
        [("grant", "other", "command"), ("grant", "notes", "person"), ("revoke", "notes", "person"),
         ("grant", "notes", "person"), ("grant", "a", "person")],
        "the record",
    )  # fmt: skip
    decisions = (kept(kozo, "more") / "decisions").read_text()
    always = re.findall(r"allow \d+ busybox\S+ (\S+) until=always by=person", decisions)
    expect_equal(always, [f"files.path.read:{folder}/public/a"], "what is kept for good", decisions)


@check("a question that waits is answered when what it asks for is given from another terminal")
def given_while_asked(kozo):
    folder = own_tree(kozo, "meanwhile")
    with Person(kozo, "meanwhile", f"cat {folder}/notes; cat {folder}/other 2>&1") as person:
        person.question()
        process = int(run(["pgrep", "-P", str(person.process.pid)]).out.split()[0])
        notes = f"files.path.read:{folder}/notes"
        expect_equal(cap(kozo, "--give", process, notes, "close").status, 0, "giving")
        person.wait_for(r"(?s)given from another terminal\s+notes\s")
        person.answer("n")
        person.wait_for("Permission denied")


@check("a folder of which nothing was left given can be given anew, with other files and further down")
def given_anew(kozo):
    folder = own_tree(kozo, "anew")
    process = begun(kozo, "anew", f"echo ready; while read path; do cat {folder}/$path 2>&1; done")

    def read(name):
        process.stdin.write(f"{name}\n")
        process.stdin.flush()
        return process.stdout.readline()

    def give(name):
        expect_equal(cap(kozo, "--give", process.pid, name, "close").status, 0, f"giving {name}")

    def take_back(name):
        expect_equal(cap(kozo, "--take-back", f"{process.pid}/{name}").status, 0, f"taking {name} back")

    notes, other, below = (f"files.path.read:{folder}/{path}" for path in ("notes", "other", "public/a"))
    give(notes)
    expect_equal(read("notes"), "notes\n", "the first file")
    take_back(notes)
    expect("Permission denied" in read("notes"), "what was taken back", "it was read")
    give(below)
    expect_equal(read("public/a"), "public\n", "what lies further down")
    expect("Permission denied" in read("notes"), "what was taken back", "it was read")
    give(other)
    expect_equal((read("other"), read("public/a")), ("other\n", "public\n"), "another file")
    give(notes)
    expect_equal(read("notes"), "notes\n", "the first file again")
    take_back(other)
    expect("Permission denied" in read("other"), "what was taken back then", "it was read")
    expect_equal(read("notes"), "notes\n", "what was not")
    process.communicate("", timeout=60)
