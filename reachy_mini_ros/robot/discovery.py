# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Robots that announce themselves in the network (mDNS, RFC 6762), as each daemon does."""

import time
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from reachy_mini_ros.errors import NotConnectedError, SetupError
from reachy_mini_ros.hosts import is_literal, network_address
from reachy_mini_ros.texts import LONGEST_NAME, shown

AUTO = "auto"
"""In the place of a host: the one robot that is found."""
SERVICE = "_reachy-mini._tcp.local."
WAIT_S = 2.0
"""Answers come within half a second; who is asleep on a Wi-Fi takes longer."""
RESOLVE_MS = 1000


@dataclass(frozen=True, slots=True, order=True)
class Found:
    """What a robot's daemon announces of itself."""

    name: str
    host: str
    """An address, or a name where it announces none."""
    port: int
    model: str
    version: str

    @property
    def address(self) -> str:
        """Where its daemon is."""
        return network_address(self.host, self.port)


def find(wait_s: float = WAIT_S) -> list[Found]:
    """Return the robots that answer within so many seconds; blocks for as long.

    Raises SetupError if this machine cannot ask.
    """
    import zeroconf  # which the SDK brings, and takes long to import

    names: set[str] = set()

    def on_change(**change: Any) -> None:
        if change["state_change"] is not zeroconf.ServiceStateChange.Removed:
            names.add(change["name"])

    try:
        asking = zeroconf.Zeroconf()
    except OSError as error:
        raise SetupError(f"robots cannot be looked for by mDNS: {error.strerror}") from None
    try:
        browser = zeroconf.ServiceBrowser(asking, SERVICE, handlers=[on_change])
        time.sleep(wait_s)
        browser.cancel()
        answers = [zeroconf.ServiceInfo(SERVICE, name) for name in sorted(names)]
        for answer in answers:
            # What it returns is whether the host's name has an address too, which may be missing:
            # the daemon tells its address among the properties.
            answer.request(asking, RESOLVE_MS)
    finally:
        asking.close()
    return sorted({_found(answer) for answer in answers if answer.port})


@lru_cache(maxsize=1)
def the_one() -> Found:
    """Return the one robot of the network; asked once, for all nodes of a process.

    Raises NotConnectedError if there is none yet, SetupError with their names if there are several.
    """
    return only(find())


def only(robots: list[Found]) -> Found:
    """Return the one there is; raises likewise."""
    if not robots:
        raise NotConnectedError(
            f"robot_host auto: no robot announced itself within {WAIT_S:g} s: is it on, in this "
            "network, and does UDP 5353 pass? Else set robot_host to its address"
        )
    if len(robots) > 1:
        listed = ", ".join(f"{one.name} ({one.address})" for one in robots)
        raise SetupError(f"robot_host auto: there are several, set it to one of them: {listed}")
    return robots[0]


def _found(answer: Any) -> Found:
    """Return what a service says, made fit to be shown: anybody may announce anything."""
    said = {
        key.decode(errors="replace"): (value or b"").decode(errors="replace")
        for key, value in answer.properties.items()
    }
    addresses = [*answer.parsed_addresses(), said.get("address", "")]
    server = str(answer.server or "").rstrip(".")
    return Found(
        shown(said.get("robot_name") or answer.name.removesuffix(f".{SERVICE}"), LONGEST_NAME),
        next((one for one in addresses if is_literal(one)), shown(server, LONGEST_NAME)),
        int(answer.port),
        shown(said.get("model", ""), LONGEST_NAME),
        shown(said.get("version", ""), LONGEST_NAME),
    )
