# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""HTTPS, for who has a certificate: browsers give their microphone to no other pages of a robot."""

import ssl
from pathlib import Path

from reachy_mini_ros.errors import SetupError

HANDSHAKE_S = 10.0


def tls_context(certificate: str, key: str) -> ssl.SSLContext | None:
    """Return what a server with these PEM files needs; None without a certificate.

    Without a file of its own the key is in the certificate's. Raises SetupError for files that
    cannot be used.
    """
    if not certificate:
        if key:
            raise SetupError("parameter keyfile: a key is of no use without a 'certfile'")
        return None
    chain, secret = (Path(name).expanduser() for name in (certificate, key or certificate))
    for name, file in (("certfile", chain), ("keyfile", secret)):
        if not file.is_file():
            raise SetupError(f"parameter {name}: there is no file {file}")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        # A password would be asked for on the terminal.
        context.load_cert_chain(chain, secret, password=lambda: "")
    except OSError as error:  # ssl.SSLError is one
        raise SetupError(
            f"parameters certfile and keyfile: {error.strerror or 'not readable'}: a certificate "
            "chain and its key without a password are needed, as PEM"
        ) from None
    return context
