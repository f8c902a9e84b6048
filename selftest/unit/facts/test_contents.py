# SPDX-License-Identifier: Apache-2.0
"""An initrd is opened as it is: real archives through the real section, in two shells."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from kdumpcheck.evidence import Evidence, Unknown
from kdumpcheck.facts import Contents
from kdumpcheck.facts.contents import CaptureMount, Opened

RELEASE = "5.14.21-150500.55.39-default"
FILES = {
    "etc/fstab": "# made by kdump\nLABEL=ROOTRAID /kdump/mnt0 xfs defaults 0 2\n",
    "etc/sysconfig/kdump": 'KDUMP_SAVEDIR="file:///mnt0/crash"\nKDUMP_SMTP_PASSWORD="secret"\n#KDUMP_CPUS="8"\n',
    "kdump/kdump-save": "x" * 5000,
    "usr/bin/makedumpfile": "x",
    f"usr/lib/modules/{RELEASE}/kernel/drivers/md/raid1.ko.xz": "x",
    f"usr/lib/modules/{RELEASE}/kernel/fs/xfs/xfs.ko": "x",
    f"usr/lib/modules/{RELEASE}/kernel/drivers/virtio/virtio-rng.ko.zst": "x",
    "usr/lib/systemd/system/kdump-save.service": "[Unit]\n",
}
PACKERS = {"xz": ["xz", "-0", "--check=crc32"], "gzip": ["gzip"], "cpio": ["cat"]}


def archive(tree: Path, packer: list[str]) -> bytes:
    names = "\n".join(sorted(str(path.relative_to(tree)) for path in tree.rglob("*")))
    cpio = subprocess.run(
        ["cpio", "-o", "-H", "newc", "--quiet"], cwd=tree, input=names.encode(), capture_output=True, check=True
    )
    return subprocess.run(packer, input=cpio.stdout, capture_output=True, check=True).stdout


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    for name, text in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    wants = root / "usr/lib/systemd/system/initrd.target.wants/kdump-save.service"
    wants.parent.mkdir()
    wants.symlink_to("../kdump-save.service")
    return root


@pytest.fixture(params=["dash", "bash"])
def opened(request: pytest.FixtureRequest, evidence_of: Callable[..., Evidence]) -> Callable[[Path], Opened]:
    """Runs the section on one file, as a node would."""

    def run(initrd: Path) -> Opened:
        script = Contents.sections[0].script.replace('"/boot/initrd-$(uname -r)-kdump"', f"'{initrd}'")
        done = subprocess.run([request.param, "-uc", script], capture_output=True, text=True, check=True, timeout=600)
        contents = Contents.parse(evidence_of({"contents": done.stdout}))
        assert isinstance(contents, Contents)
        found = contents.get(str(initrd))
        assert found is not None
        return found

    return run


@pytest.mark.parametrize("packing", PACKERS)
def test_a_whole_initrd_is_told_by_what_kdump_needs_of_it(
    packing: str, tree: Path, tmp_path: Path, opened: Callable[[Path], Opened]
) -> None:
    initrd = tmp_path / "initrd"
    initrd.write_bytes(archive(tree, PACKERS[packing]))
    found = opened(initrd)
    assert found.damage == ""
    assert found.mounts == (CaptureMount("LABEL=ROOTRAID", "/kdump/mnt0", "xfs", ("defaults",)),)
    assert found.settings == {"KDUMP_SAVEDIR": "file:///mnt0/crash", "KDUMP_SMTP_PASSWORD": "[redacted]"}
    assert found.modules == {RELEASE: {"raid1", "xfs", "virtio_rng"}}
    assert found.files["kdump/kdump-save"] == 5000
    assert all(found.has(name) for name in ("makedumpfile", "initrd.target.wants/kdump-save.service"))
    # Eight files, one of them of two pages: what they take in memory.
    assert found.unpacked == 9 * 4096


def test_kdump_utils_own_settings_are_taken_out_of_it(
    tree: Path, tmp_path: Path, opened: Callable[[Path], Opened]
) -> None:
    """The same file holds settings of a shell in SUSE's initrds, and options with blanks behind them in RHEL's."""
    (tree / "etc/kdump.conf").write_text(
        "# made by dracut\next4 /dev/disk/by-uuid/1\npath /var/crash\ndracut_args --mount 'x y cifs password=s3cret'\n"
    )
    (tree / "usr/bin/kdump.sh").write_text("#!/bin/sh\n")
    initrd = tmp_path / "initrd"
    initrd.write_bytes(archive(tree, PACKERS["gzip"]))
    found = opened(initrd)
    assert found.conf == (
        "ext4 /dev/disk/by-uuid/1",
        "path /var/crash",
        "dracut_args --mount 'x y cifs password=[redacted]'",
    )
    assert found.settings["KDUMP_SAVEDIR"] == "file:///mnt0/crash"
    assert found.has("kdump.sh")
    assert found.has("etc/kdump.conf")
    assert found.packed == ""


@pytest.mark.parametrize("name", ["squash-root.img", "erofs-root.img", "squash/root.img"])
def test_an_image_that_holds_all_the_rest_is_told(
    name: str, tree: Path, tmp_path: Path, opened: Callable[[Path], Opened]
) -> None:
    (tree / name).parent.mkdir(exist_ok=True)
    (tree / name).write_bytes(b"hsqs")
    initrd = tmp_path / "initrd"
    initrd.write_bytes(archive(tree, PACKERS["cpio"]))
    assert opened(initrd).packed == name


@pytest.mark.parametrize("front", [False, True], ids=["alone", "microcode in front"])
def test_an_image_of_dracuts_squash_module_is_read_where_it_lies(
    front: bool, tree: Path, tmp_path: Path, opened: Callable[[Path], Opened]
) -> None:
    """RHEL's kdump initrds are made so where squashfs-tools are installed; the archive around it is not packed."""
    assert shutil.which("mksquashfs"), "apt-get install squashfs-tools"
    (tree / "etc/kdump.conf").write_text("# made by dracut\nxfs /dev/mapper/rhel-root\npath /var/crash\n")
    outer = tmp_path / "outer"
    outer.mkdir()
    argv = ["mksquashfs", str(tree), str(outer / "squash-root.img"), "-noappend", "-no-progress"]
    subprocess.run(argv, check=True, capture_output=True)
    (outer / "init").write_text("#!/bin/sh\n")
    initrd = tmp_path / "initrd"
    initrd.write_bytes((microcode(tmp_path, "GenuineIntel") if front else b"") + archive(outer, PACKERS["cpio"]))
    found = opened(initrd)
    assert (found.damage, found.packed) == ("", "")
    assert found.conf == ("xfs /dev/mapper/rhel-root", "path /var/crash")
    assert found.mounts == (CaptureMount("LABEL=ROOTRAID", "/kdump/mnt0", "xfs", ("defaults",)),)
    assert found.modules == {RELEASE: {"raid1", "xfs", "virtio_rng"}}
    assert found.files["usr/bin/makedumpfile"] == 1
    assert found.has("initrd.target.wants/kdump-save.service")
    # In memory it lies as it is.
    assert (outer / "squash-root.img").stat().st_size < found.unpacked < 40_000


def test_early_microcode_in_front_is_passed_over(tree: Path, tmp_path: Path, opened: Callable[[Path], Opened]) -> None:
    """dracut's own skipcpio finds the end of the first archive; it comes with every node that builds an initrd."""
    assert shutil.which("skipcpio", path="/usr/lib/dracut:/lib/dracut"), "apt-get install dracut-core"
    early = tmp_path / "early"
    (early / "kernel").mkdir(parents=True)
    (early / "early_cpio").write_text("1\n")
    first = archive(early, ["cat"])
    initrd = tmp_path / "initrd"
    initrd.write_bytes(first + bytes(-len(first) % 512) + archive(tree, PACKERS["xz"]))
    found = opened(initrd)
    assert (found.damage, len(found.modules)) == ("", 1)


def microcode(tmp_path: Path, name: str) -> bytes:
    """What Debian's microcode packages put in front: without dracut's mark, padded to whole blocks."""
    early = tmp_path / name
    (early / "kernel/x86/microcode").mkdir(parents=True)
    (early / f"kernel/x86/microcode/{name}.bin").write_bytes(b"m" * 5000)
    made = archive(early, ["cat"])
    return made + bytes(-len(made) % 1024)


@pytest.mark.parametrize("packing", PACKERS)
@pytest.mark.parametrize("number", [1, 2])
def test_what_lies_behind_debians_microcode_is_judged(
    tree: Path, tmp_path: Path, opened: Callable[[Path], Opened], packing: str, number: int
) -> None:
    """The first archive alone would be whole, small, and good for nothing."""
    front = b"".join(microcode(tmp_path, name) for name in ("AuthenticAMD", "GenuineIntel")[:number])
    initrd = tmp_path / "initrd"
    initrd.write_bytes(front + archive(tree, PACKERS[packing]))
    found = opened(initrd)
    assert (found.damage, set(found.modules)) == ("", {RELEASE})
    # Each microcode file takes two pages, beside the nine of the archive behind.
    assert found.unpacked == (9 + 2 * number) * 4096
    initrd.write_bytes(front + archive(tree, PACKERS["xz"])[:-500])
    assert "breaks off" in opened(initrd).damage
    initrd.write_bytes(front + b"this is no archive at all")
    assert "no archive" in opened(initrd).damage


def test_microcode_that_nothing_can_skip_is_not_taken_for_the_initrd(
    tmp_path: Path, evidence_of: Callable[..., Evidence]
) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("head", "tr", "od", "cpio", "cat", "tee", "sed", "awk", "uname"):
        (tools / name).symlink_to(str(shutil.which(name)))
    initrd = tmp_path / "initrd"
    initrd.write_bytes(microcode(tmp_path, "GenuineIntel") + b"x" * 1000)
    script = Contents.sections[0].script.replace('"/boot/initrd-$(uname -r)-kdump"', f"'{initrd}'")
    argv = ["/usr/bin/env", f"PATH={tools}", "/bin/dash", "-uc", script]
    done = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=600)
    told = Contents.parse(evidence_of({"contents": done.stdout}))
    assert isinstance(told, Unknown)
    assert "no perl on the node to skip it" in told.reason


@pytest.mark.parametrize(
    ("spoil", "damage"),
    [
        (lambda data: data[: len(data) * 2 // 3], "breaks off"),
        (lambda data: data[:200] + b"\0" * 40 + data[240:], "breaks off|could not be read"),
        (lambda _: b"this is no archive at all", "no archive"),
        (lambda _: b"", "no archive"),
    ],
    ids=["cut", "damaged", "text", "empty"],
)
def test_what_is_broken_is_said_to_be(
    spoil: Callable[[bytes], bytes], damage: str, tree: Path, tmp_path: Path, opened: Callable[[Path], Opened]
) -> None:
    initrd = tmp_path / "initrd"
    initrd.write_bytes(spoil(archive(tree, PACKERS["xz"])))
    found = opened(initrd).damage
    assert any(word in found for word in damage.split("|")), found


def test_without_the_tools_it_could_not_be_looked_at(evidence_of: Callable[..., Evidence]) -> None:
    told = Contents.parse(evidence_of({"contents": "initrd\t/x\ncannot\tthere is no xz on the node\n"}))
    assert told == Unknown("the kdump initrd could not be opened: there is no xz on the node")


@pytest.mark.parametrize(
    ("points", "path", "expected"),
    [
        (["/kdump/mnt0"], "/kdump/mnt0/crash", "/kdump/mnt0"),
        (["/kdump/mnt/"], "/kdump/mnt/var/crash", "/kdump/mnt/"),
        (
            ["/kdump/mnt", "/kdump/mnt/run/initramfs/overlayfs"],
            "/kdump/mnt/run/initramfs/overlayfs/x",
            "/kdump/mnt/run",
        ),
        (["/kdump/mnt0"], "/kdump/mnt01/crash", None),
    ],
)
def test_the_longest_mount_holds_a_path(points: list[str], path: str, expected: str | None) -> None:
    opened = Opened("", 0, {}, {}, tuple(CaptureMount("d", point, "xfs") for point in points), {}, "")
    mount = opened.mount_of(path)
    assert (mount is None) == (expected is None)
    assert mount is None or mount.point.startswith(str(expected))


def test_the_initrd_of_the_kernel_that_kdump_is_told_is_opened(tmp_path: Path) -> None:
    config, initrd = tmp_path / "sysconfig", tmp_path / "initrd-6.4.0-1-default-kdump"
    config.write_text("KDUMP_KERNELVER='6.4.0-1-default'\n")
    initrd.write_bytes(b"text")
    script = Contents.sections[0].script.replace("/etc/sysconfig/kdump", str(config)).replace("/boot/", f"{tmp_path}/")
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert f"initrd\t{initrd}\n" in done.stdout
