# SPDX-License-Identifier: Apache-2.0
"""One cell from a fresh node to its outcome."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from selftest.detection.cell import Cell
from selftest.detection.crash import crash, record
from selftest.detection.disk import DiskError, root_disk, rootraid
from selftest.detection.harvest import harvest
from selftest.detection.ledger import Entry, Ledger
from selftest.detection.outcome import Outcome
from selftest.lab.live import new_lab
from selftest.lab.operator import BIN, ROOT

from kdumpcheck.evidence import load
from kdumpcheck.lab import console
from kdumpcheck.lab.deadline import Deadline
from kdumpcheck.lab.errors import LabError
from kdumpcheck.lab.image import find_dialect
from kdumpcheck.lab.injection import Injector
from kdumpcheck.lab.lab import Lab
from kdumpcheck.lab.readiness import shut_down
from kdumpcheck.lab.record import VmBody
from kdumpcheck.lab.ssh import speaks
from kdumpcheck.paths import cache_dir

NODE: Final = "ncn-w001"
# A node that is emulated beside others may wait a minute for its kdump.service, and takes another to answer.
_NODE_SECONDS: Final = 300
_LOOK_SECONDS: Final = 400
# A first boot below another rd.live.dir builds its kdump initrd.
_BOOT_SECONDS: Final = 900.0
_BOOTED: Final = "systemctl is-system-running --wait >/dev/null || :\n"

Tell = Callable[[str], None]


class Bench:
    """Tries cells, each on a lab of its own that is gone afterwards."""

    def __init__(self, ledger: Ledger, tell: Tell) -> None:
        self._ledger = ledger
        self._tell = tell
        self._numbers = itertools.count()

    def run(self, cell: Cell) -> Entry:
        """Try a cell and keep what came of it; an error of the bench or of the lab is kept as such."""
        steps = Steps()
        outcome, error = None, ""
        try:
            outcome = self._try(cell, steps)
        except (LabError, DiskError, OSError, subprocess.SubprocessError) as failure:
            error = f"{type(failure).__name__}: {failure}"
        when = datetime.now(UTC).isoformat(timespec="seconds")
        entry = Entry(cell=cell, outcome=outcome, error=error, when=when, seconds=steps.seconds)
        self._ledger.write(entry)
        self._tell(f"{cell.id}: {outcome.left if outcome else error}, {sum(steps.seconds.values()):.0f} s")
        return entry

    def _try(self, cell: Cell, steps: Steps) -> Outcome:
        live = new_lab(f"detection{next(self._numbers)}")
        lab = Lab(live.state.root, cache_dir(os.environ, Path.home()), live.environ, lambda _line: None)
        try:
            with steps("up"):
                _bring_up(lab, cell)
            with steps("break"):
                for fault in cell.faults:
                    Injector(lab, lambda _line: None).break_node(NODE, fault)
            with steps("look"):
                self._look(live.environ, cell)
            with steps("crash"):
                crashed = record(lab, NODE)
                story, ended = crash(lab, NODE, crashed, boot=cell.boots_after)
            with steps("harvest"), _workplace(lab) as work, _disk(lab, cell, work) as root:
                return harvest(root, crashed, story, ended)
        finally:
            self._keep_console(lab, cell)
            live.remove()

    def _look(self, environ: dict[str, str], cell: Cell) -> None:
        """Keep the evidence of the node as the operator's own suite gathers it."""
        with tempfile.TemporaryDirectory() as work:
            bundle = Path(work, "bundle")
            argv = [str(BIN / "pytest"), "tests/validation", "-q", "-p", "no:cacheprovider", "--nodes", NODE]
            argv += ["--bundle", str(bundle), "--report-dir", str(Path(work, "reports"))]
            argv += ["--deadline", str(_NODE_SECONDS)]
            done = subprocess.run(
                argv, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=_LOOK_SECONDS, check=False
            )
            kept = bundle / f"{NODE}.evidence.gz"
            if not kept.exists():
                raise LabError(f"the suite kept no evidence: {(done.stdout + done.stderr)[-500:]}")
            evidence = load(kept)
            if not evidence.complete:
                raise LabError(f"the look ended early: {evidence.failure or evidence.ended}")
            shutil.copyfile(kept, self._ledger.evidence(cell))

    def _keep_console(self, lab: Lab, cell: Cell) -> None:
        log = lab.state.node(NODE) / console.LOG
        if log.exists():
            shutil.copyfile(log, self._ledger.file(cell, ".console.log"))


def _disk(lab: Lab, cell: Cell, work: Path) -> AbstractContextManager[Path]:
    """What a crash left, as the node's next boot would find it, mounted."""
    place = lab.state.node(NODE)
    if find_dialect(cell.dialect).plain:
        return root_disk(place / "root.qcow2", work)
    return rootraid(place / "rootraid0.qcow2", work)  # the first member is what a resync is read from


@contextmanager
def _workplace(lab: Lab) -> Iterator[Path]:
    """A directory in the lab: what a killed bench leaves mounted there goes with the lab, by the next one's hand."""
    with tempfile.TemporaryDirectory(dir=lab.state.root) as work:
        yield Path(work)


class Steps:
    """How long each step of a cell takes."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        """Measure one step."""
        start = time.monotonic()
        try:
            yield
        finally:
            self.seconds[name] = round(time.monotonic() - start, 1)


def _bring_up(lab: Lab, cell: Cell) -> None:
    errors = lab.up([NODE], dialect=cell.dialect)
    if errors:
        raise LabError(errors[0])
    if cell.shape.words:
        _reshape(lab, cell)


def _reshape(lab: Lab, cell: Cell) -> None:
    """Boot the node as another machine."""
    machine = lab.machine(NODE)
    shut_down(lab.ssh, machine)
    node = machine.record
    body = node.body
    if cell.shape.memory_mib and isinstance(body, VmBody):
        body = replace(body, hardware=replace(body.hardware, memory_mib=cell.shape.memory_mib))
    replace(node, cmdline=cell.shape.edit(node.cmdline), body=body).save(lab.state.node(NODE))
    machine = lab.machine(NODE)
    machine.power_on()
    # Not every shape can load a capture kernel, and saying so is the checks' part.
    Deadline(_BOOT_SECONDS, f"{NODE}: SSH answers").poll(lambda: speaks(node.address), every=0.5)
    lab.ssh.run(NODE, _BOOTED, seconds=_BOOT_SECONDS, what="waiting for its services")
