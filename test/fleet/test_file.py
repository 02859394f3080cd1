# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A fleet's file: what is filled in, and a line for each mistake."""

import re
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from reachy_mini_ros.fleet import arguments, file
from reachy_mini_ros.fleet.file import Fleet, read_fleet
from reachy_mini_ros.fleet.plan import write_parameters
from reachy_mini_ros.fleet.reading import MistakesError

ROOT = Path(__file__).parents[2]
PARAMETERS = ROOT / "config" / "reachy_mini.yaml"
DOCUMENT = (ROOT / "docs" / "fleet.md").read_text(encoding="utf-8")
TWO = "robots: [{name: ann, sim: true}, {name: bob, sim: true}]\n"


def read(tmp_path: Path, text: str) -> Fleet:
    path = tmp_path / "fleet.yaml"
    path.write_text(text)
    return read_fleet(path, PARAMETERS)


def mistakes(tmp_path: Path, text: str) -> list[str]:
    """Return the lines that are told, without the file's name."""
    with pytest.raises(MistakesError) as caught:
        read(tmp_path, text)
    assert all("\n" not in line for line in caught.value.mistakes)
    start = f"{tmp_path / 'fleet.yaml'}, "
    assert all(line.startswith(start) for line in caught.value.mistakes)
    return [line.removeprefix(start) for line in caught.value.mistakes]


def test_what_is_left_out_is_each_robot_s_own(tmp_path: Path) -> None:
    fleet = read(tmp_path, TWO)
    ann, bob = fleet.robots
    assert (ann.robot_port, ann.signalling_port, ann.dashboard_port) == (8000, 8443, 8042)
    assert (bob.robot_port, bob.signalling_port, bob.dashboard_port) == (8001, 8444, 8043)
    assert (ann.frame_prefix, bob.frame_prefix) == ("ann/", "bob/")
    assert (ann.directory, bob.directory) == tuple(
        Path.home() / "reachy_mini" / name for name in ("ann", "bob")
    )
    assert ann.nodes == ("control", "camera", "audio", "dashboard")
    assert fleet.page is not None
    assert fleet.page.port == 8040
    assert not {fleet.page.port} & {ann.dashboard_port, bob.dashboard_port}


def test_robots_elsewhere_have_the_usual_ports_and_files_lie_beside_the_fleet_s(
    tmp_path: Path,
) -> None:
    fleet = read(
        tmp_path,
        """
        defaults: {stream: true, audio: false, parameters: {camera: {frame_rate: 5.0, width: 640}}}
        robots:
          - {name: ann, robot_host: 10.0.0.1, dashboard_token_file: token.txt}
          - name: bob
            robot_host: 10.0.0.2
            stream: false
            directory: of_bob
            params_file: mine.yaml
            parameters: {camera: {frame_rate: 7.0}, control: {goto: {duration: 2.0}}}
        page: false
        """,
    )
    ann, bob = fleet.robots
    assert fleet.page is None
    assert ann.robot_port == bob.robot_port == 8000
    assert ann.nodes == ("control", "camera", "dashboard", "stream")
    assert bob.nodes == ("control", "camera", "dashboard")
    assert ann.dashboard_token_file == str(tmp_path / "token.txt")
    assert (bob.directory, bob.params_file) == (tmp_path / "of_bob", tmp_path / "mine.yaml")
    assert bob.parameters == {
        "camera": {"frame_rate": 7.0, "width": 640},
        "control": {"goto.duration": 2.0},
    }


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "robots: [{name: ann, sim: true, robot_prot: 1}]",
            "line 1: there is no key of robot ann robot_prot; the nearest is robot_port",
        ),
        ("robot: []\n" + TWO, "line 1: there is no key robot; the nearest is robots"),
        (TWO + "page: {prot: 1}", "line 2: there is no key of page prot; the nearest is port"),
        (
            "defaults: {simm: true}\n" + TWO,
            "line 1: there is no key of defaults simm; the nearest is sim",
        ),
        (
            "robots:\n- {name: ann, sim: true}\n- {name: ann, sim: true, directory: x}",
            "line 3: name ann is both robot 1 and robot 2",
        ),
        (
            "robots:\n- {name: ann, sim: true}\n- {name: bob, sim: true, dashboard_port: 8042}",
            "line 3: port 8042 is both the dashboard_port of ann and the dashboard_port of bob",
        ),
        (
            TWO + "page: {port: 8444}",
            "line 1: port 8444 is both the page's port and the signalling_port of bob",
        ),
        (
            "robots:\n- {name: ann, robot_host: r.local}\n- {name: bob, robot_host: R.local}",
            "line 3: robot r.local:8000 is both ann and bob",
        ),
        (
            "robots:\n- {name: ann, sim: true, directory: d}\n"
            "- {name: bob, sim: true, directory: d}",
            "line 3: directory {folder}/d is both the directory of ann and the directory of bob",
        ),
        ("robots: [{sim: true}]", "line 1: robot 1: no name: letters, digits and single _"),
        ("robots: [{name: 1a, sim: true}]", "line 1: robot 1a: its name cannot be '1a'"),
        ("robots: [{name: a__b, sim: true}]", "its name cannot be 'a__b'"),
        ("robots: [{name: ann}]", "line 1: robot ann: its robot_host is needed, or sim: true"),
        (
            "robots: [{name: ann, sim: true, robot_host: r}]",
            "line 1: robot ann: either sim or a robot_host",
        ),
        ("robots: [{name: ann, robot_host: auto}]", "robot_host auto is for who has one robot"),
        (
            "robots:\n- name: ann\n  sim: 1",
            "line 3: robot ann: sim is true or false, not 1",
        ),
        (
            "robots: [{name: ann, sim: true, robot_port: 70000}]",
            "line 1: robot ann: robot_port is a port, 1 to 65535, not 70000",
        ),
        (
            "robots: [{name: ann, robot_host: 10}]",
            "line 1: robot ann: robot_host is a text, in quotes if need be, not 10",
        ),
        (
            "robots:\n- name: ann\n  sim: true\n  sim: false",
            "line 4: sim stands there twice",
        ),
        (
            "robots:\n- name: ann\n  sim: true\n  parameters:\n    camera:\n      fram_rate: 1.0",
            "line 6: there is no parameter of camera fram_rate; the nearest is frame_rate",
        ),
        (
            "robots: [{name: ann, sim: true, parameters: {camra: {width: 1}}}]",
            "line 1: there is no node camra; the nearest is camera",
        ),
        (TWO + "page: {read_only: maybe}", "page: read_only is one of auto, true, false"),
        ("robots:\n- name: ann\n bad: x: y", "line 3: this is no YAML: "),
        ("robots: [", "this is no YAML: "),
        ("robots: !thing x", "this is no YAML: could not determine a constructor"),
        ("", "line 1: robots: a list of robots is needed"),
        ("robots: []", "line 1: robots: a list of robots is needed"),
        ("robots: {ann: 1}", "line 1: robots: a list of robots is needed"),
        ("- 1", "line 1: the file: keys with values are needed"),
        ("defaults: {name: ann}\n" + TWO, "line 1: defaults: a name is a robot's own"),
    ],
)
def test_a_mistake_is_one_line_with_where_it_is(tmp_path: Path, text: str, told: str) -> None:
    found = mistakes(tmp_path, text)
    expected = told.format(folder=tmp_path) if "{folder}" in told else told
    assert any(expected in line for line in found), found


def test_all_mistakes_are_told_at_once_in_the_order_of_their_lines(tmp_path: Path) -> None:
    found = mistakes(
        tmp_path,
        "robots:\n- {name: ann, sim: 3}\n- {name: 7, sim: true}\n- {name: bob, sim: true, x: 1}\n",
    )
    assert [line.partition(":")[0] for line in found] == ["line 2", "line 3", "line 4"]


def test_a_file_that_is_not_there_or_no_text(tmp_path: Path) -> None:
    with pytest.raises(MistakesError, match=r"cannot read .*: No such file"):
        read_fleet(tmp_path / "none.yaml")
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(MistakesError, match="is no text"):
        read_fleet(tmp_path / "binary.yaml")


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10)
keys = st.sampled_from([*file.OF_THE_FILE, *file.KEYS, "parameters", "camera"]) | st.text()
trees = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=12,
)


@given(trees | st.dictionaries(st.sampled_from([*file.OF_THE_FILE]), trees))
@settings(max_examples=200)
def test_whatever_stands_there_is_a_fleet_or_mistakes(
    tmp_path_factory: pytest.TempPathFactory, tree: Any
) -> None:
    path = tmp_path_factory.getbasetemp() / "made_up.yaml"
    path.write_text(yaml.safe_dump(tree, allow_unicode=True), encoding="utf-8")
    with suppress(MistakesError):
        read_fleet(path, PARAMETERS)


def test_each_robot_gets_a_file_of_parameters_with_nothing_of_another(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(
        "/**: {ros__parameters: {robot_host: x}}\n"
        "/**/camera: {ros__parameters: {width: 320, source: synthetic}}\n"
    )
    fleet = read(
        tmp_path,
        """
        robots:
          - {name: ann, sim: true, parameters: {control: {goto: {duration: 2.0}, admin: true}}}
          - {name: bob, robot_host: 10.0.0.2, params_file: mine.yaml}
        """,
    )
    files = write_parameters(fleet.robots, PARAMETERS, tmp_path)
    ann, bob = (yaml.safe_load(files[name].read_text()) for name in ("ann", "bob"))

    def values(sections: dict[str, Any], section: str) -> dict[str, Any]:
        found: dict[str, Any] = sections[section]["ros__parameters"]
        return found

    assert values(ann, "/**")["robot_host"] == "127.0.0.1"
    assert values(bob, "/**")["robot_host"] == "10.0.0.2"
    control = values(ann, "/**/control")
    assert control["goto"] == {"duration": 2.0, "method": "minjerk"}
    assert control["admin"] is True
    # One local socket of a daemon's camera is on a machine, whichever daemon has it.
    assert values(ann, "/**/camera")["source"] == "webrtc"
    assert values(bob, "/**/camera")["width"] == 320
    assert values(bob, "/**/camera")["source"] == "synthetic"
    own = [
        {name: text for name, text in file.flat(one).items() if "reachy_mini/" in str(text)}
        for one in (ann, bob)
    ]
    assert all("/reachy_mini/ann/" in str(text) for text in own[0].values())
    assert all("/reachy_mini/bob/" in str(text) for text in own[1].values())
    assert len(own[0]) == len(own[1]) == 5
    assert files["ann"].stat().st_mode & 0o077 == 0


def test_a_params_file_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("/**/camera: {width: 320}\n")
    text = "robots: [{name: ann, sim: true, params_file: mine.yaml}]"
    with pytest.raises(MistakesError, match=r"/\*\*/camera: ros__parameters are needed"):
        write_parameters(read(tmp_path, text).robots, PARAMETERS, tmp_path)


def table(heading: str) -> dict[str, str]:
    """Return key -> default of a table of docs/fleet.md."""
    section = DOCUMENT.split(f"\n### {heading}\n", 1)[1].split("\n#", 1)[0]
    rows = [line for line in section.splitlines() if line.startswith("| `")]
    cells = [[cell.strip() for cell in row.strip("|").split(" | ")] for row in rows]
    return {row[0].strip("| `"): row[1].replace("`", "") for row in cells}


def test_the_tables_of_the_document_are_the_code_s() -> None:
    assert set(table("The file")) == set(file.OF_THE_FILE)
    robot = table("A robot")
    assert set(robot) == {*file.KEYS, file.PARAMETERS}
    for name, one in file.KEYS.items():
        if one.is_switch:
            assert robot[name] == one.launch_default, name
    for name, port in file.FIRST_PORTS.items():
        assert robot[name].startswith(str(port)), name
    page = {name: one.launch_default or "none" for name, one in file.OF_THE_PAGE.items()}
    assert table("The page") == page
    launch = {one.name: one.launch_default or "config/fleet.yaml" for one in arguments.OF_A_FLEET}
    assert table("Launch arguments") == launch


def test_the_example_in_the_document_is_a_fleet(tmp_path: Path) -> None:
    (example,) = re.findall(r"```yaml\n(robots:.*?)```", DOCUMENT, re.DOTALL)
    assert len(read(tmp_path, example).robots) == 3
