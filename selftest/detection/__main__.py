# SPDX-License-Identifier: Apache-2.0
"""The detection bench: break nodes, ask the suite, crash them for real, and compare.

python -m selftest.detection                       the whole table, resumed where any machine left it
python -m selftest.detection --only initrd-stale   some of it
python -m selftest.detection --random 20 --seed 7  nodes drawn at random
python -m selftest.detection --sizes 122M,124M     healthy nodes with that much crash memory: how little is enough
python -m selftest.detection --report              no node: only the matrix of what was tried
python -m selftest.detection --cases               and take evidence and outcomes into the repository
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from selftest.detection import matrix
from selftest.detection.bench import Bench, Tell
from selftest.detection.cases import take_cases
from selftest.detection.cell import DIALECTS, Cell, sized, table
from selftest.detection.document import document
from selftest.detection.ledger import Entry, Ledger
from selftest.detection.modes import modes
from selftest.detection.record import Record
from selftest.detection.scenario import draw
from selftest.detection.tried import Tried
from selftest.lab.live import remove_orphans
from selftest.lab.operator import ROOT

from kdumpcheck.lab.deadline import Deadline

CASES: Final = ROOT / "selftest" / "cases"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the bench; 0 when verdict and reality agree in every cell."""
    args = _arguments(argv)
    tried = Tried(Ledger(args.directory), Record(CASES))
    cells = _cells(args)
    if not cells:
        print("no cell is chosen: see --only", file=sys.stderr)
        return 2
    if not args.report:
        _run(cells, tried, jobs=args.jobs, again=args.again)
    # First, so that what was just crashed is in the record, and all that follows is made from the same files.
    if args.cases:
        print(f"{len(take_cases(tried.ledger, cells, tried.record))} cases taken")
    entries = _entries(tried, cells)
    rows = matrix.rows(tried, entries)
    print(matrix.text(rows))
    if args.document and rows:
        everything = matrix.rows(tried, tried.all())
        args.document.write_text(document(everything, modes(CASES)), encoding="utf-8")
    return int(any(row.disagreements for row in rows) or len(entries) < len(cells))


def _cells(args: argparse.Namespace) -> list[Cell]:
    if args.sizes:
        return sized(args.dialects, args.sizes)
    return draw(args.random, args.seed, args.dialects) if args.random else table(args.dialects, args.only)


def _run(cells: Sequence[Cell], tried: Tried, *, jobs: int, again: bool) -> None:
    wanted = [cell for cell in cells if again or not _done(tried.read(cell))]
    tell = _teller(len(wanted))
    remove_orphans()
    bench = Bench(tried.ledger, tell)
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        futures = [pool.submit(bench.run, cell) for cell in wanted]
        try:
            for future in futures:
                future.result()
        except KeyboardInterrupt:
            Deadline.interrupted.set()  # every wait ends, and every lab is taken down by its own thread
            pool.shutdown(cancel_futures=True)
            raise


def _done(entry: Entry | None) -> bool:
    return entry is not None and entry.outcome is not None


def _entries(tried: Tried, cells: Sequence[Cell]) -> list[Entry]:
    return [entry for cell in cells if (entry := tried.read(cell)) is not None]


def _teller(number: int) -> Tell:
    start, done = time.monotonic(), iter(range(1, number + 1))

    def tell(line: str) -> None:
        print(f"[{time.monotonic() - start:6.0f} s] {next(done)}/{number} {line}", flush=True)

    return tell


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m selftest.detection", description=__doc__.partition("\n")[0])
    parser.add_argument("--directory", type=Path, default=ROOT / "build" / "detection", help="where results are kept")
    parser.add_argument("--only", type=_words, default=(), help="faults, or healthy; all by default")
    parser.add_argument("--dialects", type=_words, default=DIALECTS, help=f"default: {','.join(DIALECTS)}")
    parser.add_argument("--random", type=int, default=0, metavar="N", help="instead of the table, N drawn nodes")
    parser.add_argument("--seed", type=int, default=1, help="what they are drawn with")
    parser.add_argument(
        "--sizes", type=_words, default=(), help="instead of the table, healthy nodes with crashkernel=SIZE"
    )
    parser.add_argument("-j", "--jobs", type=int, default=2, help="cells at once")
    parser.add_argument("--again", action="store_true", help="try what has been tried already, too")
    parser.add_argument("--report", action="store_true", help="crash nothing, report what is there")
    parser.add_argument("--document", type=Path, nargs="?", const=ROOT / "docs" / "detection.md", help="write the note")
    parser.add_argument("--cases", action="store_true", help="take evidence and outcomes into the repository")
    return parser.parse_args(argv)


def _words(text: str) -> tuple[str, ...]:
    return tuple(word for word in text.split(",") if word)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        print("ended; what was tried is kept, and the next run goes on there", file=sys.stderr)
        sys.exit(130)
