# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The tables of docs/interface.md against what the running nodes offer."""

import re
from pathlib import Path

import pytest
import yaml
from diagnostic_msgs.msg import DiagnosticArray
from harness.interfaces import installed, needs
from harness.processes import Processes, free_port
from harness.ros import RosClient
from harness.waiting import wait_for
from rcl_interfaces.srv import DescribeParameters, GetParameters, ListParameters
from rclpy.action.graph import get_action_server_names_and_types_by_node
from rclpy.parameter import parameter_value_to_python

from reachy_mini_ros.fleet.arguments import ARGUMENTS

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
INTERFACE = (ROOT / "docs" / "interface.md").read_text(encoding="utf-8")
NODES = ("camera", "audio", "control", "dashboard", "stream")
NAMESPACE = "/docs"
# Every rclpy node has these.
COMMON = re.compile(r"^(use_sim_time|start_type_description_service|qos_overrides\..*)$")


def table(heading: str) -> list[list[str]]:
    """Return the cells of the first table below a heading, without backquotes."""
    section = INTERFACE.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    rows = [line for line in section.splitlines() if line.startswith("|")][2:]
    return [[cell.strip().replace("`", "") for cell in row.strip("|").split("|")] for row in rows]


@pytest.fixture(scope="module")
def client(processes: Processes, ros: RosClient) -> RosClient:
    """Run all nodes, with the robot away: the interface is there all the same."""
    port = free_port()
    processes.start_node(
        "bringup",
        namespace=NAMESPACE,
        options=("--nodes", *NODES),
        robot_host="127.0.0.1",
        robot_port=port,
        port=free_port(),
        admin=True,
    )
    for node in NODES:
        wait_for(lambda node=node: (node, NAMESPACE) in ros.node.get_node_names_and_namespaces())
    return ros


def short(name: str) -> str:
    return name.removeprefix(f"{NAMESPACE}/")


def offered(client: RosClient, what: str) -> set[tuple[str, str]]:
    """Return (name, type) of the nodes' publishers, subscriptions or services."""
    find = getattr(client.node, f"get_{what}_names_and_types_by_node")
    return {
        (short(name), types[0].split("/", 1)[0] + "/" + types[0].rsplit("/", 1)[1])
        for node in NODES
        for name, types in find(node, NAMESPACE)
        if "/_action/" not in name
    }


def test_topics_table_matches_the_nodes(client: RosClient) -> None:
    def topics() -> dict[tuple[str, str], str]:
        published = {
            pair
            for pair in offered(client, "publisher")
            if pair[1] != "lifecycle_msgs/TransitionEvent"  # every managed node's
        }
        subscribed = offered(client, "subscriber")
        common = {
            ("/rosout", "rcl_interfaces/Log"),
            ("/parameter_events", "rcl_interfaces/ParameterEvent"),
        }
        found = dict.fromkeys(published - common, "out")
        # What one of our nodes takes from another is no input of the robot's.
        return found | dict.fromkeys(subscribed - published - common, "in")

    documented = {
        (row[0], row[1]): row[2] for row in table("Topics") if installed(row[1].split("/")[0])
    }
    wait_for(lambda: topics() == documented, 10, f"{topics()}\n==\n{documented}")


def test_services_table_matches_the_nodes(client: RosClient) -> None:
    common = re.compile(
        r".*/(describe_|get_|set_|list_)parameter(s|_types|s_atomically)$|.*type_description$"
    )

    def services() -> set[tuple[str, str]]:
        # The transitions of managed nodes are those of every such node.
        return {
            pair
            for pair in offered(client, "service")
            if not (common.match(pair[0]) or pair[1].startswith("lifecycle_msgs/"))
        }

    documented = {(row[0], row[1]) for row in table("Services")}
    wait_for(lambda: services() == documented, 10, f"{services()}\n==\n{documented}")


@needs("control_msgs")
def test_actions_table_matches_the_nodes(client: RosClient) -> None:
    def actions() -> set[tuple[str, str]]:
        found = get_action_server_names_and_types_by_node(client.node, "control", NAMESPACE)
        return {(short(name), types[0].replace("/action/", "/")) for name, types in found}

    documented = {(row[0], row[1]) for row in table("Actions")}
    wait_for(lambda: actions() == documented, 10, f"{actions()}\n==\n{documented}")


def test_parameters_table_matches_the_nodes(client: RosClient) -> None:
    documented = {(row[0], row[1]): row[2:4] for row in table("Parameters")}
    found = {}
    for node in NODES:
        base = f"{NAMESPACE}/{node}"
        names = client.call(ListParameters, f"{base}/list_parameters").result.names
        names = [name for name in names if not COMMON.match(name)]
        request = DescribeParameters.Request(names=names)
        descriptors = client.call(DescribeParameters, f"{base}/describe_parameters", request)
        values = client.call(
            GetParameters, f"{base}/get_parameters", GetParameters.Request(names=names)
        )
        for name, descriptor, value in zip(
            names, descriptors.descriptors, values.values, strict=True
        ):
            assert descriptor.description, name
            default = parameter_value_to_python(value)
            found[node, name] = [default, limits(descriptor)]
    assert set(found) == set(documented)
    assert set(found) == configured()
    for key, (default, bounds) in found.items():
        text = str(default).lower() if isinstance(default, bool) else str(default)
        overridden = key[1] in ("robot_host", "robot_port", "port", "admin")
        assert overridden or documented[key][0] == text, (key, documented[key][0], text)
        assert documented[key][1] == bounds, (key, documented[key][1], bounds)


def configured() -> set[tuple[str, str]]:
    """Return (node, parameter) of the parameters' file, the common ones for who declares them."""

    def flat(tree: dict[str, object], prefix: str = "") -> list[str]:
        names = []
        for key, value in tree.items():
            inner = flat(value, f"{prefix}{key}.") if isinstance(value, dict) else []
            names += inner or [f"{prefix}{key}"]
        return names

    sections = yaml.safe_load((ROOT / "config" / "reachy_mini.yaml").read_text())
    common = set(flat(sections.pop("/**")["ros__parameters"]))
    pairs = {
        (key.rsplit("/", 1)[1], name)
        for key, section in sections.items()
        for name in flat(section["ros__parameters"])
    }
    declared = {(row[0], row[1]) for row in table("Parameters")}
    return pairs | {pair for pair in declared if pair[1] in common}


def limits(descriptor: object) -> str:
    """Return a parameter's range or choices as docs/interface.md writes them."""
    ranges = [*descriptor.integer_range, *descriptor.floating_point_range]  # type: ignore[attr-defined]
    if ranges:
        return f"{ranges[0].from_value:g} to {ranges[0].to_value:g}"
    choices = str(descriptor.additional_constraints)  # type: ignore[attr-defined]
    return choices.removeprefix("one of: ")


def test_the_aggregator_s_analyzers_take_each_status_once(client: RosClient) -> None:
    parameters = yaml.safe_load((ROOT / "config" / "diagnostic_aggregator.yaml").read_text())
    analyzers = parameters["analyzers"]["ros__parameters"]
    taken = [one["startswith"] for one in analyzers.values() if isinstance(one, dict)]
    diagnostics = client.subscribe(DiagnosticArray, "/diagnostics", 50)

    def names() -> set[str]:
        return {
            one.name.replace(NAMESPACE, "/reachy_mini")
            for message in diagnostics.messages
            for one in message.status
        }

    wait_for(lambda: len(names()) >= len(NODES) + 1, 10, names)
    for name in names():
        assert sum(name.startswith(tuple(starts)) for starts in taken) == 1, name
    for starts in taken:
        assert all(any(name.startswith(start) for name in names()) for start in starts), starts


def test_commands_of_the_readme_exist() -> None:
    for script in ("scripts/demo.sh", "scripts/test.sh", "examples/move_head.py"):
        assert script in README
        assert (ROOT / script).stat().st_mode & 0o111, f"{script} is not executable"


def anchors(path: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_links_and_pictures_of_the_docs_exist() -> None:
    for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]:
        for link in re.findall(r"\]\(([^)\s]+)", path.read_text(encoding="utf-8")):
            target, _, anchor = link.partition("#")
            if not target.startswith(("http://", "https://")):
                page = path.parent / target if target else path
                assert page.exists(), f"{path.name}: {link}"
                assert not anchor or anchor in anchors(page), f"{path.name}: {link}"


def test_every_page_is_in_the_navigation_of_the_site() -> None:
    navigation = (ROOT / "mkdocs.yml").read_text().partition("\nnav:")[2]
    for path in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]:
        assert re.search(rf"- (.*: )?{path.relative_to(ROOT)}$", navigation, re.MULTILINE), path


def test_launch_arguments() -> None:
    declared = {argument.name for argument in ARGUMENTS}
    rows = INTERFACE.split("| launch argument |", 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    documented = re.findall(r"`(\w+)`", "".join(row.split("|")[1] for row in rows))
    assert sorted(documented) == sorted(declared)
