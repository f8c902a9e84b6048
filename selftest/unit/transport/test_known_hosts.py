# SPDX-License-Identifier: Apache-2.0
"""known_hosts: parsed once, found at once, and never an exception whatever is in the file."""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from kdumpcheck.transport.knownhosts import KnownHosts, hash_name, parse
from kdumpcheck.transport.patterns import matches

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJhewdqtm7Z4Duh/G7GHk+NM1Le/70ys0Oy1V5uSgUJE"


def known(*lines: str) -> KnownHosts:
    return KnownHosts(parse("\n".join(lines), "file"))


def places(hosts: KnownHosts, name: str) -> list[str]:
    return [entry.where for entry in hosts.find(name)]


def test_names_markers_and_places() -> None:
    hosts = known(
        "# a comment",
        f"ncn-w001,10.0.0.1 {KEY} who cares",
        f"[ncn-w001]:2222 {KEY}",
        f"@revoked * {KEY}",
        f"@cert-authority ncn-* {KEY}",
        f"NCN-W002 {KEY}",
    )
    assert places(hosts, "ncn-w001") == ["file:2", "file:4", "file:5"]
    assert places(hosts, "10.0.0.1") == ["file:2", "file:4"]
    assert places(hosts, "[ncn-w001]:2222") == ["file:3", "file:4"]
    assert places(hosts, "ncn-w002")[0] == "file:6"
    assert [entry.marker for entry in hosts.find("ncn-w001")] == ["", "@revoked", "@cert-authority"]


def test_what_is_not_an_entry_is_passed_over() -> None:
    hosts = known(
        "",
        "ncn-w001",
        f"ncn-w001 {KEY}!!",
        "ncn-w001 ssh-ed25519",
        f"@unknown ncn-w001 {KEY}",
        f"|1|x {KEY}",
        f"|1|A|B {KEY}",
    )
    assert places(hosts, "ncn-w001") == []


def test_hashed_names() -> None:
    hosts = known(f"{hash_name('[ncn-w001]:2222')} {KEY}", f"{hash_name('other')} {KEY}")
    assert places(hosts, "[ncn-w001]:2222") == ["file:1"]
    assert places(hosts, "ncn-w001") == []


def test_names_hashed_by_openssh(tmp_path: Path) -> None:
    assert shutil.which("ssh-keygen"), "ssh-keygen is not installed: apt-get install openssh-client"
    path = tmp_path / "known_hosts"
    path.write_text(f"ncn-w001,10.0.0.1 {KEY}\n[ncn-w002]:2222 {KEY}\n")
    subprocess.run(["ssh-keygen", "-q", "-H", "-f", str(path)], check=True, capture_output=True)
    text = path.read_text()
    assert "ncn" not in text
    hosts = known(text)
    assert [places(hosts, name) for name in ("ncn-w001", "10.0.0.1", "[ncn-w002]:2222", "ncn-w002")] == [
        ["file:1"],
        ["file:2"],
        ["file:3"],
        [],
    ]


def test_patterns() -> None:
    assert matches("ncn-w001", ["ncn-*", "!ncn-m*"])
    assert not matches("ncn-m001", ["ncn-*", "!ncn-m*"])
    assert not matches("ncn-w001", ["!other"])
    assert matches("a.b", ["a?b"])
    assert not matches("a", ["[a]"])


def test_five_thousand_lines_are_quick() -> None:
    """In CPU time, which a busy machine does not lengthen; each line held against each would take 20 s."""
    plain = [f"10.1.{n // 250}.{n % 250} {KEY}" for n in range(5000)]
    hashed = [f"{hash_name(f'10.2.{n // 250}.{n % 250}')} {KEY}" for n in range(5000)]
    start = time.process_time()
    hosts = known(*plain, *hashed)
    parsed = time.process_time()
    for _ in range(20):
        assert len(hosts.find("10.1.3.7")) == 1
    assert parsed - start < 3
    assert (time.process_time() - parsed) / 20 < 0.5


@given(st.text(max_size=300), st.text(max_size=30))
def test_any_text_can_be_parsed_and_searched(text: str, name: str) -> None:
    KnownHosts(parse(text, "file")).find(name)
