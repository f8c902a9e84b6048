# SPDX-License-Identifier: Apache-2.0
"""What a new node is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kdumpcheck.lab import disks, image
from kdumpcheck.lab.image.node_image import SQUASHFS_LABEL, SQUASHFS_UUID
from kdumpcheck.lab.qemu import Boot, Hardware
from kdumpcheck.lab.record import ContainerBody, NodeRecord, VmBody
from kdumpcheck.lab.store import KDUMP_INITRD

if TYPE_CHECKING:
    from kdumpcheck.lab.addresses import Block
    from kdumpcheck.lab.image import NodeImage
    from kdumpcheck.lab.store import Store

_LIVE_DIR: Final = "LiveOS"


def hardware(accel: str) -> Hardware:
    """The VM the node image was made for."""
    return Hardware(
        machine=image.MACHINE,
        cpu=image.CPU,
        memory_mib=image.MEMORY_MIB,
        accel=accel,
        guest_address=image.GUEST_ADDRESS,
    )


def vm(name: str, index: int, block: Block, node_image: NodeImage, dialect: str, accel: str) -> NodeRecord:
    """A node that is a VM."""
    boot = Boot(
        kernel=str(node_image.kernel),
        initrd=str(node_image.initrd),
        squashfs_disk="" if node_image.root_disk else str(node_image.disk),
        disks=disks.ROOT if node_image.root_disk else disks.names(image.ROOTRAID_DISKS),
    )
    body = VmBody(hardware=hardware(accel), boot=boot)
    return _record(name, index, block, node_image, dialect, body)


def container(name: str, index: int, block: Block, node_image: NodeImage, store: Store) -> NodeRecord:
    """A node that is a container; these come in one dialect only."""
    body = ContainerBody(
        squashfs=str(node_image.squashfs),
        upper=f"{_LIVE_DIR}/overlay-{SQUASHFS_LABEL}-{SQUASHFS_UUID}",
        work=f"{_LIVE_DIR}/ovlwork",
        kernel_release=node_image.kernel_release,
        kdump_initrd=str(store.seed / KDUMP_INITRD),
    )
    return _record(name, index, block, node_image, image.DEFAULT_DIALECT, body)


def _record(
    name: str, index: int, block: Block, node_image: NodeImage, dialect: str, body: VmBody | ContainerBody
) -> NodeRecord:
    chosen = image.find_dialect(dialect)
    return NodeRecord(
        name=name,
        index=index,
        address=block.node(index),
        bmc=block.bmc(index),
        cmdline=node_image.cmdline(name, live_dir=_LIVE_DIR, crashkernel=chosen.crashkernel, extra=chosen.words),
        dialect=dialect,
        body=body,
    )
