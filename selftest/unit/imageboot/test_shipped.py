# SPDX-License-Identifier: Apache-2.0
"""What is booted is told by the command line that ships beside an image."""

from __future__ import annotations

from pathlib import Path

import pytest
from selftest.unit.image.made import CMDLINE

from kdumpcheck.image import Beside, ImageError
from kdumpcheck.imageboot import Shipped

KERNEL, INITRD = Path("vmlinuz"), Path("initrd.img.xz")


def shipped(cmdline: str) -> Shipped:
    return Shipped.of(Path("filesystem.squashfs"), Beside(KERNEL, INITRD, cmdline))


def test_the_names_are_those_of_the_command_line() -> None:
    found = shipped(f"{CMDLINE} rd.live.squashimg=rootfs rd.live.dir=1.5.2")
    assert (found.label, found.overlay, found.live_dir, found.squashfs) == ("SQFSRAID", "ROOTRAID", "1.5.2", "rootfs")
    assert found.image.is_absolute()


def test_dracut_has_names_of_its_own_where_the_line_has_none() -> None:
    found = shipped("root=live:LABEL=A rd.live.overlay=LABEL=B")
    assert (found.live_dir, found.squashfs) == ("LiveOS", "squashfs.img")


@pytest.mark.parametrize(
    ("cmdline", "said"),
    [
        ("rd.live.overlay=LABEL=B", "root=live:LABEL=NAME, and has root=''"),
        ("root=live:http://host/image rd.live.overlay=LABEL=B", "has root='live:http://host/image'"),
        ("root=live:LABEL=A", "rd.live.overlay=LABEL=NAME"),
        ("root=live:LABEL=A rd.live.overlay=LABEL=TOO-LONG-FOR-XFS", "rd.live.overlay=LABEL=NAME"),
        ("root=live:LABEL=../etc rd.live.overlay=LABEL=B", "root=live:LABEL=NAME"),
        ("root=live:LABEL=A rd.live.overlay=LABEL=B rd.live.dir=../..", "rd.live.dir='../..'"),
        ("root=live:LABEL=A rd.live.overlay=LABEL=B rd.live.squashimg=a/b", "rd.live.squashimg='a/b'"),
    ],
)
def test_a_line_that_boots_no_ncn_is_refused_in_one_line(cmdline: str, said: str) -> None:
    with pytest.raises(ImageError, match="--image-boot boots as an NCN does") as refusal:
        shipped(cmdline)
    assert said in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_what_boots_it_must_be_given() -> None:
    for beside in (Beside(None, INITRD, CMDLINE), Beside(KERNEL, None, CMDLINE), Beside(KERNEL, INITRD, None)):
        with pytest.raises(ImageError, match="give --kernel, --initrd and --cmdline"):
            Shipped.of(Path("image"), beside)


def test_only_what_a_virtual_machine_needs_is_added() -> None:
    assert shipped(CMDLINE).line("ttyS0,115200") == f"{CMDLINE} console=ttyS0,115200 net.ifnames=0"
    own = f"{CMDLINE} console=tty0 console=ttyS0,9600 net.ifnames=1"
    assert shipped(own).line("ttyS0,115200") == own


def test_what_is_for_init_alone_stays_at_the_end() -> None:
    assert shipped(f"{CMDLINE} -- single").line("ttyS0") == f"{CMDLINE} console=ttyS0 net.ifnames=0 -- single"
