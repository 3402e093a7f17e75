# SPDX-License-Identifier: MIT
"""kozo-run from end to end, with boot sectors in the place of KOZO: run_test.py KOZO-RUN."""

import os
import pty
import re
import select
import signal
import subprocess
import sys
import tempfile
import termios
import time
from pathlib import Path

from driver.tap import Points

RUNNER = Path(sys.argv[1]).resolve()
GUESTS = Path(__file__).resolve().parent / "guests"
BYTES = 131072  # that the guest `flood` prints

points = Points()
folder = tempfile.TemporaryDirectory(prefix="kozo-run-")


def link(source, target, *options):
    command = ["ld.lld-19", "-m", "elf_x86_64", "-Ttext=0x7c00", *options, "-o", target, source]
    subprocess.run(command, check=True)


def build(name):
    """Assembles a guest. Gives its disk image and its ELF file."""
    base = Path(folder.name) / name
    image, elf, thing = base.with_suffix(".img"), base.with_suffix(".elf"), base.with_suffix(".o")
    if not image.exists():
        compiler = ["clang-19", "--target=x86_64-none-elf", "-I", GUESTS, "-c"]
        subprocess.run([*compiler, GUESTS / f"{name}.S", "-o", thing], check=True)
        link(thing, elf)
        link(thing, image, "--oformat=binary")
        os.truncate(image, 1 << 20)  # the firmware boots no smaller disk
    return image, elf


def command(name, *options):
    return [str(part) for part in (RUNNER, "--image", build(name)[0], *options)]


def run(name, *options, input=b"", limit="20"):
    limit = ["--timeout", limit] if limit else []
    line = command(name, *limit, *options)
    done = subprocess.run(line, input=input, capture_output=True, timeout=90)
    done.err = done.stderr.decode(errors="replace")
    done.told = f"status {done.returncode}, output {done.stdout[:200]!r}, errors {done.err!r}"
    return done


def expect(truth, told):
    if not truth:
        raise AssertionError(told)


def child_of(process):
    """QEMU's process: the only child that is one."""
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(entry.read_text().rpartition(")")[2].split()[1])
            name = (entry.parent / "comm").read_text()
        except OSError:
            continue
        if parent == process and name.startswith("qemu"):
            return int(entry.parent.name)
    return None


def wait_until(check, seconds=20):
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        if value := check():
            return value
        time.sleep(0.02)
    return None


def is_gone(process):
    """Whether a process has ended; one that only waits to be reaped has."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except OSError:
        return True


class Terminal:
    """A runner on a pseudo-terminal."""

    def __init__(self, name, *options):
        self.master, self.slave = pty.openpty()
        self.before = termios.tcgetattr(self.slave)
        self.seen = b""
        self.process = subprocess.Popen(
            command(name, *options), stdin=self.slave, stdout=self.slave, stderr=subprocess.PIPE
        )

    def wait_for(self, text, seconds=20):
        limit = time.monotonic() + seconds
        while text not in self.seen:
            left = limit - time.monotonic()
            expect(left > 0, f"no {text!r} in {self.seen!r}")
            if select.select([self.master], [], [], left)[0]:
                self.seen += os.read(self.master, 4096)

    def send(self, data):
        os.write(self.master, data)

    def is_restored(self):
        return termios.tcgetattr(self.slave) == self.before

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.err = self.process.communicate(timeout=20)[1].decode(errors="replace")
        os.close(self.master)
        os.close(self.slave)


with points("output of the console arrives, and power-off gives 0"):
    done = run("hello")
    expect(done.returncode == 0 and done.stdout == b"one line\r\n" and not done.err, done.told)

with points("a hang reaches the time limit and gives 124"):
    done = run("hang", limit="0.8")
    expect(done.returncode == 124 and done.stdout == b"still here\r\n", done.told)
    expect(done.err == "kozo: the time limit was reached\n", done.told)

with points("a triple fault gives 125 and its address"):
    done = run("triple")
    expect(done.returncode == 125 and done.stdout == b"before the fault\r\n", done.told)
    expect("KOZO failed: triple fault\nkozo:   at 0000000000007c" in done.err, done.told)

with points("a triple fault is named by its function where there are symbols"):
    done = run("triple", "--symbols", build("triple")[1])
    expect(re.search(r"at 0000000000007c.. main\+0x", done.err), done.told)

with points("a crash record gives 125, names, Build-ID and Crash-ID"):
    done = run("crash", "--symbols", build("crash")[1])
    expect(done.returncode == 125 and done.stdout == b"panic\r\n", done.told)
    expect("slot_link+0x4\n" in done.err and "kernel_syscall+0x8\n" in done.err, done.told)
    expect("Build-ID 0123abcd\n" in done.err, done.told)
    expect(re.search(r"^kozo: Crash-ID [0-9a-f]{16}$", done.err, re.M), done.told)

with points("control characters in a crash record are escaped"):
    done = run("crash")
    expect("bad \\x1b[2J slot" in done.err and "\x1b" not in done.err, done.told)

with points("each line of a report begins with kozo:"):
    done = run("crash", "--exec", "x")
    expect(done.returncode == 125, done.told)
    expect(all(line.startswith("kozo: ") for line in done.err.splitlines()), done.told)

with points("a crash record that stops in its middle is reported as incomplete"):
    done = run("half")
    expect(done.returncode == 125 and "page fault" in done.err, done.told)
    expect("incomplete" in done.err, done.told)

with points("--exec prints the command's output only, and gives its status"):
    done = run("control", "--exec", "tests")
    expect(done.returncode == 7 and done.stdout == b"tests\n" and not done.err, done.told)

with points("--exec gives 125 when KOZO powers off before the command's status"):
    done = run("hello", "--exec", "x")
    expect(done.returncode == 125 and done.stdout == b"", done.told)
    expect("before the command ended" in done.err and "one line" in done.err, done.told)

with points("a guest that breaks the control protocol gives 125"):
    done = run("liar", "--exec", "x")
    expect(done.returncode == 125 and "control channel" in done.err, done.told)

with points("a flood of output arrives whole"):
    done = run("flood", limit="60")
    expect(done.returncode == 0 and done.stdout == bytes(range(256)) * (BYTES // 256), done.told[:500])

with points("a slow reader loses no byte"):
    process = subprocess.Popen(
        command("flood", "--timeout", "60"), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE
    )
    time.sleep(1.5)  # all buffers fill meanwhile
    data = b""
    while piece := os.read(process.stdout.fileno(), 3000):
        data += piece
        time.sleep(0.005)
    expect(process.wait(20) == 0 and data == bytes(range(256)) * (BYTES // 256), str(len(data)))

with points("a reader that leaves ends the run quietly with 141"):
    process = subprocess.Popen(
        command("endless", "--timeout", "60"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    os.read(process.stdout.fileno(), 100)
    process.stdout.close()
    expect(process.wait(20) == 141 and process.stderr.read() == b"", str(process.returncode))

with points("a reader that stops reading does not hold the time limit up"):
    process = subprocess.Popen(
        command("endless", "--timeout", "1"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    expect(process.wait(20) == 124, str(process.returncode))

with points("a reboot reboots, and power-off afterwards gives 0"):
    done = run("reboot")
    expect(done.returncode == 0 and done.stdout == b"up\r\nup\r\n", done.told)

with points("input from a pipe waits for the guest, and its end is Ctrl-D"):
    done = run("echo", input=b"x" * 300)
    expect(done.returncode == 0 and done.stdout == b"Init> " + b"x" * 300, done.told)

with points("--until ends with 0 as soon as the text came, and says after how long"):
    done = run("echo", "--until", "Init> ")
    expect(done.returncode == 0 and re.fullmatch(r"until: \d+ ms\n", done.err), done.told)

with points("--until gives 125 when KOZO powers off without the text"):
    done = run("hello", "--until", "two lines")
    expect(done.returncode == 125, done.told)

with points("--verbose tells the accelerator and when the console spoke"):
    done = run("echo", "--verbose")
    expect("accelerator: tcg" in done.err and "first console byte after" in done.err, done.told)
    expect(re.search(r"prompt after \d+ ms", done.err), done.told)

with points("--icount, several processors and a disk run"):
    disk = Path(folder.name) / "a,disk=1.img"
    disk.write_bytes(bytes(1 << 20))
    done = run("hello", "--icount", "--smp", "2", "--mem", "64", "--disk", disk)
    expect(done.returncode == 0 and done.stdout == b"one line\r\n", done.told)

with points("UEFI firmware boots from a disk, and finds nothing on one of ours"):
    done = run("hello", "--firmware", "uefi", "--until", "BdsDxe", limit="60")
    expect(done.returncode == 0, done.told)

with points("--accel auto runs whatever KVM is like"):
    done = run("hello", "--accel", "auto")
    expect(done.returncode == 0 and done.stdout == b"one line\r\n", done.told)

with points("a missing file is named in one line and gives 125"):
    done = subprocess.run([RUNNER, "--image", "/nonexistent"], capture_output=True)
    expect(done.returncode == 125, done.stderr)
    expect(done.stderr == b"kozo: can't open /nonexistent: No such file or directory\n", done.stderr)

with points("QEMU's own refusal is passed on in one line, with 125"):
    # An ELF file without the note that PVH asks for.
    line = [RUNNER, "--kernel", build("hello")[1], "--timeout", "20"]
    done = subprocess.run(line, stdin=subprocess.DEVNULL, capture_output=True)
    expect(done.returncode == 125 and b"PVH" in done.stderr, done.stderr)

with points("wrong usage gives 2, and --help gives 0"):
    expect(subprocess.run([RUNNER, "--nosuch"], capture_output=True).returncode == 2, "")
    done = subprocess.run([RUNNER, "--help"], capture_output=True)
    expect(done.returncode == 0 and b"--timeout" in done.stdout, done.stdout)

for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    with points(f"{number.name} ends QEMU and gives {128 + number}"):
        process = subprocess.Popen(
            command("hang"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        os.read(process.stdout.fileno(), 100)
        qemu = child_of(process.pid)
        process.send_signal(number)
        expect(process.wait(20) == 128 + number and is_gone(qemu), f"{process.returncode} {qemu}")

with points("QEMU dies with a runner that is killed"):
    process = subprocess.Popen(command("hang"), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    os.read(process.stdout.fileno(), 100)
    qemu = child_of(process.pid)
    process.kill()
    process.wait()
    expect(qemu and wait_until(lambda: is_gone(qemu)), f"QEMU is process {qemu}")

with points("QEMU being killed gives 125"):
    process = subprocess.Popen(
        command("hang"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    os.read(process.stdout.fileno(), 100)
    os.kill(child_of(process.pid), signal.SIGKILL)
    expect(process.wait(20) == 125 and b"ended by signal 9" in process.stderr.read(), "")

with points("on a terminal keys go to the guest, Ctrl-C too"):
    terminal = Terminal("echo")
    terminal.wait_for(b"Init> ")
    terminal.send(b"a\x03b\rc\x01\x01d")
    terminal.wait_for(b"a\x03b\rc\x01d")
    expect(not terminal.is_restored(), "the terminal is not raw")
    terminal.send(b"\x04")
    expect(terminal.process.wait(20) == 0 and terminal.is_restored(), "Ctrl-D powers off")
    terminal.close()
    expect(terminal.err == "kozo: Ctrl-A x ends KOZO.\n", terminal.err)

with points("Ctrl-A x ends KOZO with 0 and restores the terminal"):
    terminal = Terminal("hang")
    terminal.wait_for(b"still here")
    terminal.send(b"\x01x")
    expect(terminal.process.wait(20) == 0 and terminal.is_restored(), "")
    terminal.close()

with points("a signal restores the terminal"):
    terminal = Terminal("hang")
    terminal.wait_for(b"still here")
    terminal.process.terminate()
    expect(terminal.process.wait(20) == 143 and terminal.is_restored(), "")
    terminal.close()

with points("the terminal is restored even when the runner is killed"):
    terminal = Terminal("hang")
    terminal.wait_for(b"still here")
    terminal.process.kill()
    terminal.process.wait()
    expect(wait_until(terminal.is_restored), "the terminal stays raw")
    terminal.close()

with points("a crash restores the terminal and is reported"):
    terminal = Terminal("crash")
    expect(terminal.process.wait(20) == 125 and terminal.is_restored(), "")
    terminal.close()
    expect("Crash-ID" in terminal.err, terminal.err)

with points("nothing is left behind in the folder for temporary files"):
    place = Path(folder.name) / "temporary"
    place.mkdir()
    environment = {**os.environ, "TMPDIR": str(place)}
    subprocess.run(command("hello"), stdin=subprocess.DEVNULL, capture_output=True, env=environment)
    expect(not list(place.iterdir()), str(list(place.iterdir())))

folder.cleanup()
points.finish()
