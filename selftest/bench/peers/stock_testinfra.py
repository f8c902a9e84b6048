# SPDX-License-Identifier: Apache-2.0
"""The same checks as plain testinfra tests, as one would write them; run with a peer's own pytest."""

from __future__ import annotations

# ruff: noqa: ANN401 - testinfra ships no types
from typing import Any

import pytest

OVERLAYFS = "/run/initramfs/overlayfs"


@pytest.fixture(scope="module")
def initrd(host: Any) -> Any:
    return host.file(f"/boot/initrd-{host.check_output('uname -r')}-kdump")


@pytest.fixture(scope="module")
def upper(host: Any) -> str:
    return str(host.check_output("readlink -f /run/overlayfs"))


def arguments(host: Any) -> list[str]:
    return [word for word in host.file("/proc/cmdline").content_string.split() if word.startswith("crashkernel=")]


def test_crashkernel_present(host: Any) -> None:
    assert arguments(host)


def test_crashkernel_wellformed(host: Any) -> None:
    found = arguments(host)
    tiers = [word.rpartition(",")[2] for word in found]
    assert len(found) == 1 or sorted(tiers) == ["high", "low"]


def test_crashkernel_reserved(host: Any) -> None:
    assert int(host.file("/sys/kernel/kexec_crash_size").content_string) > 0
    assert host.run("dmesg | grep -i -E 'crashkernel.*(cannot reserve|reservation failed)'").rc != 0


def test_initrd_present(initrd: Any) -> None:
    assert initrd.exists


def test_initrd_readable(host: Any, initrd: Any) -> None:
    assert initrd.is_file
    assert initrd.size > 0
    assert host.check_output(f"head -c 6 {initrd.path} | od -A n -t x1 | tr -d ' '") == "fd377a585a00"


def test_initrd_fresh(host: Any, initrd: Any) -> None:
    built = initrd.mtime
    sources = [
        "/etc/sysconfig/kdump",
        "/etc/hosts",
        "/etc/nsswitch.conf",
        f"/boot/vmlinuz-{host.check_output('uname -r')}",
    ]
    assert all(host.file(source).mtime <= built for source in sources)


def test_kver(host: Any) -> None:
    library = "/srv/cray/scripts/common/dracut-lib.sh"
    if not host.file(library).exists:
        pytest.skip(f"no {library}")
    assert host.check_output(f"bash -c '. {library}; echo $KVER'") == host.check_output("uname -r")


def test_rootraid_mounted(host: Any) -> None:
    assert host.check_output("readlink -f /dev/disk/by-label/ROOTRAID")
    mount = host.mount_point(OVERLAYFS)
    assert mount.exists
    assert "rw" in mount.options


def test_boot_link(host: Any, upper: str) -> None:
    link = host.file(f"{OVERLAYFS}/boot")
    assert link.is_symlink
    assert link.linked_to == f"{upper}/boot"


def test_crash_link(host: Any, upper: str) -> None:
    assert "file:///crash" in host.file("/etc/sysconfig/kdump").content_string
    link = host.file(f"{OVERLAYFS}/crash")
    assert link.is_symlink
    assert link.linked_to == f"{upper}/var/crash"


@pytest.mark.parametrize("unit", ["kdump.service", "kdump-early.service"])
def test_service_enabled(host: Any, unit: str) -> None:
    assert host.service(unit).is_enabled


def test_service_active(host: Any) -> None:
    assert host.service("kdump.service").is_running


def test_service_loaded(host: Any) -> None:
    assert host.file("/sys/kernel/kexec_crash_loaded").content_string.strip() == "1"
