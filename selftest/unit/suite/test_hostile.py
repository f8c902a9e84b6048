# SPDX-License-Identifier: Apache-2.0
"""Whatever a node says, the reports can be read, and nothing that reads them obeys it."""

from __future__ import annotations

from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import pytest
from selftest.unit.hostile import PWNED, SCRIPT, keep_hostile, keep_hostile_header
from selftest.unit.kept import captured, keep
from selftest.unit.site import CHECKS, Site


class Page(HTMLParser):
    """The tags of a page with their attributes, and its text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture
def hostile(site: Site) -> int:
    site.bundle.mkdir()
    return keep_hostile(site.bundle)


# What pytest takes for the summary that -rA asks for grows with the square of the results: there every fifth node lies.
@pytest.mark.parametrize(("every", "verbose"), [(1, []), (5, ["-v", "-rA"])], ids=["plain", "verbose"])
def test_a_fleet_of_liars(site: Site, hostile: int, every: int, verbose: list[str]) -> None:
    kept = sorted(site.bundle.iterdir())
    for file in set(kept) - set(kept[::every]):
        file.unlink()
    hostile = len(kept[::every])
    assert hostile > 80
    result = site.replay(*verbose)
    assert result.ret == 1
    document = site.document()  # the schema allows no control character in it
    assert len(document["results"]) == CHECKS * hostile
    told = [each for each in document["results"] if PWNED in each["found"] + each["expected"] + each["message"]]
    assert len(told) > 40, "what a node said is told, or nothing is shown here"
    assert max(len(each[key]) for each in document["results"] for key in ("message", "expected", "found")) <= 500
    self_check = [line for line in result.outlines if not line.isprintable()]
    assert not self_check
    assert max(map(len, result.outlines)) < 4096
    root = ET.parse(site.path / "reports/latest/junit.xml").getroot()
    assert len(root.findall(".//testcase")) == CHECKS * hostile


def test_the_page_holds_it_as_text(site: Site) -> None:
    site.bundle.mkdir()
    sections = captured("healthy")
    keep(site.bundle, "ncn-w001", {**sections, "kernels": f"running={SCRIPT}\nkver={SCRIPT}".encode()})
    keep(site.bundle, "ncn-w002", {**sections, "system": f"uname_s={SCRIPT}\nuname_r=x".encode()})
    keep_hostile_header(site.bundle, "ncn-m001")
    site.replay()
    page = page_of(site)
    assert PWNED in page.text
    assert not [tag for tag, attrs in page.tags if "onerror" in attrs]
    site.replay("--nodes", "ncn-w001", "-k", "test_service")
    plain = page_of(site)
    assert PWNED not in plain.text
    assert [tag for tag, _ in page.tags].count("script") == [tag for tag, _ in plain.tags].count("script")


def page_of(site: Site) -> Page:
    page = Page()
    page.feed((site.path / "reports/latest/report.html").read_text(encoding="utf-8"))
    return page


def test_a_repairs_words_are_cleaned_too(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.bundle.mkdir()
    sections = captured("initrd-stale")
    evil = SCRIPT + "\x1b[2J\u202e"
    running = f"running={evil}\n".encode()
    stale = sections["initrds"].replace(b"6.1.0-56.deb-default", evil.encode())
    sources = sections["initrd-sources"].replace(b"6.1.0-56.deb-default", evil.encode())
    keep(site.bundle, "ncn-w001", {**sections, "kernels": running, "initrds": stale, "initrd-sources": sources})
    result = site.run("tests/recovery", "--replay", site.bundle)
    (remedy,) = [each for each in site.document()["remedies"] if each["name"] == "initrd.rebuild"]
    assert PWNED in remedy["comment"]
    assert not [line for line in result.outlines if not line.isprintable()]
    result.stdout.fnmatch_lines(["PLAN  ncn-w001: initrd.rebuild: would build a new /boot/initrd-<script>*"])
