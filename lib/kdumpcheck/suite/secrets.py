# SPDX-License-Identifier: Apache-2.0
"""Passwords for the nodes: from a prompt or a file that only its owner can read, never from the command line."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from pathlib import Path

import pytest

from kdumpcheck.paths import unreadable
from kdumpcheck.transport import Secret

#: Options that name a file by which nodes are logged in to, and what pytest's configuration calls each.
LOGIN_FILES = {
    "ssh_config": "ssh_config",
    "ssh_identity_file": "ssh_identity_file",
    "password_file": "kdumpcheck_password_file",
    "sudo_password_file": "kdumpcheck_sudo-password_file",
}


def add(group: pytest.OptionGroup) -> None:
    """Add the options that say where passwords come from."""
    for kind, what in (("", "the login"), ("sudo-", "sudo")):
        group.addoption(
            f"--ask-{kind}password",
            dest=f"kdumpcheck_ask_{kind}password",
            action="store_true",
            help=f"ask for the password that {what} needs, once for all nodes",
        )
        group.addoption(
            f"--{kind}password-file",
            dest=f"kdumpcheck_{kind}password_file",
            metavar="FILE",
            help=f"read the password that {what} needs from a file of mode 0600",
        )


def secret_of(config: pytest.Config, kind: str) -> Secret | None:
    """The password for the login (`kind` "") or for sudo ("sudo-"), or None when the operator names no source.

    Raises `pytest.UsageError` when both a prompt and a file are named.
    """
    asked, file = (
        config.getoption(f"kdumpcheck_ask_{kind}password"),
        config.getoption(f"kdumpcheck_{kind}password_file"),
    )
    if asked and file:
        raise pytest.UsageError(f"--ask-{kind}password and --{kind}password-file: give one of them")
    if file:
        return Secret.from_file(Path(file).expanduser())
    return Secret.from_prompt(f"Password for {'sudo' if kind else 'the login'} on the nodes: ") if asked else None


def passphrase_asker() -> Callable[[str], str | None] | None:
    """Asks for the passphrase of a locked key file, or None where there is no terminal to ask on."""
    try:
        with Path("/dev/tty").open():
            return getpass.getpass
    except OSError:
        return None


def missing(option: str, file: Path | None) -> str:
    """Why the file of an option by which nodes are logged in to cannot be read; "" where it can, or none was named.

    An error of each node would look as if it were the nodes' own.
    """
    if file is None or (option == "ssh_config" and str(file) == "none"):
        return ""
    path = file.expanduser()
    # The public half of a key is enough where ssh-agent holds it.
    public = path.with_name(f"{path.name}.pub") if option == "ssh_identity_file" and path.name else path
    no = unreadable(path) and unreadable(public)
    return f"--{option.replace('_', '-')} {file}: {no}" if no else ""
