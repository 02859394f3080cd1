# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The robot as tools for language models (MCP): a client of the HTTP API, without ROS."""
