# SPDX-License-Identifier: Apache-2.0
"""What is on disk while a lab is up, and the lock that lets one lab command at a time change it.

inventory.yaml      exists only while the lab is up; every other command finds the nodes there
ssh_config          and known_hosts: `ssh -F ssh_config NODE` works for everybody who may read them
lab.json            what all nodes have in common
bmc/                the BMCs' configuration, password file and process record
nodes/NAME/         one node: node.json, process.json, its disks, its console.log
work/               things in the making; never needed by a running node
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

from kdumpcheck.lab.files import read_json, write_json
from kdumpcheck.lab.locks import locked_directory

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_LOCK_WAIT: Final = 5.0


@dataclass(frozen=True, slots=True)
class LabFacts:
    """What all nodes of a lab have in common, chosen when it comes up first."""

    block: int
    """number of the address block, see `addresses.Block`"""
    images: dict[str, str]
    """directory of the node image, by the dialect it has"""


@dataclass(frozen=True, slots=True)
class StateDir:
    """The directory of one lab."""

    root: Path

    @property
    def inventory(self) -> Path:
        """Nodes, addresses and BMCs for every other command."""
        return self.root / "inventory.yaml"

    @property
    def ssh_config(self) -> Path:
        """OpenSSH configuration of all nodes."""
        return self.root / "ssh_config"

    @property
    def known_hosts(self) -> Path:
        """Host keys of all nodes."""
        return self.root / "known_hosts"

    @property
    def bmc(self) -> Path:
        """Everything of the BMCs."""
        return self.root / "bmc"

    @property
    def bmc_password(self) -> Path:
        """The one password of all BMCs of this lab, as `ipmitool -f` reads it."""
        return self.bmc / "password"

    @property
    def work(self) -> Path:
        """Things in the making."""
        return self.root / "work"

    def node(self, name: str) -> Path:
        """The directory of one node."""
        return self.root / "nodes" / name

    def node_names(self) -> tuple[str, ...]:
        """The nodes of this lab, running or not, in the order they came."""
        found = sorted((self.root / "nodes").glob("*/node.json"), key=_read_index)
        return tuple(path.parent.name for path in found)

    def facts(self) -> LabFacts | None:
        """What all nodes have in common, or None when there is no lab."""
        content = read_json(self.root / "lab.json")
        return None if content is None else LabFacts(block=content["block"], images=content.get("images", {}))

    def write_facts(self, facts: LabFacts) -> None:
        """Remember what all nodes have in common."""
        write_json(self.root / "lab.json", asdict(facts))

    def create(self) -> None:
        """Make the directory, for its owner only."""
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)

    @contextmanager
    def locked(self, *, shared: bool = False) -> Iterator[None]:
        """Have the lab to oneself, or with others who share it; raises `LabError` when it is not free within 5 s."""
        busy = "another lab command is at work on this lab; wait for it, or end it with Ctrl-C there"
        self.create()
        with locked_directory(self.root, _LOCK_WAIT, busy, shared=shared):
            yield


def _read_index(path: Path) -> int:
    """The place of a node among the others, from its node.json."""
    record = read_json(path)
    return 0 if record is None else int(record["index"])
