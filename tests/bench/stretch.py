# SPDX-License-Identifier: MIT
"""Longest stretch without a preemption point: instructions, for each long operation

Measured by programs/stretch.c; docs/performance.md tells how.
"""

from bench import NotMeasured, Row, _counted

PROGRAM = "bench/stretch"
GOAL = 5000

# Name in the program, and what it is.
OPERATIONS = [
    ("revoke-copies", "revoke 1000 copies"),
    ("revoke-lent", "revoke 1000 copies under a lease"),
    ("revoke-mixture", "revoke an untyped with objects of 13 types"),
    ("revoke-endpoints", "revoke an untyped with 256 endpoints"),
    ("revoke-notifications", "the same, notifications"),
    ("revoke-replies", "the same, replies"),
    ("revoke-threads", "the same, 64 threads"),
    ("revoke-timers", "the same, timers"),
    ("revoke-contexts", "the same, scheduling contexts"),
    ("revoke-leases", "the same, leases"),
    ("revoke-states", "the same, 64 extended states"),
    ("revoke-pools", "the same, pools"),
    ("revoke-spaces", "the same, address spaces"),
    ("revoke-cnodes", "the same, CNodes of 64 slots"),
    ("revoke-frames", "the same, frames"),
    ("revoke-mappings", "revoke a frame with 1000 mappings of a page"),
    ("revoke-mappings-far", "the same, each in a table of its own"),
    ("delete-copies", "delete 1000 copies in one call"),
    ("delete-lent", "the same, under a lease"),
    ("delete-mixture", "the same, the last ones of objects of 13 types"),
    ("delete-mappings", "the same, mappings of a page"),
    ("delete-mappings-far", "the same, each in a table of its own"),
    ("delete-lease", "delete a lease with 1000 grants"),
    ("cnode-empty", "destroy an empty CNode of 1024 slots"),
    ("cnode-copies", "the same, with 1000 copies"),
    ("cnode-endpoints", "the same, with 1000 endpoints"),
    ("cnode-threads", "the same, with 1000 threads"),
    ("cnode-mappings", "the same, with 1000 mappings"),
    ("space", "destroy an address space of 1000 mappings"),
    ("space-far", "the same, each in a table of its own"),
    ("pool", "destroy its pool"),
    ("endpoint-waiters", "delete an endpoint where 64 threads wait"),
    ("notification-waiters", "delete a notification where 64 threads wait"),
    ("waiters", "revoke the memory of 64 threads that wait"),
    ("retype-endpoints", "retype 256 endpoints"),
    ("retype-threads", "retype 64 threads"),
    ("retype-cnodes", "retype 256 CNodes of 64 slots"),
    ("retype-frames", "retype 256 frames of 4 KiB"),
    ("retype-untypeds", "retype 256 untypeds of 4 KiB"),
    ("retype-states", "retype 64 extended states"),
    ("retype-frame", "retype a frame of 4 MiB"),
    ("map-first", "map 2048 pages of 4K, page tables made as well"),
    ("map-large", "map four pages of 2M"),
    ("map-over", "set all rights of 2048 pages again"),
    ("set", "set fewer rights of 2048 pages"),
    ("set-large", "set fewer rights of four pages of 2M"),
    ("clear", "clear 2048 pages"),
    ("lower", "lower a mapping of 2048 pages"),
    ("split", "split four pages of 2M"),
    ("split-ends", "clear four pages of 2M but for both ends"),
    ("clone-mappings", "clone 1000 mappings of a page"),
    ("clone-mappings-far", "the same, each in a table of its own"),
    ("clone-pages", "clone one mapping of 2048 pages"),
    ("clone-large", "clone one mapping of four pages of 2M"),
    ("trim", "give back 1000 page tables"),
    ("clean", "clean the caches of 8 MiB"),
]


def measure(kozo):
    return _counted.measure(kozo, PROGRAM, [(name, what, GOAL, None) for name, what in OPERATIONS])


def longest(kozo):
    """One Row, with the longest of all."""
    rows = measure(kozo)
    what = "longest stretch without a preemption point"
    if lost := [row for row in rows if row.found is None]:
        raise NotMeasured(f"{what}: {lost[0].what}: {lost[0].lost}")
    worst = max(rows, key=lambda row: row.found)
    return Row(f"{what} ({worst.what})", worst.found, goal=GOAL)
