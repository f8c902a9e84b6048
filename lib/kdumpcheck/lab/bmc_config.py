# SPDX-License-Identifier: Apache-2.0
"""The two files one ipmi_sim reads to be the BMC of every node (ipmi_lan(5), ipmi_sim_cmd(5))."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

# Each BMC is a management controller with an IPMB address of its own; these are the ones that fit into a byte.
_FIRST_MC: Final = 0x20

_LAN: Final = """\
set_working_mc {mc:#x}
  startlan 1
    addr {address} {port}
    priv_limit admin
    allowed_auths_callback none md2 md5 straight
    allowed_auths_user none md2 md5 straight
    allowed_auths_operator none md2 md5 straight
    allowed_auths_admin none md2 md5 straight
    guid a123456789abcdefa1234567{mc:08x}
  endlan
  chassis_control "{chassis}"
{sol}\
  user 2 true "{user}" "{password}" admin 10 md5
"""
_SOL: Final = '  sol "tcp:{console}" 115200 history=16384\n'
# Numbers must be written in C style here: ipmi_sim stops reading at the first that is not, without a word.
_CONTROLLER: Final = """\
mc_add {mc:#x} 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02
sel_enable {mc:#x} 1000 0x0a
mc_enable {mc:#x}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bmc:
    """One node's BMC."""

    index: int
    """the node's place, from 1"""
    address: str
    port: int
    console: str | None
    """host:port of the node's serial console, None when it has none"""
    chassis: tuple[str, ...]
    """command line that is asked about, and told, the power state"""


def lan_config(bmcs: Iterable[Bmc], user: str, password: str) -> str:
    """The file that says where each BMC listens, who may log in and what its power button does."""
    return 'name "kdumpcheck-lab"\n' + "".join(_lan(bmc, user, password) for bmc in bmcs)


def emulator_commands(bmcs: Iterable[Bmc]) -> str:
    """The file that makes the management controllers."""
    controllers = "".join(_CONTROLLER.format(mc=_mc(bmc)) for bmc in bmcs)
    return f"mc_setbmc {_FIRST_MC:#x}\n{controllers}"


def _lan(bmc: Bmc, user: str, password: str) -> str:
    return _LAN.format(
        mc=_mc(bmc),
        address=bmc.address,
        port=bmc.port,
        # ipmi_sim reads a C string and hands it to a shell.
        chassis=shlex.join(bmc.chassis).replace("\\", "\\\\").replace('"', '\\"'),
        sol=_SOL.format(console=bmc.console) if bmc.console else "",
        user=user,
        password=password,
    )


def _mc(bmc: Bmc) -> int:
    return _FIRST_MC + bmc.index - 1
