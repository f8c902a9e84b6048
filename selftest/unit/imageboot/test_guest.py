# SPDX-License-Identifier: Apache-2.0
"""The node an image boots as: what it is reached by, how its boot is watched, and that nothing of it is left."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from selftest.unit.image.made import CMDLINE

from kdumpcheck.image import Beside, ImageError
from kdumpcheck.imageboot import Guest, Shipped, made_ready, until_up
from kdumpcheck.imageboot.guest import remove_orphans
from kdumpcheck.lab.errors import LabError
from kdumpcheck.lab.process import Process


@pytest.fixture(name="shipped")
def _shipped(tmp_path: Path) -> Shipped:
    for name in ("image", "vmlinuz", "initrd"):
        (tmp_path / name).write_bytes(b"hsqs")
    return Shipped.of(tmp_path / "image", Beside(tmp_path / "vmlinuz", tmp_path / "initrd", CMDLINE))


@pytest.fixture(name="guest")
def _guest(shipped: Shipped, tmp_path: Path) -> Iterator[Guest]:
    guest = made_ready("image-booted", shipped, 1024, tmp_path)
    yield guest
    if guest.state.root.exists():
        guest.end()


def no_word(_line: str) -> None:
    """Nobody listens."""


def test_it_is_reached_like_any_node(guest: Guest) -> None:
    node = guest.inventory().nodes["image-booted"]
    assert (node.address, node.user) == (guest.record.address, "root")
    assert node.address is not None
    assert node.address.startswith("127.")
    assert node.bmc is not None
    assert node.bmc.startswith("127.")
    assert node.identity_file is not None
    assert Path(node.identity_file).stat().st_mode & 0o777 == 0o600
    assert f"image-booted,[{node.address}]:2222 ssh-ed25519 " in guest.state.known_hosts.read_text()


def test_nothing_is_left_of_it(guest: Guest, tmp_path: Path) -> None:
    guest.end()
    assert list((tmp_path / "image-boot").iterdir()) == []


def test_what_a_killed_run_left_is_ended_by_the_next(shipped: Shipped, tmp_path: Path) -> None:
    homes = tmp_path / "image-boot"
    orphan = homes / f"{os.getpid()}-1" / "lab" / "nodes"
    orphan.mkdir(parents=True)
    guest = made_ready("image-booted", shipped, 1024, tmp_path)
    assert not orphan.exists()
    remove_orphans(homes)
    assert guest.directory.is_dir(), "a run that goes on keeps what it has"
    guest.end()


@pytest.mark.parametrize("name", ["image", "vmlinuz", "initrd"])
def test_what_is_no_file_is_refused_before_anything_is_made(shipped: Shipped, tmp_path: Path, name: str) -> None:
    (tmp_path / name).unlink()
    (tmp_path / name).mkdir()
    with pytest.raises(ImageError, match=rf"{name}: --image-boot boots a SquashFS file"):
        made_ready("image-booted", shipped, 1024, tmp_path)
    assert not (tmp_path / "image-boot").exists()


@pytest.fixture(name="on")
def _on(guest: Guest) -> Guest:
    """A guest whose virtual machine seems to run: this very process stands in for QEMU, and nothing listens."""
    me = Process.of(os.getpid())
    assert me is not None
    me.save(guest.directory)
    return guest


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (
            b"Kernel panic - not syncing: VFS: no root\r\n",
            "its kernel panicked: Kernel panic - not syncing: VFS",
        ),
        (
            b"dracut: Warning: x\r\nEntering emergency mode. Exit",
            "waits for somebody at its console: Entering",
        ),
        (b"\x1b[1mYou are in emergency mode.\x1b[0m\n", "You are in emergency mode."),
        (b"         Press [Enter] to continue", "it waits for somebody at its console: Press [Enter]"),
    ],
)
def test_a_console_that_says_it_goes_no_further_ends_the_wait(on: Guest, said: bytes, told: str) -> None:
    on.console.write_bytes(b"[    0.000000] Linux version 5.14.21\n" + said)
    with pytest.raises(LabError) as ended:
        until_up(on, 60, no_word)
    assert told in str(ended.value)
    forget(on)


def test_a_node_that_does_not_answer_is_waited_for_so_long_and_no_longer(on: Guest) -> None:
    on.console.write_bytes(b"one\n\x1b[31mA start job is running for /dev/disk\x1b[0m\n\n")
    with pytest.raises(LabError, match=r"did not answer within 0\.3 s; its console says: A start job is running"):
        until_up(on, 0.3, no_word)
    forget(on)


def test_a_node_that_went_off_is_told_with_its_last_words(guest: Guest) -> None:
    guest.console.write_bytes(b"reboot: Power down\n")
    with pytest.raises(LabError, match="went off while it booted; its console ended: reboot: Power down"):
        until_up(guest, 60, no_word)


def forget(guest: Guest) -> None:
    """This process must not be ended as if it were QEMU."""
    (guest.directory / "process.json").unlink()
