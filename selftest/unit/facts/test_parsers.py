# SPDX-License-Identifier: Apache-2.0
"""Every fact: real answers are read, and any bytes at all give a value or a reason, never an exception."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdumpcheck.evidence import Evidence, Output, Unknown
from kdumpcheck.facts import FACTS, Initrds, Kernels, Packages, Reservation, Rootraid, Sysconfig, System, Units
from kdumpcheck.facts.packages import release_numbers
from kdumpcheck.facts.sysconfig import statements

ROOT = "/run/initramfs/overlayfs"
UPPER = f"{ROOT}/LiveOS/overlay-SQFSRAID-5ca1ab1e-0000-4000-8000-000000000001"


#: What a node is asked for; an image tells of itself (selftest/unit/image).
PROBED = [name for name, fact in FACTS.items() if fact.sections]


@pytest.mark.parametrize("name", FACTS)
@given(noise=st.binary(max_size=600))
def test_any_bytes_are_survived(name: str, noise: bytes) -> None:
    fact = FACTS[name]
    outputs = {section.name: Output(noise, 0, 0.0, truncated=False) for section in fact.sections}
    fact.parse(Evidence("n", datetime(2026, 1, 1, tzinfo=UTC), "test", outputs=outputs, complete=True))


@pytest.mark.parametrize("name", PROBED)
def test_what_was_not_asked_is_unknown_with_a_reason(name: str, evidence_of: Callable[..., Evidence]) -> None:
    found = FACTS[name].parse(evidence_of({}))
    assert isinstance(found, Unknown)
    assert "no evidence" in found.reason


@pytest.mark.parametrize("name", PROBED)
@pytest.mark.parametrize(
    ("output", "why"),
    [
        (Output(b"x", 124, 10.0, truncated=False), "in time"),
        (Output(b"x" * 10, 141, 0.1, truncated=True), "was cut"),
        (Output(b"x", None, 0.0, truncated=False), "no whole evidence"),
    ],
)
def test_a_half_answer_is_no_answer(name: str, output: Output, why: str) -> None:
    outputs = {section.name: output for section in FACTS[name].sections}
    found = FACTS[name].parse(Evidence("n", datetime(2026, 1, 1, tzinfo=UTC), "test", outputs=outputs, complete=True))
    assert isinstance(found, Unknown)
    assert why in found.reason


def test_system(evidence_of: Callable[..., Evidence]) -> None:
    text = (
        "uname_s=Linux\nuname_n=ncn-w001\nuname_r=5.14.21-150500.55.39.1-default\nuname_m=x86_64\n"
        'uid=0\nnow=1795386020\nboot_id=ab-cd\nos_id="sles"\nos_version="15.5"\n'
    )
    system = System.parse(evidence_of({"system": text}))
    assert system == System(
        "Linux", "ncn-w001", "5.14.21-150500.55.39.1-default", "x86_64", 0, 1795386020, "ab-cd", "sles", "15.5"
    )


def test_reservation_as_captured(evidence_of: Callable[..., Evidence]) -> None:
    text = "kexec_crash_loaded=1\nkexec_crash_size=167772160\n  1d000000-26ffffff : Crash kernel\n"
    reservation = Reservation.parse(evidence_of({"reservation": text}))
    assert isinstance(reservation, Reservation)
    assert reservation.loaded
    assert reservation.reserved == 160 * 2**20


def test_reservation_in_two_regions_counts_both(evidence_of: Callable[..., Evidence]) -> None:
    # Older kernels count only the high region in kexec_crash_size.
    text = (
        "kexec_crash_loaded=0\nkexec_crash_size=536870912\n"
        "  2b000000-2f7fffff : Crash kernel\n  207f000000-209effffff : Crash kernel\n"
    )
    reservation = Reservation.parse(evidence_of({"reservation": text}))
    assert isinstance(reservation, Reservation)
    assert reservation.reserved == (512 + 72) * 2**20


def test_reservation_seen_without_privilege_falls_back_on_the_kernels_sum(evidence_of: Callable[..., Evidence]) -> None:
    text = "kexec_crash_loaded=1\nkexec_crash_size=4096\n  00000000-00000000 : Crash kernel\n"
    reservation = Reservation.parse(evidence_of({"reservation": text}))
    assert isinstance(reservation, Reservation)
    assert reservation.reserved == 4096


def test_the_kernels_complaint_is_kept(evidence_of: Callable[..., Evidence]) -> None:
    text = (
        "kexec_crash_loaded=0\nkexec_crash_size=0\n"
        "dmesg: [    0.0] Cannot reserve 256MB crashkernel low memory, please try smaller size.\n"
    )
    reservation = Reservation.parse(evidence_of({"reservation": text}))
    assert isinstance(reservation, Reservation)
    assert "Cannot reserve 256MB" in reservation.refusals[0]


def test_units_as_captured(evidence_of: Callable[..., Evidence]) -> None:
    text = (
        "Result=success\nExecMainStatus=0\nId=kdump.service\nLoadState=loaded\nActiveState=active\nSubState=exited\n"
        "UnitFileState=enabled\nActiveEnterTimestampMonotonic=33000000\nConditionResult=yes\n\n"
        "Result=success\nExecMainStatus=6\nId=kdump-early.service\nLoadState=loaded\nActiveState=active\n"
        "SubState=exited\nUnitFileState=enabled\nActiveEnterTimestampMonotonic=0\nConditionResult=yes\n\n"
        "Id=kdump-tools.service\nLoadState=not-found\nActiveState=inactive\nSubState=dead\n"
    )
    units = Units.parse(evidence_of({"settle": "waited=7\n", "units": text}))
    assert isinstance(units, Units)
    assert units.waited == 7
    assert units.get("kdump.service").state == "active (exited)"
    assert units.get("kdump.service").active_since == 33.0
    assert units.get("kdump-early.service").exit_status == 6
    assert not units.get("kdump-tools.service").exists
    assert not units.get("never-heard.service").exists


def test_packages_of_both_managers(evidence_of: Callable[..., Evidence]) -> None:
    text = (
        "asked\trpm\nrpm\tkernel-default\t5.14.21-150500.1\nrpm\tkernel-default\t5.14.21-150500.2\n"
        "rpm\tkdump\t1.0.2+git14-150500.3\npackage crash is not installed\n"
        "asked\tdeb\ndeb\tkexec-tools\t2.0.25\tinstalled\ndeb\tcrash\t\tnot-installed\n"
    )
    packages = Packages.parse(evidence_of({"packages": text}))
    assert isinstance(packages, Packages)
    assert packages.rpm["kernel-default"] == ("5.14.21-150500.1", "5.14.21-150500.2")
    assert packages.rpm["kdump"] == ("1.0.2+git14-150500.3",)
    assert "crash" not in packages.rpm
    assert packages.deb == {"kexec-tools": ("2.0.25",)}


@pytest.mark.parametrize(
    ("version", "numbers"),
    [
        ("1.0.2+git14.gb49d4a3-150500.3", (1, 0, 2)),
        ("0.9.0-150300.18.8.1", (0, 9, 0)),
        ("2.0.6-1", (2, 0, 6)),
        ("1.9", (1, 9)),
        ("", ()),
        ("git", ()),
    ],
)
def test_release_numbers(version: str, numbers: tuple[int, ...]) -> None:
    assert release_numbers(version) == numbers


def test_sysconfig_quotes_and_absence(evidence_of: Callable[..., Evidence]) -> None:
    live = 'KDUMP_SAVEDIR="file:///crash"\nKDUMP_CPUS=1\nKDUMP_COMMANDLINE_APPEND=\'a b="c"\' # why\nKDUMP_BAD="open\n'
    sysconfig = Sysconfig.parse(evidence_of({"sysconfig.live": live, "sysconfig.image": "#absent\n"}))
    assert isinstance(sysconfig, Sysconfig)
    assert sysconfig.live["KDUMP_SAVEDIR"] == "file:///crash"
    assert sysconfig.live["KDUMP_COMMANDLINE_APPEND"] == 'a b="c"'
    assert sysconfig.live["KDUMP_BAD"] == '"open'
    assert sysconfig.image is None


#: A file, and what the shell that sources it knows then.
SOURCED = {
    'KDUMP_CPUS=1\nKDUMP_COMMANDLINE_APPEND="a \\\n  b" # why\nKDUMP_VERBOSE=3\n': {
        "KDUMP_CPUS": "1", "KDUMP_COMMANDLINE_APPEND": "a   b", "KDUMP_VERBOSE": "3"
    },
    'KDUMP_COMMANDLINE_APPEND="a\nb\nc"\nKDUMP_CPUS=1': {"KDUMP_COMMANDLINE_APPEND": "a b c", "KDUMP_CPUS": "1"},
    "KDUMP_COMMANDLINE='a\nb'\nKDUMP_CPUS=1\n": {"KDUMP_COMMANDLINE": "a b", "KDUMP_CPUS": "1"},
    'KDUMP_COMMANDLINE_APPEND="a"\nKDUMP_COMMANDLINE_APPEND+=" b"\n': {"KDUMP_COMMANDLINE_APPEND": "a b"},
    'KDUMP_COMMANDLINE="x"\nKDUMP_COMMANDLINE="${KDUMP_COMMANDLINE} y $OTHER"\n': {"KDUMP_COMMANDLINE": "x y $OTHER"},
    "KDUMP_COMMANDLINE='$KDUMP_COMMANDLINE'\n": {"KDUMP_COMMANDLINE": "$KDUMP_COMMANDLINE"},
    'KDUMP_PRESCRIPT="say \\"no\\""\nKDUMP_CPUS=1\n': {"KDUMP_PRESCRIPT": 'say "no"', "KDUMP_CPUS": "1"},
    'KDUMP_SAVEDIR="file:///crash"\r\nKDUMP_CPUS=1\r\n': {"KDUMP_SAVEDIR": "file:///crash\r", "KDUMP_CPUS": "1\r"},
    '# KDUMP_CPUS="1\nOTHER="a\nKDUMP_CPUS=2\n': {"KDUMP_CPUS": "2"},
}  # fmt: skip


@pytest.mark.parametrize("text", SOURCED)
def test_sysconfig_is_read_as_the_shell_does(text: str, evidence_of: Callable[..., Evidence], tmp_path: Path) -> None:
    file = tmp_path / "kdump"
    file.write_bytes(text.encode())
    script = Sysconfig.sections[0].script.replace("/etc/sysconfig/kdump", str(file))
    told = subprocess.run(["sh", "-c", script], capture_output=True, timeout=60, check=True).stdout.decode()
    assert told.rstrip("\n").split("\n") == list(statements(text))
    sysconfig = Sysconfig.parse(evidence_of({"sysconfig.live": told, "sysconfig.image": "#absent\n"}))
    assert isinstance(sysconfig, Sysconfig)
    assert sysconfig.live == SOURCED[text]


def test_lines_that_double_each_other_do_not_fill_the_memory(evidence_of: Callable[..., Evidence]) -> None:
    doubled = 'KDUMP_COMMANDLINE="crash"\n' + 'KDUMP_COMMANDLINE="$KDUMP_COMMANDLINE$KDUMP_COMMANDLINE"\n' * 22
    sysconfig = Sysconfig.parse(evidence_of({"sysconfig.live": doubled, "sysconfig.image": "#absent\n"}))
    assert isinstance(sysconfig, Sysconfig)
    assert len(sysconfig.live["KDUMP_COMMANDLINE"]) < 2**20


def test_a_password_of_two_lines_does_not_leave_the_node(tmp_path: Path) -> None:
    file = tmp_path / "kdump"
    file.write_text('KDUMP_SMTP_PASSWORD="my\nsecret"\nKDUMP_SMTP_PASSWORD+=secret\nKDUMP_CPUS=1\n')
    script = Sysconfig.sections[0].script.replace("/etc/sysconfig/kdump", str(file))
    told = subprocess.run(["sh", "-c", script], capture_output=True, timeout=60, check=True, text=True).stdout
    assert told.count("[redacted]") == 2
    assert "secret" not in told


def test_rootraid_with_good_links(evidence_of: Callable[..., Evidence]) -> None:
    text = (
        f"device=/dev/md127\nupper={UPPER}\n"
        f"mount\t/mnt/bind\t/LiveOS\trw,relatime\nmount\t/mnt/second\t/\tro\nmount\t{ROOT}\t/\trw,relatime\n"
        f"path\t{ROOT}/boot\tsymbolic link\t./LiveOS/x/boot\t{UPPER}/boot\n"
        f"path\t{ROOT}/crash\tdirectory\t\t{ROOT}/crash\n"
    )
    rootraid = Rootraid.parse(evidence_of({"rootraid": text}))
    assert isinstance(rootraid, Rootraid)
    assert rootraid.mount is not None
    assert rootraid.mount.point == ROOT
    assert rootraid.link("/boot").is_relative
    assert rootraid.link("/crash").description.endswith("is a directory")
    assert rootraid.link("/else").kind == "absent"


def test_rootraid_absent_and_unmounted(evidence_of: Callable[..., Evidence]) -> None:
    absent = Rootraid.parse(evidence_of({"rootraid": ""}))
    unmounted = Rootraid.parse(evidence_of({"rootraid": "device=/dev/md127\nupper=\n"}))
    assert isinstance(absent, Rootraid)
    assert isinstance(unmounted, Rootraid)
    assert (absent.device, absent.mount) == ("", None)
    assert (unmounted.device, unmounted.mount) == ("/dev/md127", None)


def test_mount_points_with_blanks_are_undone(evidence_of: Callable[..., Evidence]) -> None:
    rootraid = Rootraid.parse(evidence_of({"rootraid": "device=/dev/x\nmount\t/mnt/a\\040b\\134c\t/\trw\n"}))
    assert isinstance(rootraid, Rootraid)
    assert rootraid.mounts[0].point == "/mnt/a b\\c"


def test_kernels(evidence_of: Callable[..., Evidence]) -> None:
    assert Kernels.parse(evidence_of({"kernels": "running=6.1\nkver=6.1\n"})) == Kernels("6.1", "6.1")
    assert Kernels.parse(evidence_of({"kernels": "running=6.1\n"})) == Kernels("6.1", None)
    assert Kernels.parse(evidence_of({"kernels": "running=6.1\nkver=\n"})) == Kernels("6.1", "")


def test_initrds(evidence_of: Callable[..., Evidence]) -> None:
    text = (
        "initrd\t/boot/initrd-6.1-kdump\tregular file\t17324176\t1795381766\tfd377a585a00\n"
        "initrd\t/boot/initrd-5.3-kdump\tregular empty file\t0\t1795381766\t\n"
    )
    initrds = Initrds.parse(evidence_of({"initrds": text, "initrd-sources": "source\t/etc/hosts\t12\n"}))
    assert isinstance(initrds, Initrds)
    first = initrds.get("/boot/initrd-6.1-kdump")
    assert first is not None
    assert (first.format, first.size) == ("xz", 17324176)
    assert initrds.found[1].format is None
    assert initrds.sources == {"/etc/hosts": 12}
    assert initrds.get("/nowhere") is None
