# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""HTTPS with a certificate made for the test."""

import http.client
import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from harness.dashboard import Serve
from harness.pictures import Client
from harness.video import Encoder, VideoViewer
from harness.waiting import patience

from reachy_mini_ros.errors import SetupError
from reachy_mini_ros.web.https import tls_context


def private_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def pem(key: ec.EllipticCurvePrivateKey, password: bytes = b"") -> bytes:
    how: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if password:
        how = serialization.BestAvailableEncryption(password)
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, how)


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """Write a certificate for 127.0.0.1 and its key."""
    key = private_key()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    here = x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(here, critical=False)
        .sign(key, hashes.SHA256())
    )
    paths = tmp_path / "certificate.pem", tmp_path / "key.pem"
    paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(pem(key))
    return paths


def test_pages_and_sockets_come_over_https(serve: Serve, files: tuple[Path, Path]) -> None:
    tls = tls_context(str(files[0]), str(files[1]))
    served = serve(tls=tls, token="correct-horse")
    served.film(Encoder())
    assert served.dashboard.url == f"https://127.0.0.1:{served.port}/"
    trusted = ssl.create_default_context(cafile=files[0])
    connection = http.client.HTTPSConnection(
        "127.0.0.1", served.port, timeout=patience(10), context=trusted
    )
    connection.request("GET", "/?token=correct-horse")
    answer = connection.getresponse()
    assert answer.status == 303
    cookie = answer.headers["Set-Cookie"]
    assert "Secure" in cookie
    connection.close()
    headers = {
        "Cookie": cookie.split(";")[0],
        "Origin": f"https://127.0.0.1:{served.port}",
    }
    with VideoViewer(served.port, ssl=trusted, additional_headers=headers) as viewer:
        [*viewer.pictures(3)]


def test_certificate_and_key_may_be_in_one_file(
    serve: Serve, files: tuple[Path, Path], tmp_path: Path
) -> None:
    both = tmp_path / "both.pem"
    both.write_bytes(files[0].read_bytes() + files[1].read_bytes())
    assert tls_context(str(both), "") is not None


def test_without_a_certificate_it_is_http(serve: Serve) -> None:
    assert tls_context("", "") is None
    served = serve()
    assert served.dashboard.url.startswith("http://")
    assert Client(served.port).get("/")[0] == 200


@pytest.mark.parametrize(
    ("key", "said"),
    [("missing", "there is no file"), ("another", "key"), ("locked", "password"), ("none", "PEM")],
)
def test_files_that_cannot_be_used_are_one_clear_line(
    files: tuple[Path, Path], tmp_path: Path, key: str, said: str
) -> None:
    path = tmp_path / "other.pem"
    if key != "missing":
        content = {
            "another": pem(private_key()),
            "locked": pem(private_key(), b"secret"),
            "none": b"nothing",
        }
        path.write_bytes(content[key])
    with pytest.raises(SetupError) as refused:
        tls_context(str(files[0]), str(path))
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_key_alone_is_refused() -> None:
    with pytest.raises(SetupError, match="certfile"):
        tls_context("", "key.pem")
