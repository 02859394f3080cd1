# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Where pictures can come from: the robot's streams, OpenCV, a test picture."""

NAMES = ("auto", "webrtc", "sdk", "opencv", "synthetic")
"""What the camera node's parameter ``source`` can be."""
