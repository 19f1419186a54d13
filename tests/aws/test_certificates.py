"""The throw-away CA."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Container
from pathlib import Path

import pytest

from chaoskit.aws.certificates import Authority


def shake_hands(authority: Authority, trusted: str, name: str, more: Container[str] = ()) -> None:
    """A TLS handshake in memory, by a client that trusts the file ``trusted`` and wants ``name``."""
    import socket

    server_context = authority.server_context(
        ["*.amazonaws.com", "dynamodb.us-east-1.amazonaws.com", "127.0.0.1"], more
    )
    client_context = ssl.create_default_context(cafile=trusted)
    near, far = socket.socketpair()

    def serve() -> None:
        try:
            server_context.wrap_socket(far, server_side=True).close()
        except ssl.SSLError:
            far.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with client_context.wrap_socket(near, server_hostname=name):
            pass
    finally:
        near.close()
        thread.join()


def test_clients_that_trust_the_file_trust_its_names(tmp_path: Path) -> None:
    authority = Authority()
    path = authority.publish(tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["ca.pem"]
    for name in ("dynamodb.us-east-1.amazonaws.com", "sts.amazonaws.com", "127.0.0.1"):
        shake_hands(authority, str(path), name)
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(authority, str(path), "dynamodb.eu-west-1.amazonaws.com")


def test_every_authority_is_another(tmp_path: Path) -> None:
    path = Authority().publish(tmp_path)
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(Authority(), str(path), "127.0.0.1")


def test_publishing_replaces_the_file_whole(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("old")
    Authority().publish(tmp_path)
    assert (tmp_path / "ca.pem").read_text().startswith("-----BEGIN CERTIFICATE-----")
    assert len(list(tmp_path.iterdir())) == 1


def test_a_name_of_many_has_a_certificate_of_its_own(tmp_path: Path) -> None:
    authority = Authority()
    path = str(authority.publish(tmp_path))
    more = {"s3.amazonaws.com", "*.s3.amazonaws.com"}
    for name in ("s3.amazonaws.com", "bucket.s3.amazonaws.com", "dynamodb.us-east-1.amazonaws.com"):
        shake_hands(authority, path, name, more)
    for name in ("my.bucket.s3.amazonaws.com", "example.org"):  # as at AWS, * is one label
        with pytest.raises(ssl.SSLCertVerificationError):
            shake_hands(authority, path, name, more)
