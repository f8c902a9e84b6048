# SPDX-License-Identifier: Apache-2.0
"""The kdump initrds on the node, and the age of what they are built from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

from kdumpcheck.evidence import Evidence, Unknown
from kdumpcheck.facts.lines import rows, whole_number
from kdumpcheck.probe import Section

_FILES = r"""
for file in /boot/initrd-*-kdump /boot/initramfs-*kdump.img /var/lib/kdump/initrd /var/lib/kdump/initrd.img-* \
    /var/lib/kdump/initramfs-*kdump.img ${more_initrds:-}; do
    [ -e "$file" ] || [ -L "$file" ] || continue
    magic=$(head -c 8 "$file" 2>/dev/null | od -A n -t x1 | tr -d ' \n')
    # GNU stat ends the line itself and takes no \t: the tabs are real ones.
    stat -L -c "initrd	%n	%F	%s	%Y	$magic" "$file" 2>/dev/null ||
        printf 'initrd\t%s\tdangling link\t0\t0\t\n' "$file"
    [ -f "/run/overlayfs$file" ] && printf 'upper\t%s\n' "$file"
done | head -n 128
[ -d /run/overlayfs ] && printf 'layered\tyes\n'
exit 0
"""
_SOURCES = r"""
kernel=$(uname -r)
for file in /etc/sysconfig/kdump /root/.ssh/id_dsa /root/.ssh/id_dsa.pub /etc/hosts /etc/nsswitch.conf \
    "/boot/vmlinuz-$kernel" "/boot/Image-$kernel" /etc/fstab /etc/dracut.conf /etc/dracut.conf.d/*.conf \
    "/lib/modules/$kernel/modules.dep" /usr/sbin/makedumpfile /usr/bin/makedumpfile /etc/kdump.conf \
    /etc/kdump/pre.d /etc/kdump/post.d \
    $(printf '%s' "${more_sources:-}" | sed "s/{kernel}/$kernel/g"); do
    [ -e "$file" ] && set -- "$@" "$file"
done
[ $# -eq 0 ] || stat -L -c "source	%n	%Y" "$@"
exit 0
"""
_XZ = "fd377a585a00"
_CHECKS = {"04": "CRC64", "0a": "SHA-256"}
#: First bytes of what a kernel accepts as an initrd: the compressor's, or a bare (perhaps early microcode) cpio.
_FORMATS = {
    _XZ: "xz",
    "1f8b": "gzip",
    "28b52ffd": "zstd",
    "02214c18": "lz4",
    "894c5a4f": "lzo",
    "425a68": "bzip2",
    "5d0000": "lzma",
    "303730373031": "cpio",
    "303730373032": "cpio",
}


@dataclass(frozen=True, slots=True)
class Initrd:
    """One kdump initrd: path, stat(1)'s kind, size in bytes, mtime (seconds since 1970), first eight bytes in hex."""

    path: str
    kind: str
    size: int
    mtime: int
    magic: str

    @property
    def format(self) -> str | None:
        """The format by its first bytes ("xz", "cpio", ...), None for what no kernel would unpack."""
        return next((name for start, name in _FORMATS.items() if self.magic.startswith(start)), None)

    @property
    def foreign(self) -> str:
        """What of its format xz(1) unpacks and a kernel does not; "" for nothing.

        After xz's name come two bytes, of which the second is the kind of checksum: the kernel's decoder knows none and
        CRC32 (lib/xz/xz_dec_stream.c), and xz(1) takes CRC64 unless it is told.
        """
        check = self.magic[len(_XZ) + 2 : len(_XZ) + 4] if self.magic.startswith(_XZ) else ""
        return f"xz with checksum {_CHECKS.get(check, check)}" if check not in {"", "00", "01"} else ""


@dataclass(frozen=True, slots=True)
class Initrds:
    """All kdump initrds found at the known places, and the mtimes of the files that they are built from."""

    sections: ClassVar[tuple[Section, ...]] = (
        Section("initrds", _FILES),
        Section("initrd-sources", _SOURCES),
    )

    found: tuple[Initrd, ...]
    sources: Mapping[str, int]
    #: Those found that were written on this node, in the upper layer; None where the root is no overlay.
    in_upper_layer: frozenset[str] | None = None

    @classmethod
    def parse(cls, evidence: Evidence) -> Self | Unknown:
        """Read stat(1) of the initrds and of their sources."""
        text, sources = evidence.text("initrds"), evidence.text("initrd-sources")
        if isinstance(text, Unknown):
            return text
        if isinstance(sources, Unknown):
            return sources
        found = tuple(
            Initrd(path, kind, whole_number(size) or 0, whole_number(mtime) or 0, magic)
            for path, kind, size, mtime, magic in rows(text, "initrd", 5)
        )
        ages = {path: whole_number(mtime) or 0 for path, mtime in rows(sources, "source", 2)}
        upper = frozenset(path for (path,) in rows(text, "upper", 1))
        return cls(found, ages, upper if list(rows(text, "layered", 1)) else None)

    def get(self, path: str) -> Initrd | None:
        """The initrd at a path, or None."""
        return next((initrd for initrd in self.found if initrd.path == path), None)
