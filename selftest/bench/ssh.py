# SPDX-License-Identifier: Apache-2.0
"""Measure kdumpcheck against other clients on the same nodes: `python -m selftest.bench.ssh`. Needs root.

Nothing fails for being slow: what counts are ratios of medians, and a machine has bad moments. A client that does
not do its work fails the run.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from selftest.bench import environments, measure
from selftest.bench.clients import Client, Clients
from selftest.bench.nodes import Count, Nodes
from selftest.net.sshd import require

_INSIDE = "KDUMPCHECK_BENCH_NAMESPACE"
OURS = "kdumpcheck"


@dataclass(frozen=True, slots=True)
class Row:
    """One client with one number of nodes: medians over rounds, and the range of its wall times."""

    client: str
    nodes: int
    wall: float
    fastest: float
    slowest: float
    cpu: float
    node_cpu: float
    logins: float
    execs: float
    rounds: int
    tree: float | None = None


def main(arguments: Sequence[str]) -> int:
    """Measure, print a table, and with --json keep the numbers."""
    chosen = _parser().parse_args(arguments)
    if os.environ.get(_INSIDE) != "yes":
        return _enter(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that no sshd is left behind
    with tempfile.TemporaryDirectory(prefix="kdumpcheck-bench-") as root:
        rows = _measure(chosen, Path(root))
    print(table(rows))
    if chosen.json:
        chosen.json.write_text(
            json.dumps([{name: getattr(row, name) for name in Row.__slots__} for row in rows], indent=1)
        )
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="selftest.bench.ssh", description="kdumpcheck and others on the same nodes.")
    parser.add_argument("--nodes", default="1,10,50,200", metavar="N,N", help="numbers of nodes")
    parser.add_argument("--rounds", type=int, default=3, help="rounds; every client runs once in each")
    parser.add_argument("--most", type=int, help="the most nodes for the slow clients (default: 50)")
    parser.add_argument("--only", default="", metavar="NAME,NAME", help="only clients whose names begin so")
    parser.add_argument("--memory", action="store_true", help="one more round that looks at memory")
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep the numbers")
    return parser


def _enter(arguments: Sequence[str]) -> int:
    """Start again in a network namespace of our own, where sshd may listen on every address."""
    require("unshare", "util-linux")
    require("ip", "iproute2")
    require("xargs", "findutils")
    if os.geteuid() != 0:
        print("selftest.bench.ssh: namespaces need root: run it with sudo", file=sys.stderr)
        return 1
    for name in environments.ASKED:  # while there is a network to fetch them from
        environments.place(name)
    inner = 'ip link set lo up && exec "$@"'
    argv = ["unshare", "--net", "sh", "-c", inner, "sh", sys.executable, "-m", "selftest.bench.ssh", *arguments]
    return subprocess.run(argv, check=False, env={**os.environ, _INSIDE: "yes"}).returncode


def _measure(chosen: argparse.Namespace, root: Path) -> list[Row]:
    sizes = [int(word) for word in chosen.nodes.split(",")]
    rows: list[Row] = []
    with Nodes(root, max(sizes)) as nodes:
        bench = Bench(nodes, Clients(nodes, root), root)
        for size in sizes:
            clients = [each for each in bench.clients.all() if size <= (chosen.most or each.most)]
            clients = [each for each in clients if each.name.startswith(tuple(chosen.only.split(",")))]
            rows += bench.rows(clients, size, chosen.rounds, memory=chosen.memory and size == max(sizes))
    return rows


class Bench:
    """Runs clients in turns, so that a bad moment of the machine hits all of them."""

    def __init__(self, nodes: Nodes, clients: Clients, root: Path) -> None:
        self.nodes, self.clients, self.root = nodes, clients, root

    def rows(self, clients: Sequence[Client], size: int, rounds: int, *, memory: bool) -> list[Row]:
        """One row a client."""
        runs: dict[str, list[tuple[measure.Cost, Count]]] = {client.name: [] for client in clients}
        for number in range(rounds):
            for client in clients:
                runs[client.name].append(self.once(client, size))
                cost = runs[client.name][-1][0]
                said = f"{client.name} {cost.wall:.2f} s (load {os.getloadavg()[0]:.1f})"
                print(f"  {size} nodes, round {number + 1}: {said}", flush=True)
        trees = {client.name: self.once(client, size, memory=True)[0].tree for client in clients if memory}
        return [_row(client.name, size, runs[client.name], trees.get(client.name)) for client in clients]

    def once(self, client: Client, size: int, *, memory: bool = False) -> tuple[measure.Cost, Count]:
        """One run of one client. Raises `RuntimeError` when it did not do its work."""
        self.clients.forget()
        home = self.root / "home"
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir()
        argv, before = client.argv(size), self.nodes.count()
        environment = measure.environment(home, **client.env)
        cost = measure.run(argv, env=environment, cwd=self.root, output=self.root / "said", memory=memory)
        if problem := client.judge(size, cost):
            raise RuntimeError(f"{client.name} with {size} nodes did not do its work: {problem}")
        self.clients.forget()
        return cost, self.nodes.count().since(before)


def _row(name: str, size: int, runs: Sequence[tuple[measure.Cost, Count]], tree: float | None) -> Row:
    walls = [cost.wall for cost, _ in runs]
    median = statistics.median
    return Row(
        client=name,
        nodes=size,
        wall=median(walls),
        fastest=min(walls),
        slowest=max(walls),
        cpu=median(cost.cpu for cost, _ in runs),
        node_cpu=median(count.cpu_seconds for _, count in runs),
        logins=median(count.logins for _, count in runs) / size,
        execs=median(count.execs for _, count in runs) / size,
        rounds=len(runs),
        tree=tree,
    )


def table(rows: Sequence[Row]) -> str:
    """The rows as a Markdown table; the last columns are wall times over ours: of medians, of fastest rounds."""
    ours = {row.nodes: row for row in rows if row.client == OURS}
    lines = [
        "| nodes | client | wall s (range) | client CPU s | nodes' CPU s | logins, execs | MiB | / ours | fastest |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        own = ours.get(row.nodes, row)
        ratios = f"{row.wall / own.wall:.2f} | {row.fastest / own.fastest:.2f}"
        memory = f"{row.tree:.0f}" if row.tree is not None else ""
        lines.append(
            f"| {row.nodes} | {row.client} | {row.wall:.2f} ({row.fastest:.2f}-{row.slowest:.2f}) | {row.cpu:.2f} "
            f"| {row.node_cpu:.2f} | {row.logins:.0f}, {row.execs:.0f} | {memory} | {ratios} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
