# SPDX-License-Identifier: MIT
"""Messages, signals and faults between two address spaces: instructions, as the user sees it, stub included

Counted by programs/ipc.c; "of them" are those instructions of one round that cost more than one on a real
processor, counted by plugin/costly.c in a run of their own. seL4's figures are of the same emulator in
the same mode; docs/performance.md tells how both were taken.
"""

from bench import NotMeasured, Row, _costly, _counted, _pipe, _processors

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
    ("interrupt", "interrupt to user handler", 300, 355),
    ("foreign-extended", "foreign system call, the foreign thread with extended state", None, None),
    ("call-extended", "call, 0 words, the server with extended state", None, None),
]



def one_side(kozo):
    """The rows with goals, with what is dear in them, and two of which only one side has extended state."""
    rows = _counted.measure(kozo, PROGRAM, TABLE)
    names = [name for name, *_ in TABLE]
    costly = _costly.measure(kozo, PROGRAM, names, _counted.OPTIONS)
    for name, row in zip(names, rows):
        row.costly = costly[name]
    return rows


def both_sides(kozo):
    table = [(name, f"{what}, extended state on both sides", None, None) for name, what, *_ in TABLE[:-2]]
    return _counted.measure(kozo, f"{PROGRAM} extended", table)


PARTS = [
    ("messages, signals and faults", one_side),
    ("the same with extended state on both sides", both_sides),
    ("several processors", _processors.path_rows),
    ("several processors at the same time", _processors.wall_rows),
    ("Linux's pipe", _pipe.measure),
]


def measure(kozo):
    """A part that can't be measured is a row that says why, and the others go on."""
    rows = []
    for what, part in PARTS:
        try:
            rows += part(kozo)
        except NotMeasured as reason:
            rows.append(Row(what, None, lost=str(reason).partition("\n")[0]))
    return rows
