# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Frames, limits and kinematics of the robot, without input or output."""
