# SPDX-License-Identifier: MIT
"""Permissions in plain English: the list of names, and what a program can and can't do with them."""

import json
import re
import shutil
import time

from driver.kozo import run
from driver.suite import Failure, check, expect, expect_equal, skip

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


# --- The policy service, in the booted system


def shared(kozo):
    return kozo.shared("permissions")


def question(session):
    """Starts a program that asks, and gives the digits of its question."""
    session.command("run bin/asker audit.read &")
    return wait_for_question(session)[1]


def wait_for_question(session, seconds=10):
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        if found := re.search(r"(?s)KOZO asks .*?  (\d\d)o only now", text := session.command("kozo-cap questions")):
            return found
    raise Failure("no question came", text)


class Listener:
    """Hears what a program in the background says, which may be shown at any time."""

    def __init__(self, session, words):
        self.session, self.words = session, words
        self.before = session.seen.count(words)

    def wait(self, seconds=15):
        limit = time.monotonic() + seconds
        while self.session.seen.count(self.words) == self.before:
            expect(time.monotonic() < limit, f"no {self.words!r}", self.session.told)
            self.session.command("echo")


@check("a program is given what the person's tool granted, and it ends when it is revoked")
def granted_and_revoked(kozo):
    session = shared(kozo)
    expect("undecided" in session.command("run bin/asker look:audit.read"), "it was decided already")
    rule = re.search(r"rule (\d+)", session.command("kozo-cap grant asker audit.read always"))[1]
    expect("audit.read: allowed" in session.command("run bin/asker audit.read"), "it was not given")
    listed = session.command("kozo-cap list")
    expect(re.search(rf"(?m)^ *{rule} allow +asker audit.read always, by you$", listed), "the list", listed)
    why = session.command("kozo-cap why asker audit.read")
    expect(f"asker may read the record of what programs did: rule {rule} allows" in why, "the reason", why)
    session.command(f"kozo-cap revoke {rule}")
    expect("undecided" in session.command("run bin/asker look:audit.read"), "it holds after its end")
    expect(not session.command("kozo-cap list").strip(), "the list is not empty")


@check("what is granted once is used once, and a refusal holds until it is taken back")
def once(kozo):
    session = shared(kozo)
    session.command("kozo-cap grant asker permissions.view once")
    given = session.command("run bin/asker permissions.view look:permissions.view")
    expect("view: allowed" in given and "view: undecided" in given, "what was given", given)
    rule = re.search(r"rule (\d+)", session.command("kozo-cap refuse asker permissions.view"))[1]
    expect("view: refused" in session.command("run bin/asker permissions.view"), "it was given")
    session.command(f"kozo-cap revoke {rule}")


@check("a name without its service is refused, whatever was granted")
def no_service(kozo):
    session = shared(kozo)
    rule = re.search(r"rule (\d+)", session.command("kozo-cap grant asker camera.use always"))[1]
    expect("camera.use: refused" in session.command("run bin/asker camera.use"), "it was given")
    why = session.command("kozo-cap why asker camera.use")
    expect("KOZO has no mediad yet" in why, "the reason", why)
    session.command(f"kozo-cap revoke {rule}")


@check("a program is known by its session: it can neither give itself anything nor read what others may")
def no_tool(kozo):
    told_of = shared(kozo).command("run bin/asker steal")
    expect("everything that is not for it was refused" in told_of, "it was given something", told_of)
    expect("what is malformed was refused" in told_of, "it was taken", told_of)


@check("a question waits for the person: it says who wants what, and the answer is what the program gets")
def answered(kozo):
    session = shared(kozo)
    session.command("run bin/asker audit.read &")
    found = wait_for_question(session)
    expect("asker wants to read the record of what programs did" in found[0], "the question", found[0])
    expect("no such" in session.command(f"kozo-cap answer {found[1]}z"), "an unclear answer was taken")
    heard = Listener(session, "asker: audit.read: allowed")
    expect("allowed" in session.command(f"kozo-cap answer {found[1]}o"), "the answer was not taken")
    heard.wait()
    expect("undecided" in session.command("run bin/asker look:audit.read"), "it was given for more than once")


@check("a no is a no, and is not asked about again for a while")
def answered_no(kozo):
    session = shared(kozo)
    digits = question(session)
    heard = Listener(session, "asker: audit.read: refused")
    expect("refused" in session.command(f"kozo-cap answer {digits}n"), "the answer was not taken")
    heard.wait()
    expect("audit.read: refused" in session.command("run bin/asker audit.read"), "it was asked again")


@check("a program that asks again and again is refused, and no question of it is left")
def flooding(kozo):
    session = kozo.shared("flood")
    expect("asker: 6 questions, then refused" in session.command("run bin/asker flood"), "it was heard")
    expect("KOZO asks" not in session.command("kozo-cap questions"), "a question is left")


@check("decisions and the record survive the end of the policy service at any time")
def killed(kozo):
    session = kozo.shared("killed")
    session.command("kozo-cap grant asker audit.read always")
    session.command("kozo-cap refuse asker permissions.view")
    for _ in range(3):
        session.command("kill policy")
        limit = time.monotonic() + 20
        while not re.search(r"(?m)^policy +up", session.command("services")):
            expect(time.monotonic() < limit, "the policy service did not come back")
        given = session.command("run bin/asker audit.read permissions.view")
        expect("read: allowed" in given and "view: refused" in given, "what is left", given)
    verified = session.command("kozo-audit --verify")
    expect("the record is whole" in verified, "the record", verified)
    expect(session.command("kozo-audit --json").count('"event":"start"') == 4, "the starts are not told")


@check("a question that was open when the policy service ended is lost for the program, and gives it nothing")
def killed_while_asking(kozo):
    session = kozo.shared("asking")
    question(session)
    heard = Listener(session, "asker: audit.read: lost")
    session.command("kill policy")
    heard.wait()
    expect("undecided" in session.command("run bin/asker look:audit.read"), "something was decided")


@check("the record names each ask, grant, refusal, use and revocation, as JSON whose chain is whole")
def record(kozo):
    session = shared(kozo)
    lines = [json.loads(line) for line in session.command("kozo-audit --json").splitlines() if line.strip()]
    expect_equal([line["n"] for line in lines], list(range(1, len(lines) + 1)), "the numbers")
    events = {line["event"] for line in lines}
    expect({"start", "ask", "grant", "refuse", "use", "revoke"} <= events, f"only {events}")
    used = [line for line in lines if line["event"] == "use"]
    expect(all(line["program"] == "asker" and line["permission"] for line in used), "a use without a name")
    expect(f"{len(lines)} lines, the record is whole" in session.command("kozo-audit --verify"), "the chain")
    expect(re.search(r"(?m)^ +\d+ refuse +asker audit.read \(person\)$", session.command("kozo-audit")), "in words")


@check("wrong use of the tools is told")
def wrong_use(kozo):
    session = shared(kozo)
    for line in ("kozo-cap", "kozo-cap grant asker", "kozo-cap grant asker audit.read forever", "kozo-audit --all"):
        expect("usage:" in session.command(line), f"{line} is taken")
    expect("no such rule" in session.command("kozo-cap revoke 999"), "a rule that is not there")
    expect("no such" in session.command("kozo-cap grant asker audit.raed"), "a name that is not there")
    expect("no such" in session.command("kozo-cap grant ../asker audit.read"), "a program that is none")
