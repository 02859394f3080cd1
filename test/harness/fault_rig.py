# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The nodes at a simulated robot, in processes of their own, with proxies between that faults use.

    daemon (process)  <- relay ->  control, camera, audio, dashboard (one process)
    media  (process)  <-  way  ->

The relay marks each state of the daemon with the time at which it came, in an antenna, and the
simulated camera writes the time into its pictures: so what is published tells how old it is.
"""

import json
import math
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import cv2
import numpy as np
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from sensor_msgs.msg import CompressedImage, JointState
from std_msgs.msg import String

from harness.daemon import Daemon
from harness.media import Way
from harness.processes import Child, Processes, free_port
from harness.relay import Relay
from harness.ros import RosClient
from harness.simulation import Simulation
from harness.waiting import Awaited, wait_for
from reachy_mini_ros.aio import LoopThread
from reachy_mini_ros.nodes.common.qos import latched, reliable
from reachy_mini_ros.simulation import overlay

NS = "/faults"
NODES = ("control", "camera", "audio", "dashboard")
SMALLEST = ("--width=320", "--height=180", "--fps=15")
WRAP_S = 200.0
MARK_RAD, STEP_RAD = 1e-10, 1e-4
"""A ms of the mark, and what the angle that has one is rounded to: no motion that anybody sees."""


def marked(text: str) -> str:
    """Return a message of the daemon's with the time in an antenna, if it has them."""
    if "antennas_joint_positions" not in text:
        return text
    message = json.loads(text)
    antennas = message["antennas_joint_positions"]
    mark = int(time.time() % WRAP_S * 1e3)
    antennas[0] = math.floor(antennas[0] / STEP_RAD) * STEP_RAD + (mark + 0.5) * MARK_RAD
    return json.dumps(message)


def came_s(message: JointState, now_s: float) -> float:
    """Return when the daemon sent what a message tells, Unix time; ``now_s`` is not long after."""
    # The URDF's sign is the opposite of the daemon's.
    angle = -message.position[list(message.name).index("right_antenna")]
    rest_s = int((angle - math.floor(angle / STEP_RAD) * STEP_RAD) / MARK_RAD) / 1e3
    return round((now_s - rest_s) / WRAP_S) * WRAP_S + rest_s


@dataclass(frozen=True)
class Resources:
    """What a process has."""

    rss_mb: float
    descriptors: int
    threads: int

    @classmethod
    def of(cls, pid: int) -> Self:
        status = Path(f"/proc/{pid}/status").read_text()
        values = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
        descriptors = len(list(Path(f"/proc/{pid}/fd").iterdir()))
        return cls(int(values["VmRSS"].split()[0]) / 1024, descriptors, int(values["Threads"]))


class Rig:
    """All of it; faults act on ``daemon``, ``relay``, ``simulation`` and ``way``."""

    def __init__(self, processes: Processes, ros: RosClient, io: LoopThread, folder: Path) -> None:
        self.processes, self.ros, self.io, self.folder = processes, ros, io, folder
        self.daemon = Daemon.start(processes, free_port())
        self.simulation = Simulation.start(processes, folder, *SMALLEST)
        self.relay, self.port = Relay(self.daemon.port), free_port()
        self.relay.marks = marked
        self.way = Way(self.simulation.signalling_port)
        self._ways = AsyncExitStack()
        self.open_relay()
        self.open_way()
        self.clips = folder / "clips"
        self.node = self._start()
        self.joints = ros.subscribe(JointState, f"{NS}/joint_states", reliable(50))
        self.pictures = ros.subscribe(
            CompressedImage, f"{NS}/camera/image_raw/compressed", reliable(10)
        )
        self.connections = ros.subscribe(String, f"{NS}/connection", latched())
        self.known_events = 0
        """How many there were before a fault that tells by them."""
        self.events = ros.subscribe(DiagnosticStatus, f"{NS}/safety_events", reliable(50))
        self.diagnostics = ros.subscribe(DiagnosticArray, "/diagnostics", reliable(50))
        self.wait_good(30)

    def _start(self) -> Child:
        self.page_port = free_port()
        return self.processes.start_node(
            "bringup",
            namespace=NS,
            options=("--nodes", *NODES),
            robot_host="127.0.0.1",
            robot_port=self.port,
            signalling_port=self.way.port,
            port=self.page_port,
            record_directory=self.clips,
        )

    def run(self, work: Any, timeout_s: float = 15.0) -> Any:
        """Run a coroutine of the proxies' loop to its end."""
        return Awaited(self.io.submit(work)).result(timeout_s)

    def open_relay(self) -> None:
        self.run(self.relay.start(self.port))

    def close_relay(self) -> None:
        self.run(self.relay.stop())

    def open_way(self) -> None:
        self.run(self._ways.enter_async_context(self.way.open()))

    def close_way(self) -> None:
        self.run(self._ways.aclose())
        self._ways = AsyncExitStack()

    def status(self, node: str) -> DiagnosticStatus | None:
        """Return the newest word of a node on itself."""
        name = f"{NS}/{node}: status"
        for message in self.diagnostics.messages[::-1]:
            for status in message.status:
                if status.name == name:
                    return status
        return None

    def texts(self, node: str, since: int) -> list[str]:
        """Return what a node said of itself since a count of diagnostics, the newest last."""
        name = f"{NS}/{node}: status"
        recent = self.diagnostics.messages[-max(1, self.diagnostics.count - since) :]
        return [one.message for message in recent for one in message.status if one.name == name]

    def anonymous(self, text: str) -> str:
        """Return a text without this run's addresses."""
        for port in (self.port, self.way.port):
            text = text.replace(f"127.0.0.1:{port}", "ROBOT").replace(f"port {port}", "its port")
        return text.replace(str(self.folder), "FOLDER")

    def wait_good(self, timeout_s: float = 15.0) -> float:
        """Wait until states and pictures come that were made after now; return when, Unix time."""
        since_s = time.time()
        back: dict[str, float] = {}
        looked = self.pictures.count

        def good() -> bool:
            nonlocal looked
            now_s = time.time()
            if self.joints.count and came_s(self.joints.last, now_s) > since_s:
                back.setdefault("states", now_s)
            if "pictures" not in back and self.pictures.count > looked:
                looked = self.pictures.count
                if (self.taken_s(self.pictures.last) or 0.0) > since_s:
                    back["pictures"] = now_s
            return len(back) == 2

        wait_for(good, timeout_s, lambda: f"both, not {back}\n{self.node.output()[-3000:]}")
        return max(back.values())

    @staticmethod
    def taken_s(message: CompressedImage) -> float | None:
        """Return when a picture was taken, Unix time, by what the camera wrote into it."""
        image = cv2.imdecode(np.frombuffer(message.data, np.uint8), cv2.IMREAD_COLOR)
        told = overlay.read(image)
        return None if told is None else told.time_ns / 1e9

    def close(self) -> None:
        """End the nodes cleanly, and the proxies."""
        self.node.stop_cleanly()
        self.close_relay()
        self.close_way()


@contextmanager
def started(processes: Processes, ros: RosClient, folder: Path) -> Iterator[Rig]:
    """Give a rig whose robot is connected."""
    with LoopThread() as io:
        rig = Rig(processes, ros, io, folder)
        yield rig
        rig.close()
