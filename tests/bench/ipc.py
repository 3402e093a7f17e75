# SPDX-License-Identifier: MIT
"""Messages, signals and faults between two address spaces: instructions, as the user sees it, stub included

Counted by programs/ipc.c; "of them" are those instructions of one round that cost more than one on a real
processor, counted by plugin/costly.c in a run of their own. seL4's figures are of the same emulator in
the same mode; docs/performance.md tells how both were taken.
"""

from bench import _costly, _counted

PROGRAM = "bench/ipc"

# Name in the program, what it is, goal, seL4.
TABLE = [
    ("call-0", "call and reply_recv round trip, 0 words", 400, 462),
    ("call-passive", "the same, the server without time of its own", 400, 558),
    ("call-7", "the same, 7 words", 400, 1573),
    ("call-64", "the same, 64 words", 900, 2163),
    ("call-capability", "the same, one capability transferred and deleted", 1100, 2129),
    ("ping-pong", "notification ping-pong round trip", 900, 2034),
    ("signal", "signal, nobody waiting", 120, 357),
    ("fault", "page fault to its handler and back, without a map", 500, 1303),
    ("foreign", "foreign system call to its handler and back", 400, None),
    ("foreign-extended", "the same, the foreign thread with extended state", None, None),
    ("call-extended", "call, 0 words, the server with extended state", None, None),
    ("interrupt", "interrupt to user handler", 300, 355),
]


def measure(kozo):
    rows = _counted.measure(kozo, PROGRAM, TABLE)
    names = [name for name, *_ in TABLE]
    costly = _costly.measure(kozo, PROGRAM, names, _counted.OPTIONS)
    for name, row in zip(names, rows):
        row.costly = costly[name]
    return rows
