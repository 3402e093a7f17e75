# SPDX-License-Identifier: MIT
"""The test driver of `./kozo test`. tests/README.md tells how suites are written."""
