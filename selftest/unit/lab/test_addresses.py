# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import os
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from kdumpcheck.lab import addresses
from kdumpcheck.lab.addresses import Block, claim_block, release_block
from kdumpcheck.lab.ssh import config, known_hosts


def test_nodes_and_bmcs_of_all_blocks_are_apart() -> None:
    blocks = [Block(number) for number in range(addresses._BLOCKS)]
    everything = [address(1) for block in blocks for address in (block.node, block.bmc)]
    assert len(set(everything)) == len(everything)
    assert all(address.startswith("127.0.") for address in everything)
    assert (Block(0).node(1), Block(0).bmc(200)) == ("127.0.3.1", "127.0.4.200")
    assert int(Block(addresses._BLOCKS - 1).bmc(1).split(".")[2]) <= 255


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nets for two blocks, away from labs that may run beside this test, and from the tests of other processes."""
    with closing(socket.socket(socket.AF_UNIX)) as claim:
        monkeypatch.setattr(addresses, "_FIRST_NET", next(net for net in range(201, 252, 4) if claimed(claim, net)))
        yield


def claimed(claim: socket.socket, net: int) -> bool:
    """An abstract name is gone with its process, and says to the others that the net is taken."""
    try:
        claim.bind(f"\0kdumpcheck-selftest-nets-{net}")
    except OSError:
        return False
    return True


@pytest.fixture
def apart(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, alone: None) -> Path:
    """Claims of its own, too; a lab's directory."""
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    lab = tmp_path / "lab"
    lab.mkdir()
    return lab


@pytest.mark.parametrize(("kind", "place"), [(socket.SOCK_DGRAM, "bmc"), (socket.SOCK_STREAM, "node")])
def test_a_block_somebody_listens_in_is_left_alone(apart: Path, kind: socket.SocketKind, place: str) -> None:
    with closing(socket.socket(socket.AF_INET, kind)) as somebody:
        first = Block(0)
        address, port = (first.bmc(1), addresses.bmc_port()) if place == "bmc" else (first.node(1), 2222)
        somebody.bind((address, port))
        assert claim_block(apart) == Block(1)
    assert claim_block(apart) == Block(0)


def test_a_block_another_lab_has_claimed_is_left_alone_until_that_lab_is_gone(apart: Path) -> None:
    other = apart.with_name("other")
    other.mkdir()
    assert claim_block(other) == Block(0)
    assert claim_block(apart) == Block(1)
    assert claim_block(apart) == Block(1), "a lab keeps what it has"
    other.rmdir()
    assert claim_block(apart) == Block(0), "a lab that is gone keeps nothing"
    release_block(apart)
    assert [path.name for path in apart.parent.iterdir()] == ["lab"]


def test_two_labs_that_see_the_same_claim_of_a_gone_one_do_not_share_it(
    apart: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone, other = apart.with_name("gone"), apart.with_name("other")
    gone.mkdir()
    claim_block(gone)
    gone.rmdir()
    other.mkdir()
    got: list[Block] = []
    second = threading.Thread(target=lambda: got.append(claim_block(other)))
    is_gone = addresses._gone

    def seen_by_both(directory: Path) -> bool:
        if second.ident is None:
            second.start()
            second.join(timeout=1)  # as far as it comes: at best it waits for its turn
        return is_gone(directory)

    monkeypatch.setattr(addresses, "_gone", seen_by_both)
    got.append(claim_block(apart))
    second.join()
    assert set(got) == {Block(0), Block(1)}


def test_a_block_of_another_user_is_left_alone(monkeypatch: pytest.MonkeyPatch, alone: None) -> None:
    with tempfile.TemporaryDirectory() as shared:  # not tmp_path: that is for its owner alone
        monkeypatch.setattr("tempfile.gettempdir", lambda: shared)
        hidden, mine = Path(shared, "hidden"), Path(shared, "mine")
        (hidden / "lab").mkdir(parents=True)
        mine.mkdir()
        assert claim_block(hidden / "lab") == Block(0)
        hidden.chmod(0)
        Path(shared).chmod(0o1777)
        try:
            assert claimed_by_nobody(mine) == Block(1)
        finally:
            hidden.chmod(0o700)


def claimed_by_nobody(lab: Path) -> Block:
    """The block that a user other than root gets: root sees every directory, so that a child of nobody's asks."""
    if os.geteuid() != 0:
        return claim_block(lab)
    child = os.fork()
    if child == 0:
        number = 255
        try:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
            number = claim_block(lab).number
        finally:
            os._exit(number)
    return Block(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


def test_the_ssh_files_reach_each_node_and_nothing_else(tmp_path: Path) -> None:
    nodes = {"ncn-m001": "127.0.3.1", "ncn-w001": "127.0.3.2"}
    text = config(nodes, tmp_path / "a key", tmp_path / "100%")
    assert "Host ncn-w001\n    HostName 127.0.3.2\n" in text
    assert f'IdentityFile "{tmp_path}/a key"' in text
    assert f'UserKnownHostsFile "{tmp_path}/100%%"' in text
    assert "StrictHostKeyChecking yes" in text
    assert known_hosts(nodes, "ssh-ed25519 AAAA").splitlines() == [
        "ncn-m001,[127.0.3.1]:2222 ssh-ed25519 AAAA",
        "ncn-w001,[127.0.3.2]:2222 ssh-ed25519 AAAA",
    ]
