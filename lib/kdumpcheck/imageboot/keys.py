# SPDX-License-Identifier: Apache-2.0
"""The keys by which a booted image is reached: made for one boot, and put into its upper layer."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kdumpcheck.imageboot import programs
from kdumpcheck.imageboot.plan import File
from kdumpcheck.lab.image import GUEST_ADDRESS

_CLIENT: Final = "client_key"
_HOST: Final = "host_key"
_NETWORK: Final = "ifcfg-eth0"


@dataclass(frozen=True, slots=True)
class Keys:
    """The private key that root accepts, and the node's public host key."""

    client_key: Path
    host_key: str


def make_keys(directory: Path) -> Keys:
    """Make both. Raises `ImageError`."""
    for name in (_CLIENT, _HOST):
        programs.run(directory, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "kdumpcheck", "-f", name)
    host = (directory / f"{_HOST}.pub").read_text(encoding="ascii").split()[:2]
    return Keys(directory / _CLIENT, " ".join(host))


def upper_files(directory: Path, *, wicked: bool) -> tuple[File, ...]:
    """What lies in the upper layer before the first boot: the keys, and the network's address where wicked asks for it.

    `directory` is where the keys were made.
    """
    files = [
        File("root/.ssh/authorized_keys", 0o600, f"{_CLIENT}.pub", frozenset({"root", "root/.ssh"})),
        File("etc/ssh/ssh_host_ed25519_key", 0o600, _HOST),
        File("etc/ssh/ssh_host_ed25519_key.pub", 0o644, f"{_HOST}.pub"),
    ]
    if wicked:  # ifcfg(5)
        text = f"STARTMODE=auto\nBOOTPROTO=static\nIPADDR={GUEST_ADDRESS}/24\n"
        (directory / _NETWORK).write_text(text, encoding="ascii")
        files.append(File(f"etc/sysconfig/network/{_NETWORK}", 0o644, _NETWORK))
    return tuple(files)
