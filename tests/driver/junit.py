# SPDX-License-Identifier: MIT
"""Results as JUnit XML."""

import re
import xml.etree.ElementTree as xml

# What XML 1.0 has no way to write.
_UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def clean(text):
    return _UNWRITABLE.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def write(path, results):
    """Writes `results`, a dictionary from suite names to lists of Result."""
    top = xml.Element("testsuites", name="kozo")
    for name, checks in results.items():
        failed = [result for result in checks if result.verdict == "failed"]
        skipped = [result for result in checks if result.verdict == "skipped"]
        suite = xml.SubElement(
            top,
            "testsuite",
            name=clean(name),
            tests=str(len(checks)),
            failures=str(len(failed)),
            errors="0",
            skipped=str(len(skipped)),
            time=f"{sum(result.seconds for result in checks):.3f}",
        )
        for result in checks:
            case = xml.SubElement(
                suite,
                "testcase",
                classname=f"kozo.{clean(name)}",
                name=clean(result.sentence),
                time=f"{result.seconds:.3f}",
            )
            if result.verdict == "failed":
                first = result.detail.splitlines()[0] if result.detail else "failed"
                failure = xml.SubElement(case, "failure", message=clean(first))
                failure.text = clean(result.detail)
            elif result.verdict == "skipped":
                xml.SubElement(case, "skipped", message=clean(result.detail))
    path.parent.mkdir(parents=True, exist_ok=True)
    xml.indent(top)
    xml.ElementTree(top).write(path, encoding="utf-8", xml_declaration=True)
