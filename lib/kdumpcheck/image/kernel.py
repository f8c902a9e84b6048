# SPDX-License-Identifier: Apache-2.0
"""Which release a kernel image is of, by what stands in it."""

from __future__ import annotations

import re
import struct
from pathlib import Path

from kdumpcheck.image.errors import ImageError

_RELEASE = re.compile(rb"([0-9][0-9A-Za-z.+_~-]{2,100}) ")


def release_inside(path: Path) -> str:
    """The release that a bzImage names (Linux Documentation/arch/x86/boot.rst, kernel_version); "" when it names none.

    Raises `ImageError` for a file that cannot be read.
    """
    try:
        with path.open("rb") as file:
            start = file.read(65536)
    except OSError as error:
        raise ImageError(f"{path}: {error.strerror}") from None
    if start[0x202:0x206] != b"HdrS":
        return ""
    (offset,) = struct.unpack_from("<H", start, 0x20E)
    found = _RELEASE.match(start, offset + 0x200)
    return found[1].decode("ascii") if found else ""
