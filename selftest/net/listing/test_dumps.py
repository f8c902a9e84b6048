# SPDX-License-Identifier: Apache-2.0
"""`kdumpcheck dumps` over a real sshd, in whose own mounts a ROOTRAID with dumps is to be found."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from selftest.net.sshd import Sshd
from selftest.unit.dumps.made import BLOCK, RELEASE, compressed, flattened

from kdumpcheck.cli import main

Start = Callable[..., Sshd]

#: The probe finds ROOTRAID by its label's device number: here that of a tmpfs, which no device has.
_MOUNTS = """
mount -t tmpfs tmpfs /run
mkdir -p /run/sshd /run/initramfs/overlayfs
chmod 755 /run/sshd
mount -t tmpfs tmpfs /run/initramfs/overlayfs
number=$(mountpoint -d /run/initramfs/overlayfs)
mount -t tmpfs -o mode=755 tmpfs /dev
mknod -m 666 /dev/null c 1 3
mknod -m 666 /dev/zero c 1 5
mknod -m 666 /dev/urandom c 1 9
mkdir -p /dev/disk/by-label
mknod /dev/disk/by-label/ROOTRAID b "${number%:*}" "${number#*:}"
upper=/run/initramfs/overlayfs/LiveOS/overlay-SQFSRAID-1
mkdir -p $upper/var
cp -r DUMPS $upper/var/crash
ln -s $upper /run/overlayfs
"""
PAGES = 3000
WHOLE = flattened(compressed(PAGES), range(4 * BLOCK, 1 << 20, 6000))
#: Its end is as it must be; a page in its middle is not, which only a full look shows.
SPOILT = bytearray(compressed(PAGES))
SPOILT[4 * BLOCK + 24 * 700] ^= 0x40


@pytest.fixture
def node(start: Start, tmp_path: Path) -> Sshd:
    dumps = tmp_path / "dumps"
    for name, data in (("2026-11-20-08-50", WHOLE), ("2026-11-21-08-50", WHOLE[:-16]), ("2026-11-22-08-50", SPOILT)):
        (dumps / name).mkdir(parents=True)
        (dumps / name / "vmcore").write_bytes(data)
        (dumps / name / "README.txt").write_text("vmcore status: saved successfully\n")
        (dumps / name / "dmesg").write_text("[ 1.0] Kernel panic - not syncing: sysrq triggered crash\n")
    return start("node", prepare=_MOUNTS.replace("DUMPS", str(dumps)))


def listing(
    node: Sshd, tmp_path: Path, capsys: pytest.CaptureFixture[str], *more: str
) -> tuple[int, list[dict[str, str]]]:
    config = tmp_path / "ssh_config"
    config.write_text(
        f"Host ncn-w001\n HostName {node.address}\n Port {node.port}\n User root\n IdentitiesOnly yes\n"
        f" IdentityFile {node.user_key}\n UserKnownHostsFile {node.known_hosts}\n GlobalKnownHostsFile none\n"
    )
    code = main(["dumps", "--nodes", "ncn-w001", "--ssh-config", str(config), "--json", *more])
    (found,) = json.loads(capsys.readouterr().out)["nodes"]
    assert found["failure"] is None
    return code, found["dumps"]


def test_one_connection_and_one_exec_tell_which_dumps_are_whole(
    node: Sshd, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, dumps = listing(node, tmp_path, capsys)
    assert code == 1
    assert [(each["name"], each["verdict"], each["looked"]) for each in dumps] == [
        ("2026-11-22-08-50", "complete", "first"),
        ("2026-11-21-08-50", "incomplete", "first"),
        ("2026-11-20-08-50", "complete", "first"),
    ]
    assert {each["release"] for each in dumps} == {RELEASE}
    assert {each["panic"] for each in dumps} == {"Kernel panic - not syncing: sysrq triggered crash"}
    assert (node.logins(), node.log.read_text().count("Starting session: command")) == (1, 1)


def test_a_full_look_over_the_same_connection_shows_more(
    node: Sshd, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, dumps = listing(node, tmp_path, capsys, "--deep")
    assert code == 1
    assert [(each["name"], each["verdict"], each["looked"]) for each in dumps] == [
        ("2026-11-22-08-50", "corrupt", "deep"),
        ("2026-11-21-08-50", "incomplete", "deep"),
        ("2026-11-20-08-50", "complete", "deep"),
    ]
    assert "page 700 of 3000 lies where none can be" in dumps[0]["problem"]
    assert node.logins() == 1


def test_why_it_died_is_told_over_one_connection(
    node: Sshd, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    listing(node, tmp_path, capsys)
    config, logins = str(tmp_path / "ssh_config"), node.logins()
    assert main(["analyze", "ncn-w001", "2026-11-20-08-50", "--ssh-config", config, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["place"].startswith("ncn-w001:/")
    assert (told["verdict"], told["release"], told["log"]) == ("complete", RELEASE, "dmesg")
    assert [each["name"] for each in told["known"]] == ["sysrq"]
    assert told["crash"]["trouble"]
    assert node.logins() == logins + 1
    assert main(["analyze", "ncn-w001", "2020-01-01-00-00", "--ssh-config", config]) == 4
    assert "there is no dump 2020-01-01-00-00; there are 2026-11-22-08-50" in capsys.readouterr().err
