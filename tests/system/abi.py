# SPDX-License-Identifier: MIT
"""The boundary has one source: generated copies are fresh, and a stale one stops the build."""

import shutil

from driver.kozo import run
from driver.suite import check, expect, expect_equal

order = 20


def definitions(root):
    folder = root / "abi"
    files = [folder / "types.abi"]
    return files + sorted(folder.glob("object/*.abi")) + sorted(folder.glob("proto/*.abi"))


def abigen(kozo, root, *arguments):
    files = [path.relative_to(root) for path in definitions(root)]
    return run([kozo.build / "tools" / "abigen" / "abigen", *arguments, *files], cwd=root)


def checked(kozo, root):
    return abigen(kozo, root, "--check", "abi/golden", "--docs", "docs/reference/abi.md")


def copied(kozo, name):
    root = kozo.folder / name
    for folder in ("abi", "docs/reference"):
        shutil.copytree(kozo.root / folder, root / folder)
    return root


def goldens(root):
    return sorted(path for path in (root / "abi" / "golden").rglob("*") if path.is_file())


@check("the generated copies in abi/golden and docs/reference are fresh")
def fresh(kozo):
    ended = checked(kozo, kozo.root)
    expect_equal(ended.status, 0, "the exit status of abigen --check", ended.told)


@check("generating twice gives equal files")
def deterministic(kozo):
    contents = []
    for name in ("first", "second"):
        root = copied(kozo, f"abi-{name}")
        shutil.rmtree(root / "abi" / "golden")
        (root / "abi" / "golden").mkdir()
        ended = abigen(kozo, root, "--out", "abi/golden", "--docs", "docs/reference/abi.md")
        expect_equal(ended.status, 0, "the exit status of abigen", ended.told)
        files = goldens(root) + [root / "docs" / "reference" / "abi.md"]
        contents.append({path.relative_to(root): path.read_bytes() for path in files})
    expect(contents[0] == contents[1] and contents[0], "the two differ")


@check("each golden copy is compared: a change in any one of them is found and named")
def each_is_compared(kozo):
    root = copied(kozo, "abi-touched")
    written = ("README.md", "meson.build")  # by hand
    names = [path for path in goldens(root) if path.name not in written]
    expect(names, "there are no golden copies")
    for path in names:
        before = path.read_bytes()
        path.write_bytes(before + b"\n")
        ended = checked(kozo, root)
        path.write_bytes(before)
        expect(ended.status != 0, f"a changed {path.name} passes", ended.told)
        expect(path.name in ended.err + ended.out, f"{path.name} is not named", ended.told)


@check("a definition that changed makes its copies stale, and the message says what to do")
def stale(kozo):
    root = copied(kozo, "abi-changed")
    definition = root / "abi" / "types.abi"
    text = definition.read_text()
    number = "constant "
    expect(number in text, "types.abi has no constant to change")
    start = text.index(number)
    line_end = text.index("\n", start)
    name = text[start:line_end].split()[1]
    changed = text[:start] + text[start:line_end].replace(name, name + "2", 1) + text[line_end:]
    definition.write_text(changed)
    ended = checked(kozo, root)
    expect(ended.status != 0, "the change passes", ended.told)
    expect("stale" in ended.err + ended.out, "the message does not say that it is stale", ended.told)
    expect("--update-abi" in ended.err + ended.out, "the message does not say what to do", ended.told)


@check("a stale copy stops the build with that message")
def build_stops(kozo):
    root = kozo.copy_sources("abi-build")
    header = root / "abi" / "golden" / "kozo" / "abi.h"
    header.write_text(header.read_text() + "\n")
    ended = kozo.launch("build", "--arch", kozo.arch, root=root)
    expect_equal(ended.status, 1, "the exit status of ./kozo build", ended.told)
    expect("stale" in ended.err and "abi.h" in ended.err, "the message is missing", ended.told)
    expect("abi.h" in ended.err.splitlines()[0], "the message is not the first line", ended.told)
