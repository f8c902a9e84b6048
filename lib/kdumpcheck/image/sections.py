# SPDX-License-Identifier: Apache-2.0
"""What a probe would be told, read out of an image: the same sections, as far as they make sense before a boot."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kdumpcheck.facts.sysconfig import statements
from kdumpcheck.image.beside import Beside
from kdumpcheck.image.errors import ImageError
from kdumpcheck.image.initrd import tell
from kdumpcheck.image.kernel import release_inside
from kdumpcheck.image.rpm import DIRECTORIES, installed
from kdumpcheck.image.tree import Tree
from kdumpcheck.probe import more

#: What is asked of the RPM database: facts/packages.py asks a node for the same.
PACKAGES: Final = (
    "kernel-default",
    "kernel-default-debuginfo",
    "kdump",
    "kdump-utils",
    "makedumpfile",
    "kexec-tools",
    "dracut",
    "dracut-metal-mdsquash",
    "crash",
)
_UNITS: Final = ("kdump.service", "kdump-early.service")
_PROGRAMS: Final = ("kexec", "makedumpfile", "mdadm", "mkdumprd")
_SECRETS: Final = (
    (re.compile(r"^(\s*KDUMP_SMTP_PASSWORD\+?=).*"), r'\1"[redacted]"'),
    (re.compile(r"://\S*@"), "://[redacted]@"),
    (re.compile(r"password=[^,\s]*"), "password=[redacted]"),
)
_KDUMP_INITRD: Final = re.compile(r"initrd-.+-kdump|initramfs-.*kdump\.img")
_TEXT: Final = 1 << 20
_INITRD: Final = 512 << 20


@dataclass(frozen=True, slots=True)
class Subject:
    """An image that is being looked at: its files, what ships beside it, and a directory for private copies."""

    name: str
    tree: Tree
    beside: Beside
    private: Path

    def text(self, path: str) -> str | None:
        """The text of a small file, None where there is none. Raises `ImageError` for one that cannot be read."""
        entry = self.tree.entry(path)
        if entry is None or entry.kind != "file":
            return None
        into = io.BytesIO()
        self.tree.copy(path, into, _TEXT)
        return into.getvalue().decode("utf-8", errors="backslashreplace")


def sections_of(subject: Subject) -> dict[str, str]:
    """All sections that an image can answer. Raises `ImageError` where a file of it cannot be read."""
    sysconfig = _sysconfig(subject)
    found = {
        "system": _system(subject),
        "packages": _packages(subject),
        "units": "\n".join(_unit(subject.tree, name) for name in dict.fromkeys((*_UNITS, *more.words("more_units")))),
        "fstab": "".join(f"{_redacted(line)}\n" for line in (subject.text("etc/fstab") or "").splitlines()),
        "sysconfig.live": sysconfig,
        "sysconfig.image": "#absent\n",
        "contents": _contents(subject),
        "image": "".join(f"{line}\n" for line in _image(subject)),
        "image.initrd": tell(subject.beside.initrd, "initrd") if subject.beside.initrd else "",
    }
    if subject.beside.cmdline is not None:
        found |= {"cmdline": subject.beside.cmdline + "\n", "grub": ""}
    return found


def _system(subject: Subject) -> str:
    lines = [f"uname_s=Linux\nuname_n={subject.name}\nuname_r={(_releases(subject.tree) or ['none'])[0]}"]
    for line in (subject.text("etc/os-release") or "").splitlines():
        for key, ours in (("ID=", "os_id="), ("VERSION_ID=", "os_version=")):
            if line.startswith(key):
                lines.append(ours + line.removeprefix(key))
    return "\n".join([*lines, f"cmdline={subject.beside.cmdline or ''}", ""])


def _packages(subject: Subject) -> str:
    packages = installed(subject.tree, subject.private)
    if packages is None:
        raise ImageError(f"no RPM database in it ({', '.join(DIRECTORIES)}), so what it is made of cannot be told")
    wanted = {*PACKAGES, *more.words("more_packages")}
    rows = [f"rpm\t{name}\t{_plain(version)}" for name, version in packages if name in wanted]
    return "\n".join(["asked\trpm", *rows, ""])


def _unit(tree: Tree, name: str) -> str:
    """What systemctl would show of a unit that nobody has started (systemd.unit(5): the first path that has it)."""
    places = ("etc/systemd/system", "usr/lib/systemd/system")
    place = next((f"{place}/{name}" for place in places if tree.link(f"{place}/{name}")), None)
    if place is None:
        return f"Id={name}\nLoadState=not-found\nUnitFileState=\n"
    link = tree.link(place)
    if link is not None and link.kind == "link" and link.target == "/dev/null":
        return f"Id={name}\nLoadState=masked\nUnitFileState=masked\n"
    wanted = [each for each in tree.names(places[0]) if each.endswith((".wants", ".requires"))]
    enabled = any(_leads_to_it(tree, f"{places[0]}/{each}/{name}", name) for each in wanted)
    return f"Id={name}\nLoadState=loaded\nUnitFileState={'enabled' if enabled else 'disabled'}\n"


def _leads_to_it(tree: Tree, path: str, name: str) -> bool:
    link = tree.link(path)
    if link is None or link.kind != "link":
        return False
    # A link of a unit's is judged by systemd by its own name; that it dangles matters, for nothing is started then.
    return (tree.real(path) or "").endswith(f"/{name}") and tree.is_file(path)


def _sysconfig(subject: Subject) -> str:
    text = subject.text("etc/sysconfig/kdump")
    if text is None:
        return "#absent\n"
    return "".join(f"{_redacted(line)}\n" for line in statements(text))


def _redacted(line: str) -> str:
    for pattern, instead in _SECRETS:
        line = pattern.sub(instead, line)
    return line


def _contents(subject: Subject) -> str:
    """The kdump initrds that are in the image already."""
    paths = [f"boot/{name}" for name in subject.tree.names("boot") if _KDUMP_INITRD.fullmatch(name)]
    paths += ["var/lib/kdump/initrd"]
    found = [path for path in paths if (entry := subject.tree.entry(path)) and entry.kind == "file"]
    return "".join(_opened(subject, path) for path in found[:8])


def _opened(subject: Subject, path: str) -> str:
    copy = subject.private / "initrd"
    with copy.open("wb") as file:
        subject.tree.copy(path, file, _INITRD)
    try:
        return tell(copy, f"/{_plain(path)}")
    finally:
        copy.unlink()


def _releases(tree: Tree) -> list[str]:
    names = [name for name in tree.names("boot") if name.startswith(("vmlinuz-", "Image-"))]
    return [_plain(name.partition("-")[2]) for name in names if tree.is_file(f"boot/{name}") and _own(tree, name)]


def _own(tree: Tree, name: str) -> bool:
    entry = tree.link(f"boot/{name}")
    return entry is not None and entry.kind == "file"


def _image(subject: Subject) -> Iterator[str]:
    yield from _kernels(subject)
    yield from _programs(subject.tree)
    yield from _dracut(subject)
    if subject.beside.kernel:
        yield f"shipped\t{release_inside(subject.beside.kernel)}"


def _kernels(subject: Subject) -> Iterator[str]:
    tree = subject.tree
    for release in _releases(tree):
        image = tree.entry(f"boot/vmlinuz-{release}") or tree.entry(f"boot/Image-{release}")
        yield f"kernel\t{release}\t{image.size if image else 0}"
    for name in ("vmlinuz", "Image"):
        if tree.link(f"boot/{name}"):
            yield f"default\t{_plain(tree.real(f'boot/{name}') or '')}"
    for release in tree.names("lib/modules"):
        whole = tree.is_file(f"lib/modules/{release}/modules.dep")
        yield f"modules\t{_plain(release)}\t{'whole' if whole else 'without modules.dep'}"
        yield from _built_in(subject, release)
    for name in tree.names("boot"):
        if name.startswith(("System.map-", "vmlinux-")) and tree.is_file(f"boot/{name}"):
            yield f"namelist\t{_plain(name)}"


def _programs(tree: Tree) -> Iterator[str]:
    for name in _PROGRAMS:
        if any(tree.is_file(f"{place}/{name}") for place in ("usr/sbin", "usr/bin", "sbin", "bin")):
            yield f"program\t{name}"
    for module in tree.names("usr/lib/dracut/modules.d"):
        if tree.is_file(f"usr/lib/dracut/modules.d/{module}/metal-kdump.sh"):
            yield f"hook\t/usr/lib/dracut/modules.d/{_plain(module)}/metal-kdump.sh"


def _built_in(subject: Subject, release: str) -> Iterator[str]:
    """The drivers of ROOTRAID that no initrd needs to bring."""
    for line in (subject.text(f"lib/modules/{release}/modules.builtin") or "").splitlines():
        name = line.rsplit("/", 1)[-1].partition(".ko")[0].replace("-", "_")
        if name in {"raid1", "xfs", "md_mod", "overlay", "squashfs"}:
            yield f"built-in\t{_plain(release)}\t{name}"


def _dracut(subject: Subject) -> Iterator[str]:
    names = [f"etc/dracut.conf.d/{name}" for name in subject.tree.names("etc/dracut.conf.d") if name.endswith(".conf")]
    for path in ["etc/dracut.conf", *names]:
        for line in (subject.text(path) or "").splitlines():
            if re.match(r"\s*[a-z_]+\+?=", line):
                yield f"dracut\t/{_plain(path)}\t{_plain(line.strip())}"


def _plain(text: str) -> str:
    """A name on one line, in one column."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text)[:300]


def readable(path: Path) -> Path:
    """A file that ships beside an image. Raises `ImageError` when it cannot be one."""
    try:
        with path.open("rb") as file:
            if not file.read(1):
                raise ImageError(f"{path}: an empty file")
    except OSError as error:
        raise ImageError(f"{path}: {error.strerror}") from None
    return path
