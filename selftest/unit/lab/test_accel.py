# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import os
from pathlib import Path

import pytest

from kdumpcheck.lab import accel
from kdumpcheck.lab.errors import LabError

# A QEMU that behaves as KVM does on different hosts.
GOOD = '#!/bin/sh\necho "Linux version 6.1"\necho "Kernel panic - not syncing: VFS: Unable to mount root fs"\n'
HANGS = "#!/bin/sh\necho 'Probing EDD (edd=off to disable)... ok'\nexec sleep 600\n"
FAILS = "#!/bin/sh\necho 'failed to initialize kvm' >&2\nexit 1\n"


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(accel, "_KVM", Path("/dev/null"))  # there, and usable
    monkeypatch.setattr(accel, "_SECONDS", 60)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    path = tmp_path / "vmlinuz"
    path.write_bytes(b"kernel")
    return path


def install(kernel: Path, script: str) -> None:
    qemu = kernel.parent / "qemu-system-x86_64"
    qemu.write_text(script)
    qemu.chmod(0o755)


def choose(kernel: Path, told: list[str] | None = None, **environ: str) -> str:
    return accel.choose(kernel, kernel.parent, environ, ([] if told is None else told).append)


@pytest.mark.parametrize(("script", "answer"), [(GOOD, "kvm"), (HANGS, "tcg"), (FAILS, "tcg")])
def test_kvm_is_taken_only_where_the_kernel_really_ran(
    kernel: Path, monkeypatch: pytest.MonkeyPatch, script: str, answer: str
) -> None:
    install(kernel, script)
    if script is HANGS:
        monkeypatch.setattr(accel, "_SECONDS", 0.5)
    assert choose(kernel) == answer


def test_the_answer_is_remembered_for_this_kernel_only(kernel: Path) -> None:
    told: list[str] = []
    install(kernel, FAILS)
    assert choose(kernel, told) == "tcg"
    install(kernel, GOOD)
    assert choose(kernel, told) == "tcg"
    assert len(told) == 1
    kernel.write_bytes(b"another kernel")
    assert choose(kernel, told) == "kvm"


def test_without_a_kvm_device_nothing_is_tried(kernel: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accel, "_KVM", kernel.parent / "no-kvm")
    install(kernel, GOOD)
    told: list[str] = []
    assert choose(kernel, told) == "tcg"
    assert told == []


def test_the_operator_may_decide(kernel: Path) -> None:
    assert choose(kernel, KDUMPCHECK_ACCEL="kvm") == "kvm"
    assert choose(kernel, KDUMPCHECK_ACCEL="tcg") == "tcg"
    with pytest.raises(LabError, match="KDUMPCHECK_ACCEL is 'fast'"):
        choose(kernel, KDUMPCHECK_ACCEL="fast")
