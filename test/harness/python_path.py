# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Where the Python processes that tests start look for modules first."""

import os
from pathlib import Path

TEST = Path(__file__).parents[1]
ROOT = TEST.parent


def python_path(*folders: Path) -> dict[str, str]:
    """Return the variable that puts folders before those where is looked already."""
    before = os.environ.get("PYTHONPATH")
    return {"PYTHONPATH": os.pathsep.join([*map(str, folders), *([before] if before else [])])}
