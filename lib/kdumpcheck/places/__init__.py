# SPDX-License-Identifier: Apache-2.0
"""Where dumps lie on a node, and how they are named there: one layout a file, each with the shell that finds it."""

from __future__ import annotations

from kdumpcheck.places import coredir, kdump_conf, rootraid
from kdumpcheck.places.place import Place

#: Every layout, in the order in which a node is asked; the first that is there is the node's own.
PLACES: tuple[Place, ...] = (coredir.PLACE, kdump_conf.PLACE, rootraid.PLACE)


def named(name: str) -> Place | None:
    """The layout in which a dump's directory has such a name; None where it is none of any."""
    return next((place for place in PLACES if place.names_a_dump(name)), None)


def find(*places: Place) -> str:
    """Functions of shell, of which `find_place` sets $layout, $point, $shown and $day; all "" where there is none.

    `look_in_parents ACTION` then calls ACTION with the directories that may hold dumps.
    """
    functions = "".join(place.shell for place in places)
    asked = "".join(
        f"    [ -n \"$point\" ] || {{ find_{place.name}; layout={place.name} day='{place.names}'; }}\n"
        for place in places
    )
    calls = "".join(f'        {place.name}) parents_{place.name} "$1" ;;\n' for place in places)
    return (
        f"{functions}"
        f"find_place() {{\n    point='' shown='' layout='' day=''\n{asked}"
        "    [ -n \"$point\" ] || layout='' day=''\n}\n"
        f"look_in_parents() {{\n    case $layout in\n{calls}    esac\n}}\n"
    )


__all__ = ["PLACES", "Place", "find", "named"]
