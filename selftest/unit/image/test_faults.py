# SPDX-License-Identifier: Apache-2.0
"""Images that are really built, whole and with one fault each: the gate names the fault, in every form of image."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from selftest.unit.image import made
from selftest.unit.image.made import CMDLINE, KVER, RPMS, edit, remove

from kdumpcheck import plugins
from kdumpcheck.catalogue import load_checks
from kdumpcheck.checks import Judge, Outcome, Subject
from kdumpcheck.facts import Packages
from kdumpcheck.image import Beside, look_at_image

CHECKS = load_checks(Path(__file__).parents[3] / "tests" / "validation")


def broken(image: Path, beside: Beside) -> dict[str, str]:
    """The checks that do not let the image pass, with their outcomes."""
    evidence, _ = look_at_image(image, beside)
    results = Judge(CHECKS).judge_all(Subject(evidence))
    return {r.check: str(r.outcome.value) for r in results if r.outcome not in {Outcome.PASS, Outcome.SKIP}}


@pytest.fixture(name="beside")
def _beside(tmp_path: Path) -> Beside:
    return Beside(made.kernel(tmp_path / "kernel"), made.initrd(tmp_path / "initrd.img.xz"), CMDLINE)


def test_what_a_site_s_provider_asks_for_is_looked_for_in_an_image(tmp_path: Path, beside: Beside) -> None:
    """Its package chooses it, and its unit is one that must be enabled."""
    ember = Path(__file__).parents[3] / "examples" / "ember" / "plugins"
    image = made.root(tmp_path / "root")
    made.packages(image, RPMS | {"ember-kdump": ("1.0", "1")})
    (image / "usr/lib/systemd/system/ember-load.service").write_text("[Unit]\n")
    try:
        plugins.load([ember])
        evidence, _ = look_at_image(image, beside)
    finally:
        plugins.load()
    packages = Packages.parse(evidence)
    assert isinstance(packages, Packages)
    assert packages.rpm["ember-kdump"] == ("1.0-1",)
    assert "Id=ember-load.service\nLoadState=loaded\nUnitFileState=disabled" in str(evidence.text("units"))


@pytest.mark.parametrize(
    "form", [lambda path: path, made.squashed, made.tarred, lambda p: made.tarred(p, packed=False)]
)
def test_a_whole_image_passes_in_every_form(tmp_path: Path, beside: Beside, form: Callable[[Path], Path]) -> None:
    assert broken(form(made.root(tmp_path / "root")), beside) == {}


@pytest.mark.parametrize("compressor", ["xz", "zstd", "lz4", "lzo"])
def test_every_compressor_is_read(tmp_path: Path, beside: Beside, compressor: str) -> None:
    assert broken(made.squashed(made.root(tmp_path / "root"), compressor), beside) == {}


def test_the_newer_line_of_kdump_is_judged_by_its_own_rules(tmp_path: Path, beside: Beside) -> None:
    root = made.root(tmp_path / "root")
    made.packages(root, {**RPMS, "kdump": ("2.0.6+git20", "150600.1.1")})
    edit(root, "etc/sysconfig/kdump", "file:///crash", "file:///run/initramfs/overlayfs/var/crash")
    remove(root, "etc/fstab")
    assert broken(root, beside) == {}


def _without(*names: str) -> Callable[[Path], None]:
    return lambda root: remove(root, *names)


def _edited(name: str, old: str, new: str) -> Callable[[Path], None]:
    return lambda root: edit(root, name, old, new)


def _without_package(name: str) -> Callable[[Path], None]:
    return lambda root: made.packages(root, {each: version for each, version in RPMS.items() if each != name})


def _two_kernels(root: Path) -> None:
    made.packages(root, RPMS, ("kernel-default", "5.14.21", "150500.55.40.1"))


def _other_modules(root: Path) -> None:
    modules = root / "usr/lib/modules"
    (modules / KVER).rename(modules / "5.14.21-150500.55.1-default")


def _stale(root: Path) -> None:
    made.initrd(root / "boot/initrd-5.14.21-150500.1-default-kdump", "5.14.21-150500.1-default")


def _dangling_unit(root: Path) -> None:
    remove(root, "usr/lib/systemd/system/kdump.service")


FAULTS: dict[str, tuple[Callable[[Path], None], dict[str, str]]] = {
    "package": (_without_package("makedumpfile"), {"image.packages": "fail"}),
    "kdump": (_without_package("kdump"), {"image.packages": "fail"}),
    "two-kernels": (_two_kernels, {"image.kernel": "fail"}),
    "no-kernel": (_without(f"boot/vmlinuz-{KVER}"), {"image.kernel": "fail"}),
    "unit": (_without("etc/systemd/system/multi-user.target.wants/kdump.service"), {"service.enabled": "fail"}),
    "dangling-unit": (_dangling_unit, {"service.enabled": "fail"}),
    "savedir": (
        _edited("etc/sysconfig/kdump", 'DIR="file:///crash"', "DIR=file:///crash"),
        {"image.savedir": "fail", "config.savedir": "warn"},
    ),
    "fstab": (_edited("etc/fstab", "LABEL=ROOTRAID / xfs", "LABEL=OTHER / xfs"), {"image.fstab": "fail"}),
    "stale-initrd": (_stale, {"image.stale-initrd": "fail"}),
    "modules": (_other_modules, {"image.modules": "fail"}),
    "modules-dep": (_without(f"usr/lib/modules/{KVER}/modules.dep"), {"image.modules": "fail"}),
    "hook": (_without("usr/lib/dracut/modules.d/90metalmdsquash/metal-kdump.sh"), {"image.hook": "fail"}),
    "makedumpfile": (_without("usr/bin/makedumpfile"), {"image.programs": "fail"}),
    "dracut": (_edited("etc/dracut.conf.d/00-metal.conf", "force", "omit"), {"image.dracut": "fail"}),
    "symbols": (_without(f"boot/System.map-{KVER}"), {"image.symbols": "warn"}),
    "hotfix": (
        _edited("etc/sysconfig/kdump", "module_blacklist=", "qedi,qede,module_blacklist="),
        {"config.append": "warn"},
    ),
    "format": (_edited("etc/sysconfig/kdump", '"compressed"', '"none"'), {"config.format": "fail"}),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_named(tmp_path: Path, beside: Beside, fault: str) -> None:
    spoil, expected = FAULTS[fault]
    root = made.root(tmp_path / "root")
    spoil(root)
    assert broken(root, beside) == expected
    if fault in {"package", "dangling-unit", "modules", "stale-initrd"}:  # one of each kind: the others read the same
        assert broken(made.squashed(root), beside) == expected


BESIDE: dict[str, tuple[Callable[[Path], Beside], dict[str, str]]] = {
    "kernel": (lambda tmp: Beside(kernel=made.kernel(tmp / "k", "5.3.18-1-default")), {"image.shipped-kernel": "fail"}),
    "hook": (lambda tmp: Beside(initrd=made.initrd(tmp / "i", hook=False)), {"image.shipped-initrd": "fail"}),
    "drivers": (
        lambda tmp: Beside(initrd=made.initrd(tmp / "i", "5.3.18-1-default")),
        {"image.shipped-initrd": "fail"},
    ),
    "live-dir": (
        lambda _: Beside(cmdline=CMDLINE.replace("rd.live.dir=LiveOS", "rd.live.dir=../LiveOS")),
        {"image.command-line": "fail"},
    ),
    "crashkernel": (lambda _: Beside(cmdline=CMDLINE.replace("360M", "64M")), {"image.crash-memory": "fail"}),
    "no-crashkernel": (
        lambda _: Beside(cmdline=CMDLINE.replace("crashkernel=360M", "")),
        {"crashkernel.present": "fail"},
    ),
    "wipe": (lambda _: Beside(cmdline=CMDLINE.replace("no-wipe=1", "no-wipe=0")), {"boot.survives": "fail"}),
}


@pytest.mark.parametrize("fault", BESIDE)
def test_what_ships_beside_it_is_judged(tmp_path: Path, fault: str) -> None:
    make, expected = BESIDE[fault]
    assert broken(made.root(tmp_path / "root"), make(tmp_path)) == expected


def test_a_cut_initrd_is_damaged(tmp_path: Path) -> None:
    initrd = made.initrd(tmp_path / "initrd")
    initrd.write_bytes(initrd.read_bytes()[:-40])
    assert broken(made.root(tmp_path / "root"), Beside(initrd=initrd)) == {"image.shipped-initrd": "fail"}


def test_what_only_a_running_node_shows_is_skipped(tmp_path: Path) -> None:
    evidence, _ = look_at_image(made.root(tmp_path / "root"), Beside())
    results = {result.check: result for result in Judge(CHECKS).judge_all(Subject(evidence))}
    assert results["service.loaded"].outcome is Outcome.SKIP
    assert results["service.loaded"].message == "needs a booted node"
    assert results["service.active"].message == "needs a booted node"
    assert results["crashkernel.present"].message == "needs the kernel command line that boots the image (--cmdline)"
