# SPDX-License-Identifier: Apache-2.0
"""Where dumps lie, asked of trees that look like nodes, by every shell; and what is read of what lies there."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from selftest.unit.layout import laid_out

from kdumpcheck.evidence import Evidence
from kdumpcheck.facts import Dumps
from kdumpcheck.facts.dumps import SECTION
from kdumpcheck.places import PLACES, find, kdump_conf, named, rootraid

EvidenceOf = Callable[..., Evidence]
SHELLS = ("dash", "bash", "busybox sh")
NAMES = {
    "rootraid": ("2026-11-28-19:20", "2026-11-28-19-20"),
    "coredir": ("202611281920",),
    "kdump_conf": ("127.0.0.1-2026-11-28-19:20:59",),
}


def test_a_name_is_of_one_layout_alone() -> None:
    for layout, names in NAMES.items():
        for name in names:
            place = named(name)
            assert place is not None
            assert place.name == layout
            assert [each.name for each in PLACES if each.names_a_dump(name)] == [layout]
    assert named("202613992562") is None
    assert named("lost+found") is None


@pytest.mark.parametrize("shell", SHELLS)
def test_a_machine_without_any_has_none(shell: str) -> None:
    script = find(rootraid.PLACE) + 'find_place\nlook_in_parents echo\nprintf \'<%s%s%s>\' "$layout" "$point" "$day"\n'
    assert run(shell, script) == "<>"


def run(shell: str, script: str) -> str:
    done = subprocess.run([*shell.split(), "-uc", script], capture_output=True, text=True, timeout=30, check=True)
    assert done.stderr == ""
    return done.stdout


@pytest.fixture
def rhel(tmp_path: Path) -> Path:
    """A node with kdump-utils, and a second disk that is mounted below it."""
    for place in ("usr/bin", "etc", "var/crash", "mnt/dumps/saved"):
        (tmp_path / place).mkdir(parents=True)
    (tmp_path / "usr/bin/kdumpctl").touch()
    (tmp_path / "etc/kdump.conf").touch()
    return tmp_path


def asked(rhel: Path, conf: str, shell: str) -> str:
    """What the layout finds with such a kdump.conf; one disk is mounted."""
    (rhel / "etc/kdump.conf").write_text(conf)
    script = find(kdump_conf.PLACE).replace("/usr/bin/kdumpctl", f"{rhel}/usr/bin/kdumpctl")
    script = script.replace("/etc/kdump.conf", f"{rhel}/etc/kdump.conf")
    mounted = f'findmnt() {{ case $* in *UUID=1234*|*"/dev/sdb1"*) echo {rhel}/mnt/dumps ;; esac; }}\n'
    return run(shell, f'{mounted}{script}find_place\nprintf \'%s %s\' "$layout" "$shown"\n')


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("conf", "where"),
    [
        ("core_collector makedumpfile -l -d 31\n", "/var/crash"),
        ("#path /srv\npath /  \n", "/"),
        ("path @/var/crash # here\n", "@/var/crash"),
        ("xfs UUID=1234\npath saved\n", "@/mnt/dumps/saved"),
        ("  ext4\t/dev/sdb1 # a comment\npath /saved\n", "@/mnt/dumps/saved"),
    ],
)
def test_kdump_conf_says_where(rhel: Path, conf: str, where: str, shell: str) -> None:
    assert asked(rhel, conf.replace("@", str(rhel)), shell) == f"kdump_conf {where.replace('@', str(rhel))}"


@pytest.mark.parametrize(
    "conf", ["nfs server:/export\n", "ssh root@server\n", "raw /dev/sdc1\n", "xfs UUID=not-mounted\npath /saved\n"]
)
def test_what_is_not_saved_to_a_directory_here_is_nowhere(rhel: Path, conf: str) -> None:
    assert asked(rhel, conf, "dash") == " "


@pytest.mark.parametrize("shell", SHELLS)
def test_dumps_of_kdump_utils_are_listed(rhel: Path, shell: str, evidence_of: EvidenceOf) -> None:
    good, half = (rhel / "var/crash" / f"127.0.0.1-2026-11-2{day}-19:20:59" for day in (7, 8))
    for dump, files in ((good, ("vmcore", "vmcore-dmesg.txt", "kexec-dmesg.log")), (half, ("vmcore-incomplete",))):
        dump.mkdir()
        for name in files:
            (dump / name).write_bytes(b"x" * 9)
    script = laid_out(SECTION.script, kdump_conf.PLACE, rhel / "var/crash")
    found = Dumps.parse(evidence_of({"dumps": run(shell, script).encode()}))
    assert isinstance(found, Dumps)
    assert {dump.name: dump.problem for dump in found.visible} == {
        good.name: "",
        half.name: "vmcore-incomplete: it was not saved to its end",
    }
