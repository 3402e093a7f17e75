# SPDX-License-Identifier: MIT
"""Deliberate mistakes in the kernel, each of which some check must catch."""
