# SPDX-License-Identifier: Apache-2.0
"""What is no image, or a hostile one: one clear line, nothing written outside, nothing followed out of it."""

from __future__ import annotations

import io
import os
import struct
import tarfile
from pathlib import Path

import pytest
from selftest.unit.image import made

from kdumpcheck.evidence import Evidence
from kdumpcheck.image import Beside, ImageError, look_at_image, name_of


def look(image: Path) -> Evidence:
    return look_at_image(image, Beside())[0]


def told(evidence: Evidence, section: str) -> str:
    text = evidence.text(section)
    assert isinstance(text, str)
    return text


def refused(image: Path) -> str:
    with pytest.raises(ImageError) as error:
        look(image)
    text = str(error.value)
    assert "\n" not in text
    assert text.startswith(str(image))
    assert text.isprintable()
    return text


@pytest.fixture(name="root")
def _root(tmp_path: Path) -> Path:
    return made.root(tmp_path / "root")


def patched(image: Path, offset: int, data: bytes) -> Path:
    raw = bytearray(image.read_bytes())
    raw[offset : offset + len(data)] = data
    image.write_bytes(bytes(raw))
    return image


def test_no_image_at_all(tmp_path: Path) -> None:
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "text").write_text("hello\n" * 1000)
    (tmp_path / "hsqs").write_bytes(b"hsqs")
    (tmp_path / "dir").mkdir()
    os.mkfifo(tmp_path / "fifo")
    assert "No such file" in refused(tmp_path / "nowhere")
    assert "no tar archive" in refused(tmp_path / "empty")
    assert "no tar archive" in refused(tmp_path / "text")
    assert "4 bytes" in refused(tmp_path / "hsqs")
    assert "neither /etc nor /usr" in refused(tmp_path / "dir")
    assert "neither a file nor a directory" in refused(tmp_path / "fifo")


def test_a_truncated_squashfs(root: Path) -> None:
    image = made.squashed(root)
    (used,) = struct.unpack_from("<Q", image.read_bytes(), 40)
    image.write_bytes(image.read_bytes()[: used - 100])
    assert f"truncated: it holds {used - 100} bytes of {used}" in refused(image)


def test_a_squashfs_that_is_damaged_inside(root: Path) -> None:
    image = made.squashed(root)
    # The tables of inodes and directories begin where the superblock says.
    (inodes,) = struct.unpack_from("<Q", image.read_bytes(), 64)
    assert "unsquashfs cannot read it" in refused(patched(image, inodes, b"\xff" * 400))


def test_a_squashfs_of_an_unknown_kind(root: Path) -> None:
    image = made.squashed(root)
    assert "compressor 9" in refused(patched(image, 20, b"\x09\x00"))
    assert "SquashFS version 3" in refused(patched(image, 28, b"\x03\x00"))


def test_a_truncated_archive(root: Path) -> None:
    archive = made.tarred(root)
    archive.write_bytes(archive.read_bytes()[:-2000])
    assert "no tar archive that can be read to its end" in refused(archive)


def test_a_damaged_rpm_database(root: Path) -> None:
    (root / "usr/lib/sysimage/rpm/rpmdb.sqlite").write_bytes(b"SQLite format 3\0" + b"\xff" * 5000)
    assert "RPM database (SQLite) cannot be read" in refused(root)


def test_no_rpm_database(root: Path) -> None:
    made.remove(root, "usr/lib/sysimage/rpm/rpmdb.sqlite")
    assert "no RPM database" in refused(root)


def test_links_lead_nowhere_out_of_the_image(root: Path, tmp_path: Path) -> None:
    secret = tmp_path / "fstab"
    secret.write_text("SECRET / xfs\n")
    for target in (str(secret), "../../../../../../../.." + str(secret)):
        (root / "etc/fstab").unlink(missing_ok=True)
        (root / "etc/fstab").symlink_to(target)
        for image in (root, made.squashed(root), made.tarred(root)):
            assert told(look(image), "fstab") == ""
            if image != root:
                image.unlink()


def test_links_in_a_circle_end(root: Path) -> None:
    (root / "etc/fstab").unlink()
    (root / "etc/fstab").symlink_to("fstab2")
    (root / "etc/fstab2").symlink_to("/etc/fstab")
    (root / "etc/dracut.conf").symlink_to("./dracut.conf/x")
    assert told(look(root), "fstab") == ""
    assert told(look(made.squashed(root)), "fstab") == ""


def test_a_link_whose_parts_are_links_is_followed_within(root: Path) -> None:
    (root / "etc/real").mkdir()
    (root / "etc/real/fstab").write_text("LABEL=HERE / xfs\n")
    (root / "etc/fstab").unlink()
    (root / "etc/fstab").symlink_to("/../loop/fstab")
    (root / "loop").symlink_to("/../etc/real")
    assert told(look(root), "fstab") == "LABEL=HERE / xfs\n"
    assert told(look(made.squashed(root)), "fstab") == "LABEL=HERE / xfs\n"


def test_a_name_with_a_line_break_makes_no_entry(root: Path) -> None:
    """A name that reads as a line of unsquashfs's own listing, and one that reads as a line of ours."""
    made.remove(root, "usr/sbin/mdadm")
    spoof = root / "etc/x\n-rwxr-xr-x 0/0  5 2026-01-01 00:00 squashfs-root/usr/sbin/mdadm"
    spoof.parent.mkdir(parents=True)
    spoof.write_text("x")
    (root / "boot/vmlinuz-1\nprogram\tmdadm").write_text("x")
    for image in (root, made.squashed(root)):
        assert "\nprogram\tmdadm" not in told(look(image), "image")


def test_special_files_are_not_opened(root: Path) -> None:
    (root / "etc/fstab").unlink()
    os.mkfifo(root / "etc/fstab")
    assert told(look(root), "fstab") == ""
    assert told(look(made.squashed(root)), "fstab") == ""


def test_a_huge_file_is_not_read(root: Path) -> None:
    with (root / "etc/fstab").open("ab") as file:
        file.truncate(64 << 20)
    assert "/etc/fstab is 67108864 bytes large" in refused(root)
    assert "/etc/fstab is 67108864 bytes large" in refused(made.squashed(root))


def test_an_archive_writes_nothing_outside(root: Path, tmp_path: Path) -> None:
    archive = made.tarred(root, packed=False)
    with tarfile.open(archive, "a") as tar:
        for name in ("../../escaped", "/etc/../../../escaped", "etc/../../escaped"):
            member = tarfile.TarInfo(name)
            member.size = 4
            tar.addfile(member, io.BytesIO(b"evil"))
        device = tarfile.TarInfo("etc/kmem")
        device.type = tarfile.CHRTYPE
        tar.addfile(device)
        hard = tarfile.TarInfo("etc/sysconfig/kdump")
        hard.type, hard.linkname = tarfile.LNKTYPE, "../../../../etc/shadow"
        tar.addfile(hard)
    before = sorted(tmp_path.rglob("*"))
    assert "KDUMP_SAVEDIR" in told(look(archive), "sysconfig.live")
    assert sorted(tmp_path.rglob("*")) == before
    assert not list(tmp_path.rglob("escaped"))


def test_passwords_stay_in_the_image(root: Path) -> None:
    with (root / "etc/sysconfig/kdump").open("a") as file:
        file.write('KDUMP_SMTP_PASSWORD="hunter2"\nKDUMP_HOST_KEY="ftp://me:hunter2@there/x"\n')
    (root / "etc/fstab").write_text("//nas/x /x cifs user=u,password=hunter2 0 0\n")
    _, raw = look_at_image(root, Beside())
    assert b"hunter2" not in raw


@pytest.mark.parametrize(
    ("name", "shown"), [("a b\n.sq", "a-b-.sq"), ("ncn-0.1.squashfs", "ncn-0.1.squashfs"), ("\u00e4", "image")]
)
def test_an_image_is_called_by_a_harmless_name(tmp_path: Path, name: str, shown: str) -> None:
    assert name_of(tmp_path / name) == shown
