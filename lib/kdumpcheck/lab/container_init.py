# SPDX-License-Identifier: Apache-2.0
"""The first process of a container node: makes its mounts, starts it, and starts it again when it reboots.

Run as a plain file (`python -I -S container_init.py NODE-DIRECTORY GROUP HIERARCHY...`) inside mount and PID namespaces
of its own. So every mount, loop device and process of the node goes away with it, however it ends. It imports nothing
of kdumpcheck, which would cost every node of a fleet 12 MB.
"""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

ROOTRAID = Path("/run/initramfs/overlayfs")
LOWER = Path("/run/rootfsbase")
UPPER = Path("/run/overlayfs")
WORK = Path("/run/ovlwork")
ROOT = Path("/run/node")
FED = Path("/run/fed")
# systemd-nspawn(1), EXIT STATUS: the node asked for a reboot, and with --keep-unit that is left to us.
REBOOT = 133


def main() -> int:
    """Run the node until it powers off; the exit status of its last boot."""
    directory, group, hierarchies = Path(sys.argv[1]), sys.argv[2], sys.argv[3:]
    for hierarchy in hierarchies:
        _join(Path(hierarchy) / group)
    setup = json.loads((directory / "setup.json").read_text(encoding="utf-8"))
    device = _mount_all(directory, setup)
    while True:
        shutil.copytree(directory / "fed", FED, dirs_exist_ok=True)
        _links_of_each_boot(setup)
        status = _boot(setup, device)
        if status != REBOOT:
            return status


def _join(group: Path) -> None:
    group.mkdir(parents=True, exist_ok=True)
    (group / "cgroup.procs").write_text("0", encoding="ascii")


def _mount_all(directory: Path, setup: dict[str, str]) -> str:
    """ROOTRAID, the layers and / of the node, where dracut has them on an NCN; the loop device of ROOTRAID."""
    _run("mount", "-t", "tmpfs", "-o", "mode=0755", "tmpfs", "/run")
    for place in (ROOTRAID, LOWER, ROOT, FED):
        place.mkdir(parents=True)
    _run("mount", "-t", "xfs", "-o", "loop", str(directory / setup["rootraid"]), str(ROOTRAID))
    _run("mount", "-t", "squashfs", "-o", "loop,ro", setup["squashfs"], str(LOWER))
    upper, work = ROOTRAID / setup["upper"], ROOTRAID / setup["work"]
    if not upper.exists():
        _first_boot(directory, setup, upper)
        work.mkdir()
    UPPER.symlink_to(upper)
    WORK.symlink_to(work)
    options = f"lowerdir={LOWER},upperdir={UPPER},workdir={WORK}"
    _run("mount", "-t", "overlay", "LiveOS_rootfs", "-o", options, str(ROOT))
    return _device_of(ROOTRAID)


def _first_boot(directory: Path, setup: dict[str, str], upper: Path) -> None:
    """Fill the new upper layer; it gets its name last, so a boot cut short begins anew."""
    draft = upper.with_name("draft")
    shutil.rmtree(draft, ignore_errors=True)
    shutil.copytree(directory / "upper", draft, symlinks=True)
    (draft / "usr/bin").mkdir(parents=True, exist_ok=True)
    shutil.copy2(LOWER / "usr/bin/uname", draft / "usr/bin/uname.host")
    release = setup["kernel_release"]
    boot = draft / "boot"
    boot.mkdir()
    for name in (f"System.map-{release}", f"vmlinux-{release}.gz"):
        shutil.copy2(LOWER / "boot" / name, boot / name)
    # Not copy2: an initrd as old as the one it is copied from might count as stale here.
    initrd = boot / f"initrd-{release}-kdump"
    shutil.copyfile(setup["kdump_initrd"], initrd)
    initrd.chmod(0o600)
    (draft / "var/crash").mkdir(parents=True)
    draft.rename(upper)


def _links_of_each_boot(setup: dict[str, str]) -> None:
    """The links kdump follows, made at each boot with the very command of dracut-metal-mdsquash."""
    for link, target in (("boot", "boot"), ("crash", "var/crash")):
        _run("ln", "-snf", f"./{setup['upper']}/{target}", str(ROOTRAID / link))


def _boot(setup: dict[str, str], device: str) -> int:
    argv = ["systemd-nspawn", "--quiet", "--keep-unit", "--register=no", "--boot", "--console=pipe"]
    argv += [f"--machine={setup['name']}", f"--directory={ROOT}", f"--bind={device}"]
    argv += [f"--bind={device}:/dev/disk/by-label/ROOTRAID", f"--bind={ROOTRAID}", f"--bind-ro={LOWER}"]
    argv += [f"--bind-ro={FED}:/run/lab", f"systemd.hostname={setup['name']}"]
    node = subprocess.Popen(argv, stdin=subprocess.DEVNULL)
    # nspawn shuts the node down in order when it gets SIGTERM.
    signal.signal(signal.SIGTERM, lambda *_: node.terminate())
    return node.wait()


def _device_of(mount_point: Path) -> str:
    for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines():
        mount, _, source = line.partition(" - ")
        if mount.split()[4] == str(mount_point):
            return source.split()[1]
    raise SystemExit(f"{mount_point} is not mounted")


def _run(*argv: str) -> None:
    subprocess.run(argv, check=True)


if __name__ == "__main__":
    sys.exit(main())
