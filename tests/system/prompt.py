# SPDX-License-Identifier: MIT
"""The Init> prompt: every command, its refusals, the line editor, and input that is no command."""

import re
import time

from driver.kozo import BOOT_SECONDS, PROMPT, one_line, plain, run
from driver.services import settle
from driver.suite import check, expect, expect_equal

order = 40

COMMANDS = "help version mem ps caps ls cat echo run jobs stop uptime poweroff reboot".split()

CTRL_C, CTRL_D, CTRL_U = "\x03", "\x04", "\x15"
BACKSPACE, UP, DOWN, LEFT, RIGHT, HOME = "\x7f", "\x1b[A", "\x1b[B", "\x1b[D", "\x1b[C", "\x1b[H"


def answer(kozo, line):
    """What a command prints in the session that these checks share."""
    return kozo.shared("prompt").command(line)


def memory_in_use(kozo):
    """What `mem` says, without the seconds and figures of this very moment that may differ."""
    return "\n".join(line for line in answer(kozo, "mem").splitlines() if not line.startswith("halves"))


def refuses(kozo, line):
    """One line, the prompt again, and nothing else has changed."""
    before = memory_in_use(kozo)
    one_line(answer(kozo, line), f"the answer to {line!r}")
    expect_equal(memory_in_use(kozo), before, "mem afterwards")


@check("help names every command with what it does, one a line")
def help_names_all(kozo):
    lines = answer(kozo, "help").splitlines()
    for command in COMMANDS:
        told = [line for line in lines if re.match(rf"\s*{command}\b.*\s\w+", line)]
        expect(len(told) == 1, f"help has {len(told)} lines on {command}", "\n".join(lines))


@check("version is one line with name, version and architecture")
def version(kozo):
    line = one_line(answer(kozo, "version"), "version")
    expect(re.search(r"KOZO \d+\.\d+", line), "name and version are missing", line)
    expect(kozo.arch in line, "the architecture is missing", line)


@check("mem counts total, kernel and free memory, and the parts make the whole")
def mem(kozo):
    text = answer(kozo, "mem")
    for word in ("total", "kernel", "free"):
        expect(re.search(rf"(?im)\b{word}\b.*\d", text), f"{word} is missing", text)


@check("ps names init and the serial driver")
def ps(kozo):
    text = answer(kozo, "ps")
    for name in ("init", "uart16550"):
        expect(re.search(rf"(?m)\b{name}\b", text), f"{name} is missing", text)


@check("caps shows init's capabilities in words")
def caps(kozo):
    text = answer(kozo, "caps")
    for word in ("Untyped", "CNode", "Thread", "AddressSpace"):
        loose = re.sub(r"(?<=[a-z])(?=[A-Z])", "[ _-]?", word)
        expect(re.search(rf"(?i){loose}", text), f"no {word} is shown", text)


@check("ls lists the initrd")
def ls(kozo):
    text = answer(kozo, "ls")
    expect(re.search(r"(?m)\bbin/hello\b", text), "bin/hello is missing", text)


@check("cat prints a file of the initrd")
def cat(kozo):
    names = re.findall(r"(?m)(\S*(?:system|README|motd|txt)\S*)\s*$", answer(kozo, "ls"))
    expect(names, "the initrd holds no text file that this check knows", answer(kozo, "ls"))
    expect(answer(kozo, f"cat {names[0]}").strip(), f"cat {names[0]} printed nothing")


@check("cat of a file that is not there is one line that names it")
def cat_missing(kozo):
    expect("nosuch" in one_line(answer(kozo, "cat nosuch"), "the answer"), "the name is missing")


@check("echo prints its arguments")
def echo(kozo):
    expect_equal(answer(kozo, "echo one two  three").split(), ["one", "two", "three"], "the answer")


@check("echo without arguments prints an empty line")
def echo_nothing(kozo):
    expect_equal(answer(kozo, "echo").strip(), "", "the answer")


@check("run starts a program with its arguments")
def run_hello(kozo):
    text = answer(kozo, "run bin/hello one two")
    expect("one" in text and "two" in text, "the arguments did not arrive", text)


@check("run reports an exit status other than 0")
def run_status(kozo):
    expect("3" in answer(kozo, "run bin/exit 3"), "the status 3 is not reported")


FAULTS = """page write-code write-info read-kernel null run-data illegal privileged divide vector
    breakpoint int80 wild port""".split()

for kind in FAULTS:

    @check(f"run reports a fault in words, and the prompt goes on ({kind})")
    def run_fault(kozo, kind=kind):
        text = answer(kozo, f"run bin/fault {kind}")
        expect(re.search(r"(?i)fault|exception|illegal|privileged|instruction", text), "no fault", text)
        answer(kozo, "version")


@check("run of a program that is not there is one line that names it")
def run_missing(kozo):
    expect("nosuch" in one_line(answer(kozo, "run nosuch"), "the answer"), "the name is missing")


@check("run of a text file is one line that names the fault")
def run_text(kozo):
    names = [n for n in re.findall(r"(?m)(\S+)\s*$", answer(kozo, "ls")) if "system" in n]
    expect(names, "the initrd holds no text file that this check knows")
    expect("ELF" in one_line(answer(kozo, f"run {names[0]}"), "the answer"), "ELF is not named")


@check("Ctrl-C ends a program that does not end, and the prompt goes on")
def run_loop(kozo):
    session = kozo.shared("prompt")
    session.send("run bin/loop\r")
    session.wait_for("run bin/loop")
    session.send(CTRL_C)
    session.prompt()
    answer(kozo, "version")


@check("all that a program held is free again, however it ended")
def run_returns_memory(kozo):
    for line in ("run bin/hello", "run bin/exit 1", "run bin/fault page"):
        answer(kozo, line)
        before = memory_in_use(kozo)
        for _ in range(3):
            answer(kozo, line)
        expect_equal(memory_in_use(kozo), before, f"mem after three more of {line!r}")


@check("a hundred programs one after another leave nothing behind")
def run_many(kozo):
    answer(kozo, "run bin/true")
    before = memory_in_use(kozo)
    for _ in range(100):
        answer(kozo, "run bin/true")
    expect_equal(memory_in_use(kozo), before, "mem afterwards")


@check("a program with & runs in the background, is listed by jobs, and is ended by stop")
def background(kozo):
    answer(kozo, "run bin/hello")
    before = memory_in_use(kozo)
    expect_equal(answer(kozo, "jobs").strip(), "", "the jobs at first")
    expect_equal(answer(kozo, "run bin/loop &").strip(), "[1] bin/loop", "what begins it")
    expect_equal(answer(kozo, "run bin/loop a b &").strip(), "[2] bin/loop", "what begins another")
    expect("argument 1: x" in answer(kozo, "run bin/hello x"), "nothing else runs meanwhile")
    expect_equal(re.findall(r"(?m)^\[(\d)\] bin/loop +\d+ s", answer(kozo, "jobs")), ["1", "2"], "the jobs")
    expect_equal(answer(kozo, "stop 1").strip(), "[1] bin/loop: stopped", "the answer to stop")
    expect("no such job: 1" in one_line(answer(kozo, "stop 1"), "the answer"), "it is there still")
    expect_equal(answer(kozo, "run bin/loop &").strip(), "[1] bin/loop", "the number that is free again")
    for number in (1, 2):
        answer(kozo, f"stop {number}")
    expect_equal(memory_in_use(kozo), before, "mem afterwards")


@check("how a job ended is said when it ended, with its status")
def background_ends(kozo):
    session = kozo.shared("prompt")
    for line, end in (("bin/exit 7", "7"), ("bin/true", "0"), ("bin/fault null", "139")):
        session.send(f"run {line} &\r")
        session.wait_for(rf"\[1\] {line.split()[0]}: ended with status {end}", 20)
        settle(session)
    before = memory_in_use(kozo)
    session.send("run bin/true &\r")
    session.wait_for("bin/true: ended", 20)
    settle(session)
    expect_equal(memory_in_use(kozo), before, "mem afterwards")


@check("a program runs as often at a time as its description says, and the next is refused in one line")
def copies(kozo):
    for number in (1, 2):
        expect_equal(answer(kozo, "run bin/loop &").strip(), f"[{number}] bin/loop", "what begins it")
    for line in ("run bin/loop", "run bin/loop &"):
        told = one_line(answer(kozo, line), "the answer")
        expect("bin/loop runs already, as often as it may" in told, "a third is not refused", told)
    answer(kozo, "stop 2")
    expect_equal(answer(kozo, "run bin/loop &").strip(), "[2] bin/loop", "what begins another")
    for number in (1, 2):
        answer(kozo, f"stop {number}")


@check("what several programs print at the same time stays whole, text by text")
def background_output(kozo):
    session = kozo.shared("prompt")
    start = len(session.seen)
    for _ in range(2):
        session.send("run bin/spin-print 500 &\r")
    ended = r"(?=.*\[{}\] bin/spin-print: ended with status 0)"
    session.wait_for("(?s)" + ended.format(1) + ended.format(2), 60)
    settle(session)
    lines = re.findall(r"(?m)^line +(\d+)\s*$", plain(session.seen[start:]))
    expect_equal(sorted(map(int, lines)), sorted([*range(1, 501)] * 2), "the lines that are whole")


for word in ("0", "99", "x", "-1", "1x", "99999999999999999999"):

    @check(f"stop of what is no job is one line ({word})")
    def no_job(kozo, word=word):
        refuses(kozo, f"stop {word}")


@check("uptime goes forward")
def uptime(kozo):
    def seconds():
        text = answer(kozo, "uptime")
        found = re.search(r"(\d+):(\d\d):(\d\d\.\d+)", text)
        expect(found, "uptime tells no time", text)
        return int(found[1]) * 3600 + int(found[2]) * 60 + float(found[3])

    first = seconds()
    time.sleep(1)
    later = seconds()
    expect(0.5 < later - first < 20, f"{later - first} s went by in one second")


for line in ("nosuch", "HELP", "./help", "help;version", "-", "\\", "'", "%s%n", "a" * 200, "-1", "0"):

    @check(f"an unknown command is one line and changes nothing ({line[:12]})")
    def unknown(kozo, line=line):
        refuses(kozo, line)


for line in ("cat", "run", "cat a b c", "version now", "mem all", "uptime x", "poweroff later"):

    @check(f"wrong arguments are one line and change nothing ({line})")
    def wrong_arguments(kozo, line=line):
        refuses(kozo, line)


@check("an empty line, and one of blanks, print nothing")
def empty_line(kozo):
    expect_equal(answer(kozo, "").strip(), "", "the answer to an empty line")
    expect_equal(answer(kozo, "   \t ").strip(), "", "the answer to blanks")


@check("backspace takes the last character away")
def backspace(kozo):
    expect_equal(answer(kozo, f"echo ab{BACKSPACE}c").strip(), "ac", "the answer")
    expect_equal(answer(kozo, f"echx{BACKSPACE * 40}echo whole").strip(), "whole", "the answer")


@check("Ctrl-U clears the line")
def clear_line(kozo):
    expect_equal(answer(kozo, f"nonsense{CTRL_U}echo yes").strip(), "yes", "the answer")


@check("Ctrl-C gives the line up, and it is not executed")
def give_up(kozo):
    session = kozo.shared("prompt")
    session.send(f"echo no{CTRL_C}")
    session.wait_for(r"(?s)echo no.*Init> *\Z")
    expect_equal(answer(kozo, "echo yes").strip(), "yes", "the answer")


@check("arrows up and down walk through earlier lines")
def history(kozo):
    answer(kozo, "echo first")
    answer(kozo, "echo second")
    expect_equal(answer(kozo, UP).strip(), "second", "one up")
    expect_equal(answer(kozo, UP * 2 + DOWN).strip(), "second", "two up, one down")


@check("arrows left and right move inside the line, and typing inserts")
def inside_the_line(kozo):
    expect_equal(answer(kozo, f"echo ac{LEFT}b").strip(), "abc", "the answer")
    expect_equal(answer(kozo, f"echo ac{LEFT}b{RIGHT}d").strip(), "abcd", "the answer")
    expect_equal(answer(kozo, f"cho x{HOME}e").strip(), "x", "the answer")


HOSTILE = {
    "NUL bytes": b"\0" * 200,
    "bytes above 127": bytes(range(128, 256)) * 4,
    "all control characters": bytes(c for c in range(1, 32) if c not in (1, 3, 4, 10, 13)),
    "unfinished escape sequences": b"\x1b" * 50 + b"\x1b[" * 50 + b"\x1b[99999999999999999999;;;",
    "sequences that ask a terminal to answer": b"\x1b[c\x1b[6n\x1b]0;title\x07\x1bP+q\x1b\\",
    "50 kilobytes without a line end": b"x" * 50_000,
    "a thousand line ends": b"\r" * 1000,
    "format strings": b"%n%s%x" * 50,
}

for name, data in HOSTILE.items():

    @check(f"{name} at the console harm nothing")
    def hostile_input(kozo, data=data):
        session = kozo.shared("prompt")
        session.send(data)
        session.send("\x07\x1b\\" + CTRL_C)  # whatever was open is closed
        session.send("echo still here\r")
        session.wait_for(r"(?m)^still here$", 120)
        session.prompt()
        expect_equal(answer(kozo, "echo whole").strip(), "whole", "the answer afterwards")


@check("Ctrl-D on a line with text does not power off")
def end_in_line(kozo):
    session = kozo.shared("prompt")
    session.send(f"echo on{CTRL_D}")
    expect("on" in session.command(""), "the line was lost", session.told)


@check("Ctrl-D on an empty line powers off with status 0")
def end_of_input(kozo):
    session = kozo.shared("prompt")
    session.send(CTRL_D)
    expect_equal(session.ended(), 0, "the exit status", session.told)
    kozo.forget("prompt")


@check("poweroff ends it with status 0")
def poweroff(kozo):
    session = kozo.shared("prompt")
    session.send("poweroff\r")
    expect_equal(session.ended(), 0, "the exit status", session.told)
    kozo.forget("prompt")


@check("reboot starts it again, to a new prompt")
def reboot(kozo):
    session = kozo.shared("prompt")
    answer(kozo, "echo before")
    session.send("reboot\r")
    session.wait_for(rf"{PROMPT}\Z", BOOT_SECONDS)  # the last words before it may be cut off
    expect("before" not in answer(kozo, UP), "earlier lines are still known", session.told)
    kozo.forget("prompt")


@check("the log holds more than 64 records until somebody reads it, and its chain is whole")
def long_log(kozo):
    def records():
        text = answer(kozo, "audit --verify")
        expect_equal(text.count("the chain is whole"), 2, "the rings that are whole", text)
        return int(re.search(r"authority: (\d+) records read", text)[1])

    before = records()
    for _ in range(5):
        answer(kozo, "run bin/hello")
        time.sleep(0.2)
    made = records() - before
    expect(made > 80, f"only {made} records of starting five programs were kept")


@check("commands from a pipe are answered in order, and its end powers off with status 0")
def from_a_pipe(kozo):
    ended = run(kozo.command_line("--timeout", "60"), input="echo one\necho two\n", timeout=90)
    expect_equal(ended.status, 0, "the exit status", ended.told)
    expect(re.search(r"(?s)\bone\b.*\btwo\b", ended.out), "the answers are missing", ended.told)


@check("what --exec is given may hold quotes and blanks, and may be long")
def exec_arguments(kozo):
    words = "a-rather-long-word-of-many-letters " * 10
    ended = kozo.execute(f'echo "two  blanks" {words}')
    expect_equal(ended.status, 0, "the exit status", ended.told)
    expect_equal(ended.out, f"two  blanks {words.strip()}\n", "the output")


@check("a line of more words than there is room for is refused in one line")
def too_many_words(kozo):
    refuses(kozo, "echo " + "x " * 200)


@check("an unknown command under --exec prints one line and exits with a status of its own")
def exec_unknown(kozo):
    ended = kozo.execute("nosuch")
    expect(ended.status not in (0, 124, 125), "the status is not the command's", ended.told)
    one_line(ended.out, "the output")


@check("the status of a program under --exec is the program's")
def exec_program_status(kozo):
    for status in (0, 3, 77):
        ended = kozo.execute(f"run bin/exit {status}")
        expect_equal(ended.status, status, "the exit status", ended.told)
