# SPDX-License-Identifier: Apache-2.0
"""Runs of the suite on images: the gate as a pipeline calls it."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from selftest.unit.image import made
from selftest.unit.image.made import CMDLINE
from selftest.unit.site import Site


@pytest.fixture(name="image")
def _image(site: Site) -> Path:
    return made.root(site.path / "ncn-image")


def test_an_image_that_would_dump_passes(site: Site, image: Path) -> None:
    result = site.run("tests/validation", "--image", made.squashed(image), "--cmdline", CMDLINE)
    assert result.ret == 0
    (node,) = site.document()["nodes"]
    assert node["name"] == "ncn-image.squashfs"
    assert node["provider"] == "suse_legacy"


def test_a_fault_fails_the_gate_and_junit_says_failure(site: Site, image: Path) -> None:
    made.remove(image, "usr/bin/makedumpfile")
    result = site.run("tests/validation", "--image", image)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    failures = ET.parse(site.path / "reports/latest/junit.xml").getroot().findall(".//failure")
    assert ["no makedumpfile" in (failure.get("message") or "") for failure in failures] == [True]


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
