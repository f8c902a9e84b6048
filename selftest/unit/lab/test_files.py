# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import os
from pathlib import Path

import pytest

from kdumpcheck.lab import host, limits
from kdumpcheck.lab.errors import LabError
from kdumpcheck.lab.files import read_json, write_json, write_text
from kdumpcheck.lab.store import Store, purge


def names(directory: Path) -> list[str]:
    return [path.name for path in directory.iterdir()]


def test_a_file_is_replaced_in_one_step_and_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    write_text(path, "one")
    before = path.stat().st_ino
    write_text(path, "two")
    assert path.read_text() == "two"
    assert path.stat().st_ino != before
    assert path.stat().st_mode & 0o777 == 0o600
    assert names(tmp_path) == ["secret"]


def test_json_is_read_back_and_a_missing_file_is_none(tmp_path: Path) -> None:
    write_json(tmp_path / "a", {"x": [1]})
    assert read_json(tmp_path / "a") == {"x": [1]}
    assert read_json(tmp_path / "b") is None


@pytest.mark.parametrize("text", ["", "{", "[]", "7"])
def test_a_broken_file_says_which_and_what_to_do(tmp_path: Path, text: str) -> None:
    (tmp_path / "lab.json").write_text(text)
    with pytest.raises(LabError, match=r"lab\.json.*lab down"):
        read_json(tmp_path / "lab.json")


def test_missing_tools_come_with_the_line_to_install_them() -> None:
    with pytest.raises(LabError, match=r"needs no-such-a, no-such-b: apt-get install one two$"):
        host.require_tools({"no-such-a": "two", "no-such-b": "one", "sh": "dash"})
    host.require_tools({"sh": "dash"})


def test_without_root_the_purpose_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(LabError, match="a lab with containers needs root"):
        host.require_root("a lab with containers")


@pytest.fixture
def limit(tmp_path: Path) -> Path:
    path = tmp_path / "max_user_instances"
    path.write_text("128\n")
    return path


def make_room(tmp_path: Path, limit: Path, containers: int) -> list[str]:
    told: list[str] = []
    limits.make_room(tmp_path, containers, told.append, limit)
    return told


def test_the_limit_is_raised_for_a_fleet_and_put_back(tmp_path: Path, limit: Path) -> None:
    assert len(make_room(tmp_path, limit, 10)) == 1
    assert make_room(tmp_path, limit, 50)
    assert int(limit.read_text()) >= 500
    limits.put_back(tmp_path, limit)
    assert limit.read_text() == "128\n"
    assert names(tmp_path) == ["max_user_instances"]


def test_a_lab_without_containers_needs_no_room(tmp_path: Path, limit: Path) -> None:
    assert make_room(tmp_path, limit, 0) == []
    assert limit.read_text() == "128\n"


def test_a_limit_that_is_high_enough_is_left_alone(tmp_path: Path, limit: Path) -> None:
    limit.write_text("8192\n")
    assert make_room(tmp_path, limit, 50) == []
    limits.put_back(tmp_path, limit)
    assert limit.read_text() == "8192\n"


def test_a_limit_somebody_else_has_changed_since_is_not_put_back(tmp_path: Path, limit: Path) -> None:
    make_room(tmp_path, limit, 10)
    limit.write_text("4096\n")
    limits.put_back(tmp_path, limit)
    assert limit.read_text() == "4096\n"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store.__new__(Store)
    made.root = tmp_path / "cache" / "lab-x"
    return made


def make(tmp_path: Path, text: str) -> Path:
    made = tmp_path / "work" / text / "made"
    made.mkdir(parents=True)
    (made / "disk").write_text(text)
    return made


def test_what_was_made_is_kept_whole(tmp_path: Path, store: Store) -> None:
    store.keep(make(tmp_path, "mine"), store.seed)
    assert (store.seed / "disk").read_text() == "mine"
    assert names(store.root) == ["seed"]


def test_the_first_of_two_who_made_the_same_wins(tmp_path: Path, store: Store) -> None:
    store.keep(make(tmp_path, "first"), store.snapshot("ncn-m001"))
    store.keep(make(tmp_path, "second"), store.snapshot("ncn-m001"))
    assert (store.snapshot("ncn-m001") / "disk").read_text() == "first"
    assert names(store.root / "nodes") == ["ncn-m001"]


def test_purging_leaves_nothing_that_was_made_of_an_image(tmp_path: Path, store: Store) -> None:
    store.keep(make(tmp_path, "mine"), store.seed)
    for name in ("image-abc", "accel-1.json", "bench"):
        (store.root.parent / name).touch()
    purge(store.root.parent)
    assert names(store.root.parent) == ["bench"]


def test_a_draft_left_by_a_killed_command_is_replaced(tmp_path: Path, store: Store) -> None:
    (store.root / ".seed.mine").mkdir(parents=True)
    (store.root / ".seed.mine" / "half").touch()
    store.keep(make(tmp_path, "mine"), store.seed)
    assert names(store.seed) == ["disk"]
