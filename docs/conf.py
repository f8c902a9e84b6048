# SPDX-License-Identifier: Apache-2.0
"""How the pages are made: `make docs`. A link or an anchor that leads nowhere fails, and so does a page no list has."""

from importlib.metadata import version

project = "kdumpcheck"
release = version = version("kdumpcheck")
extensions = ["myst_parser"]
exclude_patterns = ["_build"]
source_suffix = {".md": "markdown"}
myst_heading_anchors = 4  # as GitHub makes them, for the pages are read there, too
html_theme = "alabaster"
html_show_sourcelink = False
