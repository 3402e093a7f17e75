# SPDX-License-Identifier: MIT
"""Reproducible: the same sources built in another folder, at another time, give equal files."""

import hashlib
import os

from driver.suite import check, expect, expect_equal

order = 90

PRODUCTS = {
    "kernel": "kernel/kozo.elf",
    "initrd": "systems/initrd.cpio",
    "disk image": "tools/image/kozo.img",
    "ISO": "tools/image/kozo.iso",
}

# What a build must not depend on: another zone, language, file mode, and a longer path.
SURROUNDINGS = {"TZ": "Pacific/Chatham", "LC_ALL": "C.UTF-8", "KOZO_UNUSED": "x" * 100}

_copy = {}


def other_build(kozo):
    """The build folder of a second build, made once."""
    if "built" not in _copy:
        root = kozo.copy_sources("a copy/with another/path")
        before = os.umask(0o077)
        try:
            ended = kozo.launch(
                "image",
                "--arch",
                kozo.arch,
                f"--{kozo.mode}",
                root=root,
                env={**os.environ, **SURROUNDINGS},
                timeout=1800,
            )
        finally:
            os.umask(before)
        expect_equal(ended.status, 0, "the exit status of ./kozo image in a copy", ended.told)
        _copy["built"] = root / kozo.build.relative_to(kozo.root)
    return _copy["built"]


def digest(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def first_difference(one, two):
    a, b = one.read_bytes(), two.read_bytes()
    if len(a) != len(b):
        return f"the sizes are {len(a)} and {len(b)}"
    at = next(i for i, (x, y) in enumerate(zip(a, b)) if x != y)
    around = slice(max(at - 32, 0), at + 64)
    return f"they differ first at byte {at}:\n{a[around]!r}\n{b[around]!r}"


for product, place in PRODUCTS.items():

    @check(f"two builds in two folders give an equal {product}")
    def equal(kozo, place=place):
        one, two = kozo.build / place, other_build(kozo) / place
        if digest(one) != digest(two):
            expect(False, "the two differ", first_difference(one, two))


@check("no product holds the path of the folder it was built in")
def no_paths(kozo):
    for place in PRODUCTS.values():
        contents = (kozo.build / place).read_bytes()
        expect(str(kozo.root).encode() not in contents, f"{place} holds {kozo.root}")
