# SPDX-License-Identifier: Apache-2.0
"""`make demo`: the main job on a lab, told step by step. Each step is a command that an operator could type."""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

NODES = "ncn-m001,ncn-w001,ncn-s001"
#: What is broken on purpose: two nodes of different roles, so that both can be repaired at the same time.
FAULTS = {"ncn-w001": "initrd-missing", "ncn-s001": "initrd-other-kernel"}


class DemoError(Exception):
    """A step did not end as it must; the text is one line."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the demo; 0 when every step ended as it must."""
    parser = argparse.ArgumentParser(prog="demo", description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave the lab up at the end")
    keep = parser.parse_args(argv).keep
    began = time.monotonic()
    try:
        _play()
    except DemoError as error:
        print(f"demo: {error}; the lab is left up for a look (kdumpcheck lab down ends it)", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("demo: interrupted; taking the lab down", file=sys.stderr)
        _run("kdumpcheck lab down")
        return 2
    if not keep:
        _step("Take the lab down (KEEP=1 make demo keeps it)", "kdumpcheck lab down", 0)
    _farewell(time.monotonic() - began, keep=keep)
    return 0


def _play() -> None:
    _step("Bring up three NCNs with their BMCs", "kdumpcheck lab up", 0)
    validate = f"pytest tests/validation --nodes {NODES}"
    _step("Validate them: all must be green", validate, 0)
    for node, fault in FAULTS.items():
        _step(f"Break {node}", f"kdumpcheck lab break {node} {fault}", 0)
    _step("Validate again: two nodes must be red", validate, 1)
    _step("Plan the recovery: nothing is changed", f"pytest tests/recovery --nodes {NODES}", 1)
    _step("Recover for real (an initrd takes two minutes in an emulated node, 10-30 s on metal)", _recover(), 0)
    _step("Validate once more: all must be green again", validate, 0)


def _recover() -> str:
    return f"pytest tests/recovery --nodes {NODES} --apply --yes --max-unavailable 2"


def _step(title: str, command: str, expected: int) -> None:
    began = time.monotonic()
    print(
        f"\n\033[1m== {title}\033[0m\n$ {command}" if sys.stdout.isatty() else f"\n== {title}\n$ {command}", flush=True
    )
    status = _run(command)
    if status != expected:
        raise DemoError(f"`{command}` ended with exit code {status}, not {expected}")
    print(f"   exit code {status}, as it must be; {time.monotonic() - began:.0f} s", flush=True)


def _run(command: str) -> int:
    # The programs of this very environment, whatever PATH says.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    return subprocess.run(shlex.split(command), env={**os.environ, "PATH": path}, check=False).returncode


def _farewell(seconds: float, *, keep: bool) -> None:
    latest = Path("reports/latest").resolve()
    print(f"\nDone in {seconds:.0f} s. Reports of every step are in {latest.parent}")
    print(f"The last one: {latest / 'index.html'}")
    if keep:
        print("Look around: kdumpcheck lab status; kdumpcheck lab ssh ncn-w001; kdumpcheck lab break --list")
        print("End it: kdumpcheck lab down")


if __name__ == "__main__":
    sys.exit(main())
