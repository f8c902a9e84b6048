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


@pytest.fixture(scope="module")
def listing(host: Any, initrd: Any) -> str:
    return str(host.check_output(f"lsinitrd {initrd.path}"))


@pytest.fixture(scope="module")
def target(host: Any, initrd: Any) -> list[str]:
    lines = host.check_output(f"lsinitrd -f etc/fstab {initrd.path}").splitlines()
    found = [line.split() for line in lines if "/kdump/mnt" in line]
    return found[0] if found else ["none", "none", "none"]


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


def test_crashkernel_enough(host: Any, initrd: Any) -> None:
    unpacked = int(host.check_output(f"xz --robot --list {initrd.path} | awk '/^totals/ {{ print $5 }}'"))
    kernel = 40 * 2**20
    assert int(host.file("/sys/kernel/kexec_crash_size").content_string) > unpacked + initrd.size + kernel + 16 * 2**20


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


def test_initrd_outdated(host: Any, initrd: Any) -> None:
    sources = ["/etc/fstab", f"/lib/modules/{host.check_output('uname -r')}/modules.dep", "/usr/sbin/makedumpfile"]
    built = initrd.mtime
    assert all(file.mtime <= built for file in map(host.file, sources) if file.exists)


def test_initrd_loaded(host: Any, initrd: Any) -> None:
    shown = host.check_output("TZ=UTC systemctl show -p ActiveEnterTimestamp kdump.service")
    moment = shown.partition("ActiveEnterTimestamp=")[2].partition("\n")[0]
    assert initrd.mtime.timestamp() <= int(host.check_output(f"date -d '{moment}' +%s")) + 1


def test_initrd_built_here(host: Any, initrd: Any) -> None:
    if not host.file("/run/overlayfs").exists:
        pytest.skip("no overlay")
    assert host.file(f"/run/overlayfs{initrd.path}").exists


def test_initrd_target(host: Any, target: list[str]) -> None:
    device, _, kind = target[:3]
    rootraid = host.check_output("readlink -f /dev/disk/by-label/ROOTRAID")
    assert kind not in ("overlay", "tmpfs", "squashfs")
    assert device in ("LABEL=ROOTRAID", rootraid)


def test_initrd_device_name(target: list[str]) -> None:
    assert target[0].startswith(("LABEL=", "UUID=", "/dev/disk/by-"))


def test_initrd_savedir(host: Any, initrd: Any, target: list[str]) -> None:
    config = host.check_output(f"lsinitrd -f etc/sysconfig/kdump {initrd.path}")
    assert f'KDUMP_SAVEDIR="file://{target[1].removeprefix("/kdump")}/crash"' in config


def test_initrd_kernel(host: Any, listing: str) -> None:
    assert f"lib/modules/{host.check_output('uname -r')}/" in listing


@pytest.mark.parametrize("name", ["makedumpfile", "kdump-save", "initrd.target.wants/kdump-save.service", "mdadm"])
def test_initrd_tools(listing: str, name: str) -> None:
    assert f"/{name}" in listing


@pytest.mark.parametrize("name", ["raid1", "xfs"])
def test_initrd_drivers(host: Any, listing: str, name: str) -> None:
    builtin = f"/lib/modules/{host.check_output('uname -r')}/modules.builtin"
    assert f"/{name}.ko" in listing or host.run(f"grep -q '/{name}.ko$' {builtin}").rc == 0


def test_fstab_root(host: Any) -> None:
    assert host.file("/etc/fstab").contains("^LABEL=ROOTRAID[[:space:]]*/[[:space:]]")


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
