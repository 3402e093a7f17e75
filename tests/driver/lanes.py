# SPDX-License-Identifier: MIT
"""Suites side by side: each in a process of its own, as many at a time as there are lanes.

Most suites wait for one emulated processor, so that two of them take hardly longer than one. Suites share
nothing but the built files. A suite's process sends its results through a pipe as they come; one that ends
without saying that it is done is a failure.
"""

import multiprocessing
import signal
import sys
from multiprocessing.connection import wait

from driver.suite import Result

FORK = multiprocessing.get_context("fork")
DONE = None  # what a suite's process sends last
PATIENCE = 15  # seconds, in which a suite that is ended clears away


def perform_in_process(perform, suite, pipe):
    # An end from outside is an exception like Ctrl-C, so that sessions and folders are cleared away.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        for message in perform(suite):
            pipe.send(message)
        pipe.send(DONE)
    except KeyboardInterrupt:
        sys.exit(130)


class Lane:
    """A suite that is being performed."""

    def __init__(self, suite, perform):
        self.suite = suite
        self.results = []
        self.pipe, other = FORK.Pipe(duplex=False)
        self.process = FORK.Process(target=perform_in_process, args=(perform, suite, other))
        self.process.start()
        other.close()

    def receive(self, report):
        """Takes one message. Gives whether more will come."""
        try:
            message = self.pipe.recv()
        except EOFError:
            told = Result("the suite comes to its end", "failed", "its process ended before")
            self._take(told, report)
            message = DONE
        if isinstance(message, Result):
            self._take(message, report)
        elif message is not DONE:
            report.working(self.suite.name, message)
        return message is not DONE

    def _take(self, result, report):
        self.results.append(result)
        report.result(self.suite.name, result)

    def end(self):
        """Ends the suite from outside. One that still waits for a thing to come to its end is not waited
        for."""
        self.process.terminate()
        self.process.join(PATIENCE)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()


def run(suites, perform, count, report):
    """Performs the suites in their order, up to `count` at a time. `perform(suite)` yields sentences, of
    what is being checked, and Results. Gives the results, by the names of the suites in their order."""
    waiting, lanes, results = list(suites), [], {}
    try:
        while waiting or lanes:
            while waiting and len(lanes) < count:
                lanes.append(Lane(waiting.pop(0), perform))
            ready = wait([lane.pipe for lane in lanes])
            for lane in [lane for lane in lanes if lane.pipe in ready]:
                if not lane.receive(report):
                    lane.process.join()
                    lanes.remove(lane)
                    results[lane.suite.name] = lane.results
                    report.suite(lane.suite.name, lane.results)
    finally:
        for lane in lanes:
            lane.end()
    return {suite.name: results[suite.name] for suite in suites}
