# SPDX-License-Identifier: Apache-2.0
"""A pretend node with Debian's kdump-tools: a hook that takes the old initrd away, and a unit that is always green."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType

from selftest.unit.pretend import JOURNALCTL, KERNEL, LSINITRD, PretendNode

UNIT = "kdump-tools.service"
HOOK = "/usr/sbin/kdump-tools-hook"
SYSCTL = "/boot/sysctl.conf"
INITRD = f"initrd.img-{KERNEL}"
RECORD = f"latest_sysctls-{KERNEL}"

# As /etc/kernel/postinst.d/kdump-tools does it: what is in its way goes before anything is built.
_HOOK = """
echo "hook $*" >>"$root/calls"
hold hook
home=/var/lib/kdump
mkdir -p "$home/initramfs-tools"
rm -f "$home/initrd.img-$1"
said hook fail && { echo "mkinitramfs: failed to determine device for /" >&2; exit 1; }
said hook nothing && exit 0
said hook garbage && { echo garbage >"$home/initrd.img-$1"; exit 0; }
said hook empty && { : >"$home/initrd.img-$1"; exit 0; }
said hook cut && { printf '\\3757zXZ\\000new' >"$home/initrd.img-$1"; exit 0; }
printf '\\3757zXZ\\000new %s TRAILER' "$(date +%s%N)" >"$home/initrd.img-$1"
said hook fail-late && { echo "mkinitramfs failure zstd 1" >&2; exit 1; }
exit 0
"""
# kdump-config: a changed sysctl.conf costs the initrd; a load that fails is told nobody.
_SYSTEMCTL = """
verb=; unit=
for word in "$@"; do
    case $word in -*) ;; *) if [ -z "$verb" ]; then verb=$word; else unit=$word; fi ;; esac
done
case $verb in
    is-active) echo active; exit 0 ;;
    kill) exit 0 ;;
    restart) ;;
    *) exit 1 ;;
esac
echo "systemctl $verb $unit" >>"$root/calls"
echo 0 >/sys/kernel/kexec_crash_loaded
kernel=$(uname -r) home=/var/lib/kdump
cmp -s /boot/sysctl.conf "$home/latest_sysctls-$kernel" || rm -f "$home/initrd.img-$kernel"
cp /boot/sysctl.conf "$home/latest_sysctls-$kernel"
[ -e "$home/initrd.img-$kernel" ] || kdump-tools-hook "$kernel"
said systemctl refuse-all && exit 0
said systemctl refuse-new && grep -q new "$home/initrd.img-$kernel" && exit 0
[ -s "$home/initrd.img-$kernel" ] || exit 0
echo 1 >/sys/kernel/kexec_crash_loaded
cat "$home/initrd.img-$kernel" >"$root/loaded"
"""


class DebianNode(PretendNode):
    """One pretend node with kdump-tools; what its capture kernel is to set has changed since its initrd was built."""

    programs = MappingProxyType(
        {
            "kdump-tools-hook": _HOOK,
            "lsinitramfs": LSINITRD,
            "systemctl": _SYSTEMCTL,
            "journalctl": JOURNALCTL,
        }
    )
    more_steps = ("kdump-tools-hook", "lsinitramfs")
    unit = UNIT

    def __init__(self, root: Path) -> None:
        super().__init__(root, newer=True)
        (self.initrd.parent / "kernel").unlink()
        self.initrd = self.initrd.with_name(INITRD)
        (self.boot / "sysctl.conf").write_text("kernel.panic = 10\n")
        self.record.write_text("of before\n")

    @property
    def record(self) -> Path:
        """What kdump-config compares with to know whether the initrd is stale."""
        return self.initrd.with_name(RECORD)
