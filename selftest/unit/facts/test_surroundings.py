# SPDX-License-Identifier: Apache-2.0
"""What stands around kdump: boot words, kernel settings, watchdogs, the journal, disks, images."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from kdumpcheck.evidence import Evidence, Unknown
from kdumpcheck.facts import Boot, Images, Journal, Modules, Security, Storage, Sysconfig, Sysctls, System, Watchdogs
from kdumpcheck.facts.boot import Words

EvidenceOf = Callable[..., Evidence]
#: As a lab node answered.
CONTROLS = (
    "sysctl.panic=0\nsysctl.panic_on_oops=1\nsysctl.panic_on_warn=0\nsysctl.sysrq=4\nsysctl.kexec_load_disabled=0\n"
    "crash_kexec_post_notifiers=N\nlockdown=[none] integrity confidentiality\nselinux_enforce=0\n"
)


@pytest.mark.parametrize(
    ("line", "on"),
    [
        ("a rd.shell b", True),
        ("rd.shell=1", True),
        ("rd.shell=0", False),
        ("rd.shell=no", False),
        ("rd.shell rd.shell=0", False),
        ("rd.shells", False),
        ("quiet -- rd.shell", False),
    ],
)
def test_a_switch_is_read_as_dracut_reads_it(line: str, *, on: bool) -> None:
    assert Words.of(line).switched_on("rd.shell") is on


def test_boot(evidence_of: EvidenceOf) -> None:
    grub = "file=/metal/recovery/boot/grub2/grub.cfg\nlinux=/boot/kernel crashkernel=360M a=b\nlinux=/boot/other x\n"
    boot = Boot.parse(evidence_of({"cmdline": "crashkernel=512M,high crashkernel=72M,low\n", "grub": grub}))
    assert isinstance(boot, Boot)
    assert boot.running.values("crashkernel") == ("512M,high", "72M,low")
    assert boot.disk is not None
    assert boot.disk.values("crashkernel") == ("360M",)
    assert boot.disk.last("b") == ""
    unseen = Boot.parse(evidence_of({"cmdline": "quiet\n", "grub": ""}))
    assert isinstance(unseen, Boot)
    assert (unseen.disk, unseen.grub_file) == (None, "")


def test_controls_as_answered(evidence_of: EvidenceOf) -> None:
    evidence = evidence_of({"controls": CONTROLS})
    assert Sysctls.parse(evidence) == Sysctls(1, 0, notifiers_first=False)
    assert Security.parse(evidence) == Security("none", enforcing=False, kexec_disabled=False)
    assert Watchdogs.parse(evidence) == Watchdogs(())


def test_controls_of_a_locked_down_node(evidence_of: EvidenceOf) -> None:
    text = "sysctl.panic_on_oops=0\nsysctl.kexec_load_disabled=1\nlockdown=none [integrity]\nselinux_enforce=1\n"
    evidence = evidence_of({"controls": text})
    assert Security.parse(evidence) == Security("integrity", enforcing=True, kexec_disabled=True)
    assert isinstance(Sysctls.parse(evidence_of({"controls": "lockdown=[none]\n"})), Unknown)


def test_only_a_hardware_watchdog_outlives_the_crash(evidence_of: EvidenceOf) -> None:
    text = (
        "watchdog\twatchdog0\tiTCO_wdt\tactive\t30\nwatchdog\twatchdog1\tSoftware Watchdog\tactive\t60\n"
        "watchdog\twatchdog2\tHPE iLO2+ HW Watchdog Timer\tinactive\t30\n"
    )
    watchdogs = Watchdogs.parse(evidence_of({"controls": text}))
    assert isinstance(watchdogs, Watchdogs)
    assert [each.outlives_the_crash for each in watchdogs.found] == [True, False, False]
    assert watchdogs.found[0].description == "watchdog0 (iTCO_wdt, 30 s) active"


@pytest.mark.parametrize(
    "start",
    ["Starting kdump.service - Load kdump kernel and initrd...", "Starting Load kdump kernel and initrd..."],
)
def test_only_the_last_start_counts(evidence_of: EvidenceOf, start: str) -> None:
    bad = "kexec_file_load failed: Device or resource busy"
    earlier = Journal.parse(evidence_of({"journal": f"{start}\n{bad}\n{start}\n"}))
    now = Journal.parse(evidence_of({"journal": f"{start}\n{start}\n  {bad}\n"}))
    assert earlier == Journal(started=True, troubles=())
    assert now == Journal(started=True, troubles=(bad,))
    assert Journal.parse(evidence_of({"journal": ""})) == Journal(started=False, troubles=())
    assert isinstance(Journal.parse(evidence_of({"journal": "#no journalctl\n"})), Unknown)


def test_storage(evidence_of: EvidenceOf) -> None:
    text = "layer\tdm-0\tCRYPT-LUKS2-1\t\t\t\t\nlayer\tmd127\t\traid1\t2\t1\trecover\nlayer\tvdb\t\t\t\t\t\n"
    storage = Storage.parse(evidence_of({"storage": text}))
    assert isinstance(storage, Storage)
    crypt, array, disk = storage.layers
    assert crypt.obstacle.startswith("dm-0 is encrypted")
    assert array.array == "md127: raid1, 1 of 2 disks missing, recover"
    assert (disk.array, disk.obstacle) == ("", "")


def test_images(evidence_of: EvidenceOf) -> None:
    text = "image\t/boot/vmlinuz-6.1-default\nnamelist\tvmlinux-6.1-default.xz\nnamelist\tSystem.map-5.3-default\n"
    images = Images.parse(evidence_of({"images": text}))
    assert isinstance(images, Images)
    assert images.kernels == ("6.1-default",)
    assert images.namelist("6.1-default") == "vmlinux-6.1-default.xz"
    assert images.map("6.1-default") == ""


@pytest.mark.parametrize(
    ("line", "hooked"),
    [
        ('KDUMP_SAVEDIR="file:///crash"', "/crash"),
        ("KDUMP_SAVEDIR=file:///crash", ""),
        ("KDUMP_SAVEDIR='file:///crash'", ""),
        ('KDUMP_SAVEDIR="/var/crash"', ""),
    ],
)
def test_the_boot_hooks_pattern(evidence_of: EvidenceOf, line: str, hooked: str) -> None:
    sysconfig = Sysconfig.parse(evidence_of({"sysconfig.live": f"A=b\n{line}\n", "sysconfig.image": f"{line}\n"}))
    assert isinstance(sysconfig, Sysconfig)
    assert (sysconfig.live_hook, sysconfig.image_hook) == (hooked, hooked)


def test_system_knows_where_it_is(evidence_of: EvidenceOf) -> None:
    text = "uname_s=Linux\nuname_r=6\ncmdline=root=live:LABEL=x a=b\nvendor=HPE\npit=yes\n"
    system = System.parse(evidence_of({"system": text}))
    assert isinstance(system, System)
    assert (system.cmdline, system.vendor, system.pit, system.google) == ("root=live:LABEL=x a=b", "HPE", True, False)


def test_loaded_modules(evidence_of: EvidenceOf) -> None:
    text = "asked\tmodules\nloaded\txfs\nloaded\traid1\n"
    assert Modules.parse(evidence_of({"modules": text})) == Modules(frozenset({"xfs", "raid1"}))
    assert Modules.parse(evidence_of({"modules": "asked\tmodules\n"})) == Modules(frozenset())
    assert isinstance(Modules.parse(evidence_of({"modules": ""})), Unknown)
