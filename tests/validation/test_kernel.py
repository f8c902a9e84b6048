# SPDX-License-Identifier: Apache-2.0
"""Is the kernel that runs the one everybody means, and may it hand over to another one?"""

from __future__ import annotations

from kdumpcheck import Severity, check, expect, not_applicable
from kdumpcheck.facts import Images, Kernels, Packages, Security, Sysctls
from kdumpcheck.facts.kernels import release_of


@check(
    "kernel.kver",
    title="The vendor's scripts mean the kernel that runs",
    severity=Severity.WARN,
    instruction="A kernel was updated and the node not rebooted, or two are installed: reboot, or remove the one "
    "not used. Until then take `uname -r` where documents say ${KVER}.",
    source="metal-provision roles/node_images/files/scripts/common/dracut-lib.sh",
)
def test_kver_is_the_running_kernel(kernels: Kernels) -> None:
    """The vendor's procedures build the initrd for ${KVER}; when that is another kernel, they build the wrong one."""
    if kernels.kver is None:
        not_applicable("the node has no /srv/cray/scripts/common/dracut-lib.sh")
    expect(
        kernels.kver == kernels.running,
        expected=f"KVER is {kernels.running}",
        found=f"KVER is {kernels.kver or 'empty'}",
    )


@check(
    "kernel.rebooted",
    title="The kernel that runs is the only one installed",
    severity=Severity.WARN,
    instruction="Reboot the node into the kernel that is meant, and remove the other (zypper remove, or the files "
    "that a removed package left in /boot). Until then the initrd may be built for the wrong one.",
    source="metal-provision roles/node_images_ncn/files/tests/common/ncn-common-tests.yml (one kernel-default); "
    "dracut-metal-mdsquash 90metalmdsquash/metal-kdump.sh (goes by the link /boot/vmlinuz)",
)
def test_the_running_kernel_is_the_only_one(images: Images, kernels: Kernels, packages: Packages) -> None:
    """With two, the vendor's scripts, the boot hook and kdump may each mean another one."""
    others = sorted({release for release in images.kernels if release != kernels.running})
    expect(
        not others,
        expected=f"{kernels.running} alone in /boot",
        found=f"{', '.join(others)} as well" if others else "no other",
    )
    versions = packages.rpm.get("kernel-default", ())
    expect(
        len(versions) < 2,
        expected="at most one package kernel-default",
        found=", ".join(versions) or "none",
    )
    default = release_of(kernels.links.get("/boot/vmlinuz", ""))
    expect(
        default in {"", kernels.running},
        expected="/boot/vmlinuz leads to the running kernel",
        found=f"it leads to {default}" if default else "there is no such link to go by",
    )


@check(
    "kernel.debuginfo",
    title="Debug information that is installed is that of the kernel",
    severity=Severity.WARN,
    instruction="Install the kernel-default-debuginfo of exactly the installed kernel (zypper install "
    "kernel-default-debuginfo=VERSION), or remove the old one and fetch the right one where the dump is read.",
    source="docs-csm background/ncn_kdump.md (debuginfo for crash); crash(8)",
)
def test_debuginfo_is_the_kernels(packages: Packages) -> None:
    """With that of another kernel, crash reads no dump of this one. A node without any is none the worse for it."""
    found, kernels = (packages.rpm.get(name, ()) for name in ("kernel-default-debuginfo", "kernel-default"))
    expect(
        set(found) <= set(kernels),
        expected=f"debuginfo of {', '.join(kernels) or 'an installed kernel'}, or none",
        found=", ".join(found) or "none",
    )


@check(
    "kernel.kexec",
    title="The kernel lets another capture kernel be loaded",
    severity=Severity.WARN,
    remedy="node.reboot",
    instruction="Both are undone by a reboot only: take kernel.kexec_load_disabled=1 out of /etc/sysctl.d, and "
    "lockdown= off the kernel command line or switch Secure Boot off, then reboot.",
    source="Linux Documentation/admin-guide/sysctl/kernel.rst (kexec_load_disabled); kernel_lockdown(7)",
)
def test_a_capture_kernel_can_be_loaded(security: Security) -> None:
    """What is loaded stays loaded; but after a change of the configuration nothing new can be."""
    expect(
        not security.kexec_disabled,
        expected="kernel.kexec_load_disabled is 0",
        found=f"it is {int(security.kexec_disabled)}",
    )
    expect(
        security.lockdown in {"", "none"},
        expected="no lockdown, under which only signed kernels can be loaded",
        found=f"lockdown is {security.lockdown or 'not in this kernel'}",
    )


@check(
    "kernel.sysctls",
    title="A fault of the kernel is a crash, and a warning is none",
    severity=Severity.WARN,
    instruction="sysctl -w kernel.panic_on_oops=1 kernel.panic_on_warn=0, and the same in /etc/sysctl.d; take "
    "panic_on_warn and crash_kexec_post_notifiers off the kernel command line.",
    source="openSUSE/kdump init/load.sh (sets panic_on_oops), bsc#1247355 (panic_on_warn); "
    "Linux Documentation/admin-guide/kernel-parameters.txt (crash_kexec_post_notifiers)",
    follows=("service.active", "service.loaded"),
)
def test_faults_become_crashes(sysctls: Sysctls) -> None:
    """The capture kernel inherits panic_on_warn, and then dies of the first warning itself."""
    expect(
        sysctls.panic_on_oops,
        expected="kernel.panic_on_oops is 1",
        found=f"it is {sysctls.panic_on_oops}: an oops leaves a damaged kernel running, and no dump"
        if not sysctls.panic_on_oops
        else f"it is {sysctls.panic_on_oops}",
    )
    expect(
        not sysctls.panic_on_warn,
        expected="kernel.panic_on_warn is 0",
        found=f"it is {sysctls.panic_on_warn}",
    )
    expect(
        not sysctls.notifiers_first,
        expected="no crash_kexec_post_notifiers",
        found="it is on: drivers of the crashed kernel run before the capture kernel"
        if sysctls.notifiers_first
        else "it is off",
    )


@check(
    "kernel.selinux",
    title="SELinux does not stand in the way of kdump",
    severity=Severity.WARN,
    instruction="NCNs run without SELinux: put selinux=0 on the kernel command line, or look for denials "
    "(ausearch -m avc -ts boot -c kexec) and prove by a test crash that a dump is saved.",
    source="bsc#1213721; metal-provision group_vars/all.yml (selinux=0 for the capture kernel)",
)
def test_selinux_does_not_enforce(security: Security) -> None:
    """It was seen to deny kexec, and the writing of initrd and dump."""
    expect(
        not security.enforcing,
        expected="SELinux off or permissive",
        found="it enforces" if security.enforcing else "it does not enforce",
    )
