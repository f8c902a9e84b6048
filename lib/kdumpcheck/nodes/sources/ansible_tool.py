# SPDX-License-Identifier: Apache-2.0
"""Ansible's own loader, for every inventory that Ansible can read: plugins, scripts, group_vars, vaults."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING

from kdumpcheck.nodes.document import Table
from kdumpcheck.nodes.node import InventoryError
from kdumpcheck.nodes.sources.ansible import AnsibleData

if TYPE_CHECKING:
    from collections.abc import Mapping

PROGRAM = "ansible-inventory"
BESIDE_PYTHON = Path(sys.executable).parent / PROGRAM
DEADLINE = 60.0
MAX_OUTPUT = 64 * 1024 * 1024
_KILL_WAIT = 5.0

# What a program needs to run and what Ansible reads its settings from; no passwords of ours (IPMI_PASSWORD).
_PASSED = frozenset({"PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR", "VIRTUAL_ENV"})
_FORCED = {
    "ANSIBLE_INVENTORY_UNPARSED_FAILED": "true",
    "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true",
    "ANSIBLE_VERBOSITY": "0",
    "ANSIBLE_NOCOLOR": "1",
    "ANSIBLE_FORCE_COLOR": "0",
}


def find_tool(environ: Mapping[str, str]) -> Path | None:
    """Where `ansible-inventory` is: beside our own Python, else on the PATH; None when not installed."""
    if os.access(BESIDE_PYTHON, os.X_OK):
        return BESIDE_PYTHON
    found = shutil.which(PROGRAM, path=environ.get("PATH", ""))
    return Path(found) if found else None


def read_with_tool(tool: Path, path: Path, environ: Mapping[str, str], deadline: float = DEADLINE) -> AnsibleData:
    """What `ansible-inventory --list` says about this inventory, within `deadline` seconds.

    Raises `InventoryError` when it fails, takes too long, or says too much (64 MiB). Its error text is not
    repeated, as it may quote a line with a password.
    """
    output = _run([str(tool), "--list", "-i", str(path)], path, _environment(environ), deadline)
    try:
        document = json.loads(output)
        return _data(Table.of(path, "what ansible-inventory printed", document), str(path))
    except (ValueError, RecursionError) as error:
        if isinstance(error, InventoryError):
            raise
        raise InventoryError(f"{path}: {PROGRAM} printed something that is not JSON") from None


def _environment(environ: Mapping[str, str]) -> dict[str, str]:
    kept = {key: value for key, value in environ.items() if key in _PASSED or key.startswith("ANSIBLE_")}
    return kept | _FORCED


def _run(argv: list[str], path: Path, environ: dict[str, str], deadline: float) -> bytes:
    try:
        process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environ,
            start_new_session=True,
        )
    except OSError as error:
        raise InventoryError(f"{path}: {PROGRAM} cannot be started: {error.strerror}") from None
    try:
        output = _collect(process, path, time.monotonic() + deadline)
    finally:
        _end(process)
    if process.returncode != 0:
        why = f"run `{PROGRAM} --list -i {path}` to see why"
        raise InventoryError(f"{path}: {PROGRAM} could not read it (exit {process.returncode}); {why}")
    return output


def _collect(process: subprocess.Popen[bytes], path: Path, until: float) -> bytes:
    """Read to the end and wait for the exit, whichever keeps us, no longer than `until`."""
    if process.stdout is None:  # never so: it was asked for
        return b""
    output = bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while chunk := _next(selector, process.stdout, path, until):
            output += chunk
            if len(output) > MAX_OUTPUT:
                raise InventoryError(f"{path}: {PROGRAM} printed more than {MAX_OUTPUT // 1024 // 1024} MiB")
    try:
        process.wait(max(0.0, until - time.monotonic()))
    except subprocess.TimeoutExpired:
        raise _late(path) from None
    return bytes(output)


def _next(selector: selectors.BaseSelector, stream: IO[bytes], path: Path, until: float) -> bytes:
    if not selector.select(max(0.0, until - time.monotonic())):
        raise _late(path)
    return os.read(stream.fileno(), 65_536)


def _late(path: Path) -> InventoryError:
    return InventoryError(f"{path}: {PROGRAM} did not finish in time")


def _end(process: subprocess.Popen[bytes]) -> None:
    """Leave nothing running: the program leads its own process group, which holds what it started."""
    if process.returncode is None:  # not waited for yet, so its number cannot be anyone else's
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(_KILL_WAIT)
    if process.stdout is not None:
        process.stdout.close()


def _data(top: Table, origin: str) -> AnsibleData:
    data = AnsibleData(origin)
    for name, variables in top.table("_meta").table("hostvars").items():
        for key, value in Table.of(top.path, name, variables).items():
            data.set(data.host(name), key, value)
    for name, value in top.items():
        if name != "_meta":
            _group(data, name, Table.of(top.path, f"group {name}", value))
    return data


def _group(data: AnsibleData, name: str, table: Table) -> None:
    group = data.group(name)
    group.children.update(dict.fromkeys(_names(table, "children")))
    for host in _names(table, "hosts"):
        group.hosts[host] = None
        data.host(host)


def _names(table: Table, key: str) -> list[str]:
    value = table.entries.get(key, [])
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        table.fail(key, f"{key} of {table.what} is not a list of names")
    return value
