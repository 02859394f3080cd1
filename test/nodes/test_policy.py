# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The policy for SROS 2: what it permits is what the running nodes do, no more and no less."""

import re
from collections import defaultdict
from fnmatch import fnmatchcase
from pathlib import Path
from xml.etree import ElementTree

import pytest
from geometry_msgs.msg import PointStamped
from harness import everything
from harness.interfaces import installed
from harness.pictures import Client
from harness.processes import Processes, free_port
from harness.ros import RosClient
from harness.simulation import Simulation
from harness.waiting import wait_for

from reachy_mini_ros.nodes import interface, policy
from reachy_mini_ros.nodes.bringup import NODES

FILE = Path(__file__).parents[2] / "config" / "sros2" / "reachy_mini.policy.xml"
NAMESPACE = "/policy"
RULES = {rule: does for does, rule in policy.RULES.items()}
"""What a node does, by a rule's element and attribute."""
WHAT = {
    "publishes": "publisher",
    "subscribes": "subscriber",
    "replies": "service",
    "requests": "client",
}
"""What rclpy calls the entities."""
OF_SOME_ROBOTS = {f"{NAMESPACE}/imu/data", f"{NAMESPACE}/imu/temperature"}

Rules = dict[str, set[str]]


def rules_of(profile: ElementTree.Element) -> Rules:
    """Return the full names that a profile allows, as topics and services, by what is done."""
    namespace, node = profile.attrib["ns"], profile.attrib["node"]
    found: Rules = defaultdict(set)
    for group in profile:
        ((attribute, value),) = group.attrib.items()
        assert value == "ALLOW"
        does = RULES[group.tag, attribute]
        for name in group:
            assert name.tag == group.tag[:-1]
            text = (name.text or "").replace("~", node, 1)
            full = text if text.startswith("/") else f"{namespace.rstrip('/')}/{text}"
            for kind, part in parts(does):
                found[kind].add(f"{full}{part}")
    return found


def parts(does: str) -> list[tuple[str, str]]:
    """Return the topics and services of an action, or what is none as it is."""
    serves = {"executes": ("replies", "publishes"), "calls": ("requests", "subscribes")}.get(does)
    if serves is None:
        return [(does, "")]
    services, topics = serves
    return [
        *((services, f"/_action/{name}") for name in ("cancel_goal", "get_result", "send_goal")),
        *((topics, f"/_action/{name}") for name in ("feedback", "status")),
    ]


def enclaves(text: str) -> dict[str, list[ElementTree.Element]]:
    """Return the profiles of each enclave, by the last part of its path.

    The elements and attributes are those of sros2's policy.xsd, version 0.2.0.
    """
    root = ElementTree.fromstring(text)
    assert (root.tag, root.attrib) == ("policy", {"version": "0.2.0"})
    (all_of_them,) = root
    assert (all_of_them.tag, all_of_them.attrib) == ("enclaves", {})
    found = {}
    for enclave in all_of_them:
        assert (enclave.tag, set(enclave.attrib)) == ("enclave", {"path"})
        (profiles,) = enclave
        assert (profiles.tag, profiles.attrib) == ("profiles", {})
        for profile in profiles:
            assert (profile.tag, set(profile.attrib)) == ("profile", {"ns", "node"})
        found[enclave.attrib["path"].rsplit("/", 1)[1]] = list(profiles)
    return found


@pytest.fixture(scope="module")
def there(processes: Processes, simulation: Simulation, ros: RosClient) -> RosClient:
    """Run all nodes with all that they have; the page holds a lease, a pixel was looked at."""
    page = free_port()
    parameters = {
        "robot_host": "127.0.0.1",
        "robot_port": simulation.port,
        "signalling_port": simulation.signalling_port,
        "admin": "true",
        "port": page,
    }
    given = [word for name, value in parameters.items() for word in ("-p", f"{name}:={value}")]
    nodes = everything.start(processes, "-r", f"__ns:={NAMESPACE}", *given)
    nodes.wait_for_output(f"open http://127.0.0.1:{page}/")
    lease = {"action": "acquire", "name": "ann", "seconds": 600}
    wait_for(lambda: Client(page).post("/api/command/lease", lease)[0] == 200, 20)
    pixels = ros.publisher(PointStamped, f"{NAMESPACE}/lease/ann/look_at_pixel")
    pixels.publish(PointStamped())
    return ros


def graph(client: RosClient, node: str) -> Rules:
    """Return what a running node has."""
    return {
        does: {
            name
            for name, _ in getattr(client.node, f"get_{what}_names_and_types_by_node")(
                node, NAMESPACE
            )
        }
        for does, what in WHAT.items()
    }


def needed(node: str) -> set[str]:
    """Return the names that a node has only with interfaces that are not installed here."""
    offers = [*interface.offers("Topics"), *interface.offers("Actions")]
    lacking = [one for one in offers if not installed(one.type.split("/")[0])]
    return {
        f"{NAMESPACE}/{one.name}{part}"
        for one in lacking
        if one.is_of([node])
        for part in ("", *(part for _, part in parts("executes")))
    }


@pytest.mark.parametrize("node", NODES)
def test_a_policy_permits_what_its_node_does_and_nothing_else(there: RosClient, node: str) -> None:
    (profile,) = enclaves(policy.policy(NAMESPACE))[node]
    allowed = rules_of(profile)

    def differences() -> list[str]:
        wrong = []
        for does, names in graph(there, node).items():
            patterns = allowed[does]
            wrong += [
                f"{node} {does} {name}, which is not permitted"
                for name in names
                if not any(fnmatchcase(name, pattern) for pattern in patterns)
            ]
            unused = {one for one in patterns if not any(fnmatchcase(name, one) for name in names)}
            unused -= needed(node) | OF_SOME_ROBOTS
            wrong += [f"{node} is permitted {one}, which it never {does}" for one in unused]
        return wrong

    wait_for(lambda: not differences(), 20, lambda: "\n".join(differences()))


def test_a_pattern_permits_nothing_that_another_node_offers() -> None:
    """Of patterns there are those of leases alone, and the nodes of the `ros2` command."""
    offered = [one.name for kind in interface.KINDS for one in interface.offers(kind)]
    patterns = {
        name
        for profiles in enclaves(policy.policy()).values()
        for profile in profiles
        for names in rules_of(profile).values()
        for name in names
        if "*" in name
    }
    for pattern in patterns:
        assert pattern.startswith(("/reachy_mini/lease/", "/_ros2cli_*/")), pattern
        taken = {name for name in offered if fnmatchcase(f"/reachy_mini/{name}", pattern)}
        assert taken <= {"lease/acquire", "lease/release"}


def test_clients_may_do_what_they_are_named_for() -> None:
    found = enclaves(policy.policy())
    assert set(found) == {*NODES, "bringup", *policy.CLIENTS}
    viewer, operator, administrator = (rules_of(found[name][0]) for name in policy.CLIENTS)
    offered = interface.offers("Topics")
    taken = {f"/reachy_mini/{one.name}" for one in offered if one.direction == "in"}
    admin = {name for name in taken if "/admin/" in name}
    assert not viewer["publishes"] & taken
    assert operator["publishes"] & taken == taken - admin
    assert administrator["publishes"] & taken == taken
    for one in offered:
        if one.direction == "out" and not one.name.startswith("/"):
            assert f"/reachy_mini/{one.name}" in viewer["subscribes"]
    for name in viewer["requests"]:
        assert re.search(r"/(get|list|describe)_\w+$", name), name
    services = {f"/reachy_mini/{one.name}" for one in interface.offers("Services")}
    assert services - operator["requests"] == {name for name in services if "/admin/" in name}
    assert services <= administrator["requests"]
    for less, more in ((viewer, operator), (operator, administrator)):
        for does, names in less.items():
            own = {name for name in names if re.search(r"/(viewer|operator)/", name)}
            assert names - own <= more[does]


def test_one_process_may_do_what_its_nodes_may() -> None:
    found = enclaves(policy.policy())
    together = {profile.attrib["node"]: rules_of(profile) for profile in found["bringup"]}
    assert together == {node: rules_of(found[node][0]) for node in NODES}


def test_the_file_is_that_of_the_usual_namespace() -> None:
    assert FILE.read_text(encoding="utf-8") == policy.policy("/reachy_mini")
    assert 'path="/arm/left/control"' in policy.policy("/arm/left")
