# SPDX-License-Identifier: Apache-2.0
"""Who we are for a BMC. The password is in a file, in the environment or in the operator's head, never in an argv."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kdumpcheck.nodes import Node
from kdumpcheck.transport.secret import Secret, SecretError

USER_VARIABLE = "USERNAME"
PASSWORD_VARIABLE = "IPMI_PASSWORD"  # noqa: S105 - a variable's name
DEFAULT_USER = "root"


@dataclass(frozen=True, slots=True)
class Login:
    """A user of a BMC, and a password that shows in no repr."""

    user: str
    password: Secret

    def at(self, node: Node) -> Login:
        """The same, but for what the inventory says of this node's BMC."""
        file = node.bmc_password_file
        password = self.password if file is None else Secret.from_file(Path(file).expanduser())
        return Login(node.bmc_user or self.user, password)


def login_of(environ: Mapping[str, str], *, user: str | None, file: Path | None, ask: bool) -> Login:
    """The user named, else $USERNAME, else root; and the password of the file, a prompt, or $IPMI_PASSWORD.

    Where none of the three is given, the operator is asked, when the password is first needed. Raises `SecretError`.
    """
    name = user or environ.get(USER_VARIABLE) or DEFAULT_USER
    if file is not None and ask:
        raise SecretError("--password-file and --ask-password: give one of them")
    if file is not None:
        return Login(name, Secret.from_file(file))
    exported = environ.get(PASSWORD_VARIABLE)
    if exported and not ask:
        return Login(name, Secret(lambda: exported))
    return Login(name, Secret.from_prompt(f"Password of {name} on the BMC: "))


def without_secrets(environ: Mapping[str, str]) -> dict[str, str]:
    """An environment for a child that is told no password, or is told it in another way."""
    return {name: value for name, value in environ.items() if "PASSWORD" not in name and name != USER_VARIABLE}
