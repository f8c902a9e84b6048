# SPDX-License-Identifier: Apache-2.0
"""Evidence in a file: what is read back is what was kept, and a file that is none is one line."""

from __future__ import annotations

import gzip
import json
import os
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selftest.unit.kept import CASES, TAKEN, captured, framed, keep_case, keep_lost

from kdumpcheck.evidence import Evidence, EvidenceError, Unknown, load, load_directory, save, store


def test_what_was_kept_is_read_back(tmp_path: Path) -> None:
    raw = framed(captured("healthy"))
    kept = Evidence("ncn-w001", TAKEN, "ssh://root@10.0.0.1:22", attempts=("refused", "again"))
    path = save(tmp_path, kept, raw)
    assert path == tmp_path / "ncn-w001.evidence.gz"
    found = load(path)
    assert (found.node, found.taken, found.origin) == (kept.node, kept.taken, kept.origin)
    assert found.attempts == kept.attempts
    assert found.complete
    assert {name: output.data for name, output in found.outputs.items()} == captured("healthy")


def test_a_lost_node_and_one_that_was_cut_are_read_back_as_such(tmp_path: Path) -> None:
    lost = load(keep_lost(tmp_path, "ncn-w001", "no route"))
    assert (lost.failure, lost.outputs) == ("no route", {})
    cut = Evidence("ncn-w002", TAKEN, "x", ended="the connection was lost")
    found = load(save(tmp_path, cut, framed(captured("healthy"), ended=False)))
    assert not found.complete
    assert found.ended == "the connection was lost"
    assert found.failure is None


def test_times_are_kept_in_utc(tmp_path: Path) -> None:
    elsewhere = datetime(2026, 11, 22, 13, tzinfo=timezone(timedelta(hours=1)))
    found = load(save(tmp_path, Evidence("ncn-w001", elsewhere, "x", failure="lost"), b""))
    assert found.taken == datetime(2026, 11, 22, 12, tzinfo=UTC)
    assert found.taken.utcoffset() == timedelta(0)


def test_the_file_is_its_owners_alone_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        path = keep_case(tmp_path, "ncn-w001", "healthy")
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o600


def test_the_same_evidence_is_the_same_file(tmp_path: Path) -> None:
    first = keep_case(tmp_path, "ncn-w001", "healthy").read_bytes()
    assert keep_case(tmp_path, "ncn-w001", "healthy").read_bytes() == first


def test_a_write_that_fails_leaves_the_old_file_and_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = keep_case(tmp_path, "ncn-w001", "healthy")
    before = path.read_bytes()

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="No space"):
        keep_case(tmp_path, "ncn-w001", "initrd-missing")
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_bytes() == before


def test_a_directory_is_read_by_node_and_in_order(tmp_path: Path) -> None:
    for name in ("ncn-w010", "ncn-m001", "ncn-w002"):
        keep_case(tmp_path, name, "healthy")
    (tmp_path / "README").write_text("not evidence")
    (tmp_path / ".ncn-w001.evidence.gz.123").write_bytes(b"half written")
    (tmp_path / "more.gz").mkdir()
    assert list(load_directory(tmp_path)) == ["ncn-m001", "ncn-w002", "ncn-w010"]


def test_an_answer_that_was_edited_to_another_length_is_told_as_such(tmp_path: Path) -> None:
    """It was asked: whoever changed it, or lost some of it on the way, must not be sent to look for that."""
    path = tmp_path / "ncn-w003.out"
    path.write_bytes(framed(captured("healthy")).replace(b"panic_on_oops=1", b"panic_on_oops=10"))
    answer = load(path).text("controls")
    assert isinstance(answer, Unknown)
    assert answer.reason == "no whole evidence of 'controls': its end is missing, or tells of another length"


def test_a_plain_answer_is_named_after_its_file_and_as_old_as_it(tmp_path: Path) -> None:
    path = tmp_path / "ncn-w003.out"
    path.write_bytes(b"motd\n" + framed(captured("healthy")))
    os.utime(path, (1_700_000_000, 1_700_000_000))
    found = load(path)
    assert (found.node, found.origin) == ("ncn-w003", "file:ncn-w003.out")
    assert found.taken == datetime.fromtimestamp(1_700_000_000, UTC)
    assert found.complete


@pytest.mark.parametrize("name", [".out", "a b.out", "-x.out", "<b>.out"])
def test_a_plain_answer_needs_a_nodes_name(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(framed(captured("healthy")))
    with pytest.raises(EvidenceError, match="is not a usable node name"):
        load(tmp_path / name)


def test_one_that_cannot_be_opened_is_named_once(tmp_path: Path) -> None:
    path = tmp_path / "ncn-w001.evidence.gz"
    path.symlink_to(path.name)
    with pytest.raises(EvidenceError) as caught:
        load(path)
    assert str(caught.value) == f"{path}: cannot be read as evidence: Too many levels of symbolic links"


def test_more_than_any_probe_answers_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = keep_case(tmp_path, "ncn-w001", "healthy")
    size = len(gzip.decompress(path.read_bytes()))
    monkeypatch.setattr(store, "_LIMIT", size)
    assert load(path).complete
    monkeypatch.setattr(store, "_LIMIT", size - 1)
    with pytest.raises(EvidenceError, match="no probe answers that much"):
        load(path)


@pytest.mark.parametrize("cut", range(0, 2200, 97))
def test_a_file_cut_anywhere_is_one_line(tmp_path: Path, cut: int) -> None:
    whole = (CASES / "healthy.evidence.gz").read_bytes()
    path = tmp_path / "ncn-w001.evidence.gz"
    path.write_bytes(whole[: min(cut, len(whole) - 1)])
    with pytest.raises(EvidenceError) as caught:
        load(path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)


@given(
    header=st.dictionaries(
        st.sampled_from(["node", "taken", "origin", "failure", "ended", "attempts"]),
        st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.text()),
    )
)
def test_any_header_is_evidence_or_one_line(
    tmp_path_factory: pytest.TempPathFactory, header: dict[str, object]
) -> None:
    path = tmp_path_factory.mktemp("any") / "ncn-w001.evidence.gz"
    line = json.dumps({"kdumpcheck-evidence": 1, "node": "ncn-w001", "origin": "x", "taken": "2026-11-22", **header})
    path.write_bytes(gzip.compress(line.encode() + b"\n" + framed(captured("healthy"))))
    try:
        found = load(path)
    except EvidenceError as error:
        assert "\n" not in str(error)
    else:
        assert found.failure is None or isinstance(found.failure, str)
        assert all(isinstance(attempt, str) for attempt in found.attempts)
