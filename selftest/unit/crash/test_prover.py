# SPDX-License-Identifier: Apache-2.0
"""A whole proof, with a pretend node, BMC and console in the prover's hands."""

from __future__ import annotations

from dataclasses import replace

import pytest
from selftest.unit.crash.made import CRASHED, FILES, MARKER, NEW, NODE, RELEASE, VMCORE, answer
from selftest.unit.crash.made import details as made_details
from selftest.unit.crash.made import survey as made_survey
from selftest.unit.crash.pretend import APPLY, GOOD, HANGS, Kept, PretendConsole, PretendHands, bad_points, prove
from selftest.unit.crash.test_story import CRASH, SAVE

from kdumpcheck.checks import Outcome, Result, Subject
from kdumpcheck.crash.hands import Wishes
from kdumpcheck.crash.proof import Proof, Word, harmless
from kdumpcheck.crash.prover import Prover
from kdumpcheck.crash.survey import Survey
from kdumpcheck.crash.watch import Seen
from kdumpcheck.dumps import Contents
from kdumpcheck.dumps.verdict import cut
from kdumpcheck.guards import Gate
from kdumpcheck.power import PowerError
from kdumpcheck.power.console import Console, ConsoleError


class TestGates:
    def test_every_gate_has_its_name(self, hands: PretendHands, kept: Kept) -> None:
        names = [gate.name for gate in prove(hands, kept).gates]
        assert names == [
            "guard.own-node",
            *(f"crash.{name}" for name in ("validation", "kernel", "boot", "space", "retention")),
            *(f"crash.{name}" for name in ("earlier", "bmc", "console")),
            "guard.lock",
            *(f"crash.{name}" for name in ("sync", "trigger", "marker")),
        ]

    def test_without_apply_it_is_planned(self, hands: PretendHands, kept: Kept) -> None:
        proof = prove(hands, kept, Wishes())
        assert (proof.word, proof.bad) == (Word.PLANNED, False)
        assert (hands.crashed, hands.locked, kept[0].read(NODE)) == (False, 0, None)

    def test_a_red_check_refuses_unless_it_is_known(self, hands: PretendHands, kept: Kept) -> None:
        hands.results = [Result(NODE, "a.b", "A", Outcome.FAIL, expected="x", found="y")]
        proof = prove(hands, kept)
        assert (proof.word, proof.bad, hands.crashed) == (Word.REFUSED, True, False)
        assert proof.reason == "crash.validation: a.b: y"
        assert prove(hands, kept, replace(APPLY, despite=frozenset({"a.b"}))).word is Word.PROVED

    def test_a_dump_that_would_be_written_over_refuses(self, hands: PretendHands, kept: Kept) -> None:
        hands.before = replace(hands.before, dumps=frozenset({NEW}), stamp=NEW.rpartition("/")[2])
        proof = prove(hands, kept)
        assert (proof.word, hands.crashed, hands.locked) == (Word.REFUSED, False, 0)
        assert f"written over {NEW}" in proof.reason

    def test_a_guard_refuses(self, hands: PretendHands, kept: Kept) -> None:
        hands.guards = [Gate("guard.role", holds=False, said="it may be the last master")]
        assert prove(hands, kept).reason == "guard.role: it may be the last master"
        assert not hands.crashed

    def test_a_bmc_that_does_not_let_us_in_refuses(self, hands: PretendHands, kept: Kept) -> None:
        hands.bmc_dies = PowerError("auth", NODE, "refused the password")
        proof = prove(hands, kept)
        assert (proof.word, hands.crashed) == (Word.REFUSED, False)
        assert "crash.bmc: a hung node could not be reset: ncn-w001: refused the password" in proof.reason

    def test_a_console_that_cannot_be_opened_refuses(self, hands: PretendHands, kept: Kept) -> None:
        def taken() -> Console:
            raise ConsoleError("taken", NODE, "another session holds it")

        hands.console = taken  # type: ignore[method-assign]  # this test's own console
        assert "crash.console: ncn-w001: another session holds it (--no-console" in prove(hands, kept).reason
        assert not hands.crashed

    def test_a_crash_that_is_not_over_refuses_another(self, hands: PretendHands, kept: Kept) -> None:
        kept[0].write(CRASHED)
        assert "go on with --resume" in prove(hands, kept).reason
        assert not hands.crashed

    def test_a_trigger_that_is_not_there_refuses(self, hands: PretendHands, kept: Kept) -> None:
        said = answer(made_survey()) + b"synced=2\nready=the module lkdtm is not installed for this kernel\n"
        answers = hands._answers()
        hands._answers = lambda: answers | {"synced=": lambda: said}  # type: ignore[method-assign]  # as above
        proof = prove(hands, kept, replace(APPLY, trigger="module"))
        assert proof.reason == "crash.trigger: the module lkdtm is not installed for this kernel"
        assert (hands.crashed, hands.locked, kept[0].read(NODE)) == (False, 0, None)

    def test_a_node_that_is_lost_before_the_crash_is_not_crashed(self, hands: PretendHands, kept: Kept) -> None:
        hands.lost_at = "synced="
        proof = prove(hands, kept)
        assert (proof.word, hands.crashed) == (Word.REFUSED, False)
        assert "lost before it was crashed" in proof.reason


class TestGoodCrash:
    def test_it_is_proved_and_leaves_no_trace(self, hands: PretendHands, kept: Kept) -> None:
        proof = prove(hands, kept)
        assert (proof.word, bad_points(proof)) == (Word.PROVED, set())
        assert [each.phase for each in proof.phases][-3:] == ["boots again", "up", "armed"]
        assert hands.removed == [NEW]
        assert proof.dump is not None
        assert (proof.dump.kept, proof.dump.size) == (False, sum(size for _, size in FILES))
        assert kept[0].read(NODE) is None
        proved = kept[1].read()[NODE]
        assert (proved.vmcore_bytes, proved.seconds, proved.when) == (proof.dump.size, proof.seconds, proof.started)
        assert hands.pressed == ["status"]
        assert hands.ear is not None
        assert hands.ear.closed

    def test_the_dump_stays_when_it_is_wanted(self, hands: PretendHands, kept: Kept) -> None:
        proof = prove(hands, kept, replace(APPLY, keep_dump=True))
        assert (proof.word, hands.removed) == (Word.PROVED, [])
        assert proof.dump is not None
        assert proof.dump.kept

    def test_without_a_console_it_is_proved_by_what_it_left(self, hands: PretendHands, kept: Kept) -> None:
        hands.ear = None
        proof = prove(hands, kept)
        assert (proof.word, proof.unseen) == (Word.PROVED, ("no console was watched",))

    def test_a_ledger_that_cannot_be_written_takes_no_proof_away(self, hands: PretendHands, kept: Kept) -> None:
        kept[1].file.mkdir()
        proof = prove(hands, kept)
        assert proof.word is Word.PROVED
        assert "not kept in the ledger" in proof.reason

    def test_an_nmi_is_sent_by_the_bmc(self, hands: PretendHands, kept: Kept) -> None:
        assert prove(hands, kept, replace(APPLY, trigger="nmi")).word is Word.PROVED
        assert hands.pressed == ["status", "nmi"]


class TestBadCrash:
    @pytest.mark.parametrize(
        ("wrong", "point"),
        [
            ({"found": replace(VMCORE, flaw=cut("it ends within a piece"))}, "proof.whole"),
            ({"found": replace(VMCORE, told=Contents(f"{RELEASE}-other", 1005))}, "proof.kernel"),
            ({"details": replace(made_details(), marked=False)}, "proof.marker"),
            ({"after": replace(made_survey(NEW, boot="2222"), unit="failed")}, "proof.armed"),
        ],
    )
    def test_what_is_wrong_fails_it_and_everything_stays(
        self, hands: PretendHands, kept: Kept, wrong: dict[str, object], point: str
    ) -> None:
        for name, value in wrong.items():
            setattr(hands, name, value)
        proof = prove(hands, kept)
        assert (proof.word, bad_points(proof)) == (Word.FAILED, {point})
        assert (hands.removed, kept[1].read(), kept[0].read(NODE)) == ([], {}, None)

    def test_no_dump_is_told_with_its_likely_cause(self, hands: PretendHands, kept: Kept) -> None:
        before, _, after = GOOD.partition("Extracting dmesg")
        hands.ear = PretendConsole(f"{before}[   9.1] Kernel panic - not syncing: Fatal exception\n{after[-30:]}")
        hands.after = made_survey(boot="2222")
        proof = prove(hands, kept)
        assert proof.word is Word.FAILED
        assert proof.reason.startswith("likely cause: the capture kernel panicked: Fatal exception; one-dump: ")

    def test_a_hung_node_is_reset_and_the_proof_fails(self, hands: PretendHands, kept: Kept) -> None:
        hands.ear, hands.comes_back, hands.after = PretendConsole(HANGS), False, made_survey(boot="2222")
        proof = prove(hands, kept)
        assert (proof.word, proof.rescued, proof.hung_in) == (Word.FAILED, True, "capture kernel")
        assert hands.pressed == ["status", "reset"]
        assert proof.cause == "a shell after a failed save"
        assert "reset over its BMC" in proof.reason
        assert [each.phase for each in proof.phases][-3:] == ["reset", "up", "armed"]
        assert proof.last_lines[-1].startswith("Something failed")

    def test_even_a_good_dump_of_a_hung_node_is_no_proof(self, hands: PretendHands, kept: Kept) -> None:
        hands.ear, hands.comes_back = PretendConsole(CRASH + "Dump saving completed.\n"), False
        proof = prove(hands, kept)
        assert (proof.word, bad_points(proof), hands.removed) == (Word.FAILED, set(), [])

    def test_a_bmc_that_died_meanwhile_leaves_an_instruction(self, hands: PretendHands, kept: Kept) -> None:
        hands.ear, hands.comes_back = PretendConsole(HANGS), False
        hands.in_crash = lambda: setattr(hands, "bmc_dies", PowerError("silent", NODE, "it has not answered"))
        proof = prove(hands, kept)
        assert (proof.word, proof.rescued) == (Word.FAILED, False)
        assert "could not be reset: ncn-w001: it has not answered. Reset it by hand. Go on with: pytest" in proof.reason
        assert kept[0].read(NODE) is not None

    def test_a_trigger_that_does_nothing_is_told(self, hands: PretendHands, kept: Kept) -> None:
        hands.ear, hands.answers = PretendConsole(""), lambda: "1111"  # type: ignore[method-assign]  # this test's own
        proof = prove(hands, kept)
        assert (proof.word, hands.locked, kept[0].read(NODE)) == (Word.FAILED, 0, None)
        assert "has not crashed" in proof.reason

    def test_an_nmi_that_was_not_sent_leaves_the_node_as_it_was(self, hands: PretendHands, kept: Kept) -> None:
        calmed: list[str] = []
        answers = hands._answers()

        def pull() -> bytes:
            hands.bmc_dies = PowerError("unsupported", NODE, "it knows no NMI")
            return b"meant=0\ntriggered=yes\n"

        def run(script: str, seconds: float) -> bytes:
            if "trigger=calm" in script:
                calmed.append(script)
            return PretendHands.run(hands, script, seconds)

        hands._answers = lambda: answers | {"triggered=yes": pull}  # type: ignore[method-assign]  # this test's own
        hands.run = run  # type: ignore[method-assign]  # as above
        proof = prove(hands, kept, replace(APPLY, trigger="nmi"))
        assert (proof.word, len(calmed), hands.locked, kept[0].read(NODE)) == (Word.REFUSED, 1, 0, None)


class TestNeverReset:
    def test_a_node_that_never_crashed_is_not_reset_by_a_resume(self, hands: PretendHands, kept: Kept) -> None:
        kept[0].write(CRASHED)
        hands.ear, hands.answers = PretendConsole(""), lambda: "1111"  # type: ignore[method-assign]  # this test's own
        proof = prove(hands, kept, replace(APPLY, resume=True))
        assert (proof.word, hands.pressed, kept[0].read(NODE)) == (Word.FAILED, [], None)
        assert "has not crashed" in proof.reason

    @pytest.mark.parametrize(("boot", "word"), [("1111", Word.FAILED), ("2222", Word.FAILED)])
    def test_a_node_that_answers_at_the_last_moment_is_not_reset(
        self, hands: PretendHands, kept: Kept, boot: str, word: Word
    ) -> None:
        hands.ear, hands.comes_back = PretendConsole(HANGS), False
        seen = Prover._note

        def noted(prover: Prover, told: Seen) -> None:
            seen(prover, told)
            hands.answers = lambda: boot  # type: ignore[method-assign]  # from here on

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Prover, "_note", noted)
            proof = prove(hands, kept)
        assert (proof.word, proof.rescued, hands.pressed) == (word, False, ["status"])


class TestInterrupted:
    def test_what_was_seen_is_kept_and_a_later_run_goes_on(self, hands: PretendHands, kept: Kept) -> None:
        class Stopped(PretendConsole):
            def read(self, seconds: float) -> list[object]:  # type: ignore[override]  # it never gets so far
                found = super().read(seconds)
                if self.over:
                    raise KeyboardInterrupt
                return list(found)

        hands.ear = Stopped(CRASH)
        prover = Prover(hands, APPLY, *kept)
        with pytest.raises(KeyboardInterrupt):
            prover.prove()
        proof = prover.proof
        assert (proof.word, [each.phase for each in proof.phases]) == (Word.INTERRUPTED, ["crashed", "capture kernel"])
        assert proof.reason.endswith("pytest tests/recovery -m crash --nodes ncn-w001 --crash --apply --resume")
        assert kept[0].read(NODE) is not None
        hands.ear = PretendConsole(SAVE)
        proof = prove(hands, kept, replace(APPLY, resume=True))
        assert proof.word is Word.PROVED
        assert proof.unseen == ("what came before this watch joined in was not seen",)
        assert kept[0].read(NODE) is None
        assert kept[1].read()[NODE].seconds == 0.0

    def test_before_the_crash_nothing_is_left(self, hands: PretendHands, kept: Kept) -> None:
        def stop() -> Subject:
            raise KeyboardInterrupt

        hands.look = stop  # type: ignore[method-assign]  # this test's own
        prover = Prover(hands, APPLY, *kept)
        with pytest.raises(KeyboardInterrupt):
            prover.prove()
        assert (prover.proof.word, prover.proof.reason) == (Word.INTERRUPTED, "interrupted before it was crashed")
        assert kept[0].read(NODE) is None

    def test_a_kdump_that_is_not_known_here_is_not_resumed(self, hands: PretendHands, kept: Kept) -> None:
        kept[0].write(replace(CRASHED, provider="of_a_site"))
        proof = prove(hands, kept, replace(APPLY, resume=True))
        assert (proof.word, "of_a_site" in proof.reason) == (Word.REFUSED, True)
        assert kept[0].read(NODE) is not None

    def test_there_must_be_something_to_resume(self, hands: PretendHands, kept: Kept) -> None:
        proof = prove(hands, kept, replace(APPLY, resume=True))
        assert (proof.word, hands.crashed) == (Word.REFUSED, False)
        assert "nothing to --resume" in proof.reason


def test_a_proof_is_plain_data(hands: PretendHands, kept: Kept) -> None:
    data = prove(hands, kept).to_json()
    assert data["word"] == "proved"
    assert isinstance(data["gates"], list)
    assert MARKER not in str(data["dump"])
    assert isinstance(hands.after, Survey)


def test_nothing_that_was_said_harms_a_terminal() -> None:
    evil = "\x1b[2J\u202eno\nway"
    gates = (Gate("crash.bmc", holds=True, said=evil),)
    proof = Proof(NODE, Word.FAILED, evil, "sysrq", "x", gates=gates, points=gates, cause=evil, last_lines=(evil,))
    assert str(harmless(proof)).isprintable()
    assert "\\x1b[2J" in harmless(proof).reason
