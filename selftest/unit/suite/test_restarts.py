# SPDX-License-Identifier: Apache-2.0
"""Taking a node through a boot. The nodes here are scripted; real ones are rebooted in selftest/lab."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest

from kdumpcheck.fleet.boots import BootId, wait_for_another
from kdumpcheck.nodes import Inventory, Node
from kdumpcheck.suite.restarts import Restarts
from kdumpcheck.suite.suite import Suite
from kdumpcheck.transport import Completed, Deadline, TransportError

OLD, NEW = "0b8cf3f4-0000-4000-8000-000000000001", "0b8cf3f4-0000-4000-8000-000000000002"
NODE = Node("ncn-w001")


class ScriptedFleet:
    """Stands in for the connections to nodes: answers each question with the next of a list, or refuses it."""

    def __init__(self, answers: dict[str, list[bytes | None]]) -> None:
        self.answers = answers
        self.dropped: list[str] = []

    def run(self, node: Node, script: str, *, seconds: float, limit: int) -> Completed:
        left = self.answers.get(node.name, [])
        answer = left.pop(0) if len(left) > 1 else left[0] if left else None
        if answer is None:
            raise TransportError("silent", node.name, "no answer")
        return Completed(0, answer, b"", truncated=False, seconds=0.0)

    def drop(self, node: Node) -> None:
        self.dropped.append(node.name)


def told(boot: str, uptime: float = 100.0) -> bytes:
    return f"{boot}\n{uptime:.2f} 12.00\n".encode()


def restarts(answers: dict[str, list[bytes | None]], *others: str, deadline: float = 30.0) -> Restarts:
    nodes = {name: Node(name) for name in (NODE.name, *others)}
    suite = SimpleNamespace(
        fleet=ScriptedFleet(answers),
        options=SimpleNamespace(boot_deadline=deadline),
        inventory=Inventory.of(nodes.values(), origin="here", loader="test"),
        nodes={NODE.name: NODE},
    )
    return Restarts(cast("Suite", suite))


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kdumpcheck.fleet.boots._EVERY", 0.01)


def nothing() -> str:
    return ""


class TestReboot:
    def test_the_node_is_back_when_it_is_in_another_boot(self) -> None:
        answers: dict[str, list[bytes | None]] = {NODE.name: [told(OLD), told(OLD), None, told(NEW)]}
        done, said = restarts(answers).reboot(NODE, lambda: (True, "told"), nothing)
        assert done
        assert said.startswith("it booted and answers again after ")

    def test_one_that_only_answers_again_is_not(self) -> None:
        answers: dict[str, list[bytes | None]] = {NODE.name: [told(OLD), None, told(OLD)]}
        done, said = restarts(answers, deadline=0.5).reboot(NODE, lambda: (True, "told"), nothing)
        assert not done
        assert "it has not come back within " in said
        assert "its BMC may reset it" in said

    def test_an_order_that_is_refused_is_not_waited_for(self) -> None:
        assert restarts({NODE.name: [told(OLD)]}).reboot(NODE, lambda: (False, "no"), nothing) == (False, "no")

    def test_an_order_whose_answer_is_lost_may_have_been_obeyed(self) -> None:
        def lost() -> tuple[bool, str]:
            raise TransportError("cut", NODE.name, "gone")

        assert restarts({NODE.name: [told(OLD), told(NEW)]}).reboot(NODE, lost, nothing)[0]

    def test_without_knowing_the_boot_before_nothing_is_ordered(self) -> None:
        def order() -> tuple[bool, str]:
            raise AssertionError("it was ordered")

        with pytest.raises(TransportError):
            restarts({}).reboot(NODE, order, nothing)

    def test_somebody_who_took_the_lock_meanwhile_is_named(self) -> None:
        answers: dict[str, list[bytes | None]] = {NODE.name: [told(OLD), told(NEW)]}
        done, said = restarts(answers).reboot(NODE, lambda: (True, ""), lambda: "guard.lock: eve has it")
        assert not done
        assert said.endswith("; guard.lock: eve has it")


class TestAnotherBoot:
    def wait(
        self, *answers: bytes | None, before: BootId | None = None, since: float = 0.0, seconds: float = 0.5
    ) -> BootId | None:
        fleet: Any = ScriptedFleet({NODE.name: list(answers)})
        return wait_for_another(fleet, NODE, before, time.monotonic() - since, Deadline.after(seconds))

    def test_unknown_before_one_that_is_younger_than_the_reset_is_another(self) -> None:
        assert self.wait(told(NEW, uptime=5), since=60.0, seconds=120) == BootId(NEW, 5)
        assert self.wait(told(NEW, uptime=5000), since=60.0) is None

    @pytest.mark.parametrize("answer", [b"", b"\xff", b"x\n1.0 2\n", f"{NEW}\n".encode(), f"{NEW}\n-5 1\n".encode()])
    def test_nonsense_is_no_boot(self, answer: bytes) -> None:
        assert self.wait(answer, before=BootId(OLD, 1)) is None

    def test_a_wait_can_be_stopped(self) -> None:
        fleet: Any = ScriptedFleet({NODE.name: [None]})
        stopped: Callable[[], bool] = lambda: True  # noqa: E731 - it reads as what it is
        assert wait_for_another(fleet, NODE, None, 0.0, Deadline.after(3600), stopped) is None


class TestGuards:
    def test_a_worker_may_go(self) -> None:
        assert restarts({}).refusal(NODE) == ""

    def test_the_only_master_may_not(self) -> None:
        assert "no other master is known" in restarts({}).refusal(Node("ncn-m001"))

    def test_the_other_masters_of_the_inventory_are_asked(self) -> None:
        peers = {"ncn-m002": [b"here=yes\nceph=absent\nnodes=absent\n"], "ncn-m003": [None]}
        assert restarts(cast("Any", peers), "ncn-m001", "ncn-m002", "ncn-m003").refusal(Node("ncn-m001")) == ""

    def test_ill_ceph_keeps_a_storage_node(self) -> None:
        peers = {"ncn-s002": [b"here=yes\nceph=0\nceph\tHEALTH_WARN\nnodes=absent\n"]}
        refused = restarts(cast("Any", peers), "ncn-s001", "ncn-s002").refusal(Node("ncn-s001"))
        assert refused == "guard.role: ceph on ncn-s002 says HEALTH_WARN"

    def test_ones_own_machine_is_not_even_asked_about(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("kdumpcheck.suite.restarts.gethostname", lambda: NODE.name)
        assert restarts({}).refusal(NODE).startswith("guard.own-node: ")
