# SPDX-License-Identifier: Apache-2.0
"""Crash proofs in the reports. What a console says is hostile."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import cast

import pytest

from kdumpcheck.checks import Outcome, Result
from kdumpcheck.crash.proof import DumpFacts, PhaseTime, Proof, Word
from kdumpcheck.guards import Gate
from kdumpcheck.reporters import proofs, terminal
from kdumpcheck.reporters.folding import verdict
from kdumpcheck.results import NodeLook, Run
from kdumpcheck.results.run import ProofNote

EVIL = "<script>alert(1)</script>"
PROOF = Proof(
    "ncn-w001",
    Word.FAILED,
    f"hung {EVIL}",
    "sysrq",
    "2026-11-25T10:00:00+00:00",
    gates=(Gate("crash.bmc", holds=True, said=f"on {EVIL}"),),
    phases=(PhaseTime("crashed", 1.2), PhaseTime("capture kernel", 4.0)),
    points=(Gate("proof.one-dump", holds=False, said=EVIL),),
    last_lines=("dracut: hello", EVIL),
    unseen=(EVIL,),
    dump=DumpFacts(f"/x/{EVIL}", 18 * 2**20, "compressed", EVIL, (EVIL,), kept=True),
    console_log="console-ncn-w001.log",
)
GOOD = replace(PROOF, word=Word.PROVED, reason="a dump of 18 MiB")
NOTE = ProofNote("2026-11-25T10:00:00+00:00", "5.14", 71.0, "proved on 2026-11-25 10:00 UTC, kernel 5.14, in 71 s", "")


def run(*told: Proof, **notes: ProofNote) -> Run:
    made = Run(datetime(2026, 11, 25, tzinfo=UTC), "1", "live", proofs=list(told))
    for name, note in notes.items():
        made.nodes[name] = NodeLook(name, "worker", "ssh://x", NOTE.when, None, "suse", None, proof=note)
    return made


class TestPage:
    def test_without_proofs_there_is_no_section(self) -> None:
        assert proofs.section(run()) == ""

    def test_a_bad_proof_shows_all_and_escapes_it(self) -> None:
        page = proofs.section(run(PROOF))
        assert EVIL not in page
        for word in ("crash.bmc", "proof.one-dump", "4.0 s", "capture kernel", "dracut: hello", "console-ncn-w001.log"):
            assert word in page
        assert page.count("&lt;script&gt;") == 8

    def test_a_good_proof_needs_no_console(self) -> None:
        page = proofs.section(run(GOOD))
        assert "dracut: hello" not in page
        assert "<details class='kc-proof'>" in page

    def test_a_node_proved_before_has_a_row(self) -> None:
        page = proofs.section(run(w1=NOTE, w2=replace(NOTE, outdated=f"the kernel was {EVIL}")))
        assert "proved on 2026-11-25 10:00 UTC, kernel 5.14, in 71 s</td><td>still holds" in page
        assert "out of date: the kernel was &lt;script&gt;" in page


class TestTerminal:
    def test_a_proof_has_its_timeline(self) -> None:
        lines = terminal.proof_lines(run(replace(PROOF, reason="hung", unseen=("no console was watched",))))
        assert lines[0] == "FAILED: ncn-w001: hung"
        assert lines[1].split() == ["crashed", "1.2", "s"]
        assert lines[-1].strip() == "not seen: no console was watched"

    def test_proofs_that_are_out_of_date_are_folded(self) -> None:
        old = replace(NOTE, outdated="the kernel was A, is B")
        made = run(**{"ncn-w001": old, "ncn-w002": old, "ncn-w003": NOTE})
        assert terminal.proof_lines(made) == [
            "NOTE  ncn-w[001-002]: the proof is out of date: the kernel was A, is B",
        ]

    def test_a_proof_that_failed_is_in_the_verdict(self) -> None:
        sentence, good = verdict(run(PROOF))
        assert (sentence, good) == ("1 crash proof failed", False)

    def test_so_is_one_that_was_good(self) -> None:
        made = run(GOOD)
        made.results.append(Result("ncn-w001", "a.b", "Title", Outcome.PASS, "", "e", "f", None, "do this"))
        assert verdict(made) == ("all checks passed on 1 node; 1 proved by a crash", True)


class PretendReporter:
    def __init__(self) -> None:
        self.said: list[str] = []

    def rewrite(self, line: str, *, erase: bool) -> None:
        self.said.append(f"over: {line}")

    def line(self, line: str) -> None:
        self.said.append(line)

    def ensure_newline(self) -> None:
        pass


class PretendConfig:
    def __init__(self) -> None:
        self.reporter = PretendReporter()
        self.pluginmanager = self

    def get_plugin(self, name: str) -> PretendReporter | None:
        return self.reporter if name == "terminalreporter" else None


class TestProgress:
    def told(self, monkeypatch: pytest.MonkeyPatch, *, terminal_there: bool) -> list[str]:
        config = PretendConfig()
        monkeypatch.setattr("sys.stdout.isatty", lambda: terminal_there)
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.setenv("COLUMNS", "40")
        tell = terminal.crash_progress(cast("pytest.Config", config))
        tell("ncn-w001", "saving", "Copying data 41 %", 23.4)
        tell("ncn-w001", "saving", "Copying data 42 %", 24.4)
        tell("ncn-w001", "saved", "", 30.0)
        return config.reporter.said

    def test_on_a_terminal_one_line_is_written_over(self, monkeypatch: pytest.MonkeyPatch) -> None:
        said = self.told(monkeypatch, terminal_there=True)
        assert said[0] == "over: ncn-w001: saving, Copying data 41 %, 23"
        assert all(len(line.removeprefix("over: ")) < 40 for line in said)

    def test_elsewhere_each_phase_has_a_line(self, monkeypatch: pytest.MonkeyPatch) -> None:
        said = self.told(monkeypatch, terminal_there=False)
        assert said == ["ncn-w001: saving, Copying data 41 %, 23 s", "ncn-w001: saved, 30 s"]
