# SPDX-License-Identifier: Apache-2.0
"""An errand to a BMC over Redfish (DMTF DSP0266), in plain HTTPS: a program of its own, run by `worker.run`.

pyghmi has a Redfish client, too. It knows neither Nmi nor PowerCycle, leaves a session open on the BMC each time it is
used, sends a refused request again, and checks a certificate by name or not at all; four requests do all of it here.

This is run as a plain file: nothing of kdumpcheck is loaded here.
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import os
import socket
import ssl
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, NoReturn

Say = Callable[..., None]

RESET_TYPE: Final = {"on": "On", "off": "ForceOff", "cycle": "PowerCycle", "reset": "ForceRestart", "nmi": "Nmi"}
SYSTEMS: Final = "/redfish/v1/Systems"

_LIMIT: Final = 1024 * 1024
_BETWEEN_LOOKS: Final = 1.0
_SHOWN: Final = 200


class Trouble(Exception):
    """The errand ends here; a kind and a text for the parent."""

    def __init__(self, kind: str, text: str = "") -> None:
        super().__init__(text)
        self.kind = kind
        self.text = text


class Errand:
    """One order, carried out within its time."""

    def __init__(self, order: Mapping[str, Any], say: Say) -> None:
        self._order = order
        self._say = say
        self._end = time.monotonic() + float(order["seconds"])
        self._parent = os.getppid()
        credentials = f"{order['user']}:{order['password']}".encode()
        self._headers = {
            "Accept": "application/json",
            "Authorization": f"Basic {base64.b64encode(credentials).decode()}",
            "OData-Version": "4.0",
        }

    def run(self) -> Literal["on", "off"] | None:
        """Find the one system of this BMC and do it; the power state, where the action tells."""
        action = self._order["action"]
        path = self._system_path()
        system = self._get(path)
        if action == "status":
            return self._state(system)
        if action == "on" and self._state(system) == "on":
            return "on"
        self._press(system, RESET_TYPE[action])
        if action not in ("on", "off"):
            return None
        while (state := self._state(self._get(path))) != action:
            time.sleep(_BETWEEN_LOOKS)  # a BMC tells of no change by itself; the caller's deadline ends this
        return state

    def _system_path(self) -> str:
        members = self._get(SYSTEMS).get("Members")
        paths = [each.get("@odata.id") for each in members or [] if isinstance(each, dict)]
        paths = [path for path in paths if _is_path(path)]
        if len(paths) != 1:
            raise Trouble("protocol", f"it names {len(paths)} systems, not one")
        return str(paths[0])

    def _state(self, system: Mapping[str, Any]) -> Literal["on", "off"]:
        state = system.get("PowerState")
        # On the way is not there yet.
        if state in ("On", "PoweringOff"):
            return "on"
        if state in ("Off", "PoweringOn"):
            return "off"
        raise Trouble("rejected", f"it calls its power state {str(state)[:_SHOWN]!a}")

    def _press(self, system: Mapping[str, Any], reset_type: str) -> None:
        actions = system.get("Actions")
        reset = actions.get("#ComputerSystem.Reset") if isinstance(actions, dict) else None
        if not isinstance(reset, dict) or not _is_path(reset.get("target")):
            raise Trouble("unsupported", "it offers no reset at all")
        known = reset.get("ResetType@Redfish.AllowableValues")
        if isinstance(known, list) and reset_type not in known:
            raise Trouble("unsupported", f"it offers {', '.join(map(str, known))}"[:_SHOWN])
        if os.getppid() != self._parent:
            raise Trouble("unconfirmed", "nobody waits for this any more")
        self._say(sent=True)
        self._ask("POST", str(reset["target"]), {"ResetType": reset_type})

    def _get(self, path: str) -> dict[str, Any]:
        answer = self._ask("GET", path)
        try:
            document = json.loads(answer)
        except (ValueError, RecursionError):
            document = None
        if not isinstance(document, dict):
            raise Trouble("protocol", f"{path} is no JSON object")
        return document

    def _ask(self, method: str, path: str, body: Mapping[str, str] | None = None) -> bytes:
        """One request, on a connection of its own, that is never sent again."""
        connection = self._connection()
        try:
            headers = self._headers | ({"Content-Type": "application/json"} if body else {})
            connection.request(method, path, json.dumps(body) if body else None, headers)
            response = connection.getresponse()
            answer = response.read(_LIMIT)
        except TimeoutError:
            raise Trouble("silent") from None
        except (OSError, http.client.HTTPException) as error:
            raise Trouble("protocol", type(error).__name__) from None
        finally:
            connection.close()
        _judge(response.status, answer, asking=method == "GET")
        return answer

    def _connection(self) -> http.client.HTTPSConnection:
        host, port, pin = self._order["host"], self._order["port"], self._order["certificate"]
        context = _context(self._order["ca"], pinned=bool(pin))
        connection = http.client.HTTPSConnection(host, port, timeout=self._left(), context=context)
        try:
            connection.connect()
        except socket.gaierror as error:
            raise Trouble("resolve", str(error.strerror)) from None
        except ConnectionRefusedError:
            raise Trouble("refused") from None
        except ssl.SSLCertVerificationError as error:
            raise Trouble("certificate", f"{error.verify_message}; {self._fingerprint(host, port)}") from None
        except ssl.SSLError as error:
            raise Trouble("protocol", f"no TLS: {error.reason}") from None
        except OSError as error:
            raise Trouble("silent", error.strerror or "") from None
        if pin and _digest(connection) != pin:
            found = _digest(connection)
            connection.close()
            raise Trouble("certificate", f"it is another one than you named: sha256 {found}")
        return connection

    def _fingerprint(self, host: str, port: int) -> str:
        """What a person can compare; nothing is sent to a peer that is not trusted."""
        connection = http.client.HTTPSConnection(host, port, timeout=self._left(), context=_context(None, pinned=True))
        try:
            connection.connect()
            return f"if sha256 {_digest(connection)} is what the BMC itself shows, name it with --certificate"
        except OSError:
            return "name its authority with --ca"
        finally:
            connection.close()

    def _left(self) -> float:
        left = self._end - time.monotonic()
        if left <= 0:
            raise Trouble("silent")
        return left


def _judge(status: int, answer: bytes, *, asking: bool) -> None:
    if http.client.OK <= status < http.client.MULTIPLE_CHOICES:
        return
    if status in (http.client.UNAUTHORIZED, http.client.FORBIDDEN):
        raise Trouble("auth", f"HTTP {status}")
    said = f"HTTP {status}{_message(answer)}"
    if status == http.client.SERVICE_UNAVAILABLE:
        raise Trouble("locked", said)
    if status < http.client.INTERNAL_SERVER_ERROR and not asking:
        raise Trouble("rejected", said)
    raise Trouble("protocol", said)


def _message(answer: bytes) -> str:
    """What the BMC says of an error (DSP0266, extended information), or nothing."""
    try:
        error = json.loads(answer)["error"]
        said = (error.get("@Message.ExtendedInfo") or [error])[0]
        return f": {str(said.get('Message') or said.get('message'))[:_SHOWN]}"
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError):
        return ""


def _context(ca: str | None, *, pinned: bool) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=ca)
    except OSError as error:
        raise Trouble("config", f"--ca {ca}: {error.strerror or 'no certificates in it'}") from None
    if pinned:
        # The whole certificate is compared after the handshake, and before a word is said.
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _digest(connection: http.client.HTTPSConnection) -> str:
    sock = connection.sock
    der = sock.getpeercert(binary_form=True) if isinstance(sock, ssl.SSLSocket) else None
    return hashlib.sha256(der or b"").hexdigest()


def _is_path(value: object) -> bool:
    # Never a whole URL: the password goes to the BMC that was asked, and nowhere else.
    return isinstance(value, str) and value.startswith("/") and value.isascii() and value.isprintable()


def main() -> NoReturn:
    """Read the order, do it, and tell the parent what came of it."""

    def say(**said: object) -> None:
        os.write(1, json.dumps(said).encode() + b"\n")

    try:
        say(state=Errand(json.loads(sys.stdin.readline()), say).run())
    except Trouble as trouble:
        say(error=trouble.kind, text=trouble.text)
    except Exception as error:  # noqa: BLE001 - fed by a stranger; the text might hold anything
        say(error="protocol", text=type(error).__name__)
    os._exit(0)


if __name__ == "__main__":
    main()
