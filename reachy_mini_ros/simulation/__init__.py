# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A robot without a robot: the real daemon and a media server. No rclpy here."""
