# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""``python -m reachy_mini_ros.nodes NAME``: one node alone, where no executable is installed."""

import sys

from reachy_mini_ros.nodes import bringup

if __name__ == "__main__":
    getattr(bringup, sys.argv.pop(1))()
