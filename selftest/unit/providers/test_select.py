# SPDX-License-Identifier: Apache-2.0
"""Exactly one provider fits a node, by what is installed there; otherwise every refusal is told."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest
from selftest.unit.kept import captured, evidence

from kdumpcheck.catalogue import load_checks
from kdumpcheck.evidence import Unknown
from kdumpcheck.facts import Kernels, Sysconfig
from kdumpcheck.providers import PROVIDERS, Build, Provider, select
from kdumpcheck.providers.kdump_tools import PROVIDER as DEBIAN
from kdumpcheck.providers.kdump_utils import PROVIDER as RHEL
from kdumpcheck.providers.suse import PROVIDER as SUSE
from kdumpcheck.providers.suse_legacy import PROVIDER as LEGACY
from kdumpcheck.providers.suse_legacy import SuseLegacy
from kdumpcheck.remedies import REMEDIES

ROOT = Path(__file__).parents[3]
KERNEL = "5.14.21-150400.24.100_13.0.78-default"


def choice(packages: str) -> object:
    return select(evidence("ncn-w001", {"packages": packages.encode()}))


@pytest.mark.parametrize("version", ["1.0.2+git14-150500.1.1", "0.9.0-150300.18", "1.8.99-1", "0.8.16-1"])
def test_sle_before_sp6_is_the_legacy_line(version: str) -> None:
    assert choice(f"asked\trpm\nrpm\tkdump\t{version}\n") is LEGACY


@pytest.mark.parametrize("version", ["1.9-1", "1.9.4-1", "1.10-1", "2.0.6+git-150600.3", "2.1-1", "10.0-1"])
def test_sle_from_sp6_on_is_the_new_line(version: str) -> None:
    assert choice(f"asked\trpm\nrpm\tkdump\t{version}\n") is SUSE


@pytest.mark.parametrize(
    ("packages", "words"),
    [
        ("asked\trpm\n", "no RPM package kdump"),
        ("asked\trpm\nrpm\tkdump\t1.0.2-1\nrpm\tkdump\t1.0.3-1\n", r"more than once \(1.0.2-1, 1.0.3-1\)"),
        ("asked\tdeb\ndeb\tcrash\t8.0\tinstalled\n", "no RPM package kdump"),
        # What dpkg still has the configuration of is not installed.
        (
            "asked\tdeb\ndeb\tkdump-tools\t1:1.8.1\tconfig-files\n",
            "kdump_tools: no Debian package kdump-tools; kdump_utils: ",
        ),
        # Nobody knows which of two would be loaded.
        (
            "asked\trpm\nrpm\tkdump\t1.0.2-1\nasked\tdeb\ndeb\tkdump-tools\t1:1.8.1\tinstalled\n",
            "more than one kdump implementation fits: suse_legacy, kdump_tools",
        ),
        # kexec-tools alone tells nothing: SUSE has it, too.
        (
            "asked\trpm\nrpm\tkexec-tools\t2.0.29-1\n",
            "kdump_utils: no RPM package kdump-utils, and none that brings /usr/bin/kdumpctl$",
        ),
        ("", "neither rpm nor dpkg-query"),
    ],
)
def test_what_none_fits_is_unknown_with_the_reason(packages: str, words: str) -> None:
    unknown = choice(packages)
    assert isinstance(unknown, Unknown)
    assert re.search(words, unknown.reason)


def test_debians_kdump_tools_is_told_by_its_package_alone() -> None:
    # As the probe found Debian 12's own package, installed without what it recommends.
    packages = "asked\tdeb\ndeb\tkdump-tools\t1:1.8.1\tinstalled\ndeb\tmakedumpfile\t\tnot-installed\n"
    assert choice(packages) is DEBIAN
    assert DEBIAN.initrd("6.1") == "/var/lib/kdump/initrd.img-6.1"
    links = {"/var/lib/kdump/vmlinuz": "/boot/vmlinuz-6.1.0-56-cloud-amd64"}
    assert DEBIAN.capture_kernel(Kernels("6.1", None, links)) == "6.1.0-56-cloud-amd64"
    assert "no image of the running kernel" in str(DEBIAN.build(Kernels("6.1", None), ()))
    build = DEBIAN.build(Kernels("6.1", None), ("/boot/vmlinuz-6.1",))
    assert not isinstance(build, str)
    # The hook takes away what is in its way, and that must never be the one in use.
    assert build.initrd != DEBIAN.initrd("6.1")
    assert build.command[:2] == ("unshare", "--mount")


@pytest.mark.parametrize(
    "packages",
    [
        "rpm\tkdump-utils\t1.0.51-5.fc42\nrpm\tkexec-tools\t2.0.30-1\nowner\t/usr/bin/kdumpctl\tkdump-utils\n",
        # Evidence from before the owner was asked for.
        "rpm\tkdump-utils\t1.0.51-5.fc42\n",
        # RHEL 9.4: kdumpctl is kexec-tools' own.
        "rpm\tkexec-tools\t2.0.27-8.el9\nowner\t/usr/bin/kdumpctl\tkexec-tools\n",
    ],
)
def test_rhels_kdump_utils_is_told_by_what_brings_kdumpctl(packages: str) -> None:
    assert choice("asked\trpm\n" + packages) == RHEL


def test_a_node_with_suses_kdump_is_suses_whatever_lies_beside_it() -> None:
    packages = "asked\trpm\nrpm\tkdump\t1.0.2-1\nrpm\tkdump-utils\t1.0.51-5.fc42\n"
    assert choice(packages) is LEGACY


def rhel(*initrds: str, kernel: str = "5.14.0-570.el9.x86_64", sysconfig: str = "") -> Provider:
    found = "".join(f"initrd\t{path}\tregular file\t1\t{at}\t1f8b\n" for at, path in enumerate(initrds))
    provider = select(
        evidence(
            "r1",
            {
                "packages": b"asked\trpm\nrpm\tkdump-utils\t1\n",
                "kernels": f"running={kernel}\n".encode(),
                "initrds": found.encode(),
                "initrd-sources": b"",
                "sysconfig.live": sysconfig.encode(),
                "sysconfig.image": b"#absent\n",
            },
        )
    )
    assert not isinstance(provider, Unknown)
    return provider


class TestKdumpUtils:
    def test_its_initrd_lies_beside_the_kernel(self) -> None:
        assert rhel().initrd("6.12") == "/boot/initramfs-6.12kdump.img"

    def test_or_where_kdump_keeps_its_state(self) -> None:
        name = "initramfs-5.14.0-570.el9.x86_64kdump.img"
        there = rhel(f"/var/lib/kdump/{name}", "/boot/initramfs-5.14.0-503.el9.x86_64kdump.img")
        assert there.initrd("5.14.0-570.el9.x86_64") == f"/var/lib/kdump/{name}"
        # Of two for the same kernel, the one written last.
        assert rhel(f"/var/lib/kdump/{name}", f"/boot/{name}").initrd("5.14.0-570.el9.x86_64") == f"/boot/{name}"

    def test_it_loads_the_kernel_it_is_told(self) -> None:
        told = rhel("/boot/initramfs-6.1-otherkdump.img", sysconfig='KDUMP_KERNELVER="6.1-other"\n')
        assert told.initrd("6.12") == "/boot/initramfs-6.1-otherkdump.img"
        assert told.capture_kernel(Kernels("6.12", None)) == "6.1-other"
        assert "/boot/vmlinuz-6.1-other" in told.initrd_sources("6.12")

    def test_a_debug_kernel_is_captured_by_the_plain_one(self) -> None:
        debug = rhel("/boot/initramfs-6.12kdump.img", kernel="6.12+debug")
        assert debug.capture_kernel(Kernels("6.12+debug", None)) == "6.12"
        alone = rhel("/boot/initramfs-6.12+debugkdump.img", kernel="6.12+debug")
        assert alone.capture_kernel(Kernels("6.12+debug", None)) == "6.12+debug"


def test_two_that_fit_are_no_choice() -> None:
    twin = SuseLegacy(name="twin")
    unknown = select(evidence("ncn-w001", captured("healthy")), (LEGACY, twin))
    assert unknown == Unknown("more than one kdump implementation fits: suse_legacy, twin")


@pytest.mark.parametrize("provider", PROVIDERS.values(), ids=PROVIDERS)
def test_every_provider_is_whole(provider: Provider) -> None:
    assert provider.units
    assert all(unit.endswith(".service") for unit in provider.units)
    assert provider.initrd(KERNEL).startswith("/")
    images = provider.kernel_images(KERNEL)
    assert images
    assert provider.capture_files or provider.limits.checks["initrd.tools"]
    known = {check.id for check in load_checks(ROOT / "tests" / "validation")}
    assert set(provider.limits.checks) | set(provider.limits.advice) <= known
    assert set(provider.limits.remedies) <= set(REMEDIES)


#: Words of one kdump that lead nowhere on a node with another.
STRANGE = {
    "kdump_tools": ("zypper", "dnf ", "BSS", "BOOTRAID", "kdump.service", "/etc/sysconfig", "kdumpctl", "grubby"),
    "kdump_utils": ("zypper", "apt-get", "BSS", "BOOTRAID", "kdump-early", "kdump-config", "update-grub", "mkdumprd"),
}


@pytest.mark.parametrize("name", STRANGE)
def test_what_is_to_be_done_is_in_the_words_of_the_kdump_that_is_there(name: str) -> None:
    limits = PROVIDERS[name].limits
    advice = {
        check.id: limits.advice.get(check.id, check.instruction)
        for check in load_checks(ROOT / "tests" / "validation")
        if check.judges != "image" and check.id not in limits.checks
        if not check.providers or name in check.providers
    }
    assert len(advice) > 20
    assert {each: [word for word in STRANGE[name] if word in text] for each, text in advice.items()} == {
        each: [] for each in advice
    }
    reserved = advice["crashkernel.reserved"]
    assert reserved != advice["crashkernel.enough"], "more is no cure where what was asked for is refused"
    assert "kernel log" in reserved


def test_the_legacy_builder_is_told_where_to_build() -> None:
    build = LEGACY.build(Kernels("1", None), {"/boot/vmlinuz-1"})
    assert isinstance(build, Build)
    assert {build.kernel, build.initrd} == {"/boot/vmlinuz-1", "/boot/.initrd-1-kdump.kdumpcheck-new"}
    assert {build.kernel, build.initrd} <= set(build.command)


def test_the_legacy_builder_needs_the_running_kernels_image() -> None:
    assert "no image of the running kernel 1" in str(LEGACY.build(Kernels("1", None), {"/boot/vmlinuz-2"}))


def test_mkdumprd_is_told_to_build_beside_the_initrd_in_use() -> None:
    placed = replace(RHEL, home="/var/lib/kdump")
    build = placed.build(Kernels("1", None), {"/boot/vmlinuz-1"})
    assert isinstance(build, Build)
    assert build.command == ("mkdumprd", "-f", build.initrd, "1")
    assert PurePosixPath(build.initrd).parent == PurePosixPath(build.directory)
    assert build.directory != placed.home
    assert build.directory.startswith(f"{placed.home}/")
    assert "no image of the kernel 1" in str(RHEL.build(Kernels("1", None), {"/boot/vmlinuz-2"}))


class TestSuse:
    def test_its_initrd_is_one_for_all_kernels(self) -> None:
        assert SUSE.initrd(KERNEL) == "/var/lib/kdump/initrd"

    def test_a_crash_boots_the_kernel_its_link_leads_to(self) -> None:
        kernels = Kernels("1.0-running", None, {"/var/lib/kdump/kernel": f"/boot/vmlinuz-{KERNEL}"})
        assert SUSE.capture_kernel(kernels) == KERNEL
        assert SUSE.capture_kernel(Kernels("1.0-running", None)) == ""

    @pytest.mark.parametrize(
        ("savedir", "link"),
        [
            ("/run/initramfs/overlayfs/var/crash", "/var/crash"),
            ("file:///run/initramfs/overlayfs/var/crash/", "/var/crash"),
            ("/run/initramfs/overlayfs/dumps", "/dumps"),
            ("nfs://server/var/crash", "/var/crash"),
            ("", "/var/crash"),
        ],
    )
    def test_the_link_is_the_directory_within_rootraid(self, savedir: str, link: str) -> None:
        assert SUSE.dump_link(Sysconfig({"KDUMP_SAVEDIR": savedir}, None)) == link

    def test_dumps_go_below_the_mounts_of_the_capture_kernel(self) -> None:
        assert SUSE.saves_to({"KDUMP_SAVEDIR": "/var/crash"}) == "/kdump/mnt/var/crash"
        assert SUSE.saves_to({"KDUMP_SAVEDIR": "ssh://me@server/x"}) == ""


class TestSuseLegacy:
    def test_its_initrd_is_that_of_the_kernel(self) -> None:
        assert LEGACY.initrd(KERNEL) == f"/boot/initrd-{KERNEL}-kdump"

    def test_it_is_built_from_what_the_vendors_builder_compares(self) -> None:
        sources = LEGACY.initrd_sources(KERNEL)
        assert {"/etc/sysconfig/kdump", "/etc/hosts", "/etc/nsswitch.conf", f"/boot/vmlinuz-{KERNEL}"} <= set(sources)
        assert "/etc/fstab" not in sources

    @pytest.mark.parametrize(
        ("savedir", "link"),
        [
            ("file:///crash", "/crash"),
            ("file:///crash/", "/crash"),
            ("file:///var/crash", "/var/crash"),
            ("/crash", "/crash"),
            ("file:///crash ssh://box/dumps", "/crash"),
            ("file:///", "/crash"),
            ("", "/crash"),
            (None, "/crash"),
        ],
    )
    def test_where_the_capture_kernel_looks_for_the_save_directory(self, savedir: str | None, link: str) -> None:
        live = {} if savedir is None else {"KDUMP_SAVEDIR": savedir}
        assert LEGACY.dump_link(Sysconfig(live, None)) == link
