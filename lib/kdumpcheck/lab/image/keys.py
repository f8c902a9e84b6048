# SPDX-License-Identifier: Apache-2.0
"""SSH keys of an image: the node's host key and the one key root accepts."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

    from kdumpcheck.lab.image.tools import Runner

CLIENT_KEY: Final = "client_key"
"""File name of the private key root accepts."""


def install_keys(root: Path, directory: Path, runner: Runner) -> str:
    """Make both key pairs; returns the public host key. A baked-in host key spares every boot the making of one."""
    for leftover in (root / "etc/ssh").glob("ssh_host_*"):
        leftover.unlink()
    host = root / "etc/ssh/ssh_host_ed25519_key"
    client = directory / CLIENT_KEY
    _generate(host, "kdumpcheck lab node", runner)
    _generate(client, "kdumpcheck lab", runner)
    home = root / "root/.ssh"
    home.mkdir(mode=0o700, exist_ok=True)
    shutil.copyfile(client.with_suffix(".pub"), home / "authorized_keys")
    (home / "authorized_keys").chmod(0o600)
    return " ".join(host.with_suffix(".pub").read_text(encoding="utf-8").split()[:2])


def _generate(path: Path, comment: str, runner: Runner) -> None:
    runner.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", path])
