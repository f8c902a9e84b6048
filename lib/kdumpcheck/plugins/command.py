# SPDX-License-Identifier: Apache-2.0
"""`kdumpcheck plugins`: which plugins there are, where they come from, and which a node gets."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

from kdumpcheck.dumps.text import shown_line
from kdumpcheck.evidence import Evidence, Unknown
from kdumpcheck.facts import Packages
from kdumpcheck.fleet import Fleet
from kdumpcheck.fleet import arguments as arguments_of_nodes
from kdumpcheck.fleet.arguments import UsageError
from kdumpcheck.nodes import InventoryError
from kdumpcheck.plugins.load import loaded
from kdumpcheck.plugins.plugin import Plugin
from kdumpcheck.probe import compose
from kdumpcheck.providers import PROVIDERS, Broken, Provider, asked, select
from kdumpcheck.suite.targets import kept_evidence

_USAGE_ERROR = 4


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `plugins` to the command `kdumpcheck`."""
    parser = subparsers.add_parser(
        "plugins",
        help="list the plugins: where each is from, and which a node gets",
        description="List every plugin with its layer (built in, an entry point of an installed package, a file of "
        "--plugin-dir) and what replaced it. With nodes: which provider each node gets, and why not the others. The "
        "exit code is 0, 1 when a node has not exactly one provider, 4 when a plugin cannot be used.",
    )
    parser.add_argument("--nodes", metavar="SET", help="nodes to choose for")
    parser.add_argument("--replay", type=Path, metavar="DIR", help="choose by evidence that --bundle kept")
    parser.add_argument("--json", action="store_true", help="print a document for a program")
    arguments_of_nodes.add(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Do what `kdumpcheck plugins ...` was asked; the exit status."""
    try:
        seen = dict(_looked_at(arguments))
    except (UsageError, InventoryError, pytest.UsageError) as error:
        print(f"kdumpcheck plugins: {shown_line(' '.join(str(error).split()))}", file=sys.stderr)
        return _USAGE_ERROR
    plugins, answers = loaded(), {node: choices(evidence) for node, evidence in seen.items()}
    if arguments.json:
        print(json.dumps({"kdumpcheck-plugins": 1, "plugins": list(map(asdict, plugins)), "nodes": answers}, indent=2))
    else:
        print("\n".join(map(shown_line, (*_table(plugins), *_chosen(answers)))))
    return int(any(isinstance(select(evidence), Unknown) for evidence in seen.values()))


SELECTED = "selected"


def choices(evidence: Evidence) -> dict[str, str]:
    """What each provider says of a node: `selected`, or why not."""
    packages = Packages.parse(evidence)
    if isinstance(packages, Unknown):
        return dict.fromkeys(PROVIDERS, f"it could not be told: {packages.reason}")
    return {name: _answer(provider, packages) for name, provider in PROVIDERS.items()}


def _answer(provider: Provider, packages: Packages) -> str:
    try:
        answer = asked(provider, packages)
    except Broken as error:
        return str(error)
    # Most begin with their own name, for a report has them in one line.
    return SELECTED if answer is True else answer.removeprefix(f"{provider.name}: ")


def _looked_at(arguments: argparse.Namespace) -> Iterator[tuple[str, Evidence]]:
    if arguments.nodes is None and arguments.replay is None:
        return
    inventory = arguments_of_nodes.inventory(arguments)
    if arguments.replay is not None:
        yield from kept_evidence(arguments.nodes, inventory, arguments.replay.expanduser()).items()
        return
    with Fleet(arguments_of_nodes.settings(arguments, inventory), arguments.deadline) as fleet:
        looks = fleet.gather(inventory.select(arguments.nodes), compose(Packages.sections, patience=0), keep=False)
        for name, look in looks.items():
            yield name, look.evidence


def _table(plugins: Iterable[Plugin]) -> Iterator[str]:
    rows = [(each.kind, each.name, each.layer, _state(each)) for each in plugins]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    for row in rows:
        yield "  ".join(word.ljust(width) for word, width in zip(row, (*widths, 0), strict=True)).rstrip()


def _state(plugin: Plugin) -> str:
    return f"{plugin.module} (replaced by {plugin.replaced_by})" if plugin.replaced_by else plugin.module


def _chosen(answers: dict[str, dict[str, str]]) -> Iterator[str]:
    for node, answer in answers.items():
        yield ""
        yield f"{node}:"
        yield from (f"  {name}: {said}" for name, said in answer.items())
