# SPDX-License-Identifier: Apache-2.0
"""The options of the crash proof."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import pytest

from kdumpcheck.crash.trigger import TRIGGERS, WORDS, Trigger

_LONGEST = 86400


@dataclass(frozen=True, slots=True)
class CrashOptions:
    """What the operator asked of the crash proof. `hung_after` is in seconds, None for what suits the node's memory."""

    crash: bool
    trigger: Trigger
    despite: frozenset[str]
    resume: bool
    keep_dump: bool
    no_console: bool
    hung_after: float | None

    @classmethod
    def of(cls, config: pytest.Config) -> Self:
        """Read them from pytest's configuration. Raises `pytest.UsageError` for what cannot be meant."""
        get = config.getoption
        options = cls(
            crash=get("kdumpcheck_crash"),
            trigger=get("kdumpcheck_crash_by"),
            despite=frozenset(word for given in get("kdumpcheck_despite") for word in given.split(",") if word),
            resume=get("kdumpcheck_resume"),
            keep_dump=get("kdumpcheck_keep_dump"),
            no_console=get("kdumpcheck_no_console"),
            hung_after=get("kdumpcheck_hung_after"),
        )
        options._refuse_contradictions(
            apply=get("kdumpcheck_apply"), replay=get("kdumpcheck_replay") is not None, reboot=get("kdumpcheck_reboot")
        )
        return options

    def _refuse_contradictions(self, *, apply: bool, replay: bool, reboot: bool) -> None:
        parts = {
            "--despite": bool(self.despite),
            "--resume": self.resume,
            "--keep-dump": self.keep_dump,
            "--no-console": self.no_console,
            "--hung-after": self.hung_after is not None and not reboot,
        }
        for name, given in parts.items():
            if given and not self.crash:
                raise pytest.UsageError(f"{name} is part of a crash proof: give --crash as well")
        if self.crash and replay:
            raise pytest.UsageError("--replay judges kept evidence; --crash needs the nodes themselves")
        if self.resume and not apply:
            raise pytest.UsageError("--resume goes on with a crash that was made: give --apply as well")
        if self.hung_after is not None and not 1 <= self.hung_after <= _LONGEST:
            raise pytest.UsageError(f"--hung-after {self.hung_after:g}: give it between 1 and {_LONGEST} seconds")


def add(group: pytest.OptionGroup) -> None:
    """Add the options to pytest's command line."""
    option = group.addoption
    option(
        "--crash",
        dest="kdumpcheck_crash",
        action="store_true",
        help="tests/recovery: also crash each node on purpose, with --apply, to prove that its dump is saved",
    )
    option(
        "--crash-by",
        dest="kdumpcheck_crash_by",
        choices=TRIGGERS,
        default=TRIGGERS[0],
        help="; ".join(f"{name}: {words}" for name, words in WORDS.items()) + f" (default: {TRIGGERS[0]})",
    )
    option(
        "--despite",
        dest="kdumpcheck_despite",
        metavar="ID",
        action="append",
        default=[],
        help="with --crash: crash the node although this check is red (several: --despite A --despite B, or A,B)",
    )
    option(
        "--resume",
        dest="kdumpcheck_resume",
        action="store_true",
        help="with --crash: go on with a crash whose end nobody saw; nothing is crashed anew",
    )
    option(
        "--keep-dump",
        dest="kdumpcheck_keep_dump",
        action="store_true",
        help="with --crash: leave the dump on the node; else exactly that dump is removed once it is proved",
    )
    option(
        "--no-console",
        dest="kdumpcheck_no_console",
        action="store_true",
        help="with --crash: watch no console; then only what comes back tells how the crash went",
    )
    option(
        "--hung-after",
        dest="kdumpcheck_hung_after",
        metavar="S",
        type=float,
        help="with --crash or --reboot: seconds without progress before a reset (default: 300, more for a large node)",
    )
