# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The page on the robot itself, as a Reachy Mini app: no ROS is needed."""
