# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Pictures and sound: WebRTC session, frames, JPEG. No rclpy here."""
