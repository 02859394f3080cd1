# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Who reaches the nodes over ROS, as the environment says: discovery, and SROS 2."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

from reachy_mini_ros.command_line import split
from reachy_mini_ros.errors import SetupError
from reachy_mini_ros.nodes.common.distribution import knows_localhost_only

RANGE = "ROS_AUTOMATIC_DISCOVERY_RANGE"
WIDE = ("", "SUBNET", "SYSTEM_DEFAULT")
"""Ranges with which other machines are found; rcl takes what it does not know for LOCALHOST."""


def check_security(environ: Mapping[str, str]) -> None:
    """Raise SetupError if security is to be enforced, and nothing says where the keys are.

    rcl ends without a reason then.
    """
    enforced = _secured(environ) and environ.get("ROS_SECURITY_STRATEGY") == "Enforce"
    if enforced and not environ.get("ROS_SECURITY_KEYSTORE"):
        raise SetupError(
            "ROS_SECURITY_STRATEGY=Enforce needs the folder of keys in ROS_SECURITY_KEYSTORE "
            "(docs/sros2.md)"
        )


def explained(text: str) -> str:
    """Return the text of an error of ROS, with what to do where it is about security."""
    if "security libraries" in text:
        return "the middleware was built without security, as PyPI's wheels are (docs/sros2.md)"
    return text


def openness(environ: Mapping[str, str], arguments: Sequence[str]) -> str:
    """Return how others in the network reach this process over ROS, and what closes it.

    Empty if they do not: discovery keeps to this machine, or security lets in whom it knows.
    ``arguments`` are those of the command line.
    """
    found_by = _found_by(environ)
    if not found_by or _enclave(environ, arguments) is not None:
        return ""
    domain = environ.get("ROS_DOMAIN_ID") or "0"
    asked = (
        f"; ROS_SECURITY_ENABLE is set, but the keystore has no enclave {_name(environ, arguments)}"
        if _secured(environ)
        else ""
    )
    return (
        f"anybody in ROS domain {domain} {found_by} can move the robot{asked}: "
        f"{RANGE}=LOCALHOST keeps it to this machine, SROS 2 to whom you know (docs/sros2.md)"
    )


def _found_by(environ: Mapping[str, str]) -> str:
    localhost = environ.get("ROS_LOCALHOST_ONLY") == "1"
    if localhost and knows_localhost_only():  # counts more than the range
        return ""
    reach = environ.get(RANGE, "")
    if reach in WIDE:
        unheard = " (ROS_LOCALHOST_ONLY counts no more)" if localhost else ""
        return f"of this network{unheard}"
    peers = [peer for peer in environ.get("ROS_STATIC_PEERS", "").split(";") if peer]
    return f"on {', '.join(peers)}" if peers and reach != "OFF" else ""


def _secured(environ: Mapping[str, str]) -> bool:
    return environ.get("ROS_SECURITY_ENABLE") == "true"


def _enclave(environ: Mapping[str, str], arguments: Sequence[str]) -> Path | None:
    """Return the folder of the keys that are used, if there is one.

    Without it a strategy that is not Enforce goes on without security.
    """
    keystore = environ.get("ROS_SECURITY_KEYSTORE")
    if not _secured(environ) or not keystore:
        return None
    folder = Path(keystore) / "enclaves" / _name(environ, arguments).lstrip("/")
    return folder if folder.is_dir() else None


def _name(environ: Mapping[str, str], arguments: Sequence[str]) -> str:
    pairs = pairwise(split(arguments)[1])
    given = [value for flag, value in pairs if flag in ("-e", "--enclave")]
    return environ.get("ROS_SECURITY_ENCLAVE_OVERRIDE") or (given or ["/"])[-1]
