# SPDX-License-Identifier: Apache-2.0
"""An error in somebody else's code, in one line: a plugin's author is told where."""

from __future__ import annotations

import traceback
from collections.abc import Sequence

_LONGEST = 400


def said(error: BaseException, file: str = "") -> str:
    """File, line and words of an error, by preference the line of that file; else the last that has one."""
    words = " ".join(f"{type(error).__name__}: {error}".split())[:_LONGEST]
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}:{error.lineno}: {words}"
    frames: Sequence[traceback.FrameSummary] = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if frame.filename == file] or [frame for frame in frames if frame.lineno]
    return f"{own[-1].filename}:{own[-1].lineno}: {words}" if own else f"{file}: {words}"
