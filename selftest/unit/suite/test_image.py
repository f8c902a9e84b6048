# SPDX-License-Identifier: Apache-2.0
"""Runs of the suite on images: the gate as a pipeline calls it."""

from __future__ import annotations

import signal
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from selftest.unit.image import made
from selftest.unit.image.made import CMDLINE
from selftest.unit.site import Site

from kdumpcheck.imageboot.guest import remove_orphans
from kdumpcheck.lab.process import marked
from kdumpcheck.results.read import read_results
from kdumpcheck.results.words import advice


@pytest.fixture(name="image")
def _image(site: Site) -> Path:
    return made.root(site.path / "ncn-image")


def test_an_image_that_would_dump_passes(site: Site, image: Path) -> None:
    result = site.run("tests/validation", "--image", made.squashed(image), "--cmdline", CMDLINE)
    assert result.ret == 0
    result.stdout.fnmatch_lines(["VERDICT: all checks passed on 1 image"])
    (node,) = site.document()["nodes"]
    assert node["name"] == "ncn-image.squashfs"
    assert node["provider"] == "suse_legacy"


def test_a_fault_fails_the_gate_and_junit_says_failure(site: Site, image: Path) -> None:
    made.remove(image, "usr/bin/makedumpfile")
    result = site.run("tests/validation", "--image", image)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    failures = ET.parse(site.path / "reports/latest/junit.xml").getroot().findall(".//failure")
    assert ["no makedumpfile" in (failure.get("message") or "") for failure in failures] == [True]


def test_what_is_wrong_in_an_image_is_not_repaired_on_a_node_of_its_name(site: Site, image: Path) -> None:
    made.remove(image, "etc/systemd/system/multi-user.target.wants/kdump.service")
    result = site.run("tests/validation", "--image", image)
    (failed,) = [each for each in site.document()["results"] if each["outcome"] == "fail"]
    assert failed["check"] == "service.enabled"
    assert failed["remedy"] is None
    mend = "Mend it where the image is made, and build the image anew. On a node it would be: systemctl enable kdump"
    result.stdout.fnmatch_lines([f"*do: {mend}*"])
    page, again = (site.path / "reports/latest/index.html").read_text(), read_results(site.path / "reports/latest")
    for text in (result.stdout.str(), page, *(advice(each) for each in again.results)):
        assert "tests/recovery" not in text
    assert mend in page
    assert any(mend in advice(each) for each in again.results), "also in a report made of results.json"


def test_two_images_in_one_run(site: Site, image: Path) -> None:
    other = made.root(site.path / "other")
    made.remove(other, "etc/fstab")
    assert site.run("tests/validation", "--image", image, "--image", other).ret == pytest.ExitCode.TESTS_FAILED
    failed = {(each["node"], each["check"]) for each in site.document()["results"] if each["outcome"] == "fail"}
    assert failed == {("other", "image.fstab")}


def test_a_kept_image_is_judged_again(site: Site, image: Path) -> None:
    made.remove(image, "etc/fstab")
    kept = site.path / "kept"
    assert site.run("tests/validation", "--image", image, "--bundle", kept).ret == pytest.ExitCode.TESTS_FAILED
    first = site.outcomes()
    assert site.run("tests/validation", "--replay", kept).ret == pytest.ExitCode.TESTS_FAILED
    assert site.outcomes() == first


def test_workers_judge_the_same(site: Site, image: Path) -> None:
    site.run("tests/validation", "--image", image)
    alone = site.outcomes()
    assert site.run("tests/validation", "--image", image, "-n", "1").ret == 0
    assert site.outcomes() == alone


def test_a_mistake_gets_one_line_and_the_exit_code_of_usage(site: Site, image: Path) -> None:
    (site.path / "text").write_text("no image")
    gate = ("tests/validation", "--image")
    assert site.refused(*gate, "nowhere") == "--image nowhere: No such file or directory"
    assert "no tar archive" in site.refused(*gate, "text")
    assert "--kernel, --initrd and --cmdline ship beside" in site.refused("tests/validation", "--cmdline", "x")
    assert "judges images" in site.refused(*gate, image, "--nodes", "ncn-w001")
    assert "only reads" in site.refused(*gate, image, "--apply")
    assert "give the words" in site.refused(*gate, image, "--cmdline", " ")
    assert "No such file" in site.refused(*gate, image, "--cmdline=@nowhere")
    assert "nowhere: No such file" in site.refused(*gate, image, "--initrd", "nowhere")
    assert "two images" in site.refused(*gate, image, "--image", image)


@pytest.fixture(name="shipped")
def _shipped(site: Site, image: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str | Path, ...]]:
    """What a pipeline gives to boot an image; the kernel here is none, so that QEMU will not have it.

    What a run leaves of its machine, though it must leave nothing, is ended here.
    """
    monkeypatch.setenv("XDG_STATE_HOME", str(site.path / "state"))
    monkeypatch.setenv("KDUMPCHECK_ACCEL", "tcg")
    (site.path / "vmlinuz").write_bytes(b"no kernel" * 1000)
    (site.path / "initrd").write_bytes(b"no initrd")
    boots = ("--kernel", "vmlinuz", "--initrd", "initrd", "--cmdline", CMDLINE)
    yield ("--image", made.squashed(image), *boots, "--image-boot")
    remove_orphans(site.path / "state/kdumpcheck/image-boot")


def test_an_image_that_does_not_boot_is_an_error_of_each_check_and_leaves_nothing(
    site: Site, shipped: tuple[str | Path, ...]
) -> None:
    result = site.run("tests/validation", *shipped)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    static, booted = site.document()["nodes"]
    assert (static["name"], booted["name"]) == ("ncn-image.squashfs", "ncn-image.squashfs-booted")
    assert booted["failure"].startswith("the image did not boot: QEMU has ended: qemu: linux kernel too old")
    outcomes = {each["outcome"] for each in site.document()["results"] if each["node"] == booted["name"]}
    assert outcomes == {"error"}
    failed = {each["check"] for each in site.document()["results"] if each["outcome"] == "fail"}
    assert failed == {"image.shipped-initrd", "image.shipped-kernel"}, "the static gate judges the image meanwhile"
    assert list((site.path / "state/kdumpcheck/image-boot").iterdir()) == []


def test_only_the_booted_node_is_crashed_and_nothing_is_repaired(site: Site, shipped: tuple[str | Path, ...]) -> None:
    result = site.run("tests/recovery", *shipped, "--crash", "--apply", "--collect-only", "-q")
    recovery = [line for line in result.outlines if line.startswith("tests/recovery")]
    assert recovery == [
        "tests/recovery/test_crash.py::test_node_saves_its_dump_when_it_crashes[ncn-image.squashfs-booted]"
    ]


def test_a_mistake_about_a_boot_gets_one_line(site: Site, image: Path, shipped: tuple[str | Path, ...]) -> None:
    gate = ("tests/validation", *shipped)
    assert "give --kernel, --initrd and --cmdline" in site.refused("tests/validation", "--image", image, "--image-boot")
    assert "boots one image" in site.refused(*gate, "--image", image)
    assert "boots a SquashFS file" in site.refused("tests/validation", *shipped[2:], "--image", image)
    assert "repairs nothing" in site.refused(*gate, "--apply")
    assert "repairs nothing" in site.refused(*gate, "--crash")
    assert "leave out -n" in site.refused(*gate, "-n", "1")
    assert "between 512" in site.refused(*gate, "--image-memory", "1")
    assert not (site.path / "state/kdumpcheck/image-boot").exists() or not list(
        (site.path / "state/kdumpcheck/image-boot").iterdir()
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_who_stops_the_run_stops_the_boot(site: Site, shipped: tuple[str | Path, ...], number: signal.Signals) -> None:
    (site.path / "vmlinuz").write_bytes(endless_kernel())
    argv = [sys.executable, "-m", "pytest", "tests/validation", *map(str, shipped), "-p", "no:cacheprovider"]
    said = ""
    with subprocess.Popen(argv, cwd=site.path, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        while "booting under" not in said:
            line = run.stdout.readline()
            assert line, said
            said += line
        (home,) = (site.path / "state/kdumpcheck/image-boot").iterdir()
        assert marked(home / "lab"), "QEMU and the BMC run"
        run.send_signal(number)
        rest, _ = run.communicate(timeout=600)
    assert run.returncode == pytest.ExitCode.INTERRUPTED, said + rest
    assert "Traceback" not in rest
    assert not marked(home / "lab")
    assert not home.exists()


def endless_kernel() -> bytes:
    """What QEMU takes for a bzImage, and in which there is nothing to run (Documentation/arch/x86/boot.rst)."""
    kernel = bytearray(65536)
    kernel[0x1F1] = 4
    kernel[0x202:0x206] = b"HdrS"
    kernel[0x206:0x208] = struct.pack("<H", 0x020F)
    kernel[0x211] = 1
    kernel[0x22C:0x230] = struct.pack("<I", 0x7FFFFFFF)
    return bytes(kernel)
