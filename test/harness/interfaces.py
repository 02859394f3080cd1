# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Packages of interfaces that have no wheel: scripts/interfaces.sh builds them."""

import importlib.util

import pytest


def installed(package: str) -> bool:
    """Return whether a package of interfaces can be imported."""
    return importlib.util.find_spec(package) is not None


def needs(package: str) -> pytest.MarkDecorator:
    """Skip a test without a package."""
    reason = f"{package}, which scripts/interfaces.sh builds, is not there"
    return pytest.mark.skipif(not installed(package), reason=reason)
