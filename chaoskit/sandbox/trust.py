"""The throw-away authority in every form in which a program keeps the certificates that it trusts.

Environment variables reach most programs (``environment.py``). For the others the system's bundle, as seen in the sandbox, has the
authority too; the file of the host is not touched. Java reads neither, so it gets a key store.
"""

from __future__ import annotations

import base64
import hashlib
import struct
from pathlib import Path

SYSTEM_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Ubuntu, Alpine, Arch
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  # Fedora, RHEL
    "/etc/ssl/ca-bundle.pem",  # SUSE
    "/etc/ssl/cert.pem",  # Alpine, macOS's OpenSSL
)
"""Where systems keep the certificates that they trust (Go's ``crypto/x509/root_linux.go`` has the same list)."""

JAVA_STORE = "trust.jks"
JAVA_PASSWORD = "changeit"  # noqa: S105 - the JDK's own, known to everybody: it protects nothing

_JKS_MAGIC, _JKS_VERSION, _TRUSTED_CERTIFICATE = 0xFEEDFEED, 2, 2
_JKS_WHITENER = b"Mighty Aphrodite"


def certificates(pem: str) -> list[bytes]:
    """The DER of every certificate in a PEM file (RFC 7468)."""
    parts = pem.split("-----BEGIN CERTIFICATE-----")[1:]
    return [base64.b64decode("".join(part.partition("-----END")[0].split())) for part in parts]


def java_store(ders: list[bytes]) -> bytes:
    """A key store of trusted certificates in the format JKS, which every Java reads, also without being told the password.

    The format is that of OpenJDK's ``sun.security.provider.JavaKeyStore``: big-endian, ended by the SHA-1 of the password (UTF-16), a
    constant, and all that stands before.
    """
    body = struct.pack(">III", _JKS_MAGIC, _JKS_VERSION, len(ders))
    for number, der in enumerate(ders, 1):
        body += struct.pack(">I", _TRUSTED_CERTIFICATE) + _text(f"chaoskit-{number}")
        body += struct.pack(">Q", 0) + _text("X.509") + struct.pack(">I", len(der)) + der
    seal = hashlib.sha1(JAVA_PASSWORD.encode("utf-16-be") + _JKS_WHITENER + body)  # noqa: S324 - the format's own
    return body + seal.digest()


def _text(text: str) -> bytes:
    return struct.pack(">H", len(text)) + text.encode()


def publish_trust(authority: Path) -> tuple[tuple[str, str], ...]:
    """Write the other forms of the PEM file ``authority`` beside it; returns what to mount: (source, target).

    A system bundle that cannot be read is left as it is.
    """
    pem = authority.read_text()
    (authority.parent / JAVA_STORE).write_bytes(java_store(certificates(pem)))
    binds = []
    for number, bundle in enumerate({Path(name).resolve() for name in SYSTEM_BUNDLES if Path(name).is_file()}):
        source = authority.parent / f"bundle-{number}.pem"
        try:
            source.write_bytes(bundle.read_bytes().rstrip() + b"\n" + pem.encode())
        except OSError:
            continue
        binds.append((str(source), str(bundle)))
    return tuple(binds)
