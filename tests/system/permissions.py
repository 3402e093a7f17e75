# SPDX-License-Identifier: MIT
"""Permissions in plain English: the list of names, and what a program can and can't do with them."""

import re
import shutil

from driver.kozo import run
from driver.suite import check, expect, expect_equal, skip

order = 45


def listed(kozo, *arguments):
    ended = kozo.launch("permissions", *arguments)
    expect_equal(ended.status, 0, "the exit status", ended.told)
    expect_equal(ended.err, "", "what is on stderr", ended.told)
    return ended.out.splitlines()


def names(kozo):
    return listed(kozo, "--names")


@check("./kozo permissions lists each name with its risk and a sentence, one a line")
def list_of_names(kozo):
    head, *lines = listed(kozo)
    expect_equal(head.split(), "NAME RISK WORKS ALLOWS A PROGRAM TO".split(), "the first line")
    expect(len(lines) >= 50, f"only {len(lines)} names")
    form = re.compile(r"([a-z]+\.[a-z.]+)\S* +(low|medium|high|total control) +(yes|not yet) +[a-z].*[a-z)]", re.I)
    for line in lines:
        expect(form.fullmatch(line) and len(line) <= 130, "a line is not of the form", line)
    expect_equal([form.fullmatch(line)[1] for line in lines], names(kozo), "the names")


@check("a permission is told about by its name, with its scope in the sentence")
def one_name(kozo):
    text = "\n".join(listed(kozo, "files.path.read:/etc/passwd"))
    expect("read /etc/passwd" in text and "fsd" in text and "READ" in text, "something is missing", text)
    expect("total control" in "\n".join(listed(kozo, "permissions.configure")), "the risk is missing")


@check("a name that is not there is one line, the name that was meant, and exit status 2")
def mistyped(kozo):
    for text, told in (
        ("files.hom.read", "did you mean files.home.read?"),
        ("files.path.read:etc", "a path from /"),
        ("camera.use:front", "takes no scope"),
        ("everything", "./kozo permissions lists all"),
    ):
        ended = kozo.launch("permissions", text)
        expect_equal((ended.status, ended.out), (2, ""), "exit status and output", ended.told)
        expect(ended.err.startswith("kozo: ") and told in ended.err, "the message", ended.told)
        expect_equal(len(ended.err.splitlines()), 1, "lines", ended.told)


@check("the page of the reference is what the list gives")
def page(kozo):
    page = (kozo.root / "docs" / "reference" / "permissions.md").read_text().splitlines()
    expect(listed(kozo, "--markdown") == page, "it is stale: ./kozo build --update-abi writes it anew")


@check("bash completes the names of permissions")
def completion(kozo):
    if not shutil.which("bash"):
        skip("there is no bash")
    script = "\n".join(listed(kozo, "--completion"))
    ask = '\n_kozo ./kozo files.ho --allow\nprintf "%s\\n" "${COMPREPLY[@]}"'
    ended = run(["bash", "-c", script + ask])
    expect_equal(ended.out.split(), ["files.home.read", "files.home.write"], "what is proposed", ended.told)
