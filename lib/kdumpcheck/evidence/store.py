# SPDX-License-Identifier: Apache-2.0
"""Keep evidence in a file, one per node, and read it back."""

from __future__ import annotations

import gzip
import json
import os
import zlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kdumpcheck.evidence.evidence import Evidence
from kdumpcheck.evidence.framing import FramingError, parse_answer
from kdumpcheck.nodes.node import InventoryError, check_name

VERSION = 1
SUFFIX = ".evidence.gz"
#: More than any probe may answer (probe.compose.TOTAL_LIMIT) and its header; a larger file is not ours.
_LIMIT = 48 * 1024 * 1024


class EvidenceError(ValueError):
    """A bundle or a file of evidence cannot be used; the text is one line for the operator."""


def save(directory: Path, evidence: Evidence, raw: bytes) -> Path:
    """Write one node's evidence as `<node>.evidence.gz`: a line of JSON, then the probe's raw answer.

    The file is readable by its owner alone and appears whole or not at all. Raises `OSError`.
    """
    header = {
        "kdumpcheck-evidence": VERSION,
        "node": evidence.node,
        "taken": evidence.taken.astimezone(UTC).isoformat(),
        "origin": evidence.origin,
        "failure": evidence.failure,
        "ended": evidence.ended,
        "attempts": list(evidence.attempts),
    }
    payload = gzip.compress(json.dumps(header).encode() + b"\n" + raw, compresslevel=6, mtime=0)
    path = directory / f"{evidence.node}{SUFFIX}"
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(payload)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return path


def load(path: Path) -> Evidence:
    """Read one file of evidence, or the plain answer of a probe that some other tool carried.

    A plain answer is named after its file (`ncn-w001.out` is ncn-w001's). Raises `EvidenceError`.
    """
    raw = _read(path)
    first, _, rest = raw.partition(b"\n")
    if first.startswith(b'{"kdumpcheck-evidence"'):
        return _from_header(path, _header(path, first), rest)
    name = _named(path, path.name.split(".")[0])
    return _answered(path, raw, Evidence(name, _mtime(path), f"file:{path.name}"))


def load_directory(directory: Path) -> dict[str, Evidence]:
    """Read all evidence in a directory, by node name. Raises `EvidenceError` when there is none."""
    try:
        paths = sorted(path for path in directory.iterdir() if _is_evidence(path))
    except OSError as error:
        raise EvidenceError(f"{directory}: {error.strerror}; --replay takes a directory --bundle wrote") from None
    if not paths:
        raise EvidenceError(f"{directory}: holds no evidence; --replay takes a directory --bundle wrote")
    bundle: dict[str, Evidence] = {}
    for path in paths:
        evidence = load(path)
        if evidence.node in bundle:
            raise EvidenceError(f"{path}: a second piece of evidence of {evidence.node}; keep one")
        bundle[evidence.node] = evidence
    return bundle


def _is_evidence(path: Path) -> bool:
    return not path.name.startswith(".") and path.is_file() and path.suffix in {".gz", ".out", ".txt"}


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            packed = file.read(_LIMIT + 1)
            if packed[:2] == b"\x1f\x8b":
                file.seek(0)
                with gzip.GzipFile(fileobj=file) as unpacked:
                    packed = unpacked.read(_LIMIT + 1)
    except (OSError, EOFError, zlib.error) as error:
        said = getattr(error, "strerror", None) or error
        raise EvidenceError(f"{path}: cannot be read as evidence: {said}") from None
    if len(packed) > _LIMIT:
        raise EvidenceError(f"{path}: holds more than {_LIMIT} bytes; no probe answers that much")
    return packed


def _header(path: Path, line: bytes) -> Mapping[str, Any]:
    try:
        header = json.loads(line)
    except (ValueError, RecursionError):
        raise EvidenceError(f"{path}: its first line is not readable") from None
    if not isinstance(header, dict) or header.get("kdumpcheck-evidence") != VERSION:
        version = header.get("kdumpcheck-evidence") if isinstance(header, dict) else None
        raise EvidenceError(f"{path}: evidence version {version!r}; this kdumpcheck reads version {VERSION}")
    return header


def _from_header(path: Path, header: Mapping[str, Any], rest: bytes) -> Evidence:
    node, origin, attempts = header.get("node"), header.get("origin"), header.get("attempts") or []
    if not isinstance(node, str) or not isinstance(origin, str) or not isinstance(attempts, list):
        raise EvidenceError(f"{path}: its first line does not name a node and where it was reached")
    try:
        taken = datetime.fromisoformat(str(header.get("taken"))).astimezone(UTC)
    except ValueError:
        raise EvidenceError(f"{path}: its first line does not say when it was taken") from None
    failure, ended = header.get("failure"), header.get("ended")
    kept = Evidence(
        _named(path, node),
        taken,
        origin,
        failure=None if failure is None else str(failure),
        ended=None if ended is None else str(ended),
        attempts=tuple(str(attempt) for attempt in attempts),
    )
    return kept if failure is not None else _answered(path, rest, kept)


def _named(path: Path, node: str) -> str:
    """The name, if a node can have it: it becomes part of file names, reports and terminal lines."""
    try:
        check_name(node)
    except InventoryError as error:
        raise EvidenceError(f"{path}: {error}") from None
    return node


def _answered(path: Path, raw: bytes, kept: Evidence) -> Evidence:
    """The evidence with the outputs that the raw answer holds."""
    try:
        answer = parse_answer(raw)
    except FramingError as error:
        raise EvidenceError(f"{path}: {error}") from None
    return replace(kept, digest=answer.digest, outputs=answer.outputs, complete=answer.complete)


def _mtime(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, tz=UTC)
