# SPDX-License-Identifier: Apache-2.0
"""`kdumpcheck`: what is not a test. Checks and repairs are run with pytest."""

from __future__ import annotations

import argparse
import errno
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from kdumpcheck import __version__, completion
from kdumpcheck.analysis import command as analysis
from kdumpcheck.catalogue import command as catalogue
from kdumpcheck.dumps import command as vmcore
from kdumpcheck.facts import FACTS
from kdumpcheck.image import command as image
from kdumpcheck.lab import command as lab
from kdumpcheck.listing import command as listing
from kdumpcheck.plugins import PluginError, load
from kdumpcheck.plugins import command as plugins
from kdumpcheck.power import cli as power
from kdumpcheck.power import console_cli as console
from kdumpcheck.probe import compose
from kdumpcheck.reporters import command as report
from kdumpcheck.results import command as diff
from kdumpcheck.results import gate
from kdumpcheck.serve import command as serve

USAGE_ERROR = 4


class _Parser(argparse.ArgumentParser):
    """argparse, with the exit code that pytest and so the whole product has for a mistake of usage."""

    def error(self, message: str) -> None:  # type: ignore[override]  # argparse types it NoReturn; exit() does not return
        self.exit(USAGE_ERROR, f"{self.prog}: {message} (see {self.prog} --help)\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit code is 0 for good, 1 for not, 2 interrupted, 4 for a mistake of usage."""
    if sys.stdout is None:  # started with it closed (>&-): its exit code is what is wanted
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - as long as the process
    arguments = parser().parse_args(argv)
    try:
        load(getattr(arguments, "plugin_dir", ()))
        status = int(arguments.run(arguments))
        sys.stdout.flush()  # what does not fit any more is told here, and not by Python while it ends
    except PluginError as error:
        print(f"kdumpcheck: {error}", file=sys.stderr)
        return USAGE_ERROR
    except KeyboardInterrupt:
        print("kdumpcheck: interrupted", file=sys.stderr)
        return 2
    except BrokenPipeError:
        # The reader (head, less) has seen enough; nothing is wrong.
        sys.stderr.close()
        return 0
    except OSError as error:
        if error.errno not in {errno.ENOSPC, errno.EDQUOT, errno.EIO}:
            raise
        print(f"kdumpcheck: the output could not be written to its end ({error.strerror})", file=sys.stderr)
        # What is still held back would be tried once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return status


def parser() -> argparse.ArgumentParser:
    """All commands, as the command line, the manual and the completions have them."""
    whole: argparse.ArgumentParser = _Parser(
        prog="kdumpcheck",
        description="Will this node save a dump when it crashes? Checks run as: pytest tests/validation --nodes SET",
    )
    whole.add_argument("--version", action="version", version=f"kdumpcheck {__version__}")
    commands = whole.add_subparsers(title="commands", required=True, metavar="COMMAND")
    lab.add_parser(commands)
    power.add_parser(commands)
    console.add_parser(commands)
    catalogue.add_parser(commands)
    listing.add_parser(commands)
    vmcore.add_parser(commands)
    analysis.add_parser(commands)
    plugins.add_parser(commands)
    report.add_parser(commands)
    diff.add_parser(commands)
    gate.add_parser(commands)
    serve.add_parser(commands)
    image.add_parser(commands)
    completion.add_parser(commands, whole)
    probe = commands.add_parser(
        "probe",
        help="print the probe, for another tool to carry",
        description="Print the read-only sh script that looks at a node. Run it as root on any node with any tool, "
        "keep each answer as NODE.out in one directory, and judge them with: pytest tests/validation --replay DIR",
    )
    probe.add_argument(
        "--patience", type=int, default=60, metavar="S", help="seconds to wait for a unit still starting"
    )
    probe.add_argument(
        "--plugin-dir", type=Path, action="append", default=[], metavar="DIR", help="more plugins (kdumpcheck plugins)"
    )
    probe.set_defaults(run=_probe)
    return whole


def _probe(arguments: argparse.Namespace) -> int:
    sections = [section for fact in FACTS.values() for section in fact.sections]
    sys.stdout.write(compose(sections, patience=max(0, arguments.patience)).script)
    return 0


if __name__ == "__main__":
    sys.exit(main())
