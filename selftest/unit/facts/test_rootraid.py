# SPDX-License-Identifier: Apache-2.0
"""What the probe asks of ROOTRAID, asked of a directory that stands for it."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from kdumpcheck.evidence import Evidence
from kdumpcheck.facts import Rootraid

LAYER = "LiveOS/overlay-SQFSRAID-1"
SHELLS = ("dash", "bash", "busybox sh")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "raid" / LAYER / "var/crash").mkdir(parents=True)
    return tmp_path / "raid"


def asked(root: Path, savedir: str = "file:///crash", mounts: str = "", shell: str = "sh") -> str:
    """What the section answers where `root` is the mount of a device 9:127."""
    config, table = root.parent / "kdump", root.parent / "mountinfo"
    config.write_text(f'KDUMP_SAVEDIR="{savedir}"\n')
    table.write_text(f"30 1 9:127 / {root} rw,relatime shared:1 - xfs /dev/md127 rw\n{mounts}")
    script = Rootraid.sections[0].script
    for old, new in (
        ('[ -b "$label" ] || exit 0', ""),
        (re.search(r"number=.*", script), "number=9:127"),
        ("readlink -f /run/overlayfs", f"readlink -f {root / LAYER}"),
        ("/etc/sysconfig/kdump", str(config)),
        ("/proc/self/mountinfo", str(table)),
    ):
        text = old if isinstance(old, str) else old[0] if old else ""
        assert script.count(text) == 1
        script = script.replace(text, new)
    done = subprocess.run([*shell.split(), "-c", script], capture_output=True, text=True, timeout=60, check=True)
    return done.stdout


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("links", "leads"),
    [
        ({"crash": f"./{LAYER}/var/crash"}, f"/{LAYER}/var/crash"),
        ({"crash": f"{LAYER}//var/./crash/"}, f"/{LAYER}/var/crash"),
        ({"crash": "now/var/crash", "now": LAYER}, f"/{LAYER}/var/crash"),
        ({"crash": f"LiveOS/../{LAYER}/var/crash"}, f"/{LAYER}/var/crash"),
        ({"crash": "now/var/crash", "now": f"@/{LAYER}"}, ""),
        ({"crash": f"../raid/{LAYER}/var/crash"}, ""),
        ({"crash": "/var/crash"}, ""),
        ({"crash": "now", "now": "crash"}, ""),
    ],
)
def test_a_link_is_followed_on_rootraid_alone(
    root: Path, links: dict[str, str], leads: str, shell: str, evidence_of: Callable[..., Evidence]
) -> None:
    for name, target in links.items():
        (root / name).symlink_to(target.replace("@", str(root)))
    rootraid = Rootraid.parse(evidence_of({"rootraid": asked(root, shell=shell)}))
    assert isinstance(rootraid, Rootraid)
    assert [link.inside for link in rootraid.links if link.path == f"{root}/crash"] == [leads]


def test_a_save_directory_is_named_as_kdump_names_it(root: Path) -> None:
    (root / "var").mkdir()
    (root / "var/crash").symlink_to(f"../{LAYER}/var/crash")
    answer = asked(root, savedir=f"file://{root}//var/crash/")
    assert f"path\t{root}/var/crash\tsymbolic link\t" in answer


@pytest.mark.parametrize(
    ("mounts", "hidden"),
    [
        ("", ""),
        ("31 1 8:2 / /var/crash rw - ext4 /dev/sda2 rw\n", "ext4 on /var/crash"),
        ("31 1 0:50 / /var rw shared:7 master:1 - nfs4 box:/var rw\n", "nfs4 on /var"),
        (f"31 1 9:127 /{LAYER}/var/crash /var/crash rw - xfs /dev/md127 rw\n", ""),
        ("31 1 9:127 /crash /var/crash rw - xfs /dev/md127 rw\n", "xfs on /var/crash"),
        ("31 1 8:2 / /var/crash/old rw - ext4 /dev/sda2 rw\n", ""),
    ],
)
def test_what_hides_the_dumps_is_told(
    root: Path, mounts: str, hidden: str, evidence_of: Callable[..., Evidence]
) -> None:
    rootraid = Rootraid.parse(evidence_of({"rootraid": asked(root, mounts=mounts)}))
    assert isinstance(rootraid, Rootraid)
    assert rootraid.hidden == hidden
