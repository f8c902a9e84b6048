# SPDX-License-Identifier: Apache-2.0
"""Which loopback addresses and ports the nodes of a lab have.

Every node has an address for SSH and its console, and its BMC has another: all ports are the same for all nodes, as
in a real cluster. Several labs may run at once, so each takes a block of two /24 nets that nobody uses.
"""

from __future__ import annotations

import os
import socket
import tempfile
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kdumpcheck.lab.errors import LabError
from kdumpcheck.lab.locks import locked_directory

SSH_PORT: Final = 2222
"""Not 22: an sshd of the host that listens on all addresses would already hold it, and 22 needs root."""

CONSOLE_PORT: Final = 2323
"""Serial console of a VM; its BMC holds the one connection."""

MAX_NODES: Final = 200
"""As many BMCs as one ipmi_sim was seen to serve."""

_BLOCKS: Final = 60
_FIRST_NET: Final = 3
_CHOOSING_SECONDS: Final = 60


@dataclass(frozen=True, slots=True)
class Block:
    """One lab's share of 127.0.0.0/8: nodes in 127.0.(3+2n).0/24, BMCs in the /24 after it."""

    number: int

    def node(self, index: int) -> str:
        """Address of a node's SSH and console; nodes count from 1."""
        return f"127.0.{_FIRST_NET + 2 * self.number}.{index}"

    def bmc(self, index: int) -> str:
        """Address of a node's BMC."""
        return f"127.0.{_FIRST_NET + 2 * self.number + 1}.{index}"


def bmc_port() -> int:
    """The IPMI port the lab's BMCs listen on: 623 as in the field, or 9623 where 623 is not allowed."""
    return 623 if os.geteuid() == 0 else 9623


def claim_block(owner: Path) -> Block:
    """Take the first block that nobody listens in and no other lab has taken; `owner` is the lab's directory.

    A lab listens only minutes after it has chosen its addresses (its image and its first boots come before), so the
    choice is written down where every lab looks. A claim ends with its lab's directory. Raises `LabError` when all
    blocks are taken.
    """
    # One at a time: two that see the same claim of a lab that is gone would both take its place.
    with locked_directory(_claims(), _CHOOSING_SECONDS, f"another lab chooses its addresses, and holds {_claims()}"):
        for number in range(_BLOCKS):
            block = Block(number)
            if _silent(block) and _claimed(number, owner):
                return block
    raise LabError(f"all {_BLOCKS} address blocks for labs are in use: somebody listens on 127.0.x.1 in each of them")


def _silent(block: Block) -> bool:
    # The first node is always there, and its BMC listens even while the node is off.
    return _free(socket.SOCK_DGRAM, block.bmc(1), bmc_port()) and _free(socket.SOCK_STREAM, block.node(1), SSH_PORT)


def release_block(owner: Path) -> None:
    """Give back what a lab has claimed."""
    for number in range(_BLOCKS):
        if _owner(number) == str(owner):
            _claim_file(number).unlink(missing_ok=True)


def _claimed(number: int, owner: Path) -> bool:
    """Claim a block; False when a lab that is still there has it."""
    holder = _owner(number)
    if holder is not None and _gone(Path(holder)):
        with suppress(PermissionError):  # in /tmp, another user's file is his to remove
            _claim_file(number).unlink(missing_ok=True)
    try:
        with _claim_file(number).open("x", encoding="utf-8") as claim:
            claim.write(str(owner))
    except (FileExistsError, PermissionError):
        return holder == str(owner)
    return True


def _gone(directory: Path) -> bool:
    """Whether a lab's directory is not there any more; one of another user, that cannot be seen, may well be."""
    try:
        return not directory.is_dir()
    except PermissionError:
        return False


def _owner(number: int) -> str | None:
    try:
        return _claim_file(number).read_text(encoding="utf-8")
    except OSError:
        return None


def _claim_file(number: int) -> Path:
    return _claims() / f"kdumpcheck-lab-addresses-{number}"


def _claims() -> Path:
    return Path(tempfile.gettempdir())


def _free(kind: socket.SocketKind, address: str, port: int) -> bool:
    with closing(socket.socket(socket.AF_INET, kind)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
        try:
            probe.bind((address, port))
        except OSError:
            return False
    return True
