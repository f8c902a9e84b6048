# SPDX-License-Identifier: Apache-2.0
"""The ledger of proofs: with which kernel, image and configuration each node was last seen to save a dump."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from kdumpcheck.checks import Subject
from kdumpcheck.evidence import known
from kdumpcheck.facts import Boot, Packages, System
from kdumpcheck.paths import whole

VERSION = 1
#: Words of the command line that name the image a node runs.
_IMAGE = ("root", "rd.live.dir", "rd.live.squashimg")


class LedgerError(Exception):
    """The ledger cannot be read or written; the text is one line."""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What a proof holds for: another kernel, image or configuration of kdump has not been proved.

    `config` is a digest of kdump's settings, the crashkernel= words and the version of kdump.
    """

    kernel: str
    image: str
    config: str

    @classmethod
    def of(cls, subject: Subject) -> Self:
        """The fingerprint of a node by its evidence. Raises `CouldNotLook`."""
        system, boot = known(System.parse(subject.evidence)), known(Boot.parse(subject.evidence))
        saving, packages = known(subject.provider).saving, known(Packages.parse(subject.evidence))
        settings = known(saving.settings(subject.evidence))
        image = " ".join(f"{key}={boot.running.last(key)}" for key in _IMAGE if boot.running.last(key))
        versions = packages.rpm.get(saving.package) or packages.deb.get(saving.package, ())
        told = [sorted(settings.items()), boot.running.values("crashkernel"), versions]
        return cls(system.release, image, hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16])

    def differs(self, now: Fingerprint) -> str:
        """What has changed since, in words; "" for nothing."""
        changed = [
            f"the kernel was {self.kernel}, is {now.kernel}" if self.kernel != now.kernel else "",
            f"the image was {self.image}, is {now.image}" if self.image != now.image else "",
            "kdump's settings, its version or crashkernel= have changed" if self.config != now.config else "",
        ]
        return "; ".join(filter(None, changed))


@dataclass(frozen=True, slots=True)
class Proved:
    """One proof that a node saves its dump: when (UTC, ISO 8601), of what, and in how many seconds it was armed again.

    `seconds` is 0.0 where nobody watched it from its beginning.
    """

    node: str
    when: str
    fingerprint: Fingerprint
    seconds: float
    vmcore_bytes: int

    def line(self) -> str:
        """The proof in a line of a report."""
        date = self.when.replace("T", " ")[:16]
        took = f", in {self.seconds:.0f} s" if self.seconds else ""
        return f"proved on {date} UTC, kernel {self.fingerprint.kernel}{took}"

    @classmethod
    def of_json(cls, data: Mapping[str, Any]) -> Self:
        """One entry of the file. Raises `ValueError` for anything else."""
        try:
            return cls(**{**data, "fingerprint": Fingerprint(**data["fingerprint"])})
        except (KeyError, TypeError) as error:
            raise ValueError(f"no proof ({error})") from None


@dataclass(frozen=True, slots=True)
class Ledger:
    """The file that keeps the last proof of each node."""

    file: Path

    def read(self) -> dict[str, Proved]:
        """The last proof of each node, by name. Raises `LedgerError`."""
        try:
            document = json.loads(self.file.read_bytes())
            if document["kdumpcheck-proofs"] != VERSION:
                raise LedgerError(f"{self.file}: of a version that this kdumpcheck does not know")
            return {name: Proved.of_json(entry) for name, entry in document["proofs"].items()}
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise LedgerError(f"{self.file}: cannot be read ({error.strerror})") from None
        except (ValueError, KeyError, TypeError, AttributeError):
            raise LedgerError(f"{self.file}: no ledger of proofs; move it away to begin a new one") from None

    def write(self, proved: Proved) -> None:
        """Put a node's proof in the place of its earlier one. Raises `LedgerError`."""
        try:
            self.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # Two runs on two nodes may end in the same moment.
            lock = os.open(self.file.with_name(f".{self.file.name}.lock"), os.O_CREAT | os.O_RDWR, 0o600)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX)
                entries = {name: asdict(entry) for name, entry in {**self.read(), proved.node: proved}.items()}
                whole(self.file, [json.dumps({"kdumpcheck-proofs": VERSION, "proofs": entries}, indent=1), "\n"])
            finally:
                os.close(lock)
        except OSError as error:
            raise LedgerError(f"{self.file}: cannot be written ({error.strerror})") from None
