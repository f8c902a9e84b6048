# SPDX-License-Identifier: Apache-2.0
"""Shell that several faults share: opening the kdump initrd, building it anew, changing a setting."""

from __future__ import annotations

from typing import Final

FORGET_GRUB: Final = "rm -f /metal/recovery/boot/grub2/grub.cfg\n"
"""The next boot writes grub.cfg anew from its command line: that the two differ is a fault of its own."""
RENEW_GRUB: Final = "# With the node's own command line again.\n" + FORGET_GRUB

MUST_HAVE_INITRD: Final = '[ -f "$initrd" ] || fail "$initrd is not there, so there is nothing to break"\n'

OPEN_INITRD: Final = (
    MUST_HAVE_INITRD
    + """\
# Opened, changed and packed again, it differs in nothing else; a build would take minutes under emulation.
work=/var/tmp/kdumpcheck-lab-initrd
rm -rf "$work"
mkdir "$work"
cd "$work"
xz -dc "$initrd" | cpio -idm --quiet
remove() { [ -n "$1" ] || fail "what should go from the initrd is not in it"; printf '%s\\n' "$1" | xargs rm -rf; }
"""
)
CLOSE_INITRD: Final = """\
find . | cpio -o -H newc --quiet | xz -0 --check=crc32 >"$initrd.new"
cd /
rm -rf "$work"
mv "$initrd.new" "$initrd"
reload
"""

REBUILD: Final = """\
mkdumprd -f >/dev/null 2>&1 || fail "mkdumprd failed"
reload
"""

SET: Final = """\
# The old time is kept: the next start of kdump.service loads with the new value and builds nothing.
set_key() {
    grep -q "^$1=" "$config" || fail "$config has no $1"
    touch -r "$config" /run/kdumpcheck-lab-time
    sed -i "s|^$1=.*|$1=$2|" "$config"
    touch -r /run/kdumpcheck-lab-time "$config"
}
"""


def change_initrd(shell: str) -> str:
    """A fault of what is inside the initrd: `shell` runs in its root directory, then it is packed and loaded."""
    return OPEN_INITRD + shell + CLOSE_INITRD


def setting(key: str, value: str, then: str = "reload\n") -> str:
    """A fault of one setting on the node; `value` with its quotes."""
    return SET + f"set_key {key} '{value}'\n" + then


def captured_setting(key: str, value: str) -> str:
    """A fault of one setting that the capture kernel reads from its own copy, which a rebuild would have made."""
    return (
        SET
        + f"set_key {key} '{value}'\n"
        + change_initrd(
            f"""\
for copy in etc/sysconfig/kdump etc/kdump.conf; do
    [ ! -f "$copy" ] || {{ sed -i '/^{key}=/d' "$copy"; echo '{key}={value}' >>"$copy"; }}
done
"""
        )
    )
