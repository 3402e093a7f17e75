# SPDX-License-Identifier: MIT
"""The rules of docs/style.md that a machine can check: format, lint, folders, includes, paths."""

import hashlib
import json
import os
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from driver.kozo import run
from driver.suite import check, expect, expect_equal, skip

order = 80

SOURCE_FOLDERS = ("abi", "kernel", "lib", "services", "systems", "tools", "tests")

# Headers of the language that need no library.
FREESTANDING = {
    f"{name}.h"
    for name in "stdalign stdarg stdatomic stdbit stdbool stdckdint stddef stdint limits float".split()
}

# Written by hand, line by line.
TEXT = ".c .h .S .ld .py .sh .md .abi meson.build kozo run".split()

# Whose columns are clang-format's business, or nobody's.
FORMATTED = (".c", ".h", ".md", ".abi")

INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]', re.MULTILINE)


def files(kozo):
    """All files of the repository, as paths from its root: no builds, and nothing of git's."""
    for folder, names, here in os.walk(kozo.root):
        inside = Path(folder).relative_to(kozo.root)
        unwanted = {"build", ".git"} if folder == str(kozo.root) else {"__pycache__"}
        names[:] = sorted(set(names) - unwanted)
        for name in sorted(here):
            yield inside / name


def c_files(kozo, *folders):
    wanted = folders or SOURCE_FOLDERS
    return [p for p in files(kozo) if p.parts[0] in wanted and p.suffix in (".c", ".h", ".S")]


def includes(kozo, path):
    text = (kozo.root / path).read_text(errors="replace")
    return [(found[1] == '"', found[2]) for found in INCLUDE.finditer(text)]


def none_of(problems, what):
    expect(not problems, f"{len(problems)} {what}", "\n".join(map(str, problems)))


@check("every C file is in the project's format")
def formatted(kozo):
    ended = kozo.launch("format", "--check")
    none_of(ended.out.split(), "files differ: ./kozo format mends them")
    expect_equal(ended.status, 0, "the exit status of ./kozo format --check", ended.told)


def compilations(kozo):
    """One compilation of each of our C files, from the compilation database."""
    commands = json.loads((kozo.build / "compile_commands.json").read_text())
    chosen = {}
    for command in commands:
        path = Path(command["directory"], command["file"]).resolve()
        if path.suffix != ".c" or not path.is_relative_to(kozo.root):
            continue
        inside = path.relative_to(kozo.root)
        if inside.parts[0] in SOURCE_FOLDERS:
            chosen.setdefault(inside, command)
    return chosen


def headers_digest(kozo):
    digest = hashlib.sha256((kozo.root / ".clang-tidy").read_bytes())
    for path in c_files(kozo):
        if path.suffix == ".h":
            digest.update(str(path).encode() + (kozo.root / path).read_bytes())
    return digest.hexdigest()


def tidy(kozo, path, command, headers, folder):
    """What clang-tidy says about a file; silence is remembered until the file or a header changes."""
    words = [headers, command["command"], (kozo.root / path).read_text()]
    key = hashlib.sha256("\0".join(words).encode()).hexdigest()
    known = folder / key
    if known.exists():
        return ""
    ended = run(["clang-tidy-19", "--quiet", "-p", folder, kozo.root / path], cwd=kozo.root)
    if ended.status == 0:
        known.touch()
        return ""
    return ended.out


@check("clang-tidy finds nothing")
def tidy_quiet(kozo):
    chosen = compilations(kozo)
    expect(chosen, "no C file is compiled")
    headers = headers_digest(kozo)
    # Of a file that is compiled in many ways clang-tidy looks at each, if it is told of all of them.
    folder = kozo.build / "tidy"
    folder.mkdir(exist_ok=True)
    (folder / "compile_commands.json").write_text(json.dumps(list(chosen.values())))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        told = pool.map(lambda item: tidy(kozo, *item, headers, folder), chosen.items())
        found = [text for text in told if text]
    none_of(found, "files have findings")


@check("every C file of kernel, lib, services and tools is compiled, for one architecture or the other")
def all_compiled(kozo):
    skip("aarch64 is not built beside x86_64 yet") if kozo.arch != "x86_64" else None
    compiled = set(compilations(kozo))
    wanted = {p for p in c_files(kozo, "kernel", "lib", "services", "tools") if p.suffix == ".c"}
    other = {p for p in wanted if {"aarch64", "host"} & set(p.parts) or "fuzz" in p.parts}
    by_mode = {p for p in wanted if p.stem.endswith(("_debug", "_release"))}
    # What a test compiles by itself, as a sample, is named so; the vDSO is compiled as a Linux library.
    samples = {p for p in wanted if {"samples", "guests", "vdso", "programs"} & set(p.parts)}
    none_of(sorted(wanted - other - by_mode - samples - compiled), "files are in no build")


@check("every file of code begins with its licence, and headers and scripts then say what they are")
def licence(kozo):
    problems = []
    for path in files(kozo):
        if path.suffix not in (".c", ".h", ".S", ".py", ".sh", ".rs") and str(path) != "kozo":
            continue
        lines = (kozo.root / path).read_text(errors="replace").splitlines()[:4]
        if lines and lines[0].startswith("#!"):
            lines = lines[1:]
        mark = "#" if path.suffix in (".py", ".sh") or str(path) == "kozo" else "//"
        silent = path.suffix in (".c", ".S", ".rs") or "golden" in path.parts
        if not lines or lines[0] != f"{mark} SPDX-License-Identifier: MIT":
            problems.append(path)
        elif not silent and (len(lines) < 2 or not lines[1].startswith((mark, '"""'))):
            problems.append(path)
    none_of(problems, "files do not")


@check("every folder, three levels deep, has a README")
def readmes(kozo):
    folders = {folder for path in files(kozo) for folder in path.parents}
    wanted = [
        folder
        for folder in folders
        if len(folder.parts) <= 3
        # Tests and include folders are told by the README of what they belong to.
        and not {"tests", "include"} & set(folder.parts[1:])
        and not any(part.startswith(".") for part in folder.parts)
    ]
    missing = [folder for folder in wanted if not (kozo.root / folder / "README.md").is_file()]
    none_of(sorted(missing), "folders have none")


@check("the kernel includes itself, what is in abi/ and the language's own headers, nothing else")
def kernel_includes(kozo):
    ours = c_files(kozo, "kernel", "abi")
    problems = []
    for path in c_files(kozo, "kernel"):
        if {"tests", "host"} & set(path.parts):  # these are ordinary processes
            continue
        for quoted, name in includes(kozo, path):
            inside = exists_beside(kozo, path, name) or named_by(ours, name)
            if ".." in name or not (inside or (not quoted and name in FREESTANDING)):
                problems.append(f"{path}: {name}")
    none_of(problems, "includes lead outside")


def service_of(path):
    """The folder of a service: services/NAME, services/volumes/KIND, or services/drivers/CLASS/DEVICE."""
    depth = {"drivers": 4, "volumes": 3}.get(path.parts[1], 2)
    return Path(*path.parts[:depth])


def beside(path, name):
    """Where an include that is relative to its file leads, as a path from the root."""
    return Path(os.path.normpath(path.parent / name))


@check("a service includes its own files, the libraries and the generated headers, never another service")
def service_includes(kozo):
    ours = c_files(kozo, "services")
    problems = []
    for path in ours:
        own = service_of(path)
        # A test is no part of the service, and may set another one beside it.
        if "tests" in path.parts:
            continue
        for quoted, name in includes(kozo, path):
            if not quoted:
                continue  # of the language, or of a library
            if ".." in Path(name).parts:
                if not beside(path, name).is_relative_to(own):
                    problems.append(f"{path}: {name}")
            elif exists_beside(kozo, path, name) or not named_by(ours, name):
                continue
            elif not any(header.is_relative_to(own) for header in named_by(ours, name)):
                if not named_by(c_files(kozo, "lib", "abi"), name):
                    problems.append(f"{path}: {name}")
    none_of(problems, "includes lead into another service")


def exists_beside(kozo, path, name):
    return (kozo.root / path).parent.joinpath(name).is_file()


def named_by(paths, name):
    return [path for path in paths if str(path).endswith(f"/{name}")]


@check("libraries include no service, and neither does anything include the kernel but the kernel's tests")
def downwards_only(kozo):
    problems = []
    private = {p.name for p in c_files(kozo, "kernel") if p.suffix == ".h"}
    for path in c_files(kozo, "lib", "services", "tools"):
        for quoted, name in includes(kozo, path):
            if name.startswith(("kernel/", "services/")):
                problems.append(f"{path}: {name}")
            elif quoted and Path(name).name in private and not named_by(c_files(kozo, path.parts[0]), name):
                if not exists_beside(kozo, path, name) and not named_by(c_files(kozo, "lib", "abi"), name):
                    problems.append(f"{path}: {name}")
    none_of(problems, "includes go the wrong way")


@check("no file holds a path of the machine that it was written on")
def no_host_paths(kozo):
    # Split, so that this file does not hold them itself.
    marks = [str(kozo.root) + "/", "/ho" + "me/", "/ro" + "ot/", "/Us" + "ers/"]
    problems = []
    for path in files(kozo):
        text = (kozo.root / path).read_bytes()
        problems += [f"{path}: {mark}" for mark in marks if mark.encode() in text]
    none_of(problems, "files hold one")


@check("text ends with a line end, has no blanks before it, no tabs, and code at most 110 columns")
def text_is_tidy(kozo):
    problems = []
    for path in files(kozo):
        if path.suffix not in TEXT and path.name not in TEXT:
            continue
        text = (kozo.root / path).read_text(errors="replace")
        if text and not text.endswith("\n"):
            problems.append(f"{path}: no line end at its end")
        for number, line in enumerate(text.splitlines(), 1):
            too_long = len(line) > 110 and path.suffix not in FORMATTED
            if line != line.rstrip() or "\t" in line or too_long:
                problems.append(f"{path}:{number}")
    none_of(problems, "lines are not")
