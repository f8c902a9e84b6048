# SPDX-License-Identifier: Apache-2.0
"""Where reports go, and that they appear whole."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kdumpcheck.paths import whole
from kdumpcheck.reporters.directory import ReportError, make

NOW = datetime(2026, 11, 22, 12, 30, 15, tzinfo=UTC)


def test_a_run_has_a_directory_named_after_its_time(tmp_path: Path) -> None:
    made = make(tmp_path / "reports", None, NOW)
    assert made == tmp_path / "reports" / "20261122T123015Z"
    assert (tmp_path / "reports" / "latest").readlink() == Path("20261122T123015Z")


def test_runs_of_the_same_second_have_one_each(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = set(pool.map(lambda _: make(tmp_path, None, NOW), range(24)))
    assert len(made) == 24
    assert all(each.is_dir() for each in made)
    assert (tmp_path / "latest").resolve() in made


def test_a_directory_made_by_another_run_in_the_last_instant_is_no_trouble(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path, None, NOW)
    monkeypatch.setattr(Path, "exists", lambda *_, **__: False)
    assert make(tmp_path, None, NOW).name.endswith("-2")


def test_latest_moves_on_and_never_leads_nowhere(tmp_path: Path) -> None:
    make(tmp_path, None, NOW)
    second = make(tmp_path, None, NOW)
    assert (tmp_path / "latest").resolve() == second
    assert second.name.endswith("-2")


def test_a_directory_that_was_chosen_may_be_there_and_has_no_latest_beside_it(tmp_path: Path) -> None:
    chosen = tmp_path / "mine"
    assert make(tmp_path / "reports", chosen, NOW) == chosen
    assert make(tmp_path / "reports", chosen, NOW) == chosen
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_what_is_in_the_way_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "taken").touch()
    with pytest.raises(
        ReportError, match=r"taken: cannot hold reports \(File exists\); give another with --report-dir"
    ):
        make(tmp_path, tmp_path / "taken", NOW)


def test_a_report_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = whole(tmp_path / "x.json", ["old"])

    def parts() -> Iterator[str]:
        yield "new, but "
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        whole(path, parts())
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
