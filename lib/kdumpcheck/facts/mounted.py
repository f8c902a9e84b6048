# SPDX-License-Identifier: Apache-2.0
"""A few lines of shell that find where dumps lie, for the sections that look there. The layouts are in `places`."""

from __future__ import annotations

from kdumpcheck.places import PLACES, find
from kdumpcheck.places.coredir import COREDIR
from kdumpcheck.places.rootraid import FIND_ROOTRAID

#: `find_place` and `look_in_parents`, for whichever kdump is on the node.
FIND_PLACE = find(*PLACES)

__all__ = ["COREDIR", "FIND_PLACE", "FIND_ROOTRAID"]
