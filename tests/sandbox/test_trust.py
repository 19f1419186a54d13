"""The authority in the forms that programs read: checked by Java's own keytool where there is one."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization.pkcs12 import load_pkcs12
from cryptography.x509 import load_pem_x509_certificates

from chaoskit.aws.certificates import Authority
from chaoskit.sandbox import trust


@pytest.fixture
def authority(tmp_path: Path) -> Path:
    return Authority().publish(tmp_path)


def test_the_system_s_bundle_has_the_authority_too(
    authority: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Authority().publish(_folder(tmp_path, "system"))
    link = tmp_path / "link.pem"
    link.symlink_to(other)
    monkeypatch.setattr(trust, "SYSTEM_BUNDLES", (str(other), str(link), "/nowhere/bundle.pem"))
    before = other.read_bytes()
    ((source, target),) = trust.publish_trust(authority)
    assert target == str(other), "each file once, under its real name"
    assert other.read_bytes() == before
    context = ssl.create_default_context(cafile=source)
    assert context.cert_store_stats()["x509_ca"] == 2


def test_java_s_store_is_what_keytool_reads(authority: Path, tmp_path: Path) -> None:
    keytool = shutil.which("keytool")
    if keytool is None:
        pytest.skip("there is no keytool here")
    trust.publish_trust(authority)
    command = [keytool, "-list", "-rfc", "-keystore", str(tmp_path / trust.JAVA_STORE), "-storetype", "PKCS12"]
    listed = subprocess.run([*command, "-storepass", trust.JAVA_PASSWORD], capture_output=True, text=True, check=True)
    assert ders(listed.stdout) == ders(authority.read_text())
    wrong = subprocess.run([*command, "-storepass", "changeme"], capture_output=True, text=True)
    assert wrong.returncode != 0, "the seal is checked"


def ders(text: str) -> list[bytes]:
    return [certificate.public_bytes(Encoding.DER) for certificate in load_pem_x509_certificates(text.encode())]


def test_every_certificate_of_a_file_is_in_the_store(authority: Path, tmp_path: Path) -> None:
    two = authority.read_text() + "a comment\n" + Authority().publish(_folder(tmp_path, "b")).read_text()
    store = load_pkcs12(trust.java_store(two.encode()), trust.JAVA_PASSWORD.encode())
    assert [each.friendly_name for each in store.additional_certs] == [b"chaoskit-1", b"chaoskit-2"]


def _folder(place: Path, name: str) -> Path:
    made = place / name
    made.mkdir()
    return made
