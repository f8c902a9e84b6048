# SPDX-License-Identifier: Apache-2.0
"""`kdumpcheck`: what is not a test. Checks and repairs are run with pytest."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from kdumpcheck import __version__
from kdumpcheck.catalogue import command as catalogue
from kdumpcheck.facts import FACTS
from kdumpcheck.lab import command as lab
from kdumpcheck.power import cli as power
from kdumpcheck.probe import compose

USAGE_ERROR = 4


class _Parser(argparse.ArgumentParser):
    """argparse, with the exit code that pytest and so the whole product has for a mistake of usage."""

    def error(self, message: str) -> None:  # type: ignore[override]  # argparse types it NoReturn; exit() does not return
        self.exit(USAGE_ERROR, f"{self.prog}: {message} (see {self.prog} --help)\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit code is 0 for good, 1 for not, 2 interrupted, 4 for a mistake of usage."""
    arguments = _parser().parse_args(argv)
    try:
        return int(arguments.run(arguments))
    except KeyboardInterrupt:
        print("kdumpcheck: interrupted", file=sys.stderr)
        return 2
    except BrokenPipeError:
        # The reader (head, less) has seen enough; nothing is wrong.
        sys.stderr.close()
        return 0


def _parser() -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = _Parser(
        prog="kdumpcheck",
        description="Will this node save a dump when it crashes? Checks run as: pytest tests/validation --nodes SET",
    )
    parser.add_argument("--version", action="version", version=f"kdumpcheck {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    lab.add_parser(commands)
    power.add_parser(commands)
    catalogue.add_parser(commands)
    probe = commands.add_parser(
        "probe",
        help="print the probe, for another tool to carry",
        description="Print the read-only sh script that looks at a node. Run it as root on any node with any tool, "
        "keep each answer as NODE.out in one directory, and judge them with: pytest tests/validation --replay DIR",
    )
    probe.add_argument(
        "--patience", type=int, default=60, metavar="S", help="seconds to wait for a unit still starting"
    )
    probe.set_defaults(run=_probe)
    return parser


def _probe(arguments: argparse.Namespace) -> int:
    sections = [section for fact in FACTS.values() for section in fact.sections]
    sys.stdout.write(compose(sections, patience=max(0, arguments.patience)).script)
    return 0


if __name__ == "__main__":
    sys.exit(main())
