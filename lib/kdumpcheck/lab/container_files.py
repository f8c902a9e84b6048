# SPDX-License-Identifier: Apache-2.0
"""What a container node has that the image has not: stand-ins for the kernel it does not have of its own.

Everything else on it is the image's: systemd, sshd, OverlayFS, ROOTRAID, kdump.service and its scripts. Fed from files
are /proc/cmdline, /proc/iomem and /sys/kernel/kexec_*; replaced are two programs that would ask the host's kernel,
`uname` and `kexec`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kdumpcheck.lab.addresses import SSH_PORT

if TYPE_CHECKING:
    from collections.abc import Mapping

FED: Final = "/run/lab"
"""Where the container finds the fed files, below it proc/ and sys/kernel/."""

# Where the memory of the made-up machine lies, and where the kernel would take crash memory from.
_TOTAL: Final = 768 << 20
_BELOW_4G: Final = 0x2000_0000
_MOST_BELOW_4G: Final = _BELOW_4G - (64 << 20)
_ABOVE_4G: Final = 0x1_0000_0000
_CRASHKERNEL: Final = re.compile(r"crashkernel=([0-9]+)([KMG]?)(,high|,low)?(?:@\S+)?", re.IGNORECASE)
_UNIT: Final = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}

_KERNEL_STATE_UNIT: Final = f"""\
[Unit]
Description=What this lab node's kernel says, fed from files: it has no kernel of its own
DefaultDependencies=no
Before=sysinit.target systemd-journald.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/mount -t tmpfs -o mode=0755 tmpfs /sys/kernel
ExecStart=/bin/cp -rT {FED}/sys/kernel /sys/kernel
ExecStart=/bin/mount --bind {FED}/proc/cmdline /proc/cmdline
ExecStart=/bin/mount --bind {FED}/proc/iomem /proc/iomem
ExecStart=/bin/ln -sfn {{upper}} /run/overlayfs
ExecStart=/bin/ln -sfn {{work}} /run/ovlwork

[Install]
WantedBy=sysinit.target
"""

_IN_A_CONTAINER_TOO: Final = """\
# The image leaves kdump alone in containers; here kexec is a stand-in, so all the rest of it can run.
[Unit]
ConditionVirtualization=
"""

_UNAME: Final = """\
#!/bin/sh
# A container has its host's kernel; this answers for the one in the node's image.
case "$*" in
    -r | --kernel-release) echo '{release}' ;;
    *) exec /usr/bin/uname.host "$@" ;;
esac
"""

# Messages and exit statuses of kexec-tools 2.0.25.
_KEXEC: Final = """\
#!/bin/sh
# A container cannot load a capture kernel; this does what can be seen of it, and checks what kexec would.
size=$(cat /sys/kernel/kexec_crash_size)
unload='' panic='' kernel='' initrd=''
for word in "$@"; do
    case $word in
        -u | --unload) unload=yes ;;
        -p | --load-panic) panic=yes ;;
        -pu | -up) panic=yes unload=yes ;;
        --initrd=* | --ramdisk=*) initrd=${word#*=} ;;
        -*) ;;
        *) kernel=$word ;;
    esac
done
[ -n "$panic" ] || { echo "a lab container has no kernel to replace; only kexec -p is known here" >&2; exit 1; }
if [ -n "$unload" ]; then
    echo 0 >/sys/kernel/kexec_crash_loaded
    exit 0
fi
if [ "$size" -eq 0 ]; then
    echo 'Memory for crashkernel is not reserved' >&2
    echo 'Please reserve memory by passing"crashkernel=Y@X" parameter to kernel' >&2
    echo 'Then try to loading kdump kernel' >&2
    exit 255
fi
for file in "$kernel" $initrd; do
    [ -r "$file" ] || { echo "Cannot open \\`$file': No such file or directory" >&2; exit 255; }
done
echo 1 >/sys/kernel/kexec_crash_loaded
"""

# The devices and the network are the host's, and the last would build an initramfs at every shutdown.
_MASKED: Final = (
    "systemd-udevd.service",
    "systemd-resolved.service",
    "systemd-networkd.socket",
    "mdadm-shutdown.service",
)


@dataclass(frozen=True, slots=True)
class GuestFile:
    """A file in the node's upper layer."""

    text: str
    mode: int = 0o644


def upper_layer(address: str, kernel_release: str, upper: str, work: str) -> dict[str, GuestFile]:
    """Files of the upper layer, by path; `upper` and `work` are its own places on the node."""
    units = "etc/systemd/system"
    dropped_in = GuestFile(_IN_A_CONTAINER_TOO)
    return {
        f"{units}/lab-kernel-state.service": GuestFile(_KERNEL_STATE_UNIT.format(upper=upper, work=work)),
        f"{units}/kdump.service.d/zz-lab-container.conf": dropped_in,
        f"{units}/kdump-early.service.d/zz-lab-container.conf": dropped_in,
        "etc/ssh/sshd_config.d/lab-container.conf": GuestFile(f"ListenAddress {address}\nPort {SSH_PORT}\n"),
        "usr/bin/uname": GuestFile(_UNAME.format(release=kernel_release), 0o755),
        "usr/sbin/kexec": GuestFile(_KEXEC, 0o755),
    }


def upper_links() -> dict[str, str]:
    """Symbolic links of the upper layer: path, target."""
    units = "etc/systemd/system"
    masked = {f"{units}/{name}": "/dev/null" for name in _MASKED}
    return {**masked, f"{units}/sysinit.target.wants/lab-kernel-state.service": "../lab-kernel-state.service"}


def fed_files(cmdline: str) -> Mapping[str, str]:
    """What the node's kernel says after a boot with this command line, by path below `FED`."""
    low, high = _reserved(cmdline)
    return {
        "proc/cmdline": cmdline + "\n",
        "proc/iomem": _iomem(low, high),
        "sys/kernel/kexec_loaded": "0\n",
        "sys/kernel/kexec_crash_loaded": "0\n",
        "sys/kernel/kexec_crash_size": f"{low + high}\n",
    }


def _reserved(cmdline: str) -> tuple[int, int]:
    """Bytes reserved below and above 4 GiB; a plain crashkernel= makes the kernel ignore `,high` and `,low`."""
    sizes = {"": 0, ",low": 0, ",high": 0}
    for word in cmdline.split():
        found = _CRASHKERNEL.fullmatch(word)
        if found:
            sizes[(found[3] or "").lower()] = int(found[1]) * _UNIT[found[2].lower()]
    low, high = (sizes[""], 0) if sizes[""] or not sizes[",high"] else (sizes[",low"], sizes[",high"])
    return (low, high) if low <= _MOST_BELOW_4G else (0, 0)


def _iomem(low: int, high: int) -> str:
    lines = ["00001000-0009ffff : System RAM", f"00100000-{_TOTAL - 1:08x} : System RAM"]
    if low:
        lines.append(f"  {_BELOW_4G - low:08x}-{_BELOW_4G - 1:08x} : Crash kernel")
    if high:
        lines.append(f"{_ABOVE_4G:08x}-{_ABOVE_4G + 2 * high - 1:08x} : System RAM")
        lines.append(f"  {_ABOVE_4G + high:08x}-{_ABOVE_4G + 2 * high - 1:08x} : Crash kernel")
    return "".join(f"{line}\n" for line in lines)
