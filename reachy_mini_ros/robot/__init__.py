# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The robot's daemon: link, HTTP API, limits, kinematics, camera models. No rclpy here."""
