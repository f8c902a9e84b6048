# SPDX-License-Identifier: Apache-2.0
"""The probe's frame, run by every shell it may meet."""

from __future__ import annotations

import shutil
import subprocess
import time

import pytest

from kdumpcheck.evidence import Output, parse_answer
from kdumpcheck.facts import FACTS
from kdumpcheck.probe import Section, compose

SHELLS = {"dash": ["dash", "-s"], "bash": ["bash", "-s"], "busybox": ["busybox", "sh", "-s"]}


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest) -> list[str]:
    argv = SHELLS[request.param]
    if shutil.which(argv[0]) is None:
        pytest.fail(f"{argv[0]} is missing: apt-get install busybox-static dash bash")
    return argv


def answers(shell: list[str], *sections: Section) -> dict[str, Output]:
    script = compose(sections, patience=0).script
    done = subprocess.run(shell, input=script.encode(), capture_output=True, timeout=600, check=True)
    assert done.stderr == b""
    answer = parse_answer(done.stdout)
    assert answer.complete
    return answer.outputs


def test_exit_status_and_both_streams_come_back(shell: list[str]) -> None:
    output = answers(shell, Section("both", "echo out; echo err >&2; exit 3"))["both"]
    assert output.data == b"out\nerr\n"
    assert output.exit_status == 3
    assert not output.truncated


def test_output_is_cut_at_its_limit_and_says_so(shell: list[str]) -> None:
    found = answers(shell, Section("endless", "yes", limit=5000), Section("after", "echo still here"))
    assert len(found["endless"].data) == 5000
    assert found["endless"].truncated
    assert found["after"].data == b"still here\n"


def test_a_section_that_never_ends_is_ended(shell: list[str]) -> None:
    began = time.monotonic()
    found = answers(shell, Section("stuck", "sleep 50", timeout=1), Section("after", "echo still here"))
    assert found["stuck"].timed_out
    assert found["after"].exit_status == 0
    assert time.monotonic() - began < 30


def test_bytes_come_back_as_they_are(shell: list[str]) -> None:
    output = answers(shell, Section("bytes", r"printf '\000\377\033[31m\r\n\n\n'"))["bytes"]
    assert output.data == b"\x00\xff\x1b[31m\r\n\n\n"


def test_a_missing_command_is_an_answer(shell: list[str]) -> None:
    assert answers(shell, Section("missing", "no-such-command-anywhere"))["missing"].exit_status == 127


def test_quotes_and_dollars_reach_the_section_unharmed(shell: list[str]) -> None:
    output = answers(shell, Section("quotes", """x="a'b"; echo "$x" '$x' "$(echo 'c"d')" """))["quotes"]
    assert output.data == b"a'b $x c\"d\n"


def test_first_sections_run_first_and_patience_is_known_to_them(shell: list[str]) -> None:
    found = answers(shell, Section("later", "echo x"), Section("early", 'echo "$patience"', first=True))
    assert list(found) == ["early", "later"]
    assert found["early"].data == b"0\n"


def test_half_a_script_runs_nothing(shell: list[str]) -> None:
    script = compose([Section("touch", "echo ran")]).script
    half = script[: script.rindex("probe\n")]
    done = subprocess.run(shell, input=half.encode(), capture_output=True, timeout=600, check=False)
    assert b"ran" not in done.stdout


def test_the_whole_probe_works_on_this_machine(shell: list[str]) -> None:
    """Half of what it asks for is missing here: it answers all the same."""
    sections = [section for fact in FACTS.values() for section in fact.sections]
    found = answers(shell, *sections)
    assert set(found) == {section.name for section in sections}
    assert found["system"].text.startswith("uname_s=Linux\n")


def test_two_sections_of_one_name_must_be_the_same() -> None:
    same = Section("one", "echo 1")
    assert compose([same, same]).sections == ("one",)
    with pytest.raises(ValueError, match="two different sections"):
        compose([same, Section("one", "echo 2")])


def test_nothing_to_ask_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        compose([])


def test_more_than_the_total_limit_is_refused() -> None:
    with pytest.raises(ValueError, match="more than"):
        compose([Section("huge", "true", limit=2**30)])


@pytest.mark.parametrize("name", ["", "UPPER", "two words", "a\nb", "-a", "a b"])
def test_names_that_could_break_the_frame_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="section name"):
        Section(name, "true")


def test_the_script_is_clean_in_the_eyes_of_shellcheck() -> None:
    if shutil.which("shellcheck") is None:
        pytest.fail("shellcheck is missing: apt-get install shellcheck")
    sections = [section for fact in FACTS.values() for section in fact.sections]
    # SC2016, SC1003: the sections are quoted on purpose; they are checked one by one below.
    done = subprocess.run(
        ["shellcheck", "-s", "sh", "-e", "SC2016,SC1003", "-"],
        input=compose(sections).script,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.stdout == ""
    for section in sections:
        # SC2154: patience comes from the frame; SC1090/SC1091: the vendor's library is on the node alone.
        done = subprocess.run(
            ["shellcheck", "-s", "sh", "-e", "SC2154,SC1090,SC1091,SC2030,SC2031", "-"],
            input=section.script,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        assert done.stdout == "", section.name
