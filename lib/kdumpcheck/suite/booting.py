# SPDX-License-Identifier: Apache-2.0
"""The boot of an image in a run: the node it becomes, how that is reached, and what came of it."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

import pytest

from kdumpcheck.checks.judge import one_line
from kdumpcheck.evidence.evidence import BOOTED
from kdumpcheck.image import ImageError, name_of
from kdumpcheck.imageboot import Guest, made_ready, power_on, until_up
from kdumpcheck.lab.bmc import USER
from kdumpcheck.lab.errors import LabError
from kdumpcheck.paths import state_dir
from kdumpcheck.suite.bmc import BmcOptions

if TYPE_CHECKING:
    from kdumpcheck.suite.options import Options

#: What is kept of a console, in bytes: a boot says some hundred kilobytes, a looping one has no end.
_MOST_KEPT: Final = 16 << 20


class Booting:
    """One image of a run, booted here. Its keys and its BMC's password are of this run, and gone with it."""

    def __init__(self, guest: Guest) -> None:
        self.guest = guest
        self.inventory = guest.inventory()
        self.node = self.inventory.nodes[guest.name]
        #: Why there is no node to look at, "" when there is one.
        self.failure = "it was not booted"

    @classmethod
    def of(cls, options: Options) -> Self | None:
        """Make ready what --image-boot asks for, None without it. Raises `pytest.UsageError`."""
        shipped = options.image.shipped
        if shipped is None:
            return None
        try:
            name = f"{name_of(shipped.image)}{BOOTED}"
            return cls(made_ready(name, shipped, options.image.memory_mib, state_dir(os.environ, Path.home())))
        except (ImageError, LabError) as error:
            raise pytest.UsageError(str(error)) from None
        except OSError as error:
            raise pytest.UsageError(f"--image-boot: no directory for its node can be made ({error})") from None

    def adapted(self, options: Options) -> Options:
        """The options of a run on this node: what the operator said of other nodes and BMCs is not meant for it."""
        bmc = BmcOptions(user=USER, password_file=self.guest.state.bmc_password)
        return replace(
            options, ssh_config=None, identity_file=None, sudo=False, password=None, sudo_password=None, bmc=bmc
        )

    @property
    def state_dir(self) -> Path:
        """Where the run keeps what outlives it elsewhere: proofs of this node are nobody's after it."""
        return self.guest.state.root / "run"

    def boot(self, seconds: float, tell: Callable[[str], None], report_dir: Path | None) -> None:
        """Boot it and wait for it, at most so many seconds; afterwards `failure` says what came of it."""
        # Who stops a pipeline sends SIGTERM: the virtual machine must end then as it does by Ctrl-C.
        signal.signal(signal.SIGTERM, signal.default_int_handler)

        def told(line: str) -> None:
            tell(f"{self.guest.name}: {line}")

        try:
            self.guest = power_on(self.guest, os.environ, Path.home(), told)
            until_up(self.guest, seconds, told)
            self.failure = ""
        except (ImageError, LabError, OSError) as error:
            log = self._log(report_dir)
            spoke = self.guest.console.exists() and self.guest.console.stat().st_size > 0
            where = f" (its console: {log})" if log is not None and spoke else ""
            why = str(error).removeprefix(f"{self.guest.name}: ")
            self.failure = one_line(f"the image did not boot: {why}{where}", 500)
            told(self.failure)

    def close(self, report_dir: Path | None) -> str:
        """Keep its console beside the reports, and end it; what went wrong, or ""."""
        log = self._log(report_dir)
        with suppress(OSError):  # a console that is not kept takes no verdict away
            if log is not None and self.guest.console.exists():
                with self.guest.console.open("rb") as source, log.open("wb") as target:
                    target.write(source.read(_MOST_KEPT))
        try:
            self.guest.end()
        except (LabError, OSError) as error:
            return f"the booted image could not be ended: {error}"
        return ""

    def _log(self, report_dir: Path | None) -> Path | None:
        return report_dir / f"boot-{self.guest.name}.log" if report_dir is not None else None
