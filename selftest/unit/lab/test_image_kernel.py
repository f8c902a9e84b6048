# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import struct
import subprocess

import pytest

from kdumpcheck.lab.image import ImageError
from kdumpcheck.lab.image.content import GUEST
from kdumpcheck.lab.image.kernel_release import ncn_release, rename, rpm_version_release, unpack

OLD, NEW = "6.1.0-44-cloud-amd64", "6.1.0-44.deb-default"


def bzimage(vmlinux: bytes, *, level: str = "-9") -> bytes:
    """A boot image as the kernel's build lays it out: set-up code, payload with its size, a tail."""
    payload = subprocess.run(["lz4", "-lc", level], input=vmlinux, capture_output=True, check=True).stdout
    payload += struct.pack("<I", len(vmlinux))
    setup = bytearray(2 * 512)
    setup[0x1F1] = 1
    setup[0x202:0x206] = b"HdrS"
    struct.pack_into("<II", setup, 0x248, 64, len(payload))
    return bytes(setup) + b"\x90" * 64 + payload + b"tail" + OLD.encode()


def vmlinux(release: str = OLD) -> bytes:
    text = b"\x7fELF" + bytes(range(256)) * 400 + f"Linux version {release} (x)\0{release} SMP\0".encode()
    return text + bytes(range(255, -1, -1)) * 400 + f"/lib/firmware/{release}\0".encode()


def test_renaming_changes_every_name_and_no_length() -> None:
    image = bzimage(vmlinux())
    renamed = rename(image, OLD, NEW)
    assert len(renamed) == len(image)
    assert unpack(renamed) == vmlinux(NEW)
    assert renamed.endswith(b"tail" + NEW.encode())


def test_the_unpacked_size_stays_where_the_boot_code_reads_it() -> None:
    renamed = rename(bzimage(vmlinux()), OLD, NEW)
    _, length = struct.unpack_from("<II", renamed, 0x248)
    end = 2 * 512 + 64 + length
    assert struct.unpack("<I", renamed[end - 4 : end]) == (len(vmlinux()),)


def test_another_length_is_refused() -> None:
    with pytest.raises(ImageError, match="is not as long as"):
        rename(bzimage(vmlinux()), OLD, "5.14.21-150500.55-default")


@pytest.mark.parametrize("image", [b"", b"\0" * 4096, b"\x7fELF" + b"\0" * 600])
def test_what_is_no_boot_image_is_refused(image: bytes) -> None:
    with pytest.raises(ImageError, match="not a Linux/x86 boot image"):
        unpack(image)


def test_another_compression_is_refused_in_words() -> None:
    image = bytearray(bzimage(vmlinux()))
    image[2 * 512 + 64 : 2 * 512 + 68] = b"\xfd7zX"
    with pytest.raises(ImageError, match="not compressed with LZ4"):
        unpack(bytes(image))


def test_a_damaged_kernel_is_one_line() -> None:
    image = bytearray(bzimage(vmlinux()))
    image[2 * 512 + 64 + 8 : 2 * 512 + 64 + 40] = b"\xff" * 32
    with pytest.raises(ImageError, match=r"^lz4 failed: "):
        unpack(bytes(image))


def test_a_kernel_of_another_flavour_is_refused() -> None:
    with pytest.raises(ImageError, match="does not end in -cloud-amd64"):
        ncn_release("6.1.0-44-amd64")


def kver(*packages: str) -> str:
    """KVER as the node's dracut-lib.sh computes it from what rpm prints."""
    script = GUEST / "node/srv/cray/scripts/common/dracut-lib.sh"
    printed = "".join(f"{package}\\n" for package in packages)
    program = f"rpm() {{ printf '{printed}'; }}; . {script}; echo $KVER"
    return subprocess.run(["bash", "-c", program], capture_output=True, text=True, check=True).stdout.strip()


@pytest.mark.parametrize("debian", [OLD, "6.1.0-9-cloud-amd64", "6.1.0-1044-cloud-amd64"])
def test_the_rpm_leads_the_vendors_rule_to_the_kernels_own_name(debian: str) -> None:
    release = ncn_release(debian)
    assert len(release) == len(debian)
    assert kver("-".join(rpm_version_release(release))) == release


@pytest.mark.parametrize(
    ("packages", "expected"),
    [
        (["5.3.18-150300.59.87.1"], "5.3.18-150300.59.87-default"),
        (
            ["5.14.21-150500.55.39.1.27360.1.PTF.1215587"],
            "5.14.21-150500.55.39.1.27360.1.PTF.1215587-default",
        ),
        (["5.3.18-150300.59.43.1", "5.3.18-150300.59.87.1"], "5.3.18-150300.59.87-default"),
        (["5.3.18-150300.59.43.1", "5.14.21-150400.24.38.1"], "5.3.18-150400.24.38-default"),
    ],
)
def test_kver_has_the_traits_of_an_ncns(packages: list[str], expected: str) -> None:
    assert kver(*packages) == expected
