# SPDX-License-Identifier: Apache-2.0
"""The program that speaks with one BMC: reads its order from stdin, prints JSON lines, and ends.

This is run as a plain file, and only this room is loaded: the package itself would bring in the whole suite, and take
0.3 s instead of 0.1 s.
"""

from __future__ import annotations

import json
import os
import sys
import types
from pathlib import Path
from typing import NoReturn

_package = types.ModuleType("kdumpcheck")
_package.__path__ = [str(Path(__file__).resolve().parents[1])]
sys.modules["kdumpcheck"] = _package

from kdumpcheck.ipmi.errand import Errand  # noqa: E402 - only now is there something to import from
from kdumpcheck.ipmi.listening import Listening  # noqa: E402 - as above
from kdumpcheck.ipmi.trouble import Trouble  # noqa: E402 - as above


def main() -> NoReturn:
    """Read the order, do it, and tell the parent what came of it."""
    # pyghmi prints to stdout now and then; what is said there is for the parent.
    voice = os.dup(sys.stdout.fileno())
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)

    def say(**said: object) -> None:
        line = json.dumps(said).encode() + b"\n"
        while line:
            line = line[os.write(voice, line) :]

    try:
        order = json.loads(sys.stdin.readline())
        what = Listening if order["action"] == "listen" else Errand
        what(order, say).run()
    except Trouble as trouble:
        say(error=trouble.kind, text=trouble.text)
    except Exception as error:  # noqa: BLE001 - a library without types, fed by a stranger; the text might hold anything
        say(error="protocol", text=type(error).__name__)
    # Without a word to the library's thread, which may be waiting for ever.
    os._exit(0)


if __name__ == "__main__":
    main()
