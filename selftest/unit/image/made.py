# SPDX-License-Identifier: Apache-2.0
"""Small images, made whole and then spoiled: real files, real SquashFS and tar, real databases, no real programs."""

from __future__ import annotations

import gzip
import shutil
import sqlite3
import struct
import subprocess
import tarfile
from contextlib import closing
from pathlib import Path

KVER = "5.14.21-150500.55.39-default"
RPMS = {
    "kernel-default": ("5.14.21", "150500.55.39.1"),
    "kdump": ("1.0.2+git14", "150500.1.1"),
    "makedumpfile": ("1.7.2", "150500.1.1"),
    "kexec-tools": ("2.0.25", "150500.1.1"),
    "dracut-metal-mdsquash": ("2.4.6", "1"),
    "bash": ("4.4", "1"),
}
SYSCONFIG = """\
KDUMP_COMMANDLINE_APPEND="module_blacklist=mlx5_core,qed irqpoll nr_cpus=1 rd.timeout=180 panic=10"
KDUMP_SAVEDIR="file:///crash"
KDUMP_DUMPLEVEL="31"
KDUMP_DUMPFORMAT="compressed"
"""
CMDLINE = "root=live:LABEL=SQFSRAID rd.live.overlay=LABEL=ROOTRAID rd.live.dir=LiveOS metal.no-wipe=1 crashkernel=360M"


def header(name: str, version: str, release: str) -> bytes:
    """A package's header as rpm keeps it: an index of tags, then their values."""
    values = {1000: name, 1001: version, 1002: release}
    index, store = b"", b""
    for tag, value in values.items():
        index += struct.pack(">IIII", tag, 6, len(store), 1)
        store += value.encode() + b"\0"
    return struct.pack(">II", len(values), len(store)) + index + store


def sqlite_database(path: Path, headers: list[bytes]) -> None:
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE Packages (hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL)")
        database.executemany("INSERT INTO Packages (blob) VALUES (?)", [(each,) for each in headers])


def ndb_database(path: Path, headers: list[bytes]) -> None:
    """One page of slots, then the blobs, as rpm's lib/backend/ndb/rpmpkg.c lays them out."""
    slots, blobs, block = b"", b"", 4096 // 16
    for number, each in enumerate(headers, 1):
        blob = struct.pack("<4sIII", b"BlbS", number, 1, len(each)) + each
        blob += b"\0" * (-(len(blob) + 12) % 16) + struct.pack("<II4s", 0, len(each), b"BlbE")
        slots += struct.pack("<4sIII", b"Slot", number, block, len(blob) // 16)
        blobs += blob
        block += len(blob) // 16
    empty = struct.pack("<4sIII", b"Slot", 0, 0, 0)
    page = struct.pack("<4sIIIIIII", b"RpmP", 0, 1, 1, len(headers) + 1, 0, 0, 0) + slots
    path.write_bytes(page + empty * ((4096 - len(page)) // 16) + blobs)


def root(path: Path) -> Path:
    """An unpacked image that would dump, of kdump before 1.9."""
    files = {
        "etc/os-release": 'ID="sles"\nVERSION_ID="15.5"\n',
        "etc/fstab": "LABEL=ROOTRAID / xfs defaults 0 0\n",
        "etc/sysconfig/kdump": SYSCONFIG,
        "etc/dracut.conf.d/00-metal.conf": 'use_fstab="yes"\nforce_drivers+=" raid1 "\n',
        f"boot/vmlinuz-{KVER}": "k" * 1000,
        f"boot/vmlinux-{KVER}.gz": "symbols",
        f"boot/System.map-{KVER}": "ffff T _text\n",
        f"usr/lib/modules/{KVER}/modules.dep": "kernel/fs/xfs/xfs.ko:\n",
        "usr/lib/systemd/system/kdump.service": "[Unit]\n",
        "usr/lib/systemd/system/kdump-early.service": "[Unit]\n",
        "usr/lib/dracut/modules.d/90metalmdsquash/metal-kdump.sh": "#!/bin/sh\n",
        **{f"usr/sbin/{name}": "\x7fELF" for name in ("kexec", "mdadm", "mkdumprd")},
        "usr/bin/makedumpfile": "\x7fELF",
    }
    for name, text in files.items():
        place = path / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
    (path / "boot/vmlinuz").symlink_to(f"vmlinuz-{KVER}")
    (path / "lib").symlink_to("usr/lib")
    (path / "sbin").symlink_to("/usr/sbin")
    wants = path / "etc/systemd/system/multi-user.target.wants"
    wants.mkdir(parents=True)
    for unit in ("kdump.service", "kdump-early.service"):
        (wants / unit).symlink_to(f"/usr/lib/systemd/system/{unit}")
    (path / "var/lib").mkdir(parents=True)
    (path / "usr/lib/sysimage/rpm").mkdir(parents=True)
    (path / "var/lib/rpm").symlink_to("../../usr/lib/sysimage/rpm")
    packages(path, RPMS)
    return path


def packages(path: Path, rpms: dict[str, tuple[str, str]], *more: tuple[str, str, str]) -> None:
    """Write the RPM database anew."""
    database = path / "usr/lib/sysimage/rpm/rpmdb.sqlite"
    database.unlink(missing_ok=True)
    sqlite_database(database, [header(name, *version) for name, version in rpms.items()] + [header(*m) for m in more])


def squashed(path: Path, compressor: str = "gzip") -> Path:
    """The same image as a SquashFS file."""
    image = path.with_suffix(".squashfs")
    argv = ["mksquashfs", str(path), str(image), "-comp", compressor, "-quiet", "-no-progress", "-processors", "1"]
    subprocess.run(argv, check=True, capture_output=True)
    return image


def tarred(path: Path, *, packed: bool = True) -> Path:
    """The same image as a tar archive."""
    archive = path.with_name(f"{path.name}.tar")
    with tarfile.open(archive, "w:gz" if packed else "w:") as tar:
        for each in sorted(path.iterdir()):
            tar.add(each, each.name)
    return archive


def cpio(files: dict[str, bytes]) -> bytes:
    """A newc archive (cpio(5)) that holds these files."""
    out = b""
    for number, (name, data) in enumerate([*files.items(), ("TRAILER!!!", b"")], 1):
        mode = 0o100644 if name != "TRAILER!!!" else 0
        fields = (number, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0)
        out += b"070701" + b"".join(b"%08X" % field for field in fields) + name.encode() + b"\0"
        out += b"\0" * (-(110 + len(name) + 1) % 4) + data + b"\0" * (-len(data) % 4)
    return out + b"\0" * (-len(out) % 512)


def initrd(path: Path, release: str = KVER, *, hook: bool = True, early: bool = True) -> Path:
    """An initrd that boots the image: early microcode in front, then what dracut packs."""
    files = {f"usr/lib/modules/{release}/kernel/{name}.ko.xz": b"m" * 100 for name in ("raid1", "xfs")}
    if hook:
        files["usr/lib/dracut/hooks/pre-mount/10-metal-kdump.sh"] = b"#!/bin/sh\n"
    front = cpio({"early_cpio": b"1\n", "kernel/x86/microcode/x.bin": b"u" * 700}) if early else b""
    path.write_bytes(front + gzip.compress(cpio(files), mtime=0))
    return path


def kernel(path: Path, release: str = KVER) -> Path:
    """The beginning of a bzImage that names its release; the rest of it is not looked at."""
    image = bytearray(8192)
    image[0x202:0x206] = b"HdrS"
    image[0x20E:0x210] = struct.pack("<H", 0x1000)
    image[0x1200 : 0x1200 + len(release) + 7] = release.encode() + b" (x@y) "
    path.write_bytes(bytes(image))
    return path


def remove(path: Path, *names: str) -> None:
    for name in names:
        place = path / name
        shutil.rmtree(place) if place.is_dir() and not place.is_symlink() else place.unlink()


def edit(path: Path, name: str, old: str, new: str) -> None:
    text = (path / name).read_text(encoding="utf-8")
    assert old in text
    (path / name).write_text(text.replace(old, new), encoding="utf-8")
