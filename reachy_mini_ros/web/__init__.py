# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The dashboard's HTTP application and its page. No rclpy here."""
