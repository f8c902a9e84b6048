# SPDX-License-Identifier: Apache-2.0
"""Does /etc/sysconfig/kdump say what will work after a crash?

What stands there is copied into the initrd when that is built; initrd.fresh says when the copy is older than the file.
"""

from __future__ import annotations

from collections.abc import Mapping

from kdumpcheck import Severity, check, expect, not_applicable, prefer
from kdumpcheck.facts import Boot, Contents, Kernels, Sysconfig
from kdumpcheck.facts.boot import Words
from kdumpcheck.facts.lines import whole_number
from kdumpcheck.providers import Provider
from kdumpcheck.providers.capture_line import capture_words, own_words
from kdumpcheck.providers.savedir import local_path, saves_nothing

RESTART = "then systemctl restart kdump.service, which builds the initrd anew and loads it."
IN_THE_IMAGE = (
    "The boot hook reads the image's copy (/run/rootfsbase/etc/sysconfig/kdump): a lasting change belongs into the "
    "image, with CFS or IMS, and into the node's /etc/sysconfig/kdump; "
)
SYSCONFIG = "openSUSE/kdump sysconfig.kdump.in, kdump(5)"
LINES = ("KDUMP_COMMANDLINE", "KDUMP_COMMANDLINE_APPEND")
YES = ("yes", "true", "on", "1")


@check(
    "config.savedir",
    title="Dumps are to go to a local directory that the boot hook can read, too",
    instruction='Write KDUMP_SAVEDIR="file:///crash" (kdump from 1.9 on: '
    '"file:///run/initramfs/overlayfs/var/crash"), with double quotes and file://; ' + IN_THE_IMAGE + RESTART,
    source="dracut-metal-mdsquash 90metalmdsquash/metal-kdump.sh (its grep for KDUMP_SAVEDIR); " + SYSCONFIG,
)
def test_dumps_go_to_a_local_directory(sysconfig: Sysconfig) -> None:
    """An NCN's capture kernel has no network; and the boot hook makes its link for the directory that it reads here."""
    written = sysconfig.live.get("KDUMP_SAVEDIR", "")
    expect(
        local_path(sysconfig.live),
        expected="KDUMP_SAVEDIR names a directory of this node",
        found=f"KDUMP_SAVEDIR is {written}" if written else "KDUMP_SAVEDIR is empty or missing",
    )
    for where, hooked in (("/etc/sysconfig/kdump", sysconfig.live_hook), ("the image's copy", sysconfig.image_hook)):
        if where.startswith("/etc") or sysconfig.image is not None:
            prefer(
                hooked,
                expected=f'KDUMP_SAVEDIR="file:///..." in {where}, so that the boot hook can read it',
                found=f"the boot hook reads {hooked}" if hooked else "the boot hook reads nothing there",
            )


@check(
    "config.image",
    title="The configuration on the node is that of its image",
    severity=Severity.WARN,
    instruction="Decide which of the two is meant. " + IN_THE_IMAGE + RESTART,
    source="dracut-metal-mdsquash 90metalmdsquash/metal-kdump.sh (reads /run/rootfsbase/etc/sysconfig/kdump)",
    judges="node",
)
def test_live_configuration_is_the_images(sysconfig: Sysconfig) -> None:
    """What was changed on the node alone is gone when it is rebuilt, and its boot hook knows nothing of it."""
    image = sysconfig.image
    if image is None:
        not_applicable("there is no /run/rootfsbase/etc/sysconfig/kdump: the node does not run from an image")
    names = sorted(name for name in {*sysconfig.live, *image} if sysconfig.live.get(name) != image.get(name))
    expect(
        not names,
        expected="the same settings in /etc/sysconfig/kdump and in the image",
        found=f"other values of {', '.join(names)}" if names else f"{len(image)} settings, all the same",
    )


@check(
    "config.append",
    title="module_blacklist= is a word of its own, so that it is obeyed",
    severity=Severity.WARN,
    remedy="config.repair",
    instruction="In KDUMP_COMMANDLINE_APPEND write one word module_blacklist=A,B,C with nothing in front of it "
    "(aesni_intel, br_netfilter, bridge, cxi_core, mlx5_core, mlx5_ib, qed, qede, qedf, qedi, sunrpc, xhci_hcd); "
    + RESTART,
    source="csm-hotfixes CASMTRIAGE-7232-kdump; metal-provision group_vars/all.yml; "
    "Linux Documentation/admin-guide/kernel-parameters.txt (module_blacklist)",
)
def test_modules_are_really_left_out(sysconfig: Sysconfig) -> None:
    """The hotfix of CASMTRIAGE-7232 puts names before the word; big network drivers then eat the small crash memory."""
    words = own_words(sysconfig.live)
    broken = [word for word in words.words if is_broken_list(word)]
    expect(
        not broken,
        expected="every word is a name, or a name=value",
        found=f"{broken[0]}: the kernel does not know this word, so it leaves no module out" if broken else "so it is",
    )
    lists = words.values("module_blacklist")
    # One in each of the two settings is meant so: the kernel obeys the last, which is the appended one.
    doubled = any(len(Words.of(sysconfig.live.get(name, "")).values("module_blacklist")) > 1 for name in LINES)
    expect(
        lists and lists[-1] and not doubled,
        expected="one module_blacklist= that names modules",
        found=f"{len(lists)} of them" if doubled or not lists else f"module_blacklist={lists[-1]}",
    )


@check(
    "config.hang",
    title="Nothing makes the capture kernel wait for a person",
    severity=Severity.WARN,
    instruction="Take rd.shell out of KDUMP_COMMANDLINE_APPEND and put rd.timeout=180 in (kdump before 1.9); "
    'KDUMP_IMMEDIATE_REBOOT="yes", KDUMP_CONTINUE_ON_ERROR="true"; ' + RESTART + " A node that hangs already: "
    "ipmitool power reset after 5 minutes without progress on its console.",
    source="openSUSE/kdump dracut/device-timeout-generator.c, dracut/kdump-save, commit 0d441d0; "
    "docs-csm background/ncn_kdump.md",
)
def test_capture_does_not_wait_for_a_person(sysconfig: Sysconfig, boot: Boot, kdump: Provider) -> None:
    """A capture kernel that waits keeps the node down until somebody resets it, and then there is no dump."""
    words = capture_words(sysconfig.live, boot.running)
    expect(
        not words.switched_on("rd.shell"),
        expected="no rd.shell: an error ends in a reboot",
        found="rd.shell: an error ends in a shell on the console" if words.switched_on("rd.shell") else "no rd.shell",
    )
    stop = next((word for word in words.words if word.partition("=")[0] == "rd.break"), "")
    expect(not stop, expected="no rd.break", found=f"{stop}: it stops in a shell and saves nothing" if stop else "none")
    if kdump.waits_for_ever:
        limit = words.last("rd.timeout")
        expect(
            whole_number(limit),
            expected="rd.timeout= with a number of seconds",
            found=f"rd.timeout={limit}" if limit else "no rd.timeout=: it waits for its disk for ever",
        )
    panic = words.last("panic")
    expect(panic != "0", expected="a panic ends in a reboot", found=f"panic={panic}" if panic else "kdump adds panic=1")
    for name, why in (
        ("KDUMP_IMMEDIATE_REBOOT", "when it has saved, it waits in a shell"),
        ("KDUMP_CONTINUE_ON_ERROR", "when anything fails, it waits in a shell"),
    ):
        # Both are on where the file does not say otherwise (kdumptool/define_opt.h).
        value = sysconfig.live.get(name) or "true"
        good = value.lower() in YES
        expect(good, expected=f"{name} is on", found=f"{name} is {value}" + ("" if good else f": {why}"))


@check(
    "config.format",
    title="The dump's format and level make a dump",
    instruction='Set KDUMP_DUMPFORMAT="compressed" and KDUMP_DUMPLEVEL="31"; ' + RESTART + " A flattened ELF dump "
    "that is there already becomes a plain one by makedumpfile -R plain <vmcore.",
    source=SYSCONFIG
    + ' ("none": Don\'t use that option); makedumpfile(8) -d, -F; crash 8.0.2 and 8.0.6, tried on real '
    "dumps",
)
def test_format_and_level_make_a_dump(sysconfig: Sysconfig, kdump: Provider) -> None:
    """Of a level above 31 nothing is made, or (from 1.9 on) a dump of all memory, which fits on no ROOTRAID.

    Every dump is flattened from 1.9 on, and a flattened ELF is the one that crash(8) refuses.
    """
    problem = saves_nothing(sysconfig.live)
    form, level = sysconfig.live.get("KDUMP_DUMPFORMAT") or "compressed", sysconfig.live.get("KDUMP_DUMPLEVEL") or "0"
    expect(
        not problem,
        expected="a format that saves memory, and KDUMP_DUMPLEVEL from 0 to 31",
        found=problem or f"{form}, KDUMP_DUMPLEVEL {level}",
    )
    prefer(
        form in kdump.dump_formats,
        expected=f"one of {', '.join(kdump.dump_formats)}: crash(8) opens what they leave as it is",
        found=form,
    )


@check(
    "config.programs",
    title="Programs that are to run after the crash are there then",
    severity=Severity.WARN,
    instruction="Name what KDUMP_PRESCRIPT and KDUMP_POSTSCRIPT call in KDUMP_REQUIRED_PROGRAMS, too, or empty the "
    "settings (an NCN needs none of them since CSM 1.3); empty KDUMP_TRANSFER; " + RESTART,
    source=SYSCONFIG,
    follows=("initrd.present", "initrd.readable"),
)
def test_programs_are_in_the_initrd(
    sysconfig: Sysconfig, contents: Contents, kernels: Kernels, kdump: Provider
) -> None:
    """KDUMP_TRANSFER replaces all that saves a dump: what it does, nobody can tell before the crash."""
    transfer = sysconfig.live.get("KDUMP_TRANSFER", "")
    expect(not transfer, expected="KDUMP_TRANSFER empty: kdump itself saves", found=transfer or "it is empty")
    programs = programs_named(sysconfig.live)
    if programs:
        opened = contents.get(kdump.initrd(kernels.running))
        missing = [name for name in programs if opened is None or not opened.has(name.rsplit("/", 1)[-1])]
        expect(
            not missing,
            expected=f"{', '.join(programs)} in the initrd",
            found=f"{', '.join(missing)} not there" if missing else "there",
        )


def is_broken_list(word: str) -> bool:
    """True for a list that belongs behind a name= and stands before it or alone ("qed,qede,module_blacklist=...")."""
    return "," in word.partition("=")[0] or ("module_blacklist=" in word and not word.startswith("module_blacklist="))


def programs_named(settings: Mapping[str, str]) -> tuple[str, ...]:
    """The programs that the configuration says will run in the capture kernel."""
    scripts = [settings.get(name, "").split()[:1] for name in ("KDUMP_PRESCRIPT", "KDUMP_POSTSCRIPT")]
    required = settings.get("KDUMP_REQUIRED_PROGRAMS", "").split()
    return tuple(dict.fromkeys([*(word for words in scripts for word in words), *required]))
