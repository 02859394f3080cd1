# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The URDF as RViz draws it: every visual of a link in the colour of the link's first one."""

from xml.etree import ElementTree

import pytest

from reachy_mini_ros.robot import sdk
from reachy_mini_ros.robot.description import DARK_LINK, with_colours

Element = ElementTree.Element


@pytest.fixture(scope="module")
def original() -> Element:
    return ElementTree.fromstring(sdk.robot_description())


@pytest.fixture(scope="module")
def robot() -> Element:
    return ElementTree.fromstring(with_colours(sdk.robot_description()))


def drawn(robot: Element) -> dict[str, tuple[float, ...]]:
    """Return the colour (RGB, 0..1) in which RViz draws each mesh of each link."""
    colours = {}
    for link in robot.findall("link"):
        visuals = link.findall("visual")
        for visual in visuals:
            first = visuals[0].find("material/color")
            mesh = visual.find("geometry/mesh")
            if first is None or mesh is None:
                continue
            name = str(mesh.get("filename")).rsplit("/", 1)[-1]
            place = str(link.get("name")).removesuffix(DARK_LINK)
            colours[f"{place}/{name}"] = tuple(map(float, first.get("rgba", "").split()[:3]))
    return colours


def test_what_is_seen_of_the_head_has_its_colour(robot: Element) -> None:
    colours = drawn(robot)
    for name in ("head_front_3dprint", "head_back_3dprint", "head_mic_3dprint"):
        assert min(colours[f"xl_330/{name}.stl"]) == 1.0, name
    for name in ("lens_cap_d30_3dprint", "lens_cap_d40_3dprint", "glasses_dolder_3dprint"):
        assert max(colours[f"xl_330/{name}.stl"]) < 0.2, name
    for lens in ("big_lens_d40", "small_lens_d30"):
        assert max(colours[f"xl_330/{lens}.stl"]) < 0.2, lens


def test_antennas_and_body_have_their_colours(robot: Element) -> None:
    colours = drawn(robot)
    for number in (7, 8):
        link = f"dc15_a01_horn_dummy_{number}"
        assert max(colours[f"{link}/antenna.stl"]) < 0.1
        assert min(colours[f"{link}/antenna_body_3dprint.stl"]) == 1.0
    assert min(colours["body_down_3dprint/body_down_3dprint.stl"]) == 1.0


def test_no_visual_and_no_joint_is_lost(original: Element, robot: Element) -> None:
    def places(robot: Element) -> list[tuple[str, str]]:
        return sorted(
            (
                str(link.get("name")).removesuffix(DARK_LINK),
                ElementTree.tostring(visual, encoding="unicode").strip(),
            )
            for link in robot.findall("link")
            for visual in link.findall("visual")
        )

    assert places(robot) == places(original)
    joints = {str(joint.get("name")): str(joint.get("type")) for joint in robot.findall("joint")}
    known = {str(joint.get("name")): str(joint.get("type")) for joint in original.findall("joint")}
    assert joints.items() > known.items()
    added = {name: kind for name, kind in joints.items() if name not in known}
    assert added, "no link was parted"
    assert set(added.values()) == {"fixed"}
    links = {str(link.get("name")) for link in robot.findall("link")}
    ends = {str(end.get("link")) for kind in ("parent", "child") for end in robot.iter(kind)}
    assert ends <= links


def test_what_is_added_hangs_on_the_robot() -> None:
    tree = ElementTree.fromstring(with_colours(sdk.urdf()))
    links = [link.get("name") for link in tree.iter("link")]
    joints = list(tree.iter("joint"))
    assert len(set(links)) == len(links) == len(joints) + 1
    children = []
    for joint in joints:
        parent, child = joint.find("parent"), joint.find("child")
        assert parent is not None
        assert child is not None
        assert parent.get("link") in links
        children.append(child.get("link"))
        if str(child.get("link")).endswith(DARK_LINK):
            assert joint.get("type") == "fixed"
            assert child.get("link") == f"{parent.get('link')}{DARK_LINK}"
    assert len(set(links) - set(children)) == 1, "one root"


def parted(*colours: str) -> tuple[list[str], list[str]]:
    """Return the visuals that stay in a link with these colours, and those of the dark link."""
    materials = "".join(
        f'<material name="{number}"><color rgba="{colour}"/></material>'
        for number, colour in enumerate(colours)
        if colour
    )
    visuals = "".join(
        f'<visual name="{number}"><material name="{number}"/></visual>'
        for number in range(len(colours))
    )
    urdf = f'<robot name="r">{materials}<link name="part">{visuals}</link></robot>'
    links = {
        str(link.get("name")): [str(visual.get("name")) for visual in link.findall("visual")]
        for link in ElementTree.fromstring(with_colours(urdf)).findall("link")
    }
    return links["part"], links.get("part" + DARK_LINK, [])


@pytest.mark.parametrize(
    ("colours", "stays", "dark"),
    [
        (("1 1 1 1", "0 0 0 1"), "0", "1"),
        (("0 0 0 1", "0.5 0.5 0.5 1", "1 1 1 1", "0.2 0.2 0.2 1"), "21", "03"),
        (("1 1 1 1", "0.5 0.3 0.2 1"), "0", "1"),  # by the mean of the colours
        (("1 1 1 1", "0.4 0.4 0.4 1"), "01", ""),
        (("1 1 1 1", "1 1 1 0.5"), "0", "1"),  # a lens
        (("0.7 0.7 0.7 1", "0 0 0 1"), "0", "1"),
        (("0.5 0.5 0.5 1", "0 0 0 1"), "01", ""),
        (("", "0 0 0 1"), "0", "1"),  # a colour that is not told is taken for a light one
    ],
)
def test_dark_parts_are_parted_from_light_ones(
    colours: tuple[str, ...], stays: str, dark: str
) -> None:
    assert parted(*colours) == (list(stays), list(dark))
