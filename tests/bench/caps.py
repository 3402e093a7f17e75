# SPDX-License-Identifier: MIT
"""Capabilities, memory and threads: instructions, as the user sees it, stub included

Counted by programs/caps.c. seL4's figures are of the same emulator in the same mode; docs/performance.md
tells how both were taken.
"""

from bench import _counted, stretch

# Name in the program, what it is, goal, seL4.
TABLE = [
    ("null", "null system call", 70, 89),
    ("empty-slot", "call on an empty slot, an error", None, 413),
    ("retype-endpoint", "retype one endpoint", 350, 820),
    ("retype-frame", "retype one frame of 4 KiB, zeroed", None, 832),
    ("retype-thread", "retype one thread", None, 5021),
    ("retype-cnode", "retype one CNode of 16 slots", None, 810),
    ("retype-batch", "retype 256 endpoints in one call, each", None, 53),
    ("mint", "mint", 300, 849),
    ("copy", "copy", 300, 821),
    ("move", "move", 300, 677),
    ("delete-copy", "delete a copy", 250, 716),
    ("delete-last", "delete the last capability of an endpoint", None, 781),
    ("revoke", "revoke with 1000 children, each", 120, 279),
    ("revoke-memory", "revoke an untyped with 1000 endpoints, each", None, 360),
    ("lease", "end a lease with 1000 grants, in all", 300, 279_000),
    ("map-unmap", "map and unmap one 4K page", 700, 1314),
    ("map", "map 2048 pages of 4K in one call, each", 10, 718),
    ("map-first", "the same, page tables made as well", None, None),
    ("map-large", "the same as four pages of 2M, each 4K", None, None),
    ("set", "set rights of 2048 pages in one call, each", 8, None),
    ("clone", "clone 1000 mappings of one page, each", 104, None),
    ("clone-pages", "clone one mapping of 2048 pages, each page", 4, None),
    ("delete-run", "delete 1000 mappings in one call, each", None, None),
    ("destroy-space", "destroy an address space of 1000 mappings, each", 60, None),
    ("thread", "create, start and destroy a thread", 2000, 5021 + 677 + 2132),
]


def measure(kozo):
    return _counted.measure(kozo, "bench/caps", TABLE) + [stretch.longest(kozo)]
