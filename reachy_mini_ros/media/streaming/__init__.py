# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Live streams to the outside: encoded once, sent to any number of destinations."""
