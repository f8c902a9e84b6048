# SPDX-License-Identifier: Apache-2.0
"""How long the static image gate takes, and how much memory: `python -m selftest.bench.image [MB ...]`.

Each image is a small whole root (selftest/unit/image/made.py) with files of random bytes beside it, 5,000 modules and
100,000 small files, so that the SquashFS is as large as asked for and has as many entries as a real one.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from selftest.unit.image import made

ROOT = Path(__file__).parents[2]
_MODULES, _FILES = 5_000, 100_000


def build(directory: Path, megabytes: int) -> Path:
    """An image whose SquashFS file is about so many MB large."""
    root = made.root(directory / f"image-{megabytes}")
    for number in range(_MODULES):
        place = root / f"usr/lib/modules/{made.KVER}/kernel/d{number % 100}"
        place.mkdir(parents=True, exist_ok=True)
        (place / f"m{number}.ko.xz").write_bytes(b"m")
    for number in range(_FILES):
        place = root / f"usr/share/d{number % 1000}"
        place.mkdir(parents=True, exist_ok=True)
        (place / f"f{number}").touch()
    (root / "opt").mkdir()
    for number in range(megabytes // 50):
        (root / f"opt/{number}").write_bytes(os.urandom(50_000_000))
    image = root.with_suffix(".squashfs")
    # Random bytes are as large packed; not to try saves minutes.
    argv = ["mksquashfs", str(root), str(image), "-noD", "-noF", "-quiet", "-no-progress"]
    subprocess.run(argv, check=True, capture_output=True)
    return image


def measure(image: Path, reports: Path) -> tuple[float, float, int]:
    """Wall and processor seconds of one whole run of the gate, and the peak in MB of its largest process."""
    argv = [sys.executable, "-m", "pytest", "-q", "tests/validation", "--image", str(image), "--cmdline", made.CMDLINE]
    began = time.monotonic()
    process = subprocess.Popen([*argv, "--report-dir", str(reports)], cwd=ROOT, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"the gate did not pass {image.name}: its images are whole, so this is our mistake")
    # wait4 tells of the child and of all that it waited for itself, such as unsquashfs.
    return time.monotonic() - began, used.ru_utime + used.ru_stime, used.ru_maxrss // 1000


def main() -> int:
    """Measure images of the sizes given."""
    print("| SquashFS | entries | wall | processor | peak memory |\n|---|---|---|---|---|")
    for megabytes in map(int, sys.argv[1:] or ("200", "1000")):
        with tempfile.TemporaryDirectory() as directory:
            image = build(Path(directory), megabytes)
            seconds, busy, peak = measure(image, Path(directory) / "reports")
            size = image.stat().st_size // 1_000_000
            print(f"| {size} MB | {_MODULES + _FILES:,} | {seconds:.1f} s | {busy:.1f} s | {peak} MB |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
