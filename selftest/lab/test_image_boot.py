# SPDX-License-Identifier: Apache-2.0
"""The boot gate on the lab's own image: it boots, is judged and crashed; and what only a boot shows is seen.

No lab is up for this: the gate makes its own virtual machine, and takes it away.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from selftest.lab.live import LiveLab
from selftest.lab.operator import Operator, Ran

from kdumpcheck.lab.image import MEMORY_MIB, NodeImage, build, find_dialect
from kdumpcheck.paths import cache_dir

BOOTED = "filesystem.squashfs-booted"
#: A boot, the building of an initrd, and a crash, on a machine that other tests keep busy.
SECONDS = 1500
#: The hook of the lab's initrd that makes the links for kdump.
HOOK = "usr/lib/dracut/hooks/pre-mount/10-metal-kdump.sh"
#: Runs a command as nobody, who may do nothing but read what this checkout is made of, wherever it lies.
UNPRIVILEGED = (
    *("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"),
    *("--inh-caps=-all,+dac_read_search", "--ambient-caps=-all,+dac_read_search"),
    "--bounding-set=-all,+dac_read_search",
)


@dataclass(frozen=True)
class Gate:
    """The gate, as a pipeline calls it on one image."""

    image: NodeImage
    operator: Operator
    home: Path
    reports: Path

    def run(self, tests: str, *options: str, initrd: Path | None = None) -> Ran:
        """Boot the image and judge it; with another initrd than its own, if one is given."""
        shipped = ("--kernel", str(self.image.kernel), "--initrd", str(initrd or self.image.initrd))
        line = ("--cmdline", self.image.cmdline("ncn-w001"), "--image-memory", str(MEMORY_MIB))
        what = ("--image", str(self.image.squashfs), *shipped, *line, "--image-boot")
        return self.operator.pytest_into(self.reports, tests, *what, *options)

    @property
    def left(self) -> list[Path]:
        """What a run has left of its virtual machine."""
        return list((self.home / "kdumpcheck/image-boot").iterdir())


@pytest.fixture
def open_gate(make_lab: Callable[[str], LiveLab], tmp_path: Path) -> Callable[[str], Gate]:
    """A gate for the lab's image of one kdump dialect."""

    def make(dialect: str) -> Gate:
        live = make_lab("image")
        image = build(cache_dir(os.environ, Path.home()), find_dialect(dialect), print)
        return Gate(image, Operator(live.environ, SECONDS), live.home, tmp_path / "reports")

    return make


def outcomes(ran: Ran, node: str) -> dict[str, str]:
    return {result["check"]: result["outcome"] for result in ran.results if result["node"] == node}


def test_an_image_is_booted_judged_and_crashed_and_dumps(open_gate: Callable[[str], Gate]) -> None:
    gate = open_gate("suse")
    before = hashlib.sha256(gate.image.squashfs.read_bytes()).digest(), gate.image.squashfs.stat()
    ran = gate.run("tests/recovery", "--crash", "--apply")
    assert ran.exit_code == 0, ran.text
    assert set(outcomes(ran, "filesystem.squashfs").values()) <= {"pass", "skip"}, ran.text
    booted = outcomes(ran, BOOTED)
    assert set(booted.values()) <= {"pass", "skip", "warn"}, ran.text
    assert booted["crashkernel.reserved"] == booted["initrd.kernel"] == booted["links.crash"] == "pass"
    (proof,) = ran.proofs
    assert (proof["node"], proof["word"]) == (BOOTED, "proved"), ran.text
    assert "VERDICT: all checks passed on 1 image, booted; proved by a crash" in ran.text
    assert "still holds" not in (gate.reports / "index.html").read_text(), "of a node that is gone nothing holds"
    assert b"Linux version" in (gate.reports / f"boot-{BOOTED}.log").read_bytes()
    assert gate.left == []
    after = hashlib.sha256(gate.image.squashfs.read_bytes()).digest(), gate.image.squashfs.stat()
    assert after == before, "the image is only read"


def test_a_boot_hook_that_does_nothing_is_seen_by_a_boot_alone_and_without_root(
    open_gate: Callable[[str], Gate], tmp_path: Path
) -> None:
    gate = open_gate("suse_legacy")
    # Not tmp_path for the reports: access(2) asks what nobody may do without the one capability.
    with tempfile.TemporaryDirectory() as reports:
        ran = unprivileged(gate, Path(reports)).run(
            "tests/validation", initrd=without_hook(gate.image.initrd, tmp_path)
        )
    assert ran.exit_code == 1, ran.text
    assert "fail" not in outcomes(ran, "filesystem.squashfs").values(), ran.text
    assert outcomes(ran, BOOTED)["links.crash"] == "fail", ran.text
    assert "do: Mend it where the image is made" in ran.text
    assert "tests/recovery" not in ran.text, "this node is gone when somebody reads it"
    assert gate.left == []


def test_an_image_that_panics_is_told_at_once_with_its_console(
    open_gate: Callable[[str], Gate], tmp_path: Path
) -> None:
    gate = open_gate("suse_legacy")
    empty = tmp_path / "empty.initrd"
    empty.write_bytes(gzip.compress(archive(tmp_path / "nothing", {"nothing": b""})))
    ran = gate.run("tests/validation", initrd=empty)
    assert ran.exit_code == 1, ran.text
    assert "the image did not boot: its kernel panicked: Kernel panic - not syncing: VFS" in ran.text
    assert set(outcomes(ran, BOOTED).values()) == {"error"}
    assert b"Kernel panic" in (gate.reports / f"boot-{BOOTED}.log").read_bytes()
    assert gate.left == []


def unprivileged(gate: Gate, reports: Path) -> Gate:
    """The same gate, run by nobody; what it writes to is nobody's."""
    for place in (gate.home, reports):
        os.chown(place, 65534, 65534)
    environ = {**gate.operator.environ, "HOME": str(gate.home), "XDG_CACHE_HOME": str(gate.home / "cache")}
    return replace(gate, operator=replace(gate.operator, environ=environ, prefix=UNPRIVILEGED), reports=reports)


def without_hook(initrd: Path, directory: Path) -> Path:
    """The same initrd with one archive more behind it: what comes last is what the kernel unpacks last."""
    changed = directory / "changed.initrd"
    hook = archive(directory / "hook", {HOOK: b"#!/bin/sh\n:\n"})
    changed.write_bytes(initrd.read_bytes() + gzip.compress(hook))
    return changed


def archive(root: Path, files: dict[str, bytes]) -> bytes:
    """A cpio archive as the kernel unpacks it."""
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
        (root / name).chmod(0o755)
    packed = subprocess.run(
        ["cpio", "--create", "--format=newc", "--quiet"],
        cwd=root,
        input="\n".join(files).encode(),
        capture_output=True,
        timeout=60,
        check=True,
    )
    return packed.stdout
