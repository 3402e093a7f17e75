# SPDX-License-Identifier: MIT
"""What the prompt tells of services and of what is in use, for the suites that kill services."""

import re

SETTLED = 10.5  # seconds after which a failure is no quick one any more, see services/init/services.c


def table_of(text):
    """The list of services: name, then state, starts and the rest."""
    rows = [line.split(None, 3) for line in text.splitlines()[1:]]
    return {row[0]: row[1:] for row in rows if len(row) == 4}


def resources(session):
    """What of memory and slots is in use: the lines of `mem` that say so."""
    return [line for line in session.command("mem").splitlines() if re.match("in use|free|slots", line)]
