# SPDX-License-Identifier: Apache-2.0
"""A pretend node in a mount namespace of its own: real sh and coreutils, our /boot and /sys/kernel, pretend kdump.

What the product sends to a node runs here unchanged. Only the programs that would need a node are replaced, by
small scripts in a directory that is bound over /usr/sbin (first on the PATH that every script of ours sets).
"""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

KERNEL = "6.1.0-56.deb-default"
INITRD = f"initrd-{KERNEL}-kdump"
#: An initrd that the pretend lsinitrd can list from end to end: xz's first bytes, and a trailer.
MAGIC, TRAILER = b"\xfd7zXZ\x00", b"TRAILER"
#: Wrapped so that a test can kill the script just before any of these does its work.
STEPS = (
    *("flock", "lsinitrd", "mkdumprd", "sync", "tail", "cp", "ln", "mv", "rm", "mkdir", "rmdir", "systemctl"),
    *("unshare", "journalctl"),
)

_MOUNT = """
root=$1; shift
mount --bind "$root/cmdline" /proc/cmdline || exit 99
for place in usr/sbin boot sys/kernel run var/lib; do
    [ ! -d "$root/$place" ] || mount -n --bind "$root/$place" "/$place" || exit 99
done
exec "$@"
"""
# Each pretend program reads its standard input to the end, as a careless real one may.
_COMMON = """#!/bin/sh
root={root}
cat >/dev/null
said() {{ [ -e "$root/does/$1" ] && read -r does <"$root/does/$1" && [ "$does" = "$2" ]; }}
hold() {{
    mv "$root/hold-$1" "$root/held" 2>/dev/null || return
    : >"$root/holding"
    while [ -e "$root/held" ]; do sleep 0.01; done
}}
"""
_MKDUMPRD = """
echo "mkdumprd $*" >>"$root/calls"
grep SigIgn /proc/self/status >"$root/signals"
hold mkdumprd
link=
initrd=/var/lib/kdump/initrd
for word in "$@"; do initrd=$word; done
if [ "$initrd" = -f ]; then initrd=/var/lib/kdump/initrd link=/var/lib/kdump/kernel; fi
said mkdumprd fail && { echo "dracut: no space left on device" >&2; exit 1; }
said mkdumprd nothing && exit 0
said mkdumprd garbage && { echo garbage >"$initrd"; exit 0; }
said mkdumprd empty && { : >"$initrd"; exit 0; }
said mkdumprd cut && { printf '\\3757zXZ\\000new' >"$initrd"; exit 0; }
if [ -e "$root/archive" ]; then
    cat "$root/archive" >"$initrd"
else
    printf '\\3757zXZ\\000new %s TRAILER' "$(date +%s%N)" >"$initrd"
fi
said mkdumprd old && touch -d @1000000000 "$initrd"
[ -z "$link" ] || ln -snf "/boot/vmlinuz-$(uname -r)" "$link"
said mkdumprd fail-late && { echo "dracut: something failed" >&2; exit 1; }
said mkdumprd hang && { while :; do sleep 1; done; }
exit 0
"""
LSINITRD = """
[ -e "$1" ] || exit 1
[ ! -e "$root/archive" ] || exec xz -t "$1" 2>/dev/null
[ "$(head -c 5 "$1" | tail -c 4)" = 7zXZ ] && [ "$(tail -c 7 "$1")" = TRAILER ]
"""
# kdump.service unloads when it is stopped and was active; load.sh refuses, or kexec does, as the test says.
_SYSTEMCTL = """
show() {
    for word in "$@"; do
        case $word in *.service) ;; *) continue ;; esac
        state=inactive file= loaded=not-found
        [ ! -e "$root/units/$word" ] || { read -r state <"$root/units/$word"; loaded=loaded file=enabled; }
        printf 'Id=%s\nLoadState=%s\nActiveState=%s\nSubState=exited\nResult=success\nUnitFileState=%s\n\n' \
            "$word" "$loaded" "$state" "$file"
    done
}
verb=; unit=
for word in "$@"; do
    case $word in
        -*) ;;
        *) if [ -z "$verb" ]; then verb=$word; else unit=$word; fi ;;
    esac
done
case $verb in
    is-active) cat "$root/units/$unit"; read -r state <"$root/units/$unit"; [ "$state" = active ]; exit ;;
    is-enabled)
        state=enabled
        [ ! -e "$root/enabled-$unit" ] || read -r state <"$root/enabled-$unit"
        echo "$state"
        [ "$state" = enabled ]
        exit
        ;;
    enable)
        echo "systemctl $verb $unit" >>"$root/calls"
        said systemctl no-enable && exit 1
        rm -f "$root/enabled-$unit"
        exit 0
        ;;
    kill) echo "systemctl $verb $unit" >>"$root/calls"; exit 0 ;;
    show) show "$@"; exit 0 ;;
    restart) ;;
    *) exit 1 ;;
esac
echo "systemctl $verb $unit" >>"$root/calls"
hold "$unit"
initrd=/boot/initrd-$(uname -r)-kdump
[ ! -d "$root/var/lib" ] || initrd=/var/lib/kdump/initrd
if [ "$unit" = kdump.service ] && [ "$(cat "$root/units/$unit")" = active ]; then
    echo 0 >/sys/kernel/kexec_crash_loaded
fi
echo failed >"$root/units/$unit"
said systemctl fail && exit 1
said systemctl hang && [ "$unit" = kdump.service ] && { while :; do sleep 1; done; }
if [ "$unit" = kdump.service ] && [ ! -e "$initrd" ]; then
    mkdumprd -K "/boot/vmlinuz-$(uname -r)" -I "$initrd" || exit 1
fi
if said systemctl refuse-new && grep -q new "$initrd"; then exit 1; fi
said systemctl refuse-all && exit 1
said systemctl refuse-main && [ "$unit" = kdump.service ] && exit 1
if said systemctl load-nothing; then echo active >"$root/units/$unit"; exit 0; fi
if [ -s "$initrd" ]; then
    echo 1 >/sys/kernel/kexec_crash_loaded
    cat "$initrd" >"$root/loaded"
elif [ "$unit" = kdump.service ]; then
    exit 1
fi
echo active >"$root/units/$unit"
"""
JOURNALCTL = """
echo "Starting Load kdump kernel and initrd..."
echo "kexec_load failed: Device or resource busy"
"""
# Kills the script that called this at the step the test names; else it is just the real program.
_STEP = """#!/bin/sh
root={root}
read -r count <"$root/count"
count=$((count + 1))
echo "$count" >"$root/count"
echo "${{0##*/}} $*" >>"$root/steps"
[ -e "$root/kill-at" ] || exec {real} "$@"
read -r when <"$root/kill-at"
[ "$when" = "$count" ] || exec {real} "$@"
read -r script <"$root/script.pid"
kill -9 "$script"
"""
_UNAME = f"""#!/bin/sh
case $1 in
-snrm) echo Linux pretend {KERNEL} x86_64 ;;
-s) echo Linux ;; -n) echo pretend ;; -r) echo {KERNEL} ;; -m) echo x86_64 ;;
esac
"""
_RPM = r"""#!/bin/sh
printf 'rpm\tkdump\t1.0.2+git14-150500.1.1\n'
"""


def initrd(word: bytes, length: int = 0) -> bytes:
    """The bytes of an initrd that can be listed from end to end."""
    return MAGIC + word + b"." * length + b" " + TRAILER


def real_initrd(tree: Path) -> bytes:
    """A small archive with all that the checks look for in one."""
    wants = "usr/lib/systemd/system/initrd.target.wants/kdump-save.service"
    module = f"usr/lib/modules/{KERNEL}/kernel/fs/xfs.ko"
    for name in ("usr/bin/makedumpfile", "kdump/kdump-save", wants, module, "etc/fstab"):
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text("LABEL=ROOTRAID /kdump/mnt0 xfs defaults 0 2\n")
    (tree / "etc/sysconfig").mkdir()
    (tree / "etc/sysconfig/kdump").write_text('KDUMP_SAVEDIR="file:///mnt0/crash"\n')
    pack = "find . -mindepth 1 -printf '%P\\n' | cpio -o -H newc --quiet | xz -0 --check=crc32"
    return subprocess.run(["sh", "-c", pack], cwd=tree, capture_output=True, check=True).stdout


class PretendNode:
    """One pretend node below a directory: `boot`, what its programs do (`does`), and a way to run scripts on it.

    `newer` makes it one of kdump 1.9 and later, with its initrd and the link to its kernel in /var/lib/kdump.
    """

    #: Programs that stand in for what needs a node, and those of them that are steps besides `STEPS`.
    programs: Mapping[str, str] = MappingProxyType(
        {"mkdumprd": _MKDUMPRD, "lsinitrd": LSINITRD, "systemctl": _SYSTEMCTL, "journalctl": JOURNALCTL}
    )
    more_steps: tuple[str, ...] = ()
    unit = "kdump.service"

    def __init__(self, root: Path, *, newer: bool = False) -> None:
        self.root = root
        self.boot = root / "boot"
        self.initrd = root / "var/lib/kdump/initrd" if newer else self.boot / INITRD
        if newer:
            self.initrd.parent.mkdir(parents=True)
            (self.initrd.parent / "kernel").symlink_to(f"/boot/vmlinuz-{KERNEL}")
        self.loaded = root / "sys/kernel/kexec_crash_loaded"
        for place in ("usr/sbin", "boot", "run", "sys/kernel", "does", "units"):
            (root / place).mkdir(parents=True)
        (root / "cmdline").write_text("root=live:LABEL=SQFSRAID crashkernel=160M\n")
        (root / "count").write_text("0\n")
        (self.boot / f"vmlinuz-{KERNEL}").write_bytes(b"kernel")
        (root / "sys/kernel/kexec_crash_size").write_text("167772160\n")
        self.arm(loaded=True)
        self._programs()

    def arm(self, *, loaded: bool, unit: str = "active") -> None:
        """Say if a capture kernel is loaded, and what systemd thinks of kdump.service."""
        self.loaded.write_text(f"{int(loaded)}\n")
        (self.root / "units" / self.unit).write_text(f"{unit}\n")
        (self.root / "units/kdump-early.service").write_text("active\n")

    def does(self, program: str, what: str) -> None:
        """Make a program misbehave: "mkdumprd" or "systemctl", and the word its script knows."""
        (self.root / "does" / program).write_text(f"{what}\n")

    def hold(self, what: str = "mkdumprd") -> Path:
        """Make the builder, or the next start of a unit, make `holding` and wait until the file returned is gone."""
        (self.root / f"hold-{what}").touch()
        return self.root / "held"

    def kill_at(self, step: int) -> None:
        """Kill the script instead of running its `step`-th program."""
        (self.root / "kill-at").write_text(f"{step}\n")

    def build_archives(self, tree: Path) -> bytes:
        """Have the pretend builder make real archives, as the checks open them; one of them."""
        archive = real_initrd(tree)
        (self.root / "archive").write_bytes(archive)
        return archive

    @property
    def calls(self) -> list[str]:
        """What was called with consequences, in order."""
        return self._lines("calls")

    @property
    def steps(self) -> list[str]:
        """All of `STEPS` that ran, with their arguments, in order."""
        return self._lines("steps")

    def _lines(self, name: str) -> list[str]:
        path = self.root / name
        return path.read_text().splitlines() if path.exists() else []

    @property
    def files(self) -> set[str]:
        """The names beside the kernel where the initrd is kept."""
        return {path.name for path in self.initrd.parent.iterdir()} - {f"vmlinuz-{KERNEL}"}

    def command(self, *argv: str) -> list[str]:
        """A command that runs another on this node."""
        user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
        return ["unshare", "--mount", *user, "sh", "-c", _MOUNT, "sh", str(self.root), *argv]

    def start(self, script: str, stdout: int = subprocess.PIPE) -> subprocess.Popen[bytes]:
        """Start a script the way it reaches a node: on the standard input of sh, which then stays open."""
        tracked = f"echo $$ >{shlex.quote(str(self.root / 'script.pid'))}\n{script}"
        process = subprocess.Popen(
            self.command("sh", "-s"), stdin=subprocess.PIPE, stdout=stdout, stderr=subprocess.PIPE
        )
        assert process.stdin is not None
        process.stdin.write(tracked.encode())
        process.stdin.flush()
        return process

    def run(self, script: str) -> dict[str, str]:
        """Run a script to its end and read its `key=value` lines; none when it was killed."""
        process = self.start(script)
        process.wait(timeout=600)
        stdout, stderr = process.communicate()
        assert b"mount" not in stderr, f"needs root, or user namespaces: {stderr.decode()}"
        lines = (line.partition("=") for line in stdout.decode().splitlines())
        return {key: value for key, _, value in lines}

    def _programs(self) -> None:
        places = self.root / "usr/sbin"
        common = _COMMON.format(root=shlex.quote(str(self.root)))
        for name, body in self.programs.items():
            _program(places / f"{name}.real", common + body)
        for name in (*STEPS, *self.more_steps):
            real = f"/usr/sbin/{name}.real" if (places / f"{name}.real").exists() else f"/usr/bin/{name}"
            _program(places / name, _STEP.format(root=shlex.quote(str(self.root)), real=real))
        _program(places / "uname", _UNAME)
        _program(places / "rpm", _RPM)
        _program(places / "dpkg-query", "#!/bin/sh\nexit 1\n")
        _program(places / "dmesg", "#!/bin/sh\nexit 0\n")


def _program(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)
