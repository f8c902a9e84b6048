# SPDX-License-Identifier: Apache-2.0
"""Becoming root in one exec: directly, through sudo, and what is said when it cannot be done."""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from selftest.net.faults import FOREVER, LATER, SOON
from selftest.net.sshd import Sshd, keygen, public, require
from selftest.net.world import OPTIONS, User, world

from kdumpcheck.transport import Completed, Connection, Deadline, Secret, SshSettings, Transport, TransportError
from kdumpcheck.transport.privilege import run_as_root

Make = Callable[[SshSettings], Transport]

SECRET = "Tr0ub4dor &3"
WRONG = "Tr0ubador &4"
FREE = "ALL=(ALL) NOPASSWD: ALL"
ASKED = "ALL=(ALL) ALL"
SHELLS = {"dash": "/bin/dash", "bash": "/bin/bash", "tcsh": "/usr/bin/tcsh", "fish": "/usr/bin/fish"}


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    """An sshd with users of every kind."""
    require("sudo", "sudo")
    users = [User(f"free-{name}", shell, sudoers=FREE) for name, shell in SHELLS.items()]
    users += [User("asked", password=SECRET, sudoers=ASKED), User("nobody-special", password=SECRET)]
    root = tmp_path_factory.mktemp("town")
    options = OPTIONS + "\nAllowStreamLocalForwarding no"
    with Sshd(root, options=options, prepare=world(root / "world", *users)) as server:
        yield server


@pytest.fixture
def login(town: Sshd, transport_of: Make) -> Callable[[str], Connection]:
    def connect(user: str) -> Connection:
        return transport_of(town.settings()).connect(town.node(user=user), Deadline.after(LATER))

    return connect


def root(connection: Connection, script: bytes, **options: Secret) -> Completed:
    return run_as_root(connection, script, deadline=Deadline.after(LATER), **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("user", ["root", *(f"free-{name}" for name in SHELLS)])
def test_root_whatever_the_login_shell(login: Callable[[str], Connection], user: str) -> None:
    script = b"id -u\nprintf '%s\\n' \"it's \\$HOME !\" >&2\nprintf '\\000\\377\\n'\nexit 3\n"
    done = root(login(user), script)
    assert (done.exit_status, done.stdout, done.stderr) == (3, b"0\n\x00\xff\n", b"it's $HOME !\n")


def test_it_is_one_exec_and_one_login(town: Sshd, login: Callable[[str], Connection]) -> None:
    before = town.log.read_text().count("Starting session: command")
    root(login("free-dash"), b"true")
    assert town.log.read_text().count("Starting session: command") - before == 1


def test_what_start_up_files_print_is_left_out(town: Sshd, login: Callable[[str], Connection]) -> None:
    connection = login("free-bash")
    connection.run("echo 'echo Welcome; echo warning >&2' > ~/.bashrc", deadline=Deadline.after(LATER))
    done = root(connection, b"echo only this")
    assert done.stdout == b"only this\n"


def test_sudo_that_wants_a_password(login: Callable[[str], Connection]) -> None:
    with pytest.raises(TransportError) as caught:
        root(login("asked"), b"id")
    assert caught.value.kind == "privilege"
    assert "a password is required" in str(caught.value)
    assert "NOPASSWD" in str(caught.value)


def test_sudo_gets_the_password_when_it_asks(login: Callable[[str], Connection]) -> None:
    done = root(login("asked"), b"id -u; cat", password=Secret(lambda: SECRET))
    assert (done.stdout, done.stderr) == (b"0\n", b"")


@pytest.mark.parametrize("user", ["root", "free-dash", "free-fish"])
def test_nobody_gets_the_password_unasked(login: Callable[[str], Connection], user: str) -> None:
    done = root(login(user), b"id -u", password=Secret(lambda: SECRET))
    assert (done.stdout, done.stderr) == (b"0\n", b"")


def test_a_node_whose_key_has_changed_gets_no_sudo_password(town: Sshd, tmp_path: Path, transport_of: Make) -> None:
    config, known = tmp_path / "config", tmp_path / "known_hosts"
    config.write_text("StrictHostKeyChecking no\n" + town.ssh_config.read_text())
    known.write_text(f"{town.known_as} {public(keygen(tmp_path / 'old'))}\n")
    settings = town.settings(ssh_config=config, known_hosts=known, sudo_password=Secret(lambda: SECRET))
    connection = transport_of(settings).connect(town.node(user="asked"), Deadline.after(LATER))
    with pytest.raises(TransportError, match="a password is required"):
        connection.run_as_root("id", deadline=Deadline.after(LATER))


def test_a_wrong_sudo_password_is_tried_once(town: Sshd, login: Callable[[str], Connection]) -> None:
    with pytest.raises(TransportError) as caught:
        root(login("asked"), b"id", password=Secret(lambda: WRONG))
    assert caught.value.kind == "privilege"
    assert "1 incorrect password attempt" in str(caught.value)
    shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    assert WRONG not in "".join(shown.format())


def test_the_password_is_in_no_command_line(login: Callable[[str], Connection], tmp_path: Path) -> None:
    # Root's script looks at every process there is, its own sudo among them.
    script = b"cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\\0' ' '"
    done = root(login("asked"), script, password=Secret(lambda: SECRET))
    assert b"sudo" in done.stdout
    assert SECRET.encode() not in done.stdout + done.stderr


def test_a_login_that_sudo_does_not_know(login: Callable[[str], Connection]) -> None:
    with pytest.raises(TransportError, match="sudo does not make") as caught:
        root(login("nobody-special"), b"id", password=Secret(lambda: SECRET))
    assert caught.value.kind == "privilege"
    assert "not in the sudoers file" in str(caught.value)


def test_without_sudo_only_root_is_root(login: Callable[[str], Connection]) -> None:
    with pytest.raises(TransportError, match="logged in as free-dash, who is not root") as caught:
        run_as_root(login("free-dash"), b"id", deadline=Deadline.after(LATER), sudo=False)
    assert caught.value.kind == "privilege"
    assert run_as_root(login("root"), b"id -u", deadline=Deadline.after(LATER), sudo=False).stdout == b"0\n"


def test_a_script_that_does_not_end_gives_what_it_said(login: Callable[[str], Connection]) -> None:
    with pytest.raises(TransportError) as caught:
        login("free-bash").run_as_root(f"echo begun; sleep {FOREVER}", deadline=Deadline.after(2 * SOON))
    assert caught.value.kind == "exec-timeout"
    assert caught.value.partial is not None
    assert caught.value.partial.stdout == b"begun\n"


def test_a_large_script_and_a_limit(login: Callable[[str], Connection]) -> None:
    script = b"# padding\n" * 60_000 + b"yes | head -c 100000\n"
    done = run_as_root(login("free-tcsh"), script, deadline=Deadline.after(LATER), limit=1000)
    assert (done.exit_status, len(done.stdout), done.truncated) == (0, 1000, True)


def test_the_settings_sudo_password_is_used(town: Sshd, transport_of: Make) -> None:
    transport = transport_of(town.settings(sudo_password=Secret(lambda: SECRET)))
    connection = transport.connect(town.node(user="asked"), Deadline.after(LATER))
    assert re.fullmatch(rb"0\n", connection.run_as_root("id -u", deadline=Deadline.after(LATER)).stdout)
