# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Video from the topic to the WebSocket, with a camera of the test's own."""

import array
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise

import pytest
from harness.pictures import Client
from harness.processes import Child, Processes, free_port
from harness.rates import ascending
from harness.ros import RosClient
from harness.video import Encoder, VideoViewer
from harness.waiting import wait_for
from rclpy.event_handler import PublisherEventCallbacks
from sensor_msgs.msg import CompressedImage

from reachy_mini_ros.nodes.common.qos import reliable
from reachy_mini_ros.web.video import MOST_WAITING

SPACE = "/dashboard_video"
PERIOD_S = 1 / 30


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def dashboard(processes: Processes, port: int) -> Child:
    child = processes.start_node("dashboard", namespace=SPACE, port=port)
    child.wait_for_output("in a browser")
    return child


class Camera:
    """Publishes H264 at 30 Hz, with a key frame for each new subscription."""

    def __init__(self, ros: RosClient, encoder: Encoder) -> None:
        self._ros = ros
        self._encoder = encoder
        self._key_wanted = False
        self.asked = 0
        """Key frames that were asked for."""
        self.publisher = ros.node.create_publisher(
            CompressedImage,
            f"{SPACE}/camera/video",
            reliable(10),
            event_callbacks=PublisherEventCallbacks(matched=self._on_matched),
        )
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    @property
    def subscribers(self) -> int:
        return int(self.publisher.get_subscription_count())

    def close(self) -> None:
        self._stop.set()
        self._thread.join()
        self._ros.destroy(self._ros.node.destroy_publisher, self.publisher)

    def _on_matched(self, event: object) -> None:
        if event.current_count_change > 0:  # type: ignore[attr-defined]
            self.asked += 1
            self._key_wanted = True

    def _run(self) -> None:
        while not self._stop.wait(PERIOD_S):
            key, self._key_wanted = self._key_wanted, False
            frame = self._encoder.frame(key=key)
            message = CompressedImage(format="h264", data=array.array("B", frame.data))
            message.header.stamp = self._ros.node.get_clock().now().to_msg()
            self.publisher.publish(message)


@contextmanager
def filming(ros: RosClient, encoder: Encoder | None = None) -> Iterator[Camera]:
    camera = Camera(ros, encoder or Encoder())
    try:
        yield camera
    finally:
        camera.close()


def test_video_comes_from_the_topic_while_somebody_looks(
    dashboard: Child, port: int, ros: RosClient
) -> None:
    with filming(ros) as camera:
        wait_for(lambda: ros.node.count_subscribers(camera.publisher.topic_name) == 0)
        for _ in range(2):
            with VideoViewer(port) as viewer:
                viewer.wait_for_text("mime")
                # The end of the one before reaches the camera a little later.
                wait_for(lambda: camera.subscribers == 1, 5, "one subscription")
                assert ascending([*viewer.pictures(20)])
                assert (viewer.told[-1]["width"], viewer.told[-1]["height"]) == (640, 360)
                told = Client(port).json("/api/status")[1]
                assert told["video"]["width"] == 640
                assert told["latency"]["picture_ms"]["p50"] < 5000
            wait_for(lambda: camera.subscribers == 0, what="the subscription's end")


def test_a_second_viewer_has_a_key_frame_asked_for(
    dashboard: Child, port: int, ros: RosClient
) -> None:
    with filming(ros) as camera, VideoViewer(port) as first:
        first.wait_for_text("mime")
        [*first.pictures(10)]
        assert camera.asked == 1
        with VideoViewer(port) as second:
            second.wait_for_text("mime")
            assert camera.asked == 2
            assert ascending([*second.pictures(10)])
        assert ascending([*first.pictures(60)]), "nobody else misses a picture"
        wait_for(lambda: camera.subscribers == 1, 5, "the end of what asked")


def test_after_lost_messages_video_goes_on_whole_at_a_key_frame(
    dashboard: Child, port: int, ros: RosClient
) -> None:
    with filming(ros) as camera, VideoViewer(port) as viewer:
        viewer.wait_for_text("mime")
        first = next(viewer.pictures(10))
        dashboard.send_signal(signal.SIGSTOP)
        # More than the topic keeps: the oldest are lost.
        published = camera._encoder.number
        wait_for(lambda: camera._encoder.number > published + 3 * MOST_WAITING, 20)
        dashboard.send_signal(signal.SIGCONT)
        while sum(part[4:8] == b"styp" for part in viewer.film) < 2:
            viewer.read()
        numbers = [*viewer.pictures(len(viewer.film) + 10)]
        assert numbers[0] == first
        assert -1 not in numbers, "a torn picture"
        steps = [after - before for before, after in pairwise(numbers)]
        assert sorted(steps)[:-1] == [1] * (len(steps) - 1), numbers
        assert max(steps) > 1


def test_video_goes_on_after_the_camera_began_anew(
    dashboard: Child, port: int, ros: RosClient
) -> None:
    with VideoViewer(port) as viewer:
        for number in (0, 100_000):
            encoder = Encoder()
            encoder.number = number
            with filming(ros, encoder):
                if not number:
                    viewer.wait_for_text("mime")
                seen = -1
                while seen < number:
                    *_, seen = viewer.pictures(len(viewer.film) + 5)
            assert f"nobody publishes {SPACE}/camera/video" in viewer.wait_for_text("waiting")
