# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Where the package's launch and config files are."""

import sys
from pathlib import Path

from ament_index_python.packages import get_package_share_directory

PACKAGE = "reachy_mini_ros"


def share_directory() -> Path:
    """Return the folder that holds ``config/`` and ``launch/``.

    The ament index knows it after colcon build; after pip install it is the environment's
    ``share``; in a checkout it is the repository itself.
    """
    try:
        return Path(get_package_share_directory(PACKAGE))
    except (LookupError, OSError):  # not in the index, or there is no index at all
        installed = Path(sys.prefix) / "share" / PACKAGE
        return installed if installed.is_dir() else Path(__file__).parents[3]
