# SPDX-License-Identifier: Apache-2.0
"""Container images: layers laid upon each other, digests held, and what is hostile refused in one line."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest
from selftest.unit.image import containers, made

from kdumpcheck.evidence import Evidence
from kdumpcheck.image import Beside, ImageError, look_at_image
from kdumpcheck.image import blobs as blobs_module
from kdumpcheck.image.blobs import archived
from kdumpcheck.image.container import open_container
from kdumpcheck.image.layers import Layers

UPPER = {"etc/fstab": "LABEL=UPPER / xfs defaults 0 0\n"}


def look(image: Path) -> Evidence:
    return look_at_image(image, Beside())[0]


def told(image: Path, section: str) -> str:
    text = look(image).text(section)
    assert isinstance(text, str)
    return text


def refused(image: Path) -> str:
    with pytest.raises(ImageError) as error:
        look(image)
    text = str(error.value)
    assert "\n" not in text
    assert text.startswith(str(image))
    assert text.isprintable()
    return text


@pytest.fixture(name="base")
def _base(tmp_path: Path) -> bytes:
    return containers.whole(made.root(tmp_path / "root"))


def laid(tmp_path: Path, *layers: bytes) -> dict[str, str]:
    """What files the layers make, by their content where it is kept, else by their kind."""
    private = tmp_path / "private"
    private.mkdir(exist_ok=True)
    root = Layers(private)
    for number, each in enumerate(layers):
        place = tmp_path / f"layer-{number}.tar"
        place.write_bytes(each)
        root.lay(place)
    found = {}
    for name, entry in root.entries.items():
        content = io.BytesIO()
        if name in root.kept.numbers:
            root.kept.copy(name, content, 1000)
        found[name] = content.getvalue().decode() or entry.target or entry.kind
    return found


@pytest.mark.parametrize("packed", ["", "+gzip", "+zstd"])
def test_a_layout_is_its_layers_in_order(tmp_path: Path, base: bytes, packed: str) -> None:
    layout = containers.image(tmp_path / "oci", [base, containers.layer(UPPER)], packed)
    whole = look(tmp_path / "root")
    for image in (layout, containers.archive(layout), containers.archive(layout, "w:gz")):
        assert told(image, "fstab") == UPPER["etc/fstab"]
        # All else is as in the root that it was made of.
        for section in ("sysconfig.live", "image"):
            assert told(image, section) == whole.text(section)
        assert "KDUMP_SAVEDIR" in told(image, "sysconfig.live")


def test_what_docker_saves(tmp_path: Path, base: bytes) -> None:
    upper = containers.layer(UPPER)
    image = containers.saved(tmp_path / "image.tar", [base, upper, containers.layer({"srv/x": "y"}), upper])
    assert told(image, "fstab") == UPPER["etc/fstab"]
    packed = tmp_path / "image.tar.gz"
    packed.write_bytes(containers.PACKERS["+gzip"](image.read_bytes()))
    assert told(packed, "fstab") == UPPER["etc/fstab"]


def test_what_umoci_makes(tmp_path: Path) -> None:
    """A real tool's layout, with whiteouts of its own making (its --opaque leaves the end of the archive out)."""
    root, layout = made.root(tmp_path / "root"), tmp_path / "oci"

    def umoci(*argv: str | Path) -> None:
        subprocess.run(["umoci", *map(str, argv)], check=True, capture_output=True)

    umoci("init", "--layout", layout)
    umoci("new", "--image", f"{layout}:node")
    umoci("insert", "--rootless", "--image", f"{layout}:node", root, "/")
    assert "KDUMP_SAVEDIR" in told(layout, "sysconfig.live")
    assert "\nprogram\tmdadm" in told(layout, "image")
    umoci("insert", "--rootless", "--image", f"{layout}:node", "--whiteout", "/usr/sbin/mdadm")
    umoci("insert", "--rootless", "--image", f"{layout}:node", "--whiteout", "/etc/sysconfig")
    assert told(layout, "sysconfig.live") == "#absent\n"
    assert "\nprogram\tmdadm" not in told(layout, "image")
    assert "\nprogram\tkexec" in told(layout, "image")


def test_whiteouts_take_away_what_is_below_alone(tmp_path: Path) -> None:
    lower = containers.layer({"etc/a": "a", "etc/b": "b", "etc/d/x": "x", "etc/d/y/z": "z", "etc/e/x": "x"})
    upper = containers.layer(
        {"etc/b": "new b", "etc/.wh.a": "", "etc/.wh.b": "", "etc/.wh.d": "", "etc/d/new": "n", "etc/e/own": "o"}
        | {"etc/e/.wh..wh..opq": "", "etc/.wh..wh.plnk": ""}
    )
    assert laid(tmp_path, lower, upper) == {"etc/b": "new b", "etc/d/new": "n", "etc/e/own": "o"}


def test_an_opaque_root_hides_all(tmp_path: Path) -> None:
    lower, upper = containers.layer({"etc/a": "a"}), containers.layer({".wh..wh..opq": "", "etc/b": "b"})
    assert laid(tmp_path, lower, upper) == {"etc/b": "b"}


def test_a_file_takes_the_place_of_a_directory(tmp_path: Path) -> None:
    lower, upper = containers.layer({"etc/d": None, "etc/d/x": "x"}), containers.layer({"etc/d": "file"})
    assert laid(tmp_path, lower, upper) == {"etc/d": "file"}
    assert laid(tmp_path, upper, lower) == {"etc/d": "directory", "etc/d/x": "x"}


def test_a_directory_below_that_is_a_link_is_gone_through(tmp_path: Path) -> None:
    lower = containers.layer({"usr/lib/modules/k": "k", "usr/lib/os-release": "old"}, {"lib": "/usr/lib"})
    upper = containers.layer({"lib/os-release": "new", "lib/modules/.wh.k": ""})
    assert laid(tmp_path, lower, upper) == {"lib": "/usr/lib", "usr/lib/os-release": "new"}
    circle = containers.layer({}, {"lib": "bin", "bin": "lib"})
    assert laid(tmp_path, circle, upper)["lib/os-release"] == "file"


def test_a_second_name_of_a_file_below(tmp_path: Path) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, target in (("etc/b", "etc/a"), ("etc/c", "/etc/../../etc/a"), ("etc/e", "etc/d")):
            member = tarfile.TarInfo(name)
            member.type, member.linkname = tarfile.LNKTYPE, target
            tar.addfile(member)
    lower = containers.layer({"etc/a": "a", "etc/d": None})
    assert laid(tmp_path, lower, out.getvalue()) == {"etc/a": "a", "etc/b": "a", "etc/d": "directory"}


def test_the_last_of_a_name_counts_and_nothing_else_takes_its_place(tmp_path: Path) -> None:
    """Contents are kept by number; a name that comes twice must not have the next file's."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, text in (("etc/a", b"old"), ("etc/b", b"b"), ("etc/a", b"new"), ("etc/c", b"c"), ("etc/d", b"d")):
            member = tarfile.TarInfo(name)
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text))
    assert laid(tmp_path, out.getvalue()) == {"etc/a": "new", "etc/b": "b", "etc/c": "c", "etc/d": "d"}


def test_a_blob_that_is_not_what_it_is_named(tmp_path: Path, base: bytes) -> None:
    layout = containers.image(tmp_path / "oci", [base], "")
    place = layout / "blobs/sha256" / containers.digest(base)
    raw = bytearray(base)
    raw[1000] ^= 1
    place.write_bytes(raw)
    assert f"{containers.digest(base)} is damaged: its SHA-256 is" in refused(layout)
    place.write_bytes(base + b"\0")
    assert f"has more than {len(base)} bytes" in refused(layout)
    place.write_bytes(base[:-512])
    assert f"has {len(base) - 512} bytes of {len(base)}" in refused(layout)
    place.unlink()
    assert "No such file" in refused(layout)
    secret = tmp_path / "secret"
    secret.write_bytes(base)
    place.symlink_to(secret)
    assert "cannot be read" in refused(layout)


def test_a_manifest_that_is_not_what_it_is_named(tmp_path: Path, base: bytes) -> None:
    layout = containers.image(tmp_path / "oci", [base])
    index = json.loads((layout / "index.json").read_bytes())
    place = layout / "blobs" / index["manifests"][0]["digest"].replace(":", "/")
    place.write_bytes(place.read_bytes().replace(b"gzip", b"zstd"))
    assert "is damaged: it has not the size, or not the digest" in refused(layout)


def test_a_saved_layer_that_is_not_what_the_configuration_says(tmp_path: Path, base: bytes) -> None:
    image = containers.saved(tmp_path / "image.tar", [base, containers.layer(UPPER)])
    image.write_bytes(image.read_bytes().replace(b"LABEL=UPPER", b"LABEL=OTHER"))
    assert "layer 2 of 2: its content is not what the image's configuration says" in refused(image)


def test_a_layer_that_is_damaged_inside(tmp_path: Path, base: bytes) -> None:
    """With digests that fit: it was built so."""
    with tarfile.open(fileobj=io.BytesIO(base)) as tar:
        header = tar.getmembers()[-1].offset_data - 512
    spoiled = base[:header] + b"\xff" * 512 + base[header + 512 :]
    for packed, damaged in (("", base[:700]), ("+gzip", spoiled), ("+zstd", base[: header + 100])):
        layout = containers.image(tmp_path / "oci", [base, damaged], packed)
        assert "layer 2 of 2: no tar archive that can be read to its end" in refused(layout)
        shutil.rmtree(layout)


def test_one_image_is_judged(tmp_path: Path, base: bytes) -> None:
    """Its own notes are no images; two tags of it are one image; two images are named, and none is guessed."""
    other = containers.layer({"etc/fstab": "other"})
    one: dict[str, Any] = {"annotations": {"org.opencontainers.image.ref.name": "v1"}}
    two: dict[str, Any] = {
        "annotations": {"org.opencontainers.image.ref.name": "v2"},
        "platform": {"architecture": "arm64", "os": "linux"},
    }
    note: dict[str, Any] = {"platform": {"architecture": "unknown", "os": "unknown"}}
    layout = containers.layout(
        tmp_path / "oci",
        lambda where: containers.manifest(where, [base], **one),
        lambda where: containers.manifest(where, [base], **two),
        lambda where: containers.manifest(where, [other], **note),
    )
    assert "LABEL=ROOTRAID" in told(layout, "fstab")
    several = containers.layout(
        tmp_path / "several",
        lambda where: containers.manifest(where, [base], **one),
        lambda where: containers.manifest(where, [other], **two),
    )
    assert "2 images are in it (v1, v2 arm64): take out the one to judge" in refused(several)
    empty = containers.layout(tmp_path / "empty")
    assert "no image of a root is in it" in refused(empty)


def test_an_index_within_an_index(tmp_path: Path, base: bytes) -> None:
    def nested(where: Path, depth: int) -> dict[str, object]:
        inner = containers.manifest(where, [base])
        for _ in range(depth):
            index = containers.document({"schemaVersion": 2, "manifests": [inner]})
            inner = containers.blob(where, index, containers.INDEX)
        return inner

    assert "LABEL=ROOTRAID" in told(containers.layout(tmp_path / "two", lambda where: nested(where, 2)), "fstab")
    assert "more than 3 deep" in refused(containers.layout(tmp_path / "deep", lambda where: nested(where, 9)))


def test_layers_that_nobody_can_read(tmp_path: Path, base: bytes) -> None:
    encrypted = containers.image(tmp_path / "oci", [base])
    index = json.loads((encrypted / "index.json").read_bytes())
    place = encrypted / "blobs" / index["manifests"][0]["digest"].replace(":", "/")
    manifest = json.loads(place.read_bytes())
    for change, words in (
        ({"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip+encrypted"}, "which is no layer that can be read"),
        ({"mediaType": "application/vnd.cncf.helm.chart\x1b[31m"}, "which is no layer that can be read"),
        ({"digest": "sha256:../../../../etc/passwd"}, "a digest in it is"),
        ({"digest": "md5:d41d8cd98f00b204e9800998ecf8427e"}, "a digest in it is md5:"),
        ({"size": -1}, "no size"),
        ({"size": "1"}, "no size"),
    ):
        changed = manifest | {"layers": [manifest["layers"][0] | change]}
        index["manifests"] = [containers.blob(encrypted, containers.document(changed), containers.MANIFEST)]
        (encrypted / "index.json").write_bytes(containers.document(index))
        assert words in refused(encrypted)
    for layers in (manifest["layers"][:0], manifest["layers"] * 600):
        changed = manifest | {"layers": layers}
        index["manifests"] = [containers.blob(encrypted, containers.document(changed), containers.MANIFEST)]
        (encrypted / "index.json").write_bytes(containers.document(index))
        assert f"an image of {len(layers)} layers" in refused(encrypted)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("oci-layout", '{"imageLayoutVersion": "9.0.0"}', "version 9.0.0"),
        ("oci-layout", "[]", "oci-layout is no JSON object"),
        ("index.json", "{", "index.json is not JSON"),
        ("index.json", "[" * 100_000, "index.json is not JSON"),
        ("index.json", '{"manifests": 5}', "no list of manifests"),
        ("index.json", '{"manifests": [5]}', "a descriptor in it is no object"),
        ("index.json", " " * (5 << 20), "index.json has more than"),
    ],
)
def test_documents_that_are_not_as_a_tool_writes_them(
    tmp_path: Path, base: bytes, name: str, text: str, words: str
) -> None:
    layout = containers.image(tmp_path / "oci", [base])
    (layout / name).write_text(text)
    assert words in refused(layout)


def test_names_in_a_saved_image_lead_nowhere(tmp_path: Path, base: bytes) -> None:
    secret = tmp_path / "secret.tar"
    secret.write_bytes(base)
    for name in (str(secret), "../secret.tar", "x/../../secret.tar", "nowhere/layer.tar"):
        image = containers.saved(tmp_path / "image.tar", [base], Layers=[name])
        assert "is not in it, or is no file" in refused(image)
    image = containers.saved(tmp_path / "image.tar", [base], Layers=[])
    assert "names 0 layers, and the configuration 1" in refused(image)
    image = containers.saved(tmp_path / "image.tar", [base], Config=5)
    assert "does not name a configuration" in refused(image)


def test_a_layer_writes_nothing_outside(tmp_path: Path, base: bytes) -> None:
    evil = containers.layer(
        {"../../escaped": "evil", "/etc/../../escaped": "evil", "../.wh.etc": "", "etc/../../.wh.usr": ""},
        {"etc/out": "/../../../..", "boot/up": "../../../../tmp"},
    )
    layout = containers.image(tmp_path / "oci", [base, evil, containers.layer({"etc/out/escaped": "x"})])
    before = sorted(tmp_path.rglob("*"))
    assert "LABEL=ROOTRAID" in told(layout, "fstab")
    assert sorted(tmp_path.rglob("*")) == before


def test_what_is_too_large_is_not_laid_down(tmp_path: Path, base: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    layout = containers.archive(containers.image(tmp_path / "oci", [base]), "w:gz")
    monkeypatch.setattr(blobs_module, "_LARGEST", 1000)
    assert "more than 1000 bytes once unpacked" in refused(layout)


def test_a_name_of_a_gigabyte_is_not_read(tmp_path: Path) -> None:
    member = tarfile.TarInfo("x")
    member.type, member.size = tarfile.XHDTYPE, 1 << 30
    image = tmp_path / "image.tar"
    image.write_bytes(member.tobuf() + b"\0" * 10240)
    assert "a name in it is said to be 1073741824 bytes long" in refused(image)


def test_nothing_private_is_left(tmp_path: Path, base: bytes) -> None:
    image = containers.saved(tmp_path / "image.tar", [base])
    packed = tmp_path / "image.tar.gz"
    packed.write_bytes(containers.PACKERS["+gzip"](image.read_bytes()))
    private = tmp_path / "private"
    private.mkdir()
    with archived(packed, private) as blobs:
        open_container(blobs, private)
        assert (private / "archive").exists()
    assert not [path for path in private.iterdir() if not path.name.startswith("member-")]
