# SPDX-License-Identifier: MIT
"""Programs of this host: what the runner finds out beforehand, streams, the terminal, signals, statuses.

The machine's side is played by test/relay, which speaks on kozo.control as the Linux server does."""

import hashlib
import json
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
    told = kozo.launch("run", "--initrd", kozo.initrd, "--share", path.parent, "--cpus", "1",
                       "--command", "run test/relay", "--", path, "a b", "--exec", "x", "--", "$HOME", "*")
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


# ---- what it used, and what it may use -----------------------------------------------------------


def reported(kozo, *command, options=(), status=0):
    """What --report says of a run that ends with this status."""
    path = kozo.folder / "used.json"
    ended = real(kozo, *command, options=["--report", path, *options])
    expect_equal(ended.status, status, "the status", ended.told)
    return json.loads(path.read_text())


PERL = "/usr/bin/perl"
NO_CALL = 425  # io_uring_setup


@check("a report tells calls, processes, time and the most memory, and which calls are not supported")
def report_numbers(kozo):
    little = reported(kozo, PERL, "-e", "1")
    expect_equal((little["processes"], set(little["unsupported"]) - {"rseq"}), (1, set()), "what is used")
    script = f"""syscall({NO_CALL}, 1, 0) for 1 .. 3; my $x = 'a' x 30_000_000;
    defined(my $child = fork) or die; exit 0 unless $child; wait; select(undef, undef, undef, 0.5)"""
    much = reported(kozo, PERL, "-e", script)
    expect_equal((much["processes"], much["unsupported"]["io_uring_setup"]), (2, 3), "what is used")
    expect(much["calls"] > little["calls"] > 10, "calls", f"{little}\n{much}")
    expect(500 <= much["milliseconds"] < 1000 * SECONDS, "the time", str(much))
    grown = much["memory"] - little["memory"]
    expect(30_000_000 <= grown < 100_000_000, f"memory grew by {grown}", f"{little}\n{much}")


@check("a report names what of the host was opened, each path once, with how, whatever its bytes are")
def report_paths(kozo):
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder).resolve()
        names = ["read", "both", 'a "b\\', "\x01ü", os.fsdecode(b"\xff")]
        for name in names:
            (place / name).write_text(name.encode("utf-8", "replace").decode())
        script = """chdir shift; for my $n (@ARGV) { open(my $f, $n eq 'both' ? '+<' : '<', $n) or die }
        open(my $f, '<', 'read'); open($f, '>', 'new') or die; open($f, '>', '/tmp/own') or die;
        open($f, '/proc/self/status') or die; open($f, 'missing') and die; opendir($f, '.') or die"""
        used = reported(kozo, PERL, "-e", script, place, *names, options=["--share", f"{place}:rw"])
        paths = {path: how for path, how in used["paths"].items() if Path(path).is_relative_to(place)}
        wanted = {str(place / name): "r" for name in names}
        wanted |= {str(place / "both"): "rw", str(place / "new"): "w", str(place): "r"}
        expect_equal(paths, wanted, "the paths")
        others = set(used["paths"]) - set(paths)
        expect(os.path.realpath(PERL) in others, "the program is not named", str(others))
        own = [path for path in others if path.startswith(("/proc", "/tmp/own", "/dev"))]
        expect_equal(own, [], "what is named of the sandbox's own")
        expect_equal(used["paths_left_out"], 0, "paths left out")


@check("a report names 1,024 paths, counts those beyond, and is there when a signal ended the program")
def report_limits(kozo):
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder).resolve()
        for number in range(1100):
            (place / str(number)).touch()
        script = "open(my $f, '<', qq($ARGV[0]/$_)) or die for 0 .. 1099; kill KILL => $$"
        used = reported(kozo, PERL, "-e", script, place, options=["--share", place], status=137)
        expect_equal(len(used["paths"]), 1024, "paths")
        expect(76 < used["paths_left_out"] < 200, "paths left out", str(used["paths_left_out"]))


@check("a report that can't be written is told: before the machine starts, or when it is full")
def report_refused(kozo):
    for path, reason in (("/no/such/file", "No such file.*"), (kozo.folder, "Is a directory")):
        said = rf"can't write the report to {path}: {reason}"
        refused(kozo, 125, said, "/bin/true", options=["--report", path])
    ended = real(kozo, "/bin/true", options=["--report", "/dev/full"])
    told = "kozo: the report can't be written: No space left on device\n"
    expect_equal((ended.status, ended.err), (0, told), "a full device")
    for words in (["--report", "x"], ["--report"]):
        ended = run(kozo.command_line(*words))
        expect_equal((ended.status, len(ended.err.splitlines())), (2, 1), "status and lines", ended.told)


@check("numbers that no machine can have are refused in one line that names the option")
def numbers_refused(kozo):
    number, seconds = "a number above zero and within reason", "seconds, such as 10 or 0.5"
    for option, values, wanted in (
        ("--mem", ("0", "-1", "1.5", "64M", "", "1048577"), number),
        ("--cpus", ("0", "-1", "two", "", "256"), number),
        ("--timeout", ("-1", "x", "1.2345", "", "1000001"), seconds),
    ):
        for value in values:
            refused(kozo, 2, f"{option} takes {wanted}", "/bin/true", options=[option, value])


@check("--mem is the machine's memory: half of it at most is the program's, and too little is told")
def memory_given(kozo):
    given = []
    for mib in (96, 512, 2048):
        ended = real(kozo, "/bin/grep", "MemTotal", "/proc/meminfo", options=["--mem", mib])
        given.append(int(ended.out.split()[1]) >> 10)
        expect(mib // 8 < given[-1] <= mib // 2, f"{given[-1]} MiB of {mib}", ended.told)
    expect(given[0] < given[1] < given[2], f"it does not grow: {given}")
    script = "print defined(eval { my $x = 'a' x 400_000_000; 1 }) ? 'had it' : 'had it not'"
    ended = real(kozo, PERL, "-e", script, options=["--mem", "512"])
    expect("had it\n" not in f"{ended.out}\n" and ended.status != 0, "it had more than there is", ended.told)
    ended = real(kozo, "/bin/true", options=["--mem", "16"])
    said = "(?m)^kozo:   init said: .*(too little memory|more memory than is free)$"
    expect(ended.status == 125 and re.search(said, ended.err), "it is not told", ended.told)


@check("--cpus is the machine's: a program has one of them, and runs the same")
def processors_given(kozo):
    for count in (1, 3):
        ended = real(kozo, "/usr/bin/nproc", options=["--cpus", count])
        expect_equal((ended.status, ended.out, ended.err), (0, "1\n", ""), f"of {count}", ended.told)


@check("--timeout ends a program that does not listen, with all its processes, and 0 is no limit")
def time_given(kozo):
    script = "trap '' TERM INT; (while :; do :; done) & echo begun; while :; do :; done"
    begun = time.monotonic()
    ended = run(kozo.command_line("--timeout", "9.5", "--", "/bin/sh", "-c", script))
    told = "kozo: the time limit was reached\n"
    expect_equal((ended.status, ended.out, ended.err), (124, "begun\n", told), "what came")
    expect(9.5 <= time.monotonic() - begun < 60, "it took another time")
    ended = run(kozo.command_line("--timeout", "0", "--", "/bin/sh", "-c", "sleep 1; exit 3"))
    expect_equal((ended.status, ended.err), (3, ""), "without a limit")


# ---- files and places ------------------------------------------------------------------------------


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


@check("a program with a whole system in a folder sees that, and private places of its own")
def real_root(kozo):
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder).resolve()
        (root / "bin").mkdir()
        (root / "mark").write_text("of the other system")
        shutil.copy("/bin/busybox", root / "bin" / "busybox")
        script = """cat /mark; echo; ls -d /mark /proc /dev /tmp; echo x > /tmp/x && cat /tmp/x
        echo y > /mark; ls -d /usr; test -c /dev/null"""
        told = real(kozo, "/bin/busybox", "sh", "-c", script, options=["--root", root], env={"PATH": "/bin"})
        lines = told.out.splitlines()
        expect_equal(lines[0], "of the other system", "the file", told.told)
        expect(lines[1:-1] == ["/dev", "/mark", "/proc", "/tmp"], "the root is another", told.told)
        expect_equal((told.status, lines[-1]), (0, "x"), "the end", told.told)
        expect("Read-only file system" in told.err, "it was written to", told.told)
        expect("/usr: No such file" in told.err, "this host's is there", told.told)
        expect_equal(sorted(os.listdir(root)), ["bin", "mark"], "names on the host")
    script = "print -e '/etc/passwd' ? 'there' : 'not there'"
    told = real(kozo, "/usr/bin/perl", "-e", script, options=["--root", "/"])
    expect_equal((told.status, told.out), (0, "there"), "with this host's root", told.told)


@check("the home is private and empty: settings looked for there are no matter, secrets are told")
def real_home(kozo):
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder).resolve() / "me"
        home.mkdir()
        (home / ".bashrc").write_text("echo read")
        script = "cat ~/.bashrc ~/.ssh/id; cd; pwd; ls -A; echo own > own"
        told = real(kozo, "/bin/bash", "-c", script, options=["--env", f"HOME={home}"])
        expect_equal(told.out, f"{home}\n", "the output", told.told)
        expect("own: Permission denied" in told.err, "something was written", told.told)
        expect_equal(sorted(os.listdir(home)), [".bashrc"], "names on the host")
        expect(f"{home}/.bashrc" not in told.err.partition("kozo:")[2], "noise", told.told)
        expect(re.search(r"kozo: blocked: \S*/\.ssh", told.err), "the secret is not told", told.told)


@check("folders of PATH that the program does not see are left out of it")
def real_path(kozo):
    told = real(kozo, "/bin/sh", "-c", "echo $PATH", env={"PATH": "/no/such:/usr/bin:/srv/bin:/bin"})
    expect_equal((told.out, told.err), ("/usr/bin:/bin\n", ""), "what came", told.told)
    told = real(kozo, "/bin/sh", "-c", "echo $PATH", options=["--env", "PATH=/no/such:/bin"])
    expect_equal(told.out, "/no/such:/bin\n", "one that was given")


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
