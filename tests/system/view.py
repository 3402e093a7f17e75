# SPDX-License-Identifier: MIT
"""What a program in a sandbox sees of its own permissions: kozo-cap and kozo-audit there."""

import json
import re

from driver.kozo import run
from driver.suite import check, expect, expect_equal
from system._live import asking, begun, cap, own_tree, record_of, runner, surroundings

order = 47

VIEW = ("--allow", "permissions.view")
DEVICE = "/dev/kozo-permissions"


def told(kozo, name, script, *options, program=None):
    """How a run of this script ended, with a state of its own."""
    return run(runner(kozo, *options, script=script, program=program), env=surroundings(kozo, f"view-{name}"))


@check("a program that may look at its permissions lists them, and is told why it may do something")
def listed(kozo):
    folder = own_tree(kozo, "view")
    notes = f"files.path.read:{folder}/notes"
    script = (f"kozo-cap list; kozo-cap why {notes}; kozo-cap why files.path.write:{folder}/notes; "
              "kozo-cap why permissions.view; kozo-cap why camera.use; kozo-cap why nonsense; echo $?")
    ended = told(kozo, "list", script, *VIEW, "--allow", notes)
    lines = ended.out.splitlines()
    expect(re.fullmatch(r" +1 permissions\.view until it closes", lines[0]), "the first line", ended.told)
    expect(re.fullmatch(rf" +2 {notes} until it closes", lines[1]), "the second line", ended.told)
    for line, pattern in zip(lines[2:], (
        r"may read \S+notes: number 2, .* given by the command that started it on 20\d\d-.*",
        r"may not read, change and remove.*notes: nothing allows it, .*",
        r"may see what it may do itself, and the record of that: number 1, .*",
        r"may not see through the camera: KOZO has no mediad yet.*",
    )):
        expect(re.fullmatch(rf"busybox\+[0-9a-f]{{8}} {pattern}", line), pattern, ended.told)
    expect_equal(lines[6:], ["1"], "the end", ended.told)
    expect(re.search(r"(?m)^kozo-cap: .*nonsense", ended.err), "what is no permission", ended.told)


@check("they are static programs of KOZO's own, which can be run by name, and tell of wrong use")
def programs(kozo):
    ended = told(kozo, "name", "", *VIEW, program=("kozo-cap", "list"))
    expect(re.fullmatch(r" +1 permissions\.view until it closes\n", ended.out), "the list", ended.told)
    script = "head -c 4 /usr/bin/kozo-cap | tail -c 3; kozo-audit --nonsense; echo $?; kozo-cap lost; echo $?"
    ended = told(kozo, "wrong", script)
    expect_equal(ended.out, "ELF2\n2\n", "the program, and wrong use", ended.told)
    for tool in ("kozo-audit", "kozo-cap"):
        expect(f"{tool}: usage: {tool} " in ended.err, "wrong use", ended.told)


@check("without the permission they say so, and that is reported and recorded, once, however often they try")
def refused(kozo):
    tools = "kozo-cap list; kozo-audit; kozo-audit --verify; echo $?"
    ended = told(kozo, "none", tools)
    expect_equal(ended.out, "1\n", "what was told", ended.told)
    words = "this needs permissions.view, which this program was not given"
    for tool, times in (("kozo-cap", 1), ("kozo-audit", 2)):
        expect_equal(ended.err.count(f"{tool}: {words}\n"), times, tool, ended.told)
    blocked = "kozo: blocked: permissions.view, 3 times; to allow it: --allow permissions.view\n"
    expect(blocked in ended.err, "the report", ended.told)
    lines = (kozo.folder / "view-none" / "kozo" / "record").read_text().splitlines()
    found = [line for line in map(json.loads, lines) if line["event"] == "refuse"]
    expect_equal([line["permission"] for line in found], ["permissions.view"], "the record")
    ended = told(kozo, "denied", "kozo-cap list", *VIEW, "--deny", "permissions.view")
    expect(f"kozo-cap: {words}" in ended.err, "denied", ended.told)


@check("a program in a sandbox can give itself nothing and take nothing back, whatever it may see")
def no_change(kozo):
    script = "kozo-cap grant files.all.read always; kozo-cap revoke 1; echo $?; cat /srv/x; kozo-cap list"
    ended = told(kozo, "change", script, *VIEW)
    words = "this needs permissions.configure, which KOZO gives to no program yet"
    expect_equal(ended.err.count(f"kozo-cap: {words}\n"), 2, "the words", ended.told)
    expect(re.fullmatch(r"1\n +1 permissions.view until it closes\n", ended.out), "the list", ended.told)
    expect("kozo: blocked: permissions.configure, 2 times\n" in ended.err, "the report", ended.told)
    ended = told(kozo, "all", "true", "--allow", "permissions.configure")
    words = "permissions.configure can't be given: KOZO has no policyd yet"
    expect(words in ended.err, "giving it", ended.told)


@check("the record of its run is shown to a program, in words and as it is kept, and nothing of other runs")
def audited(kozo):
    first = told(kozo, "audit", "cat /etc/passwd", "--allow", "files.path.read:/etc/passwd")
    expect_equal(first.status, 0, "the first run", first.told)
    script = "kozo-audit; kozo-audit --json; kozo-audit --verify"
    ended = told(kozo, "audit", script, *VIEW)
    lines = ended.out.splitlines()
    words = r" +2 grant   busybox\S+ permissions\.view \(command\)"
    expect(re.fullmatch(words, lines[0]), "words", ended.told)
    expect_equal(json.loads(lines[1])["permission"], "permissions.view", "as it is kept", ended.told)
    expect_equal(lines[2:], ["2 lines, the record is whole"], "verify", ended.told)
    record = kozo.folder / "view-audit" / "kozo" / "record"
    record.write_text(record.read_text().replace("/etc/passwd", "/etc/shadow", 1))
    ended = told(kozo, "audit", "kozo-audit --verify; echo $?", *VIEW)
    expect(ended.out == "1\n" and "kozo-audit: line 1 was changed" in ended.err, "a change", ended.told)


@check("kozo-audit --follow goes on with what is recorded while it runs")
def followed(kozo):
    folder = own_tree(kozo, "follow")
    script = (f"kozo-audit --follow >/tmp/seen & cat {folder}/notes; "
              "until grep notes /tmp/seen; do sleep 1; done; kill $!; cat /tmp/seen")
    ended, _ = asking(kozo, "follow", ("once",), script, *VIEW)
    found = re.findall(r"(?m)^ +\d+ (\w+) +busybox\S+ files\.path\.read:\S+notes", ended.out)
    expect({"ask", "grant"} <= set(found), "what was followed", ended.told)


@check("that a program wants to look at its permissions is asked like anything else")
def asked_for(kozo):
    script = "kozo-cap list; kozo-cap list"
    ended, broker = asking(kozo, "ask", ("once", "no"), script)
    expect_equal(broker.heard, [("permissions.view", None)] * 2, "the questions", ended.told)
    expect(re.fullmatch(r" +1 permissions\.view once\n", ended.out), "once", ended.told)
    expect_equal(ended.err.count("kozo-cap: this needs permissions.view"), 1, "then no", ended.told)
    found = [(line["event"], line["permission"]) for line in record_of(kozo, "ask")]
    events = ("ask", "grant", "ask", "refuse")
    expect_equal(found, [(event, "permissions.view") for event in events], "the record")


@check("the permission is given to a running program, and taken back from it, from another terminal")
def given_and_taken(kozo):
    process = begun(kozo, "given", "echo ready; while read x; do kozo-cap list 2>&1; done")

    def look():
        process.stdin.write("\n")
        process.stdin.flush()
        return process.stdout.readline()

    expect("this needs permissions.view" in look(), "before", "it was told")
    expect_equal(cap(kozo, "--give", process.pid, "permissions.view", "m5").status, 0, "giving it")
    expect(re.fullmatch(r" +1 permissions\.view for \d+ more seconds\n", line := look()), "then", line)
    expect_equal(cap(kozo, "--take-back", f"{process.pid}/1").status, 0, "taking it back")
    expect("this needs permissions.view" in look(), "afterwards", "it was told")
    process.communicate("", timeout=60)


HOSTILE = r"""
import os
def ask(data):
    handle = os.open("DEVICE", os.O_RDWR)
    try:
        os.write(handle, data)
        return os.read(handle, 70000)
    except OSError as error:
        return error.strerror.encode()
    finally:
        os.close(handle)
for data in (b"", b"\n", b"a" * 512, b"list\nlist", b"list\0", b"\x1b[2J"):
    print(ask(data))
for data in (b"nonsense", b"why ", b"why files.path.read:../x", b"record x",
             b"record 99999999999999999999", b"a" * 511):
    print(ask(data))
print(ask(b"why files.path.read:/proc/self/exe"))
handles = []
try:
    while True:
        handles.append(os.open("DEVICE", os.O_RDWR))
except OSError as error:
    print(len(handles), error.strerror)
for handle in handles:
    os.write(handle, b"list")
    try:
        os.write(handle, b"list")
    except OSError as error:
        busy = error.strerror
print(len({os.read(handle, 4) for handle in handles}))
for handle in handles:
    os.close(handle)
answers = [ask(b"list")[:6] for _ in range(100)]
print(answers.count(b"later\n") > 50, set(answers) <= {b"later\n", b"yes\n  "})
"""


@check("what a program asks that is malformed, too much or too fast is refused, and it follows no link")
def hostile(kozo):
    shell = "/usr/bin/python3"
    ended = told(kozo, "hostile", "", *VIEW, program=(shell, "-c", HOSTILE.replace("DEVICE", DEVICE)))
    lines = ended.out.splitlines()
    expect_equal(lines[:6], [repr(b"Invalid argument")] * 6, "what is malformed", ended.told)
    wanted = ("no\\nthat can't be asked", "no\\n", "no\\n", "yes\\n1\\n{", "yes\\n1844", "no\\n")
    for line, words in zip(lines[6:12], wanted):
        expect(words in line, words, ended.told)
    # A link of this host is not followed for it.
    expect("may not read /proc/self/exe: nothing allows it" in lines[12], "a link", ended.told)
    expect_equal(lines[13], "16 Too many open files in system", "how many it may open", ended.told)
    expect_equal(lines[15], "True True", "how fast it may ask", ended.told)
    expect_equal(ended.status, 0, "the end", ended.told)
