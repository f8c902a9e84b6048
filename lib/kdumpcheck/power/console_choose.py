# SPDX-License-Identifier: Apache-2.0
"""Which way to a node's console: what the operator says, else the inventory, else serial over LAN at its BMC."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from kdumpcheck.nodes import Node
from kdumpcheck.power.address import Address
from kdumpcheck.power.choose import Ways
from kdumpcheck.power.command import filled, words_of
from kdumpcheck.power.console import Console, ConsoleError
from kdumpcheck.power.console_command import CommandSource
from kdumpcheck.power.console_file import FileSource
from kdumpcheck.power.console_keep import Keep
from kdumpcheck.power.console_sol import USUAL_PATIENCE, Patience, SolSource
from kdumpcheck.power.console_source import Source
from kdumpcheck.power.console_watch import Watch
from kdumpcheck.power.outcome import PowerError

FORMS: Final = "sol, file:PATH or command:WORDS"


def open_console(node: Node, ways: Ways, *, keep: Path | None = None, patience: Patience = USUAL_PATIENCE) -> Console:
    """Listen to a node's console from now on; it is open when this returns.

    `keep` is a file that gets the bytes as they come, up to 64 MiB; it is made anew. Raises `ConsoleError`, and
    `SecretError` when the BMC's password cannot be had.
    """
    source = _source(node, ways, patience)
    try:
        kept = Keep(keep) if keep is not None else None
    except OSError as error:
        source.close()
        raise ConsoleError("config", node.name, f"{keep} cannot be written: {error.strerror}") from None
    return Watch(node.name, source, kept)


def _source(node: Node, ways: Ways, patience: Patience) -> Source:
    way, _, what = (ways.console or node.console or "sol").partition(":")
    if way == "file" and what:
        [path] = filled([what], node=node.name, bmc=node.bmc_address)
        return FileSource(node.name, Path(path).expanduser())
    if way == "command" and what:
        try:
            words = words_of(what)
        except ValueError as error:
            raise ConsoleError("config", node.name, f"the program of its console, {what!a}: {error}") from None
        return CommandSource(node.name, filled(words, node=node.name, bmc=node.bmc_address))
    if way != "sol" or what:
        raise ConsoleError("config", node.name, f"its console cannot be {way!a}: there are {FORMS}")
    try:
        address = ways.address(node)
        if address.scheme not in (None, "ipmi"):
            address = Address(address.host)  # its port is another service's
        return SolSource(node.name, address, ways.login_to(node), patience)
    except PowerError as error:
        raise ConsoleError("config", node.name, str(error.args[0])) from None
