"""The throw-away authority in every form in which a program keeps the certificates that it trusts.

Environment variables reach most programs (``environment.py``). For the others the system's bundle, as seen in the sandbox, has the
authority too; the file of the host is not touched. Java reads neither, so it gets a key store.
"""

from __future__ import annotations

from pathlib import Path

SYSTEM_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Ubuntu, Alpine, Arch
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  # Fedora, RHEL
    "/etc/ssl/ca-bundle.pem",  # SUSE
    "/etc/ssl/cert.pem",  # Alpine, macOS's OpenSSL
)
"""Where systems keep the certificates that they trust (Go's ``crypto/x509/root_linux.go`` has the same list)."""

JAVA_STORE = "trust.p12"
JAVA_PASSWORD = "changeit"  # noqa: S105 - the JDK's own, known to everybody: it protects nothing


def java_store(pem: bytes) -> bytes:
    """The certificates of a PEM file as a Java trust store (PKCS#12, the JDK's own default since JEP 229)."""
    from cryptography.hazmat.primitives.serialization import BestAvailableEncryption
    from cryptography.hazmat.primitives.serialization.pkcs12 import PKCS12Certificate, serialize_java_truststore
    from cryptography.x509 import load_pem_x509_certificates

    certificates = load_pem_x509_certificates(pem)
    named = [PKCS12Certificate(certificate, f"chaoskit-{n}".encode()) for n, certificate in enumerate(certificates, 1)]
    return serialize_java_truststore(named, BestAvailableEncryption(JAVA_PASSWORD.encode()))


def publish_trust(authority: Path) -> tuple[tuple[str, str], ...]:
    """Write the other forms of the PEM file ``authority`` beside it; returns what to mount: (source, target).

    A system bundle that cannot be read is left as it is.
    """
    pem = authority.read_text()
    (authority.parent / JAVA_STORE).write_bytes(java_store(pem.encode()))
    binds = []
    for number, bundle in enumerate({Path(name).resolve() for name in SYSTEM_BUNDLES if Path(name).is_file()}):
        source = authority.parent / f"bundle-{number}.pem"
        try:
            source.write_bytes(bundle.read_bytes().rstrip() + b"\n" + pem.encode())
        except OSError:
            continue
        binds.append((str(source), str(bundle)))
    return tuple(binds)
