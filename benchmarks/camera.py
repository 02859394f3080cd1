# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The camera node beside one that does it the usual way, on the same simulated robot.

Usual way: every frame at the output rate is converted, encoded once per topic and published on
all topics whoever listens, with ``msg.data = image.tobytes()``; everything that arrives is
decoded. Both nodes use the same WebRTC session, worker thread, frame chooser and DDS profile, so
that the ratio shows the publishing alone.

For each node: time from its start to the first picture, then with 0, 1 and 3 subscribers (each a
process) of raw and of JPEG pictures: CPU of the node, rate, gaps, latency from the decoded frame
to the end of its publishing, and from the time stamp in the picture to the subscriber.

    python benchmarks/camera.py [--seconds 10]
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.signals import SignalHandlerOptions
from rclpy.task import Future
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

ROOT = str(Path(__file__).parents[1])
sys.path.insert(0, ROOT)

from figures import keep_all  # noqa: E402

from reachy_mini_ros.aio import LoopThread, Supervisor  # noqa: E402
from reachy_mini_ros.media.frames import Frame  # noqa: E402
from reachy_mini_ros.media.newest import NewestFrame  # noqa: E402
from reachy_mini_ros.media.rate import RateChooser  # noqa: E402
from reachy_mini_ros.media.webrtc import WebRtcSession  # noqa: E402
from reachy_mini_ros.nodes.common.diagnostics import Level, Report, publish_diagnostics  # noqa: E402
from reachy_mini_ros.nodes.common.runtime import RobotNode, run  # noqa: E402
from reachy_mini_ros.nodes.common.stamps import to_stamp  # noqa: E402
from reachy_mini_ros.simulation import overlay  # noqa: E402
from reachy_mini_ros.statistics import Window  # noqa: E402

NODES = ("camera", "baseline")
CASES = (("none", 0), ("raw", 1), ("raw", 3), ("jpeg", 1), ("jpeg", 3))
KINDS = {"raw": (Image, "image_raw"), "jpeg": (CompressedImage, "image_raw/compressed")}
OVERLAY_EVERY = 5
"""Reading the overlay of every message would slow the subscriber that is to measure."""


class Baseline(RobotNode):
    """The usual way."""

    def __init__(self, io: LoopThread) -> None:
        super().__init__("baseline")
        port = self.declare_parameter("signalling_port", 8443).value
        self._io = io
        self._latencies_ms = Window()
        self._image = self.create_publisher(Image, "~/image_raw", 2)
        self._compressed = self.create_publisher(CompressedImage, "~/image_raw/compressed", 2)
        self._info = self.create_publisher(CameraInfo, "~/camera_info", 2)
        self._worker = NewestFrame(self._publish, "pictures", Supervisor())
        chooser = RateChooser(15.0)

        def on_frame(frame: Frame) -> None:
            if chooser.choose(frame.captured_ns):
                self._worker.offer(frame)

        self._session = WebRtcSession("127.0.0.1", port)
        self._session.add_video(on_frame)
        self._running = io.submit(self._session.run())
        publish_diagnostics(self, "", self._report)

    def close(self) -> None:
        """End the worker."""
        self._worker.close()

    def _publish(self, frame: Frame) -> None:
        stamp = to_stamp(self.get_clock(), frame.captured_ns)
        picture = frame.bgr
        message = Image(height=frame.height, width=frame.width, encoding="bgr8")
        message.header.stamp = stamp
        message.step = 3 * frame.width
        message.data = picture.tobytes()
        self._image.publish(message)
        _, jpeg = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 80])
        compressed = CompressedImage(format="jpeg", data=jpeg.tobytes())
        compressed.header.stamp = stamp
        self._compressed.publish(compressed)
        info = CameraInfo(width=frame.width, height=frame.height)
        info.header.stamp = stamp
        self._info.publish(info)
        self._latencies_ms.add((time.monotonic_ns() - frame.arrived_ns) / 1e6)

    def _report(self) -> Report:
        latencies = {f"latency_p{p}_ms": self._latencies_ms.percentile(p) for p in (50, 95)}
        return Report(Level.OK, "", latencies)


def subscribe(topic: str, kind: str) -> None:
    """Receive until SIGINT and print what was seen as one line of JSON."""
    arrivals: list[float] = []
    ages_ms: list[float] = []

    def on_message(message: Any) -> None:
        now_ns = time.time_ns()
        if not arrivals:
            print("first", now_ns / 1e9, flush=True)
        arrivals.append(now_ns / 1e9)
        if len(arrivals) % OVERLAY_EVERY:
            return
        picture = np.frombuffer(message.data, np.uint8)
        if kind == "jpeg":
            picture = cv2.imdecode(picture, cv2.IMREAD_COLOR)
        else:
            picture = picture.reshape(message.height, message.width, 3)
        if (seen := overlay.read(picture)) is not None:
            ages_ms.append((now_ns - seen.time_ns) / 1e6)

    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    node = rclpy.create_node(f"subscriber_{os.getpid()}")
    node.create_subscription(KINDS[kind][0], topic, on_message, 5)
    # No KeyboardInterrupt: within rclpy's take it becomes a RuntimeError.
    ended: Future[None] = Future()
    signal.signal(signal.SIGINT, lambda *_: ended.set_result(None))
    rclpy.spin_until_future_complete(node, ended)
    if len(ages_ms) < 2:
        return
    gaps_ms = np.diff(arrivals[5:]) * 1e3
    result = {
        "rate_hz": float(1e3 / gaps_ms.mean()),
        "gap_p95_ms": float(np.percentile(gaps_ms, 95)),
        "end_to_end_p50_ms": float(np.percentile(ages_ms, 50)),
        "end_to_end_p95_ms": float(np.percentile(ages_ms, 95)),
    }
    print("result", json.dumps(result), flush=True)


@dataclass
class Child:
    """A child process whose output is read line by line."""

    process: subprocess.Popen[str]
    asked: bool = False

    def line(self, start: str) -> str:
        """Return what follows ``start`` in the first line that begins with it."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith(start):
                return line.removeprefix(start).strip()
        raise SystemExit(f"{self.process.args!r} ended early")

    def interrupt(self) -> None:
        """Ask the process to end, once.

        Asked again while Python ends, it dies without leaving, and its publishers write to it for
        20 s more, until its lease has ended.
        """
        if not self.asked:
            self.asked = True
            self.process.send_signal(signal.SIGINT)

    def cpu_s(self) -> float:
        """Return the processor time used so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def child(*arguments: str) -> Iterator[Child]:
    command = [sys.executable, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        started = Child(process)
        try:
            yield started
        finally:
            started.interrupt()


def start_node(name: str, robot: dict[str, str]) -> Any:
    program = (
        ["-m", "reachy_mini_ros.nodes", "camera"] if name == "camera" else [__file__, "baseline"]
    )
    ports = ["-p", f"signalling_port:={robot['signalling']}"]
    if name == "camera":
        ports += ["-p", f"robot_port:={robot['robot']}", "-p", "robot_host:=127.0.0.1"]
    return child(*program, "--ros-args", *ports)


def measure(name: str, robot: dict[str, str], seconds: float, diagnostics: Any) -> dict[str, Any]:
    """Return the figures of one node by case."""
    results: dict[str, Any] = {}
    topics = {kind: f"/reachy_mini/{name}/{topic}" for kind, (_, topic) in KINDS.items()}
    with child(__file__, "subscribe", topics["jpeg"], "jpeg") as waiting:
        time.sleep(2.0)  # until the subscriber itself is up
        start_s = time.time()
        with start_node(name, robot) as node:
            results["start"] = {"first_picture_s": float(waiting.line("first")) - start_s}
            waiting.interrupt()
            waiting.process.wait()
            for kind, count in CASES:
                results[f"{count} {kind}"] = case(node, topics.get(kind), kind, count, seconds)
                results[f"{count} {kind}"] |= diagnostics(name) if count else {}
    return results


def case(node: Child, topic: str | None, kind: str, count: int, seconds: float) -> dict[str, float]:
    subscribers = [child(__file__, "subscribe", str(topic), kind) for _ in range(count)]
    running = [subscriber.__enter__() for subscriber in subscribers]
    for one in running:
        one.line("first")
    time.sleep(2.0 if count else 7.0)  # decoding goes on for a while when the last one leaves
    before = node.cpu_s()
    time.sleep(seconds)
    result = {"cpu_percent": (node.cpu_s() - before) / seconds * 100}
    for one in running:
        one.interrupt()
    for index, one in enumerate(running):
        seen = json.loads(one.line("result"))
        result |= seen if index == 0 else {}
    for subscriber in subscribers:
        subscriber.__exit__(None, None, None)
    return result


def latencies(name: str) -> dict[str, float]:
    """Return the latencies of the last seconds, from the node's diagnostics."""
    found: dict[str, float] = {}
    node = rclpy.create_node("benchmark")

    def on_message(message: DiagnosticArray) -> None:
        for status in message.status:
            if name in status.name:
                found.update(
                    {v.key: float(v.value) for v in status.values if v.key.startswith("latency_p")}
                )

    node.create_subscription(DiagnosticArray, "/diagnostics", on_message, 10)
    deadline = time.monotonic() + 5
    while not found and time.monotonic() < deadline:
        rclpy.spin_once(node, timeout_sec=0.2)
    node.destroy_node()
    return found


def show(results: dict[str, dict[str, Any]]) -> None:
    for case_name, ours in results["camera"].items():
        print(f"\n{case_name}")
        keep_all(f"camera, {case_name}", ours, results["baseline"][case_name])
        for figure, value in ours.items():
            usual = results["baseline"][case_name].get(figure)
            ratio = f"{value / usual:6.2f}" if usual else "     -"
            print(f"  {figure:20} {value:8.2f}   usual way {usual or 0:8.2f}   ratio {ratio}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=10.0, help="measured for each case")
    seconds = parser.parse_args().seconds
    os.environ["ROS_DOMAIN_ID"] = str(random.SystemRandom().randint(1, 100))
    os.environ["PYTHONPATH"] = ROOT
    os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
    ports = random.SystemRandom().sample(range(20000, 30000), 2)
    rclpy.init()
    with (
        tempfile.TemporaryDirectory() as home,
        child(
            *("-m", "reachy_mini_ros.simulation.main", f"--home={home}"),
            *(f"--port={ports[0]}", f"--signalling-port={ports[1]}"),
        ) as simulation,
    ):
        simulation.line("ready")
        robot = {"robot": str(ports[0]), "signalling": str(ports[1])}
        show({name: measure(name, robot, seconds, latencies) for name in NODES})
    rclpy.try_shutdown()


if __name__ == "__main__":
    if sys.argv[1:2] == ["baseline"]:
        sys.exit(run("baseline", {"baseline": Baseline}))
    elif sys.argv[1:2] == ["subscribe"]:
        subscribe(sys.argv[2], sys.argv[3])
    else:
        main()
