# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The robot's URDF, as it comes with the SDK."""

from importlib.util import find_spec
from pathlib import Path

from reachy_mini_ros.errors import SetupError

MESH_PREFIX = "package://assets/"


def robot_description() -> str:
    """Return the URDF with mesh addresses that RViz opens (``file://``).

    Found without importing the SDK, which takes half a second. Raises SetupError without it.
    """
    spec = find_spec("reachy_mini")
    if spec is None or not spec.submodule_search_locations:
        raise SetupError("reachy_mini is not installed: pip install 'reachy-mini>=1.11,<2'")
    folder = Path(spec.submodule_search_locations[0]) / "descriptions" / "reachy_mini" / "urdf"
    text = (folder / "robot.urdf").read_text(encoding="utf-8")
    return text.replace(MESH_PREFIX, (folder / "assets").as_uri() + "/")
