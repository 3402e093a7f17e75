# SPDX-License-Identifier: MIT
"""./kozo itself: help, wrong use, builds of every kind, and what it says when a build fails."""

import os
import re
import shutil
import time

from driver.kozo import one_line
from driver.suite import check, expect, expect_equal, skip

order = 25

COMMANDS = "doctor build run cap audit permissions test bench image format clean".split()


def refused(kozo, *arguments):
    ended = kozo.launch(*arguments)
    expect_equal(ended.status, 2, f"the exit status of {arguments}", ended.told)
    expect_equal(ended.out, "", "the output", ended.told)
    line = one_line(ended.err, "the message")
    expect(line.startswith("kozo: "), "the message does not say who speaks", line)
    return line


@check("--help names every command")
def help_names_all(kozo):
    ended = kozo.launch("--help")
    expect_equal(ended.status, 0, "the exit status", ended.told)
    for command in COMMANDS:
        expect(re.search(rf"(?m)^  {command} +\w", ended.out), f"{command} is missing", ended.out)


@check("each command has a help of its own, without building anything")
def help_of_each(kozo):
    for command in COMMANDS:
        for arguments in ([command, "--help"], ["help", command]):
            ended = kozo.launch(*arguments)
            expect_equal(ended.status, 0, "the exit status", ended.told)
            expect(ended.out.startswith(f"Usage: ./kozo {command}"), "no usage", ended.told)
            expect("Exit status" in ended.out or command in ("image", "clean", "format"), "no statuses")


@check("without a command it prints the help as an error and exits with 2")
def no_command(kozo):
    ended = kozo.launch()
    expect_equal((ended.status, ended.out), (2, ""), "exit status and output", ended.told)
    expect(ended.err.startswith("Usage"), "no usage", ended.told)


@check("unknown commands, options and values are one line and exit status 2")
def wrong_use(kozo):
    expect("nosuch" in refused(kozo, "nosuch"), "the command is not named")
    expect("--nosuch" in refused(kozo, "--nosuch"), "the option is not named")
    for command in COMMANDS:
        expect("--nosuch" in refused(kozo, command, "--nosuch"), "the option is not named")
    expect("sparc" in refused(kozo, "build", "--arch", "sparc"), "the architecture is not named")
    expect("--arch" in refused(kozo, "build", "--arch"), "the option is not named")
    expect("--exec" in refused(kozo, "run", "--exec"), "the option is not named")
    expect("floppy" in refused(kozo, "run", "--from", "floppy"), "the value is not named")
    expect("more" in refused(kozo, "permissions", "camera.use", "more"), "the argument is not named")
    expect("more" in refused(kozo, "build", "more"), "the argument is not named")
    expect("nosuch" in refused(kozo, "test", "nosuch"), "the suite is not named")
    expect("nosuch" in refused(kozo, "bench", "nosuch"), "the measurement is not named")


@check("doctor finds nothing missing here, and names versions")
def doctor(kozo):
    ended = kozo.launch("doctor")
    expect_equal(ended.status, 0, "the exit status", ended.told)
    expect(re.search(r"(?m)^  ok +Clang +19\.", ended.out), "no version of Clang", ended.out)


def surroundings(**changes):
    return {**os.environ, **changes}


def fake_tool(kozo, name, version):
    folder = kozo.folder / "old-tools"
    folder.mkdir(exist_ok=True)
    tool = folder / name
    tool.write_text(f"#!/bin/sh\necho {name.partition('-')[0]} version {version}\n")
    tool.chmod(0o755)
    return f"{folder}:{os.environ['PATH']}"


@check("doctor names a tool that is too old, with the version it has and the one it needs")
def doctor_old(kozo):
    path = fake_tool(kozo, "clang-19", "18.1.8")
    ended = kozo.launch("doctor", env=surroundings(PATH=path))
    expect_equal(ended.status, 1, "the exit status", ended.told)
    told = re.search(r"(?m)^  too old +Clang .*$", ended.out)
    expect(told and "18.1.8" in told[0] and "19" in told[0], "it is not told", ended.out)
    expect("clang-19" in ended.out.splitlines()[-1], "how to get it is missing", ended.out)


@check("doctor names a tool that is missing, and the package it is in")
def doctor_missing(kozo):
    folder = kozo.folder / "few-tools"
    folder.mkdir()
    for name in "sh dirname sed head sort tr id cat env mkdir printf".split():
        (folder / name).symlink_to(shutil.which(name))
    ended = kozo.launch("doctor", env=surroundings(PATH=str(folder)))
    expect_equal(ended.status, 1, "the exit status", ended.told)
    for what, package in (("Meson", "meson"), ("QEMU", "qemu-system-x86"), ("Ninja", "ninja-build")):
        told = re.search(rf"(?m)^  missing +{what} .*$", ended.out)
        expect(told and f"package {package}" in told[0], f"{what} is not told", ended.out)


FAKE_APT = """#!/bin/sh
# Installs from lists that are empty until they were updated.
echo "$*" >>{log}
case $1 in
update) touch {folder}/updated ;;
install)
    [ -e {folder}/updated ] || { echo "E: Unable to locate package clang-format-19" >&2; exit 100; }
    ln -s {formatter} {folder}/clang-format-19
    ;;
esac
"""


@check("what is missing is installed by apt-get, with fresh lists when the old ones do not know it")
def installs(kozo):
    if not os.path.exists("/etc/debian_version"):
        skip("this is neither Debian nor a child of it")
    folder = kozo.folder / "apt-tools"
    folder.mkdir()
    for name in "sh dirname sed head tail grep sort tr id cat mkdir find xargs cmp touch ln".split():
        (folder / name).symlink_to(shutil.which(name))
    fakes = {
        "apt-get": FAKE_APT,
        "sudo": '#!/bin/sh\n[ "$1" != -n ] || shift\nexec "$@"\n',
        "env": '#!/bin/sh\nshift\nexec "$@"\n',
    }
    words = {"log": folder / "log", "folder": folder, "formatter": shutil.which("clang-format-19")}
    for name, text in fakes.items():
        for word, value in words.items():
            text = text.replace("{" + word + "}", str(value))
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    root = kozo.copy_sources("unequipped")
    ended = kozo.launch("format", root=root, env=surroundings(PATH=str(folder)))
    expect_equal(ended.status, 0, "the exit status", ended.told)
    expect_equal(ended.err, "", "what is on stderr", ended.told)
    asked = (folder / "log").read_text().splitlines()
    expect_equal([line.split()[0] for line in asked], ["install", "update", "install"], "the calls")
    expect("clang-format-19" in asked[-1] and "--no-install-recommends" in asked[-1], asked[-1])


@check("what can't be installed is named, with how to get it, and the exit status is 1")
def cannot_install(kozo):
    folder = kozo.folder / "bare-tools"
    folder.mkdir()
    for name in "sh dirname sed head sort tr id cat mkdir".split():
        (folder / name).symlink_to(shutil.which(name))
    root = kozo.copy_sources("bare")
    ended = kozo.launch("format", root=root, env=surroundings(PATH=str(folder)))
    expect_equal(ended.status, 1, "the exit status", ended.told)
    lines = ended.err.splitlines()
    expect(len(lines) == 2 and all(line.startswith("kozo: ") for line in lines), "not two lines", ended.told)
    expect("clang-format" in lines[0] and "clang-format-19" in lines[1], "it is not named", ended.told)
    run_too = kozo.launch("run", root=root, env=surroundings(PATH=str(folder)))
    expect_equal(run_too.status, 125, "the exit status of run", run_too.told)


@check("a build with nothing to do is quiet and takes a moment")
def nothing_to_do(kozo):
    options = ["--arch", kozo.arch, f"--{kozo.mode}"]
    kozo.launch("build", *options)
    start = time.monotonic()
    ended = kozo.launch("build", *options)
    seconds = time.monotonic() - start
    expect_equal((ended.status, ended.out, ended.err), (0, "", ""), "status, output and errors")
    expect(seconds < 2, f"it took {seconds:.2f} s")


@check("it can be called from any folder")
def any_folder(kozo):
    ended = kozo.launch("format", "--help", cwd="/")
    expect_equal(ended.status, 0, "the exit status", ended.told)


@check("the debug build is complete")
def debug_build(kozo):
    ended = kozo.launch("build", "--arch", kozo.arch, "--debug", timeout=1200)
    expect_equal(ended.status, 0, "the exit status", ended.told)


@check("the portable part of the kernel compiles for aarch64")
def aarch64_build(kozo):
    ended = kozo.launch("build", "--arch", "aarch64", timeout=1200)
    expect_equal(ended.status, 0, "the exit status", ended.told)


@check("a mistake in the code shows the compiler's own words, and exit status 1")
def mistake(kozo):
    root = kozo.copy_sources("mistake")
    path = root / "tools" / "initrd" / "mkcpio.c"
    path.write_text(path.read_text() + "int unfinished(void) { return nothing_here; }\n")
    ended = kozo.launch("build", "--arch", kozo.arch, root=root, timeout=1200)
    expect_equal(ended.status, 1, "the exit status", ended.told)
    expect("nothing_here" in ended.err and "mkcpio.c" in ended.err, "they are missing", ended.told)
    expect("-ffile-prefix-map" not in ended.err, "the command line is shown too", ended.told)
    again = kozo.launch("run", "--arch", kozo.arch, "--exec", "version", root=root, timeout=1200)
    expect_equal(again.status, 125, "the exit status of run", again.told)


@check("a mistake in a meson.build shows Meson's own words, and exit status 1")
def meson_mistake(kozo):
    root = kozo.copy_sources("meson-mistake")
    path = root / "meson.build"
    path.write_text(path.read_text() + "nothing_here()\n")
    ended = kozo.launch("build", "--arch", kozo.arch, root=root)
    expect_equal(ended.status, 1, "the exit status", ended.told)
    expect("nothing_here" in ended.err, "they are missing", ended.told)
