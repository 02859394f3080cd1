# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The tools' configurations name only what docs/interface.md, and so running nodes, have."""

import ast
import importlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from test_docs import table

from reachy_mini_ros.nodes.control.conversions import ALL_JOINT_NAMES
from reachy_mini_ros.robot.geometry import kinematics
from reachy_mini_ros.robot.geometry.limits import STEWART_JOINTS

ROOT = Path(__file__).parents[1]
CONFIG = ROOT / "config"
NAMESPACE = "/reachy_mini/"
TOPICS = {name: (kind, direction) for name, kind, direction, _ in table("Topics")}
TOPICS["robot_description"] = ("std_msgs/String", "out")  # robot_state_publisher's
SERVICES = {name: kind for name, kind, _ in table("Services")}
SHOWN_BY_RVIZ = {
    "PointStamped": "geometry_msgs/PointStamped",
    "RobotModel": "std_msgs/String",
    "Pose": "geometry_msgs/PoseStamped",
    "Image": "sensor_msgs/Image",
}
SENT_BY_RVIZ = {"PublishPoint": "geometry_msgs/PointStamped"}

Document = dict[str, Any]


def read(name: str) -> Document:
    text = (CONFIG / name).read_text(encoding="utf-8")
    document: Document = json.loads(text) if name.endswith(".json") else yaml.safe_load(text)
    return document


def perspective() -> Document:
    """Return the rqt perspective as nested groups of plain values."""

    def plain(group: Document) -> Document:
        values = {
            key: ast.literal_eval(value["repr"])
            for key, value in group["keys"].items()
            if value["type"] == "repr"
        }
        return values | {key: plain(inner) for key, inner in group["groups"].items()}

    text = (CONFIG / "reachy_mini.perspective").read_text(encoding="utf-8")
    return plain(json.loads(text))


def strings(document: object) -> Iterator[str]:
    """Yield every string of a document, keys as well as values."""
    if isinstance(document, str):
        yield document
    elif isinstance(document, dict):
        for key, value in document.items():
            yield from strings(key)
            yield from strings(value)
    elif isinstance(document, list):
        for value in document:
            yield from strings(value)


def robot_names(document: Document) -> set[str]:
    return {
        text.removeprefix(NAMESPACE) for text in strings(document) if text.startswith(NAMESPACE)
    }


def topic_of(path: str) -> str:
    """Return the topic that a path into its messages begins with."""
    return max((name for name in TOPICS if path.startswith(name)), key=len, default="")


def check_field(topic: str, fields: list[str]) -> None:
    """Fail unless messages of the topic have the field; an index stands for a joint."""
    package, kind = TOPICS[topic][0].split("/")
    value = getattr(importlib.import_module(f"{package}.msg"), kind)()
    for field in fields:
        name, _, index = field.partition("[")
        assert name in value.get_fields_and_field_types(), f"{topic} has no {field}"
        value = getattr(value, name)
        if index:
            assert topic == "joint_states"
            assert int(index.rstrip("]")) < len(ALL_JOINT_NAMES)


def test_rviz_shows_and_sends_topics_of_the_robot() -> None:
    manager = read("reachy_mini.rviz")["Visualization Manager"]
    shown = {}
    for display in manager["Displays"]:
        kind = display["Class"].split("/")[1]
        if topic := display.get("Topic") or display.get("Description Topic"):
            way = "in" if kind == "PointStamped" else "out"  # what others ask for
            shown[topic["Value"]] = (SHOWN_BY_RVIZ[kind], way)
    sent = {
        tool["Topic"]: (SENT_BY_RVIZ[tool["Class"].split("/")[1]], "in")
        for tool in manager["Tools"]
        if "Topic" in tool
    }
    poses = {"head_pose", "target_head_pose", "look_at"}
    assert set(shown) == {"robot_description", "camera/image_raw", *poses}
    assert set(sent) == {"look_at"}
    for topic, meaning in (shown | sent).items():
        assert TOPICS[topic] == meaning, topic


def test_rqt_names_topics_and_services_of_the_robot() -> None:
    document = perspective()
    names = robot_names(document)
    plots = {name for name in names if re.search(r"/pose/|\[", name)}
    assert len(plots) == 6
    for path in plots:
        topic = topic_of(path)
        check_field(topic, path.removeprefix(topic).strip("/").split("/"))
    assert names - plots <= {*TOPICS, *SERVICES}
    assert {"camera/image_raw/compressed", "wake_up"} <= names


def test_rqt_needs_the_packages_that_the_launch_file_asks_for() -> None:
    text = (ROOT / "launch" / "bringup.launch.py").read_text(encoding="utf-8")
    wanted = next(
        ast.literal_eval(statement.value)
        for statement in ast.parse(text).body
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "RQT"
    )
    plugins = perspective()["pluginmanager"]["running-plugins"]
    assert {name.split("/")[0] for name in plugins} | {"rqt_gui"} == set(wanted)


def test_foxglove_names_topics_and_services_of_the_robot() -> None:
    panels = read("reachy_mini_foxglove.json")["configById"]
    paths = {
        path["value"]: path["label"] for panel in panels.values() for path in panel.get("paths", [])
    }
    for path, label in paths.items():
        topic, *fields = path.removeprefix(NAMESPACE).split(".")
        check_field(topic, fields)
        if index := re.search(r"\[(\d+)\]$", path):
            assert ALL_JOINT_NAMES[int(index[1])] == label
    assert len(paths) == 9
    names = robot_names(panels) - {path.removeprefix(NAMESPACE) for path in paths}
    assert names <= {*TOPICS, *SERVICES}
    for name, panel in panels.items():
        if name.startswith("CallService!"):
            assert SERVICES[panel["serviceName"].removeprefix(NAMESPACE)] == "std_srvs/Trigger"
        elif name.startswith("Publish!"):
            kind, direction = TOPICS[panel["topicName"].removeprefix(NAMESPACE)]
            assert (kind, direction) == (panel["datatype"].replace("/msg", ""), "in")
            for field in json.loads(panel["value"]):
                check_field(panel["topicName"].removeprefix(NAMESPACE), [field])
    point = panels["3D!robot"]["publish"]["pointTopic"].removeprefix(NAMESPACE)
    assert TOPICS[point] == ("geometry_msgs/PointStamped", "in")


def test_foxglove_places_every_panel_once() -> None:
    document = read("reachy_mini_foxglove.json")

    def leaves(node: str | Document) -> Iterator[str]:
        if isinstance(node, str):
            yield node
        else:
            yield from leaves(node["first"])
            yield from leaves(node["second"])

    assert sorted(leaves(document["layout"])) == sorted(document["configById"])


def test_a_gamepad_sends_what_the_robot_takes() -> None:
    commands = read("joy_teleop.yaml")["/**/joy_teleop"]["ros__parameters"]
    for name, command in commands.items():
        kind = command["interface_type"]
        if command["type"] == "service":
            assert SERVICES[command["service_name"]] == kind.replace("/srv", ""), name
            continue
        topic = command["topic_name"]
        assert TOPICS[topic] == (kind.replace("/msg", ""), "in"), name
        assert command["deadman_buttons"], "a stick alone must not move the robot"
        for field in command.get("axis_mappings") or command["message_value"]:
            check_field(topic, field.strip("-").split("-"))
    named = [
        mapping["value"]
        for field, mapping in commands["body_and_antennas"]["axis_mappings"].items()
        if field.strip("-") == "name"
    ]
    assert set(named) <= set(ALL_JOINT_NAMES)
    assert {"stop", "wake_up", "goto_sleep"} <= {
        command.get("service_name") for command in commands.values()
    }


def test_the_sliders_begin_at_the_neutral_head() -> None:
    zeros = read("joint_state_publisher.yaml")["/**/joint_state_publisher"]["ros__parameters"][
        "zeros"
    ]
    neutral = kinematics.inverse(np.eye(4), 0.0, automatic_body_yaw=False)
    assert neutral is not None
    assert tuple(zeros) == STEWART_JOINTS
    assert list(zeros.values()) == pytest.approx(neutral[1:].tolist(), abs=1e-3)
