# SPDX-License-Identifier: Apache-2.0
"""A bundle for support: what is known of a dump in one file, the same bytes for the same dump, and no secrets."""

from __future__ import annotations

import gzip
import io
import json
import os
import re
import shutil
import subprocess
import tarfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from kdumpcheck.analysis import text
from kdumpcheck.analysis.document import document
from kdumpcheck.analysis.page import html
from kdumpcheck.analysis.report import Report

#: Words of a kernel command line or a log that may be secrets: the value is taken away.
_SECRET = re.compile(
    rb"(?i)([\w.-]*(?:passw(?:or)?d|passwd|secret|token|api[_-]?key|credential)[\w.-]*\s*[=:]\s*)(\"[^\"\n]*\"|\S+)"
)
#: The user and password in an address.
_LOGIN = re.compile(rb"(\w{2,10}://)[^\s/@]+@")


class CollectError(OSError):
    """A bundle cannot be written; the text is one line."""


def collect(report: Report, path: Path, *, vmcores: Sequence[Path] = ()) -> None:
    """Write FILE.tar.zst, FILE.tar.gz or FILE.tar, whole or not at all, for its owner alone. Raises `CollectError`.

    The vmcore, which is all of a node's memory with all secrets in it, goes along only when it is
    given, with all its parts.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    stem = path.name.partition(".tar")[0]
    try:
        with _packed(path.name, temporary) as stream, tarfile.open(fileobj=stream, mode="w|") as archive:
            for name, content in _files(report):
                archive.addfile(_entry(f"{stem}/{name}", len(content)), io.BytesIO(content))
            for vmcore in vmcores:
                with vmcore.open("rb") as source:
                    archive.addfile(_entry(f"{stem}/{vmcore.name}", os.fstat(source.fileno()).st_size), source)
        temporary.replace(path)
    except OSError as error:
        raise CollectError(error.args[0] if not error.strerror else f"{path}: {error.strerror}") from None
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def _packed(name: str, path: Path) -> Iterator[IO[bytes]]:
    """A stream into a new file that only its owner can read, packed as the name's end says."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        if name.endswith((".tar.gz", ".tgz")):
            with gzip.GzipFile(filename="", fileobj=file, mode="wb", mtime=0) as packer:
                yield cast("IO[bytes]", packer)  # typeshed: it is a BufferedIOBase, which is not IO
        elif name.endswith((".tar.zst", ".tzst")):
            program = shutil.which("zstd")
            if program is None:
                raise CollectError(f"{name}: the program zstd is not here: name a .tar.gz, or install zstd")
            process = subprocess.Popen([program, "-q", "-c", "-"], stdin=subprocess.PIPE, stdout=file)
            assert process.stdin is not None  # noqa: S101 - for mypy: it was asked for in the line above
            with process.stdin as stdin:
                yield stdin
            if process.wait() != 0:
                raise CollectError(f"{name}: zstd ended with {process.returncode}")
        elif name.endswith(".tar"):
            yield file
        else:
            raise CollectError(f"{name}: a bundle is a .tar.zst, a .tar.gz or a .tar")


def redacted(raw: bytes) -> bytes:
    """The same without what looks like a password, a token or a login in an address."""
    return _LOGIN.sub(rb"\1(removed)@", _SECRET.sub(rb"\1(removed)", raw))


def _files(report: Report) -> Iterator[tuple[str, bytes]]:
    """What goes along, by name."""
    yield "why.txt", redacted(text.page(report).encode())
    yield "why.html", redacted(html(report).encode())
    plain = json.dumps(document(report), indent=2, sort_keys=True)
    yield "why.json", redacted(plain.encode())
    if report.given.log:
        yield "dmesg.txt", redacted(report.given.log)
    if report.given.readme is not None:
        yield "README.txt", redacted(report.given.readme)
    if report.session is not None:
        for name, raw in report.session.sections.items():
            yield f"{report.session.program}/{name}.txt", redacted(raw)


def _entry(name: str, size: int) -> tarfile.TarInfo:
    """Neither owner nor time: the same dump gives the same bytes."""
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = size, 0o600
    return entry
