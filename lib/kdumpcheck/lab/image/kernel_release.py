# SPDX-License-Identifier: Apache-2.0
"""Giving Debian's kernel a release name that an NCN's scripts can compute.

On an NCN ``KVER`` is made from the kernel-default RPM and always ends in ``-default``; Debian's kernel ends in
``-cloud-amd64``, and nothing at run time can change what ``uname -r`` says. So the name is changed where it is stored:
in the kernel image, byte for byte of the same length. No code changes; the kernel then says one name everywhere
(uname, banner, VMCOREINFO, dump header). Its modules load as before, because with module versions the kernel does
not compare their release names.
"""

from __future__ import annotations

import re
import struct
import subprocess
from typing import Final

from kdumpcheck.lab.image.errors import ImageError

DEBIAN_FLAVOUR: Final = "-cloud-amd64"
NCN_FLAVOUR: Final = ".deb-default"

# The Linux/x86 boot protocol (Documentation/arch/x86/boot.rst): sectors of set-up code, then the payload's place.
_SETUP_SECTS: Final = 0x1F1
_HEADER_MAGIC: Final = (0x202, b"HdrS")
_PAYLOAD: Final = 0x248
_LZ4_LEGACY: Final = b"\x02\x21\x4c\x18"
_SIZE_TAIL: Final = 4


def ncn_release(debian: str) -> str:
    """The node's ``uname -r`` for a Debian kernel release, e.g. ``6.1.0-44.deb-default``."""
    if not debian.endswith(DEBIAN_FLAVOUR):
        raise ImageError(f"kernel release {debian!r} does not end in {DEBIAN_FLAVOUR}")
    return debian.removesuffix(DEBIAN_FLAVOUR) + NCN_FLAVOUR


def rpm_version_release(release: str) -> tuple[str, str]:
    """Version and Release of the kernel-default RPM from which dracut-lib.sh computes this release.

    The script drops the last number of the RPM's release, so the package has one more.
    """
    match = re.fullmatch(r"(?P<version>[^-]+)-(?P<suse>[^-]+)-default", release)
    if match is None:
        raise ImageError(f"kernel release {release!r} is not of the form VERSION-RELEASE-default")
    return match["version"], f"{match['suse']}.1"


def unpack(bzimage: bytes) -> bytes:
    """The vmlinux (ELF) inside a bzImage."""
    start, end = _payload_bounds(bzimage)
    payload = bzimage[start : end - _SIZE_TAIL]
    if not payload.startswith(_LZ4_LEGACY):
        raise ImageError("the Debian kernel is not compressed with LZ4: the builder must learn its new format")
    return _filter(["lz4", "-dc"], _without_padding(payload))


def rename(bzimage: bytes, old: str, new: str) -> bytes:
    """The same bzImage with another release name of the same length."""
    if len(old) != len(new):
        raise ImageError(f"{new!r} is not as long as {old!r}")
    vmlinux = unpack(bzimage).replace(old.encode(), new.encode())
    return _repack(bzimage.replace(old.encode(), new.encode()), vmlinux)


def _repack(bzimage: bytes, vmlinux: bytes) -> bytes:
    start, end = _payload_bounds(bzimage)
    # -12 packs tighter than the kernel's own -9, so the result always fits where the old payload was.
    packed = _filter(["lz4", "-lc", "-12"], vmlinux)
    room = end - start - _SIZE_TAIL
    if len(packed) > room:
        raise ImageError(f"the renamed kernel is {len(packed) - room} bytes too long for its image")
    # The kernel's unpacker stops at a block of length zero; the last four bytes hold the unpacked size.
    return bzimage[:start] + packed.ljust(room, b"\0") + bzimage[end - _SIZE_TAIL :]


def _payload_bounds(bzimage: bytes) -> tuple[int, int]:
    offset, magic = _HEADER_MAGIC
    if bzimage[offset : offset + len(magic)] != magic:
        raise ImageError("the kernel is not a Linux/x86 boot image")
    payload_offset, length = struct.unpack_from("<II", bzimage, _PAYLOAD)
    start = (bzimage[_SETUP_SECTS] + 1) * 512 + payload_offset
    return start, start + length


def _without_padding(payload: bytes) -> bytes:
    """The blocks (size, data) of an LZ4 legacy stream, without the zeros a renamed kernel ends in."""
    position = len(_LZ4_LEGACY)
    while position + _SIZE_TAIL <= len(payload):
        (size,) = struct.unpack_from("<I", payload, position)
        if size == 0:
            break
        position += _SIZE_TAIL + size
    return payload[:position]


def _filter(argv: list[str], data: bytes) -> bytes:
    result = subprocess.run(argv, input=data, capture_output=True, check=False, timeout=300)
    if result.returncode != 0:
        raise ImageError(f"{argv[0]} failed: {result.stderr.decode(errors='backslashreplace').strip()[:200]}")
    return result.stdout
