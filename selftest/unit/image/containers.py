# SPDX-License-Identifier: Apache-2.0
"""Container images made by hand: layers, an OCI image layout of them, and the archive that docker save writes."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import subprocess
import tarfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

LAYER = "application/vnd.oci.image.layer.v1.tar"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"


def zstd(data: bytes) -> bytes:
    return subprocess.run(["zstd", "-qc"], input=data, capture_output=True, check=True).stdout


PACKERS: dict[str, Callable[[bytes], bytes]] = {"": bytes, "+gzip": gzip.compress, "+zstd": zstd}


def layer(files: Mapping[str, str | None], links: Mapping[str, str] | None = None) -> bytes:
    """A tar of these files (None: a directory) and symbolic links, in this order."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.type = tarfile.DIRTYPE if text is None else tarfile.REGTYPE
            member.size = len((text or "").encode())
            tar.addfile(member, io.BytesIO((text or "").encode()))
        for name, target in (links or {}).items():
            member = tarfile.TarInfo(name)
            member.type, member.linkname = tarfile.SYMTYPE, target
            tar.addfile(member)
    return out.getvalue()


def whole(root: Path) -> bytes:
    """A directory as one layer."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for each in sorted(root.iterdir()):
            tar.add(each, each.name)
    return out.getvalue()


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def blob(layout: Path, data: bytes, kind: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Put a blob into a layout; its descriptor."""
    place = layout / "blobs/sha256" / digest(data)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(data)
    return {"mediaType": kind, "digest": f"sha256:{digest(data)}", "size": len(data), **more}


def document(value: object) -> bytes:
    return json.dumps(value).encode()


def manifest(layout: Path, layers: Sequence[bytes], packed: str = "+gzip", **more: Any) -> dict[str, Any]:  # noqa: ANN401
    """Put one image into a layout; its descriptor."""
    config = {"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers"}}
    config["rootfs"] = {"type": "layers", "diff_ids": [f"sha256:{digest(each)}" for each in layers]}
    made = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": blob(layout, document(config), "application/vnd.oci.image.config.v1+json"),
        "layers": [blob(layout, PACKERS[packed](each), LAYER + packed) for each in layers],
    }
    return blob(layout, document(made), MANIFEST, **more)


def layout(place: Path, *descriptors: Callable[[Path], dict[str, Any]]) -> Path:
    """An image layout with an index of these."""
    place.mkdir()
    (place / "oci-layout").write_bytes(document({"imageLayoutVersion": "1.0.0"}))
    index = {"schemaVersion": 2, "manifests": [each(place) for each in descriptors]}
    (place / "index.json").write_bytes(document(index))
    return place


def image(place: Path, layers: Sequence[bytes], packed: str = "+gzip") -> Path:
    """A layout with one image."""
    return layout(place, lambda where: manifest(where, layers, packed))


def archive(directory: Path, mode: str = "w") -> Path:
    """A layout as a file."""
    out = directory.with_name(f"{directory.name}.tar")
    with tarfile.open(out, mode) as tar:  # type: ignore[call-overload]  # the mode is a parameter
        for each in sorted(directory.iterdir()):
            tar.add(each, each.name)
    return out


def saved(place: Path, layers: Sequence[bytes], **changes: Any) -> Path:  # noqa: ANN401 - JSON
    """What docker save wrote before it wrote layouts: a directory a layer, the second of a kind as a link."""
    config = document({"rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest(each)}" for each in layers]}})
    names = [f"{digest(each + bytes([number]))}/layer.tar" for number, each in enumerate(layers)]
    note = {"Config": f"{digest(config)}.json", "RepoTags": ["node:1"], "Layers": names, **changes}
    members: dict[str, bytes] = {}
    with tarfile.open(place, "w") as tar:
        for name, data in zip(names, layers, strict=True):
            member = tarfile.TarInfo(name)
            same = next((known for known, content in members.items() if content == data), None)
            if same is not None:
                member.type, member.linkname = tarfile.SYMTYPE, f"../{same}"
                tar.addfile(member)
                continue
            members[name] = data
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
        for name, data in ((f"{digest(config)}.json", config), ("manifest.json", document([note]))):
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return place
