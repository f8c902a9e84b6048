# SPDX-License-Identifier: Apache-2.0
"""May a node of this role go away for a while? Asked of the others before a reboot, a reset or a crash.

Kubernetes' etcd needs more than half of all masters; Ceph must be healthy before a storage node is taken from it
(docs-csm, operations/node_management/Reboot_NCNs.md). What cannot be told is a no.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Self

from kdumpcheck.facts.lines import pairs, rows
from kdumpcheck.guards.gate import Gate

NAME = "guard.role"
#: Seconds: three commands of 20 s each at most, and the way there.
SECONDS = 90.0
LIMIT = 256 * 1024
#: What kubectl says of a node, as in "Ready" or "NotReady,SchedulingDisabled".
_READY = re.compile(r"Ready(,SchedulingDisabled)?")
_ETCD = re.compile(r"\bis (healthy|unhealthy)\b")


def script() -> str:
    """The questions, for `sh` on a node."""
    return resources.files("kdumpcheck.guards").joinpath("quorum.sh").read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True)
class ClusterWord:
    """What one node says of its cluster. A command that is not there, or that failed, has said nothing (None)."""

    ceph: str | None = None
    """what `ceph health` says, as in "HEALTH_OK" """
    ceph_failed: str = ""
    masters: Mapping[str, bool] | None = None
    """masters that Kubernetes knows, and whether it calls them Ready"""
    kubectl_failed: str = ""
    etcd: tuple[int, int] | None = None
    """members of etcd that are healthy, and all"""

    @classmethod
    def parse(cls, answer: bytes) -> Self | None:
        """Read what the script printed, whatever it is; None where it was cut off before it began."""
        text = answer.decode("utf-8", errors="backslashreplace")
        told = pairs(text)
        if told.get("here") != "yes":
            return None
        said = {name: [line for (line,) in rows(text, name, 1)] for name in ("ceph", "nodes", "etcd")}
        states = [word[1] for line in said["etcd"] if (word := _ETCD.search(line))]
        return cls(
            ceph=(said["ceph"] or [""])[0] if told.get("ceph") == "0" else None,
            ceph_failed=_failed(told.get("ceph"), said["ceph"]),
            masters=_masters(said["nodes"]) if told.get("nodes") == "0" else None,
            kubectl_failed=_failed(told.get("nodes"), said["nodes"]),
            etcd=(states.count("healthy"), len(states)) if states else None,
        )


def _failed(status: str | None, lines: Sequence[str]) -> str:
    if status in {None, "0", "absent"}:
        return ""
    return next((line for line in reversed(lines) if line.strip()), f"it ended with {status}")


def _masters(lines: Sequence[str]) -> dict[str, bool]:
    """NAME STATUS ROLES AGE VERSION, a line a node."""
    words = [line.split() for line in lines]
    return {
        row[0]: bool(_READY.fullmatch(row[1]))
        for row in words
        if len(row) >= 3 and {"master", "control-plane"} & set(row[2].split(","))
    }


def may_go(node: str, role: str | None, peers: Mapping[str, ClusterWord | None]) -> Gate:
    """A gate for taking a node away. `peers` are the nodes that were asked; None stands for one that did not answer.

    Of a master that is other masters: the node itself may be the ill one. Of a storage node it is all of them, since
    each says the same of Ceph.
    """
    if role == "master":
        return _master(node, peers)
    if role == "storage":
        return _storage(peers)
    return Gate(NAME, holds=True, said=f"no quorum hangs on {f'a {role}' if role else node}")


def _master(node: str, peers: Mapping[str, ClusterWord | None]) -> Gate:
    reachable = {name: word for name, word in peers.items() if word is not None}
    if not reachable:
        known = f"none of {', '.join(peers)} could be asked" if peers else "no other master is known"
        return Gate(NAME, holds=False, said=f"{node} may be the last master: {known}")
    for name, word in reachable.items():
        if word.kubectl_failed:
            return Gate(NAME, holds=False, said=f"kubectl on {name} says: {word.kubectl_failed}")
    for name, word in reachable.items():
        if word.masters is not None:
            return _by_kubernetes(node, name, word)
    return Gate(NAME, holds=True, said=f"other masters answer ({', '.join(reachable)}); none of them has kubectl")


def _by_kubernetes(node: str, told_by: str, word: ClusterWord) -> Gate:
    masters = word.masters or {}
    ready = [name for name, is_ready in masters.items() if is_ready and name != node]
    said = f"Kubernetes on {told_by} calls {len(ready)} of {len(masters)} masters Ready beside {node}"
    if 2 * len(ready) <= len(masters):
        return Gate(NAME, holds=False, said=f"{said}: etcd needs more than half")
    if word.etcd is not None and word.etcd[0] < word.etcd[1]:
        healthy, every = word.etcd
        return Gate(NAME, holds=False, said=f"only {healthy} of {every} members of etcd are healthy")
    return Gate(NAME, holds=True, said=said)


def _storage(peers: Mapping[str, ClusterWord | None]) -> Gate:
    answers = {name: word for name, word in peers.items() if word is not None}
    for name, word in answers.items():
        if word.ceph is not None:
            healthy = word.ceph.split()[:1] == ["HEALTH_OK"]
            return Gate(NAME, holds=healthy, said=f"ceph on {name} says {word.ceph or 'nothing'}")
    for name, word in answers.items():
        if word.ceph_failed:
            return Gate(NAME, holds=False, said=f"ceph on {name} says: {word.ceph_failed}")
    if peers and not answers:
        return Gate(NAME, holds=False, said=f"none of {', '.join(peers)} could be asked how Ceph is")
    return Gate(NAME, holds=True, said="no node that was asked has Ceph")
