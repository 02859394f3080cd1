# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Installation of the package, for colcon and for pip alike."""

from glob import glob

from setuptools import find_packages, setup

PACKAGE = "reachy_mini_ros"
APP = "camera_live_feed"
"""A package of its own: the robot's daemon looks for <app>/main.py."""

setup(
    name=PACKAGE,
    version="0.2.0",
    packages=[*find_packages(include=[PACKAGE, f"{PACKAGE}.*"]), APP],
    package_data={
        PACKAGE: ["py.typed", "web/page/*", "web/vendor/*", "fleet/page/*", "nodes/interface.md"]
    },
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{PACKAGE}"]),
        (f"share/{PACKAGE}", ["package.xml", "CHANGELOG.rst"]),
        (f"share/{PACKAGE}/launch", glob("launch/*.launch.py")),
        (f"share/{PACKAGE}/config", glob("config/*.*")),
        (f"share/{PACKAGE}/config/mcp", glob("config/mcp/*.*")),
        (f"share/{PACKAGE}/config/sros2", glob("config/sros2/*.*")),
    ],
    # ROS packages come from a distribution or from its wheels, never from here.
    install_requires=[
        "aiohttp>=3.11",
        "aioice",  # aiortc's, patched
        "aiortc>=1.14,<1.17",
        "av>=15",
        "numpy>=1.26",
        "pydantic>=2.10,<3",
        "pyyaml>=6",
        "reachy-mini>=1.11,<2",
        "setuptools",
        "websockets>=15,<16",
        "zeroconf",  # the SDK's, patched in the simulation
    ],
    extras_require={
        # Beside language models: the MCP server, and what it serves HTTP with.
        "agent": ["mcp>=2,<3", "uvicorn>=0.31"],
        # On the robot itself, with no ROS.
        "app": ["opencv-python-headless>=4.6,<6"],
        # Left to apt's python3-opencv where ROS comes from a distribution.
        "opencv": ["opencv-python-headless>=4.6,<6"],
        "test": ["pytest"],
    },
    python_requires=">=3.11",
    zip_safe=True,
    maintainer="reachy_mini_ros maintainers",
    maintainer_email="maintainers@reachy-mini-ros.example",
    description=(
        "ROS 2 driver for the Reachy Mini robot: "
        "camera, motion, daemon state, browser view and simulation."
    ),
    license="Apache-2.0",
    project_urls={"Reachy Mini": "https://github.com/pollen-robotics/reachy_mini"},
    entry_points={
        "console_scripts": [
            "audio = reachy_mini_ros.nodes.bringup:audio",
            "audio_play_file = reachy_mini_ros.nodes.audio.play_file:main",
            "audio_record = reachy_mini_ros.nodes.audio.record:main",
            "bringup = reachy_mini_ros.nodes.bringup:main",
            "camera = reachy_mini_ros.nodes.bringup:camera",
            "control = reachy_mini_ros.nodes.bringup:control",
            "dashboard = reachy_mini_ros.nodes.bringup:dashboard",
            "fleet_page = reachy_mini_ros.fleet.main:main",
            "discover = reachy_mini_ros.robot.discover:main",
            "robot_description = reachy_mini_ros.robot.description:main",
            "mcp_server = reachy_mini_ros.agent.main:main",
            "panorama_scan = reachy_mini_ros.web.panorama_scan:main",
            "security_policy = reachy_mini_ros.nodes.policy:main",
            "reachy_mini_sim = reachy_mini_ros.simulation.main:main",
            "stream = reachy_mini_ros.nodes.bringup:stream",
        ],
        "reachy_mini_apps": ["camera_live_feed = camera_live_feed.main:CameraLiveFeed"],
    },
)
