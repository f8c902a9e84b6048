# SPDX-License-Identifier: Apache-2.0
"""The clients that are measured: kdumpcheck's whole validation, bare clients, testinfra, ansible-core, pyinfra."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from selftest.bench.environments import ROOT, own_checks, place
from selftest.bench.measure import Cost
from selftest.bench.nodes import Nodes

PEERS = Path(__file__).with_name("peers")
#: Checks that do not apply to the nodes of the benchmark: they have no dracut-lib.sh.
SKIPPED = 1
#: The last line of a probe that ran to its end.
_DONE = " done"


@dataclass(frozen=True, slots=True)
class Client:
    """One way to do the job. `most` is how many nodes it is measured with at most; `judge` says what went wrong."""

    name: str
    argv: Callable[[int], Sequence[str]]
    judge: Callable[[int, Cost], str]
    most: int = 200
    env: Mapping[str, str] = field(default_factory=dict)


class Clients:
    """All clients, for one set of nodes."""

    def __init__(self, nodes: Nodes, root: Path) -> None:
        """`root` is where scripts, lists and answers go."""
        self.nodes, self.root = nodes, root
        self.out = root / "out"
        self.script = root / "probe.sh"
        probe = subprocess.run([sys.executable, "-m", "kdumpcheck.cli", "probe"], check=True, capture_output=True)
        self.script.write_bytes(probe.stdout)
        self.checks = own_checks()

    def all(self) -> list[Client]:
        """Every client, ours first."""
        masters = {
            "ANSIBLE_SSH_ARGS": f"-F {self.nodes.ssh_config} -o ControlMaster=auto -o ControlPersist=60s",
            "ANSIBLE_SSH_CONTROL_PATH_DIR": str(self.nodes.control_path),
            "ANSIBLE_DEPRECATION_WARNINGS": "0",
        }
        return [
            Client("kdumpcheck", self._ours, self._judged),
            Client("asyncssh", self._asyncssh, self._answered),
            Client("openssh x32", lambda count: self._openssh(count, ""), self._answered),
            Client("openssh x32, curve25519", lambda count: self._openssh(count, _CURVE), self._answered),
            Client("pyinfra", self._pyinfra, self._told),
            Client("ansible raw", self._ansible_raw, self._told, env=masters),
            Client("ansible script", self._ansible_script, self._told_twice, most=50, env=masters),
            Client("testinfra ssh", lambda count: self._testinfra(count, "ssh"), self._passed, most=50),
            Client("testinfra paramiko", lambda count: self._testinfra(count, "paramiko"), self._passed, most=50),
        ]

    def forget(self) -> None:
        """Before a round: no answers, no connection left over from the last one."""
        for socket in self.nodes.control_path.iterdir():
            argv = ["ssh", "-F", "none", "-o", f"ControlPath={socket}", "-O", "exit", "none"]
            subprocess.run(argv, check=False, capture_output=True)
        self.out.mkdir(exist_ok=True)
        for file in self.out.iterdir():
            file.unlink()

    def _ours(self, count: int) -> Sequence[str]:
        argv = [str(place("kdumpcheck") / "pytest"), str(ROOT / "tests" / "validation"), "--rootdir", str(ROOT)]
        # pytest itself would read a word that begins with "@" as the name of a file of arguments.
        argv += ["--nodes=@all", "--inventory", str(self.nodes.inventory(count))]
        return [*argv, "--report-dir", str(self.out)]

    def _judged(self, count: int, cost: Cost) -> str:
        if cost.exit_code:
            return f"exit code {cost.exit_code}: {cost.output[-600:]}"
        counts = json.loads((self.out / "results.json").read_text())["run"]["counts"]
        written = all((self.out / name).stat().st_size for name in ("report.html", "junit.xml"))
        right = counts["pass"] == count * (self.checks - SKIPPED) and counts["skip"] == count * SKIPPED and written
        return "" if right else f"it found {counts}"

    def _openssh(self, count: int, options: str) -> Sequence[str]:
        one = f"exec ssh -F {self.nodes.ssh_config} {options} $1 /bin/sh -s <{self.script} >{self.out}/$1"
        return ["xargs", "-a", str(self._places(count)), "-P", "32", "-n", "1", "sh", "-c", one, "sh"]

    def _asyncssh(self, count: int) -> Sequence[str]:
        argv = [str(place("asyncssh") / "python"), str(PEERS / "asyncssh_probe.py"), "--at-once", "50"]
        files = {"key": self.nodes.key, "known-hosts": self.nodes.known_hosts, "script": self.script, "out": self.out}
        return [*argv, "--places", str(self._places(count)), *(f"--{name}={path}" for name, path in files.items())]

    def _answered(self, count: int, cost: Cost) -> str:
        whole = sum(path.read_text().rstrip().endswith(_DONE) for path in self.out.iterdir())
        return "" if whole == count and not cost.exit_code else f"{whole} of {count} answered: {cost.output[-300:]}"

    def _told(self, count: int, cost: Cost, times: int = 1) -> str:
        # Their output goes through JSON or prefixes: count words that only a whole answer has.
        told = cost.output.count("begin units") if cost.exit_code == 0 else 0
        right = told == count * times
        return "" if right else f"{told} of {count} answered, exit code {cost.exit_code}: {cost.output[-300:]}"

    def _told_twice(self, count: int, cost: Cost) -> str:
        return self._told(count, cost, times=2)  # ansible prints what a script said as text and as lines

    def _pyinfra(self, count: int) -> Sequence[str]:
        data = {"ssh_user": "root", "ssh_key": str(self.nodes.key), "ssh_config_file": str(self.nodes.ssh_config)}
        data["ssh_known_hosts_file"] = str(self.nodes.known_hosts)
        hosts = [(address, data) for address in self.nodes.places(count)]
        inventory = self._write(f"pyinfra_{count}.py", f"hosts = {hosts!r}\n")
        return [
            str(place("pyinfra") / "pyinfra"),
            "-y",
            "--parallel",
            "50",
            str(inventory),
            "exec",
            "--",
            self._packed(),
        ]

    def _ansible(self, count: int, module: str, argument: str) -> Sequence[str]:
        inventory = self._write(f"ansible-{count}", "\n".join(self.nodes.places(count)) + "\n")
        return [
            str(place("ansible") / "ansible"),
            "all",
            "-i",
            str(inventory),
            "-f",
            "32",
            "-m",
            module,
            "-a",
            argument,
        ]

    def _ansible_raw(self, count: int) -> Sequence[str]:
        return self._ansible(count, "raw", self._packed())

    def _ansible_script(self, count: int) -> Sequence[str]:
        return self._ansible(count, "script", str(self.script))

    def _packed(self) -> str:
        """The script as one word of a command line, for those that cannot give it on standard input."""
        return f"echo {base64.b64encode(self.script.read_bytes()).decode()} | base64 -d | /bin/sh -s"

    def _testinfra(self, count: int, backend: str) -> Sequence[str]:
        argv = [str(place("testinfra") / "python"), "-m", "pytest", "-q", "-p", "no:cacheprovider"]
        argv += ["--rootdir", str(PEERS), "--confcutdir", str(PEERS), str(PEERS / "stock_testinfra.py")]
        hosts = ",".join(f"{backend}://root@{address}" for address in self.nodes.places(count))
        return [*argv, "--hosts", hosts, "--ssh-config", str(self.nodes.ssh_config_shared)]

    def _passed(self, count: int, cost: Cost) -> str:
        # A check of several units or programs is several tests there, so that only what went wrong is counted.
        told = re.search(r"(\d+) passed, (\d+) skipped", cost.output)
        tests = [int(number) for number in told.groups()] if told else [0, 0]
        right = tests[0] >= count * (self.checks - SKIPPED) and tests[1] == count * SKIPPED and not cost.exit_code
        return "" if right else f"exit code {cost.exit_code}: {cost.output[-300:]}"

    def _places(self, count: int) -> Path:
        return self._write(f"places-{count}", "\n".join(self.nodes.places(count)) + "\n")

    def _write(self, name: str, text: str) -> Path:
        path = self.root / name
        path.write_text(text)
        return path


_CURVE = "-o KexAlgorithms=curve25519-sha256"
