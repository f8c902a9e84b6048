# SPDX-License-Identifier: Apache-2.0
"""What is written down about one node of the lab: enough to start it again, by anybody, at any time."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from kdumpcheck.lab.errors import LabError
from kdumpcheck.lab.files import read_json, write_json
from kdumpcheck.lab.image.dialect import DEFAULT_DIALECT
from kdumpcheck.lab.qemu import Boot, Hardware

if TYPE_CHECKING:
    from pathlib import Path

FILE: Final = "node.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class VmBody:
    """A node that is a virtual machine."""

    hardware: Hardware
    boot: Boot


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerBody:
    """A node that is a container: its system is real, what its kernel would say is fed from files."""

    squashfs: str
    """lower layer of /"""
    upper: str
    """upper layer of /, below ROOTRAID"""
    work: str
    """OverlayFS's own directory, below ROOTRAID"""
    kernel_release: str
    """what `uname -r` says"""
    kdump_initrd: str
    """file the stand-in for kdump.service takes its initrd from"""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeRecord:
    """One node of the lab."""

    name: str
    index: int
    """its place among the nodes, from 1; the last number of its addresses"""
    address: str
    bmc: str
    cmdline: str
    """kernel command line without any fault"""
    dialect: str = DEFAULT_DIALECT
    """name of the kdump dialect it has"""
    faults: tuple[str, ...] = ()
    """ids of the faults it has now"""
    made: bool = False
    """whether it has been up once; before that, there may be half of it"""
    body: VmBody | ContainerBody

    @property
    def kind(self) -> Literal["vm", "container"]:
        """What the node is."""
        return "vm" if isinstance(self.body, VmBody) else "container"

    def save(self, directory: Path) -> None:
        """Write the record into the node's directory."""
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_json(directory / FILE, {"kind": self.kind, **asdict(self)})

    @classmethod
    def load(cls, directory: Path) -> NodeRecord:
        """The record of the node in a directory; raises `LabError` when there is none or it is broken."""
        content = read_json(directory / FILE)
        if content is None:
            raise LabError(f"{directory.name}: there is no such node in the lab; see `kdumpcheck lab status`")
        try:
            return cls._of(content)
        except (KeyError, TypeError) as error:
            raise LabError(f"{directory / FILE}: not a node's record ({error})") from None

    @classmethod
    def _of(cls, content: dict[str, Any]) -> NodeRecord:
        kind, body, faults = content.pop("kind"), content.pop("body"), content.pop("faults")
        return cls(**content, faults=tuple(faults), body=_vm(body) if kind == "vm" else ContainerBody(**body))


def _vm(body: dict[str, Any]) -> VmBody:
    boot = {**body["boot"], "disks": tuple(body["boot"]["disks"])}
    return VmBody(hardware=Hardware(**body["hardware"]), boot=Boot(**boot))
