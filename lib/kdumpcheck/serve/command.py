# SPDX-License-Identifier: Apache-2.0
"""`kdumpcheck serve`: run the validation again and again, and tell the last of it over HTTP."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
import time
from pathlib import Path
from typing import NoReturn

from kdumpcheck.reporters.reporter import Gate
from kdumpcheck.serve.server import Server
from kdumpcheck.serve.turn import RefusedError, Turn

_FAILED, _USAGE_ERROR = 1, 4
_LONGEST = 86400.0
_LAST_PORT = 65535
_SUITE = Path("tests/validation")


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `serve` to the command `kdumpcheck`."""
    parser = subparsers.add_parser(
        "serve",
        help="run the validation again and again, and tell the last of it over HTTP",
        description="Answer /healthz (200, or 503 with the reason), /metrics, /results.json and the page / with what "
        "the last run found. Nothing can be started or changed over HTTP; a run begins when its time has come, never "
        "two at once. Ends with Ctrl-C or SIGTERM.",
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--nodes", metavar="SET", help="nodes to look at, as pytest --nodes")
    what.add_argument("--replay", metavar="DIR", help="judge kept evidence; no node is touched")
    parser.add_argument("--inventory", metavar="FILE", help="where nodes are described, as pytest --inventory")
    parser.add_argument(
        "--plugin-dir", type=Path, action="append", default=[], metavar="DIR", help="more plugins (kdumpcheck plugins)"
    )
    parser.add_argument("--ssh-config", metavar="FILE", help="as pytest --ssh-config")
    parser.add_argument("--every", type=float, default=900.0, metavar="S", help="seconds between runs (default: 900)")
    parser.add_argument("--listen", default="127.0.0.1", metavar="ADDRESS", help="default: this machine alone")
    parser.add_argument("--port", type=int, default=8780, metavar="N", help="default: 8780; 0 takes a free one")
    parser.add_argument("--suite", type=Path, default=_SUITE, metavar="DIR", help="where the checks are")
    parser.add_argument("--strict-warnings", action="store_true", help="a warning is not healthy")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Do what `kdumpcheck serve ...` was asked; the exit status is 0 when it was told to end."""
    mistake = _mistake(arguments)
    if mistake:
        return _say(mistake, _USAGE_ERROR)
    try:
        server = Server(arguments.listen, arguments.port, arguments.every)
    except OSError as error:
        return _say(f"cannot listen on {arguments.listen!a} port {arguments.port} ({error.strerror or error})", _FAILED)
    before = signal.signal(signal.SIGTERM, _end)
    with server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        print(f"kdumpcheck serve: http://{arguments.listen}:{server.server_address[1]}/", flush=True)
        try:
            _go_on(server, _turn(arguments))
        except RefusedError as refusal:
            return _say(str(refusal), _USAGE_ERROR)
        except KeyboardInterrupt:
            return 0
        finally:
            server.shutdown()
            signal.signal(signal.SIGTERM, before)


def _mistake(arguments: argparse.Namespace) -> str:
    if not 1 <= arguments.every <= _LONGEST:
        return f"--every {arguments.every:g}: give between 1 and {_LONGEST:g} seconds"
    if not 0 <= arguments.port <= _LAST_PORT:
        return f"--port {arguments.port}: give between 1 and {_LAST_PORT}, or 0 for a free one"
    # Where a directory has no tests/, pytest runs those that came with kdumpcheck.
    if not arguments.suite.is_dir() and arguments.suite != _SUITE:
        return f"--suite {str(arguments.suite)!a}: no such directory; start it where the checks are, or name them"
    return ""


def _turn(arguments: argparse.Namespace) -> Turn:
    asked = [str(arguments.suite)]
    for name in ("nodes", "replay", "inventory", "ssh_config"):
        value = getattr(arguments, name)
        if value is not None:
            asked.append(f"--{name.replace('_', '-')}={value}")
    asked += [f"--plugin-dir={directory}" for directory in arguments.plugin_dir]
    if arguments.strict_warnings:
        asked.append("--strict-warnings")
    return Turn(asked, Gate(strict_warnings=arguments.strict_warnings))


def _go_on(server: Server, turn: Turn) -> NoReturn:
    """Run, tell, wait, and again; this one thread is why there are never two runs at once."""
    while True:
        began = time.monotonic()
        server.seen = turn.take()
        # nothing that a reader does may bring the next run about
        time.sleep(max(1.0, began + server.every - time.monotonic()))  # it is due by the clock alone


def _end(*_: object) -> NoReturn:
    raise KeyboardInterrupt


def _say(words: str, status: int) -> int:
    print(f"kdumpcheck serve: {words}", file=sys.stderr)
    return status
