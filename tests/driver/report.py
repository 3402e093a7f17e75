# SPDX-License-Identifier: MIT
"""What a person sees of a test run: a line for each suite, every failure with its output, and on a
terminal one line in between that says what is being checked."""

import shutil
import sys

LONGEST_DETAIL = 60  # lines


class Report:
    def __init__(self, verbose):
        self.verbose = verbose
        self.terminal = sys.stdout.isatty()
        self.passed = self.failed = self.skipped = 0

    def working(self, suite, sentence):
        if self.terminal:
            width = shutil.get_terminal_size().columns - 1
            self._rewrite(f"{suite}: {sentence}"[:width])

    def _rewrite(self, text):
        sys.stdout.write(f"\r\033[K{text}")
        sys.stdout.flush()

    def _line(self, text):
        if self.terminal:
            self._rewrite("")
        print(text, flush=True)

    def result(self, suite, result):
        if result.verdict == "passed":
            self.passed += 1
            if result.figure:
                self._line(f"  {suite}: {result.figure}")
            if self.verbose:
                self._line(f"  {suite}: {result.sentence} ({result.seconds:.1f} s)")
        elif result.verdict == "skipped":
            self.skipped += 1
            if self.verbose:
                self._line(f"  {suite}: skipped: {result.sentence}: {result.detail}")
        else:
            self.failed += 1
            self._line(f"FAILED {suite}: {result.sentence}")
            lines = result.detail.splitlines()
            if len(lines) > LONGEST_DETAIL:
                half = LONGEST_DETAIL // 2
                left_out = f"… {len(lines) - LONGEST_DETAIL} lines …"
                lines = lines[:half] + [left_out] + lines[-half:]
            for line in lines:
                self._line(f"    {printable(line)}")

    def suite(self, name, results):
        counts = {verdict: 0 for verdict in ("passed", "failed", "skipped")}
        for result in results:
            counts[result.verdict] += 1
        told = [f"{counts['passed']:4} passed"]
        told += [f"{counts[verdict]} {verdict}" for verdict in ("failed", "skipped") if counts[verdict]]
        seconds = sum(result.seconds for result in results)
        self._line(f"{name:10} {', '.join(told)} ({seconds:.1f} s)")

    def close(self):
        self._line(f"{self.passed} passed, {self.failed} failed")
        return 1 if self.failed or not self.passed else 0


def printable(text):
    """Output of a guest or a program, with nothing in it that a terminal would act on."""
    return "".join(c if c.isprintable() or c == "\t" else f"\\x{ord(c):02x}" for c in text)
