# SPDX-License-Identifier: Apache-2.0
"""The report in a real browser: Chromium, without a screen and without a network."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest
from selftest.unit.site import site

__all__ = ["site"]

_FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"),
    *("--disable-background-networking", "--disable-extensions", "--disable-sync", "--mute-audio"),
    *("--host-resolver-rules=MAP * ~NOTFOUND", "--virtual-time-budget=3000", "--window-size=1400,1200"),
)


_VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


class Dom(HTMLParser):
    """A page as the browser has it after its scripts ran: its title, its text, that of each
    element with an id, and that of each table's rows."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.rows: dict[str, list[list[str]]] = {}
        self.title = ""
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._open: list[str] = []
        self.texts: dict[str, str] = {}
        self.text = ""
        self._table = ""
        self._inside: list[tuple[str, str]] = []
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        self.tags.append((tag, known))
        if tag not in _VOID:
            self._inside.append((tag, known.get("id") or ""))
        if tag == "table":
            self._table = known.get("id") or known.get("class") or ""
        if tag == "tr":
            self.rows.setdefault(self._table, []).append([])
        if tag in {"td", "th"} and "hidden" in known:
            self._open.append("hidden")
            return
        if tag in {"td", "th"} and self._table in self.rows:
            self.rows[self._table][-1].append("")
        if tag in {"td", "th", "title", "script", "style"}:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self._inside and self._inside.pop()[0] != tag:
            pass
        if self._open and (self._open[-1] == tag or (self._open[-1] == "hidden" and tag == "td")):
            self._open.pop()

    def handle_data(self, data: str) -> None:
        where = self._open[-1] if self._open else ""
        if where not in {"script", "style", "title"}:
            self.text += data
            for name in {name for _, name in self._inside if name}:
                self.texts[name] = self.texts.get(name, "") + data
        if where == "title":
            self.title += data
        if where in {"td", "th"}:
            self.rows[self._table][-1][-1] += data


@pytest.fixture
def browse(tmp_path: Path) -> Callable[..., Dom]:
    """Open a page and wait until its scripts have run: `browse(path)`, or `browse(path, "#place")`."""
    chromium = shutil.which("chromium")
    assert chromium, "the report is tested in a browser: sudo apt-get install -y chromium"

    def dom(page: Path, fragment: str = "") -> Dom:
        said = b""
        # A browser that does not come up on a busy machine shows nothing, and tells nothing of the page.
        for attempt in range(3):
            profile = f"--user-data-dir={tmp_path / f'profile{attempt}'}"
            argv = [chromium, *_FLAGS, profile, "--dump-dom", page.resolve().as_uri() + fragment]
            done = subprocess.run(argv, capture_output=True, timeout=600, check=False)
            text, said = done.stdout.decode("utf-8", errors="replace"), done.stderr
            if re.search("<html", text):
                return Dom(text)
        raise AssertionError(f"no page came back: {said[-2000:].decode(errors='replace')}")

    return dom
