# SPDX-License-Identifier: Apache-2.0
"""The stand-in for kdump from 1.9 on: its shell files, run here without a node."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from kdumpcheck.lab.image.content import GUEST

LAYER = GUEST / "kdump"
MODULE = LAYER / "usr/lib/dracut/modules.d/99kdump"
READ_CONFIG = LAYER / "usr/lib/kdump/kdump-read-config.sh"
ROOTRAID = "/run/initramfs/overlayfs"


def sh(program: str, *arguments: str, shell: str = "bash") -> subprocess.CompletedProcess[str]:
    return subprocess.run([shell, "-c", program, *arguments], capture_output=True, text=True, check=False, timeout=600)


def rewritten(path: Path, places: dict[str, Path]) -> str:
    """A script of the node with some of its absolute paths put elsewhere."""
    text = path.read_text()
    for old, new in places.items():
        assert old in text, old
        text = text.replace(old, str(new))
    return text


@pytest.mark.parametrize("shell", ["dash", "bash"])
def test_the_configuration_is_printed_whole_with_the_path_last(tmp_path: Path, shell: str) -> None:
    config = tmp_path / "kdump"
    config.write_text('KDUMP_SAVEDIR="file:///a/b nfs://x/y"\nKDUMP_COMMANDLINE_APPEND="it\'s panic=10"\n')
    text = rewritten(READ_CONFIG, {"/etc/sysconfig/kdump": config})
    done = sh(text, "kdump-read-config.sh", "--print", shell=shell)
    lines = done.stdout.splitlines()
    assert done.returncode == 0, done.stderr
    assert len(lines) == 34
    assert lines[:30] == sorted(lines[:30])
    assert lines[-4:] == ["KDUMPTOOL_FLAGS=''", "KDUMP_COPY_KERNEL=''", "KDUMP_PROTO=file", "KDUMP_SAVEDIR='/a/b'"]
    said = sh(f'{done.stdout}\nprintf %s "$KDUMP_COMMANDLINE_APPEND"')
    assert said.stdout == "it's panic=10"


def test_the_nodes_own_configuration_names_a_place_below_rootraid() -> None:
    text = rewritten(READ_CONFIG, {"/etc/sysconfig/kdump": LAYER / "etc/sysconfig/kdump"})
    done = sh(text, "kdump-read-config.sh", "--print")
    assert done.stdout.splitlines()[-1] == f"KDUMP_SAVEDIR='{ROOTRAID}/var/crash'"


@pytest.fixture
def node(tmp_path: Path) -> Path:
    """A kernel, an initrd built for it, and a configuration older than that."""
    for name, age in (("vmlinuz-1", 500), ("sysconfig", 300), ("initrd", 100)):
        (tmp_path / name).write_text("")
        stamp = 1_700_000_000 - age
        os.utime(tmp_path / name, (stamp, stamp))
    (tmp_path / "kernel").symlink_to("vmlinuz-1")
    (tmp_path / "sysconfig").write_text(f'KDUMP_SAVEDIR="file://{tmp_path}/dumps"\n')
    os.utime(tmp_path / "sysconfig", (1_699_999_700, 1_699_999_700))
    return tmp_path


def mkdumprd(node: Path, *arguments: str, findmnt: str = f"/dev/md127 {ROOTRAID} xfs rw") -> tuple[int, str]:
    """Run the node's mkdumprd with a dracut that only says how it was called; exit status and what it said."""
    read = {"/etc/sysconfig/kdump": node / "sysconfig", "/var/lib/kdump": node, "/boot/vmlinuz": node / "vmlinuz"}
    (node / "read-config.sh").write_text(rewritten(READ_CONFIG, read))
    own = {"/usr/lib/kdump/kdump-read-config.sh": node / "read-config.sh"}
    program = f"""
        findmnt() {{ echo "{findmnt}"; }}
        dracut() {{ printf '%s\\n' "$@" >{node}/called; }}
        {rewritten(LAYER / "usr/sbin/mkdumprd", own)}
    """
    done = sh(program, "mkdumprd", "-K", str(node / "vmlinuz-1"), *arguments)
    called = node / "called"
    return done.returncode, called.read_text() if called.exists() else done.stderr


def test_a_fresh_initrd_is_left_alone(node: Path) -> None:
    assert mkdumprd(node) == (0, "")
    assert not (node / "called").exists()


def test_a_newer_kernel_image_alone_makes_no_initrd_stale(node: Path) -> None:
    os.utime(node / "vmlinuz-1", (1_700_001_000, 1_700_001_000))
    assert mkdumprd(node) == (0, "")


@pytest.mark.parametrize("why", ["missing", "configuration", "other-kernel", "no-link", "force"])
def test_a_stale_initrd_is_built(node: Path, why: str) -> None:
    if why == "missing":
        (node / "initrd").unlink()
    if why == "configuration":
        os.utime(node / "sysconfig", (1_700_001_000, 1_700_001_000))
    if why in ("other-kernel", "no-link"):
        (node / "kernel").unlink()
    if why == "other-kernel":
        (node / "kernel").symlink_to("vmlinuz-0")
    status, called = mkdumprd(node, *(["-f"] if why == "force" else []))
    assert status == 0
    assert called.splitlines()[:6] == [
        "--force",
        "--hostonly",
        "--hostonly-cmdline",
        "--no-hostonly-default-device",
        "--add",
        "kdump",
    ]
    assert called.splitlines()[-2:] == [str(node / "initrd"), "1"]
    assert (node / "kernel").readlink() == node / "vmlinuz-1"


@pytest.mark.parametrize(
    ("findmnt", "line"),
    [
        (f"/dev/no-such {ROOTRAID} xfs rw,noquota", f"/dev/no-such /kdump/mnt{ROOTRAID} xfs rw,noquota"),
        ("LiveOS_rootfs / overlay rw,lowerdir=/x", "LiveOS_rootfs /kdump/mnt/ overlay rw,lowerdir=/x"),
    ],
    ids=["rootraid", "overlay"],
)
def test_the_mount_is_what_is_mounted_now(node: Path, findmnt: str, line: str) -> None:
    _, called = mkdumprd(node, "-f", findmnt=findmnt)
    words = called.splitlines()
    assert words[words.index("--mount") + 1] == line
    assert (node / "dumps").is_dir()


def test_an_unknown_mount_is_an_error_and_builds_nothing(node: Path) -> None:
    status, said = mkdumprd(node, "-f", findmnt="")
    assert status == 1
    assert "cannot tell what" in said


def test_a_network_target_is_refused_in_one_line(node: Path) -> None:
    (node / "sysconfig").write_text('KDUMP_SAVEDIR="nfs://server/dumps"\n')
    status, said = mkdumprd(node, "-f")
    assert (status, said) == (1, "mkdumprd: this stand-in saves to local targets only, not to nfs\n")


def load(
    tmp_path: Path, *, reserved: int = 1, files: bool = True, kexec: str = ":"
) -> subprocess.CompletedProcess[str]:
    """Run the node's load.sh with a kexec of ours."""
    (tmp_path / "size").write_text(f"{reserved}\n")
    (tmp_path / "cmdline").write_text("root=live:x crashkernel=160M quiet BOOT_IMAGE=y mem=1G console=ttyS0\n")
    if files:
        for name in ("initrd", "kernel"):
            (tmp_path / name).write_text("")
    read = {"/etc/sysconfig/kdump": tmp_path / "none", "/var/lib/kdump": tmp_path}
    (tmp_path / "read-config.sh").write_text(rewritten(READ_CONFIG, read))
    (tmp_path / "kexec").write_text(f"#!/bin/sh\nprintf '%s\\n' \"$@\" >{tmp_path}/called\n{kexec}\n")
    (tmp_path / "kexec").chmod(0o755)
    places = {
        "/usr/lib/kdump/kdump-read-config.sh": tmp_path / "read-config.sh",
        "/sys/kernel/kexec_crash_size": tmp_path / "size",
        "/proc/cmdline": tmp_path / "cmdline",
        "/proc/sys/kernel/panic_on_oops": tmp_path / "oops",
        "/run/udev/rules.d": tmp_path / "rules",
        "/usr/lib/kdump/70-kdump.rules": LAYER / "usr/lib/kdump/70-kdump.rules",
        '/sbin/kexec -p "$(': Path(f'{tmp_path}/kexec -p "$('),
    }
    return sh(rewritten(LAYER / "usr/lib/kdump/load.sh", places), "load.sh", "--shrink", shell="dash")


def test_loading_strips_the_command_line_and_lets_kexec_choose_the_call(tmp_path: Path) -> None:
    done = load(tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    words = (tmp_path / "called").read_text().splitlines()
    assert words[0] == "-p"
    assert words[-1] == "-a"
    append = words[2].removeprefix("--append=").split()
    assert append[:3] == ["quiet", "console=ttyS0", "sysrq=yes"]
    assert append[-1] == "panic=1"
    assert "root=kdump" in append
    assert (tmp_path / "oops").read_text() == "1\n"


def test_without_a_reservation_it_says_so_and_exits_1(tmp_path: Path) -> None:
    done = load(tmp_path, reserved=0)
    assert (done.returncode, done.stderr) == (1, "No crashkernel memory reserved, Kdump cannot start.\n")


def test_without_an_initrd_it_exits_6(tmp_path: Path) -> None:
    assert load(tmp_path, files=False).returncode == 6


def test_a_kexec_that_fails_is_told_and_arms_nothing(tmp_path: Path) -> None:
    done = load(tmp_path, kexec="echo no memory >&2; exit 255")
    assert (done.returncode, done.stderr) == (255, "no memory\n")
    assert not (tmp_path / "oops").exists()


def save(tmp_path: Path, config: str = "", makedumpfile: str = ":", free: str = "1000*1048576") -> Path:
    """Run kdump-save on a made-up vmcore; the directory of the dumps."""
    (tmp_path / "vmcore").write_bytes(b"ELF\0OSRELEASE=6.4.0-1-default\nCRASHTIME=1700000000\n\0")
    (tmp_path / "hostname").write_text("ncn-w001\n")
    read = rewritten(READ_CONFIG, {"/etc/sysconfig/kdump": tmp_path / "sysconfig"})
    (tmp_path / "sysconfig").write_text(f'KDUMP_SAVEDIR="file:///crash"\n{config}\n')
    (tmp_path / "kdump.conf").write_text(sh(read, "x", "--print").stdout)
    places = {
        "/etc/kdump.conf": tmp_path / "kdump.conf",
        "/proc/vmcore": tmp_path / "vmcore",
        "/kdump/mnt": tmp_path / "mnt",
        "/etc/hostname.kdump": tmp_path / "hostname",
    }
    program = f"""
        export TZ=UTC
        sync() {{ :; }}
        stat() {{ echo '{free}'; }}
        makedumpfile() {{
            echo "$*" >>{tmp_path}/called
            if [ "$1" = --dump-dmesg ]; then echo log >"$3"; else echo core; {makedumpfile}; fi
        }}
        {rewritten(MODULE / "kdump-save", places)}
    """
    done = sh(program)
    assert done.returncode == 0, done.stderr
    return tmp_path / "mnt/crash"


def test_a_dump_is_saved_with_its_status(tmp_path: Path) -> None:
    dump = save(tmp_path) / "2023-11-14-22-13"
    assert sorted(path.name for path in dump.iterdir()) == ["README.txt", "dmesg", "vmcore"]
    assert {path.stat().st_mode & 0o777 for path in dump.iterdir()} == {0o600}
    lines = (dump / "README.txt").read_text().splitlines()
    assert lines[:6] == [
        "Kernel crashdump",
        "----------------",
        "dmesg status: saved successfully",
        "vmcore status: saved successfully",
        "Kernel version: 6.4.0-1-default",
        "Crash time: 2023-11-14T22:13:20",
    ]
    assert re.fullmatch(r"Dump time: \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", lines[6])
    assert lines[7:] == [
        "Host: ncn-w001",
        "Dump level: 31",
        "Dump format: compressed",
        "Note: vmcore saved in makedumpfile flattened format",
    ]
    assert "\n-F -d 31 -c --message-level 6 " in (tmp_path / "called").read_text()


@pytest.mark.parametrize(
    ("config", "makedumpfile", "free", "status", "files"),
    [
        ("", "return 1", "1000*1048576", "error while saving", ["README.txt", "dmesg", "vmcore"]),
        ("", ":", "63*1048576", "deleted (63 < KDUMP_FREE_DISK_SIZE 64)", ["README.txt", "dmesg"]),
        ("KDUMP_FREE_DISK_SIZE=10", ":", "63*1048576", "saved successfully", ["README.txt", "dmesg", "vmcore"]),
        ("KDUMP_DUMPFORMAT=none", ":", "1000*1048576", "skipped", ["README.txt", "dmesg"]),
    ],
    ids=["failed", "too-little-room", "room-enough", "none"],
)
def test_what_became_of_the_vmcore_stands_in_the_readme(
    tmp_path: Path, config: str, makedumpfile: str, free: str, status: str, files: list[str]
) -> None:
    dump = save(tmp_path, config, makedumpfile, free) / "2023-11-14-22-13"
    assert sorted(path.name for path in dump.iterdir()) == files
    assert f"vmcore status: {status}" in (dump / "README.txt").read_text().splitlines()


@pytest.mark.parametrize(("keep", "left"), [(0, 3), (2, 2), (-1, 0)])
def test_old_dumps_go_before_the_new_one_comes(tmp_path: Path, keep: int, left: int) -> None:
    base = tmp_path / "mnt/crash"
    old = [base / f"2022-01-0{day}-10-00" for day in (1, 2, 3)]
    for path in (*old, base / "2022-01-01-10:00", base / "notes"):
        path.mkdir(parents=True)
    save(tmp_path, f"KDUMP_KEEP_OLD_DUMPS={keep}")
    assert [path for path in old if path.exists()] == old[3 - left :]
    assert (base / "notes").exists()
    assert (base / "2022-01-01-10:00").exists()


def test_a_transfer_program_saves_in_kdumps_place(tmp_path: Path) -> None:
    base = save(tmp_path, f'KDUMP_TRANSFER="touch {tmp_path}/transferred"')
    assert (tmp_path / "transferred").exists()
    assert not base.exists()


def test_the_unit_is_wired_to_the_mount_and_to_emergency() -> None:
    unit = (MODULE / "kdump-save.service").read_text()
    for line in ("ConditionPathExists=/proc/vmcore", "Requires=local-fs.target", "OnFailure=emergency.target"):
        assert line in unit.splitlines()
