# SPDX-License-Identifier: Apache-2.0
"""Host certificates (OpenSSH PROTOCOL.certkeys): who signed one, and whether it is for this host, now."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterable

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.hazmat.primitives.serialization.ssh import (
    SSHCertificate,
    SSHCertificateType,
    load_ssh_public_identity,
)

from kdumpcheck.transport.patterns import matches


class CertificateError(ValueError):
    """A host certificate cannot be trusted; the text is the reason, as part of a line."""


def load(kind: str, blob: bytes) -> SSHCertificate:
    """Read a certificate and check that its signer really signed it."""
    try:
        certificate = load_ssh_public_identity(f"{kind} {base64.b64encode(blob).decode()}".encode())
        if not isinstance(certificate, SSHCertificate):
            raise CertificateError("it is a plain key")
        certificate.verify_cert_signature()
    except InvalidSignature:
        raise CertificateError("its signature is wrong") from None
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise CertificateError(f"it cannot be read: {error}") from None
    return certificate


def authority(certificate: SSHCertificate) -> bytes:
    """The public key blob of the authority that signed it."""
    line = certificate.signature_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    return base64.b64decode(line.split()[1])


def is_for(text: str, key: bytes) -> bool:
    """True when a certificate (the text of its file) certifies this very public key."""
    try:
        certificate = load_ssh_public_identity(text.encode())
    except (ValueError, UnsupportedAlgorithm):
        return False
    if not isinstance(certificate, SSHCertificate):
        return False
    line = certificate.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    return base64.b64decode(line.split()[1]) == key


def check(certificate: SSHCertificate, names: Iterable[str], now: float | None = None) -> None:
    """Raise `CertificateError` unless it is a host certificate, valid now, for one of these names."""
    now = time.time() if now is None else now
    if certificate.type is not SSHCertificateType.HOST:
        raise CertificateError("it is a user's, not a host's")
    if not certificate.valid_after <= now < certificate.valid_before:
        raise CertificateError("it is not valid at this time")
    if certificate.critical_options:
        raise CertificateError("it has critical options")
    principals = [each.decode("utf-8", errors="backslashreplace") for each in certificate.valid_principals]
    if not any(matches(name, principals) for name in names):
        raise CertificateError(f"it is for {', '.join(principals[:5]) or 'no host'}")
