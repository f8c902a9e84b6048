# SPDX-License-Identifier: Apache-2.0
"""Users that exist for one sshd only: a private /etc/passwd, /home and sudoers in its mount namespace."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from selftest.net.sshd import require

FILES = ("passwd", "shadow", "group", "sudoers")


@dataclass(frozen=True)
class User:
    """A login: its shell, its password, and what sudoers says of it ("" for nothing)."""

    name: str
    shell: str = "/bin/dash"
    password: str = ""
    sudoers: str = ""


def world(root: Path, *users: User) -> str:
    """Write the files, and give the shell that puts them in place (`Sshd(prepare=...)`)."""
    assert os.geteuid() == 0, "users of our own need a mount namespace: run the tests as root"
    root.mkdir(parents=True, exist_ok=True)
    for user in users:
        require(user.shell, Path(user.shell).name)
    texts = {name: Path("/etc", name).read_text() for name in FILES[:3]}
    texts["sudoers"] = "Defaults env_reset, timestamp_timeout=0\nroot ALL=(ALL:ALL) ALL\n"
    for number, user in enumerate(users, 7001):
        texts["passwd"] += f"{user.name}:x:{number}:{number}::/home/{user.name}:{user.shell}\n"
        texts["shadow"] += f"{user.name}:{_hash(user.password)}:19000:0:99999:7:::\n"
        texts["group"] += f"{user.name}:x:{number}:\n"
        texts["sudoers"] += f"{user.name} {user.sudoers}\n" if user.sudoers else ""
    for name, text in texts.items():
        (root / name).write_text(text)
        (root / name).chmod(0o440 if name == "sudoers" else 0o644)
    homes = "\n".join(f"mkdir /home/{user.name}; chown {user.name}: /home/{user.name}" for user in users)
    mounts = "\n".join(f"mount --bind {root / name} /etc/{name}" for name in FILES)
    # The keys lie where a user that is not root can read them.
    return f"mount -t tmpfs tmpfs /home\n{mounts}\n{homes}\ncp {root}/../authorized_keys /home/authorized_keys"


OPTIONS = "AuthorizedKeysFile /home/authorized_keys\nPasswordAuthentication yes"


def _hash(password: str) -> str:
    if not password:
        return "*"
    argv = ["openssl", "passwd", "-6", "-stdin"]
    require(argv[0], "openssl")
    done = subprocess.run(argv, input=password, capture_output=True, text=True, check=True)
    return done.stdout.strip()
