# SPDX-License-Identifier: Apache-2.0
"""Asks once, on a terminal, before anything on a node is changed."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest


def confirmed(config: pytest.Config, plan: Sequence[str], nodes: str) -> bool:
    """Show the plan and ask; True without a question where there is no terminal to ask on."""
    with _own_streams(config):
        if not (sys.stdin.isatty() and sys.stdout.isatty()):
            return True
        print("\n", *plan, sep="\n")
        try:
            answer = input(f"Do this on {nodes}? [y/N] ")
        except EOFError:
            answer = ""
        return answer.strip().lower() in {"y", "yes"}


@contextmanager
def _own_streams(config: pytest.Config) -> Iterator[None]:
    """Give back standard input and output, which pytest keeps for the tests."""
    capture: Any = config.pluginmanager.get_plugin("capturemanager")
    capturing = capture is not None and capture.is_globally_capturing()
    if capturing:
        capture.suspend_global_capture(in_=True)
    try:
        yield
    finally:
        if capturing:
            # As it was between two tests: output goes to the terminal, input is closed.
            capture.resume_global_capture()
            capture.suspend_global_capture()
