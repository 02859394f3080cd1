# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""How the robot does, for /diagnostics: what its daemon tells of itself."""

from reachy_mini_ros.nodes.common.diagnostics import Level, Report
from reachy_mini_ros.robot.driver import Driver
from reachy_mini_ros.robot.state import Health


def report(driver: Driver) -> Report:
    """Return the daemon's word on itself, and what it amounts to."""
    watch, info = driver.health, driver.info
    verdict = watch.verdict()
    health = watch.health or Health()
    return Report(
        Level[verdict.severity.name],
        verdict.text,
        {
            "daemon state": info.daemon_state if info else "",
            "backend error": info.error if info else "",
            "motor mode": info.motor_mode if info else "",
            "motors ready": health.ready,
            "motors silent for (s)": watch.silent_s(),
            "motor errors": watch.motor_errors(),
            "motor controller": health.motor_controller,
            "control loop rate (Hz)": health.rate_hz,
            "control loop longest interval (s)": health.longest_interval_s,
            "control loop errors (1/s)": health.errors,
            "IMU temperature (C)": watch.imu_celsius,
            "media": health.media,
        },
    )
