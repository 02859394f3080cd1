# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""``security_policy``: what each node and each kind of client may do, as a policy for SROS 2.

Made from interface.md, so that nothing is permitted that no node has. Imports no rclpy.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from xml.etree import ElementTree
from xml.sax.saxutils import quoteattr

from reachy_mini_ros.nodes import interface
from reachy_mini_ros.nodes.bringup import NODES
from reachy_mini_ros.signals import end_at_signals

PROGRAM = "security_policy"
NAMESPACE = "/reachy_mini"
CLIENTS = ("viewer", "operator", "administrator")
"""Each may do what the one before may: look and listen; command; change the robot's software."""
CLI = "_ros2cli_*"
"""The nodes of the `ros2` command, in no namespace."""
RULES = {
    "publishes": ("topics", "publish"),
    "subscribes": ("topics", "subscribe"),
    "replies": ("services", "reply"),
    "requests": ("services", "request"),
    "executes": ("actions", "execute"),
    "calls": ("actions", "call"),
}
"""What a rule is in a policy: its element and attribute."""
_READS = re.compile(r"(get|list|describe)_\w+$")


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
    for topic in interface.offers("Topics"):
        if topic.is_of([node]):
            does = "publishes" if topic.direction == "out" else "subscribes"
            profile.allow(does, [topic.name])
    for kind, does in (("Services", "replies"), ("Actions", "executes")):
        profile.allow(does, (one.name for one in interface.offers(kind) if one.is_of([node])))
    for use in interface.uses():
        if use.is_of([node]):
            profile.allow(use.does, use.names)
    return profile


def of_client(client: str, namespace: str, node: str = "") -> Profile:
    """Return what a client, one of :data:`CLIENTS`, may do.

    ``node`` is its own name where that is not the client's: that of a node in no namespace.
    """
    profile = Profile(node or client, "/" if node else namespace)
    rank = CLIENTS.index(client)
    profile.allow("publishes", ["/parameter_events", "/rosout"])
    for use in interface.uses():
        if use.node == "all":
            profile.allow(use.does, use.names)

    def allow(does: str, names: Iterable[str]) -> None:
        prefix = f"{namespace.rstrip('/')}/" if node else ""
        profile.allow(does, (name if name[0] == "/" else prefix + name for name in names))

    for one in NODES:
        served = of_node(one, namespace).rules
        allow("subscribes", _absolute(one, served["publishes"]))
        services = set(_absolute(one, served["replies"]))
        if rank == 0:
            services = {name for name in services if _READS.search(name) and f"{one}/" in name}
        if rank < 2:
            services = {name for name in services if not name.startswith("admin/")}
        allow("requests", services)
        if rank:
            allow("calls", served["executes"])
    if rank:
        topics = [one.name for one in interface.offers("Topics") if one.direction == "in"]
        allow("publishes", (name for name in topics if rank > 1 or not name.startswith("admin/")))
        allow("publishes", ["lease/*"])
    return profile


def _absolute(node: str, names: Iterable[str]) -> Iterator[str]:
    return (name.replace("~", node, 1) for name in names)


def policy(namespace: str = NAMESPACE) -> str:
    """Return the policy for robots in a namespace, with an enclave for each node and client.

    `bringup` is all nodes in one process, which share an enclave.
    """
    nodes = {node: [of_node(node, namespace)] for node in NODES}
    clients = {
        client: [of_client(client, namespace), of_client(client, namespace, CLI)]
        for client in CLIENTS
    }
    together = {"bringup": [of_node(node, namespace) for node in NODES]}
    root = ElementTree.Element("policy", version="0.2.0")
    enclaves = ElementTree.SubElement(root, "enclaves")
    for name, profiles in {**nodes, **together, **clients}.items():
        path = f"{namespace.rstrip('/')}/{name}"
        enclave = ElementTree.SubElement(enclaves, "enclave", path=path)
        parent = ElementTree.SubElement(enclave, "profiles")
        for profile in profiles:
            parent.append(_element(profile))
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
