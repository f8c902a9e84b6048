# SPDX-License-Identifier: Apache-2.0
"""The BMCs in a run: who we are for them, and which way to a node's power and console."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from kdumpcheck.power import WAYS, Trust, Ways, login_of
from kdumpcheck.power.console_choose import FORMS
from kdumpcheck.power.login import DEFAULT_USER, PASSWORD_VARIABLE, USER_VARIABLE
from kdumpcheck.power.redfish import USUAL_TRUST
from kdumpcheck.transport import Secret


@dataclass(frozen=True, slots=True)
class BmcOptions:
    """What the operator said of the BMCs; the inventory's word on a single node's login comes before it."""

    user: str | None = None
    password_file: Path | None = None
    ask_password: bool = False
    way: str | None = None
    command: str | None = None
    console: str | None = None
    trust: Trust = USUAL_TRUST

    @classmethod
    def of(cls, config: pytest.Config) -> BmcOptions:
        """Read them from pytest's configuration. Raises `pytest.UsageError` for what cannot be meant."""
        get = config.getoption
        file, ca = get("kdumpcheck_bmc_password_file"), get("kdumpcheck_bmc_ca")
        command, way = get("kdumpcheck_power_command"), get("kdumpcheck_power_via")
        options = cls(
            user=get("kdumpcheck_bmc_user"),
            password_file=Path(file).expanduser() if file else None,
            ask_password=get("kdumpcheck_ask_bmc_password"),
            way=way or ("command" if command else None),
            command=command,
            console=get("kdumpcheck_console"),
            trust=Trust(Path(ca).expanduser() if ca else None, get("kdumpcheck_bmc_certificate")),
        )
        if options.password_file is not None and options.ask_password:
            raise pytest.UsageError("--bmc-password-file and --ask-bmc-password: give one of them")
        if options.way is not None and options.way not in WAYS:
            raise pytest.UsageError(f"--power-via: no way is called {options.way[:60]!a} (there are {', '.join(WAYS)})")
        return options

    def ways(self, exported: Secret | None) -> Ways:
        """The ways to all BMCs, with the password that was exported; no other is read or asked for before it is needed.

        Raises `SecretError`.
        """
        environ = {**os.environ, **({PASSWORD_VARIABLE: exported.reveal()} if exported else {})}
        login = login_of(environ, user=self.user, file=self.password_file, ask=self.ask_password)
        return Ways(login, self.way, self.command, self.trust, self.console)


def taken_password() -> Secret | None:
    """The password that the operator has exported, taken out of the environment: no child of a run is to inherit it."""
    password = os.environ.pop(PASSWORD_VARIABLE, None)
    return Secret(lambda: password) if password else None


def add(group: pytest.OptionGroup) -> None:
    """Add the options about BMCs."""
    option = group.addoption
    option(
        "--bmc-user",
        dest="kdumpcheck_bmc_user",
        metavar="NAME",
        help=f"user of the BMCs (default: ${USER_VARIABLE}, else {DEFAULT_USER}; the inventory may name a node's own)",
    )
    option(
        "--bmc-password-file",
        dest="kdumpcheck_bmc_password_file",
        metavar="FILE",
        help=f"read the BMCs' password from a file of mode 0600 (default: ${PASSWORD_VARIABLE}, else you are asked)",
    )
    option(
        "--ask-bmc-password",
        dest="kdumpcheck_ask_bmc_password",
        action="store_true",
        help="ask for the BMCs' password, when one is first needed",
    )
    option(
        "--power-via",
        dest="kdumpcheck_power_via",
        metavar="WAY",
        help="how a node's power is pressed: ipmi, redfish, command or a plugin's (default: as the inventory says, or "
        "ipmi)",
    )
    option(
        "--power-command",
        dest="kdumpcheck_power_command",
        metavar="WORDS",
        help="your own program that presses it, as 'bmc-tool {bmc} {action}' (see kdumpcheck power --help)",
    )
    option(
        "--bmc-ca", dest="kdumpcheck_bmc_ca", metavar="FILE", help="redfish: the authority of the BMCs' certificates"
    )
    option(
        "--bmc-certificate",
        dest="kdumpcheck_bmc_certificate",
        metavar="SHA256",
        help="redfish: the certificate itself",
    )
    option(
        "--console",
        dest="kdumpcheck_console",
        metavar="WAY",
        help=f"how a node's console is listened to: {FORMS} (default: as the inventory says, or sol)",
    )
