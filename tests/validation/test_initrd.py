# SPDX-License-Identifier: Apache-2.0
"""Is there an initrd for the capture kernel: readable, up to date, and the one that is loaded?

What is inside it is judged in test_capture.py.
"""

from __future__ import annotations

from datetime import UTC, datetime

from kdumpcheck import Severity, check, could_not_look, expect, not_applicable, prefer
from kdumpcheck.facts import Contents, Initrds, Kernels, Reservation, System, Units
from kdumpcheck.facts.initrds import Initrd
from kdumpcheck.facts.lines import size
from kdumpcheck.providers import Provider

SOURCE = "docs-csm background/ncn_kdump.md, Resetting kdump; openSUSE/kdump init/mkdumprd"
#: Seconds by which a clock may be set right without a word.
CLOCKS_APART = 60
BUILD_IT = "systemctl restart kdump.service builds it (10-30 seconds)."


@check(
    "initrd.present",
    title="The running kernel has a kdump initrd",
    remedy="initrd.rebuild",
    instruction=BUILD_IT,
    source=SOURCE,
    follows=("crashkernel.present",),
)
def test_running_kernel_has_an_initrd(
    initrds: Initrds, kernels: Kernels, reservation: Reservation, kdump: Provider
) -> None:
    """What was loaded before the file went still runs after a crash; initrd.readable says that nobody can open it."""
    path = kdump.initrd(kernels.running)
    others = ", ".join(initrd.path for initrd in initrds.found if initrd.path != path)
    there = initrds.get(path) is not None
    found = path if there else f"it is not there, only {others}" if others else "it is not there"
    expect(there or reservation.loaded, expected=path, found=found)
    prefer(there, expected=f"{path}, and not only what is loaded of it", found=found)


@check(
    "initrd.readable",
    title="The kdump initrd is a file the kernel can unpack",
    remedy="initrd.rebuild",
    source=SOURCE,
    follows=("initrd.present",),
)
def test_initrd_is_readable(
    initrds: Initrds, contents: Contents, kernels: Kernels, reservation: Reservation, kdump: Provider
) -> None:
    """Everything that is said of the inside of the initrd rests on this."""
    if not initrds.get(kdump.initrd(kernels.running)) and reservation.loaded:
        could_not_look("a capture kernel is loaded from a file that is gone: what it would do cannot be told")
    initrd = the_initrd(initrds, kernels, kdump)
    expect(initrd.kind == "regular file", expected="a regular file with content", found=initrd.kind)
    expect(initrd.size > 0, expected="more than 0 bytes", found=size(initrd.size))
    expect(
        initrd.format,
        expected="a compressed cpio archive",
        found=f"{initrd.format} archive" if initrd.format else f"it begins with {initrd.magic or 'nothing'}",
    )
    expect(
        not initrd.foreign,
        expected="in a form that a kernel unpacks (xz --check=crc32)",
        found=initrd.foreign or f"{initrd.format}",
    )
    opened = contents.get(initrd.path)
    damage = opened.damage if opened else "it could not be opened"
    expect(not damage, expected="an archive that is whole", found=damage or "whole")


@check(
    "initrd.fresh",
    title="The kdump initrd is newer than what it is built from",
    severity=Severity.WARN,
    remedy="initrd.rebuild",
    source="openSUSE/kdump init/mkdumprd (rebuilds unless each source is older)",
    follows=("initrd.present",),
)
def test_initrd_is_newer_than_its_sources(initrds: Initrds, kernels: Kernels, kdump: Provider, system: System) -> None:
    """The old one may well dump, but not as configured now; kdump will rebuild it at its next start."""
    initrd = the_initrd(initrds, kernels, kdump)
    nothing_is_newer(initrd, initrds, kdump.initrd_sources(kernels.running), system.now)
    if system.now is not None:
        past = initrd.mtime <= system.now + CLOCKS_APART
        expect(
            past,
            expected="an initrd of the past, so that kdump sees what changes from now on",
            found=f"dated {clock(initrd.mtime)}"
            + ("" if past else ", still to come: no change until then has it built anew"),
        )


@check(
    "initrd.outdated",
    title="Nothing else that goes into the kdump initrd has changed since",
    severity=Severity.WARN,
    remedy="initrd.rebuild",
    instruction="kdump does not notice this change itself: " + BUILD_IT,
    source="openSUSE/kdump init/mkdumprd (what it does not compare: fstab, dracut.conf.d, modules, makedumpfile)",
    follows=("initrd.present",),
)
def test_initrd_is_newer_than_what_kdump_overlooks(
    initrds: Initrds, kernels: Kernels, kdump: Provider, system: System
) -> None:
    initrd = the_initrd(initrds, kernels, kdump)
    looked_at = kdump.initrd_sources(kernels.running)
    overlooked = tuple(source for source in initrds.sources if source not in looked_at)
    nothing_is_newer(initrd, initrds, overlooked, system.now)


@check(
    "initrd.loaded",
    title="The initrd on disk is the one that is loaded",
    severity=Severity.WARN,
    remedy="service.restart",
    instruction="systemctl restart kdump.service loads what is on disk.",
    source="openSUSE/kdump init/load.sh (loads after it has built, never before)",
    follows=("initrd.present", "service.active"),
)
def test_initrd_was_built_before_it_was_loaded(
    initrds: Initrds, units: Units, reservation: Reservation, kernels: Kernels, kdump: Provider
) -> None:
    """The kernel keeps its own copy: a file that was changed since says nothing about what a crash will boot."""
    if not reservation.loaded:
        not_applicable("no capture kernel is loaded")
    initrd = the_initrd(initrds, kernels, kdump)
    # Where the first unit never came so far, another one has loaded it: kdump-early.service does.
    loaded = next((at for name in kdump.units if (at := units.get(name).active_at) is not None), None)
    if loaded is None:
        could_not_look(f"systemd does not say when {kdump.units[0]} loaded the capture kernel")
    # systemd's time is cut to whole seconds, and so is the file's.
    expect(
        initrd.mtime <= loaded + 1,
        expected=f"a file from before {clock(loaded)}, when {kdump.units[0]} loaded it",
        found=f"written {clock(initrd.mtime)}",
    )


@check(
    "initrd.built-here",
    title="The kdump initrd was built on this node",
    severity=Severity.WARN,
    remedy="initrd.rebuild",
    source="metal-provision create-kis-artifacts.sh (builds one on the image builder); docs-csm CASMREL-1091",
    follows=("initrd.present", "boot.survives"),
)
def test_initrd_was_built_on_this_node(initrds: Initrds, kernels: Kernels, kdump: Provider) -> None:
    """One that came with the image was made for the disks of the machine that built the image."""
    initrd = the_initrd(initrds, kernels, kdump)
    if initrds.in_upper_layer is None:
        not_applicable("the root of this node is no overlay")
    here = initrd.path in initrds.in_upper_layer
    expect(here, expected="in the upper layer", found="in the upper layer" if here else "in the image only")


@check(
    "initrd.others",
    title="No other kdump initrd lies where it could be taken for the one in use",
    severity=Severity.WARN,
    instruction="Remove the others when no installed kernel needs them: rm /boot/initrd-OTHER-kdump. Nothing but the "
    "vendor's documents looks at them.",
    source="docs-csm background/ncn_kdump.md (ls and rm of /boot/initrd-*-kdump); openSUSE/kdump NEWS 1.9",
    follows=("initrd.present",),
)
def test_no_other_initrd_lies_about(initrds: Initrds, kernels: Kernels, kdump: Provider) -> None:
    """One of an earlier kernel stays after an update, and who looks for any kdump initrd is content with that one."""
    path = kdump.initrd(kernels.running)
    others = [initrd.path for initrd in initrds.found if initrd.path != path]
    expect(not others, expected=f"{path} alone", found=", ".join(others) or "no other")


def the_initrd(initrds: Initrds, kernels: Kernels, kdump: Provider) -> Initrd:
    """The initrd a crash boots with; where there is none, initrd.present says so and nothing else."""
    path = kdump.initrd(kernels.running)
    return initrds.get(path) or not_applicable(f"there is no {path}")


def nothing_is_newer(initrd: Initrd, initrds: Initrds, sources: tuple[str, ...], now: int | None) -> None:
    """What is asked of the two ages."""
    newer = [source for source in sources if initrds.sources.get(source, 0) > initrd.mtime]
    found = f"{', '.join(newer)} changed after it was built" if newer else "nothing changed since"
    # A file written before the clock was set back makes kdump build at every start, and no building helps.
    ahead = [source for source in newer if now is not None and initrds.sources[source] > now]
    if ahead:
        dated = clock(initrds.sources[ahead[0]])
        found += f"; {ahead[0]} is dated {dated}, still to come: set the clock right, or touch it, before building"
    expect(not newer, expected="nothing it is built from is newer", found=found)


def clock(seconds: int) -> str:
    """A moment as an operator reads it."""
    return f"{datetime.fromtimestamp(min(seconds, 253402300799), UTC):%Y-%m-%d %H:%M:%S} UTC"
