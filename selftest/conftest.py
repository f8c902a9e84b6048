# SPDX-License-Identifier: Apache-2.0
"""What all tests of the suite share: pytest's own tool for running pytest."""

from __future__ import annotations

# It must stand here: pytest takes plugins only from the first conftest files it reads.
pytest_plugins = ["pytester"]
