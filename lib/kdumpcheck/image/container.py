# SPDX-License-Identifier: Apache-2.0
"""A container image: an OCI image layout, as a directory or packed, or the archive that `docker save` writes.

What its index and its manifest say is not believed: each blob must have the size and the digest it is named by, a name
never leads out of the image, and an image that is not one root is refused in one line.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kdumpcheck.checks.judge import one_line
from kdumpcheck.image.blobs import Blobs, fetched, shown, text
from kdumpcheck.image.errors import ImageError
from kdumpcheck.image.layers import LayerError, Layers
from kdumpcheck.image.tree import Tree

#: Bytes of an index, a manifest or a configuration; layers of an image (Docker stops at 127); indexes within indexes.
_LARGEST = 4 << 20
_MOST_LAYERS = 512
_DEEPEST = 3
#: https://github.com/opencontainers/image-spec/blob/v1.1.0/media-types.md, and Docker's names of the same.
_INDEXES = frozenset(
    ("application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json")
)
_MANIFESTS = frozenset(
    ("application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json")
)
_LAYER = re.compile(
    r"application/vnd\.oci\.image\.layer\.(?:nondistributable\.)?v1\.tar(?:\+gzip|\+zstd)?"
    r"|application/vnd\.docker\.image\.rootfs\.(?:diff|foreign\.diff)\.tar(?:\.gzip|\.zstd)?"
)
_SHA256 = re.compile(r"sha256:([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class _Descriptor:
    """What names a blob: its kind, its digest (SHA-256, hexadecimal), its size in bytes, and what people call it."""

    kind: str
    sha256: str
    size: int
    called: str

    @property
    def path(self) -> str:
        """Where an image layout has it."""
        return f"blobs/sha256/{self.sha256}"


def open_container(blobs: Blobs, private: Path) -> Tree:
    """Lay the layers of the one image that is in there. Raises `ImageError`."""
    layers = Layers(private)
    if blobs.has("oci-layout"):
        _lay_oci(blobs, layers)
    elif blobs.has("manifest.json"):
        _lay_saved(blobs, layers)
    else:
        raise ImageError("neither oci-layout nor manifest.json is in it: it is no whole container image")
    return layers.tree


def _lay_oci(blobs: Blobs, layers: Layers) -> None:
    version = _object(_json(blobs, "oci-layout"), "oci-layout").get("imageLayoutVersion")
    if not isinstance(version, str) or not version.startswith("1."):
        raise ImageError(f"an image layout of version {shown(version)}; this kdumpcheck reads version 1")
    found = {each.sha256: each for each in _manifests(blobs, _object(_json(blobs, "index.json"), "index.json"))}
    manifest = _only(list(found.values()), [each.called for each in found.values()])
    document = _named(blobs, manifest)
    described = [_descriptor(each) for each in _list(document, "layers")]
    _bound(described)
    for number, each in enumerate(described, 1):
        where = f"layer {number} of {len(described)}"
        if not _LAYER.fullmatch(each.kind):
            raise ImageError(f"{where} is {shown(each.kind)}, which is no layer that can be read")
        with fetched(blobs, each.path, layers.private, each.sha256, each.size) as path:
            _lay(layers, path, where)


def _manifests(blobs: Blobs, index: dict[str, Any], depth: int = 1) -> Iterator[_Descriptor]:
    """The images that an index names: no signatures, and no notes on how something was built."""
    if depth > _DEEPEST:
        raise ImageError(f"indexes in indexes, more than {_DEEPEST} deep")
    for entry in _list(index, "manifests"):
        each = _descriptor(entry)
        platform = entry.get("platform")
        if isinstance(platform, dict) and platform.get("os") == "unknown":
            continue
        if each.kind in _INDEXES:
            yield from _manifests(blobs, _named(blobs, each), depth + 1)
        elif each.kind in _MANIFESTS:
            yield each


def _lay_saved(blobs: Blobs, layers: Layers) -> None:
    """What docker and podman save: a list of images, each with its configuration and layers by name in the archive."""
    images = _json(blobs, "manifest.json")
    if not isinstance(images, list) or not all(isinstance(each, dict) for each in images):
        raise ImageError("manifest.json is not a list of images, as docker save writes it")
    image = _only(images, [" ".join(map(str, each.get("RepoTags") or ["untagged"])) for each in images])
    config, names = image.get("Config"), image.get("Layers")
    if not isinstance(config, str) or not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ImageError("manifest.json does not name a configuration and layers, as docker save writes it")
    digests = _diff_ids(_object(_json(blobs, config), config))
    if len(digests) != len(names):
        raise ImageError(f"manifest.json names {len(names)} layers, and the configuration {len(digests)}")
    _bound(names)
    for number, (name, digest) in enumerate(zip(names, digests, strict=True), 1):
        where = f"layer {number} of {len(names)}"
        with fetched(blobs, name, layers.private) as path:
            _lay(layers, path, where, digest)


def _diff_ids(config: dict[str, Any]) -> list[str]:
    """The SHA-256 of each layer once unpacked."""
    roots = config.get("rootfs")
    return [_digest(each) for each in _list(roots if isinstance(roots, dict) else {}, "diff_ids")]


def _lay(layers: Layers, path: Path, where: str, digest: str = "") -> None:
    try:
        layers.lay(path, digest)
    except LayerError as error:
        raise ImageError(f"{where}: {error}") from None


def _only(images: Sequence[Any], names: Sequence[str]) -> Any:  # noqa: ANN401 - what the caller keeps of an image
    """The one image. Raises `ImageError` for none, and for several with their names."""
    if not images:
        raise ImageError("no image of a root is in it")
    if len(images) > 1:
        shown = ", ".join(one_line(name, 60) for name in names[:5])
        raise ImageError(f"{len(images)} images are in it ({shown}): take out the one to judge, as `skopeo copy` does")
    return images[0]


def _bound(layers: Sequence[object]) -> None:
    if not 0 < len(layers) <= _MOST_LAYERS:
        raise ImageError(f"an image of {len(layers)} layers; at least 1 and at most {_MOST_LAYERS} are read")


def _descriptor(entry: object) -> _Descriptor:
    if not isinstance(entry, dict):
        raise ImageError("a descriptor in it is no object")
    kind, size, notes, platform = (entry.get(key) for key in ("mediaType", "size", "annotations", "platform"))
    if not isinstance(kind, str) or type(size) is not int or size < 0:
        raise ImageError("a descriptor in it has no mediaType, or no size")
    digest = _digest(entry.get("digest"))
    called = notes.get("org.opencontainers.image.ref.name") if isinstance(notes, dict) else None
    machine = platform.get("architecture") if isinstance(platform, dict) else None
    words = [str(word) for word in (called, machine) if word]
    return _Descriptor(kind, digest, size, " ".join(words) or f"sha256:{digest[:12]}")


def _digest(value: object) -> str:
    found = _SHA256.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ImageError(f"a digest in it is {shown(value)}; sha256: and 64 hexadecimal digits are read")
    return found[1]


def _named(blobs: Blobs, each: _Descriptor) -> dict[str, Any]:
    """The JSON object that a descriptor names. Raises `ImageError`."""
    data = text(blobs, each.path, _LARGEST)
    if len(data) != each.size or hashlib.sha256(data, usedforsecurity=False).hexdigest() != each.sha256:
        raise ImageError(f"{each.path} is damaged: it has not the size, or not the digest, that it is named by")
    return _object(_parsed(data, each.path), each.path)


def _json(blobs: Blobs, name: str) -> object:
    return _parsed(text(blobs, name, _LARGEST), name)


def _parsed(data: bytes, name: str) -> object:
    try:
        value: object = json.loads(data)
    except (ValueError, RecursionError):
        raise ImageError(f"{shown(name)} is not JSON") from None
    return value


def _object(value: object, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ImageError(f"{shown(name)} is no JSON object")
    return value


def _list(document: dict[str, Any], key: str) -> list[Any]:
    value = document.get(key)
    if not isinstance(value, list):
        raise ImageError(f"a document in it has no list of {key}")
    return value
