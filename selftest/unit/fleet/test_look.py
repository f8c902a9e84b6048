# SPDX-License-Identifier: Apache-2.0
"""One look at one node: whatever happens is evidence, or one line of why there is none."""

from __future__ import annotations

import pytest
from selftest.unit.kept import captured, framed

from kdumpcheck.fleet.look import Look, look, origin_of
from kdumpcheck.nodes import Node
from kdumpcheck.probe import Probe
from kdumpcheck.transport import Completed, TransportError

NODE = Node("ncn-w001")
PROBE = Probe("echo", 100, "0" * 16, ("system",))


def said(stdout: bytes, stderr: bytes = b"", attempts: tuple[str, ...] = ()) -> Completed:
    return Completed(0, stdout, stderr, truncated=False, seconds=1.0, attempts=attempts)


def look_that(answer: Completed | Exception) -> Look:
    def run(node: Node, probe: Probe) -> Completed:
        assert (node, probe) == (NODE, PROBE)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return look(NODE, PROBE, run)


def test_an_answer_is_evidence_and_is_kept_raw() -> None:
    raw = framed(captured("healthy"))
    found = look_that(said(raw, attempts=("refused",)))
    assert found.evidence.complete
    assert found.evidence.failure is None
    assert set(found.evidence.outputs) == set(captured("healthy"))
    assert found.evidence.attempts == ("refused",)
    assert found.raw == raw


def test_a_lost_node_is_a_failure_without_its_own_name_before_it() -> None:
    error = TransportError("unreachable", "ncn-w001", "no route")
    error.attempts = ("refused",)
    found = look_that(error)
    assert found.evidence.failure == "no route (tried 2 times)"
    assert found.evidence.attempts == ("refused",)
    assert found.raw == b""


def test_what_a_node_said_before_it_was_lost_still_counts() -> None:
    sections = {name: captured("healthy")[name] for name in ("cmdline", "units")}
    partial = said(framed(sections, ended=False))
    found = look_that(TransportError("cut", "ncn-w001", "the connection was cut", partial))
    assert found.evidence.failure is None
    assert not found.evidence.complete
    assert found.evidence.ended == "the connection was cut"
    assert found.evidence.outputs["cmdline"].exit_status == 0
    assert found.evidence.outputs["units"].exit_status is None


def test_lost_before_a_word_of_the_probe_the_loss_is_the_reason() -> None:
    partial = said(b"Welcome")
    found = look_that(TransportError("cut", "ncn-w001", "the connection was cut", partial))
    assert found.evidence.failure == "the connection was cut"


@pytest.mark.parametrize(
    ("stdout", "stderr", "words"),
    [
        (b"", b"", "it said nothing"),
        (b"", b"sh: not found\n", "sh: not found"),
        (b"\x1b[2J<b>\x00", b"", r"\x1b[2J<b>\x00"),
        (b"Only SFTP is allowed here.\n", b"", "Only SFTP is allowed here."),
    ],
)
def test_another_answer_is_a_failure_that_quotes_it(stdout: bytes, stderr: bytes, words: str) -> None:
    failure = look_that(said(stdout, stderr)).evidence.failure
    assert failure is not None
    assert words in failure
    assert failure.isprintable()


@pytest.mark.parametrize("error", [ValueError("x"), OSError(5, "I/O error"), RuntimeError(""), UnicodeError("y")])
def test_a_mistake_of_our_own_costs_one_node_and_not_the_run(error: Exception) -> None:
    failure = look_that(error).evidence.failure
    assert failure is not None
    assert type(error).__name__ in failure


@pytest.mark.parametrize(
    ("node", "origin"),
    [
        (Node("ncn-w001"), "ssh://ncn-w001"),
        (Node("ncn-w001", "10.0.0.1", 2222, "root"), "ssh://root@10.0.0.1:2222"),
        (Node("localhost", hostspec="local://"), "local://"),
        (Node("image", hostspec="chroot:///srv/image"), "chroot:///srv/image"),
        (Node("box", hostspec="docker://user@box"), "docker://box"),
    ],
)
def test_where_a_node_is_reached_is_told_without_secrets(node: Node, origin: str) -> None:
    assert origin_of(node) == origin
