# SPDX-License-Identifier: Apache-2.0
"""A subject: one node's evidence, and the facts read out of it when a check asks."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

from kdumpcheck.checks.check import PROVIDER
from kdumpcheck.checks.excuse import excuse
from kdumpcheck.checks.result import Result
from kdumpcheck.evidence import Evidence, Unknown, known
from kdumpcheck.facts import FACTS, System
from kdumpcheck.providers import Provider, select


class Subject:
    """One node as the checks see it. Each fact is parsed once, however many checks ask for it."""

    def __init__(
        self,
        evidence: Evidence,
        select_provider: Callable[[Evidence], Provider | Unknown] = select,
        *,
        of_image: bool = False,
    ) -> None:
        """`of_image`: this node is only there to judge the image that it booted."""
        self.evidence = evidence
        #: Whether what is wrong must be mended in an image, and not here.
        self.of_image = of_image or not evidence.booted
        self.node = evidence.node
        self._select = select_provider
        #: What each check said of this subject, by check id; kept by the judge.
        self.results: dict[str, Result] = {}
        self._facts: dict[str, object] = {}

    def fact(self, name: str) -> object:
        """The fact called `name`, or the provider for "kdump". Raises `CouldNotLook` when it cannot be told."""
        return known(self._told(name))

    def _told(self, name: str) -> object:
        if name not in self._facts:
            self._facts[name] = self.provider if name == PROVIDER else FACTS[name].parse(self.evidence)
        return self._facts[name]

    @cached_property
    def provider(self) -> Provider | Unknown:
        """The kdump implementation on the node, or why none could be told."""
        return self._select(self.evidence)

    @cached_property
    def excuse(self) -> str:
        """Why no check applies to this machine ("" when they do): it is no metal NCN."""
        system = self._told("system")
        return excuse(system) if isinstance(system, System) else ""

    @cached_property
    def obstacle(self) -> Unknown | None:
        """Why nothing at all can be judged on this node, or None: not reached, not Linux, no kdump known here."""
        if self.evidence.failure is not None:
            return Unknown(self.evidence.failure)
        system = self._told("system")
        if isinstance(system, System) and system.sysname != "Linux":
            return Unknown(f"this node runs {system.sysname}, not Linux; take it out of the node set")
        # An image that lacks kdump is no riddle: image.packages says what it lacks.
        return self.provider if isinstance(self.provider, Unknown) and self.evidence.booted else None
