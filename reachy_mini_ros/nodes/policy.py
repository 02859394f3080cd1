# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""``security_policy``: what each node and each kind of client may do, as a policy for SROS 2.

Made from interface.md, so that nothing is permitted that no node has. Imports no rclpy.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Set
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from xml.etree import ElementTree
from xml.sax.saxutils import quoteattr

from reachy_mini_ros.nodes import interface
from reachy_mini_ros.nodes.bringup import NODES
from reachy_mini_ros.signals import end_at_signals

PROGRAM = "security_policy"
NAMESPACE = "/reachy_mini"
CLIENTS = ("viewer", "operator", "administrator")
"""Each may do what the one before may: look and listen; command; change the robot's software."""
RULES = {
    "publishes": ("topics", "publish"),
    "subscribes": ("topics", "subscribe"),
    "replies": ("services", "reply"),
    "requests": ("services", "request"),
}
"""What a rule is in a policy: its element and attribute."""
ACTIONS = "*/_action/*"
"""The services and topics that actions are made of: all are the control node's."""
_EVERYTHING = ("*", "/diagnostics", "/rosout")
"""What the page and clients listen to: each of the robot's topics."""
_KINDS = {does: kind for does, (kind, _) in RULES.items()}
_READS = re.compile(r"(?<!admin)/(get|list|describe)_\w+$")


@dataclass(frozen=True)
class Profile:
    """What one node may do; the names are relative to its namespace, or begin with / or ~."""

    node: str
    namespace: str
    rules: dict[str, set[str]] = field(default_factory=lambda: {does: set() for does in RULES})

    def allow(self, does: str, names: Iterable[str]) -> None:
        """Allow one of :data:`RULES` for these names."""
        self.rules[does].update(names)


def of_node(node: str, namespace: str) -> Profile:
    """Return what a node of this package may do: what it offers and what it uses."""
    profile = Profile(node, namespace)
    rules = declared(node)
    own = {
        kind: {name for does in rules if _KINDS[does] == kind for name in rules[does]}
        for kind in _KINDS.values()
    }
    for does, names in rules.items():
        profile.allow(does, folded(names, _KINDS[does], own[_KINDS[does]]))
    if node == "dashboard":
        profile.allow("subscribes", _EVERYTHING)
        profile.rules["subscribes"] &= set(_EVERYTHING)
    return profile


def declared(node: str) -> dict[str, set[str]]:
    """Return what a node offers and uses: names relative to the namespace, by what it does."""
    found: dict[str, set[str]] = {does: set() for does in RULES}
    for topic in interface.offers("Topics"):
        if topic.is_of([node]):
            found["publishes" if topic.direction == "out" else "subscribes"].add(topic.name)
    found["replies"].update(one.name for one in interface.offers("Services") if one.is_of([node]))
    if any(one.is_of([node]) for one in interface.offers("Actions")):
        found["publishes"].add(ACTIONS)
        found["replies"].add(ACTIONS)
    for use in interface.uses():
        if use.is_of([node]):
            found[use.does].update(name.replace("~", node, 1) for name in use.names)
    return found


def folded(names: Iterable[str], kind: str, own: Set[str] = frozenset()) -> set[str]:
    """Return names of a kind, ``topics`` or ``services``, with patterns in place of many.

    A pattern takes what is in ``names`` or ``own``, or what no node has. What a process signs must
    be short (docs/sros2.md).
    """
    left = set(names)
    allowed = left | own
    known = {
        name
        for node in NODES
        for does, of in declared(node).items()
        for name in of
        if _KINDS[does] == kind
    }
    first = {f"{name.split('/')[0]}/*" for name in left if "/" in name[1:]}
    last = {f"*/{name.split('/')[1]}" for name in left if "/" in name[1:] and "*" not in name}
    patterns = set()
    for pattern in (*sorted(first), "*/*_parameters", *sorted(last)):
        taken = {name for name in left if fnmatchcase(name, pattern)}
        if len(taken) > 1 and {name for name in known if fnmatchcase(name, pattern)} <= allowed:
            left -= taken
            patterns.add(pattern)
    return left | patterns


def of_client(client: str, namespace: str) -> Profile:
    """Return what a client, one of :data:`CLIENTS`, may do."""
    profile = Profile(client, namespace)
    rank = CLIENTS.index(client)
    profile.allow("publishes", ["/parameter_events", "/rosout"])
    profile.allow("subscribes", _EVERYTHING)
    profile.allow("replies", ["~/*"])
    services = {name for node in NODES for name in declared(node)["replies"]}
    if rank == 0:
        services = {name for name in services if _READS.search(name)}
    if rank < 2:
        services = {name for name in services if not name.startswith("admin/")}
    profile.allow("requests", folded(services, "services") if rank < 2 else ["*"])
    if rank:
        topics = {one.name for one in interface.offers("Topics") if one.direction == "in"}
        if rank == 1:
            topics = {name for name in topics if not name.startswith("admin/")}
        profile.allow("publishes", folded({*topics, "lease/*"}, "topics"))
    return profile


def of_all(namespace: str) -> Profile:
    """Return what all nodes in one process may do, which is nearly everything: all of it."""
    profile = Profile("*", namespace)
    for does in ("publishes", "subscribes", "replies", "requests"):
        outside = (name for node in NODES for name in declared(node)[does] if name[0] == "/")
        profile.allow(does, ["*", *outside])
    return profile


def of_command() -> Profile:
    """Return what the nodes of the `ros2` command need beside what their enclave may do."""
    profile = Profile("_ros2cli_*", "/")
    profile.allow("replies", ["~/*"])
    return profile


def policy(namespace: str = NAMESPACE) -> str:
    """Return the policy for robots in a namespace, with an enclave for each node and client.

    `bringup` is all nodes in one process, which share an enclave.
    """
    enclaves = {node: [of_node(node, namespace)] for node in NODES}
    enclaves["bringup"] = [of_all(namespace)]
    for client in CLIENTS:
        enclaves[client] = [of_client(client, namespace), of_command()]
    root = ElementTree.Element("policy", version="0.2.0")
    parent = ElementTree.SubElement(root, "enclaves")
    for name, profiles in enclaves.items():
        enclave = ElementTree.SubElement(parent, "enclave", path=f"{namespace}/{name}")
        ElementTree.SubElement(enclave, "profiles").extend(map(_element, profiles))
    ElementTree.indent(root)
    text = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{_HEAD}\n{text}\n'


_HEAD = "<!-- Made by `security_policy` from what the nodes declare: see docs/sros2.md. -->"


def _element(profile: Profile) -> ElementTree.Element:
    element = ElementTree.Element("profile", ns=profile.namespace, node=profile.node)
    for does, names in profile.rules.items():
        if names:
            kind, attribute = RULES[does]
            group = ElementTree.SubElement(element, kind, {attribute: "ALLOW"})
            for name in sorted(names):
                ElementTree.SubElement(group, kind[:-1]).text = name
    return element


def main() -> None:
    """Print the policy."""
    end_at_signals()
    from reachy_mini_ros.command_line import Parser

    parser = Parser(
        PROGRAM,
        "Prints a policy for SROS 2: an enclave for each node, for all of them in one process\n"
        f"(bringup), and for clients ({', '.join(CLIENTS)}). See docs/sros2.md.",
    )
    parser.add_argument(
        "--namespace", default=NAMESPACE, help=f"namespace of the robot (default: {NAMESPACE})"
    )
    namespace = parser.parse_args(sys.argv[1:]).namespace
    if not re.fullmatch(r"(/[A-Za-z_]\w*)+", namespace, re.ASCII):
        parser.error(f"--namespace {quoteattr(namespace)}: a namespace begins with /")
    print(policy(namespace), end="")


if __name__ == "__main__":
    main()
