# SPDX-License-Identifier: Apache-2.0
"""Two images are compared by what matters to kdump."""

from __future__ import annotations

from pathlib import Path

import pytest
from selftest.unit.image import made

from kdumpcheck.cli import main


@pytest.fixture(name="roots")
def _roots(tmp_path: Path) -> tuple[Path, Path]:
    return made.root(tmp_path / "old"), made.root(tmp_path / "new")


def test_the_same_twice(roots: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    (roots[1] / "etc/motd").write_text("hello")
    assert main(["image", "diff", *map(str, roots)]) == 0
    assert capsys.readouterr().out == "nothing that matters to kdump changed\n"


def test_what_changed_is_told_line_by_line(
    roots: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = roots
    made.packages(new, {**made.RPMS, "kdump": ("1.0.2+git20", "150500.3.1"), "crash": ("8.0", "1")})
    made.edit(new, "etc/sysconfig/kdump", 'LEVEL="31"', 'LEVEL="1"')
    made.remove(new, "usr/bin/makedumpfile", "etc/systemd/system/multi-user.target.wants/kdump.service")
    initrds = [made.initrd(tmp_path / "a"), made.initrd(tmp_path / "b", hook=False)]
    assert main(["image", "diff", str(old), str(new), "--initrd", *map(str, initrds)]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "package: crash: not there -> 8.0-1",
        "package: kdump: 1.0.2+git14-150500.1.1 -> 1.0.2+git20-150500.3.1",
        "configuration: KDUMP_DUMPLEVEL: 31 -> 1",
        "unit: kdump.service: enabled -> disabled",
        "program: makedumpfile: there -> not there",
        "initrd: file usr/lib/dracut/hooks/pre-mount/10-metal-kdump.sh: 10 bytes -> not there",
        "initrd: unpacked: 20480 bytes -> 16384 bytes",
    ]


def test_what_is_no_image(roots: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["image", "diff", str(roots[0]), "/nowhere/at-all"]) == 4
    assert capsys.readouterr().err == "kdumpcheck image diff: /nowhere/at-all: No such file or directory\n"
