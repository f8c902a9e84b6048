# SPDX-License-Identifier: Apache-2.0
"""Writes the manual pages of the wheel, docs/man/*.1, from the parsers: python -m selftest.manual."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast
from unittest.mock import patch

import pytest
from argparse_manpage.manpage import Manpage

from kdumpcheck import cli
from kdumpcheck.suite import options

PAGES = Path(__file__).parents[1] / "docs" / "man"
_TITLE = "kdumpcheck"
_SUITE = """
Look at nodes once, over one SSH connection each, and judge what was seen: will they save a dump when they crash?
tests/validation changes nothing. tests/recovery plans repairs, and does them with --apply alone.

-k, -m, -x, -q and all other options are pytest's own. --hosts, --connection, --ssh-config, --ssh-identity-file,
--sudo and --ansible-inventory are those of testinfra, with its meaning. `pytest --help` lists them all.
"""
_EXIT = {
    "kdumpcheck": (
        ("0", "good"),
        ("1", "not good: what that is, each command says"),
        ("2", "interrupted"),
        ("4", "a mistake of usage, or a plugin that cannot be used"),
    ),
    "kdumpcheck-suite": (
        ("0", "every node is good; warnings do not count without --strict-warnings"),
        ("1", "a node failed or could not be looked at, or the reports could not be written"),
        ("2", "interrupted"),
        ("4", "a mistake of usage, a plugin that cannot be used, or nothing was judged"),
    ),
}


def pages() -> Mapping[str, str]:
    """Each page's text, by the name of its file."""
    with patch.dict(os.environ, {"COLUMNS": "9999"}):  # man breaks the lines, not argparse
        command, suite = cli.parser(), _suite()
        return {
            "kdumpcheck.1": _page(
                command, "will this node save a dump when it crashes?", "kdumpcheck-suite(1), crash(8)"
            ),
            "kdumpcheck-suite.1": _page(suite, "the checks and repairs of kdumpcheck", "kdumpcheck(1), pytest(1)"),
        }


class _Group:
    """Takes options as pytest's group does."""

    def __init__(self, group: argparse._ArgumentGroup) -> None:
        self._group = group

    def addoption(self, *names: str, **what: Any) -> None:  # noqa: ANN401 - as argparse has it
        self._group.add_argument(*names, **what)


class _Options:
    """Takes groups as pytest's parser does: what is told to pytest is what the page says."""

    def __init__(self, parser: argparse.ArgumentParser) -> None:
        self._parser = parser

    def getgroup(self, _name: str, _description: str = "") -> _Group:
        return _Group(self._parser.add_argument_group("options"))


def _suite() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="kdumpcheck-suite",
        usage="pytest tests/validation | tests/recovery [OPTION ...]",
        description=_SUITE.strip(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        add_help=False,
    )
    options.add(cast("pytest.Parser", _Options(parser)))
    return parser


def _page(parser: argparse.ArgumentParser, short: str, also: str) -> str:
    page = Manpage(parser, format="single-commands-section")
    page.description, page.manual, page.source = short, _TITLE, _TITLE
    page.date = ""  # the page says what the parsers say, whenever it is made
    status = "\n".join(f".TP\n.B {number}\n{meaning}" for number, meaning in _EXIT[parser.prog])
    page.add_section("exit status", ">", status.replace("--", r"\-\-"))
    page.add_section("see also", ">", also)
    return str(page)


if __name__ == "__main__":
    PAGES.mkdir(exist_ok=True)
    for name, text in pages().items():
        (PAGES / name).write_text(text, encoding="utf-8")
