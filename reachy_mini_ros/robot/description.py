# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""``robot_description``: prints the robot's URDF; launch files ask it."""

import sys
from xml.etree import ElementTree

from reachy_mini_ros.signals import end_at_signals

PROGRAM = "robot_description"
DARK_LINK = "_dark"
"""What the name of the link with a link's dark visuals ends with."""
_DARK, _LIGHT = 0.35, 0.6
"""Brightness below which a part is dark, and above which it is light."""


def main() -> None:
    """Print the URDF; exit 1 with one line if the SDK, which has it, is not installed."""
    end_at_signals()
    from reachy_mini_ros.command_line import Parser, fail

    Parser(
        PROGRAM,
        "Prints the URDF of Reachy Mini, out of its SDK, with the meshes as file:// addresses.\n"
        "bringup.launch.py gives it to robot_state_publisher.",
    ).parse_args(sys.argv[1:])
    from reachy_mini_ros.errors import SetupError
    from reachy_mini_ros.robot.sdk import robot_description

    try:
        print(with_colours(robot_description()))
    except SetupError as error:
        fail(PROGRAM, error)


def with_colours(urdf: str) -> str:
    """Return a URDF that RViz shows in about the right colours.

    RViz gives all visuals of a link the material of the first one
    (https://github.com/ros2/rviz/issues/1293). Of a link with light and dark parts, the dark and
    the transparent ones (lenses) get a link of their own, fixed to it; the lightest, or the
    darkest there, comes first.
    """
    robot = ElementTree.fromstring(urdf)
    colours = {
        str(material.get("name")): color
        for material in robot.iter("material")
        if (color := material.find("color")) is not None
    }

    def brightness(visual: ElementTree.Element) -> float:
        material = visual.find("material")
        color = None if material is None else colours.get(str(material.get("name")))
        if color is None:
            return _LIGHT
        red, green, blue, opacity = map(float, color.get("rgba", "1 1 1 1").split())
        return (red + green + blue) / 3 if opacity == 1 else _DARK

    for link in robot.findall("link"):
        visuals = sorted(link.findall("visual"), key=brightness, reverse=True)
        dark = [visual for visual in reversed(visuals) if brightness(visual) <= _DARK]
        if not dark or brightness(visuals[0]) < _LIGHT:
            continue
        for visual in visuals:
            link.remove(visual)
        link.extend(visual for visual in visuals if visual not in dark)
        name = str(link.get("name"))
        ElementTree.SubElement(robot, "link", name=name + DARK_LINK).extend(dark)
        joint = ElementTree.SubElement(robot, "joint", name=name + DARK_LINK, type="fixed")
        ElementTree.SubElement(joint, "parent", link=name)
        ElementTree.SubElement(joint, "child", link=name + DARK_LINK)
    return ElementTree.tostring(robot, encoding="unicode")


if __name__ == "__main__":
    main()
