# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Keys and signed permissions for the enclaves of a policy, as `ros2 security` lays them out."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs7

_NOW = datetime.now(UTC)
VALID = (_NOW - timedelta(days=1), _NOW + timedelta(days=2))
GOVERNANCE = """<dds><domain_access_rules><domain_rule>
<domains><id>{domain}</id></domains>
<allow_unauthenticated_participants>false</allow_unauthenticated_participants>
<enable_join_access_control>true</enable_join_access_control>
<discovery_protection_kind>ENCRYPT</discovery_protection_kind>
<liveliness_protection_kind>ENCRYPT</liveliness_protection_kind>
<rtps_protection_kind>SIGN</rtps_protection_kind>
<topic_access_rules><topic_rule>
<topic_expression>*</topic_expression>
<enable_discovery_protection>true</enable_discovery_protection>
<enable_liveliness_protection>true</enable_liveliness_protection>
<enable_read_access_control>true</enable_read_access_control>
<enable_write_access_control>true</enable_write_access_control>
<metadata_protection_kind>ENCRYPT</metadata_protection_kind>
<data_protection_kind>ENCRYPT</data_protection_kind>
</topic_rule></topic_access_rules></domain_rule></domain_access_rules></dds>
"""
"""What SROS 2 asks of all: nobody without a certificate, everything encrypted."""


class Authority:
    """Who signs."""

    def __init__(self, name: str = "authority") -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        self.certificate = self.certify(self.name, self.key, authority=True)

    def certify(
        self, name: x509.Name, key: ec.EllipticCurvePrivateKey, *, authority: bool = False
    ) -> x509.Certificate:
        """Return a certificate."""
        length = 1 if authority else None
        return (
            x509.CertificateBuilder(self.name, name, key.public_key(), x509.random_serial_number())
            .not_valid_before(VALID[0])
            .not_valid_after(VALID[1])
            .add_extension(x509.BasicConstraints(authority, length), critical=authority)
            .sign(self.key, hashes.SHA256())
        )

    def sign(self, document: str) -> bytes:
        """Return a document with its signature, S/MIME."""
        builder = pkcs7.PKCS7SignatureBuilder().set_data(document.encode())
        signed = builder.add_signer(self.certificate, self.key, hashes.SHA256())
        options = [pkcs7.PKCS7Options.Text, pkcs7.PKCS7Options.DetachedSignature]
        return signed.sign(serialization.Encoding.SMIME, options)


def write(keystore: Path, policy: str, authority: Authority) -> Path:
    """Write the keystore for all enclaves of a policy, in the domain of the tests; return it."""
    domain = os.environ["ROS_DOMAIN_ID"]
    governance = authority.sign(GOVERNANCE.format(domain=domain))
    for enclave in ElementTree.fromstring(policy).iter("enclave"):
        name = enclave.attrib["path"]
        folder = keystore / "enclaves" / name.lstrip("/")
        folder.mkdir(parents=True)
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        (folder / "key.pem").write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        certificates = {
            "cert.pem": authority.certify(subject, key),
            "identity_ca.cert.pem": authority.certificate,
            "permissions_ca.cert.pem": authority.certificate,
        }
        for file, certificate in certificates.items():
            (folder / file).write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        (folder / "governance.p7s").write_bytes(governance)
        (folder / "permissions.p7s").write_bytes(authority.sign(permissions(enclave, domain)))
    return keystore


def permissions(enclave: ElementTree.Element, domain: str) -> str:
    """Return what an enclave's policy is in terms of DDS."""
    name = enclave.attrib["path"]
    begin, end = (moment.strftime("%Y-%m-%dT%H:%M:%S") for moment in VALID)
    allowed: dict[str, list[str]] = {
        "publish": ["ros_discovery_info"],
        "subscribe": ["ros_discovery_info"],
    }
    for profile in enclave.iter("profile"):
        for group in profile:
            (does,) = group.attrib
            for one in group:
                for side, topic in _topics(does, _full(one.text or "", profile)):
                    allowed[side].append(topic)
    rules = "".join(
        f"<{side}><topics>{''.join(f'<topic>{one}</topic>' for one in topics)}</topics></{side}>"
        for side, topics in allowed.items()
    )
    return (
        f'<dds><permissions><grant name="{name}"><subject_name>CN={name}</subject_name>'
        f"<validity><not_before>{begin}</not_before><not_after>{end}</not_after></validity>"
        f"<allow_rule><domains><id>{domain}</id></domains>{rules}</allow_rule>"
        "<default>DENY</default></grant></permissions></dds>\n"
    )


def _full(name: str, profile: ElementTree.Element) -> str:
    name = name.replace("~", profile.attrib["node"], 1)
    return name if name.startswith("/") else f"{profile.attrib['ns'].rstrip('/')}/{name}"


def _topics(does: str, name: str) -> list[tuple[str, str]]:
    """Return the topics of DDS that a rule is about, each with publish or subscribe."""
    match does:
        case "publish" | "subscribe":
            return [(does, f"rt{name}")]
        case "request":
            return [("publish", f"rq{name}Request"), ("subscribe", f"rr{name}Reply")]
        case "reply":
            return [("publish", f"rr{name}Reply"), ("subscribe", f"rq{name}Request")]
    raise AssertionError(f"the policy has no rule {does}")
