# SPDX-License-Identifier: Apache-2.0
"""All benchmarks, and the machine they ran on: `make bench`, or `python -m selftest.bench`."""

from __future__ import annotations

import argparse
import platform
import subprocess
import sys
from pathlib import Path

from selftest.bench import environments, replay, ssh

_PACKAGES = {"asyncssh": "asyncssh", "ansible": "ansible-core", "pyinfra": "pyinfra", "testinfra": "pytest-testinfra"}


def main() -> int:
    """Describe the machine, measure judging, then the clients."""
    parser = argparse.ArgumentParser(prog="selftest.bench", description=__doc__)
    parser.add_argument("--nodes", default="1,10,50,200", metavar="N,N", help="numbers of nodes for the clients")
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    print(machine(), flush=True)
    judged = replay.main(["--rounds", str(chosen.rounds)])
    return judged or ssh.main(["--nodes", chosen.nodes, "--rounds", str(chosen.rounds), "--memory"])


def machine() -> str:
    """What was measured with: processor, memory, versions; nothing that names this machine."""
    info = Path("/proc/cpuinfo").read_text().splitlines()
    models = [line.partition(":")[2].strip() for line in info if line.startswith("model name")]
    memory = int(Path("/proc/meminfo").read_text().split()[1]) / 2**20
    openssh = subprocess.run(["ssh", "-V"], check=True, capture_output=True, text=True).stderr.split(",")[0]
    ours = ", ".join(
        f"{name} {environments.version('kdumpcheck', name)}" for name in ("pytest", "paramiko", "pytest-html")
    )
    peers = ", ".join(f"{package} {environments.version(name, package)}" for name, package in _PACKAGES.items())
    return (
        f"{len(models)} x {models[0] if models else platform.machine()}, {memory:.0f} GiB; Linux {platform.release()}, "
        f"Python {platform.python_version()}, {openssh}; {ours}; {peers}"
    )


if __name__ == "__main__":
    sys.exit(main())
