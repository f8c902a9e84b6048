# SPDX-License-Identifier: Apache-2.0
"""The pure parts of running a command: streams with a limit, local processes, the line that makes root."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest

from kdumpcheck.transport import Completed, Connection, Deadline, Secret, TransportError, run_as_root
from kdumpcheck.transport.exchange import FLOOD, LIMIT, Feed, Stdin, Stream
from kdumpcheck.transport.process import Process


class Recorder(Connection):
    """A connection that runs its command in a local shell of our choice, and keeps it."""

    node = "ncn-w001"
    origin = "test://"

    def __init__(self, *shell: str) -> None:
        self.shell = shell or ("/bin/sh", "-c")
        self.commands: list[str] = []

    def run(self, command: str, *, stdin: bytes | Feed = b"", deadline: Deadline, limit: int = LIMIT) -> Completed:
        self.commands.append(command)
        assert isinstance(stdin, bytes)
        done = subprocess.run([*self.shell, command], input=stdin, capture_output=True, check=False)
        return Completed(done.returncode, done.stdout, done.stderr, truncated=False, seconds=0.1)

    def close(self) -> None:
        """Nothing is open."""


def test_a_stream_keeps_what_fits_and_counts_the_rest() -> None:
    stream = Stream(5)
    for data in (b"abc", b"", b"defg", b"h"):
        stream.add(data)
    assert (stream.data(), stream.dropped) == (b"abcde", 3)
    assert stream.data() == b"abcde"


def test_input_is_given_once() -> None:
    stdin = Stdin(b"all")
    assert [stdin(b"", b""), stdin(b"", b"")] == [b"all", None]


@pytest.mark.parametrize("shell", [("sh", "-c"), ("bash", "-c"), ("tcsh", "-c"), ("fish", "-c")])
def test_the_command_line_means_the_same_to_every_shell(shell: tuple[str, ...]) -> None:
    connection = Recorder(*shell)
    done = run_as_root(connection, b"echo $((6*7)); echo e >&2; exit 3", deadline=Deadline.after(5))
    assert (done.exit_status, done.stdout, done.stderr) == (3, b"42\n", b"e\n")


def test_the_command_line_holds_nothing_a_shell_could_misread() -> None:
    for password in (None, Secret(lambda: "hunter2")):
        connection = Recorder()
        with pytest.raises((TransportError, AssertionError)):
            # The recorder refuses a conversation; the line has been made by then.
            run_as_root(connection, b"", deadline=Deadline.after(5), limit=-1, password=password)
            raise AssertionError
        before, script, after = connection.commands[0].split("'")
        assert (before, after) == ("exec /bin/sh -c ", "")
        assert not set(script) & set("'!\\\n`")
        assert "hunter2" not in connection.commands[0]


def test_the_mark_differs_each_time() -> None:
    connection = Recorder()
    for _ in range(2):
        run_as_root(connection, b"true", deadline=Deadline.after(5))
    assert connection.commands[0] != connection.commands[1]


def test_a_local_process_is_fed_and_drained_at_once() -> None:
    process = Process("tee /dev/stderr; exit 9", b"x" * 3_000_000, 4_000_000)
    assert process.run(Deadline.after(120))
    done = process.completed()
    assert (done.exit_status, len(done.stdout), len(done.stderr), done.truncated) == (9, 3_000_000, 3_000_000, False)


def test_a_local_process_that_wants_no_input() -> None:
    process = Process("exec <&-; echo there", b"x" * 3_000_000, 1000)
    assert process.run(Deadline.after(120))
    assert (process.completed().exit_status, process.completed().stdout) == (0, b"there\n")


def test_a_local_process_is_ended_with_its_children(tmp_path: Path) -> None:
    start = time.monotonic()
    process = Process(f"sleep 600 & echo $! > {tmp_path}/pid; wait", b"", 1000)
    assert not process.run(Deadline.after(2))
    assert time.monotonic() - start < 60
    assert process.completed().exit_status is None
    status = Path("/proc", (tmp_path / "pid").read_text().strip(), "stat")
    while is_running(status):
        assert time.monotonic() - start < 60
        time.sleep(0.01)  # a killed child is gone when the kernel comes to it


def is_running(status: Path) -> bool:
    try:
        return status.read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:  # it is gone
        return False


def test_a_local_flood_is_cut_short() -> None:
    process = Process("cat /dev/zero", b"", 1000)
    assert process.run(Deadline.after(120))
    done = process.completed()
    assert (done.exit_status, len(done.stdout), done.truncated) == (None, 1000, True)
    assert process._dropped() < FLOOD * 2
