# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The ROS 2 nodes: thin layers over robot, media and web."""
