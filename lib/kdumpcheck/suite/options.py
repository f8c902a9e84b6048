# SPDX-License-Identifier: Apache-2.0
"""The command line of the suite, read once into one typed record."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from kdumpcheck.reporters.formats import FORMATS, USUAL, FormatError, of_a_run
from kdumpcheck.reporters.reporter import Gate, Reporter
from kdumpcheck.results.gate import Allowances
from kdumpcheck.suite import allowances, bmc, crash_options, image_options, secrets
from kdumpcheck.suite.bmc import BmcOptions
from kdumpcheck.suite.crash_options import CrashOptions
from kdumpcheck.suite.image_options import ImageOptions
from kdumpcheck.transport import Secret

#: Seconds; nobody waits longer than a day for one node.
LONGEST = 86400


@dataclass(frozen=True, slots=True)
class Options:
    """What the operator asked for. Times are in seconds; testinfra's own options keep their meaning."""

    nodes: str | None
    hosts: str | None
    inventory: Path | None
    deadline: float
    fanout: int | None
    bundle: Path | None
    replay: Path | None
    apply: bool
    yes: bool
    reboot: bool
    max_unavailable: int
    boot_deadline: float
    report_dir: Path | None
    gate: Gate
    allowances: Allowances | None
    formats: tuple[Reporter, ...]
    ssh_config: Path | None
    identity_file: Path | None
    sudo: bool
    password: Secret | None
    sudo_password: Secret | None
    bmc: BmcOptions
    crash: CrashOptions
    image: ImageOptions

    @property
    def chosen(self) -> bool:
        """True when the run was given nodes or images, so that it is a run of the suite at all."""
        named = self.nodes is not None or self.hosts is not None or self.replay is not None
        return named or bool(self.image.images)

    @property
    def strict_warnings(self) -> bool:
        """Whether a warning fails the run."""
        return self.gate.strict_warnings

    @classmethod
    def of(cls, config: pytest.Config) -> Options:
        """Read them from pytest's configuration. Raises `pytest.UsageError` for what cannot be meant."""
        get = config.getoption
        options = cls(
            nodes=get("kdumpcheck_nodes"),
            hosts=get("hosts"),
            inventory=_path(get("kdumpcheck_inventory") or get("ansible_inventory")),
            deadline=get("kdumpcheck_deadline"),
            fanout=get("kdumpcheck_fanout"),
            bundle=_path(get("kdumpcheck_bundle")),
            replay=_path(get("kdumpcheck_replay")),
            apply=get("kdumpcheck_apply"),
            yes=get("kdumpcheck_yes"),
            reboot=get("kdumpcheck_reboot"),
            max_unavailable=get("kdumpcheck_max_unavailable"),
            boot_deadline=get("kdumpcheck_boot_deadline"),
            report_dir=_path(get("kdumpcheck_report_dir")),
            gate=Gate(strict_warnings=get("kdumpcheck_strict_warnings"), blind_fails=get("kdumpcheck_blind_fails")),
            allowances=allowances.allowances_of(config),
            formats=_formats(get("kdumpcheck_format")),
            ssh_config=_path(get("ssh_config")),
            identity_file=_path(get("ssh_identity_file")),
            sudo=get("sudo"),
            password=secrets.secret_of(config, ""),
            sudo_password=secrets.secret_of(config, "sudo-"),
            bmc=BmcOptions.of(config),
            crash=CrashOptions.of(config),
            image=ImageOptions.of(config),
        )
        options._refuse_contradictions()
        # A run that is none of the suite's may have what testinfra means by these.
        for option, name in secrets.LOGIN_FILES.items() if options.chosen else ():
            if no := secrets.missing(option, _path(get(name))):
                raise pytest.UsageError(no)
        return options

    def _refuse_contradictions(self) -> None:
        if self.nodes is not None and self.hosts is not None:
            raise pytest.UsageError("--nodes and --hosts both name nodes: give one of them")
        if self.image.images:
            self._refuse_beside_images()
        if self.replay is not None and self.apply:
            raise pytest.UsageError("--replay judges kept evidence; --apply needs the nodes themselves")
        if self.replay is not None and self.bundle is not None:
            raise pytest.UsageError("--replay reads a bundle and --bundle writes one: give one of them")
        if not 1 <= self.deadline <= LONGEST:
            raise pytest.UsageError(f"--deadline {self.deadline:g}: give a node between 1 and {LONGEST} seconds")
        if self.fanout is not None and self.fanout < 1:
            raise pytest.UsageError(f"--fanout {self.fanout}: at least 1 node must be looked at at once")
        if self.max_unavailable < 1:
            raise pytest.UsageError(
                f"--max-unavailable {self.max_unavailable}: at least 1 node must be worked on at once"
            )
        if not 1 <= self.boot_deadline <= LONGEST:
            raise pytest.UsageError(
                f"--boot-deadline {self.boot_deadline:g}: give a boot between 1 and {LONGEST} seconds"
            )

    def _refuse_beside_images(self) -> None:
        if (self.nodes, self.hosts, self.replay) != (None, None, None):
            raise pytest.UsageError("--image judges images; --nodes, --hosts and --replay name nodes: give one of them")
        if self.image.shipped is None and (self.apply or self.reboot or self.crash.crash):
            raise pytest.UsageError("--image only reads; --apply, --reboot and --crash need a node that runs")
        if self.image.shipped is not None and (self.reboot or self.crash.resume or self.apply != self.crash.crash):
            raise pytest.UsageError("--image-boot repairs nothing: give --crash --apply together, or neither")


def wants_plugins(config: pytest.Config) -> bool:
    """Whether plugins have a say: in a run of the suite, and where an option may name one."""
    options = ("nodes", "replay", "image", "plugin_dir", "format", "power_via")
    return bool(config.getoption("hosts") or any(config.getoption(f"kdumpcheck_{name}") for name in options))


def add(parser: pytest.Parser) -> None:
    """Add the suite's options to pytest's command line."""
    group = parser.getgroup("kdumpcheck", "kdumpcheck: will these nodes save a dump?")
    option = group.addoption
    option(
        "--nodes",
        dest="kdumpcheck_nodes",
        metavar="SET",
        # pytest takes a word that begins with @ for a file of arguments, before any plugin is asked.
        help="nodes to look at: 'ncn-m001,ncn-w[001-003]'; a group of the inventory as --nodes=@worker",
    )
    option(
        "--inventory",
        dest="kdumpcheck_inventory",
        metavar="FILE",
        help="where nodes are described: own YAML, Ansible inventory, SLS dump or hosts file",
    )
    option(
        "--deadline",
        dest="kdumpcheck_deadline",
        metavar="S",
        type=float,
        default=120.0,
        help="seconds that looking at one node may take (default: 120)",
    )
    option(
        "--fanout",
        dest="kdumpcheck_fanout",
        metavar="N",
        type=int,
        help="nodes looked at at once (default: up to 50; 10 where a ProxyCommand dials a bastion for each node)",
    )
    option(
        "--plugin-dir",
        dest="kdumpcheck_plugin_dir",
        metavar="DIR",
        action="append",
        default=[],
        help="more plugins: DIR/providers/*.py and so on (kdumpcheck plugins lists them; may be given several times)",
    )
    option("--bundle", dest="kdumpcheck_bundle", metavar="DIR", help="keep the evidence of each node in this directory")
    option("--replay", dest="kdumpcheck_replay", metavar="DIR", help="judge kept evidence; no node is touched")
    option(
        "--apply",
        dest="kdumpcheck_apply",
        action="store_true",
        help="tests/recovery: do what is planned (asked for once on a terminal); without it nothing is changed",
    )
    option("--yes", dest="kdumpcheck_yes", action="store_true", help="with --apply: do not ask before doing it")
    option(
        "--reboot",
        dest="kdumpcheck_reboot",
        action="store_true",
        help="tests/recovery: also what takes a node away: reboot it where only that mends it, reset it when it hangs",
    )
    option(
        "--max-unavailable",
        dest="kdumpcheck_max_unavailable",
        metavar="N",
        type=int,
        default=1,
        help="nodes worked on at once with --apply, never two of one role (default: 1)",
    )
    option(
        "--boot-deadline",
        dest="kdumpcheck_boot_deadline",
        metavar="S",
        type=float,
        default=1800.0,
        help="seconds that a node may take to come back from a boot (default: 1800)",
    )
    option(
        "--report-dir",
        dest="kdumpcheck_report_dir",
        metavar="DIR",
        help="where the reports go (default: reports/<UTC time>, with reports/latest pointing at it)",
    )
    option(
        "--strict-warnings",
        dest="kdumpcheck_strict_warnings",
        action="store_true",
        help="a warning fails the run",
    )
    option(
        "--blind-fails",
        dest="kdumpcheck_blind_fails",
        action="store_true",
        help="could-not-look is a failure in the reports, not an error, for gates that look for failures alone",
    )
    option(
        "--format",
        dest="kdumpcheck_format",
        metavar="X,Y",
        default="",
        help=f"write the report in more formats: {', '.join(name for name in FORMATS if name not in USUAL)}, or a "
        "plugin's",
    )
    allowances.add(group)
    secrets.add(group)
    bmc.add(group)
    crash_options.add(group)
    image_options.add(group)


def _formats(words: str) -> tuple[Reporter, ...]:
    try:
        return of_a_run(words, os.environ)
    except FormatError as error:
        raise pytest.UsageError(f"--format: {error}") from None


def _path(value: str | None) -> Path | None:
    return Path(value).expanduser() if value else None
