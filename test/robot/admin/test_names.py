# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Names that a robot can have."""

import pytest

from reachy_mini_ros.errors import InvalidCommandError
from reachy_mini_ros.robot.admin.api import checked_robot_name


@pytest.mark.parametrize("name", ["a", "kitchen robot", "é" * 64])
def test_a_name_is_taken_without_the_space_around_it(name: str) -> None:
    assert checked_robot_name(f" {name}\n") == name


@pytest.mark.parametrize("name", ["", "  ", "x" * 65, "two\nlines", "\x1b[31m"])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(InvalidCommandError, match="1 to 64 printable characters"):
        checked_robot_name(name)
