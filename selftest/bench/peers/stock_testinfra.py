# SPDX-License-Identifier: Apache-2.0
"""The same checks as plain testinfra tests, as one would write them; run with a peer's own pytest."""

from __future__ import annotations

# ruff: noqa: ANN401 - testinfra ships no types
from typing import Any

import pytest

#: Where BOOTRAID is mounted.
RECOVERY = "/mnt/recovery"
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
        pytest.skip("no overlay")  # the peer judges as it would on any machine; its numbers are what counts
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
        pytest.skip(f"no {library}")  # as above
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


# From here on: what else makes a node look fine and lose its dump.


@pytest.fixture(scope="module")
def config(host: Any) -> dict[str, str]:
    lines = host.file("/etc/sysconfig/kdump").content_string.splitlines()
    pairs = [line.partition("=") for line in lines if line.startswith(("KDUMP", "MAKEDUMPFILE", "KEXEC"))]
    return {name: value.strip().strip('"') for name, _, value in pairs}


@pytest.fixture(scope="module")
def cmdline(host: Any) -> list[str]:
    return str(host.file("/proc/cmdline").content_string).split()


def test_config_savedir(config: dict[str, str]) -> None:
    assert config["KDUMP_SAVEDIR"].startswith(("file:///", "/"))
    assert len(config["KDUMP_SAVEDIR"].split()) == 1


def test_config_image(host: Any) -> None:
    copy = host.file("/run/rootfsbase/etc/sysconfig/kdump")
    assert copy.content == host.file("/etc/sysconfig/kdump").content


def test_config_append(config: dict[str, str]) -> None:
    words = config["KDUMP_COMMANDLINE_APPEND"].split()
    assert all("=" in word or "," not in word for word in words)
    assert len({word.partition("=")[0] for word in words}) == len(words)


def test_config_hang(config: dict[str, str]) -> None:
    assert config["KDUMP_IMMEDIATE_REBOOT"] == "yes"
    assert config["KDUMP_CONTINUE_ON_ERROR"] == "true"
    assert "rd.shell" not in config["KDUMP_COMMANDLINE_APPEND"].split()
    assert "rd.timeout=" in config["KDUMP_COMMANDLINE_APPEND"]


def test_config_format(config: dict[str, str]) -> None:
    assert config["KDUMP_DUMPFORMAT"] in ("ELF", "compressed", "lzo", "snappy", "zstd")
    assert 0 <= int(config["KDUMP_DUMPLEVEL"]) <= 31


@pytest.mark.parametrize("name", ["TRANSFER", "PRESCRIPT", "POSTSCRIPT", "REQUIRED_PROGRAMS"])
def test_config_programs(host: Any, config: dict[str, str], name: str) -> None:
    assert all(host.exists(program) for program in config[f"KDUMP_{name}"].split()[:1])


def test_boot_survives(cmdline: list[str]) -> None:
    for word in ("metal.no-wipe=0", "rd.live.overlay.reset=1", "rd.live.overlay.reset", "rd.live.overlay.readonly=1"):
        assert word not in cmdline


def test_boot_grub(host: Any) -> None:
    lines = host.file(f"{RECOVERY}/boot/grub2/grub.cfg").content_string.splitlines()
    boots = [line.split() for line in lines if line.split()[:1] == ["linux"]]
    assert [word for word in boots[0] if word.startswith("crashkernel=")] == arguments(host)


@pytest.mark.parametrize("name", ["vmlinux-{}.gz", "System.map-{}"])
def test_boot_namelist(host: Any, name: str) -> None:
    assert host.file(f"{OVERLAYFS}/boot/{name.format(host.check_output('uname -r'))}").size > 0


def test_kernel_rebooted(host: Any) -> None:
    release = host.check_output("uname -r")
    installed = [path for path in host.file("/boot").listdir() if path.startswith("vmlinuz-")]
    assert installed == [f"vmlinuz-{release}"]


def test_kernel_kexec(host: Any) -> None:
    lockdown = host.file("/sys/kernel/security/lockdown")
    assert not lockdown.exists or "[none]" in lockdown.content_string
    disabled = host.file("/proc/sys/kernel/kexec_load_disabled")
    assert not disabled.exists or disabled.content_string.strip() == "0"


@pytest.mark.parametrize(("name", "value"), [("panic_on_oops", 1), ("panic_on_warn", 0)])
def test_kernel_sysctls(host: Any, name: str, value: int) -> None:
    assert host.sysctl(f"kernel.{name}") == value


def test_kernel_selinux(host: Any) -> None:
    enforce = host.file("/sys/fs/selinux/enforce")
    assert not enforce.exists or enforce.content_string.strip() == "0"


def test_service_journal(host: Any) -> None:
    journal = host.run("journalctl -b --no-pager -u kdump.service -t kdump")
    assert "busy" not in journal.stdout.lower()
    assert "failed" not in journal.stdout.lower()


def test_watchdog_quiet(host: Any) -> None:
    assert host.run("grep -q -x active /sys/class/watchdog/*/state").rc != 0


def test_rootraid_healthy(host: Any) -> None:
    assert host.run("grep -E '\\[U*_+U*\\]' /proc/mdstat").rc != 0


def test_dumps_space(host: Any, config: dict[str, str]) -> None:
    free = int(host.check_output(f"df -B 1048576 --output=avail {OVERLAYFS} | tail -n 1"))
    assert free > int(config["KDUMP_FREE_DISK_SIZE"]) + 1024
    assert int(host.check_output(f"df --output=iavail {OVERLAYFS} | tail -n 1")) > 1000


def test_dumps_retention(config: dict[str, str]) -> None:
    assert int(config["KDUMP_KEEP_OLD_DUMPS"]) != 0


def test_dumps_complete(host: Any, upper: str) -> None:
    for name in host.file(f"{upper}/var/crash").listdir():
        assert host.file(f"{upper}/var/crash/{name}/vmcore").exists
        assert not host.file(f"{upper}/var/crash/{name}/vmcore-incomplete").exists


def test_dumps_orphans(host: Any) -> None:
    assert not host.check_output(f"find {OVERLAYFS} -maxdepth 3 -name 'vmcore*' -not -path '*/LiveOS/*'")
