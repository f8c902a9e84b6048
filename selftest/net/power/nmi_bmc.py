# SPDX-License-Identifier: Apache-2.0
"""A BMC that knows NMI, which ipmi_sim does not: pyghmi's own, run as a program. Arguments: PORT PASSWORD-FILE LOG.

pyghmi's server knows SHA-1 (cipher suite 3) alone, and does not say so; here it refuses suite 17 as a BMC does.
"""

from __future__ import annotations

import sys
from pathlib import Path

from pyghmi.ipmi import bmc
from pyghmi.ipmi.private import serversession

_SHA256 = 3
_NO_SUITE = 0x11


class NmiBmc(bmc.Bmc):  # type: ignore[misc] # the library has no types
    """Writes down each press."""

    log = Path()

    def get_power_state(self) -> int:
        return 1

    def pulse_diag(self) -> None:
        with self.log.open("a") as log:
            log.write("nmi\n")


class Sha1Session(serversession.ServerSession):  # type: ignore[misc] # as above
    def create_open_session_response(self, request: bytes) -> bytearray:
        if bytes(request)[12] == _SHA256:
            return bytearray([request[0], _NO_SUITE, 0, 0]) + bytes(request)[4:8]
        return bytearray(super().create_open_session_response(request))


def main() -> None:
    port, password, log = sys.argv[1:]
    serversession.ServerSession = Sha1Session
    NmiBmc.log = Path(log)
    server = NmiBmc({"root": Path(password).read_text().strip()}, port=int(port), address="127.0.0.9")
    server.listen()


if __name__ == "__main__":
    main()
