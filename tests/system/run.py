# SPDX-License-Identifier: MIT
"""Programs of this host: what the runner finds out beforehand, streams, the terminal, signals, statuses.

The machine's side is played by test/relay, which speaks on kozo.control as the Linux server does."""

import hashlib
import os
import pty
import re
import select
import shutil
import signal
import struct
import fcntl
import subprocess
import tempfile
import termios
import time
from pathlib import Path

from driver.kozo import run
from driver.suite import check, expect, expect_equal

order = 58

SECONDS = 60
LEAVE = b"\x1d"  # Ctrl-], three times in a row


def program(kozo, name):
    """A program that the relay knows by its name; gives its path."""
    folder = kozo.folder / "programs"
    folder.mkdir(exist_ok=True)
    path = folder / name
    if not path.exists():
        shutil.copy("/bin/true", path)
    return path


def line_of(kozo, name, *arguments, options=()):
    path = program(kozo, name)
    return kozo.command_line(
        "--timeout", str(SECONDS), "--share", path.parent, "--command", "run test/relay", *options,
        "--", path, *arguments
    )


def relay(kozo, name, *arguments, options=(), **how):
    return run(line_of(kozo, name, *arguments, options=options), timeout=SECONDS + 30, **how)


def refused(kozo, status, sentence, *command, options=()):
    ended = run(kozo.command_line("--command", "run test/relay", *options, "--", *command))
    expect_equal((ended.status, ended.out), (status, ""), "status and output", ended.told)
    expect(re.fullmatch(rf"kozo: {sentence}\n", ended.err), "another message came", ended.told)


# ---- streams -------------------------------------------------------------------------------------


@check("10 MiB of any bytes go through standard input and output unchanged, with their end")
def streams(kozo):
    data = os.urandom(10 << 20)
    ended = subprocess.run(
        [str(part) for part in line_of(kozo, "cat")], input=data, capture_output=True, timeout=SECONDS + 30
    )
    expect_equal(ended.returncode, 0, "the status", ended.stderr.decode(errors="replace"))
    expect_equal(hashlib.sha256(ended.stdout).hexdigest(), hashlib.sha256(data).hexdigest(), "the sum")
    expect_equal(ended.stderr, b"", "standard error")


@check("standard error is a stream of its own")
def errors(kozo):
    ended = relay(kozo, "errors", input="to the other one\n")
    expect_equal((ended.status, ended.out, ended.err), (0, "", "to the other one\n"), "what came")


@check("input that is empty ends at once")
def empty(kozo):
    expect_equal(relay(kozo, "cat").out, "", "the output")


@check("who reads no more of the output stops the program, not the runner")
def early_close(kozo):
    process = subprocess.Popen(
        [str(part) for part in line_of(kozo, "hold")], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE
    )
    expect_equal(process.stdout.readline(), b"still here\n", "the first line")
    process.stdout.close()
    expect_equal(process.wait(SECONDS), 141, "the status", process.stderr.read().decode())


@check("slow readers of both streams get everything")
def slow(kozo):
    data = os.urandom(300_000)
    process = subprocess.Popen(
        [str(part) for part in line_of(kozo, "cat")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    feeder = os.fork()
    if feeder == 0:
        process.stdin.write(data)
        process.stdin.close()
        os._exit(0)
    process.stdin.close()
    time.sleep(1)
    got = b""
    while piece := process.stdout.read1(20_000):
        got += piece
        time.sleep(0.005)
    os.waitpid(feeder, 0)
    expect_equal((process.wait(SECONDS), got == data), (0, True), "the status, and whether it is equal")


# ---- how it ends ---------------------------------------------------------------------------------


@check("the status is the program's, or tells the signal that ended it")
def statuses(kozo):
    told = (("status", 0, 0), ("status", 7, 7), ("status", 255, 255), ("killed", 9, 137))
    for name, number, status in told:
        ended = relay(kozo, name, number)
        expect_equal((ended.status, ended.out, ended.err), (status, "", ""), f"{name} {number}", ended.told)


@check("a program that KOZO can't run is 126, with its reason in one clean line")
def failed(kozo):
    ended = relay(kozo, "failed")
    reason = "kozo: the reason\\x0ais this\\x1b\n"
    expect_equal((ended.status, ended.err), (126, reason), "what came", ended.told)


@check("a machine that breaks the protocol is 125")
def nonsense(kozo):
    ended = relay(kozo, "nonsense")
    expect_equal(ended.status, 125, "the status", ended.told)
    expect("the control channel is broken" in ended.err, "another message came", ended.told)


@check("a machine that ends without a word about the program is 125, and says what it said")
def silent(kozo):
    ended = run(kozo.command_line("--command", "version", "--", "/bin/true"))
    expect_equal(ended.status, 125, "the status", ended.told)
    expect(re.search("did not run the program\n.*init said: KOZO", ended.err), "another message", ended.told)


@check("a trace goes to standard error, a report to its file")
def trace_and_report(kozo):
    ended = relay(kozo, "trace", options=["--trace"])
    expect_equal((ended.status, ended.err), (0, "read(0)\n"), "the trace", ended.told)
    path = kozo.folder / "report.json"
    ended = relay(kozo, "report", options=["--report", path])
    expect_equal((ended.status, path.read_text()), (0, '{"a": 1}'), "the report", ended.told)


@check("a time limit ends the program with 124")
def limit(kozo):
    ended = relay(kozo, "hear", options=["--timeout", "1"])
    expect_equal(ended.status, 124, "the status", ended.told)


@check("several runs at once do not meet")
def several(kozo):
    lines = [[str(part) for part in line_of(kozo, "cat")] for _ in range(3)]
    texts = [f"run {i}\n".encode() * 1000 for i in range(3)]
    processes = [subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE) for line in lines]
    for process, text in zip(processes, texts):
        process.stdin.write(text)
        process.stdin.close()
    for process, text in zip(processes, texts):
        expect_equal((process.stdout.read() == text, process.wait(SECONDS)), (True, 0), "output and status")


# ---- what it is started with ---------------------------------------------------------------------


def records(ended):
    return re.findall(r"(?m)^(\w+)=(.*)$", ended.out)


@check("arguments, variables, folder and places reach the machine as they are")
def start_records(kozo):
    path = program(kozo, "show")
    how = {"env": {"PATH": "/bin", "TERM": "dumb", "LC_ALL": "C", "SECRET": "no", "HOME": "/root"}}
    ended = relay(kozo, "show", "a b", "", "ä*'\"", options=["--env", "ONE=1 2", "--env", "HOME=/x"],
                  cwd=path.parent, **how)
    told = records(ended)
    arguments = [value for key, value in told if key == "arg"]
    expect_equal(arguments, [str(path), "a b", "", "ä*'\""], "arguments")
    variables = sorted(value for key, value in told if key == "env")
    expect_equal(variables, ["HOME=/x", "LC_ALL=C", "ONE=1 2", "PATH=/bin", "TERM=dumb"], "variables")
    values = dict(told)
    expect_equal((values["program"], values["cwd"]), (str(path), str(path.parent)), "program and folder")
    expect_equal((values["uid"], values["tty"], values["memory"]), (str(os.getuid()), "", "1024"), "numbers")
    mounts = [value for key, value in told if key == "mount"]
    expect(f"{path.parent}\tshare\tro" in mounts, "no share", ended.told)
    expect(abs(int(values["time"]) / 1e9 - time.time()) < 30, "the time is another", ended.told)


@check("./kozo hands everything behind -- to the program, options of its own included")
def launcher(kozo):
    path = program(kozo, "show")
    told = kozo.launch("run", "--share", str(path.parent), "--cpus", "1", "--command", "run test/relay",
                       "--", str(path), "a b", "--exec", "x", "--", "$HOME", "*")
    arguments = [value for key, value in records(told) if key == "arg"]
    expect_equal(arguments, [str(path), "a b", "--exec", "x", "--", "$HOME", "*"], "arguments", told.told)


@check("system folders are shown read-only, and links in their places as links")
def system_folders(kozo):
    told = records(relay(kozo, "show"))
    mounts = {value.split("\t")[0]: value.split("\t")[2] for key, value in told if key == "mount"}
    links = dict(value.split("\t") for key, value in told if key == "link")
    expect_equal((mounts["/usr"], mounts["/etc"]), ("ro", "ro"), "rights")
    for name in ("/bin", "/lib", "/lib64", "/sbin"):
        if os.path.islink(name):
            expect_equal(links.get(name), os.readlink(name), name)
    shown = {path.split("/")[1] for path in mounts}
    wanted = {"usr", "etc", "bin", "sbin", "lib", "lib32", "lib64", "tmp"}
    expect(shown <= wanted, "more is shown", str(mounts))


@check("a folder that is not shared is not the working folder")
def elsewhere(kozo):
    told = dict(records(relay(kozo, "show", cwd="/proc")))
    expect_equal(told["cwd"], "/", "the folder")


# ---- what is found out beforehand ------------------------------------------------------------------


@check("a program that is not there, not visible, or can't be executed costs one line and no boot")
def not_runnable(kozo):
    plain = kozo.file("plain", "text")
    plain.chmod(0o644)
    text = kozo.file("text", "neither")
    text.chmod(0o755)
    shared = ["--share", kozo.folder]
    begun = time.monotonic()
    refused(kozo, 127, "there is no program no-such-program", "no-such-program")
    refused(kozo, 127, "there is no program /usr/bin/no-such-program", "/usr/bin/no-such-program")
    refused(kozo, 126, r"/usr/bin can't be run: it is a folder", "/usr/bin")
    advice = rf"\(--allow files.path.read:{kozo.folder}\)"
    refused(kozo, 126, rf"{plain} can't be run: it was not given its folder {advice}", plain)
    refused(kozo, 126, rf"{plain} can't be run: it may not be executed", plain, options=shared)
    refused(kozo, 126, rf"{text} can't be run: it is neither a program nor a script", text, options=shared)
    expect(time.monotonic() - begun < 10, "it took long")


@check("a script is followed to its interpreter")
def scripts(kozo):
    shared = ["--share", kozo.folder]
    good = kozo.file("good.sh", "#! /bin/sh -e\nexit 0\n")
    bad = kozo.file("bad.sh", "#!/no/such/shell\n")
    for path in (good, bad):
        path.chmod(0o755)
    refused(kozo, 127, rf"{bad} can't be run: there is no program /no/such/shell", bad, options=shared)
    ended = run(kozo.command_line("--command", "true", *shared, "--", good))
    expect("did not run the program" in ended.err, "it did not come to a machine", ended.told)


@check("a program of another machine, or one that is cut short, is told as such")
def wrong_machine(kozo):
    shared = ["--share", kozo.folder]
    true = Path("/bin/true").read_bytes()
    foreign = kozo.file("foreign", true[:18] + struct.pack("<H", 183) + true[20:])
    short = kozo.file("short", true[:3000])
    for path in (foreign, short):
        path.chmod(0o755)
    refused(kozo, 126, rf"{foreign} can't be run: it is made for aarch64", foreign, options=shared)
    refused(kozo, 126, rf"{short} can't be run: it is (cut short|damaged)", short, options=shared)


@check("a library that is missing is named")
def missing_library(kozo):
    true = Path("/bin/true").read_bytes()
    expect(b"libc.so.6\0" in true, "this host's programs use no libc.so.6")
    lost = kozo.file("lost", true.replace(b"libc.so.6\0", b"libz.so.7\0", 1))
    lost.chmod(0o755)
    refused(kozo, 127, rf"{lost} needs the library libz.so.7, which is not there", lost,
            options=["--share", kozo.folder])


@check("a whole system in a folder can take the place of this host's")
def other_root(kozo):
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "bin").mkdir()
        shutil.copy("/bin/true", root / "bin" / "show")
        options = ["--root", root, "--command", "run test/relay"]
        refused(kozo, 127, "/bin/show needs /lib64/ld-linux-x86-64.so.2, which is not there", "/bin/show",
                options=["--root", root])
        for name in ("lib64/ld-linux-x86-64.so.2", "lib/x86_64-linux-gnu/libc.so.6"):
            (root / name).parent.mkdir(parents=True)
            shutil.copy(Path("/") / name, root / name)
        ended = run(kozo.command_line(*options, "--", "show"), env={"PATH": "/bin"})
        told = records(ended)
        expect_equal([value for key, value in told if key == "mount"], ["/\troot\tro"], "places", ended.told)
        expect_equal(dict(told)["program"], "/bin/show", "the program")


@check("a folder that can't be shared is told before the machine starts")
def bad_share(kozo):
    folders = (("/no/such", "No such file"), ("/etc/hostname", "not a folder"), ("/proc", "no folder"))
    for folder, reason in folders:
        ended = run(kozo.command_line("--share", folder, "--", "/bin/true"))
        expect_equal(ended.status, 125, "the status", ended.told)
        told = rf"kozo: can't share {folder}: .*{reason}.*\n"
        expect(re.fullmatch(told, ended.err), "another message", ended.told)


# ---- terminal and signals --------------------------------------------------------------------------


class Terminal:
    """A run whose standard descriptors are a pseudo-terminal."""

    def __init__(self, line):
        self.master, self.slave = pty.openpty()
        self.before = termios.tcgetattr(self.slave)
        self.seen = b""
        self.process = subprocess.Popen(
            [str(part) for part in line], stdin=self.slave, stdout=self.slave, stderr=self.slave,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        os.close(self.master)
        os.close(self.slave)

    def wait_for(self, text, seconds=SECONDS):
        limit = time.monotonic() + seconds
        while text not in self.seen:
            expect(time.monotonic() < limit, f"no {text!r} came", repr(self.seen))
            if select.select([self.master], [], [], 0.1)[0]:
                self.seen += os.read(self.master, 65536)
        self.seen = self.seen.partition(text)[2]

    def send(self, data):
        os.write(self.master, data)

    def size(self, rows, columns):
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def ended(self):
        """Waits for the end; gives the status. The terminal must be as it was."""
        limit = time.monotonic() + SECONDS
        while self.process.poll() is None and time.monotonic() < limit:
            if select.select([self.master], [], [], 0.05)[0]:
                self.seen += os.read(self.master, 65536)
        status = self.process.wait(1)
        # The guardian restores it a moment later, if it has to.
        while termios.tcgetattr(self.slave) != self.before and time.monotonic() < limit:
            time.sleep(0.02)
        expect(termios.tcgetattr(self.slave) == self.before, "the terminal is not as it was", repr(self.seen))
        return status


@check("a terminal carries every byte both ways, Ctrl-C and Ctrl-Z too, and is as it was afterwards")
def terminal(kozo):
    with Terminal(line_of(kozo, "screen")) as seen:
        seen.wait_for(b"ready\r\n")
        keys = bytes(byte for byte in range(256) if byte != ord("q"))
        seen.send(keys)
        seen.wait_for(keys)
        seen.send(b"q")
        expect_equal(seen.ended(), 0, "the status", repr(seen.seen))


@check("size and its changes are told")
def resizing(kozo):
    with Terminal(line_of(kozo, "hear")) as seen:
        seen.wait_for(b"listening\n")
        seen.size(40, 100)
        seen.wait_for(b"size 40 100\n")
        seen.process.terminate()
        seen.wait_for(b"signal 15\n")
        expect_equal(seen.ended(), 128 + 15, "the status")


@check("signals for the runner go to the program")
def signals(kozo):
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM):
        process = subprocess.Popen(
            [str(part) for part in line_of(kozo, "hear")], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE
        )
        expect_equal(process.stdout.readline(), b"listening\n", "the first line")
        process.send_signal(number)
        expect_equal(process.stdout.readline(), f"signal {number.value}\n".encode(), "the next line")
        expect_equal(process.wait(SECONDS), 128 + number, "the status")


@check("a runner that is stopped tells the program, and when it goes on")
def stopping(kozo):
    with Terminal(line_of(kozo, "screen")) as seen:
        seen.wait_for(b"ready\r\n")
        os.kill(seen.process.pid, signal.SIGTSTP)
        state, limit = "", time.monotonic() + SECONDS
        while state != "T" and time.monotonic() < limit:
            state = Path(f"/proc/{seen.process.pid}/stat").read_text().rpartition(")")[2].split()[0]
            time.sleep(0.02)
        expect_equal(state, "T", "the state of the runner")
        expect(termios.tcgetattr(seen.slave) == seen.before, "the terminal is not as it was")
        os.kill(seen.process.pid, signal.SIGCONT)
        limit = time.monotonic() + SECONDS
        while termios.tcgetattr(seen.slave) == seen.before and time.monotonic() < limit:
            time.sleep(0.02)
        seen.send(b"on")
        seen.wait_for(b"on")
        seen.send(b"q")
        expect_equal(seen.ended(), 0, "the status")


@check("three presses of Ctrl-] end a program that does not listen")
def leaving(kozo):
    with Terminal(line_of(kozo, "hold")) as seen:
        seen.wait_for(b"still here")
        seen.send(LEAVE + b"x" + LEAVE + LEAVE)
        time.sleep(0.2)
        expect(seen.process.poll() is None, "it ended too early")
        seen.send(LEAVE)
        expect_equal(seen.ended(), 0, "the status")


# ---- programs as they are --------------------------------------------------------------------------


def real(kozo, *command, options=(), **how):
    line = kozo.command_line("--timeout", str(SECONDS), *options, "--", *command)
    return run(line, timeout=SECONDS + 30, **how)


@check("programs of this host run unmodified: a shell, a sort of its input, one that is killed")
def real_programs(kozo):
    told = real(kozo, "sh", "-c", "ls / | wc -l; echo there >&2; exit 7")
    came = (told.status, int(told.out) > 5, "there\n" in told.err)
    expect_equal(came, (7, True, True), "a shell", told.told)
    numbers = "".join(f"{i}\n" for i in range(1, 20_001))
    told = real(kozo, "sort", "-rn", input=numbers)
    expect_equal((told.status, told.out.split("\n", 1)[0]), (0, "20000"), "a sort", told.err)
    told = real(kozo, "sh", "-c", "kill -9 $$")
    expect_equal(told.status, 137, "the status", told.told)


@check("a program changes what was shared with :rw, and nothing else of this host")
def real_share(kozo):
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder).resolve()
        (place / "old").write_text("old")
        script = "pwd; cat old; echo new > new; mv old older; echo x > /usr/x; echo x > /tmp/x; ls /tmp/x"
        told = real(kozo, "sh", "-c", script, options=["--share", f"{place}:rw"], cwd=place)
        expect_equal(told.out, f"{place}\nold/tmp/x\n", "the output", told.told)
        expect_equal(sorted(os.listdir(place)), ["new", "older"], "the names")
        expect_equal((place / "new").read_text(), "new\n", "the new file")
        expect(not Path("/usr/x").exists() and not Path("/tmp/x").exists(), "something was written beside it")


@check("a shell on a terminal edits lines, interrupts, stops and ends its jobs")
def real_terminal(kozo):
    options = ["--timeout", str(SECONDS), "--env", "PS1=ready> "]
    line = kozo.command_line(*options, "--", "/bin/bash", "--norc", "-i")
    with Terminal(line) as seen:
        seen.size(33, 99)
        seen.wait_for(b"ready> ")
        for keys, answer in (
            (b"echo $((6*7)); stty size\r", b"42\r\n33 99\r\n"),
            (b"sleep 1000\r", b"\n"),
            (b"\x03", b"ready> "),
            (b"echo $?\r", b"130\r\n"),
            (b"cat\r", b"\n"),
            (b"back again\r", b"back again\r\nback again\r\n"),
            (b"\x04", b"ready> "),
            (b"sleep 1000\r", b"\n"),
            (b"\x1a", b"Stopped"),
            (b"kill %1\r", b"ready> "),
            (b"exit 5\r", b"exit\r\n"),
        ):
            time.sleep(0.3)  # for a program to be in the foreground
            seen.send(keys)
            seen.wait_for(answer)
        expect_equal(seen.ended(), 5, "the status", repr(seen.seen))


def child_of(process, name):
    """The process of this name that the runner started."""
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            head, _, rest = path.read_text().rpartition(")")
        except OSError:
            continue
        if int(rest.split()[1]) == process.pid and name in head:
            return int(path.parent.name)
    return None


@check("the terminal comes back after a sudden death of QEMU, and of the runner")
def sudden_death(kozo):
    with Terminal(line_of(kozo, "screen")) as seen:
        seen.wait_for(b"ready\r\n")
        os.kill(child_of(seen.process, "qemu"), signal.SIGKILL)
        expect_equal(seen.ended(), 125, "the status", repr(seen.seen))
    with Terminal(line_of(kozo, "screen")) as seen:
        seen.wait_for(b"ready\r\n")
        machine = child_of(seen.process, "qemu")
        seen.process.kill()
        expect_equal(seen.ended(), -9, "the status")
        limit = time.monotonic() + 10
        while Path(f"/proc/{machine}").exists() and time.monotonic() < limit:
            time.sleep(0.05)
        expect(not Path(f"/proc/{machine}").exists(), "QEMU is left behind")
