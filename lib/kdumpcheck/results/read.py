# SPDX-License-Identifier: Apache-2.0
"""Reading a results.json again: bounded, checked, with one line for what cannot be used."""

from __future__ import annotations

import json
import stat
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn

from kdumpcheck.checks import Result
from kdumpcheck.checks.judge import one_line
from kdumpcheck.checks.result import in_the_image
from kdumpcheck.crash.proof import Proof
from kdumpcheck.nodes import InventoryError
from kdumpcheck.nodes.node import check_name
from kdumpcheck.results.decode import DecodeError, decode
from kdumpcheck.results.run import VERSION, CheckNote, NodeLook, OtherTest, PlannedStep, PluginNote, RemedyResult, Run

#: Bytes; 1,000 nodes with 40 checks make about 15 MB.
LARGEST = 256 * 1024 * 1024
_KEY = "kdumpcheck-results"


class ResultsError(ValueError):
    """A file of results that cannot be used; the text is one line for the operator."""


#: What an operator has something to do about.
_BAD = {"fail", "error", "warn"}


def read_results(path: Path) -> Run:
    """The run that a results.json, or the directory of a report, tells of. Raises `ResultsError`."""
    return parse_results(*_bytes(path))


def read_findings(path: Path) -> Run:
    """The same with nothing but what was not well: quick, however large the run was. Raises `ResultsError`."""
    data, where = _bytes(path)
    document = _document(data, where)
    results = document.get("results")
    if isinstance(results, list):
        document["results"] = [each for each in results if not isinstance(each, dict) or each.get("outcome") in _BAD]
    return run_of({**document, "remedies": [], "proofs": [], "tests": []}, where)


def _bytes(path: Path) -> tuple[bytes, str]:
    """What is in the file, and its name for messages."""
    try:
        file = path / "results.json" if path.is_dir() else path
        if not stat.S_ISREG(file.stat().st_mode):
            raise ResultsError(f"{shown(file)}: not a regular file; give a results.json, or the directory it is in")
        with file.open("rb") as stream:
            data = stream.read(LARGEST + 1)
    except OSError as error:
        raise ResultsError(f"{shown(path)}: no results can be read there ({error.strerror})") from None
    except ValueError as error:
        if isinstance(error, ResultsError):
            raise
        raise ResultsError(f"{shown(path)}: not a usable file name") from None
    if len(data) > LARGEST:
        raise ResultsError(f"{shown(file)}: larger than {LARGEST >> 20} MiB, too large for results")
    return data, shown(file)


def parse_results(data: bytes, where: str) -> Run:
    """The run that these bytes tell of; `where` is for messages only. Raises `ResultsError`."""
    return run_of(_document(data, where), where)


def _document(data: bytes, where: str) -> dict[str, Any]:
    try:
        document: object = json.loads(data, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        raise ResultsError(f"{where}:{error.lineno}: not JSON (cut off, or something else)") from None
    except (ValueError, RecursionError):
        raise ResultsError(f"{where}: not JSON that can be read") from None
    if not isinstance(document, dict) or _KEY not in document:
        raise ResultsError(f"{where}: not results of kdumpcheck; give the results.json of a run")
    if document[_KEY] != VERSION or document[_KEY] is True:
        version = one_line(str(document[_KEY]), 20)
        raise ResultsError(f"{where}: results of version {version}, and this kdumpcheck reads version {VERSION} only")
    return document


def run_of(document: dict[str, Any], where: str) -> Run:
    """The run that a document tells of, every word of it on one harmless line. Raises `ResultsError`."""
    try:
        return _run(document)
    except (DecodeError, InventoryError) as error:
        raise ResultsError(f"{where}: not as a run writes it: {error}") from None


def shown(path: Path) -> str:
    """A path on one harmless line."""
    return one_line(str(path))


def _refuse(word: str) -> NoReturn:
    raise ValueError(word)


def _run(document: dict[str, Any]) -> Run:
    head = document.get("run")
    if not isinstance(head, dict):
        raise DecodeError("run must be an object")
    run = Run(_time(head, "started"), one_line(str(head.get("kdumpcheck", ""))), one_line(str(head.get("mode", ""))))
    run.finished = _time(head, "finished") if head.get("finished") is not None else None
    status = head.get("exit_status")
    run.exit_status = status if type(status) is int else None
    run.interrupted = head.get("interrupted") is not False
    run.checks = {note.id: note for note in _records(CheckNote, document, "checks")}
    run.nodes = {node.name: node for node in _records(NodeLook, document, "nodes")}
    run.results = [_result(run, value, f"results[{n}]") for n, value in enumerate(_list(document, "results"))]
    run.plan = _records(PlannedStep, document, "plan")
    run.remedies = _records(RemedyResult, document, "remedies")
    run.proofs = _records(Proof, document, "proofs")
    # Files of the first release have neither tests nor plugins in them.
    run.tests = _records(OtherTest, document, "tests") if "tests" in document else []
    run.plugins = _records(PluginNote, document, "plugins") if "plugins" in document else []
    run.others_failed = sum(test.bad for test in run.tests)
    for name in {*run.nodes, *(result.node for result in run.results)}:
        check_name(name)
    return run


def _records(record: type[Any], document: dict[str, Any], key: str) -> list[Any]:
    return [decode(record, value, f"{key}[{number}]") for number, value in enumerate(_list(document, key))]


def _list(document: dict[str, Any], key: str) -> list[object]:
    found = document.get(key)
    if not isinstance(found, list):
        raise DecodeError(f"{key} must be a list")
    return found


def _result(run: Run, value: object, where: str) -> Result:
    """A result with what stands once for all nodes, under its check."""
    note = run.checks.get(str(value.get("check"))) if isinstance(value, dict) else None
    if note is None or not isinstance(value, dict):
        raise DecodeError(f"{where}.check is none of the checks of the same file")
    # One with an instruction of its own is of an image, or of a kdump that wants something else than the check says.
    own = value.get("instruction") or _instruction(note, value)
    return decode(Result, {**value, "title": note.title, "instruction": own, "source": note.source}, where)


def _instruction(note: CheckNote, value: dict[str, Any]) -> str:
    """The check's instruction; of an image that an older kdumpcheck wrote about, in the words for images."""
    # Only of an image a result has no remedy where its check has one.
    of_image = "instruction" not in value and note.remedy is not None and value.get("remedy") is None
    return in_the_image(note.instruction) if of_image else note.instruction


def _time(head: dict[str, Any], key: str) -> datetime:
    try:
        moment = datetime.fromisoformat(head[key])
    except (KeyError, TypeError, ValueError):
        raise DecodeError(f"run.{key} is not a time") from None
    if moment.tzinfo is None:
        raise DecodeError(f"run.{key} has no time zone")
    return moment
