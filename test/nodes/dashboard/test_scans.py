# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A scan out of topics, whatever order these come in."""

import json
from pathlib import Path

import cv2
import numpy as np
from harness.behaviour import Page
from harness.daemon import Daemon
from harness.panoramas import begin, file_of, scanned
from harness.processes import Processes, free_port
from harness.ros import RosClient
from harness.simulation import Simulation
from sensor_msgs.msg import CameraInfo, CompressedImage

SPACE = "/dashboard_scans"
LATER = 20
"""So many pictures come before the first camera_info."""


def test_a_camera_info_that_comes_after_the_first_pictures_is_waited_for(
    processes: Processes, ros: RosClient, tmp_path: Path
) -> None:
    daemon, port = Daemon.start(processes, free_port()), free_port()
    robot = {"robot_host": "127.0.0.1", "robot_port": daemon.port}
    processes.start_node("control", namespace=SPACE, goto__duration=0.4, **robot)
    processes.start_node(
        "dashboard", namespace=SPACE, port=port, photo_directory=str(tmp_path)
    ).wait_for_output("in a browser", 30)
    images = ros.node.create_publisher(CompressedImage, f"{SPACE}/camera/image_raw/compressed", 10)
    infos = ros.node.create_publisher(CameraInfo, f"{SPACE}/camera/camera_info", 10)
    jpeg = cv2.imencode(".jpg", np.zeros((180, 320, 3), np.uint8))[1].tobytes()
    k = [228.0, 0.0, 160.0, 0.0, 228.0, 90.0, 0.0, 0.0, 1.0]
    came = 0

    def publish() -> None:
        nonlocal came
        came += images.get_subscription_count()
        image = CompressedImage(format="jpeg", data=jpeg)
        image.header.stamp = ros.node.get_clock().now().to_msg()
        images.publish(image)
        if came > LATER:
            infos.publish(CameraInfo(header=image.header, width=320, height=180, k=k))

    timer = ros.node.create_timer(0.05, publish)
    page = Page(port, Simulation(daemon.child, daemon.port, 0, tmp_path, 0), tmp_path, tmp_path)
    page.wait_connected()
    assert page.command("wake_up")[0] == 200
    scan = begin(page, yaw_steps=[0, 10], max_edge=320)
    scanned(page, "done")
    ros.destroy(ros.node.destroy_timer, timer)
    manifest = json.loads(file_of(page, scan, "manifest.json"))
    assert manifest["no_panorama"] == ""
    assert all("camera_matrix" in one for one in manifest["pictures"])
