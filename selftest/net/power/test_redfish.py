# SPDX-License-Identifier: Apache-2.0
"""`kdumpcheck power` over Redfish, against sushy-tools, and against a stand-in where that cannot serve."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from selftest.net.power.conftest import Operator
from selftest.net.power.ipmi_sim import ADDRESS, CANARY
from selftest.net.power.redfish_servers import Certificate, Emulator, StandIn, basic, free_tcp_port, stand_in, sushy


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return Certificate.make(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory, certificate: Certificate) -> Iterator[Emulator]:
    with sushy(tmp_path_factory.mktemp("sushy"), certificate) as emulator:
        yield emulator


def test_on_and_off_and_reset_are_really_done(power: Operator, emulator: Emulator, certificate: Certificate) -> None:
    bmc, trust = emulator.bmc, ("--ca", str(certificate.path))
    assert "power is off" in power(bmc, "status", *trust).out
    assert power(bmc, "on", *trust).status == 0  # the emulator takes up to 11 s
    assert "power is on" in power(bmc, "status", *trust).out
    assert power(bmc, "reset", "--yes", *trust).status == 0
    assert emulator.system() == ("Off", "ForceRestart")  # on again when it is next asked, if that is 1 to 11 s later
    done = power(bmc, "off", "--yes", *trust)
    assert (done.status, done.err) == (0, "")


def test_what_the_emulator_does_not_do_is_said(power: Operator, emulator: Emulator, certificate: Certificate) -> None:
    done = power(emulator.bmc, "cycle", "--yes", "--ca", str(certificate.path))
    assert (done.status, done.err.count("\n")) == (1, 1)
    assert "does not know this action (it offers " in done.err


def test_a_wrong_password_is_refused(power: Operator, emulator: Emulator, certificate: Certificate) -> None:
    done = power(emulator.bmc, "on", "--ca", str(certificate.path), password="wrong")
    assert (done.status, done.err.count("\n")) == (1, 1)
    assert "refused user root or the password (HTTP 401)" in done.err


def test_a_certificate_by_name_is_believed_alone(power: Operator, certificate: Certificate) -> None:
    like = StandIn()
    with stand_in(certificate, like) as bmc:
        assert power(bmc, "status", "--certificate", certificate.sha256).status == 0
        assert like.credentials == {basic("root", CANARY)}
        assert power(bmc, "status", "--certificate", "0" * 64).status == 1
        assert power(bmc, "status", "--certificate", "0").status == 4


def test_the_password_is_not_told_to_a_stranger(power: Operator, certificate: Certificate) -> None:
    like = StandIn()
    with stand_in(certificate, like) as bmc:
        done = power(bmc, "reset", "--yes")
    assert (done.status, done.err.count("\n")) == (1, 1)
    assert "its certificate cannot be trusted" in done.err
    assert certificate.sha256.replace(":", "") in done.err  # to compare, and to name
    assert like.credentials == set()
    assert like.pressed == []


@pytest.mark.parametrize(("action", "told"), [("nmi", "Nmi"), ("cycle", "PowerCycle"), ("reset", "ForceRestart")])
def test_each_press_is_sent_once(power: Operator, certificate: Certificate, action: str, told: str) -> None:
    like = StandIn()
    with stand_in(certificate, like) as bmc:
        assert power(bmc, action, "--yes", "--ca", str(certificate.path)).status == 0
    assert like.pressed == [told]


def test_on_is_not_sent_to_what_is_on(power: Operator, certificate: Certificate) -> None:
    like = StandIn()
    with stand_in(certificate, like) as bmc:
        assert power(bmc, "on", "--ca", str(certificate.path)).status == 0
    assert like.pressed == []


def test_a_reset_without_an_answer_is_not_sent_again(power: Operator, certificate: Certificate) -> None:
    like = StandIn(hangs=True)
    with stand_in(certificate, like) as bmc:
        done = power(bmc, "reset", "--yes", "--timeout", "10", "--ca", str(certificate.path))
    assert (done.status, done.err.count("\n")) == (1, 1)
    assert "it may have been done" in done.err
    assert like.pressed == ["ForceRestart"]


@pytest.mark.parametrize(
    ("like", "said", "pressed"),
    [
        (StandIn(status=400), "did not do it (HTTP 400: a reason)", 1),
        (StandIn(status=307), "did not do it (HTTP 307", 1),
        (StandIn(status=503), "it may have been done", 1),
        (StandIn(target="https://elsewhere.invalid/reset"), "offers no reset", 0),
    ],
)
def test_what_goes_wrong_is_said_in_one_line(
    power: Operator, certificate: Certificate, like: StandIn, said: str, pressed: int
) -> None:
    with stand_in(certificate, like) as bmc:
        done = power(bmc, "reset", "--yes", "--ca", str(certificate.path))
    assert (done.status, done.err.count("\n")) == (1, 1)
    assert said in done.err
    assert len(like.pressed) == pressed


def test_a_closed_port_and_a_missing_file_are_said(power: Operator, tmp_path: Path) -> None:
    bmc = f"redfish://{ADDRESS}:{free_tcp_port()}"
    assert "nothing listens at" in power(bmc, "status").err
    done = power(bmc, "status", "--ca", str(tmp_path / "none"))
    assert (done.status, done.err.count("\n")) == (4, 1)
