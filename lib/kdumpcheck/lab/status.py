# SPDX-License-Identifier: Apache-2.0
"""What the lab looks like now, as data and as text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from kdumpcheck.lab.addresses import SSH_PORT
from kdumpcheck.lab.bmc import CIPHER_SUITE, USER
from kdumpcheck.lab.publish import bmc_address
from kdumpcheck.lab.record import VmBody

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kdumpcheck.lab.lab import Lab
    from kdumpcheck.lab.record import NodeRecord

_HEADINGS: Final = ("NODE", "KIND", "DIALECT", "POWER", "SSH", "BMC", "FAULTS")
_CONTAINER_NOTE: Final = (
    "containers are real systems with a kernel fed from files: uname -r, kexec, /proc/cmdline, /proc/iomem and "
    "/sys/kernel/kexec_* are stand-ins, and nothing can crash; their BMCs have no serial console"
)


@dataclass(frozen=True, slots=True)
class NodeStatus:
    """One node as it is now."""

    name: str
    kind: Literal["vm", "container"]
    dialect: str
    power: bool
    ssh: str
    bmc: str
    faults: tuple[str, ...]
    accel: str | None
    """what runs a VM: "kvm" or "tcg" (emulation)"""


def nodes_of(lab: Lab) -> list[NodeStatus]:
    """All nodes of a lab as they are now."""
    return [_node(lab, record) for record in lab.nodes()]


def text_of(lab: Lab, nodes: Sequence[NodeStatus]) -> str:
    """The lab's nodes as a table, and below it where everything is."""
    lines = [*_table(nodes), "", *_notes(nodes)]
    lines += [f"inventory     {lab.state.inventory}", f"ssh           ssh -F {lab.state.ssh_config} NODE"]
    password = lab.state.bmc_password
    login = f"ipmitool -I lanplus -C {CIPHER_SUITE} -U {USER} -f {password} -H BMC power status"
    lines.append(
        f"BMCs          {login}" if lab.bmcs.is_up() else "BMCs          down; `kdumpcheck lab up` starts them"
    )
    lines.append(f"power         kdumpcheck power NODE status --password-file {password}")
    return "\n".join(lines)


def _node(lab: Lab, record: NodeRecord) -> NodeStatus:
    body = record.body
    return NodeStatus(
        name=record.name,
        kind=record.kind,
        dialect=record.dialect,
        power=lab.is_on(record),
        ssh=f"{record.address}:{SSH_PORT}",
        bmc=bmc_address(record),
        faults=record.faults,
        accel=body.hardware.accel if isinstance(body, VmBody) else None,
    )


def _table(nodes: Iterable[NodeStatus]) -> list[str]:
    rows = [_HEADINGS, *(_row(node) for node in nodes)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADINGS))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _row(node: NodeStatus) -> tuple[str, ...]:
    kind = f"{node.kind} ({node.accel})" if node.accel else node.kind
    power = "on" if node.power else "off"
    return (node.name, kind, node.dialect, power, node.ssh, node.bmc, " ".join(node.faults) or "-")


def _notes(nodes: Iterable[NodeStatus]) -> list[str]:
    return [_CONTAINER_NOTE, ""] if any(node.kind == "container" for node in nodes) else []
