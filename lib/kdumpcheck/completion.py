# SPDX-License-Identifier: Apache-2.0
"""`kdumpcheck completion`: what a shell needs to complete commands and options, made of the parsers themselves."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

import shtab

from kdumpcheck.power import WAYS
from kdumpcheck.reporters.formats import FORMATS

#: Each is tested with the shell itself.
SHELLS = ("bash", "fish", "zsh")
#: Options whose words plugins may add to, so that the parser takes any: those that are built in are offered.
_OF_PLUGINS: Mapping[str, tuple[str, ...]] = {"--via": tuple(WAYS), "--format": tuple(FORMATS)}
_OF_FILES = {"FILE": shtab.FILE, "PATH": shtab.FILE, "DIR": shtab.DIRECTORY}


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser], whole: argparse.ArgumentParser) -> None:
    """Add `completion` to the command `kdumpcheck`; `whole` is the parser of that command."""
    parser = subparsers.add_parser(
        "completion",
        help="print what lets your shell complete kdumpcheck's commands and options",
        description='Print completions for a shell. bash: eval "$(kdumpcheck completion bash)" in ~/.bashrc. zsh: '
        'eval "$(kdumpcheck completion zsh)" in ~/.zshrc, after compinit. fish: kdumpcheck completion fish | source, '
        "in ~/.config/fish/config.fish.",
    )
    parser.add_argument("shell", choices=SHELLS)
    parser.set_defaults(run=partial(run, whole))


def run(whole: argparse.ArgumentParser, arguments: argparse.Namespace) -> int:
    """Print the completions of one shell; the exit status."""
    _prepare(whole)
    print(shtab.complete(whole, arguments.shell))
    return 0


def _prepare(parser: argparse.ArgumentParser) -> None:
    """Say of each argument whether it is a file, and have the short words of a command beside it, not the long ones."""
    for action in parser._actions:  # noqa: SLF001 - argparse has no other way to walk a parser
        words = action.metavar if isinstance(action.metavar, str) else ""
        if kind := _OF_FILES.get(words, shtab.FILE if action.type is Path else None):
            action.complete = kind  # type: ignore[attr-defined]  # where shtab looks
        for option in action.option_strings:
            action.choices = action.choices or _OF_PLUGINS.get(option)
        for name, command, words in _commands(action):
            command.description = words or name
            _prepare(command)


def _commands(action: argparse.Action) -> Iterator[tuple[str, argparse.ArgumentParser, str]]:
    """Each command's name, parser and short description, where the argument is a command."""
    if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - as above
        words = {each.dest: each.help or "" for each in action._choices_actions}  # noqa: SLF001
        for name, command in action.choices.items():
            yield name, command, words.get(name, "")
