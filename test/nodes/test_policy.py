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
from harness import everything, keystore
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
LONGEST = 4200
"""Of what is signed, bytes: 4,000 went through with Fast DDS 3.2.2, 4,500 did not."""

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
            found[does].add(full)
    return found


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


def offered(kind: str, namespace: str) -> set[str]:
    """Return the names of all topics, or all services, that any node offers or uses."""
    does = [does for does, (of, _) in policy.RULES.items() if of == kind]
    names = (name for node in NODES for one in does for name in policy.declared(node)[one])
    return {name if name[0] == "/" else f"{namespace}/{name}" for name in names}


def needed(node: str) -> set[str]:
    """Return the names that a node has only with interfaces that are not installed here."""
    offers = [*interface.offers("Topics"), *interface.offers("Actions")]
    lacking = [one for one in offers if not installed(one.type.split("/")[0])]
    names = {f"{NAMESPACE}/{one.name}" for one in lacking if one.is_of([node])}
    actions = {f"{NAMESPACE}/{policy.ACTIONS}"} if not installed("control_msgs") else set()
    return names | actions


@pytest.mark.parametrize("node", NODES)
def test_a_policy_permits_what_its_node_does_and_nothing_else(there: RosClient, node: str) -> None:
    (profile,) = enclaves(policy.policy(NAMESPACE))[node]
    allowed = rules_of(profile)

    def differences() -> list[str]:
        wrong = []
        running = {other: graph(there, other) for other in NODES}
        for does, names in running[node].items():
            patterns = allowed[does]
            kind = policy.RULES[does][0]
            wrong += [
                f"{node} {does} {name}, which is not permitted"
                for name in names
                if not any(fnmatchcase(name, pattern) for pattern in patterns)
            ]
            unused = {one for one in patterns if not any(fnmatchcase(name, one) for name in names)}
            unused -= needed(node) | {f"{NAMESPACE}/imu/*"}  # of some robots
            wrong += [f"{node} is permitted {one}, which it never {does}" for one in unused]
            if f"{NAMESPACE}/*" in patterns:
                assert (node, does) == ("dashboard", "subscribes")
                continue
            own = {
                name
                for one, of in running[node].items()
                if policy.RULES[one][0] == kind
                for name in of
            }
            others = {
                name
                for other in running.values()
                for one, of in other.items()
                if policy.RULES[one][0] == kind
                for name in of
            }
            wrong += [
                f"{node} is permitted {name} by a pattern, which it never {does}"
                for name in others - own
                # What follows the name of a lease's holder is its own affair.
                if not name.startswith(f"{NAMESPACE}/lease/")
                and any(fnmatchcase(name, pattern) for pattern in patterns)
            ]
        return wrong

    wait_for(lambda: not differences(), 20, lambda: "\n".join(differences()))


def test_permissions_are_short_enough_to_be_sent() -> None:
    """Fast DDS sends them in one message of 8 kB; longer ones keep processes from each other.

    Those that `ros2 security` signs have a line for each topic of DDS, which is indented.
    """
    for enclave in ElementTree.fromstring(policy.policy()).iter("enclave"):
        text = keystore.permissions(enclave, "0")
        assert len(text) + 13 * text.count("<topic>") < LONGEST, enclave.attrib["path"]


def test_clients_may_do_what_they_are_named_for() -> None:
    found = enclaves(policy.policy())
    assert set(found) == {*NODES, "bringup", *policy.CLIENTS}

    def may(client: str, does: str) -> set[str]:
        patterns = rules_of(found[client][0])[does]
        names = offered(policy.RULES[does][0], "/reachy_mini")
        return {name for name in names if any(fnmatchcase(name, one) for one in patterns)}

    topics = interface.offers("Topics")
    taken = {f"/reachy_mini/{one.name}" for one in topics if one.direction == "in"}
    told = {f"/reachy_mini/{one.name}" for one in topics if one.direction == "out"}
    services = {f"/reachy_mini/{one.name}" for one in interface.offers("Services")}
    admin = {name for name in taken | services if "/admin/" in name}
    everybody = {"/rosout", "/parameter_events"}
    assert may("viewer", "publishes") == everybody
    assert may("operator", "publishes") - everybody == (taken - admin) | {"/reachy_mini/lease/*"}
    assert may("administrator", "publishes") & taken == taken
    for client in policy.CLIENTS:
        assert {name for name in told if "//" not in name} <= may(client, "subscribes")
        assert not may(client, "replies")
    for name in may("viewer", "requests"):
        assert re.search(r"/(get|list|describe)_\w+$", name), name
    assert not may("viewer", "requests") & admin
    assert services - may("operator", "requests") == admin & services
    assert services <= may("administrator", "requests")
    assert not {name for name in told if "progress" not in name} & may("administrator", "publishes")


def test_one_process_may_do_what_its_nodes_may() -> None:
    found = enclaves(policy.policy())
    together = rules_of(found["bringup"][0])
    for node in NODES:
        for does, names in rules_of(found[node][0]).items():
            for name in names:
                assert any(fnmatchcase(name, one) for one in together[does]), (node, name)


def test_the_file_is_that_of_the_usual_namespace() -> None:
    assert FILE.read_text(encoding="utf-8") == policy.policy("/reachy_mini")
    assert 'path="/arm/left/control"' in policy.policy("/arm/left")
