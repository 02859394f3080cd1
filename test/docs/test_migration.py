# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""docs/migration.md: what it sends its reader to is there, and what it says has gone is not."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "migration.md").read_text(encoding="utf-8")
INTERFACE = (ROOT / "docs" / "interface.md").read_text(encoding="utf-8")
HTTP = (ROOT / "docs" / "dashboard_api.md").read_text(encoding="utf-8")
PACKAGE = ROOT / "reachy_mini_ros"


def rows(heading: str) -> list[list[str]]:
    section = PAGE.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    lines = [line for line in section.splitlines() if line.startswith("|")][2:]
    return [line.strip("|").split("|") for line in lines]


def names(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def is_module(name: str) -> bool:
    path = PACKAGE.joinpath(*name.split("."))
    return path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()


MODULES = [
    pair
    for before, after in rows("Python modules")
    for pair in zip(names(before), names(after), strict=True)
]


@pytest.mark.parametrize(("before", "after"), MODULES)
def test_modules_are_where_they_are_said_to_be(before: str, after: str) -> None:
    assert is_module(after)
    # What is a package now has the old name still, and no longer what was in the module.
    path = PACKAGE.joinpath(*before.split("."))
    assert not path.with_suffix(".py").exists()


def test_no_module_of_before_is_said_to_have_gone_twice() -> None:
    assert len({before for before, _ in MODULES}) == len(MODULES) > 35


def known(name: str) -> bool:
    """Return whether the interface has a name: of ROS, of the HTTP API, a value or a command."""
    if name.startswith("/api/"):
        return f"| `{name}` |" in HTTP
    if name.startswith("?"):
        return f"`{name}`" in HTTP
    if name.startswith("ros2 run reachy_mini_ros "):
        executable = name.split()[3]
        return f'"{executable} = ' in (ROOT / "setup.py").read_text()
    if name in ("encode", "header.stamp"):  # a choice of parameters, a field of messages
        return name in INTERFACE or name in (ROOT / "docs" / "motion.md").read_text()
    return f"| `{name}` |" in INTERFACE


def test_what_a_reader_is_sent_to_is_in_the_interface() -> None:
    told = [name for _, _, *cells in rows("Behaviour") for cell in cells for name in names(cell)]
    assert len(told) > 10
    for name in told:
        assert known(name), name
    assert not known("camera/no_such_topic")


def test_files_and_options_that_a_reader_is_sent_to_are_there() -> None:
    told = [name for *_, cell in rows("Files") for name in names(cell)]
    assert len(told) > 5
    for name in told:
        path, _, option = name.partition(" ")
        assert (ROOT / path).is_file(), path
        assert option.split(" ")[0] in (ROOT / path).read_text(encoding="utf-8"), name
    assert not (ROOT / "scripts" / "requirements.txt").exists()
