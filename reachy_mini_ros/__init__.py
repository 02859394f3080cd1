# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""ROS 2 driver for Reachy Mini, the desktop robot of Pollen Robotics and Hugging Face."""

__version__ = "0.2.0"
