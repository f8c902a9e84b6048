# SPDX-License-Identifier: Apache-2.0
"""The manual pages say what the parsers say, and can be read."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from selftest import manual

PAGES = {path.name: path for path in manual.PAGES.glob("*.1")}


def test_the_pages_are_those_of_the_parsers() -> None:
    assert set(PAGES) == set(manual.pages())
    for name, text in manual.pages().items():
        assert PAGES[name].read_text(encoding="utf-8") == text, "renew them: python -m selftest.manual"


@pytest.mark.parametrize("name", sorted(PAGES))
def test_a_page_is_rendered_without_a_warning(name: str) -> None:
    # A line of help that begins with a dot would be a request of troff's.
    argv = ["groff", "-man", "-Tutf8", "-ww", "-P-cbou", str(PAGES[name])]  # plain words, no bold ones
    done = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=600)
    assert done.stderr == ""
    assert {"NAME", "SYNOPSIS", "OPTIONS", "SEE ALSO"} <= set(done.stdout.splitlines())


def test_the_page_of_the_suite_has_every_option_that_pytest_knows_of_us() -> None:
    argv = [sys.executable, "-m", "pytest", "--help"]
    said = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=600).stdout
    ours = said[said.index("\nkdumpcheck: ") :].splitlines()[2:]
    ours = ours[: next(number for number, line in enumerate(ours) if line and not line.startswith(" "))]
    known = {word for line in ours for word in re.findall(r"^  (--[a-z-]+)", line)}
    text = PAGES["kdumpcheck-suite.1"].read_text(encoding="utf-8").replace("\\-", "-")
    assert "--nodes" in known
    assert set(re.findall(r"^\\fB(--[a-z-]+)", text, flags=re.MULTILINE)) == known
