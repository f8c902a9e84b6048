# SPDX-License-Identifier: Apache-2.0
"""Ember, an imaginary kdump: one unit, one initrd a kernel in /boot, and SUSE's words in /etc/sysconfig/kdump."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from kdumpcheck.facts import Kernels, Packages
from kdumpcheck.providers import Build, Limits
from kdumpcheck.providers.suse_legacy import SuseLegacy

PACKAGES = ("ember-kdump",)
LIMITS = Limits(advice={"service.enabled": "systemctl enable ember-load.service"})


@dataclass(frozen=True, slots=True)
class Ember(SuseLegacy):
    """The provider for Ember; what it does not say is as with SUSE's kdump before 1.9."""

    name: str = "ember"
    title: str = "Ember"
    units: tuple[str, ...] = ("ember-load.service",)
    capture_files: tuple[str, ...] = ("makedumpfile", "ember/save.sh")
    limits: Limits = LIMITS

    def virtual(self, packages: Packages) -> Literal[True] | str:
        """Fit a node that has the package; a node with SUSE's kdump as well would fit two providers, which is told."""
        return True if "ember-kdump" in packages.rpm else f"{self.name}: no RPM package ember-kdump"

    def initrd(self, kernel: str) -> str:
        """`/boot/ember-<uname -r>.img`."""
        return f"/boot/ember-{kernel}.img"

    def build(self, kernels: Kernels, files: Collection[str]) -> Build | str:
        """`ember-mkinitrd --output FILE KERNEL`; the one in use stays until the new one is proved."""
        image = next((path for path in self.kernel_images(kernels.running) if path in files), None)
        if image is None:
            return f"/boot holds no image of the running kernel {kernels.running}: reboot into an installed one"
        new = f"/boot/.ember-{kernels.running}.img.new"
        return Build(("ember-mkinitrd", "--output", new, kernels.running), image, new)


PROVIDER = Ember()
