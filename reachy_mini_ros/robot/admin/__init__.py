# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The robot's software: its apps, its updates, its daemon's log; nothing here moves it."""
