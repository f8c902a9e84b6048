# SPDX-License-Identifier: Apache-2.0
"""A node that is a container: real systemd, sshd and ROOTRAID, and a kernel that is fed from files."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kdumpcheck.lab import cgroups, console
from kdumpcheck.lab.container_files import fed_files, upper_layer, upper_links
from kdumpcheck.lab.errors import LabError
from kdumpcheck.lab.faults import command_line
from kdumpcheck.lab.files import write_json
from kdumpcheck.lab.process import Process, spawn
from kdumpcheck.lab.record import ContainerBody

if TYPE_CHECKING:
    from kdumpcheck.lab.record import NodeRecord

ROOTRAID: Final = "rootraid.xfs"
ROOTRAID_MIB: Final = 1024
_INIT: Final = Path(__file__).with_name("container_init.py")
_ON_ROOTRAID: Final = "/run/initramfs/overlayfs"
_NAMESPACES: Final = (
    "unshare",
    "--mount",
    "--propagation=private",
    "--pid",
    "--fork",
    "--kill-child",
    "--mount-proc",
)


class Container:
    """One container in its directory; its mounts and processes live in namespaces that end with it."""

    def __init__(self, directory: Path, lab: Path, record: NodeRecord) -> None:
        if not isinstance(record.body, ContainerBody):
            raise LabError(f"{record.name}: not a container")
        self.directory = directory
        self.record = record
        self._lab = lab
        self._body = record.body

    def is_on(self) -> bool:
        """Whether it runs; it ends when its system powers off."""
        return Process.running(self.directory) is not None

    def prepare(self, template: Path) -> None:
        """Make what it starts from: an own ROOTRAID like the template, and the files of its upper layer."""
        _copy_rootraid(template, self.directory / ROOTRAID)
        body, upper = self._body, self.directory / "upper"
        shutil.rmtree(upper, ignore_errors=True)
        places = (f"{_ON_ROOTRAID}/{body.upper}", f"{_ON_ROOTRAID}/{body.work}")
        for path, file in upper_layer(self.record.address, body.kernel_release, *places).items():
            target = upper / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(file.text, encoding="utf-8")
            target.chmod(file.mode)
        for path, points_to in upper_links().items():
            (upper / path).parent.mkdir(parents=True, exist_ok=True)
            (upper / path).symlink_to(points_to)
        for place in (upper, *upper.rglob("*/")):
            place.chmod(0o755)

    def power_on(self) -> None:
        """Boot it; nothing happens when it is on."""
        if self.is_on():
            return
        self._write_fed()
        group = f"{cgroups.lab_group(self._lab)}/{self.record.name}"
        cgroups.remove(group)
        init = [sys.executable, "-I", "-S", str(_INIT), str(self.directory), group]
        argv = [*_NAMESPACES, "--", *init, *map(str, cgroups.hierarchies())]
        spawn(argv, lab=self._lab, directory=self.directory, log=console.LOG)

    def power_off(self) -> None:
        """End it as by a power cut."""
        process = Process.running(self.directory)
        if process is not None:
            process.stop()
        cgroups.remove(f"{cgroups.lab_group(self._lab)}/{self.record.name}")

    def reset(self) -> None:
        """Cut its power and give it back."""
        self.power_off()
        self.power_on()

    def shut_down(self) -> None:
        """Ask its system to power off."""
        process = Process.running(self.directory)
        init = None if process is None else _only_child(process.pid)
        if init is None:
            raise LabError(f"{self.record.name}: it is off")
        init.send(signal.SIGTERM)

    def _write_fed(self) -> None:
        """What its kernel will say, and what its first process must know; a boot takes them as they are then."""
        cmdline = command_line(self.record.cmdline, self.record.faults)
        for path, text in fed_files(cmdline).items():
            target = self.directory / "fed" / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        body = self._body
        setup = {
            "name": self.record.name,
            "squashfs": body.squashfs,
            "rootraid": ROOTRAID,
            "upper": body.upper,
            "work": body.work,
            "kdump_initrd": body.kdump_initrd,
            "kernel_release": body.kernel_release,
        }
        write_json(self.directory / "setup.json", setup)


def make_template(path: Path) -> None:
    """An empty ROOTRAID for containers to copy; making each one anew would write 64 MiB of log every time."""
    path.unlink(missing_ok=True)
    with path.open("wb") as stream:
        stream.truncate(ROOTRAID_MIB << 20)
    _run("mkfs.xfs", "-q", "-L", "ROOTRAID", str(path))


def _copy_rootraid(template: Path, target: Path) -> None:
    # A new file, not new content: a loop device that is just being detached may still hold the old one.
    target.unlink(missing_ok=True)
    _run("cp", "--sparse=always", "--reflink=auto", str(template), str(target))
    # The kernel mounts no second XFS with the same UUID.
    _run("xfs_admin", "-U", "generate", str(target))


def _only_child(pid: int) -> Process | None:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    return Process.of(int(children[0])) if children else None


def _run(*argv: str) -> None:
    done = subprocess.run(argv, capture_output=True, text=True, timeout=120.0, check=False)
    if done.returncode != 0:
        raise LabError(f"{argv[0]}: {done.stderr.strip() or f'exit status {done.returncode}'}")
