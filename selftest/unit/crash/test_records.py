# SPDX-License-Identifier: Apache-2.0
"""What outlives a run: crashes that are not over, and proofs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from selftest.unit.crash.made import CRASHED, NODE
from selftest.unit.kept import captured, evidence

from kdumpcheck.checks import Subject
from kdumpcheck.crash.ledger import Fingerprint, Ledger, LedgerError, Proved
from kdumpcheck.crash.pending import Pending, PendingError

PRINT = Fingerprint("5.14.21", "rd.live.dir=1.5.0", "0123")
PROVED = Proved(NODE, "2026-11-25T10:00:00+00:00", PRINT, 71.4, 18_606_639)


class TestPending:
    def test_a_crash_is_remembered_until_it_is_over(self, tmp_path: Path) -> None:
        pending = Pending(tmp_path / "crashes")
        assert pending.read(NODE) is None
        pending.write(CRASHED)
        assert pending.read(NODE) == CRASHED
        assert pending.read("ncn-w002") is None
        pending.forget(NODE)
        assert pending.read(NODE) is None

    @pytest.mark.parametrize("text", [b"", b"{", b"[]", b"{}", b'{"node": 1}', b"\xff"])
    def test_a_broken_record_is_one_line(self, tmp_path: Path, text: bytes) -> None:
        (tmp_path / f"{NODE}.json").write_bytes(text)
        with pytest.raises(PendingError, match="remove it to begin anew"):
            Pending(tmp_path).read(NODE)

    def test_a_place_that_cannot_be_written_is_one_line(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        with pytest.raises(PendingError, match="cannot be written"):
            Pending(tmp_path / "file").write(CRASHED)


class TestLedger:
    def test_each_node_has_its_last_proof(self, tmp_path: Path) -> None:
        ledger = Ledger(tmp_path / "state" / "proofs.json")
        assert ledger.read() == {}
        ledger.write(PROVED)
        ledger.write(replace(PROVED, node="ncn-w002"))
        ledger.write(replace(PROVED, seconds=60.0))
        assert ledger.read() == {NODE: replace(PROVED, seconds=60.0), "ncn-w002": replace(PROVED, node="ncn-w002")}

    @pytest.mark.parametrize(
        "text",
        [b"", b"[]", b"{}", b'{"kdumpcheck-proofs": 2, "proofs": {}}', b'{"kdumpcheck-proofs": 1, "proofs": []}'],
    )
    def test_what_is_no_ledger_is_left_alone(self, tmp_path: Path, text: bytes) -> None:
        ledger = Ledger(tmp_path / "proofs.json")
        ledger.file.write_bytes(text)
        with pytest.raises(LedgerError):
            ledger.write(PROVED)
        assert ledger.file.read_bytes() == text

    def test_a_proof_is_a_line(self) -> None:
        assert PROVED.line() == "proved on 2026-11-25 10:00 UTC, kernel 5.14.21, in 71 s"
        assert replace(PROVED, seconds=0.0).line() == "proved on 2026-11-25 10:00 UTC, kernel 5.14.21"


class TestFingerprint:
    def of(self, case: str = "healthy", **changed: bytes) -> Fingerprint:
        return Fingerprint.of(Subject(evidence(NODE, {**captured(case), **changed})))

    def test_the_same_node_is_the_same(self) -> None:
        assert self.of().differs(self.of()) == ""

    def test_another_kernel_is_told(self) -> None:
        system = captured("healthy")["system"]
        release = self.of().kernel.encode()
        assert "the kernel was" in self.of().differs(self.of(system=system.replace(release, b"9.9.9-default")))

    def test_another_image_is_told(self) -> None:
        cmdline = captured("healthy")["cmdline"]
        assert b"rd.live.dir=" in cmdline
        now = self.of(cmdline=cmdline.replace(b"rd.live.dir=", b"rd.live.dir=other-"))
        assert "the image was" in self.of().differs(now)

    def test_other_settings_are_told(self) -> None:
        now = self.of("keep-no-dumps")
        assert self.of().differs(now) == "kdump's settings, its version or crashkernel= have changed"
        assert self.of().differs(self.of("crashkernel-96M"))
