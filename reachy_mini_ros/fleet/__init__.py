# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Several robots on one computer: the file that names them, what is started, one page for all."""
