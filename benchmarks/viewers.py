# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What viewers cost the dashboard, beside a server that encodes every picture for each of them.

That is what web_video_server's `mjpeg` type does; here it is a small aiohttp server that takes the
raw image topic and encodes in threads. Both get 720p at 15 Hz from the same camera node of the
simulated robot; viewers are connections of another process, which reads and drops.

For 1, 10 and 50 viewers of the pictures as they come, and for 1 and 10 of smaller ones: CPU of the
server, rate and gaps at the viewers, and the time from the stamp in the picture to a viewer.

    python benchmarks/viewers.py [--seconds 10]
"""

import argparse
import asyncio
import json
import os
import random
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "test")]

import cv2  # noqa: E402
import numpy as np  # noqa: E402
import rclpy  # noqa: E402
from aiohttp import web  # noqa: E402
from figures import cpu_s, keep_all  # noqa: E402
from harness.pictures import Stream  # noqa: E402
from harness.processes import Child, Processes, free_port  # noqa: E402
from harness.simulation import Simulation  # noqa: E402
from rclpy.executors import ExternalShutdownException  # noqa: E402
from sensor_msgs.msg import Image  # noqa: E402

from reachy_mini_ros.nodes.common.runtime import use_fastdds_profile  # noqa: E402
from reachy_mini_ros.simulation import overlay  # noqa: E402

SMALL = "?width=640&quality=70"
CASES = (("", 1), ("", 10), ("", 50), (SMALL, 1), (SMALL, 10))
OVERLAY_EVERY = 5
"""Decoding every picture would slow the viewers that are to measure."""


class PerViewer:
    """The server that encodes each picture for each viewer."""

    def __init__(self) -> None:
        self._newest: np.ndarray | None = None
        self._new = asyncio.Event()
        self._threads = ThreadPoolExecutor(4)

    def publish(self, picture: np.ndarray) -> None:
        """Hand on a picture, on the loop's thread."""
        self._newest = picture
        self._new.set()
        self._new = asyncio.Event()

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """Send encoded pictures until the viewer leaves."""
        width = int(request.query.get("width", 0))
        quality = int(request.query.get("quality", 80))
        response = web.StreamResponse(
            headers={"Content-Type": "multipart/x-mixed-replace; boundary=picture"}
        )
        await response.prepare(request)
        await response.write(b"--picture\r\n")
        loop = asyncio.get_running_loop()
        while True:
            await self._new.wait()
            assert self._newest is not None
            jpeg = await loop.run_in_executor(self._threads, encode, self._newest, width, quality)
            head = f"Content-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n".encode()
            await response.write(head + jpeg + b"\r\n--picture\r\n")


def encode(picture: np.ndarray, width: int, quality: int) -> bytes:
    if width:
        height = round(picture.shape[0] * width / picture.shape[1])
        picture = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    return cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()


def serve(port: int, topic: str) -> None:
    """Run the server that encodes for each viewer until SIGINT."""
    use_fastdds_profile()
    rclpy.init()
    node = rclpy.create_node("per_viewer")
    loop = asyncio.new_event_loop()

    async def start() -> PerViewer:
        server = PerViewer()
        application = web.Application()
        application.router.add_get("/api/stream", server.stream)
        runner = web.AppRunner(application, access_log=None, handler_cancellation=True)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        return server

    server = loop.run_until_complete(start())
    threading.Thread(target=loop.run_forever, daemon=True).start()

    def on_image(message: Image) -> None:
        picture = np.frombuffer(message.data, np.uint8)
        picture = picture.reshape(message.height, message.width, 3)
        loop.call_soon_threadsafe(server.publish, picture)

    node.create_subscription(Image, topic, on_image, 1)
    print("serving", flush=True)
    with suppress(KeyboardInterrupt, ExternalShutdownException):
        rclpy.spin(node)


async def view(port: int, query: str, seconds: float, probe: bool) -> dict[str, list[float]]:
    """Look for some time; return arrival times, and ages in ms if this one is to ``probe``."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
    # HTTP/1.0: without chunks in the way.
    writer.write(f"GET /api/stream{query} HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n".encode())
    await reader.readuntil(b"\r\n\r\n")
    arrivals: list[float] = []
    ages_ms: list[float] = []
    end_s = time.monotonic() + seconds
    while time.monotonic() < end_s:
        head = await reader.readuntil(b"\r\n\r\n")
        jpeg = await reader.readexactly(int(head.rpartition(b"Content-Length: ")[2]))
        now_ns = time.time_ns()
        arrivals.append(now_ns / 1e9)
        if probe and len(arrivals) % OVERLAY_EVERY == 0:
            picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
            if (seen := overlay.read(picture)) is not None:
                ages_ms.append((now_ns - seen.time_ns) / 1e6)
    writer.transport.abort()
    return {"arrivals": arrivals, "ages_ms": ages_ms}


async def view_many(port: int, query: str, seconds: float, count: int, probe: bool) -> None:
    """Look ``count`` times at once and print what was seen as one line of JSON."""
    seen = await asyncio.gather(*(view(port, query, seconds, probe) for _ in range(count)))
    rates = [(len(one["arrivals"]) - 1) / np.ptp(one["arrivals"]) for one in seen]
    result = {"slowest_hz": float(min(rates)), "fastest_hz": float(max(rates))}
    if probe:
        gaps_ms = np.diff(seen[0]["arrivals"]) * 1e3
        result["gap_p95_ms"] = float(np.percentile(gaps_ms, 95))
        for percent in (50, 95):
            result[f"end_to_end_p{percent}_ms"] = float(np.percentile(seen[0]["ages_ms"], percent))
    print("result", json.dumps(result), flush=True)


def measure(
    processes: Processes, server: Child, port: int, query: str, count: int, seconds: float
) -> dict[str, float]:
    """Return the figures of one server with ``count`` viewers, one of which reads the stamps."""
    # It begins before the CPU is measured, and ends after.
    look = [str(port), query, str(seconds + 4.0)]
    viewers = [processes.start(sys.executable, __file__, "view", *look, "1", "probe")]
    if count > 1:
        more = [*look, str(count - 1), "-"]
        viewers.append(processes.start(sys.executable, __file__, "view", *more))
    time.sleep(2.5)
    before_s = cpu_s(server.pid)
    time.sleep(seconds)
    figures = {"cpu_percent": (cpu_s(server.pid) - before_s) / seconds * 100}
    results = [
        json.loads(viewer.wait_for_output("result ", 30).removeprefix("result "))
        for viewer in viewers
    ]
    figures |= results[0]
    figures["slowest_hz"] = min(result["slowest_hz"] for result in results)
    figures["fastest_hz"] = max(result["fastest_hz"] for result in results)
    for viewer in viewers:
        viewer.process.wait(10)
    return figures


def main() -> None:
    """Measure both servers in each case."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=10.0, help="measured for each case")
    seconds = parser.parse_args().seconds
    os.environ["ROS_DOMAIN_ID"] = str(random.SystemRandom().randint(1, 100))
    os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
    os.environ["PYTHONPATH"] = str(ROOT)
    with tempfile.TemporaryDirectory() as folder, Processes(Path(folder)) as processes:
        robot = Simulation.start(processes, Path(folder) / "robot")
        processes.start_node("camera", **robot.parameters)
        ports = {"dashboard": free_port(), "per viewer": free_port()}
        dashboard = processes.start_node("dashboard", port=ports["dashboard"])
        dashboard.wait_for_output("in a browser")
        topic = "/reachy_mini/camera/image_raw"
        usual = (sys.executable, __file__, "serve", str(ports["per viewer"]), topic)
        Stream.of_topic(ports["dashboard"]).close()
        for query, count in CASES:
            # One after the other: a server nobody looks at must not cost the other's time.
            ours = measure(processes, dashboard, ports["dashboard"], query, count, seconds)
            other = processes.start(*usual)
            other.wait_for_output("serving")
            theirs = measure(processes, other, ports["per viewer"], query, count, seconds)
            other.stop()
            show(f"{count} viewers {query}", ours, theirs)


def show(case: str, ours: dict[str, float], theirs: dict[str, float]) -> None:
    """Print the figures of both servers."""
    print(f"\n{case}")
    keep_all(f"dashboard, {case.strip()}", ours, theirs)
    for figure, value in ours.items():
        usual = theirs[figure]
        ratio = f"{value / usual:6.2f}" if usual else "     -"
        print(f"  {figure:20} {value:8.2f}   per viewer {usual:8.2f}   ratio {ratio}", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        serve(int(sys.argv[2]), sys.argv[3])
    elif sys.argv[1:2] == ["view"]:
        port, query, seconds, count, probe = sys.argv[2:]
        asyncio.run(view_many(int(port), query, float(seconds), int(count), probe == "probe"))
    else:
        main()
