# SPDX-License-Identifier: Apache-2.0
"""The lab as a whole: bringing nodes up, finding them again, and reaching them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from kdumpcheck.lab import accel, blueprint, host, limits
from kdumpcheck.lab.addresses import MAX_NODES, Block, claim_block
from kdumpcheck.lab.bmc import Bmcs
from kdumpcheck.lab.bringup import BringUp
from kdumpcheck.lab.errors import LabError
from kdumpcheck.lab.image import DEFAULT_DIALECT, build, find_dialect
from kdumpcheck.lab.machine import alone, open_machine
from kdumpcheck.lab.publish import write_inventory, write_ssh_files
from kdumpcheck.lab.record import NodeRecord
from kdumpcheck.lab.ssh import Ssh
from kdumpcheck.lab.state import LabFacts, StateDir
from kdumpcheck.lab.store import Store
from kdumpcheck.lab.teardown import end_strays

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from kdumpcheck.lab.image import NodeImage
    from kdumpcheck.lab.machine import Machine
    from kdumpcheck.lab.progress import Tell

DEFAULT_NODES: Final = ("ncn-m001", "ncn-w001", "ncn-s001")


@dataclass(frozen=True, slots=True)
class _Workshop:
    """What nodes are made with."""

    dialect: str
    image: NodeImage
    block: Block
    store: Store
    accel: str
    bring_up: BringUp


class Lab:
    """One lab, up or not, in its state directory; several may be up at once in different ones."""

    def __init__(self, state: Path, cache: Path, environ: Mapping[str, str], tell: Tell) -> None:
        self.state = StateDir(state.absolute())
        self.ssh = Ssh(self.state.ssh_config)
        self.bmcs = Bmcs(self.state)
        self._cache = cache.absolute()
        self._environ = environ
        self._tell = tell

    def up(
        self,
        vms: Sequence[str] = (),
        containers: Sequence[str] = (),
        *,
        dialect: str | None = None,
        cold: bool = False,
        fresh: bool = False,
    ) -> list[str]:
        """Have these nodes up, besides those there are already; the nodes that failed, one line each.

        New nodes have the kdump of `dialect`, the name of a provider (None: the default). With `cold`, new VMs boot
        instead of going on from a saved state. With `fresh`, what was saved of earlier boots is made anew. Raises
        `LabError` for what concerns all nodes.
        """
        chosen = self.choose(dialect, (*vms, *containers))
        if containers and chosen != DEFAULT_DIALECT:
            raise LabError(f"containers come in the dialect {DEFAULT_DIALECT} only, not {chosen}")
        _require(containers)
        with self.state.locked():
            self._clear()
            shop = self._workshop(chosen)
            if fresh:
                self._forget(shop.store)
            wanted = self._register(shop, vms, containers)
            limits.make_room(self.state.root, sum(node.kind == "container" for node in self.nodes()), self._tell)
            errors = self._bring_up(shop.bring_up, wanted, cold=cold)
            self._publish(shop)
            return errors

    def restore(self, name: str) -> None:
        """Make a node anew as it was when it came up first, without any fault; raises `LabError`."""
        with self.state.locked():
            node = replace(self.machine(name).record, faults=(), made=False)
            shop = self._workshop(node.dialect)
            with alone(self.state.node(name)):
                self.machine(name).power_off()
                node.save(self.state.node(name))
            errors = shop.bring_up.make([node])
            if errors:
                raise LabError(errors[0])

    def nodes(self) -> list[NodeRecord]:
        """All nodes of the lab, running or not, in the order they came."""
        return [NodeRecord.load(self.state.node(name)) for name in self.state.node_names()]

    def machine(self, name: str) -> Machine:
        """One node; raises `LabError` when the lab has none of this name."""
        return open_machine(self.state.node(name), self.state.root)

    def is_on(self, node: NodeRecord) -> bool:
        """Whether a node has power."""
        return self.machine(node.name).is_on()

    def choose(self, dialect: str | None, names: Sequence[str]) -> str:
        """The dialect for these nodes: what was asked for, what all of them have already, or the default."""
        there = {node.name: node.dialect for node in self.nodes()}
        if dialect is None:
            have = {there.get(name, DEFAULT_DIALECT) for name in names}
            return have.pop() if len(have) == 1 else DEFAULT_DIALECT
        wrong = [name for name in names if there.get(name, dialect) != dialect]
        if wrong:
            raise LabError(
                f"{wrong[0]}: it is a node of {there[wrong[0]]} in this lab already; `kdumpcheck lab down` ends that"
            )
        return find_dialect(dialect).name

    def _clear(self) -> None:
        """End what an `up` that was cut short has left running."""
        there = self.nodes()
        if self.state.work.exists() or not all(node.made for node in there):
            end_strays(self.state, [node.name for node in there if node.made])

    def _bring_up(self, bring_up: BringUp, wanted: Sequence[NodeRecord], *, cold: bool) -> list[str]:
        off = []
        for node in (node for node in wanted if node.made):
            if self.is_on(node):
                self._tell(f"{node.name}: is up already")
            else:
                off.append(node)
        new = [node for node in wanted if not node.made]
        return bring_up.start(off) + bring_up.make(new, cold=cold)

    def _workshop(self, dialect: str) -> _Workshop:
        node_image = build(self._cache, find_dialect(dialect), self._tell)
        block = Block(self._facts(dialect, node_image).block)
        chosen = accel.choose(node_image.kernel, self._cache, self._environ, self._tell)
        store = Store(self._cache, node_image, blueprint.hardware(chosen))
        bring_up = BringUp(self.state, node_image, dialect, block, store, chosen, self._tell)
        return _Workshop(dialect, node_image, block, store, chosen, bring_up)

    def _facts(self, dialect: str, node_image: NodeImage) -> LabFacts:
        """What the lab's nodes have in common, chosen now if this is the first node, or the first of its dialect."""
        facts, directory = self.state.facts(), str(node_image.directory)
        if facts is None:
            facts = LabFacts(block=claim_block(self.state.root).number, images={})
        elif not facts.images or facts.images.get(dialect, directory) != directory:
            raise LabError("this lab was made with another version of the node image; run `kdumpcheck lab down` first")
        if dialect not in facts.images:
            facts = replace(facts, images={**facts.images, dialect: directory})
            self.state.write_facts(facts)
        return facts

    def _forget(self, store: Store) -> None:
        if self.state.node_names():
            raise LabError("--fresh throws away what the running nodes are based on; run `kdumpcheck lab down` first")
        store.forget()

    def _register(self, shop: _Workshop, vms: Sequence[str], containers: Sequence[str]) -> list[NodeRecord]:
        """The records of the nodes asked for; new ones are written down before anything of theirs is started."""
        there = {node.name: node for node in self.nodes()}
        _check_kinds(there, vms, containers)
        free = max((node.index for node in there.values()), default=0) + 1
        new = [name for name in dict.fromkeys((*vms, *containers)) if name not in there]
        if free + len(new) > MAX_NODES + 1:
            raise LabError(f"a lab has at most {MAX_NODES} nodes, and this would be {free + len(new) - 1}")
        for index, name in enumerate(new, free):
            there[name] = _blueprint(shop, name, index, container=name in containers)
            there[name].save(self.state.node(name))
        write_ssh_files(self.state.root, list(there.values()), shop.image)
        return [there[name] for name in dict.fromkeys((*vms, *containers))]

    def _publish(self, shop: _Workshop) -> None:
        nodes = self.nodes()
        self.bmcs.serve(nodes)
        write_inventory(self.state, nodes, shop.image)


def _blueprint(shop: _Workshop, name: str, index: int, *, container: bool) -> NodeRecord:
    if container:
        return blueprint.container(name, index, shop.block, shop.image, shop.store)
    return blueprint.vm(name, index, shop.block, shop.image, shop.dialect, shop.accel)


def _require(containers: Sequence[str]) -> None:
    if containers:  # first: the tools for them may be out of sight in /usr/sbin for anybody else
        host.require_root("a lab with containers")
    host.require_tools({**host.FOR_VMS, **(host.FOR_CONTAINERS if containers else {})})


def _check_kinds(there: Mapping[str, NodeRecord], vms: Sequence[str], containers: Sequence[str]) -> None:
    both = sorted(set(vms) & set(containers))
    if both:
        raise LabError(f"{both[0]}: asked for as a VM and as a container")
    for kind, names in (("vm", vms), ("container", containers)):
        for name in names:
            if name in there and there[name].kind != kind:
                raise LabError(
                    f"{name}: it is a {there[name].kind} in this lab already; `kdumpcheck lab down` ends that"
                )
