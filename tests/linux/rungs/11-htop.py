# SPDX-License-Identifier: MIT
# htop on a terminal of its own: what it shows of processes and memory, and that it leaves when told to.
import fcntl, os, pty, select, struct, termios, time

child, terminal = pty.fork()
if child == 0:
    os.environ["TERM"] = "xterm"
    os.execv("/usr/bin/htop", ["htop", "--no-color", "-d", "5"])
fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))


def read_until(marks, seconds):
    """What the terminal shows until all marks were seen."""
    seen, limit = b"", time.monotonic() + seconds
    while not all(mark in seen for mark in marks) and time.monotonic() < limit:
        if select.select([terminal], [], [], 0.1)[0]:
            try:
                seen += os.read(terminal, 65536)
            except OSError:
                break
    return seen


marks = [b"Mem", b"Tasks", b"Load average", b"Uptime", b"Command", b"htop", b"F10", b"Quit"]
seen = read_until(marks, 60)
for mark in marks:
    print(mark.decode(), mark in seen)
os.write(terminal, b"q")
read_until([b"never"], 3)
print("status", os.waitpid(child, 0)[1])
