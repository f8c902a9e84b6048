# SPDX-License-Identifier: Apache-2.0
"""Redfish: the emulator of sushy-tools, and a stand-in for what that cannot be (a BMC that knows Nmi, or hangs)."""

from __future__ import annotations

import base64
import datetime as dt
import http.server
import ipaddress
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import bcrypt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from selftest.net.faults import FOREVER, until
from selftest.net.ports import reserve
from selftest.net.power.ipmi_sim import ADDRESS, CANARY, USER
from sushy_tools.emulator.memoize import PersistentDict


@dataclass(frozen=True)
class Certificate:
    """A self-signed certificate for our address, as most BMCs have one."""

    path: Path
    key: Path
    sha256: str

    @classmethod
    def make(cls, root: Path) -> Certificate:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "bmc")])
        now = dt.datetime.now(dt.UTC)
        made = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=1))
            .not_valid_after(now + dt.timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(ADDRESS))]), critical=False)
            .sign(key, hashes.SHA256())
        )
        certificate, private = root / "bmc.pem", root / "bmc.key"
        certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
        plain = serialization.NoEncryption()
        private.write_bytes(
            key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, plain)
        )
        return cls(certificate, private, made.fingerprint(hashes.SHA256()).hex(":"))


@dataclass(frozen=True)
class Emulator:
    """A running emulator of sushy-tools: where it answers, and the directory where it keeps its state."""

    bmc: str
    state: Path

    def system(self) -> tuple[str, str | None]:
        """Its system's power, and the state that this is going to; reading it here moves neither, as asking it does."""
        systems = PersistentDict()
        systems.make_permanent(str(self.state), "fakedriver")
        [system] = systems.values()
        return system["power_state"], (system.get("pending_power") or {}).get("power_state")


@contextmanager
def sushy(root: Path, certificate: Certificate) -> Iterator[Emulator]:
    """The Redfish emulator of sushy-tools with one system that is off."""
    port = free_tcp_port()
    users = root / "htpasswd"
    users.write_text(f"{USER}:{bcrypt.hashpw(CANARY.encode(), bcrypt.gensalt(4)).decode()}\n")
    config = root / "sushy.conf"
    state = root / "state"
    state.mkdir()
    settings = {"AUTH_FILE": str(users), "STATE_DIR": str(state), "FAKE_DRIVER": True}
    config.write_text("".join(f"SUSHY_EMULATOR_{name} = {value!r}\n" for name, value in settings.items()))
    argv = [sys.executable, "-m", "sushy_tools.emulator.main", "--config", str(config), "--fake"]
    argv += ["--interface", ADDRESS, "--port", str(port)]
    argv += ["--ssl-certificate", str(certificate.path), "--ssl-key", str(certificate.key)]
    with (root / "log").open("wb") as log:
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
    try:
        until(lambda: accepts(port), f"sushy-tools listens; {(root / 'log').read_text()}")
        yield Emulator(f"redfish://{ADDRESS}:{port}", state)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@dataclass
class StandIn:
    """What the stand-in is like, and what it was told."""

    hangs: bool = False
    """takes a reset, and never answers"""
    status: int = 204
    target: str = "/redfish/v1/Systems/1/Actions/ComputerSystem.Reset"
    pressed: list[str] = field(default_factory=list)
    credentials: set[str] = field(default_factory=set)


@contextmanager
def stand_in(certificate: Certificate, like: StandIn) -> Iterator[str]:
    """A few paths of Redfish over HTTPS, standing in for a BMC that knows every ResetType; where it answers."""
    over = threading.Event()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            like.credentials.add(self.headers["Authorization"])
            if self.path == "/redfish/v1/Systems":
                self._answer(200, {"Members": [{"@odata.id": "/redfish/v1/Systems/1"}]})
            else:
                actions = {"#ComputerSystem.Reset": {"target": like.target}}
                self._answer(200, {"PowerState": "On", "Actions": actions})

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            like.pressed.append(body["ResetType"])
            if like.hangs:
                over.wait(FOREVER)
            else:
                self._answer(like.status, {"error": {"message": "a reason"}} if like.status >= 400 else None)

        def _answer(self, status: int, document: object) -> None:
            body = json.dumps(document).encode() if document else b""
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            if status == 307:
                self.send_header("Location", "https://elsewhere.invalid/")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer((ADDRESS, 0), Handler)
    server.daemon_threads = True
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.path, certificate.key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"redfish://{ADDRESS}:{server.server_address[1]}"
    finally:
        over.set()
        server.shutdown()
        server.server_close()


def basic(user: str, password: str) -> str:
    return f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"


def free_tcp_port() -> int:
    return reserve(ADDRESS)


def accepts(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((ADDRESS, port)) == 0
