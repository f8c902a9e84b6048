# SPDX-License-Identifier: Apache-2.0
"""Nodes to measure on: one private sshd that answers on every address of 127.0.0.0/8 as a healthy node.

It listens on all addresses, so it may only run in a network namespace of its own.
"""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

import yaml
from selftest.bench.environments import ROOT
from selftest.bench.fleet_bundle import names
from selftest.net.sshd import Sshd, descendants, public, require

PORT = 22
_OPTIONS = "Subsystem sftp internal-sftp\nMaxStartups 2000\nMaxSessions 2000"
_RPM = """#!/bin/sh
for name; do
    case $name in
        kdump) printf 'rpm\\tkdump\\t1.0.2+git14-150500.1.1\\n' ;;
        kernel-default | makedumpfile | kexec-tools | dracut | crash) printf 'rpm\\t%s\\t1.0-1\\n' "$name" ;;
    esac
done
"""
_SYSTEMCTL = """#!/bin/sh
case $1 in
    is-active) echo active ;;
    is-enabled) echo enabled ;;
    show)
        for unit in kdump.service kdump-early.service; do
            printf 'Id=%s\\nLoadState=loaded\\nActiveState=active\\nSubState=exited\\nResult=success\\n' "$unit"
            printf 'UnitFileState=enabled\\nExecMainStatus=0\\nConditionResult=yes\\n'
            printf 'ActiveEnterTimestampMonotonic=1000000\\nActiveEnterTimestamp={loaded}\\n\\n'
        done ;;
esac
"""
_CMDLINE = "root=live:LABEL=SQFSRAID rd.live.overlay=LABEL=ROOTRAID metal.no-wipe=1 crashkernel=160M"
#: What the lab's nodes have, but for the shell in which a capture that goes wrong would wait for ever.
_SYSCONFIG = (ROOT / "lib/kdumpcheck/lab/guest/kdump-legacy/etc/sysconfig/kdump").read_text(encoding="utf-8")
_SYSCONFIG = _SYSCONFIG.replace("rd.shell", "rd.timeout=180")
_JOURNALCTL = """#!/bin/sh
echo 'Starting kdump.service - Load kdump kernel and initrd...'
echo 'Finished kdump.service - Load kdump kernel and initrd.'
"""
# As dracut's, for an initrd that is xz and nothing in front of it.
_LSINITRD = """#!/bin/sh
if [ "$1" = -f ]; then
    xz -dc "$3" | cpio -i --quiet --to-stdout "$2"
else
    xz -dc "$1" | cpio -itv --quiet
fi
"""


@dataclass(frozen=True, slots=True)
class Count:
    """What the nodes' log and process table say at one moment; differences of two are a client's doing."""

    logins: int
    execs: int
    cpu_seconds: float

    def since(self, earlier: Count) -> Count:
        """What was added."""
        return Count(self.logins - earlier.logins, self.execs - earlier.execs, self.cpu_seconds - earlier.cpu_seconds)


class Nodes:
    """A number of nodes by name and address, all of them one sshd; a context manager."""

    def __init__(self, root: Path, most: int) -> None:
        """`most` is how many nodes there are at most."""
        self.root = root
        self.addresses = {
            name: f"127.0.{number // 250 + 1}.{number % 250 + 1}" for number, name in enumerate(names(most))
        }
        node = _layers(root / "node")
        prepare = f"here={node}\n{Path(__file__).with_name('node.sh').read_text(encoding='utf-8')}"
        self.sshd = Sshd(root / "sshd", address="0.0.0.0", port=PORT, options=_OPTIONS, prepare=prepare)
        self.known_hosts = root / "known_hosts"
        key = public(self.sshd.host_keys[0])
        self.known_hosts.write_text("".join(f"{address} {key}\n" for address in self.addresses.values()))
        self.ssh_config = self._write("ssh_config", f"{self._options()}")
        self.control_path = root / "masters"
        self.control_path.mkdir()
        shared = f"ControlPath {self.control_path}/%h\n"
        self.ssh_config_shared = self._write("ssh_config_shared", f"{self._options()}{shared}")

    def __enter__(self) -> Self:
        self.sshd.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self.sshd.__exit__()

    @property
    def key(self) -> Path:
        """The private key that opens them."""
        return self.sshd.user_key

    def inventory(self, count: int) -> Path:
        """Our inventory of the first `count` nodes."""
        document = {
            "kdumpcheck-inventory": 1,
            "ssh_config": str(self.ssh_config),
            "known_hosts": str(self.known_hosts),
            "defaults": {"user": "root", "identity_file": str(self.key)},
            "nodes": {name: {"address": self.addresses[name]} for name in self.first(count)},
        }
        return self._write(f"inventory-{count}.yaml", yaml.safe_dump(document))

    def first(self, count: int) -> Sequence[str]:
        """The names of the first `count` nodes."""
        return list(self.addresses)[:count]

    def places(self, count: int) -> Sequence[str]:
        """The addresses of the first `count` nodes."""
        return list(self.addresses.values())[:count]

    def count(self) -> Count:
        """What was done on the nodes until now; waits until nothing runs there any more."""
        process = self.sshd._process
        assert process is not None
        end = time.monotonic() + 30
        while descendants(process.pid) and time.monotonic() < end:
            time.sleep(0.02)  # sshd does not say when its last child is gone
        log = self.sshd.log.read_text(errors="replace")
        execs = len(re.findall(r"^Starting session: (?:command|subsystem)", log, re.MULTILINE))
        fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
        ticks = sum(int(field) for field in fields[11:15])
        return Count(self.sshd.logins(), execs, ticks / os.sysconf("SC_CLK_TCK"))

    def _options(self) -> str:
        return (
            f"User root\nPort {PORT}\nIdentitiesOnly yes\nIdentityFile {self.key}\nStrictHostKeyChecking yes\n"
            f"UserKnownHostsFile {self.known_hosts}\nGlobalKnownHostsFile none\nBatchMode yes\n"
        )

    def _write(self, name: str, text: str) -> Path:
        path = self.root / name
        path.write_text(text)
        return path


def _layers(here: Path) -> Path:
    """What `node.sh` lays over the machine's own files."""
    release = os.uname().release
    loaded = datetime.now(UTC) + timedelta(seconds=60)  # by then all of this is written
    files = {
        "usr/bin/rpm": _RPM,
        "usr/bin/lsinitrd": _LSINITRD,
        "usr/bin/journalctl": _JOURNALCTL,
        "usr/bin/systemctl": _SYSTEMCTL.replace("{loaded}", f"{loaded:%a %Y-%m-%d %H:%M:%S UTC}"),
        "etc/sysconfig/kdump": _SYSCONFIG,
        "etc/fstab": "LABEL=ROOTRAID / xfs defaults 0 0\n",
        f"boot/vmlinuz-{release}": "a kernel",
        "panic_on_oops": "1\n",
        "cmdline": f"{_CMDLINE}\n",
        "grub.cfg": f"menuentry 'NCN' {{\n\tlinux ($root)/boot/kernel {_CMDLINE}\n}}\n",
    }
    for name, text in files.items():
        _write(here / name, text)
    _initrd(here / "boot" / f"initrd-{release}-kdump", here / "initrd", release)
    return here


def _initrd(path: Path, tree: Path, release: str) -> None:
    """Pack an initrd as kdump would build it, but small: the nodes share their processors with what is measured."""
    files = {
        "etc/fstab": "LABEL=ROOTRAID /kdump/mnt0 xfs defaults 0 2\n",
        "etc/sysconfig/kdump": _SYSCONFIG.replace("file:///crash", "file:///mnt0/crash"),
        "etc/systemd/system/initrd.target.wants/kdump-save.service": "[Service]\nExecStart=/kdump/kdump-save\n",
        "kdump/kdump-save": "#!/bin/sh\n",
        "usr/bin/makedumpfile": "a program\n" * 1000,
        "usr/sbin/mdadm": "a program\n" * 1000,
        **{f"lib/modules/{release}/kernel/{name}.ko": "a module\n" * 100 for name in ("raid1", "xfs", "nvme")},
    }
    for name, text in files.items():
        _write(tree / name, text)
    require("cpio", "cpio")
    pack = 'cd "$1" && find . | cpio -o -H newc --quiet | xz -C crc32 >"$2"'
    subprocess.run(["sh", "-ec", pack, "sh", str(tree), str(path)], check=True)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
