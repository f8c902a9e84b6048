# SPDX-License-Identifier: Apache-2.0
"""What all tests of the suite share: pytest's own tool for running pytest, and a Ctrl-C that works."""

from __future__ import annotations

import signal

# It must stand here: pytest takes plugins only from the first conftest files it reads.
pytest_plugins = ["pytester"]

# A shell starts what it puts into the background with SIGINT ignored, which every child inherits. Tests that interrupt
# a program would then wait for one that never hears it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
