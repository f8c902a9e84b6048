# SPDX-License-Identifier: Apache-2.0
"""Where the capture kernel boots the node's own root: will that root be there, and save the dump?

Debian's kdump-tools puts nothing into its initrd that saves a dump. After a crash the node's own root is mounted as at
every boot, and a unit of it calls makedumpfile; what is wrong with that root, its settings or its programs is wrong in
the capture kernel, too.
"""

from __future__ import annotations

from kdumpcheck import Severity, check, could_not_look, expect, not_applicable, prefer
from kdumpcheck.facts import Boot, Contents, Defaults, Devices, Dumps, Fstab, Kernels, Savecore, Space, Units
from kdumpcheck.facts.contents import module
from kdumpcheck.facts.devices import is_persistent
from kdumpcheck.facts.fstab import Entry
from kdumpcheck.facts.lines import size, whole_number
from kdumpcheck.facts.space import INODES_OF_A_DUMP
from kdumpcheck.providers import Provider
from kdumpcheck.providers.capture_line import refused
from kdumpcheck.providers.saving_debian import level_of

OURS = ("kdump_tools",)
SOURCE = "Debian kdump-tools 1.8.1: kdump-config, /etc/init.d/kdump-tools, kdump-tools-dump.service"
RELOAD = "then systemctl restart kdump-tools.service, and see that /sys/kernel/kexec_crash_loaded is 1."
#: What kdump-config loads; other files may be good, but nobody has opened them.
KERNEL, INITRD = "/var/lib/kdump/vmlinuz", "/var/lib/kdump/initrd.img"
SAVES = "kdump-tools-dump.service"
#: File systems that are gone after the crash, or that the capture kernel cannot have.
IN_MEMORY = ("overlay", "tmpfs", "ramfs", "squashfs", "rootfs", "aufs")


@check(
    "savecore.settings",
    title="kdump-tools is switched on, and its settings make a dump on this node",
    instruction='In /etc/default/kdump-tools write USE_KDUMP=1, KDUMP_COREDIR="/var/crash", and MAKEDUMP_ARGS="-c -d '
    '31" or nothing; ' + RELOAD,
    source=SOURCE + "; makedumpfile(8)",
    providers=OURS,
    judges="node",
)
def test_settings_make_a_dump(defaults: Defaults) -> None:
    """They are read again in the capture kernel: with USE_KDUMP=0 what is loaded boots, saves nothing, and stays."""
    if defaults.riddles:
        could_not_look(f"only a shell could tell what /etc/default/kdump-tools means by: {defaults.riddles[0]}")
    settings = defaults.settings
    use = settings.get("USE_KDUMP", "")
    expect(whole_number(use), expected="USE_KDUMP is 1", found=f"USE_KDUMP is {use or 'empty or missing'}")
    remote = [name for name in ("NFS", "SSH", "FTP") if settings.get(name)]
    if remote:
        could_not_look(f"{remote[0]} is set: whether a dump reaches another machine after a crash cannot be told")
    words = settings.get("MAKEDUMP_ARGS", "").split() or ["-F", "-c", "-d", "31"]
    level = level_of(words)
    expect(
        level is not None and level <= 31,
        expected="makedumpfile -d with a level from 0 to 31",
        found=f"MAKEDUMP_ARGS is {' '.join(words)}",
    )
    options = settings.get("KDUMP_KEXEC_ARGS", "")
    if options not in {"", "-s", "-c", "-a", "--elf64-core-headers"}:
        could_not_look(f"KDUMP_KEXEC_ARGS is {options}: what kexec makes of it cannot be told")
    odd = [word for word in words if word not in {"-F", "-c", "-l", "-p", "-z", "-d", str(level), f"-d{level}"}]
    if odd:
        could_not_look(f"MAKEDUMP_ARGS has {odd[0]}: what makedumpfile makes of it cannot be told")


@check(
    "savecore.command",
    title="What is loaded will boot the node's root, and start what saves the dump",
    instruction="Leave KDUMP_CMDLINE and KDUMP_CMDLINE_APPEND unset in /etc/default/kdump-tools, or have root= and "
    "systemd.unit=kdump-tools-dump.service in them; " + RELOAD,
    source=SOURCE,
    providers=OURS,
    judges="node",
    follows=("service.loaded", "savecore.settings"),
)
def test_the_loaded_command_line_saves(
    defaults: Defaults, savecore: Savecore, devices: Devices, units: Units, kdump: Provider, kernels: Kernels
) -> None:
    """kdump-config writes down what it gave to kexec; the kernel itself does not tell it any more."""
    settings, loaded = defaults.settings, savecore.loaded
    for name, link in (("KDUMP_KERNEL", KERNEL), ("KDUMP_INITRD", INITRD)):
        if settings.get(name) != link:
            could_not_look(f"{name} is {settings.get(name) or 'not set'}: only what is loaded by {link} is looked at")
    if loaded is None:
        could_not_look(f"{savecore.coredir}/kexec_cmd is not there: what is loaded cannot be told")
    if (loaded.kernel, loaded.initrd) != (KERNEL, INITRD):
        could_not_look(f"{loaded.kernel} with {loaded.initrd or 'no initrd'} is loaded, which was not looked at")
    leads = savecore.links.get(INITRD, "")
    expect(
        leads == kdump.initrd(kernels.running),
        expected=f"{INITRD} leads to {kdump.initrd(kernels.running)}",
        found=f"it leads to {leads or 'nothing'}",
    )
    root = loaded.words.last("root")
    device = devices.resolve(root)
    expect(
        device and device == savecore.root,
        expected=f"root= names the node's root ({savecore.root or 'which is on no disk'})",
        found=f"root={root}, " + (f"which is {device}" if device else "and no device here has this name"),
    )
    unit = loaded.words.last("systemd.unit")
    loader = units.get(kdump.units[0])
    expect(
        unit == SAVES or (not unit and loader.enabled_state == "enabled"),
        expected=f"systemd.unit={SAVES}",
        found=f"systemd.unit={unit}" if unit else "no systemd.unit=",
    )
    prefer(unit, expected=f"systemd.unit={SAVES}, so that nothing else takes memory", found=unit or "all units start")
    prefer(is_persistent(root), expected="a name of the disk that stays", found=f"root={root}")


@check(
    "savecore.root",
    title="The initrd brings what mounts the node's root, and that root is on a disk",
    remedy="initrd.rebuild",
    instruction="A root in memory or on an overlay is not there after a crash: save to another machine, or install the "
    "node on a disk. For a missing driver: MODULES=most in /etc/initramfs-tools/initramfs.conf or its name in "
    "/etc/initramfs-tools/modules, kdump-config unload, rm /var/lib/kdump/initrd.img-$(uname -r), kdump-config load. "
    "For a refused one: take it out of module_blacklist=, then load anew.",
    source=SOURCE + "; initramfs-tools mkinitramfs(8) (MODULES=dep)",
    providers=OURS,
    judges="node",
    follows=("initrd.present", "initrd.readable", "initrd.kernel"),
)
def test_the_initrd_mounts_the_root(savecore: Savecore, contents: Contents, kernels: Kernels, kdump: Provider) -> None:
    """On an overlay kdump-tools builds no initrd: its unit is green then, and nothing is loaded."""
    root = savecore.mount_of("/")
    if root is None:
        could_not_look("/proc/self/mountinfo does not tell what / is")
    expect(
        root.fstype not in IN_MEMORY,
        expected="a root on a disk",
        found=f"{root.source}, which is {root.fstype}",
    )
    if not savecore.root:
        could_not_look(f"{root.source} is no disk that could be looked at")
    if trouble := savecore.obstacle(savecore.root):
        could_not_look(f"{trouble}: whether a capture kernel opens it without a person cannot be told")
    opened = contents.get(kdump.initrd(kernels.running)) or not_applicable("there is no initrd to open")
    there = opened.modules.get(kdump.capture_kernel(kernels), frozenset())
    missing = [name for name in savecore.drivers if module(name) not in there]
    expect(
        not missing,
        expected=f"{', '.join(savecore.drivers) or 'no driver: all of it is built in'}",
        found=f"without {', '.join(missing)}" if missing else "all of them",
    )
    lists = refused(savecore.loaded.words) if savecore.loaded is not None else frozenset[str]()
    out = [name for name in savecore.drivers if module(name) in lists]
    expect(
        not out,
        expected="none of them in module_blacklist= on the loaded command line",
        found=f"module_blacklist= keeps {', '.join(out)} out" if out else "none",
    )


@check(
    "savecore.programs",
    title="The programs that save the dump are in the node's root",
    instruction="apt-get install --reinstall kdump-tools makedumpfile kexec-tools (makedumpfile is recommended only); "
    "systemctl unmask kdump-tools-dump.service where it is masked.",
    source=SOURCE,
    providers=OURS,
    judges="node",
)
def test_the_programs_are_in_the_root(savecore: Savecore, defaults: Defaults) -> None:
    """Without makedumpfile an empty dump is saved and called whole: kdump-config asks the end of its pipe alone."""
    wanted = ["makedumpfile", "kdump-config", "/etc/init.d/kdump-tools"]
    missing = [name for name in wanted if name not in savecore.programs]
    expect(not missing, expected=", ".join(wanted), found=f"no {', no '.join(missing)}" if missing else "all of them")
    expect(savecore.unit == "loaded", expected=f"{SAVES} there", found=f"it is {savecore.unit or 'not there'}")
    prefer(
        "kexec" in savecore.programs,
        expected="kexec, to load anew",
        found="it is there" if "kexec" in savecore.programs else "no kexec",
    )
    compression = defaults.settings.get("KDUMP_COMPRESSION", "")
    prefer(
        not compression or compression in savecore.programs,
        expected="the program that KDUMP_COMPRESSION names",
        found=compression or "none is named",
    )


@check(
    "savecore.directory",
    title="The save directory is on a disk that the capture kernel mounts",
    instruction="Have KDUMP_COREDIR in /etc/default/kdump-tools on the root, or on a disk that /etc/fstab mounts at "
    "every boot (no noauto, no tmpfs).",
    source=SOURCE + "; systemd-fstab-generator(8)",
    providers=OURS,
    judges="node",
    follows=("savecore.root",),
)
def test_the_save_directory_is_on_a_disk(savecore: Savecore, fstab: Fstab, devices: Devices) -> None:
    """The capture kernel mounts what /etc/fstab names, and nothing that was mounted by hand."""
    place = savecore.mount_of(savecore.real)
    if place is None or not savecore.real:
        could_not_look(f"where {savecore.coredir} lies cannot be told")
    after = [entry for entry in fstab.entries if is_mounted(entry) and lies_under(savecore.real, entry.point)]
    last = max(after, key=lambda entry: len(entry.point), default=None)
    expect(
        place.fstype not in IN_MEMORY and (last is None or last.fstype not in IN_MEMORY),
        expected=f"{savecore.coredir} on a disk",
        found=f"it is on {place.fstype}, and /etc/fstab has {last.fstype if last else 'nothing'} there",
    )
    expect(
        place.point == (last.point if last else "/"),
        expected=f"{savecore.coredir} on the same disk after a boot",
        found=f"now on {place.point}, then on {last.point if last else '/'}",
    )
    if last is not None and place.point != "/":
        device = devices.resolve(last.device)
        expect(device, expected="a disk that is here", found=f"{last.device}, which is {device or 'no device here'}")
        if trouble := savecore.obstacle(device):
            could_not_look(f"{trouble}: whether a capture kernel opens it without a person cannot be told")


@check(
    "savecore.fstab",
    title="/etc/fstab lets the capture kernel write to the root, and stops it nowhere",
    instruction="In /etc/fstab have a line for / that is not mounted `ro`, and take out, or mark nofail, what names a "
    "disk that is not there.",
    source="systemd-remount-fs.service(8), systemd-fstab-generator(8), systemd.special(7) (local-fs.target)",
    providers=OURS,
    judges="node",
)
def test_fstab_lets_the_capture_kernel_write(savecore: Savecore, fstab: Fstab, devices: Devices, boot: Boot) -> None:
    """The root is mounted read-only first, and fstab has it written to: what changed since the boot shows only then."""
    words = (savecore.loaded.words if savecore.loaded is not None else boot.running).words
    modes = [word for word in words if word in {"ro", "rw"}]
    root = fstab.roots[-1] if fstab.roots else None
    remounted = root is not None and "ro" not in root.options
    expect(
        remounted or modes[-1:] == ["rw"],
        expected="a line for / that does not say ro",
        found=f"{root.device} {','.join(root.options)}" if root else "no line for /",
    )
    needed = [entry for entry in fstab.entries if is_mounted(entry) and "nofail" not in entry.options]
    lost = [entry for entry in needed if is_disk(entry.device) and not devices.resolve(entry.device)]
    expect(
        not lost,
        expected="disks that are here, or nofail",
        found=f"{lost[0].device} on {lost[0].point}: no device here has this name" if lost else f"{len(needed)} lines",
    )


@check(
    "savecore.space",
    title="The save directory has room for a dump",
    remedy="dumps.prune",
    instruction="Move dumps that are still needed to another machine and remove the others, or see what else fills the "
    "disk. KDUMP_NUM_DUMPS removes old dumps only after a new one was saved.",
    source=SOURCE + "; makedumpfile(8) -d",
    providers=OURS,
    judges="node",
    follows=("savecore.settings", "savecore.directory"),
)
def test_there_is_room_in_the_save_directory(space: Space, dumps: Dumps, defaults: Defaults) -> None:
    """It fails when even a fifth of what memory could give would not fit, and warns when not all of it would."""
    level = level_of(defaults.settings.get("MAKEDUMP_ARGS", "").split() or ["-d", "31"]) or 0
    need = space.needed({"KDUMP_DUMPLEVEL": str(level)})
    found = f"{size(space.free)} free in {dumps.shown}"
    expect(space.free >= need.least, expected=f"room for at least {size(need.least)} of dump", found=found)
    inodes = space.inodes
    expect(
        inodes is None or inodes >= INODES_OF_A_DUMP,
        expected=f"{INODES_OF_A_DUMP} free inodes",
        found="no limit" if inodes is None else f"{inodes} free",
    )
    prefer(space.free >= need.whole, expected=f"room for {size(need.whole)}, the most a dump could have", found=found)


@check(
    "savecore.retention",
    title="Earlier dumps are kept when kdump-tools saves a new one",
    instruction="In /etc/default/kdump-tools set KDUMP_NUM_DUMPS to how many are to be kept, the new one among them "
    "(5; 0 keeps all).",
    source=SOURCE,
    providers=OURS,
    judges="node",
    severity=Severity.WARN,
)
def test_kdump_tools_keeps_earlier_dumps(defaults: Defaults, kdump: Provider) -> None:
    """It deletes the oldest after it has saved: a node that crashes twice loses the dump that tells the cause."""
    if riddle := next((line for line in defaults.riddles if "KDUMP_NUM_DUMPS" in line), ""):
        could_not_look(f"only a shell could tell what /etc/default/kdump-tools means by: {riddle}")
    number = kdump.saving.kept(defaults.settings)
    written = defaults.settings.get("KDUMP_NUM_DUMPS", "") or "not set, which keeps all"
    expect(
        number is not None and number != 1,
        expected="KDUMP_NUM_DUMPS keeps some besides the new one, or all",
        found=f"KDUMP_NUM_DUMPS is {written}" + (": the new one alone is kept" if number == 1 else ""),
    )


@check(
    "savecore.hang",
    title="A capture kernel that fails restarts the node",
    instruction="Add panic=10 to KDUMP_CMDLINE_APPEND in /etc/default/kdump-tools (keep what it has by default), and "
    "leave KDUMP_FAIL_CMD unset or let it end in reboot -f; " + RELOAD,
    source=SOURCE + "; Linux Documentation/admin-guide/kernel-parameters.txt (panic); initramfs-tools(7)",
    providers=OURS,
    judges="node",
    severity=Severity.WARN,
    follows=("savecore.command",),
)
def test_a_failed_capture_restarts(savecore: Savecore, defaults: Defaults, boot: Boot) -> None:
    """kdump-tools adds no panic=: out of memory, or without its root, the capture kernel stops until it is reset."""
    words = savecore.loaded.words if savecore.loaded is not None else boot.running
    panic = words.last("panic")
    expect(panic not in {"", "0"}, expected="panic= with seconds", found=f"panic={panic}" if panic else "no panic=")
    command = defaults.settings.get("KDUMP_FAIL_CMD", "")
    expect("reboot" in command or not command, expected="KDUMP_FAIL_CMD reboots", found=command or "it is not set")


def is_mounted(entry: Entry) -> bool:
    """Whether a line of fstab is mounted at every boot."""
    return "noauto" not in entry.options and entry.fstype not in {"swap", "none"} and entry.point.startswith("/")


def is_disk(name: str) -> bool:
    """Whether a line of fstab names a disk, and no file system without one."""
    return name.startswith(("LABEL=", "UUID=", "PARTUUID=", "/dev/"))


def lies_under(path: str, point: str) -> bool:
    """Whether a path is a mount point, or below it."""
    stem = point.rstrip("/")
    return path == stem or path.startswith(stem + "/")
