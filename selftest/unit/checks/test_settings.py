# SPDX-License-Identifier: Apache-2.0
"""Each check of settings, boot, kernel, watchdogs, journal, disks and dumps: what passes it, what warns, what fails."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from kdumpcheck.catalogue import load_checks
from kdumpcheck.checks import Judge, Outcome, Result, Subject
from kdumpcheck.evidence import Evidence
from kdumpcheck.providers import suse, suse_legacy

CHECKS = {check.id: check for check in load_checks(Path(__file__).parents[3] / "tests" / "validation")}
ROOT = "/run/initramfs/overlayfs"
UPPER = f"{ROOT}/LiveOS/overlay-SQFSRAID-1"
CMDLINE = (
    "root=live:LABEL=SQFSRAID rd.live.overlay=LABEL=ROOTRAID metal.no-wipe=1 rd.live.dir=LiveOS "
    "crashkernel=512M,high crashkernel=72M,low"
)
SYSCONFIG = (
    'KDUMP_COMMANDLINE=""\nKDUMP_COMMANDLINE_APPEND="module_blacklist=mlx5_core,qed irqpoll rd.timeout=180 panic=10"\n'
    'KDUMP_IMMEDIATE_REBOOT="yes"\nKDUMP_CONTINUE_ON_ERROR="true"\nKDUMP_SAVEDIR="file:///crash"\n'
    'KDUMP_KEEP_OLD_DUMPS="5"\nKDUMP_FREE_DISK_SIZE="64"\nKDUMP_DUMPLEVEL="31"\nKDUMP_DUMPFORMAT="compressed"\n'
    'KDUMP_COPY_KERNEL="yes"\nKDUMP_TRANSFER=""\nKDUMP_PRESCRIPT=""\nKDUMP_REQUIRED_PROGRAMS=""\n'
)
DUMP = f"{UPPER}/var/crash/2026-11-22-22:21"
#: A healthy node of the older line.
HEALTHY = {
    "system": f"uname_s=Linux\nuname_r=6.1-default\nuname_n=ncn-w001\ncmdline={CMDLINE}\n",
    "cmdline": f"{CMDLINE}\n",
    "grub": f"file=/metal/recovery/boot/grub2/grub.cfg\nlinux=/boot/kernel {CMDLINE}\n",
    "sysconfig.live": SYSCONFIG,
    "sysconfig.image": SYSCONFIG,
    "kernels": "running=6.1-default\nlink /boot/vmlinuz=/boot/vmlinuz-6.1-default\nkver=6.1-default\n",
    "packages": "asked\trpm\nrpm\tkdump\t1.0.2-1\nrpm\tkernel-default\t6.1.1\n",
    "images": "image\t/boot/vmlinuz-6.1-default\nnamelist\tvmlinux-6.1-default.gz\nnamelist\tSystem.map-6.1-default\n",
    "controls": "sysctl.panic_on_oops=1\nsysctl.panic_on_warn=0\nsysctl.kexec_load_disabled=0\n"
    "crash_kexec_post_notifiers=N\nlockdown=[none] integrity\nwatchdog\twatchdog0\tiTCO_wdt\tinactive\t30\n",
    "journal": "Starting kdump.service - Load kdump kernel and initrd...\n",
    "storage": "layer\tmd127\t\traid1\t2\t0\tidle\nlayer\tvdb\t\t\t\t\t\n",
    "contents": "initrd\t/boot/initrd-6.1-default-kdump\nfile\tusr/bin/logger\t100\nend\t0\nbytes\t100\nunpacked\t0\n",
    # 600 MiB of memory, 350 MiB of them free: a dump of at most 110 MiB or so.
    "dumps": "free=230000\nblock=4096\ninodes=500\ninodes_free=400\nmem.MemTotal=614400\nmem.MemFree=358400\n"
    f"mem.Cached=204800\nmem.AnonPages=10240\nshown={UPPER}/var/crash\nplace\t{UPPER}/var/crash\t1\ndump\t{DUMP}\n"
    f"file\t{DUMP}/README.txt\t186\nfile\t{DUMP}/vmcore\t18606639\n",
}
OF_MINE = [
    check_id
    for check_id in CHECKS
    if check_id.startswith(("config.", "boot.", "dumps.", "kernel.", "watchdog."))
    or check_id in ("service.journal", "rootraid.healthy")
]
PASS, WARN, FAIL, SKIP, ERROR = Outcome.PASS, Outcome.WARN, Outcome.FAIL, Outcome.SKIP, Outcome.ERROR


def judged(
    evidence_of: Callable[..., Evidence], check_id: str, sections: dict[str, str], *, newer: bool = False
) -> Result:
    provider = suse.PROVIDER if newer else suse_legacy.PROVIDER
    # Alone, so that nothing else explains it away.
    return Judge([CHECKS[check_id]]).judge(CHECKS[check_id], Subject(evidence_of(sections), lambda _: provider))


def changed(section: str, old: str, new: str) -> dict[str, str]:
    assert old in HEALTHY[section], f"{old!r} is not in {section}"
    return {**HEALTHY, section: HEALTHY[section].replace(old, new)}


@pytest.mark.parametrize("check_id", OF_MINE)
def test_a_healthy_node_passes(evidence_of: Callable[..., Evidence], check_id: str) -> None:
    result = judged(evidence_of, check_id, HEALTHY)
    assert result.outcome is PASS, result.message


@pytest.mark.parametrize("check_id", [each for each in OF_MINE if each != "boot.namelist"])
def test_a_healthy_node_of_the_newer_line_passes(evidence_of: Callable[..., Evidence], check_id: str) -> None:
    text = SYSCONFIG.replace("file:///crash", f"file://{ROOT}/var/crash").replace("rd.timeout=180 ", "")
    text = text.replace('OLD_DUMPS="5"', "OLD_DUMPS=0").replace("yes", "true")
    result = judged(evidence_of, check_id, {**HEALTHY, "sysconfig.live": text, "sysconfig.image": text}, newer=True)
    assert result.outcome is PASS, result.message


LIVE = "sysconfig.live"


@pytest.mark.parametrize(
    ("newer", "form", "outcome"),
    [(True, "ELF", WARN), (True, "compressed", PASS), (True, "zstd", PASS), (False, "ELF", PASS)],
)
def test_a_format_that_crash_opens(
    evidence_of: Callable[..., Evidence], newer: bool, form: str, outcome: Outcome
) -> None:
    """From 1.9 on every dump is flattened, and crash(8) refuses a flattened ELF."""
    result = judged(evidence_of, "config.format", changed(LIVE, "compressed", form), newer=newer)
    assert result.outcome is outcome, result.message
    assert result.found == form or outcome is PASS
    assert "crash(8) opens" in result.expected or outcome is PASS


@pytest.mark.parametrize(
    ("check_id", "section", "old", "new", "outcome", "says"),
    [
        ("config.savedir", LIVE, "file:///crash", "nfs://10.0.2.2/crash", FAIL, "nfs://"),
        ("config.savedir", LIVE, "file:///crash", "", FAIL, "empty or missing"),
        ("config.savedir", LIVE, '"file:///crash"', "file:///crash", WARN, "the boot hook reads nothing"),
        ("config.savedir", LIVE, '"file:///crash"', "'file:///crash'", WARN, "the boot hook reads nothing"),
        ("config.savedir", "sysconfig.image", "file:///crash", "/crash", WARN, "the image's copy"),
        ("config.image", LIVE, 'DUMPS="5"', 'DUMPS="4"', WARN, "KDUMP_KEEP_OLD_DUMPS"),
        ("config.image", "sysconfig.image", SYSCONFIG, "#absent\n", SKIP, "does not run from an image"),
        ("config.append", LIVE, "module_blacklist", "qed,aesni_intel,module_blacklist", WARN, "leaves no module out"),
        ("config.append", LIVE, "module_blacklist=mlx5_core,qed", "", WARN, "0 of them"),
        ("config.append", LIVE, "irqpoll", "module_blacklist=a", WARN, "2 of them"),
        ("config.append", LIVE, "irqpoll", "qed,qede", WARN, "qed,qede"),
        ("config.hang", LIVE, "irqpoll", "rd.shell", WARN, "a shell on the console"),
        ("config.hang", LIVE, "irqpoll", "rd.shell=0", PASS, ""),
        ("config.hang", LIVE, "rd.timeout=180", "", WARN, "for ever"),
        ("config.hang", LIVE, "rd.timeout=180", "rd.timeout=0", WARN, "rd.timeout=0"),
        ("config.hang", LIVE, "panic=10", "panic=0", WARN, "panic=0"),
        ("config.hang", LIVE, 'REBOOT="yes"', 'REBOOT="no"', WARN, "KDUMP_IMMEDIATE_REBOOT is no"),
        ("config.hang", LIVE, 'ERROR="true"', 'ERROR="false"', WARN, "KDUMP_CONTINUE_ON_ERROR is false"),
        ("config.hang", LIVE, 'KDUMP_CONTINUE_ON_ERROR="true"\n', "", PASS, ""),
        ("config.format", LIVE, "compressed", "none", FAIL, "only the kernel log"),
        ("config.format", LIVE, '"31"', '"99"', FAIL, "99"),
        ("config.format", LIVE, '"31"', '"-1"', FAIL, "-1"),
        ("config.format", LIVE, "compressed", "zip", WARN, "zip"),
        ("config.format", LIVE, "compressed", "zstd", WARN, "zstd"),
        ("config.programs", LIVE, 'TRANSFER=""', 'TRANSFER="/bin/mine"', WARN, "/bin/mine"),
        ("config.programs", LIVE, 'PRESCRIPT=""', 'PRESCRIPT="/usr/sbin/tell a b"', WARN, "/usr/sbin/tell not there"),
        ("config.programs", LIVE, 'PRESCRIPT=""', 'PRESCRIPT="/usr/bin/logger hello"', PASS, ""),
        ("config.programs", LIVE, 'PROGRAMS=""', 'PROGRAMS="logger strace"', WARN, "strace not there"),
        ("boot.survives", "cmdline", "no-wipe=1", "no-wipe=0", FAIL, "wipes the disks"),
        ("boot.survives", "cmdline", "metal.no-wipe=1", "", WARN, "no metal.no-wipe="),
        ("boot.survives", "cmdline", "metal", "rd.live.overlay.reset metal", FAIL, "rd.live.overlay.reset"),
        ("boot.survives", "cmdline", "metal", "rd.live.overlay.reset=0 metal", PASS, ""),
        ("boot.survives", "cmdline", "metal", "rd.live.overlay.readonly=1 metal", FAIL, "in memory"),
        ("boot.survives", "grub", "no-wipe=1", "no-wipe=0", WARN, "metal.no-wipe=0"),
        ("boot.grub", "grub", "512M,high", "360M", WARN, "crashkernel=360M"),
        ("boot.grub", "grub", "LiveOS", "1.5.0", WARN, "rd.live.dir=1.5.0"),
        ("boot.grub", "grub", HEALTHY["grub"], "", SKIP, "BOOTRAID is not mounted"),
        ("boot.grub", "grub", "linux=", "chain=", SKIP, "boots no kernel"),
        ("boot.namelist", "images", "vmlinux-6.1", "vmlinux-5.3", WARN, "System.map-6.1-default alone"),
        ("boot.namelist", "images", "6.1-default", "5.3-default", WARN, "neither"),
        ("boot.namelist", LIVE, 'COPY_KERNEL="yes"', 'COPY_KERNEL="no"', SKIP, "to get no symbols"),
        ("kernel.rebooted", "images", "image", "image\t/boot/vmlinuz-6.4-default\nimage", WARN, "6.4-default as well"),
        ("kernel.rebooted", "packages", "6.1.1", "6.1.1\nrpm\tkernel-default\t6.4.1", WARN, "6.1.1, 6.4.1"),
        ("kernel.rebooted", "kernels", "vmlinuz-6.1", "vmlinuz-6.4", WARN, "leads to 6.4-default"),
        ("kernel.kexec", "controls", "disabled=0", "disabled=1", WARN, "it is 1"),
        ("kernel.kexec", "controls", "[none] integrity", "none [integrity]", WARN, "lockdown is integrity"),
        ("kernel.sysctls", "controls", "oops=1", "oops=0", WARN, "damaged kernel"),
        ("kernel.sysctls", "controls", "warn=0", "warn=1", WARN, "it is 1"),
        ("kernel.sysctls", "controls", "notifiers=N", "notifiers=Y", WARN, "it is on"),
        ("kernel.sysctls", "controls", "sysctl.panic_on_oops=1\n", "", ERROR, "could not be read"),
        ("kernel.selinux", "controls", "lockdown", "selinux_enforce=1\nlockdown", WARN, "it enforces"),
        ("watchdog.quiet", "controls", "inactive", "active", WARN, "watchdog0 (iTCO_wdt, 30 s) active"),
        ("watchdog.quiet", "controls", "inactive", "", ERROR, "whether watchdog0 is armed"),
        ("service.journal", "journal", "...\n", "...\nNo space left on device\n", WARN, "No space left"),
        ("service.journal", "journal", HEALTHY["journal"], "", SKIP, "knows no start"),
        ("rootraid.healthy", "storage", "2\t0\tidle", "2\t1\t", WARN, "1 of 2 disks missing"),
        ("rootraid.healthy", "storage", "vdb\t", "vdb\tmpath-1", WARN, "multipath"),
        ("rootraid.healthy", "storage", HEALTHY["storage"], "", SKIP, "labelled ROOTRAID"),
        ("dumps.space", "dumps", "free=230000", "free=19200", FAIL, "75 MiB"),
        ("dumps.space", "dumps", "free=230000", "free=38400", WARN, "the most a dump could have"),
        ("dumps.space", "dumps", "inodes_free=400", "inodes_free=0", FAIL, "0 free"),
        ("dumps.space", "dumps", HEALTHY["dumps"], "", ERROR, "not mounted"),
        ("dumps.retention", LIVE, 'DUMPS="5"', 'DUMPS="-1"', WARN, "all are deleted first"),
        ("dumps.retention", LIVE, 'DUMPS="5"', 'DUMPS="many"', WARN, "many"),
        ("dumps.retention", LIVE, 'DUMPS="5"', 'DUMPS="0"', PASS, ""),
        ("dumps.complete", "dumps", "18606639", "0", WARN, "2026-11-22-22:21: an empty vmcore"),
        ("dumps.orphans", "dumps", "place", f"place\t{ROOT}/crash\t2\nplace", WARN, f"2 in {ROOT}/crash"),
    ],
)  # fmt: skip
def test_what_is_broken_is_told(
    evidence_of: Callable[..., Evidence], check_id: str, section: str, old: str, new: str, outcome: Outcome, says: str
) -> None:
    result = judged(evidence_of, check_id, changed(section, old, new))
    assert result.outcome is outcome, result.message
    assert says in result.message


def test_the_newer_line_needs_no_rd_timeout(evidence_of: Callable[..., Evidence]) -> None:
    sections = changed(LIVE, "rd.timeout=180", "")
    assert judged(evidence_of, "config.hang", sections, newer=True).outcome is PASS


def test_a_whole_command_line_of_ones_own_counts_alone(evidence_of: Callable[..., Evidence]) -> None:
    sections = changed(LIVE, 'KDUMP_COMMANDLINE=""', 'KDUMP_COMMANDLINE="rd.timeout=60 module_blacklist=qed rd.shell"')
    assert "rd.shell" in judged(evidence_of, "config.hang", sections).message
    assert judged(evidence_of, "config.append", sections).outcome is PASS


def test_what_is_deleted_first_makes_room(evidence_of: Callable[..., Evidence]) -> None:
    sections = changed("dumps", "18606639", "900000000")
    sections["dumps"] = sections["dumps"].replace("free=230000", "free=10")
    assert judged(evidence_of, "dumps.space", sections).outcome is FAIL
    sections[LIVE] = SYSCONFIG.replace('DUMPS="5"', 'DUMPS="-1"')
    assert judged(evidence_of, "dumps.space", sections).outcome is PASS


def test_a_dump_that_is_not_compressed_needs_all_of_its_room(evidence_of: Callable[..., Evidence]) -> None:
    sections = changed("dumps", "free=230000", "free=38400")
    sections[LIVE] = SYSCONFIG.replace("compressed", "ELF")
    assert judged(evidence_of, "dumps.space", sections).outcome is FAIL
