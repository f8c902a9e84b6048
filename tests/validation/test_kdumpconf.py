# SPDX-License-Identifier: Apache-2.0
"""Does /etc/kdump.conf of RHEL and Fedora make a dump, and does the initrd say the same?

kdumpctl reads it when kdump starts, and starts none with a word that it does not know. After a crash the initrd's own
copy counts: where it can be opened, that one is judged.
"""

from __future__ import annotations

from kdumpcheck import Severity, check, could_not_look, expect, not_applicable, prefer
from kdumpcheck.facts import Boot, Contents, Devices, Dumps, Initrds, Kdumpconf, Kernels, Reservation, Space, Sysconfig
from kdumpcheck.facts.contents import Opened, module
from kdumpcheck.facts.kdumpsettings import FILE_SYSTEMS, KdumpSettings, Target
from kdumpcheck.facts.lines import size
from kdumpcheck.facts.makedumpfile import Options
from kdumpcheck.facts.space import INODES_OF_A_DUMP
from kdumpcheck.providers import Provider
from kdumpcheck.providers.capture_line import capture_words, refused
from kdumpcheck.providers.saving_rhel import need_of

OURS = ("kdump_utils",)
SOURCE = "rhkdump/kdump-utils kdumpctl, kdump-lib.sh, dracut/99kdumpbase; kdump.conf(5)"
RESTART = (
    "then systemctl restart kdump.service, which builds the initrd anew, and see that /sys/kernel/kexec_crash_loaded "
    "is 1."
)
#: File systems that are gone after the crash, or that the capture kernel cannot have.
IN_MEMORY = ("overlay", "tmpfs", "ramfs", "squashfs", "rootfs", "aufs")
#: What of the two files need not be the same: dracut writes these anew for the capture kernel.
WRITTEN_ANEW = ("path", "default", "failure_action", "fence_kdump_nodes", "fence_kdump_args")
WHOLE = ("initrd.present", "initrd.readable", "initrd.tools", "initrd.fresh")


@check(
    "kdumpconf.settings",
    title="kdumpctl takes /etc/kdump.conf as it is written",
    instruction="Take out of /etc/kdump.conf what is named here (kdump.conf(5) has every option; each may stand there "
    "once, and one target at most), " + RESTART,
    source=SOURCE,
    providers=OURS,
    judges="node",
)
def test_kdumpctl_takes_the_settings(kdumpconf: Kdumpconf, reservation: Reservation) -> None:
    """With one wrong word kdump does not start; what was loaded before still saves, until the next boot."""
    settings = kdumpconf.settings
    problem = settings.problem if settings is not None else "/etc/kdump.conf is not there"
    starts(
        not problem,
        reservation,
        expected="options that kdumpctl knows, each once with a value, and one target at most",
        found=problem or f"{len(settings.lines) if settings is not None else 0} options",
    )


@check(
    "kdumpconf.collector",
    title="core_collector is a makedumpfile that saves memory",
    instruction="In /etc/kdump.conf write core_collector makedumpfile -l --message-level 7 -d 31 (with -F in front "
    "for ssh and raw), and have makedumpfile installed; " + RESTART,
    source=SOURCE + "; makedumpfile(8)",
    providers=OURS,
    judges="node",
    follows=("kdumpconf.settings",),
)
def test_the_collector_saves_memory(
    kdumpconf: Kdumpconf, contents: Contents, kernels: Kernels, reservation: Reservation, kdump: Provider
) -> None:
    """kdump.sh itself puts -F in or takes it out; only the next build refuses one that does not fit the target."""
    settings = in_use(kdumpconf, contents, kernels, kdump)
    command, *words = settings.collector.split()
    if command.rsplit("/", 1)[-1] != "makedumpfile":
        could_not_look(f"core_collector is {command}: what it makes of the memory cannot be told")
    options = Options.of(words)
    expect(
        not options.problem,
        expected="options with which makedumpfile saves memory",
        found=options.problem or " ".join(words) or "none",
    )
    if options.odd:
        could_not_look(f"core_collector has {options.odd[0]}: what makedumpfile makes of it cannot be told")
    name, where = kdumpconf.collector
    starts(where, reservation, expected=f"{name} on the node", found=where or "it is not there")
    written = kdumpconf.settings
    if written is not None and "makedumpfile" in written.collector and written.get("core_collector"):
        piped = written.target is not None and written.target.kind in {"ssh", "raw"}
        starts(
            ("-F" in written.collector.split()) == piped,
            reservation,
            expected=f"{'' if piped else 'no '}-F for this target, or the initrd cannot be built",
            found=written.collector,
        )


@check(
    "kdumpconf.target",
    title="The disk that the dump goes to is there, with the file system that is said",
    instruction="Name the disk in /etc/kdump.conf by UUID= or LABEL= with its own file system (`ext4 UUID=...`; lsblk "
    "-f), or no target at all for the disk that `path` lies on, and make that directory; " + RESTART,
    source=SOURCE,
    providers=OURS,
    judges="node",
    follows=("kdumpconf.settings",),
)
def test_the_target_is_there(
    kdumpconf: Kdumpconf,
    contents: Contents,
    devices: Devices,
    kernels: Kernels,
    reservation: Reservation,
    kdump: Provider,
) -> None:
    """With `failure_action dump_to_rootfs` a lost target costs no dump: it goes to the root."""
    settings = in_use(kdumpconf, contents, kernels, kdump)
    target = settings.target or mounted_by(contents.get(kdump.initrd(kernels.running)))
    if target is None:
        the_path_is_on_a_disk(kdumpconf)
    elif target.remote:
        could_not_look(f"{target.kind} {target.spec}: whether a dump reaches another machine cannot be told from here")
    elif target.kind == "virtiofs":
        shared = [place for place in kdumpconf.mounts if (place.fstype, place.source) == ("virtiofs", target.spec)]
        if not shared:
            could_not_look(f"virtiofs {target.spec} is not mounted here: only its host could tell whether it is there")
        expect(shared, expected=f"virtiofs {target.spec}", found=f"mounted on {shared[-1].point}")
    else:
        the_disk_is_there(target, settings, kdumpconf, devices)
    if kdumpconf.locked:
        could_not_look(f"{kdumpconf.locked[0]} is encrypted: whether a capture kernel opens it alone cannot be told")
    the_next_initrd_can_be_built(kdumpconf, devices, reservation)


@check(
    "kdumpconf.drivers",
    title="The initrd brings the drivers for the disk that the dump goes to",
    remedy="initrd.rebuild",
    instruction="Look in /etc/dracut.conf.d and in dracut_args of /etc/kdump.conf for what leaves them out, or name "
    "them in extra_modules, and take them out of module_blacklist= in KDUMP_COMMANDLINE_APPEND (/etc/sysconfig/kdump); "
    "then kdumpctl rebuild, and systemctl restart kdump.service.",
    source=SOURCE + "; Linux ABI sysfs-module; Linux admin-guide/kernel-parameters.txt (module_blacklist)",
    providers=OURS,
    judges="node",
    follows=("initrd.present", "initrd.readable", "initrd.kernel", "kdumpconf.target"),
)
def test_the_initrd_brings_the_drivers(
    kdumpconf: Kdumpconf, contents: Contents, sysconfig: Sysconfig, boot: Boot, kernels: Kernels, kdump: Provider
) -> None:
    """Those that the running node uses for the disk and its file system, unless they are built into the kernel."""
    if not kdumpconf.device:
        not_applicable("the dump goes to no disk of this node")
    opened = the_opened(contents, kernels, kdump)
    there = opened.modules.get(kdump.capture_kernel(kernels), frozenset())
    missing = [name for name in kdumpconf.drivers if module(name) not in there]
    expect(
        not missing,
        expected=f"{', '.join(kdumpconf.drivers) or 'nothing: all of it is built in'}",
        found=f"without {', '.join(missing)}" if missing else "all of them",
    )
    out = [name for name in kdumpconf.drivers if module(name) in refused(capture_words(sysconfig.live, boot.running))]
    expect(not out, expected="none of them in module_blacklist=", found=", ".join(out) or "none")


@check(
    "kdumpconf.programs",
    title="The programs that /etc/kdump.conf names are there and can run",
    instruction="Name programs by their whole path in kdump_pre, kdump_post and extra_bins, and make them executable "
    "(chmod +x); " + RESTART,
    source=SOURCE + " (check_executable; do_kdump_pre: what fails before the save ends in a reboot without a dump)",
    providers=OURS,
    judges="node",
    follows=("kdumpconf.settings", "initrd.readable"),
)
def test_the_programs_are_there(
    kdumpconf: Kdumpconf, contents: Contents, kernels: Kernels, reservation: Reservation, kdump: Provider
) -> None:
    """Without the one of kdump_pre nothing is saved; without any of them kdumpctl does not start."""
    opened = contents.get(kdump.initrd(kernels.running))
    asked = {program.path for program in kdumpconf.programs if program.option == "kdump_pre"}
    if opened is not None and not opened.packed:
        first = KdumpSettings.read(opened.conf).get("kdump_pre")
        there = first not in asked or opened.has(first.rsplit("/", 1)[-1])
        expect(
            there,
            expected=f"{first} in the initrd" if first else "no kdump_pre, or one that is in the initrd",
            found="it is not there" if not there else first or "none",
        )
    lost = [f"{program.path} is {WORDS[program.state]}" for program in kdumpconf.programs if program.state in WORDS]
    starts(not lost, reservation, expected="programs that can run", found=lost[0] if lost else "none that cannot")


@check(
    "kdumpconf.copy",
    title="The initrd saves where the node's settings say, and carries the others, too",
    remedy="initrd.rebuild",
    instruction="kdumpctl rebuild, then systemctl restart kdump.service.",
    source=SOURCE + " (kdump_install_conf)",
    providers=OURS,
    judges="node",
    follows=(*WHOLE, "kdumpconf.settings", "kdumpconf.target"),
)
def test_the_initrd_says_the_same(
    kdumpconf: Kdumpconf, contents: Contents, initrds: Initrds, devices: Devices, kernels: Kernels, kdump: Provider
) -> None:
    """With force_no_rebuild it never follows the file; else a change is taken over when kdump next starts."""
    opened = the_opened(contents, kernels, kdump)
    if not opened.conf:
        could_not_look("no option could be read of the initrd's own etc/kdump.conf")
    copy, written = KdumpSettings.read(opened.conf), kdumpconf.settings
    if written is None:
        could_not_look("there is no /etc/kdump.conf to hold it against")
    there, named = copy.target, written.target
    device = device_of(there, kdumpconf, devices) if there is not None and not there.remote else ""
    if there is not None and device and kdumpconf.device:
        expect(device == kdumpconf.device, expected=f"a dump to {kdumpconf.device}", found=f"to {there.spec}")
        place = kdumpconf.mount_of(kdumpconf.path)
        point = place.point.rstrip("/") if place is not None else ""
        path = (kdumpconf.path.removeprefix(point) or "/") if named is None else written.path
        expect(copy.path == path, expected=f"in {path}", found=f"in {copy.path}")
    elif there is not None and named is not None and (there.remote or named.remote):
        same = (there, copy.path) == (named, written.path)
        expect(same, expected=f"{named.spec} {written.path}", found=f"{there.spec} {copy.path}")
    others = differences(written, copy)
    prefer(not others, expected="the same options and values", found="; ".join(others) or "the same")
    initrd = initrds.get(opened.path)
    newer = [each.path for each in kdumpconf.programs if initrd is not None and each.mtime > initrd.mtime]
    prefer(not newer, expected="no program that is newer", found=newer[0] if newer else "none")


@check(
    "kdumpconf.hang",
    title="A capture kernel that fails, or has saved, restarts the node",
    severity=Severity.WARN,
    instruction="In /etc/kdump.conf write failure_action reboot and final_action reboot (or leave both out), and keep "
    "panic=10 in KDUMP_COMMANDLINE_APPEND of /etc/sysconfig/kdump; " + RESTART,
    source=SOURCE + "; Linux Documentation/admin-guide/kernel-parameters.txt (panic)",
    providers=OURS,
    judges="node",
    follows=("kdumpconf.settings",),
)
def test_a_failed_capture_restarts(
    kdumpconf: Kdumpconf, contents: Contents, sysconfig: Sysconfig, boot: Boot, kernels: Kernels, kdump: Provider
) -> None:
    """What stops keeps the node down until a person comes."""
    settings = in_use(kdumpconf, contents, kernels, kdump)
    action = settings.failure_action
    expect(
        action in {"reboot", "dump_to_rootfs"},
        expected="a reboot when saving fails",
        found=f"failure_action is {action}",
    )
    final = settings.final_action
    expect(final == "reboot", expected="a reboot when the dump is saved", found=f"final_action is {final}")
    panic = capture_words(sysconfig.live, boot.running).last("panic")
    expect(
        panic not in {"", "0"},
        expected="panic= with seconds for the capture kernel",
        found=f"panic={panic}" if panic else "no panic=",
    )


@check(
    "kdumpconf.space",
    title="There is room for a dump where /etc/kdump.conf has it saved",
    remedy="dumps.prune",
    instruction="Move dumps that are still needed to another machine and remove the others, or see what else fills the "
    "disk: kdump deletes none.",
    source=SOURCE + "; makedumpfile(8) -d",
    providers=OURS,
    judges="node",
    follows=("kdumpconf.settings", "kdumpconf.collector", "kdumpconf.target"),
)
def test_there_is_room_for_a_dump(
    space: Space, dumps: Dumps, kdumpconf: Kdumpconf, contents: Contents, kernels: Kernels, kdump: Provider
) -> None:
    """It fails when even a fifth of what memory could give would not fit, and warns when not all of it would."""
    settings = in_use(kdumpconf, contents, kernels, kdump)
    target = settings.target
    if target is not None and (target.remote or target.kind == "raw"):
        not_applicable(f"the dump goes to {target.kind} {target.spec}, and into no file system of this node")
    need = need_of(space, settings)
    found = f"{size(space.free)} free for {dumps.shown}"
    expect(space.free >= need.least, expected=f"room for at least {size(need.least)} of dump", found=found)
    inodes = space.inodes
    expect(
        inodes is None or inodes >= INODES_OF_A_DUMP,
        expected=f"{INODES_OF_A_DUMP} free inodes",
        found="no limit" if inodes is None else f"{inodes} free",
    )
    prefer(space.free >= need.whole, expected=f"room for {size(need.whole)}, the most a dump could have", found=found)


WORDS = {"plain": "not executable", "missing": "not there"}


def starts(ok: object, reservation: Reservation, *, expected: str, found: str) -> None:
    """What keeps kdump from its next start: no dump where nothing is loaded, and one of what is."""
    (prefer if reservation.loaded else expect)(ok, expected=expected, found=found)


def the_opened(contents: Contents, kernels: Kernels, kdump: Provider) -> Opened:
    """The initrd a crash boots with, opened; where there is none, initrd.present says so and nothing else."""
    path = kdump.initrd(kernels.running)
    opened = contents.get(path) or not_applicable(f"there is no {path} to open")
    if opened.packed:
        not_applicable(f"all of {path} lies in {opened.packed} inside it: initrd.tools says that it cannot be opened")
    return opened


def in_use(kdumpconf: Kdumpconf, contents: Contents, kernels: Kernels, kdump: Provider) -> KdumpSettings:
    """The settings that count after a crash: the initrd's own, else those of the node, of which they will be made."""
    opened = contents.get(kdump.initrd(kernels.running))
    if opened is not None and opened.conf:
        return KdumpSettings.read(opened.conf)
    return kdumpconf.settings or could_not_look("there is no /etc/kdump.conf, and none in the initrd")


def mounted_by(opened: Opened | None) -> Target | None:
    """What the initrd mounts for the dump, where its kdump.conf names nothing: the root, or a disk below /kdumproot."""
    mounts = opened.mounts if opened is not None else ()
    points = [mount for mount in mounts if mount.point == "/sysroot" or mount.point.startswith("/kdumproot")]
    return Target(points[0].fstype, points[0].device) if points else None


def device_of(target: Target, kdumpconf: Kdumpconf, devices: Devices) -> str:
    """The block device that a target names; "" when none here has that name."""
    if not kdumpconf.blocks:
        could_not_look("lsblk tells no block device of this node")
    device = (kdumpconf.names or {}).get(target.spec, "") or devices.resolve(target.spec)
    return device if device in kdumpconf.blocks else ""


def the_disk_is_there(target: Target, settings: KdumpSettings, kdumpconf: Kdumpconf, devices: Devices) -> None:
    """Expect the disk, and its file system."""
    lose = prefer if settings.failure_action == "dump_to_rootfs" else expect
    device = device_of(target, kdumpconf, devices)
    lose(
        device,
        expected=f"{target.spec}, a disk that is here",
        found=f"{target.spec}: {device or 'no device here has this name'}",
    )
    if not any(kdumpconf.blocks.values()):
        could_not_look("lsblk tells no file system of any disk")
    there = kdumpconf.blocks.get(device, "")
    if target.kind == "raw":
        prefer(not there, expected=f"{device} empty, for a raw dump", found=f"{there} is on it" if there else "empty")
    elif target.kind in FILE_SYSTEMS:
        # The driver of ext4 mounts the older ones, too; kdumpctl wants the right word when it builds.
        family = target.kind.startswith("ext") and there.startswith("ext")
        lose(there == target.kind or family, expected=f"{target.kind} on {device}", found=there or "no file system")
        prefer(there == target.kind, expected=f"{target.kind} on {device}", found=there)


def the_path_is_on_a_disk(kdumpconf: Kdumpconf) -> None:
    """Expect the directory of dumps on a disk of this node, where no target is named."""
    place = kdumpconf.mount_of(kdumpconf.path)
    if place is None:
        could_not_look(f"/proc/self/mountinfo does not tell where {kdumpconf.path} lies")
    if place.fstype.startswith("nfs"):
        could_not_look(f"{kdumpconf.path} is on {place.source}: whether it can be reached after a crash cannot be told")
    expect(
        place.fstype not in IN_MEMORY,
        expected=f"{kdumpconf.path} on a disk",
        found=f"on {place.source}, which is {place.fstype}",
    )
    if not kdumpconf.device and place.fstype != "virtiofs":
        could_not_look(f"{place.source} is no disk that could be looked at")


def the_next_initrd_can_be_built(kdumpconf: Kdumpconf, devices: Devices, reservation: Reservation) -> None:
    """Look at what kdumpctl wants before it builds: the disk that the file names, and the directory on it."""
    settings = kdumpconf.settings
    target = settings.target if settings is not None else None
    if target is None or settings is None:
        place = kdumpconf.mount_of(kdumpconf.path)
        lost = place is not None and place.fstype in IN_MEMORY
        there, where = kdumpconf.path_there and not lost, f"{kdumpconf.path} on a disk"
    elif target.by_dracut or target.remote or target.kind == "virtiofs":
        return
    else:
        device = device_of(target, kdumpconf, devices)
        kind = kdumpconf.blocks.get(device, "")
        fits = device and target.kind in {kind, "raw"}
        found = f"{kind or 'no file system'} on {device}" if device else "no device here has this name"
        starts(fits, reservation, expected=f"{target.kind} on {target.spec}, or nothing is built", found=found)
        mounted = [place.point for place in kdumpconf.mounts if place.source in {target.spec, device}]
        there = target.kind == "raw" or not mounted or any(point in kdumpconf.held for point in mounted)
        where = settings.path
    prefer(there, expected=f"the directory {where}, or nothing is built", found="there" if there else "not there")


def differences(written: KdumpSettings, copy: KdumpSettings) -> list[str]:
    """Options that have another value in the initrd than on the node; those that dracut writes anew are left out."""
    places = {target.kind for target in (*written.targets, *copy.targets)}
    names = dict.fromkeys(name for name, _ in (*written.lines, *copy.lines))
    asked = [name for name in names if name not in WRITTEN_ANEW and name not in places]
    found = [name for name in asked if written.get(name).split() != copy.get(name).split()]
    if written.failure_action != copy.failure_action:
        found.append("failure_action")
    if written.target is not None and (copy.target is None or copy.target.kind != written.target.kind):
        found.append(f"{written.target.kind}, for which it has {copy.target.kind if copy.target else 'no target'}")
    return found
