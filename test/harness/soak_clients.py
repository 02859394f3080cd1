# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The clients of the soak, each a process: a judge, one that watches, and those that come and go.

    python -m harness.soak_clients judge|watch|visit NAMESPACE [PORT]

The port is the daemon's for who watches, the dashboard's for who visits.
"""

from __future__ import annotations

import importlib
import json
import math
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import cv2
import numpy as np
import rclpy
from geometry_msgs.msg import PoseStamped
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.signals import SignalHandlerOptions
from rclpy.task import Future
from sensor_msgs.msg import CompressedImage, JointState
from std_msgs.msg import Int16MultiArray, UInt32
from websockets.sync.client import connect

from harness.pictures import Client, Stream
from harness.video import VideoViewer
from reachy_mini_ros.nodes.common.runtime import use_fastdds_profile
from reachy_mini_ros.robot.daemon.connecting import PATH
from reachy_mini_ros.simulation import overlay

JUDGE, DAEMON, CAMERA = "judge", "daemon", "simulated camera"
ENDS = (signal.SIGINT, signal.SIGTERM)
LEFT = "left after"
"""What a visitor says last."""
GAP_S = 0.2
JUDGES_GAP_S = 0.1
"""A gap of the judge's, the daemon's or the simulated camera's that is worth a mention."""
CAMERA_HZ = 30.0
TOGETHER_S = 0.01
"""States that come within half of their period were kept on their way."""
PICTURES = "camera/image_raw/compressed"
WATCHED: dict[str, tuple[type, float]] = {
    JUDGE: (UInt32, 50.0),
    "joint_states": (JointState, 50.0),
    "head_pose": (PoseStamped, 50.0),
    PICTURES: (CompressedImage, 15.0),
    "camera/video": (CompressedImage, 30.0),
    "audio/pcm": (Int16MultiArray, 50.0),
}
"""Topics whose rates are held to these, by their types."""


def node_of(name: str) -> tuple[Any, Future[None]]:
    """Return a node, and what SIGINT and SIGTERM set."""
    use_fastdds_profile()
    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    node = rclpy.create_node(f"{name}_{os.getpid()}")
    ended: Future[None] = Future()
    for number in ENDS:
        signal.signal(number, lambda *_: ended.set_result(None))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDS)
    return node, ended


def judge(namespace: str) -> None:
    """Publish a counter from a timer, and nothing else: what comes late here is the machine's."""
    node, ended = node_of(JUDGE)
    publisher = node.create_publisher(UInt32, f"{namespace}/{JUDGE}", 50)
    count = 0

    def tick() -> None:
        nonlocal count
        count += 1
        publisher.publish(UInt32(data=count))

    node.create_timer(1.0 / WATCHED[JUDGE][1], tick)
    rclpy.spin_until_future_complete(node, ended)


class Watched:
    """How one topic came."""

    def __init__(self, longest_s: float) -> None:
        self._longest_s = longest_s
        self._since: tuple[int, float] | None = None
        self._arrival_s = 0.0
        self.count = 0
        self.gaps: list[tuple[float, float]] = []
        """Those longer than asked for: when each began, Unix time, and its length, in seconds."""

    def __call__(self, message: Any) -> None:
        now_s = time.time()
        if self._arrival_s and now_s - self._arrival_s > self._longest_s:
            self.gaps.append((self._arrival_s, now_s - self._arrival_s))
        self.count += 1
        self._arrival_s = now_s

    def begin(self) -> None:
        """Count from now on; what was before does not count."""
        self.gaps.clear()
        self._since = self.count, self._arrival_s

    def result(self) -> dict[str, Any]:
        """Return rate and gaps since the beginning."""
        assert self._since is not None, "nothing was watched"
        count, begun_s = self._since
        now_s, gaps = time.time(), self.gaps
        if now_s - self._arrival_s > self._longest_s:
            gaps = [*gaps, (self._arrival_s, now_s - self._arrival_s)]
        rate_hz = (self.count - count) / max(now_s - begun_s, 1e-3)
        return {"rate_hz": rate_hz, "gaps": gaps}


class Made(Watched):
    """How the simulated camera made its pictures, by their count and times in those that came."""

    def __init__(self, longest_s: float) -> None:
        super().__init__(longest_s)
        self._told: overlay.Overlay | None = None

    def __call__(self, message: CompressedImage) -> None:
        told, before = _overlay(message), self._told
        more = told.frame - before.frame if before else 1
        if before:
            # All of the others between the two came in time: so long was the longest pause.
            pause_s = (told.time_ns - before.time_ns) / 1e9 - (more - 1) / CAMERA_HZ
            if pause_s > self._longest_s:
                self.gaps.append((before.time_ns / 1e9, pause_s))
        self.count += more
        self._arrival_s, self._told = told.time_ns / 1e9, told


def _overlay(message: CompressedImage) -> overlay.Overlay:
    image = cv2.imdecode(np.frombuffer(message.data, np.uint8), cv2.IMREAD_COLOR)
    told = overlay.read(image)
    assert told is not None
    return told


def _arrivals(port: int) -> Iterator[float]:
    """Yield when the daemon's states come, taken from it itself, beside all nodes."""
    with connect(f"ws://127.0.0.1:{port}{PATH}", open_timeout=30, proxy=None) as socket:
        for text in socket:
            if "antennas_joint_positions" in str(text):
                yield time.monotonic()


def apart(arrivals_s: Iterable[float]) -> Iterator[float]:
    """Yield the first of those that come together: they carry no time, and one alone is news."""
    last_s = -math.inf
    for at_s in arrivals_s:
        if at_s - last_s >= TOGETHER_S:
            last_s = at_s
            yield at_s


def _states(port: int, watched: Watched) -> None:
    for _ in apart(_arrivals(port)):
        watched(None)


def watch(namespace: str, port: int) -> None:
    """Watch all along; begin to count at SIGUSR1, print the result as JSON at the end."""
    node, ended = node_of("watch")
    watched = {name: Watched(JUDGES_GAP_S if name == JUDGE else GAP_S) for name in WATCHED}
    watched |= {DAEMON: Watched(JUDGES_GAP_S), CAMERA: Made(JUDGES_GAP_S)}
    threading.Thread(target=_states, args=(port, watched[DAEMON]), daemon=True).start()

    def pictures(message: CompressedImage) -> None:
        watched[PICTURES](message)
        watched[CAMERA](message)

    for name, (kind, _) in WATCHED.items():
        take = watched[name] if name != PICTURES else pictures
        node.create_subscription(kind, f"{namespace}/{name}", take, QoSProfile(depth=50))

    def told() -> None:
        missing = [name for name, one in watched.items() if not one.count]
        print(f"missing: {missing}" if missing else "all topics come", flush=True)
        if not missing:
            timer.cancel()

    timer = node.create_timer(0.5, told)
    begins = False

    def begin(*_: Any) -> None:
        nonlocal begins
        begins = True

    def look() -> None:
        nonlocal begins
        if begins:
            begins = False
            for one in watched.values():
                one.begin()

    signal.signal(signal.SIGUSR1, begin)
    node.create_timer(0.1, look)
    rclpy.spin_until_future_complete(node, ended)
    print("result", json.dumps({name: one.result() for name, one in watched.items()}), flush=True)


def visit(namespace: str, port: int) -> None:
    """Subscribe to every topic of the namespace, look at the page's paths, command; until a signal.

    Prints what failed, which is nothing, and at the end :data:`LEFT`.
    """
    node, ended = node_of("visitor")
    threads = [
        threading.Thread(target=_told, args=(work, ended), daemon=True)
        for work in (
            lambda: _pictures(port, ended),
            lambda: _video(port, ended),
            lambda: _requests(port),
        )
    ]
    for thread in threads:
        thread.start()
    known: set[str] = set()
    goto = node.create_publisher(PoseStamped, f"{namespace}/goto/head_pose", 10)

    def look() -> None:
        for topic, kinds in node.get_topic_names_and_types():
            hidden = "/_" in topic  # an action's
            if topic.startswith(f"{namespace}/") and topic not in known and not hidden:
                known.add(topic)
                # Best effort takes from every publisher.
                qos = QoSProfile(depth=5, reliability=ReliabilityPolicy.BEST_EFFORT)
                node.create_subscription(_type(kinds[0]), topic, lambda _: None, qos)

    def command() -> None:
        message = PoseStamped()
        message.pose.position.z, message.pose.orientation.w = 0.182, 1.0
        goto.publish(message)

    node.create_timer(0.5, look)
    node.create_timer(1.5, command)
    rclpy.spin_until_future_complete(node, ended)
    for thread in threads:
        thread.join(5.0)
    # As nodes do that end well: else its threads stop anywhere, with locks of Fast DDS in hand.
    node.destroy_node()
    rclpy.shutdown()
    print(f"{LEFT} {len(known)} topics", flush=True)


def _type(text: str) -> type:
    package, _, name = text.split("/")
    kind: type = getattr(importlib.import_module(f"{package}.msg"), name)
    return kind


def _told(work: Callable[[], None], ended: Future[None]) -> None:
    try:
        work()
    except Exception as error:  # noqa: BLE001 - whatever it is, it is told
        if not ended.done():
            print(f"failed: {error!r}", flush=True)


def _pictures(port: int, ended: Future[None]) -> None:
    stream = Stream.of_topic(port)
    while not ended.done():
        stream.read()
    stream.close()


def _video(port: int, ended: Future[None]) -> None:
    with VideoViewer(port) as viewer:
        while not ended.done():
            viewer.read()


GETS = (
    *("/", "/api/status", "/api/snapshot", "/api/snapshot?width=320", "/api/settings"),
    *("/api/timeline", "/api/limits", "/api/photos", "/api/clips", "/api/hear.wav?seconds=1"),
    *("/api/openapi.json", "/live/hls/index.m3u8"),
)


def _requests(port: int) -> None:
    Client(port).post("/api/command/head", {"yaw": 15})
    for path in GETS:
        status, _, _ = Client(port).get(path)
        if status >= 500 and status != 503:
            print(f"failed: {path} {status}", flush=True)
    Client(port).post("/api/command/antennas", {"right": 20, "left": -20})
    events = Client(port).open("/api/events?sound=1")
    events.read(2000)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["judge", namespace]:
            judge(namespace)
        case ["watch", namespace, port]:
            watch(namespace, int(port))
        case ["visit", namespace, port]:
            visit(namespace, int(port))
