# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import os
import signal
import sys
import threading
from pathlib import Path

import pytest

from kdumpcheck.nodes import Node
from kdumpcheck.power import ACTIONS, Login, PowerError, Ways, is_this_machine, login_of
from kdumpcheck.power.address import Address
from kdumpcheck.power.command import CommandPower
from kdumpcheck.power.ipmi import IpmiPower
from kdumpcheck.power.login import without_secrets
from kdumpcheck.power.outcome import Action, Kind
from kdumpcheck.power.redfish import RedfishPower, Trust
from kdumpcheck.power.words import outcome_of
from kdumpcheck.power.worker import Report
from kdumpcheck.transport import Deadline, Secret, SecretError

CANARY = "kanarienvogel-7f3"
LOGIN = Login("root", Secret(lambda: CANARY))
NODE = Node("ncn-w001", bmc="10.1.1.1")


@pytest.mark.parametrize(
    ("text", "address", "shown"),
    [
        ("ncn-w001-mgmt", Address("ncn-w001-mgmt"), "ncn-w001-mgmt"),
        ("10.1.1.1:9623", Address("10.1.1.1", 9623), "10.1.1.1:9623"),
        ("[fd00::1]:9623", Address("fd00::1", 9623), "[fd00::1]:9623"),
        ("fd00::1", Address("fd00::1"), "fd00::1"),
        ("redfish://bmc:8443", Address("bmc", 8443, "redfish"), "bmc:8443"),
    ],
)
def test_an_address_is_taken_apart(text: str, address: Address, shown: str) -> None:
    assert Address.of(text) == address
    assert str(address) == shown
    assert Node("n", bmc=text).bmc_address == text


@pytest.mark.parametrize("text", ["", "bmc:0", "bmc:65536", "bmc:x", "a:b:c:q", "redfish://", "[]"])
def test_what_is_no_address_is_none(text: str) -> None:
    assert Address.of(text) is None


def test_the_way_is_the_operator_s_or_the_inventory_s_or_ipmi() -> None:
    assert Ways(LOGIN).to(NODE).where == "ipmi 10.1.1.1"
    assert Ways(LOGIN).to(Node("n", bmc="redfish://b")).where.startswith("redfish ")
    assert Ways(LOGIN, "ipmi").to(Node("n", bmc="redfish://b")).where == "ipmi b"
    assert "tool" in Ways(LOGIN, command="tool {action}").to(Node("n", bmc="command://b")).where
    with pytest.raises(PowerError, match="name it with --command"):
        Ways(LOGIN).to(Node("n", bmc="command://b"))
    assert Ways(LOGIN).to(Node("ncn-w001")).where == "ipmi ncn-w001-mgmt"


def test_the_password_comes_from_the_file_or_the_environment(tmp_path: Path) -> None:
    environ = {"USERNAME": "admin", "IPMI_PASSWORD": CANARY}
    login = login_of(environ, user=None, file=None, ask=False)
    assert (login.user, login.password.reveal()) == ("admin", CANARY)
    file = tmp_path / "password"
    file.write_text("other\n")
    file.chmod(0o600)
    login = login_of(environ, user="ops", file=file, ask=False)
    assert (login.user, login.password.reveal()) == ("ops", "other")
    assert login_of({}, user=None, file=file, ask=False).user == "root"
    with pytest.raises(SecretError, match="give one of them"):
        login_of(environ, user=None, file=file, ask=True)


def test_a_node_may_have_a_login_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("other\n")
    file.chmod(0o600)
    own = Node("ncn-m001", bmc_user="admin", bmc_password_file=str(file))
    told = [Ways(LOGIN).to(node).login for node in (own, Node("n", bmc_user="admin"), NODE)]
    assert [(login.user, login.password.reveal()) for login in told] == [
        ("admin", "other"),
        ("admin", CANARY),
        ("root", CANARY),
    ]


@pytest.mark.parametrize("mode", [0o604, 0o640, 0o644, 0o660])
def test_a_file_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "password"
    file.write_text(CANARY)
    file.chmod(mode)
    with pytest.raises(SecretError, match="chmod 600") as refused:
        login_of({}, user=None, file=file, ask=False).password.reveal()
    assert CANARY not in str(refused.value)


def test_no_repr_holds_the_password() -> None:
    LOGIN.password.reveal()
    for each in (LOGIN, Ways(LOGIN), Ways(LOGIN).to(NODE), RedfishPower("n", Address("b"), LOGIN)):
        assert CANARY not in repr(each)


def test_a_child_is_left_no_password() -> None:
    environ = {"PATH": "/bin", "IPMI_PASSWORD": CANARY, "USERNAME": "root", "OTHER_PASSWORD_FILE": "x"}
    assert without_secrets(environ) == {"PATH": "/bin"}


@pytest.mark.parametrize(
    ("node", "hostname", "same"),
    [
        ("ncn-m001", "ncn-m001", True),
        ("ncn-m001", "NCN-M001.local", True),
        ("ncn-m001.nmn", "ncn-m001", True),
        ("ncn-m001", "ncn-m001-pit", True),
        ("ncn-m001", "ncn-m0011", False),
        ("ncn-m002", "ncn-m001", False),
    ],
)
def test_the_machine_we_run_on_is_known_by_its_name(node: str, hostname: str, same: bool) -> None:
    assert is_this_machine(node, hostname) is same


@pytest.mark.parametrize(
    "line", ["", "x", "[]", "7", "null", '{"error": "no-such-kind"}', '{"sent": "yes"}', "[" * 5000, '{"error": []}']
)
def test_a_worker_s_strange_line_changes_nothing(line: str) -> None:
    report = Report()
    report.hear(line)
    assert report == Report()


def test_a_worker_s_words_are_taken_in_and_cleaned() -> None:
    report = Report()
    report.hear('{"sent": true}')
    report.hear(json.dumps({"error": "rejected", "text": "a\nb\x1b[31m" + "c" * 9999}))
    assert (report.sent, report.error) == (True, "rejected")
    assert report.text.startswith("a b\\x1b[31mc")
    assert len(report.text) <= 300


def failure(kind: Kind, sent: bool) -> PowerError:
    report = Report(sent=sent, error=kind, text="why")
    with pytest.raises(PowerError) as raised:
        outcome_of("ncn-w001", "reset", "ipmi bmc", "root", lambda: report)
    return raised.value


@pytest.mark.parametrize("kind", ["silent", "protocol", "locked", "refused", "resolve"])
def test_what_was_sent_and_not_confirmed_may_have_been_done(kind: Kind) -> None:
    assert failure(kind, sent=True).kind == "unconfirmed"
    assert failure(kind, sent=False).kind == kind


@pytest.mark.parametrize("kind", ["rejected", "unsupported", "auth"])
def test_what_the_bmc_itself_refused_was_not_done(kind: Kind) -> None:
    error = failure(kind, sent=True)
    assert error.kind == kind
    assert "why" in str(error)
    assert "\n" not in str(error)


def test_credentials_that_ipmi_cannot_carry_are_refused_before_anything_is_sent() -> None:
    for login in (Login("u" * 17, LOGIN.password), Login("root", Secret(lambda: "p" * 21))):
        with pytest.raises(PowerError, match="at most") as refused:
            IpmiPower("n", Address("bmc"), login).press("status", Deadline.after(5))
        assert refused.value.kind == "config"


@pytest.mark.parametrize("digest", ["AB:" * 31 + "AB", "sha256:" + "ab" * 32, "SHA256:" + "ab:" * 31 + "ab", "ab" * 32])
def test_a_fingerprint_is_read_as_people_write_it(digest: str) -> None:
    assert RedfishPower("n", Address("b"), LOGIN, Trust(certificate=digest))._certificate() == "ab" * 32


class Program:
    """A site's program, and what it was given."""

    def __init__(self, root: Path, body: str) -> None:
        self.path = root / "bmc tool"
        self.path.write_text(f"#!/bin/sh\n{body}\n")
        self.path.chmod(0o755)

    def press(self, action: Action, words: str = "{action} {node} {bmc}", seconds: float = 60) -> str:
        way = CommandPower("ncn-w001", Address("10.1.1.1", 9), LOGIN, f"'{self.path}' {words}")
        return way.press(action, Deadline.after(seconds)).line()


def test_a_program_is_run_without_a_shell_and_told_the_password_in_its_environment(tmp_path: Path) -> None:
    program = Program(tmp_path, f'echo "$USERNAME $IPMI_PASSWORD $*" >"{tmp_path}/told"')
    for action in ACTIONS[1:]:
        assert "the program bmc tool" in program.press(action, "{action} '{node};id' {bmc}")
        assert (tmp_path / "told").read_text() == f"root {CANARY} {action} ncn-w001;id 10.1.1.1:9\n"


@pytest.mark.parametrize(("said", "state"), [("Chassis Power is on", "on"), ("OFF", "off")])
def test_a_program_tells_the_state(tmp_path: Path, said: str, state: str) -> None:
    assert f"power is {state}" in Program(tmp_path, f"echo '{said}'").press("status")


@pytest.mark.parametrize("said", ["", "unknown", "on or off"])
def test_a_program_that_tells_no_state_is_not_believed(tmp_path: Path, said: str) -> None:
    with pytest.raises(PowerError, match="did not say whether"):
        Program(tmp_path, f"echo '{said}'").press("status")


def test_a_program_s_complaint_is_shown_without_the_password(tmp_path: Path) -> None:
    with pytest.raises(PowerError) as failed:
        Program(tmp_path, 'echo "no entry for $IPMI_PASSWORD" >&2; exit 3').press("reset")
    assert failed.value.kind == "rejected"
    assert "ended with status 3: no entry for ..." in str(failed.value)
    assert CANARY not in str(failed.value)


def test_a_program_that_does_not_end_is_stopped_and_may_have_done_it(tmp_path: Path) -> None:
    body = f'echo $$ >"{tmp_path}/pid"; sleep 1000 & wait'
    with pytest.raises(PowerError, match="may have been done") as stopped:
        Program(tmp_path, body).press("reset", seconds=3)
    assert stopped.value.kind == "unconfirmed"
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_a_program_that_floods_is_stopped(tmp_path: Path) -> None:
    with pytest.raises(PowerError):
        Program(tmp_path, "yes on").press("status")


@pytest.mark.parametrize("template", ["", "tool", "'tool {action}", "/no/such/program {action}"])
def test_a_template_that_cannot_be_run_is_a_mistake_of_usage(template: str) -> None:
    with pytest.raises(PowerError) as refused:
        CommandPower("n", Address("b"), LOGIN, template).press("reset", Deadline.after(5))
    assert refused.value.kind == "config"


def test_an_interrupted_program_may_have_done_it(tmp_path: Path) -> None:
    assert threading.current_thread() is threading.main_thread()
    program = Program(tmp_path, "kill -INT $PPID; sleep 1000")
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt, match="may have done it"):
            program.press("reset")
    finally:
        signal.signal(signal.SIGINT, before)
    assert sys.exc_info() == (None, None, None)
