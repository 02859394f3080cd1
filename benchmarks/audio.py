# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The audio node beside one that does it the usual way, on the same simulated robot.

Usual way: aiortc's own jitter buffer; every frame is resampled with numpy, put on a queue, and cut
into chunks by a timer in the ROS executor that fills ``msg.data`` from a list; all of that whether
anybody subscribes or not. Both nodes use the same WebRTC session and DDS profile.

The onsets of the simulated microphone's beeps, one a second, are found in what both publish at the
same time: how much later one hears them than the other is the difference of their latencies. CPU
is measured for each node alone, with one subscriber and with none.

    python benchmarks/audio.py [--seconds 20]
"""

import argparse
import os
import queue
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import rclpy
from rclpy.executors import ExternalShutdownException
from std_msgs.msg import Int16MultiArray, MultiArrayDimension

ROOT = str(Path(__file__).parents[1])
sys.path.insert(0, ROOT)

from figures import cpu_s, keep  # noqa: E402

from reachy_mini_ros.aio import LoopThread  # noqa: E402
from reachy_mini_ros.media import peer  # noqa: E402
from reachy_mini_ros.media.frames import PcmFrame  # noqa: E402
from reachy_mini_ros.media.webrtc import WebRtcSession  # noqa: E402
from reachy_mini_ros.nodes.common.qos import reliable  # noqa: E402
from reachy_mini_ros.nodes.common.runtime import RobotNode, run  # noqa: E402

NODES = ("audio", "baseline")
RATE_HZ, CHUNK = 16_000, 320


class Baseline(RobotNode):
    """The usual way."""

    def __init__(self, io: LoopThread) -> None:
        super().__init__("baseline")
        vars(peer)["SoundBuffer"] = lambda receiver: None
        port: Any = self.declare_parameter("signalling_port", 8443).value
        self._frames: queue.Queue[PcmFrame] = queue.Queue()
        self._samples: list[int] = []
        self._publisher = self.create_publisher(Int16MultiArray, "~/pcm", 50)
        session = WebRtcSession("127.0.0.1", port)
        session.add_audio(self._frames.put)
        self._running = io.submit(session.run())
        self.create_timer(0.02, self._on_timer)

    def _on_timer(self) -> None:
        with suppress(queue.Empty):
            while True:
                frame = self._frames.get_nowait()
                mono = frame.samples.astype(np.float32).mean(axis=1)
                at = np.arange(len(mono) // 3) * 3
                self._samples += np.interp(at, np.arange(len(mono)), mono).astype(int).tolist()
        while len(self._samples) >= CHUNK:
            message = Int16MultiArray(data=self._samples[:CHUNK])
            message.layout.dim = [
                MultiArrayDimension(label="frames", size=CHUNK, stride=CHUNK),
                MultiArrayDimension(label="channels", size=1, stride=1),
            ]
            self._publisher.publish(message)
            del self._samples[:CHUNK]


class Listener:
    """Collects the arrival times and the beeps of one topic."""

    def __init__(self, node: Any, name: str) -> None:
        self.arrivals_s: list[float] = []
        self.onsets_s: list[float] = []
        self.seconds: list[np.ndarray[Any, Any]] = []
        self._quiet = 0
        topic = f"/reachy_mini/{name}/pcm"
        self._node = node
        self._subscription = node.create_subscription(
            Int16MultiArray, topic, self._on_sound, reliable(200)
        )

    def close(self) -> None:
        """Listen no more."""
        self._node.destroy_subscription(self._subscription)

    def _on_sound(self, message: Int16MultiArray) -> None:
        now_s = time.monotonic()
        self.arrivals_s.append(now_s)
        samples = np.frombuffer(message.data, np.int16)
        self.seconds.append(samples)
        loud = np.flatnonzero(np.abs(samples) > 1000)
        if not len(loud):
            self._quiet += 1
        elif self._quiet > 5:
            self.onsets_s.append(now_s)
            self._quiet = 0

    def seams(self) -> int:
        """Return how many seconds differ from the one before by more than a coder does."""
        sound = np.concatenate(self.seconds).astype(float)[RATE_HZ:]
        whole = sound[: len(sound) // RATE_HZ * RATE_HZ].reshape(-1, RATE_HZ)
        return int((np.abs(np.diff(whole, axis=0)).max(axis=1) > 500).sum())


@contextmanager
def child(*arguments: str, pipe: bool = False) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, *arguments]
    output = subprocess.PIPE if pipe else subprocess.DEVNULL
    with subprocess.Popen(command, stdout=output, stderr=output, text=True) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGINT)


def start(name: str, ports: list[int]) -> Any:
    program = (
        ["-m", "reachy_mini_ros.nodes", "audio"] if name == "audio" else [__file__, "baseline"]
    )
    given = [f"robot_port:={ports[0]}", f"signalling_port:={ports[1]}", "robot_host:=127.0.0.1"]
    used = given if name == "audio" else given[1:2]
    return child(*program, "--ros-args", *(text for pair in used for text in ("-p", pair)))


def cpu_percent(pid: int, seconds: float) -> float:
    before = cpu_s(pid)
    time.sleep(seconds)
    return (cpu_s(pid) - before) / seconds * 100


def measure(node: Any, ports: list[int], seconds: float) -> dict[str, dict[str, float]]:
    """Return the figures by name and node."""
    figures: dict[str, dict[str, float]] = {}

    def note(figure: str, name: str, value: float) -> None:
        figures.setdefault(figure, {})[name] = value

    for name in NODES:
        with start(name, ports) as process:
            listener = Listener(node, name)
            wait(lambda listener=listener: len(listener.arrivals_s) > 100)
            note("CPU, 1 subscriber, %", name, cpu_percent(process.pid, seconds))
            listener.close()
            time.sleep(7.0)  # decoding goes on for a while when the last one leaves
            note("CPU, none, %", name, cpu_percent(process.pid, seconds / 2))
    with start("audio", ports), start("baseline", ports):
        listeners = {name: Listener(node, name) for name in NODES}
        for listener in listeners.values():
            wait(lambda listener=listener: len(listener.arrivals_s) > 150)
        for listener in listeners.values():
            listener.arrivals_s.clear()
            listener.onsets_s.clear()
            listener.seconds.clear()
        time.sleep(seconds)
        for name, listener in listeners.items():
            gaps_ms = np.diff(listener.arrivals_s) * 1e3
            note("rate, Hz", name, float(1e3 / gaps_ms.mean()))
            note("gap p95, ms", name, float(np.percentile(gaps_ms, 95)))
            note("gap max, ms", name, float(gaps_ms.max()))
            note("seconds with a seam", name, listener.seams())
        ours, usual = (np.array(listeners[name].onsets_s) for name in NODES)
        delays_ms = [1e3 * (nearest(usual, onset_s) - onset_s) for onset_s in ours]
        note("heard before the usual way, median ms", "audio", float(np.median(delays_ms)))
        for listener in listeners.values():
            listener.close()
    return figures


def nearest(moments_s: Any, moment_s: float) -> float:
    return float(moments_s[np.argmin(np.abs(moments_s - moment_s))])


def wait(condition: Any) -> None:
    deadline_s = time.monotonic() + 30
    while not condition():
        if time.monotonic() > deadline_s:
            raise SystemExit("no sound")
        time.sleep(0.05)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=20.0, help="measured for each case")
    seconds = parser.parse_args().seconds
    os.environ["ROS_DOMAIN_ID"] = str(random.SystemRandom().randint(1, 100))
    os.environ["PYTHONPATH"] = ROOT
    os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
    ports = random.SystemRandom().sample(range(20000, 30000), 2)
    rclpy.init()
    node = rclpy.create_node("benchmark")

    def spin() -> None:
        with suppress(ExternalShutdownException):
            rclpy.spin(node)

    spinner = threading.Thread(target=spin)
    spinner.start()
    with (
        tempfile.TemporaryDirectory() as home,
        child(
            *("-m", "reachy_mini_ros.simulation.main", f"--home={home}"),
            *(f"--port={ports[0]}", f"--signalling-port={ports[1]}"),
            pipe=True,
        ) as simulation,
    ):
        assert simulation.stdout is not None
        if not any(line.startswith("ready") for line in simulation.stdout):
            raise SystemExit("the simulation ended early")
        figures = measure(node, ports, seconds)
    rclpy.try_shutdown()
    spinner.join()
    for figure, values in figures.items():
        ours, usual = values["audio"], values.get("baseline")
        ratio = f"ratio {ours / usual:5.2f}" if usual else ""
        shown = "" if usual is None else f"usual way {usual:7.2f}"
        what, comma, unit = figure.rpartition(", ")
        if comma:
            keep(f"sound, {what}", ours, unit, usual)
        print(f"{figure:40} {ours:7.2f}   {shown}   {ratio}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["baseline"]:
        sys.exit(run("baseline", {"baseline": Baseline}))
    else:
        main()
