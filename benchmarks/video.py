# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What it costs to hand on the robot's picture: encoded as it came, as JPEG, and raw.

The camera node with the simulated robot, with nobody and then with one subscriber (a process) of
each topic: CPU of the node, pictures and bytes a second, and the time from the stamp in the picture
to the subscriber. Each case is beside ``nobody`` of the same run.

    python benchmarks/video.py [--seconds 10]
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import random
import signal
import sys
import tempfile
import time
from typing import Any

import av
import camera
import cv2
import numpy as np
import rclpy
from camera import ROOT, Child, child
from figures import keep, keep_all
from rclpy.qos import QoSProfile
from rclpy.signals import SignalHandlerOptions
from rclpy.task import Future

from reachy_mini_ros.simulation import overlay

CASES = {
    "video": ("sensor_msgs", "CompressedImage", "video"),
    "ffmpeg": ("ffmpeg_image_transport_msgs", "FFMPEGPacket", "image_raw/ffmpeg"),
    "foxglove": ("foxglove_msgs", "CompressedVideo", "image_raw/foxglove"),
    "JPEG 15 Hz": ("sensor_msgs", "CompressedImage", "image_raw/compressed"),
    "raw 15 Hz": ("sensor_msgs", "Image", "image_raw"),
}


def message_type(case: str) -> Any:
    """Return the type of a case's messages, None where it is not installed."""
    package, kind, _ = CASES[case]
    try:
        return getattr(importlib.import_module(f"{package}.msg"), kind)
    except ImportError:
        return None


class Subscriber:
    """Looks at every fifth picture; H264 has to be decoded for it without a gap."""

    def __init__(self, case: str) -> None:
        self._case = case
        self._decoder = av.CodecContext.create("h264", "r")
        self._decoder.thread_count = 1
        self.arrivals: list[float] = []
        self.sizes: list[int] = []
        self.ages_ms: list[float] = []

    def take(self, message: Any) -> None:
        """Take a message that just came."""
        now_ns = time.time_ns()
        if not self.arrivals:
            print("first", flush=True)
        self.arrivals.append(now_ns / 1e9)
        self.sizes.append(len(message.data))
        picture = self._picture(message)
        if picture is not None and (seen := overlay.read(picture)) is not None:
            self.ages_ms.append((now_ns - seen.time_ns) / 1e6)

    def _picture(self, message: Any) -> Any:
        due = len(self.arrivals) % camera.OVERLAY_EVERY == 0
        if "Hz" not in self._case:
            try:
                images = self._decoder.decode(av.Packet(message.data.tobytes()))
            except av.InvalidDataError:  # before the first key frame, which is on its way
                return None
            return images[0].to_ndarray(format="bgr24") if images and due else None
        if not due:
            return None
        pixels = np.frombuffer(message.data, np.uint8)
        if self._case.startswith("JPEG"):
            return cv2.imdecode(pixels, cv2.IMREAD_COLOR)
        return pixels.reshape(message.height, message.width, 3)

    def result(self) -> dict[str, float]:
        """Return the figures of what came."""
        passed_s = self.arrivals[-1] - self.arrivals[0]
        return {
            "rate_hz": (len(self.arrivals) - 1) / passed_s,
            "size_kB_s": sum(self.sizes[1:]) / passed_s / 1000,
            "end_to_end_p50_ms": float(np.percentile(self.ages_ms, 50)),
            "end_to_end_p95_ms": float(np.percentile(self.ages_ms, 95)),
        }


def subscribe(case: str) -> None:
    """Receive until SIGINT and print what was seen as one line of JSON."""
    subscriber = Subscriber(case)
    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    node = rclpy.create_node(f"subscriber_{os.getpid()}")
    topic = f"/reachy_mini/camera/{CASES[case][2]}"
    node.create_subscription(message_type(case), topic, subscriber.take, QoSProfile(depth=30))
    ended: Future[None] = Future()
    signal.signal(signal.SIGINT, lambda *_: ended.set_result(None))
    rclpy.spin_until_future_complete(node, ended)
    print("result", json.dumps(subscriber.result()), flush=True)


def cpu_percent(node: Child, seconds: float) -> float:
    """Return the node's share of a core."""
    before = node.cpu_s()
    time.sleep(seconds)
    return (node.cpu_s() - before) / seconds * 100


def measure(node: Child, case: str, seconds: float) -> dict[str, float]:
    """Return the figures with one subscriber."""
    with child(__file__, "subscribe", case) as subscriber:
        subscriber.line("first")
        time.sleep(2.0)
        result = {"cpu_percent": cpu_percent(node, seconds)}
        subscriber.interrupt()
        return result | json.loads(subscriber.line("result"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=10.0, help="measured for each case")
    seconds = parser.parse_args().seconds
    os.environ["ROS_DOMAIN_ID"] = str(random.SystemRandom().randint(1, 100))
    os.environ["PYTHONPATH"] = ROOT
    os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
    ports = random.SystemRandom().sample(range(20000, 30000), 2)
    with (
        tempfile.TemporaryDirectory() as home,
        child(
            *("-m", "reachy_mini_ros.simulation.main", f"--home={home}"),
            *(f"--port={ports[0]}", f"--signalling-port={ports[1]}"),
        ) as simulation,
    ):
        simulation.line("ready")
        robot = {"robot": str(ports[0]), "signalling": str(ports[1])}
        with camera.start_node("camera", robot) as node:
            time.sleep(8.0)
            nobody = cpu_percent(node, seconds)
            print(f"{'nobody':12} CPU {nobody:5.1f} %")
            for case in CASES:
                if message_type(case) is None:
                    print(f"{case:12} {CASES[case][0]} is not installed")
                    continue
                found = measure(node, case, seconds)
                cpu = found.pop("cpu_percent")
                keep(f"picture as {case}, CPU", cpu, "%", nobody)
                keep_all(f"picture as {case}", found, {})
                rest = "  ".join(f"{name} {value:.1f}" for name, value in found.items())
                print(f"{case:12} CPU {cpu:5.1f} % ({cpu / nobody:.2f} of nobody)  {rest}")
                time.sleep(7.0)  # decoding goes on for a while when the last one leaves


if __name__ == "__main__":
    if sys.argv[1:2] == ["subscribe"]:
        subscribe(sys.argv[2])
    else:
        main()
