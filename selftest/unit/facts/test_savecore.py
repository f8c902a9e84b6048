# SPDX-License-Identifier: Apache-2.0
"""What Debian's kdump-tools is set to, and what it would save with, as a node tells it."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from kdumpcheck.evidence import Evidence, Unknown
from kdumpcheck.facts import Defaults, Savecore
from kdumpcheck.facts.boot import Words
from kdumpcheck.facts.mounted import COREDIR
from kdumpcheck.facts.savecore import Loaded, Place

LOADED = (
    'loaded\t1\t/sbin/kexec -p --command-line="root=UUID=1 ro systemd.unit=kdump-tools-dump.service" '
    "--initrd=/var/lib/kdump/initrd.img /var/lib/kdump/vmlinuz "
)
SAID = f"""\
coredir=/var/crash
real=/srv/crash
mount\t22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw,errors=remount-ro
mount\t23 22 0:5 / /srv rw shared:2 - xfs /dev/vdb rw
mount\t24 22 0:6 / /srv rw shared:3 - tmpfs tmpfs rw
mount\tbroken
program\tmakedumpfile
unit=loaded
link\t/var/lib/kdump/vmlinuz\t/boot/vmlinuz-6.1
link\t/var/lib/kdump/initrd.img\t
{LOADED}
root=/dev/vda
driver\tvirtio_blk
driver\tvirtio_blk
"""


@pytest.mark.parametrize(
    ("text", "settings", "riddles"),
    [
        ('USE_KDUMP=1\nKDUMP_COREDIR="/var/crash"\n', {"USE_KDUMP": "1", "KDUMP_COREDIR": "/var/crash"}, ()),
        ("USE_KDUMP=1\nUSE_KDUMP=0 # later\n", {"USE_KDUMP": "0"}, ()),
        ("MAKEDUMP_ARGS='-c -d 31'\n", {"MAKEDUMP_ARGS": "-c -d 31"}, ()),
        ('SSH=""\n', {"SSH": ""}, ()),
        ("[ -e /x ] && USE_KDUMP=0\n", {}, ("[ -e /x ] && USE_KDUMP=0",)),
        ('A="$B"\nC=`d`\nE=f\\\n', {}, ('A="$B"', "C=`d`", "E=f\\")),
        ("export USE_KDUMP=1\n. /etc/other\n", {}, ("export USE_KDUMP=1", ". /etc/other")),
        ('FTP_PASSWORD="[redacted]"\n', {"FTP_PASSWORD": "[redacted]"}, ()),
    ],
)
def test_settings_are_taken_as_the_shell_takes_them(
    evidence_of: Callable[..., Evidence], text: str, settings: dict[str, str], riddles: tuple[str, ...]
) -> None:
    assert Defaults.parse(evidence_of({"defaults": text})) == Defaults(settings, riddles)


def test_a_node_without_kdump_tools_has_no_settings(evidence_of: Callable[..., Evidence]) -> None:
    assert isinstance(Defaults.parse(evidence_of({"defaults": "#absent\n"})), Unknown)
    assert isinstance(Savecore.parse(evidence_of({"savecore": ""})), Unknown)


@pytest.mark.parametrize("shell", ["dash", "bash", "busybox sh"])
def test_no_password_leaves_the_node(tmp_path: Path, shell: str) -> None:
    (tmp_path / "kdump-tools").write_text("# a comment\n\nUSE_KDUMP=1\n  export FTP_PASSWORD='s3cret' # x\n")
    script = Defaults.sections[0].script.replace("/etc/default/kdump-tools", str(tmp_path / "kdump-tools"))
    done = subprocess.run([*shell.split(), "-c", script], capture_output=True, text=True, check=True, timeout=600)
    assert done.stdout == 'USE_KDUMP=1\n  export FTP_PASSWORD="[redacted]"\n'


def test_what_would_save_the_dump_is_read(evidence_of: Callable[..., Evidence]) -> None:
    found = Savecore.parse(evidence_of({"savecore": SAID}))
    assert isinstance(found, Savecore)
    assert (found.coredir, found.real, found.root, found.unit) == ("/var/crash", "/srv/crash", "/dev/vda", "loaded")
    assert found.drivers == ("virtio_blk",)
    assert found.programs == {"makedumpfile"}
    assert found.links["/var/lib/kdump/initrd.img"] == ""
    words = Words(("root=UUID=1", "ro", "systemd.unit=kdump-tools-dump.service"))
    assert found.loaded == Loaded(words, "/var/lib/kdump/initrd.img", "/var/lib/kdump/vmlinuz")


def test_of_mounts_on_one_place_the_last_is_seen(evidence_of: Callable[..., Evidence]) -> None:
    found = Savecore.parse(evidence_of({"savecore": SAID}))
    assert isinstance(found, Savecore)
    assert found.mount_of("/srv/crash") == Place("/srv", "tmpfs", "tmpfs", ("rw",))
    assert found.mount_of("/srvcrash") == Place("/", "ext4", "/dev/vda", ("rw", "relatime"))


@pytest.mark.parametrize("shell", ["dash", "bash", "busybox sh"])
@pytest.mark.parametrize(
    ("line", "directory"),
    [
        ('KDUMP_COREDIR="/srv/dumps"', "/srv/dumps"),
        ("KDUMP_COREDIR='/srv/dumps' # here", "/srv/dumps"),
        ("KDUMP_COREDIR=/srv/dumps", "/srv/dumps"),
        ("#KDUMP_COREDIR=/srv/dumps", "/var/crash"),
        ("KDUMP_COREDIR=", "/var/crash"),
    ],
)
def test_the_save_directory_is_found(tmp_path: Path, shell: str, line: str, directory: str) -> None:
    (tmp_path / "kdump-tools").write_text(f"{line}\n")
    script = COREDIR.replace("/etc/default/kdump-tools", str(tmp_path / "kdump-tools"))
    script = script.replace("/usr/sbin/kdump-config", "/bin/sh") + 'printf %s "$coredir"\n'
    done = subprocess.run([*shell.split(), "-c", script], capture_output=True, text=True, check=True, timeout=600)
    assert done.stdout == directory


def test_a_machine_without_kdump_tools_is_asked_nothing() -> None:
    done = subprocess.run(["dash", "-c", Savecore.sections[0].script], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")
